//! `openapi`: lists that merge by keys of one's own.

use serde_json::{Value, json};

use crate::Want::{At, Error};
use crate::{check, run};

#[test]
fn a_schema_of_ones_own_merges_custom_lists() {
    let schema = r##"{"definitions": {"Foo": {"properties": {"spec": {"$ref": "#/definitions/Spec"}},
        "x-kubernetes-group-version-kind": [{"group": "x.io", "version": "v1", "kind": "Foo"}]},
        "Spec": {"properties": {"l": {"type": "array", "items": {"type": "object"}, "x-kubernetes-patch-strategy": "merge", "x-kubernetes-patch-merge-key": "id"},
        "m": {"additionalProperties": {"$ref": "#/definitions/Spec"}}}}},
        "paths": {"/apis/x.io/v1/foos": {"get": {"x-kubernetes-group-version-kind": {"group": "x.io", "version": "v1", "kind": "Foo"}}}}}"##;
    let foo = "apiVersion: x.io/v1\nkind: Foo\nmetadata: {name: foo}\nspec: {l: [{id: 1, v: x}, {id: 2}], m: {k: {l: [{id: 1, q: r}]}}}\n";
    let patch = "patches: [{patch: '{apiVersion: x.io/v1, kind: Foo, metadata: {name: foo}, spec: {l: [{id: 2, w: z}], m: {k: {l: [{id: 1, n: 1}]}}}}'}]\n";
    let build = |top: &str| {
        run(&[("kustomization.yaml", &format!("resources: [f.yaml]\n{top}")), ("f.yaml", foo), ("s.json", schema)])
    };
    let with = build(&format!("{patch}openapi: {{path: s.json}}\nnamespace: ns\n"));
    check("list", with.clone(), &At(0, "/spec/l", json!([{"id": 2, "w": "z"}, {"id": 1, "v": "x"}])));
    check("others", with.clone(), &At(0, "/spec/m/k/l", json!([{"id": 1, "n": 1, "q": "r"}])));
    check("scope", with, &At(0, "/metadata/namespace", Value::Null));
    check("without", build(patch), &At(0, "/spec/l", json!([{"id": 2, "w": "z"}])));
    check("both", build("openapi: {path: s.json, version: v1.21.2}\n"), &Error("cannot use both"));
    check("version", build("openapi: {version: v1.0.0}\n"), &Error("version is not built in"));
    check("built in", build("openapi: {version: v1.21.2}\n"), &At(0, "/metadata/name", json!("foo")));
    check("none", build("openapi: {path: no.json}\n"), &Error("`no.json` does not exist"));
    // Operations need no schema, so the built-in one is not there when one is named later.
    let operation = "patches: [{target: {kind: Pod}, patch: '- {op: add, path: /x, value: 1}'}]\n";
    let files = [
        (
            "kustomization.yaml",
            "resources: [base]\ncomponents: [c]\npatches: [{patch: '{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: a}]}}'}]\n",
        ),
        ("base/kustomization.yaml", &format!("resources: [p.yaml]\n{operation}")),
        ("base/p.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: b}]}\n"),
        ("c/kustomization.yaml", "kind: Component\nopenapi: {path: s.json}\n"),
        ("c/s.json", schema),
    ];
    check("later", run(&files), &At(0, "/spec/containers", json!([{"name": "a"}])));
    check("no schema", build("openapi: {path: f.yaml}\n"), &At(0, "/metadata/name", json!("foo")));
}

#[test]
fn owners_merge_by_uid_wherever_an_object_has_metadata() {
    let owners = |uid: &str| format!("{{ownerReferences: [{{uid: {uid}, name: o}}]}}");
    let volume = |uid: &str| {
        let claim = owners(uid);
        format!(
            "{{name: x}}\nspec: {{volumes: [{{name: v, ephemeral: {{volumeClaimTemplate: {{metadata: {claim}}}}}}}]}}"
        )
    };
    let named = |uid: &str| format!("{{name: x, ownerReferences: [{{uid: {uid}, name: o}}]}}");
    let of_volume = "/spec/volumes/0/ephemeral/volumeClaimTemplate/metadata/ownerReferences";
    for (api_version, kind, old, new, pointer) in [
        ("v1", "Pod", volume("a"), volume("b"), of_volume),
        ("authorization.k8s.io/v1", "SubjectAccessReview", named("a"), named("b"), "/metadata/ownerReferences"),
        ("authentication.k8s.io/v1", "TokenRequest", named("a"), named("b"), "/metadata/ownerReferences"),
        ("policy/v1beta1", "Eviction", named("a"), named("b"), "/metadata/ownerReferences"),
    ] {
        let object = |metadata: &str| format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {metadata}\n");
        let kustomization = "resources: [o.yaml]\npatches: [{path: p.yaml}]\n";
        let built = run(&[("kustomization.yaml", kustomization), ("o.yaml", &object(&old)), ("p.yaml", &object(&new))]);
        let want = json!([{"uid": "b", "name": "o"}, {"uid": "a", "name": "o"}]);
        check(kind, built, &At(0, pointer, want));
    }
}
