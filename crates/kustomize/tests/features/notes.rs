//! Notes that kustomize keeps among annotations, and how annotations are read.

use serde_json::{Value, json};

use crate::{at, run};

/// One ConfigMap with these annotations, and what else the kustomization says.
fn with(annotations: &str, kustomization: &str) -> Value {
    let map = format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\n  annotations:\n{annotations}");
    let text = format!("resources: [m.yaml]\n{kustomization}");
    let built = run(&[("kustomization.yaml", &text), ("m.yaml", &map)]).unwrap();
    at(&built, 0, "/metadata")
}

#[test]
fn notes_in_a_file_are_understood_and_taken_out() {
    for note in ["internal.config.kubernetes.io/path", "config.kubernetes.io/index", "config.k8s.io/id"] {
        assert_eq!(with(&format!("    {note}: x\n"), ""), json!({"name": "m"}), "{note}");
    }
    assert_eq!(with("    internal.config.kubernetes.io/other: x\n", "")["annotations"].as_object().unwrap().len(), 1);
    // A name with a hash, without a generator.
    let hashed = with("    internal.config.kubernetes.io/needsHashSuffix: enabled\n", "namePrefix: p-\n");
    assert_eq!(hashed, json!({"name": "p-m-6ct58987ht"}));
    // A name of before is followed.
    let files = [
        ("kustomization.yaml", "resources: [all.yaml]\nnamePrefix: p-\n"),
        (
            "all.yaml",
            "apiVersion: v1
kind: ConfigMap
metadata:
  name: m
  annotations:
    internal.config.kubernetes.io/previousNames: old
    internal.config.kubernetes.io/previousNamespaces: default
    internal.config.kubernetes.io/previousKinds: ConfigMap
---
apiVersion: v1
kind: Pod
metadata: {name: p}
spec: {volumes: [{name: v, configMap: {name: old}}]}
",
        ),
    ];
    let built = run(&files).unwrap();
    assert_eq!(at(&built, 1, "/spec/volumes/0/configMap/name"), "p-m");
}

#[test]
fn annotations_are_texts_as_they_are_written() {
    let written = "    a: 1.50\n    b:\n    c: null\n    d: ~\n    e: True\n";
    let texts = json!({"a": "1.50", "b": "", "c": "null", "d": "~", "e": "True"});
    assert_eq!(with(written, "")["annotations"], texts);
    // Operations know only values.
    let operation =
        "patches: [{target: {kind: ConfigMap}, patch: '- {op: add, path: /metadata/annotations/f, value: 2.50}'}]\n";
    let values = json!({"a": "1.5", "b": "null", "c": "null", "d": "null", "e": "true", "f": "2.5"});
    assert_eq!(with(written, operation)["annotations"], values);
    // A patch brings its own as they are written, and takes blanks away.
    let patch =
        "patches: [{patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: m, annotations: {a: 3.70, c: 4}}}'}]\n";
    assert_eq!(with(written, patch)["annotations"], json!({"a": "3.70", "c": "4", "d": "~", "e": "True"}));
    // What is no mapping of texts is nothing.
    let wrong = "replacements: [{sourceValue: x, targets: [{select: {kind: ConfigMap}, fieldPaths: [metadata.annotations]}]}]\n";
    assert_eq!(with("    a: b\n", wrong), json!({"name": "m"}));
    let list =
        "patches: [{target: {kind: ConfigMap}, patch: '- {op: add, path: /metadata/annotations/f, value: [1]}'}]\n";
    assert_eq!(with("    a: b\n", list)["annotations"], json!({"a": "b", "f": ""}));
}

#[test]
fn annotations_are_there_once_something_is_noted() {
    let add = "transformers: [\"{apiVersion: builtin, kind: AnnotationsTransformer, metadata: {name: t}, annotations: {a: b}, fieldSpecs: [{path: metadata/annotations}]}\"]\n";
    assert_eq!(with("", add)["annotations"], json!({"a": "b"}));
    let map = ("m.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n");
    let over = |kustomization: &str| {
        let built = run(&[("kustomization.yaml", &format!("{kustomization}{add}")), map]).unwrap();
        at(&built, 0, "/metadata/annotations")
    };
    assert_eq!(over("resources: [m.yaml]\n"), Value::Null);
    assert_eq!(over("resources: [m.yaml]\nnamePrefix: p-\n"), json!({"a": "b"}));
    assert_eq!(over("configMapGenerator: [{name: g}]\n"), json!({"a": "b"}));
}

#[test]
fn where_an_object_comes_from_is_lost_with_its_annotations() {
    let operation =
        "patches: [{target: {kind: ConfigMap}, patch: '- {op: add, path: /metadata/annotations, value: {q: r}}'}]\n";
    let told = with(
        "    a: b\n",
        &format!("buildMetadata: [originAnnotations, transformerAnnotations]\nnamePrefix: p-\n{operation}"),
    );
    let origin = told["annotations"]["config.kubernetes.io/origin"].as_str().unwrap();
    assert!(origin.contains("kind: PatchTransformer"), "{origin}");
    // Each patch is a transformer of its own: the next one is told again.
    let other = "- {target: {kind: ConfigMap}, patch: '- {op: add, path: /data, value: {k: v}}'}";
    let two = format!(
        "buildMetadata: [transformerAnnotations]\n{}\n{other}\n",
        operation.replace("patches: [", "patches:\n- ").replace("}]\n", "}")
    );
    let told = with("    a: b\n", &two);
    let steps = told["annotations"]["alpha.config.kubernetes.io/transformations"].as_str().unwrap();
    assert_eq!(steps.matches("PatchTransformer").count(), 1, "{steps}");
}
