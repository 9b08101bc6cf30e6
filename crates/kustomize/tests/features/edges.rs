//! Ends of files, things that say nothing, and what goes with all of an object's annotations.

use serde_json::{Value, json};

use crate::Want::{At, Error};
use crate::{at, check, over, run};

const CM: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\ndata: {a: b}\n";
/// A Deployment that reads the ConfigMap `cm`.
const READER: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: reader}
spec: {template: {spec: {containers: [{name: c, image: i, envFrom: [{configMapRef: {name: cm}}]}]}}}
";

#[test]
fn a_block_that_ends_with_its_file_has_no_line_break_at_its_end() {
    for (block, want) in [
        ("|\n    x\n    y", "x\ny"),
        ("|+\n    x\n    y", "x\ny"),
        ("|\n    x\n    y\n", "x\ny\n"),
        ("|\n    x\n    y\n    ", "x\ny\n"),
        ("|\n    x\n  # behind", "x\n"),
        (">\n    x\n    y", "x y"),
        (">-\n    x\n    y", "x y"),
    ] {
        let text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: cm}}\ndata:\n  a: {block}");
        let built = run(&[("kustomization.yaml", "resources: [cm.yaml]"), ("cm.yaml", &text)]);
        check(block, built, &At(0, "/data/a", json!(want)));
        // In a patch in place, whose own text ends without a break.
        let inner = block.replace('\n', "\n        ");
        for patch in [
            format!(
                "patches:\n- target: {{name: src}}\n  patch: |-\n    - op: add\n      path: /data/a\n      value: {inner}"
            ),
            format!(
                "patches:\n- patch: |-\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {{name: src}}\n    data:\n      a: {inner}"
            ),
        ] {
            if block.ends_with('y') {
                check(&patch, over(&patch, &[]), &At(1, "/data/a", json!(want)));
            }
        }
    }
}

#[test]
fn a_folded_block_is_printed_and_read_once_more() {
    for (block, want) in [
        (">\n    x\n     w\n    z\n", "x\n\n w\nz\n"),
        (">\n    x\n\n    y\n", "x\ny\n"),
        (">+\n    x\n\n", "x\n\n\n"),
        ("|\n    x\n     w\n", "x\n w\n"),
    ] {
        let text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: cm}}\ndata:\n  a: {block}");
        let built = run(&[("kustomization.yaml", "resources: [cm.yaml]"), ("cm.yaml", &text)]);
        check(block, built, &At(0, "/data/a", json!(want)));
    }
}

#[test]
fn what_says_nothing_is_nothing() {
    for nothing in ["{}", "[]", "null"] {
        let text = format!("{nothing}\n---\n{CM}");
        let list = format!(
            "apiVersion: v1\nkind: List\nitems:\n- {nothing}\n- {{apiVersion: v1, kind: ConfigMap, metadata: {{name: cm}}}}\n"
        );
        for text in [text, list] {
            let built = run(&[("kustomization.yaml", "resources: [o.yaml]"), ("o.yaml", &text)]).unwrap();
            assert_eq!(built.objects.len(), 1, "{text}");
        }
    }
    let patch = ("p.yaml", "{}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: src}\ndata: {num: '6'}\n");
    check("a patch", over("patches: [{path: p.yaml}]", &[patch]), &At(1, "/data/num", json!("6")));
    let schema = over("openapi: {path: empty.json}\nnamePrefix: p-", &[("empty.json", "")]);
    check("a schema", schema, &At(1, "/metadata/name", json!("p-src")));
    for field in ["resources", "components"] {
        let text = format!("{field}: ['']\nnamePrefix: p-");
        check(field, run(&[("kustomization.yaml", &text)]), &Error("the path is empty"));
    }
}

