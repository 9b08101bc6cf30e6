//! How files are read: lists of objects, documents, keys, selectors.

use serde_json::{Value, json};

use crate::Want::{At, Error};
use crate::{MAP, at, check, over, run};

fn built(kustomization: &str, file: &str) -> Result<Vec<Value>, String> {
    let built = run(&[("kustomization.yaml", kustomization), ("o.yaml", file)])?;
    Ok(built.objects.into_iter().map(|object| object.value).collect())
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
    assert_eq!(at(&built, 0, "/data"), &json!({"1A": "b", "a b": "c", "d/e": "f", "my file.txt": "x"}));
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
