//! `configurations` and `crds`: where transformers look.

use serde_json::json;

use crate::Want::{At, Error};
use crate::{CUSTOM, at, check, run, run_alone};

#[test]
fn configurations_and_crds_add_field_specs() {
    let build = |top: &str, config: &str| {
        run(&[("kustomization.yaml", &format!("resources: [r.yaml]\n{top}")), ("r.yaml", CUSTOM), ("c.yaml", config)])
    };
    let names = "nameReference:\n- {kind: ConfigMap, version: v1, fieldSpecs: [{path: spec/ref, kind: Foo}, {path: spec/refs, kind: Foo}, {path: spec/obj, kind: Foo}]}\n";
    for (top, config, want) in [
        ("namePrefix: p-\n", names, At(0, "/spec/ref", json!("p-cm"))),
        ("namePrefix: p-\n", names, At(0, "/spec/refs", json!(["p-cm", "other"]))),
        ("namespace: ns\n", names, At(0, "/spec/obj", json!({"name": "cm", "namespace": "ns"}))),
        ("namePrefix: p-\n", "namePrefix: [{path: spec/nm, kind: Foo}]\n", At(0, "/spec/nm", json!("p-zz"))),
        (
            "commonLabels: {a: b}\n",
            "commonLabels: [{path: spec/new/l, create: true, kind: Foo}]\n",
            At(0, "/spec/new/l", json!({"a": "b"})),
        ),
        (
            "labels: [{pairs: {a: b}}]\n",
            "labels: [{path: spec/lab, kind: Foo}]\n",
            At(0, "/spec/lab", json!({"q": "r", "a": "b"})),
        ),
        (
            "labels: [{pairs: {a: b}, includeTemplates: true}]\n",
            "templateLabels: [{path: spec/t, create: true, kind: Foo}]\n",
            At(0, "/spec/t", json!({"a": "b"})),
        ),
        (
            "commonAnnotations: {a: b}\n",
            "commonAnnotations: [{path: spec/an, kind: Foo}]\n",
            At(0, "/spec/an", json!({"a": "b", "z": "y"})),
        ),
        (
            "images: [{name: nginx, newTag: '2'}]\n",
            "images: [{path: spec/img, kind: Foo}]\n",
            At(0, "/spec/img", json!("nginx:2")),
        ),
        ("replicas: [{name: foo, count: 3}]\n", "replicas: [{path: spec/n, kind: Foo}]\n", At(0, "/spec/n", json!(3))),
        ("namespace: q\n", "namespace: [{path: spec/ns, create: true, kind: Foo}]\n", At(0, "/spec/ns", json!("q"))),
        (
            "vars: [{name: X, objref: {apiVersion: v1, kind: ConfigMap, name: cm}}]\n",
            "varReference: [{path: spec/nm, kind: Foo}]\n",
            At(0, "/spec/nm", json!("zz")),
        ),
        ("", "foo: []\n", Error("c.yaml:1:1: unknown field `foo`")),
        ("", "commonLabels: [{path: metadata/labels}]\n", Error("conflicting field specs in commonLabels")),
        (
            "namePrefix: p-\n",
            "nameReference: [{kind: ConfigMap, fieldSpecs: [{path: spec/lab, kind: Foo}]}]\n",
            Error("no 'name' field in node"),
        ),
    ] {
        check(config, build(&format!("{top}configurations: [c.yaml]\n"), config), &want);
    }
    let crd = r#"{"x/v1.Foo": {"Schema": {"properties": {"apiVersion": {}, "kind": {}, "metadata": {}, "spec": {"$ref": "x/v1.FooSpec"}}}},
        "x/v1.FooSpec": {"Schema": {"properties": {"obj": {"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "ConfigMap"},
        "lab": {"x-kubernetes-label-selector": ""}, "an": {"x-kubernetes-annotation": ""}, "nm": {"x-kubernetes-identity": ""}}}}}"#;
    for (top, pointer, want) in [
        ("namePrefix: p-\n", "/spec/obj/name", json!("p-cm")),
        ("namePrefix: p-\n", "/spec/nm", json!("p-zz")),
        ("commonLabels: {a: b}\n", "/spec/lab", json!({"q": "r", "a": "b"})),
        ("commonAnnotations: {a: b}\n", "/spec/an/a", json!("b")),
    ] {
        let built = build(&format!("{top}crds: [c.yaml]\n"), crd).unwrap();
        assert_eq!(at(&built, 0, pointer), want, "{top}");
    }
    // One that holds itself ends; kustomize goes round for ever.
    let round = crd.replace(r#""nm": {"#, r#""again": {"$ref": "x/v1.FooSpec"}, "nm": {"#);
    let built = run_alone(&[
        ("kustomization.yaml", "resources: [r.yaml]\nnamePrefix: p-\ncrds: [c.yaml]\n"),
        ("r.yaml", CUSTOM),
        ("c.yaml", &round),
    ]);
    check("round", built, &At(0, "/spec/obj/name", json!("p-cm")));
    // A spec for one kind puts the one for every kind aside.
    let aside = build("namePrefix: p-\nconfigurations: [c.yaml]\n", "namePrefix: [{path: metadata/name, kind: Foo}]\n");
    check("aside", aside.clone(), &At(0, "/metadata/name", json!("p-foo")));
    check("aside", aside, &At(1, "/metadata/name", json!("cm")));
    // What a base adds holds for the layers above it.
    let built = run(&[
        ("kustomization.yaml", "resources: [base]\nnamePrefix: z-\n"),
        ("base/kustomization.yaml", "resources: [r.yaml]\nconfigurations: [c.yaml]\n"),
        ("base/r.yaml", CUSTOM),
        ("base/c.yaml", names),
    ]);
    check("from below", built, &At(0, "/spec/ref", json!("z-cm")));
}
