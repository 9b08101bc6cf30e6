//! Repositories that mean harm: each test is an attack known from a controller that reads other people's
//! kustomizations. Every field that names a file or folder is tried.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fmt::Write as _;
use teal_kustomize::{ChartFiles, ChartInflator, HelmChart, LoadRestrictor, MemoryTree, Options, build_with};

/// Stands in files that must not be shown.
const CANARY: &str = "canary-5b1f";

/// Every field that names a file, `PATH` in its place.
const FILES: [&str; 19] = [
    "resources: ['PATH']",
    "patches: [{path: 'PATH', target: {kind: X}}]",
    "patchesStrategicMerge: ['PATH']",
    "patchesJson6902: [{path: 'PATH', target: {name: x, kind: X}}]",
    "configMapGenerator: [{name: g, files: ['PATH']}]",
    "configMapGenerator: [{name: g, files: ['key=PATH']}]",
    "configMapGenerator: [{name: g, envs: ['PATH']}]",
    "configMapGenerator: [{name: g, env: 'PATH'}]",
    "secretGenerator: [{name: g, files: ['PATH']}]",
    "secretGenerator: [{name: g, envs: ['PATH']}]",
    "configurations: ['PATH']",
    "crds: ['PATH']",
    "openapi: {path: 'PATH'}",
    "replacements: [{path: 'PATH'}]",
    "generators: ['PATH']",
    "transformers: ['PATH']",
    "validators: ['PATH']",
    "helmCharts: [{name: c, valuesFile: 'PATH'}]",
    "transformers: [\"{apiVersion: builtin, kind: ValueAddTransformer, metadata: {name: x}, value: v, targetFilePath: 'PATH'}\"]",
];
/// Fields that name folders.
const FOLDERS: [&str; 5] = [
    "resources: ['PATH']",
    "bases: ['PATH']",
    "components: ['PATH']",
    "generators: ['PATH']",
    "transformers: ['PATH']",
];

/// Reads the values file it is told.
struct Values;

impl ChartInflator for Values {
    fn inflate(&self, chart: &HelmChart, files: &ChartFiles<'_>) -> Result<Vec<u8>, String> {
        files.read(&chart.values_file).map(|(_, bytes)| bytes.to_vec())
    }
}

/// The error of a build of `app` in a tree with a file beside it, one outside of it by a link, and more files.
fn error(kustomization: &str, more: &[(&str, &str)]) -> String {
    let mut tree = MemoryTree::new();
    tree.insert("app/kustomization.yaml", kustomization);
    tree.insert("secret.yaml", CANARY);
    tree.insert("app/secret2.yaml", CANARY);
    tree.insert_link("app/link.yaml");
    tree.insert_link("app/linked");
    more.iter().for_each(|(path, text)| tree.insert(*path, text));
    let options = Options { restrictor: LoadRestrictor::RootOnly, ..Options::default() };
    let error = build_with(&tree, "app", &options, Some(&Values)).expect_err(kustomization).to_string();
    assert!(!error.contains(CANARY), "{kustomization}: {error}");
    error
}

#[test]
fn a1_no_path_leads_out_of_the_tree_or_the_folder() {
    for field in FILES.iter().chain(&FOLDERS) {
        for path in ["/etc/passwd", "../../etc/passwd", "../../../../../etc/shadow", "sub/../../../x"] {
            let said = error(&field.replace("PATH", path), &[]);
            assert!(said.contains("lies outside of the tree"), "{field} {path}: {said}");
        }
    }
    for field in FILES {
        let said = error(&field.replace("PATH", "../secret.yaml"), &[]);
        assert!(said.contains("is not in this folder or below"), "{field}: {said}");
        // What is no YAML (or not the right one) is told without being shown.
        if !field.contains("Generator: [") {
            error(&field.replace("PATH", "secret2.yaml"), &[]);
        }
    }
}

#[test]
fn a2_nothing_includes_itself() {
    let component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";
    for field in FOLDERS {
        for path in [".", "..", "../app", "sub/.."] {
            let text = field.replace("PATH", path);
            let said = error(&text, &[("kustomization.yaml", "resources: [app]")]);
            assert!(said.contains("is a cycle"), "{text}: {said}");
        }
    }
    let rounds = [("a/kustomization.yaml", "resources: [../b]"), ("b/kustomization.yaml", "resources: [../a]")];
    assert!(error("resources: [../a]", &rounds).contains("is a cycle"));
    let of_components = [
        ("a/kustomization.yaml", format!("{component}components: [../b]")),
        ("b/kustomization.yaml", format!("{component}components: [../a]")),
    ];
    let files: Vec<(&str, &str)> = of_components.iter().map(|(path, text)| (*path, text.as_str())).collect();
    assert!(error("components: [../a]", &files).contains("is a cycle"));
}

