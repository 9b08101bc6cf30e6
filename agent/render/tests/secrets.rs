//! Encrypted files on every way into a unit, and what is told of them. The files are those of `crates/sops`, encrypted
//! by real SOPS.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use serde_json::Value;
use teal_api::fleet::Fleet;
use teal_render::{Given, MemoryTree, Rendered, RenderedObject, UnitInput, render_unit, render_unit_with};
use teal_sops::AgeKeys;

macro_rules! fixture {
    ($path:literal) => {
        include_bytes!(concat!("../../../crates/sops/tests/fixtures/", $path)).as_slice()
    };
}

const MAP: &[u8] = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {port: '8080'}\n";
/// Texts that were encrypted, one from each file.
const CANARIES: [&str; 4] =
    ["correct-horse-battery", "hunter2", "license-of-nobody-else", "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5"];

fn keys() -> AgeKeys {
    let mut keys = AgeKeys::default();
    keys.add(std::str::from_utf8(fixture!("test-only.agekey")).unwrap()).unwrap();
    keys
}

fn tree(files: &[(&str, &[u8])]) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for (path, bytes) in files {
        tree.insert(*path, bytes);
    }
    tree
}

fn render(files: &[(&str, &[u8])]) -> Rendered {
    let (keys, fleet) = (keys(), Fleet::default());
    let input = UnitInput { path: "u", fleet: &fleet, color: "blue", role: None };
    render_unit_with(&tree(files), &input, Given { keys: Some(&keys), ..Given::default() })
}

fn object<'a>(rendered: &'a Rendered, kind: &str) -> &'a RenderedObject {
    rendered.objects.iter().find(|object| object.value["kind"] == kind).unwrap_or_else(|| panic!("{rendered:?}"))
}

#[test]
fn a_whole_manifest_comes_out_in_the_clear_and_is_known_to_be_secret() {
    let rendered = render(&[("u/a.yaml", fixture!("encrypted/secret.yaml")), ("u/b.yaml", MAP)]);
    assert_eq!(rendered.errors, []);
    assert_eq!(object(&rendered, "Secret").value["stringData"]["password"], "correct-horse-battery");
    assert_eq!(object(&rendered, "Secret").value.get("sops"), None);
    assert!(object(&rendered, "Secret").secret && !object(&rendered, "ConfigMap").secret);
    assert!(rendered.decrypted && rendered.names.contains("DOMAIN"));
    assert!(!render(&[("u/b.yaml", MAP)]).decrypted);
}

#[test]
fn every_way_into_a_kustomization_is_the_same_as_with_plain_files() {
    let kustomization: &[u8] = b"
resources: [map.yaml, secret.yaml]
patches: [{path: patch.yaml}]
configMapGenerator: [{name: settings, envs: [app.env]}]
secretGenerator:
- {name: env, envs: [app.env]}
- {name: files, files: [config.json, blob.bin, nested.yaml]}
";
    let plain_map = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\ndata: {port: '8080'}\n".as_slice();
    let with = |secret, patch, env, json, blob, nested| {
        render(&[
            ("u/kustomization.yaml", kustomization),
            ("u/map.yaml", &[MAP, b"---\n", plain_map].concat()),
            ("u/secret.yaml", secret),
            ("u/patch.yaml", patch),
            ("u/app.env", env),
            ("u/config.json", json),
            ("u/blob.bin", blob),
            ("u/nested.yaml", nested),
        ])
    };
    let encrypted = with(
        fixture!("encrypted/secret.yaml"),
        fixture!("encrypted/patch.yaml"),
        fixture!("encrypted/app.env"),
        fixture!("encrypted/config.json"),
        fixture!("encrypted/blob.bin"),
        fixture!("encrypted/values.yaml"),
    );
    let plain = with(
        fixture!("decrypted/secret.yaml"),
        fixture!("decrypted/patch.yaml"),
        fixture!("decrypted/app.env"),
        fixture!("decrypted/config.json"),
        fixture!("decrypted/blob.bin"),
        fixture!("decrypted/values.yaml"),
    );
    assert_eq!(encrypted.errors, []);
    let values =
        |rendered: &Rendered| rendered.objects.iter().map(|object| object.value.clone()).collect::<Vec<Value>>();
    assert_eq!(values(&encrypted), values(&plain), "hashes in names included");
    assert_eq!(encrypted.reads, plain.reads);
    // Secrets are secret anyway; of the ConfigMaps those that a patch or a generator gave something encrypted.
    let maps = encrypted.objects.iter().filter(|object| object.value["kind"] == "ConfigMap");
    let told: Vec<_> = maps.map(|map| (map.value["metadata"]["name"].as_str().unwrap(), map.secret)).collect();
    let settings = told.iter().find(|(name, _)| name.starts_with("settings-")).unwrap();
    assert!(settings.1 && told.contains(&("web", true)) && told.contains(&("plain", false)), "{told:?}");
    assert!(plain.objects.iter().all(|object| !object.secret));
}

