//! What everybody sees (names, namespaces, kinds, keys, errors) is made of nothing that was encrypted. The files are those of
//! `crates/sops`, encrypted by real SOPS.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use teal_api::fleet::Fleet;
use teal_render::{Given, MemoryTree, Rendered, UnitInput, render_unit_with};
use teal_sops::AgeKeys;

macro_rules! fixture {
    ($path:literal) => {
        include_bytes!(concat!("../../../crates/sops/tests/fixtures/", $path)).as_slice()
    };
}

/// What `secret.yaml` and `app.env` hold, whole, in parts and as a generator encodes it.
const CANARIES: [&str; 6] =
    ["correct-horse", "battery", "horse", "hunter2", "aHVudGVyMg", "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5"];
const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: x}\ndata: {port: '8080'}\n";

fn render(files: &[(&str, &[u8])]) -> Rendered {
    let mut keys = AgeKeys::default();
    keys.add(std::str::from_utf8(fixture!("test-only.agekey")).unwrap()).unwrap();
    let mut tree = MemoryTree::new();
    files.iter().for_each(|(path, bytes)| tree.insert(*path, bytes));
    let fleet = Fleet::default();
    let input = UnitInput { path: "u", fleet: &fleet, color: "blue", role: None };
    render_unit_with(&tree, &input, Given { keys: Some(&keys), ..Given::default() })
}

/// A kustomization with an encrypted Secret, one generated of an encrypted file, and `map`.
fn kustomized(map: &str, rest: &str) -> Rendered {
    let kustomization =
        format!("resources: [map.yaml, secret.yaml]\nsecretGenerator: [{{name: env, envs: [app.env]}}]\n{rest}");
    render(&[
        ("u/kustomization.yaml", kustomization.as_bytes()),
        ("u/map.yaml", map.as_bytes()),
        ("u/secret.yaml", fixture!("encrypted/secret.yaml")),
        ("u/app.env", fixture!("encrypted/app.env")),
    ])
}

fn told(rendered: &Rendered) -> String {
    let errors: Vec<String> = rendered.errors.iter().map(ToString::to_string).collect();
    format!("{}\n{rendered:?}\n{:?}", errors.join("\n"), rendered.notices)
}

fn shows_nothing(rendered: &Rendered) {
    let told = told(rendered);
    for canary in CANARIES {
        assert!(!told.contains(canary), "{canary}: {told}");
    }
}

#[test]
fn g9_no_identity_is_moved_out_of_an_encrypted_file() {
    let password = "kind: Secret, name: database, fieldPath: stringData.password";
    for (source, target, field) in [
        (password, "fieldPaths: [metadata.name]", "metadata.name"),
        (password, "fieldPaths: [metadata.namespace]", "metadata.namespace"),
        (password, "fieldPaths: [kind]", "kind"),
        (password, "fieldPaths: [data.port, metadata.name]", "metadata.name"),
        // A part of it, in a part of a name.
        (
            "kind: Secret, name: database, fieldPath: stringData.password, options: {delimiter: '-', index: 1}",
            "fieldPaths: [metadata.name], options: {delimiter: '-', index: 1, create: true}",
            "metadata.name",
        ),
        // As the generator encoded it.
        ("kind: Secret, name: env, fieldPath: data.TOKEN", "fieldPaths: [metadata.name]", "metadata.name"),
    ] {
        let rest =
            format!("replacements: [{{source: {{{source}}}, targets: [{{select: {{kind: ConfigMap}}, {target}}}]}}]\n");
        let rendered = kustomized(MAP, &rest);
        let reasons: Vec<&str> = rendered.errors.iter().map(|error| error.reason()).collect();
        assert_eq!(reasons, ["SecretIdentity"], "{source} {target}: {}", told(&rendered));
        let error = rendered.errors[0].to_string();
        assert!(error.starts_with("u/map.yaml:1: ") && error.contains(&format!(": {field} is made of")), "{error}");
        assert_eq!(rendered.objects.len(), 2, "the other ones stand");
        shows_nothing(&rendered);
    }
}

#[test]
fn g9_an_error_names_no_object_by_what_was_encrypted() {
    // The second one can't be done, and kustomize names its source as the first one renamed it.
    let rendered = kustomized(
        MAP,
        "replacements:
- {source: {kind: Secret, name: database, fieldPath: stringData.password}, targets: [{select: {kind: ConfigMap}, fieldPaths: [metadata.name]}]}
- {source: {kind: ConfigMap, fieldPath: data.none}, targets: [{select: {kind: Secret}, fieldPaths: [metadata.name]}]}
",
    );
    assert!(rendered.errors.len() == 1 && rendered.objects.is_empty(), "{}", told(&rendered));
    let error = rendered.errors[0].to_string();
    assert!(error.contains("u/kustomization.yaml") && error.contains("data.none") && error.contains('…'), "{error}");
    shows_nothing(&rendered);
}

#[test]
fn what_stands_in_a_clear_file_is_no_secret_though_a_value_says_the_same() {
    // `postgres` and `shop` are words of an encrypted address, `database` names the encrypted Secret itself, and generated
    // names end in a hash of what was encrypted.
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: postgres, namespace: shop}\ndata: {hunter2: x}\n";
    let rendered = kustomized(map, "namePrefix: host-\n");
    assert_eq!(rendered.errors, []);
    let names: Vec<&str> =
        rendered.objects.iter().map(|object| object.value["metadata"]["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"host-postgres") && names.contains(&"host-database"), "{names:?}");
    assert!(names.iter().any(|name| name.starts_with("host-env-")), "{names:?}");
}