#[test]
fn what_was_noted_goes_with_all_annotations() {
    let built = |annotations: &str| {
        let patch = format!(
            "configMapGenerator: [{{name: cm, literals: [a=b]}}]\nresources: [reader.yaml]\npatches:\n- patch: '{{apiVersion: v1, kind: ConfigMap, metadata: {{name: cm, annotations: {annotations}}}}}'\n"
        );
        run(&[("kustomization.yaml", &patch), ("reader.yaml", READER)]).unwrap()
    };
    let reference = "/spec/template/spec/containers/0/envFrom/0/configMapRef/name";
    for annotations in ["null", "{$patch: replace, k: v}", "{$patch: delete}"] {
        let built = built(annotations);
        let names = built.objects.iter().position(|object| object.value["kind"] == *"ConfigMap").unwrap();
        assert_eq!(at(&built, names, "/metadata/name"), json!("cm"), "{annotations}");
        assert_eq!(at(&built, 1 - names, reference), json!("cm"), "{annotations}");
    }
    let built = built("{k: v}");
    let hashed = |value: Value| value.as_str().unwrap().starts_with("cm-");
    assert!(
        (0..2).any(|object| at(&built, object, "/metadata/name") != json!("cm")
            && hashed(at(&built, object, "/metadata/name")))
    );
    // What had a prefix is not known by its old name any more.
    let base = ("base/kustomization.yaml", "resources: [cm.yaml, reader.yaml]\nnamePrefix: b-\n");
    let top = "resources: [base]\npatches:\n- patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: cm, annotations: null}}'\n";
    let files = [("kustomization.yaml", top), base, ("base/cm.yaml", CM), ("base/reader.yaml", READER)];
    let built = run(&files).unwrap();
    assert_eq!(at(&built, 0, "/metadata/name"), json!("b-cm"));
    assert_eq!(at(&built, 1, reference), json!("cm"));
}

#[test]
fn a_components_configuration_is_taken_in_anew() {
    let component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nconfigurations: [c.yaml]\n";
    let files = [
        ("kustomization.yaml", "resources: [cm.yaml]\ncomponents: [part]\nnamePrefix: p-\n"),
        ("cm.yaml", CM),
        ("part/kustomization.yaml", component),
        ("part/c.yaml", "namePrefix: [{path: metadata/name, kind: Foo}]\n"),
    ];
    // The spec for one kind puts the built-in one for all aside.
    check("prefix", run(&files), &At(0, "/metadata/name", json!("cm")));
}

#[test]
fn two_objects_that_a_component_makes_one_are_refused_behind_it() {
    let component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n- target: {name: two}\n  patch: '- {op: replace, path: /metadata/name, value: cm}'\n";
    let files = [
        (
            "kustomization.yaml",
            "resources: [cm.yaml, two.yaml]\ncomponents: [part]\npatches:\n- target: {name: two}\n  patch: '- {op: replace, path: /metadata/name, value: other}'\n",
        ),
        ("cm.yaml", CM),
        ("two.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: two}\n"),
        ("part/kustomization.yaml", component),
    ];
    check("twice", run(&files), &Error("is defined twice"));
}

#[test]
fn mistakes_name_their_cause() {
    let binding = |subjects: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: rb}}\nsubjects: {subjects}\n"
        )
    };
    for (kustomization, object, words) in [
        ("namespace: team", binding("[text]"), "each of `subjects` must be a mapping"),
        ("namespace: team", binding("{kind: User, name: u}"), "`subjects` must be a list"),
        (
            "namespace: team",
            format!("{CM}---\n{}", CM.replace("cm}", "cm, namespace: m}")),
            "ID conflict: v1 ConfigMap team/cm is defined twice",
        ),
        ("configMapGenerator: [{name: cm}]", CM.to_owned(), "behavior must be merge or replace"),
        (
            "patches: [{target: {name: cm}, patch: '- {op: remove, path: /kind}'}]",
            CM.to_owned(),
            "missing kind in object",
        ),
    ] {
        let text = format!("resources: [o.yaml]\n{kustomization}\n");
        check(kustomization, run(&[("kustomization.yaml", &text), ("o.yaml", &object)]), &Error(words));
    }
}
