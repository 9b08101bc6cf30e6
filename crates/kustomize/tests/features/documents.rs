//! Transformers, generators and validators as documents of their own.

use serde_json::json;

use crate::Want::{At, Error};
use crate::{check, over, over_by, run_alone};

#[test]
fn documents_configure_transformers_and_generators() {
    let doc = |kind: &str, rest: &str| format!("apiVersion: builtin\nkind: {kind}\nmetadata: {{name: x}}\n{rest}\n");
    let specs = "fieldSpecs: [{path: metadata/labels, create: true}]";
    for (kind, rest, want) in [
        ("LabelTransformer", format!("labels: {{n: 5}}\n{specs}"), At(0, "/metadata/labels/n", json!("5"))),
        (
            "AnnotationsTransformer",
            "annotations: {b: true}\nfieldSpecs: [{path: metadata/annotations, create: true}]".to_owned(),
            At(1, "/metadata/annotations/b", json!("true")),
        ),
        (
            "PrefixTransformer",
            "prefix: p-\nfieldSpecs: [{path: metadata/name}]".to_owned(),
            At(0, "/metadata/name", json!("p-web")),
        ),
        ("PrefixTransformer", "prefix: p-".to_owned(), Error("needs `fieldSpecs`")),
        (
            "SuffixTransformer",
            "suffix: -s\nfieldSpecs: [{path: metadata/name, kind: ConfigMap}]".to_owned(),
            At(1, "/metadata/name", json!("src-s")),
        ),
        (
            "PrefixSuffixTransformer",
            "prefix: p-\nsuffix: -s\nfieldSpecs: [{path: metadata/name}]".to_owned(),
            At(1, "/metadata/name", json!("p-src-s")),
        ),
        (
            "ImageTagTransformer",
            "imageTag: {name: nginx, newTag: '9'}".to_owned(),
            At(0, "/spec/template/spec/containers/0/image", json!("nginx:9")),
        ),
        (
            "ImageTagTransformer",
            "imageTag: {name: nginx, tagSuffix: -z}\nfieldSpecs: [{path: 'spec/template/spec/containers[]/image'}]"
                .to_owned(),
            At(0, "/spec/template/spec/containers/0/image", json!("nginx:1.2-z-z")),
        ),
        (
            "ReplicaCountTransformer",
            "replica: {name: web, count: 7}\nfieldSpecs: [{path: spec/replicas, create: true, kind: Deployment}]"
                .to_owned(),
            At(0, "/spec/replicas", json!(7)),
        ),
        (
            "ReplicaCountTransformer",
            "replica: {name: no, count: 7}\nfieldSpecs: [{path: spec/replicas, kind: Deployment}]".to_owned(),
            Error("no Deployment named `no`"),
        ),
        (
            "PatchJson6902Transformer",
            "target: {name: web}\njsonOp: '[{\"op\": \"replace\", \"path\": \"/spec/replicas\", \"value\": 9}]'"
                .to_owned(),
            At(0, "/spec/replicas", json!(9)),
        ),
        (
            "PatchJson6902Transformer",
            "target: {kind: Deployment}\njsonOp: '[{\"op\": \"remove\", \"path\": \"/spec\"}]'".to_owned(),
            Error("must specify the target's `name`"),
        ),
        (
            "PatchStrategicMergeTransformer",
            "patches: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 3}}'".to_owned(),
            At(0, "/spec/replicas", json!(3)),
        ),
        (
            "PatchTransformer",
            "target: {kind: Deployment}\npatch: '- {op: replace, path: /spec/replicas, value: 4}'".to_owned(),
            At(0, "/spec/replicas", json!(4)),
        ),
        (
            "ReplacementTransformer",
            "replacements: [{sourceValue: v, targets: [{select: {name: web}, fieldPaths: [metadata.labels.app]}]}]"
                .to_owned(),
            At(0, "/metadata/labels/app", json!("v")),
        ),
        (
            "ValueAddTransformer",
            "value: v\ntargets: [{fieldPath: data/path, selector: {kind: ConfigMap}, filePathPosition: 2}]".to_owned(),
            At(1, "/data/path", json!("a/v/b/c")),
        ),
        ("ValueAddTransformer", "value: v".to_owned(), Error("must specify at least one target")),
        (
            "NamespaceTransformer",
            "setRoleBindingSubjects: some".to_owned(),
            Error("must be one of defaultOnly, none or allServiceAccounts"),
        ),
        ("ConfigMapGenerator", "literals: [a=b]".to_owned(), Error("plugin ConfigMapGenerator not a transformer")),
        ("SortOrderTransformer", String::new(), Error("unable to load builtin SortOrderTransformer")),
    ] {
        check(kind, over("transformers: [t.yaml]\n", &[("t.yaml", &doc(kind, &rest))]), &want);
    }
    let external = ("t.yaml", "apiVersion: foo/v1\nkind: Bar\nmetadata: {name: x}\n");
    check("external", over("transformers: [t.yaml]\n", &[external]), &Error("external plugins disabled"));
    for (kind, rest, want) in [
        ("ConfigMapGenerator", "literals: [a=b]", At(2, "/data", json!({"a": "b"}))),
        (
            "SecretGenerator",
            "literals: [a=b]\ntype: t\noptions: {immutable: true, disableNameSuffixHash: true}",
            At(
                2,
                "",
                json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "type": "t", "data": {"a": "Yg=="}, "immutable": true}),
            ),
        ),
        (
            "IAMPolicyGenerator",
            "cloud: gke\nkubernetesService: {name: k}\nserviceAccount: {name: s, projectId: p}",
            At(2, "/metadata/annotations", json!({"iam.gke.io/gcp-service-account": "s@p.iam.gserviceaccount.com"})),
        ),
        (
            "IAMPolicyGenerator",
            "cloud: aws\nkubernetesService: {name: k}",
            Error("cloud provider `aws` is not supported"),
        ),
        ("HashTransformer", "", Error("plugin HashTransformer not a generator")),
    ] {
        check(kind, over("generators: [g.yaml]\n", &[("g.yaml", &doc(kind, rest))]), &want);
    }
    // In place, and from a folder whose own kustomization changes the document first.
    let inline = format!(
        "transformers:\n- |-\n  {}",
        doc("LabelTransformer", &format!("labels: {{n: m}}\n{specs}")).replace('\n', "\n  ")
    );
    check("in place", over(&inline, &[]), &At(1, "/metadata/labels/n", json!("m")));
    let document = doc("LabelTransformer", &format!("labels: {{n: m}}\n{specs}"));
    let folder = [
        (
            "t/kustomization.yaml",
            "resources: [t.yaml]\npatches: [{target: {kind: LabelTransformer}, patch: '- {op: replace, path: /labels/n, value: changed}'}]\n",
        ),
        ("t/t.yaml", document.as_str()),
    ];
    check("a folder", over("transformers: [t]\n", &folder), &At(0, "/metadata/labels/n", json!("changed")));
}

#[test]
fn validators_may_change_nothing_but_their_mark() {
    let label = |key: &str| {
        format!(
            "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {{name: v}}\nlabels: {{{key}: x}}\nfieldSpecs: [{{path: metadata/labels, create: true}}]\n"
        )
    };
    check(
        "mark",
        over_by(run_alone, "validators: [v.yaml]\n", &[("v.yaml", &label("validated-by"))]),
        &At(1, "/metadata/labels", json!({"validated-by": "x"})),
    );
    check(
        "change",
        over("validators: [v.yaml]\n", &[("v.yaml", &label("other"))]),
        &Error("validator shouldn't modify the resource map"),
    );
}
