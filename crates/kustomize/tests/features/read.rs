//! How files are read: lists of objects, documents, keys, selectors.

use serde_json::{Value, json};

use crate::Want::{At, Error};
use crate::{MAP, at, check, over, run};

fn built(kustomization: &str, file: &str) -> Result<Vec<Value>, String> {
    let built = run(&[("kustomization.yaml", kustomization), ("o.yaml", file)])?;
    Ok(built.objects.into_iter().map(|object| object.value.into()).collect())
}

#[test]
fn lists_are_taken_apart() {
    let names = |file: &str| -> Result<Vec<String>, String> {
        let all = built("resources: [o.yaml]\nsortOptions: {order: fifo}\n", file)?;
        Ok(all.iter().map(|object| object["metadata"]["name"].as_str().unwrap_or("-").to_owned()).collect())
    };
    let map = |name: &str| format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}}}}}");
    let (a, b) = (map("a"), map("b"));
    let inner = format!("{{apiVersion: v1, kind: ConfigMapList, items: [{a}]}}");
    assert_eq!(names(&format!("{{apiVersion: v1, kind: List, items: [{inner}, {b}]}}")).unwrap(), ["b", "a"]);
    assert_eq!(names("{apiVersion: x/v1, kind: AllowList, metadata: {name: own}}").unwrap(), ["own"]);
    assert_eq!(names("{apiVersion: v1, kind: List, items: none}").unwrap(), Vec::<String>::new());
    assert!(names("{apiVersion: x/v1, kind: AllowList, metadata: {name: own}, items: {a: b}}").is_err());
    assert!(names(&format!("{{apiVersion: v1, kind: List, items: none}}\n---\n{a}")).is_err());
    // A patch may be one as well.
    let patch = "patches:\n- patch: |-\n    apiVersion: v1\n    kind: List\n    items:\n    - {apiVersion: v1, kind: ConfigMap, metadata: {name: src}, data: {host: new}}\n";
    check("patch", over(patch, &[]), &At(1, "/data/host", json!("new")));
}

#[test]
fn the_first_document_counts() {
    let all = built("resources: [o.yaml]\n---\nnamePrefix: p-\n", MAP).unwrap();
    assert_eq!(all[0]["metadata"]["name"], "src");
    let operations = "patches:\n- target: {kind: ConfigMap}\n  patch: |-\n    - {op: add, path: /data/a, value: one}\n    ---\n    - {op: add, path: /data/a, value: two}\n";
    check("operations", over(operations, &[]), &At(1, "/data/a", json!("one")));
}

#[test]
fn what_begins_like_json_is_json() {
    let patch = |text: &str| format!("patches:\n- target: {{kind: ConfigMap}}\n  patch: '{text}'\n");
    let good = "[{\"op\": \"add\", \"path\": \"/data/a\", \"value\": \"b\"}]";
    check("json", over(&patch(good), &[]), &At(1, "/data/a", json!("b")));
    for bad in ["[{op: add, path: /data/a, value: b}]", "[{\"op\": \"add\", \"path\": \"/data/a\", \"value\": \"b\"},]"]
    {
        check(bad, over(&patch(bad), &[]), &Error("must be JSON"));
    }
    // In a file as well; tabs are fine there.
    let file = "[\n\t{\"op\": \"add\", \"path\": \"/data/a\", \"value\": \"b\"}\n]";
    check(
        "tabs",
        over("patches: [{target: {kind: ConfigMap}, path: p.json}]\n", &[("p.json", file)]),
        &At(1, "/data/a", json!("b")),
    );
}

#[test]
fn generated_keys_may_be_any_but_those_of_files_with_variables() {
    let text = "configMapGenerator: [{name: g, literals: ['a b=c', d/e=f], files: ['my file.txt'], envs: [v.env]}]\n";
    let built = run(&[("kustomization.yaml", text), ("my file.txt", "x"), ("v.env", "1A=b\n=nothing\n")]).unwrap();
    assert_eq!(at(&built, 0, "/data"), json!({"1A": "b", "a b": "c", "d/e": "f", "my file.txt": "x"}));
}

