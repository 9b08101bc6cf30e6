//! `buildMetadata`.

use serde_json::Value;

use crate::{MAP, at, run};

#[test]
fn build_metadata_tells_origins_and_transformers() {
    let all = "buildMetadata: [originAnnotations, transformerAnnotations, managedByLabel]\n";
    let built = run(&[
        ("kustomization.yaml", &format!("resources: [base]\n{all}namePrefix: p-\nlabels: [{{pairs: {{a: b}}}}]\n")),
        (
            "base/kustomization.yaml",
            "resources: [sub/map.yaml]\nnameSuffix: -s\nconfigMapGenerator: [{name: g, literals: [a=b]}]\n",
        ),
        ("base/sub/map.yaml", MAP),
    ])
    .unwrap();
    assert_eq!(at(&built, 0, "/metadata/annotations/config.kubernetes.io~1origin"), "path: base/sub/map.yaml\n");
    let by = |file: &str, kind: &str| {
        format!("- configuredIn: {file}\n  configuredBy:\n    apiVersion: builtin\n    kind: {kind}\n")
    };
    // `labels` alone are two of kustomize's transformers: one for the item, one for the absent commonLabels.
    let steps = [
        by("base/kustomization.yaml", "SuffixTransformer"),
        by("kustomization.yaml", "PrefixTransformer"),
        by("kustomization.yaml", "LabelTransformer"),
        by("kustomization.yaml", "LabelTransformer"),
    ];
    let told = at(&built, 0, "/metadata/annotations/alpha.config.kubernetes.io~1transformations");
    assert_eq!(told, steps.concat());
    let origin =
        "configuredIn: base/kustomization.yaml\nconfiguredBy:\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n";
    assert_eq!(at(&built, 1, "/metadata/annotations/config.kubernetes.io~1origin"), origin);
    assert_eq!(at(&built, 1, "/metadata/labels/app.kubernetes.io~1managed-by"), teal_kustomize::MANAGED_BY_VALUE);
    // Without it, what a file says of itself is no origin.
    let mark = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: e, annotations: {config.kubernetes.io/origin: me}}\n";
    let built = run(&[("kustomization.yaml", "resources: [e.yaml]"), ("e.yaml", mark)]).unwrap();
    assert_eq!(at(&built, 0, "/metadata/annotations"), Value::Null);
}