#[test]
fn g9_nothing_of_it_shows_in_errors_and_debug() {
    let broken =
        String::from_utf8(fixture!("encrypted/secret.yaml").to_vec()).unwrap().replace("name: database", "name: other");
    let files: &[(&str, &[u8])] = &[
        ("u/kustomization.yaml", b"resources: [secret.yaml]\npatches: [{path: patch.yaml}]\nsecretGenerator: [{name: x, envs: [app.env], literals: [hunter2]}]\n"),
        ("u/secret.yaml", fixture!("encrypted/secret.yaml")),
        ("u/patch.yaml", fixture!("encrypted/patch.yaml")),
        ("u/app.env", fixture!("encrypted/app.env")),
    ];
    for files in [files, &[("u/a.yaml", broken.as_bytes()), ("u/b.yaml", fixture!("encrypted/values.yaml"))]] {
        let rendered = render(files);
        assert!(!rendered.errors.is_empty());
        let told: Vec<String> = rendered.errors.iter().map(ToString::to_string).collect();
        let everything = format!("{told:?}{rendered:?}{:?}", rendered.errors);
        assert!(
            CANARIES.iter().filter(|canary| **canary != "hunter2").all(|canary| !everything.contains(canary)),
            "{everything}"
        );
    }
}

#[test]
fn a_bad_one_is_named_with_its_reason_and_the_others_come_out() {
    let changed =
        String::from_utf8(fixture!("encrypted/secret.yaml").to_vec()).unwrap().replace("name: database", "name: other");
    let bad = render(&[("u/bad.yaml", changed.as_bytes()), ("u/good.yaml", MAP)]);
    assert_eq!(bad.errors.len(), 1, "{bad:?}");
    assert_eq!(bad.errors[0].reason(), "SopsMac");
    assert!(bad.errors[0].to_string().starts_with("u/bad.yaml: is encrypted with SOPS"), "{}", bad.errors[0]);
    assert_eq!(bad.objects.len(), 1);
    assert!(bad.decrypted, "other keys may help");

    let fleet = Fleet::default();
    let input = UnitInput { path: "u", fleet: &fleet, color: "blue", role: None };
    let without = render_unit(&tree(&[("u/a.yaml", fixture!("encrypted/secret.yaml")), ("u/b.yaml", MAP)]), &input);
    assert_eq!(without.errors[0].reason(), "SopsNoKey");
    assert!(without.errors[0].to_string().contains("spec.decryption"), "{}", without.errors[0]);
    assert_eq!(without.objects.len(), 1);
    let generator = render_unit(
        &tree(&[
            ("u/kustomization.yaml", b"secretGenerator: [{name: x, envs: [app.env]}]"),
            ("u/app.env", fixture!("encrypted/app.env")),
        ]),
        &input,
    );
    assert!(generator.errors[0].to_string().contains("u/app.env"), "{}", generator.errors[0]);
}

#[test]
fn what_is_still_encrypted_never_reaches_a_cluster() {
    let value = "ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]";
    let encoded = |bytes: &[u8]| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(bytes)
    };
    let (whole, env) = (encoded(value.as_bytes()), encoded(fixture!("encrypted/app.env")));
    let inner = serde_json::to_string(std::str::from_utf8(fixture!("encrypted/config.json")).unwrap()).unwrap();
    for (text, field) in [
        (
            format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: x}}\nstringData: {{a: '{value}'}}\n"),
            "stringData.a",
        ),
        (format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: x}}\ndata: {{b: {whole}}}\n"), "data.b"),
        (format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: x}}\ndata: {{c: {env}}}\n"), "data.c"),
        (format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata: {{d: {inner}}}\n"), "data.d"),
        (
            format!("apiVersion: x/v1\nkind: Custom\nmetadata: {{name: x}}\nspec: {{list: [{{e: '{value}'}}]}}\n"),
            "spec.list.0.e",
        ),
        ("apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nsops: {mac: x, lastmodified: y}\n".to_owned(), "sops"),
    ] {
        let rendered = render(&[("u/x.yaml", text.as_bytes()), ("u/b.yaml", MAP)]);
        assert_eq!(rendered.errors.len(), 1, "{text}: {rendered:?}");
        let told = rendered.errors[0].to_string();
        assert_eq!(rendered.errors[0].reason(), "StillEncrypted");
        assert!(told.starts_with("u/x.yaml:") && told.contains(&format!("`{field}`")), "{told}");
        assert_eq!(rendered.objects.len(), 1, "the other one");
    }
    // To speak of it is no crime.
    let harmless = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {doc: 'values look like ENC[AES256_GCM,data:…] in files'}\n";
    assert_eq!(render(&[("u/x.yaml", harmless.as_bytes())]).errors, []);
}