#[test]
fn label_selectors_are_read_strictly() {
    let select = |selector: &str| {
        let text = format!(
            "patches: [{{target: {{kind: Deployment, labelSelector: '{selector}'}}, patch: '- {{op: add, path: /metadata/labels/new, value: x}}'}}]\n"
        );
        over(&text, &[])
    };
    let found = At(0, "/metadata/labels/new", json!("x"));
    for good in ["app", "app=web", "app in (x, web)", "app notin (x),!no", "app = web , app!=x"] {
        check(good, select(good), &found);
    }
    for bad in ["app in (web),", "a/b/c=x", "app=we b", "app exists", "app in web"] {
        check(bad, select(bad), &Error("is no label selector"));
    }
}

#[test]
fn what_stood_in_quotes_stays_in_quotes() {
    let object = |value: &str| {
        format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d}}\nspec: {{replicas: {value}}}\n")
    };
    let replicas = |old: &str, kustomization: &str| {
        built(&format!("resources: [o.yaml]\n{kustomization}"), &object(old)).unwrap()[0]["spec"]["replicas"].clone()
    };
    let field = "replicas: [{name: d, count: 5}]\n";
    let patch =
        "patches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {replicas: 5}}'}]\n";
    for by in [field, patch] {
        assert_eq!(replicas("'1'", by), "5");
        assert_eq!(replicas("1", by), 5);
    }
}

#[test]
fn definitions_of_crds_are_mappings() {
    let real = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\n";
    check("a real one", over("crds: [c.yaml]\n", &[("c.yaml", real)]), &Error("is no OpenAPI definition"));
}

#[test]
fn quotes_are_remembered_until_a_patch_asks() {
    let env = |name: &str, written: &str| format!("    - name: {name}\n      value: {written}\n");
    let patched = |written: &str, new: &str, before: &str| {
        let file = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {name}\nspec:\n  containers:\n  - name: main\n    env:\n{}{}",
            env("OTHER", "plain"),
            env("A", written),
            name = "{name: p}",
        );
        let patch = format!(
            "kind: Pod\napiVersion: v1\nmetadata: {{name: p}}\nspec: {{containers: [{{name: main, env: [{{name: A, value: {new}}}]}}]}}\n"
        );
        let kustomization = format!("resources: [pod.yaml]\npatches: [{before}{{path: patch.yaml}}]\n");
        let files = [("kustomization.yaml", kustomization.as_str()), ("pod.yaml", &file), ("patch.yaml", &patch)];
        let built = run(&files).unwrap();
        let env = at(&built, 0, "/spec/containers/0/env");
        env.as_array().unwrap().iter().find(|item| item["name"] == "A").unwrap()["value"].clone()
    };
    for (written, new, want) in [
        ("\"abc\"", "6", json!("6")),
        ("'abc'", "True", json!("True")),
        ("abc", "6", json!(6)),
        ("\"abc\"", "1.50", json!("1.50")),
        ("\"abc\"", "2021-01-01", json!("2021-01-01")),
        ("abc", "2021-01-01", json!("2021-01-01T00:00:00Z")),
        ("yes", "6", json!(6)),
        ("\"yes\"", "6", json!("6")),
        ("|\n        abc", "6", json!("6")),
        (">- # why\n\n        abc", "0x1F", json!("0x1F")),
        ("\n        abc", "6", json!(6)),
    ] {
        assert_eq!(patched(written, new, ""), want, "{written} and {new}");
    }
    // The order of the items may change; what went through JSON has quotes only where it needs them.
    let first = "{patch: '{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: first}]}}'}, ";
    assert_eq!(patched("\"abc\"", "6", first), json!("6"));
    let operation = "{target: {kind: Pod}, patch: '[{\"op\": \"add\", \"path\": \"/spec/x\", \"value\": 1}]'}, ";
    assert_eq!(patched("\"abc\"", "6", operation), json!(6));
    assert_eq!(patched("\"12\"", "6", operation), json!("6"));
}

#[test]
fn a_label_needs_a_key() {
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    for field in ["commonLabels", "commonAnnotations"] {
        let files =
            [("kustomization.yaml", &*format!("resources: [o.yaml]\n{field}: {{'': x}}\n")), ("o.yaml", object)];
        assert!(run(&files).unwrap_err().contains("a key of it is empty"), "{field}");
    }
}