#[test]
fn a3_no_link_is_followed() {
    for field in FILES {
        let said = error(&field.replace("PATH", "link.yaml"), &[]);
        assert!(said.contains("`link.yaml` is a symbolic link"), "{field}: {said}");
    }
    for field in FOLDERS {
        let said = error(&field.replace("PATH", "linked"), &[]);
        assert!(said.contains("`linked` is a symbolic link"), "{field}: {said}");
    }
}

#[test]
fn a12_bombs_and_towers_end_soon() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let names = vec![format!("*a{}", level - 1); 9].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{names}]").unwrap();
    }
    let deep = format!("a: {}", "[".repeat(100_000));
    for text in [&bomb, &deep] {
        error(text, &[]);
        for field in FILES.iter().filter(|field| !field.contains("Generator: [")) {
            error(&field.replace("PATH", "hostile.yaml"), &[("app/hostile.yaml", text)]);
        }
    }
}

#[test]
fn a13_schemas_that_name_themselves_end() {
    let itself = r##"{"definitions": {"A": {"$ref": "#/definitions/B"}, "B": {"$ref": "#/definitions/A"},
        "Foo": {"properties": {"spec": {"$ref": "#/definitions/A"}, "self": {"$ref": "#/definitions/Foo"}}, "additionalProperties": {"$ref": "#/definitions/Foo"},
        "x-kubernetes-group-version-kind": [{"group": "x.io", "version": "v1", "kind": "Foo"}, {"kind": 5}, "text"]}}}"##;
    let foo = "apiVersion: x.io/v1\nkind: Foo\nmetadata: {name: f}\nself: {self: {self: {spec: {a: b}}}}\n";
    let patch = "patches: [{patch: '{apiVersion: x.io/v1, kind: Foo, metadata: {name: f}, self: {self: {self: {spec: {c: d}}}}}'}]\n";
    let tree = MemoryTree::from([
        ("kustomization.yaml", format!("resources: [f.yaml]\nopenapi: {{path: s.json}}\n{patch}").as_str()),
        ("f.yaml", foo),
        ("s.json", itself),
    ]);
    let built = build_with(&tree, "", &Options::default(), None).unwrap();
    assert_eq!(built.objects[0].value["self"]["self"]["self"]["spec"], serde_json::json!({"a": "b", "c": "d"}));
    for text in ["[]", "5", "{\"definitions\": []}", "definitions: {A: 5, B: [x]}\nother: [", "{\"definitions\": "] {
        let _ = error("openapi: {path: s.json}\nresources: [none.yaml]\n", &[("app/s.json", text)]);
    }
    // Definitions of which each names the next one twice, and themselves.
    let mut doubling = String::from("{");
    for at in 0..40 {
        let next = at + 1;
        write!(doubling, r#""T{at}": {{"Schema": {{"properties": {{"kind": {{}}, "apiVersion": {{}}, "metadata": {{}}, "a": {{"$ref": "T{next}"}}, "b": {{"$ref": "T{next}"}}, "c": {{"$ref": "T{at}"}}}}}}}},"#).unwrap();
    }
    doubling.push_str("\"end\": {}}");
    let said = error("crds: [c.json]\n", &[("app/c.json", &doubling)]);
    assert!(said.contains("more than") && said.contains("fields"), "{said}");
}

#[test]
fn a30_nothing_remote_is_fetched() {
    for field in FILES.iter().chain(&FOLDERS) {
        for path in [
            "http://169.254.169.254/latest/meta-data",
            "https://example.com/a.yaml",
            "git::https://example.com/a",
            "git@example.com:a/b",
            "ssh://git@example.com/a",
            "file:///etc/passwd",
            "github.com/a/b",
        ] {
            let said = error(&field.replace("PATH", path), &[]);
            assert!(said.contains("is remote; only files of this repository are read"), "{field} {path}: {said}");
        }
    }
}
