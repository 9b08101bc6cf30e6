//! Built-in plugins given as configurations, field specs of one's own, and schemas.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::objects::{kinds, names, namespaces};
use super::patches::targets;
use super::yaml;

/// Files that any kustomization may name; they stand beside every one.
pub(super) const FILES: [(&str, &str); 5] = [
    (
        "references.yaml",
        "nameReference:\n- kind: ConfigMap\n  version: v1\n  fieldSpecs:\n  - {path: spec/configMapName, kind: Widget}\n- kind: Widget\n  group: example.com\n  fieldSpecs:\n  - {path: data/mode, kind: ConfigMap}\n",
    ),
    (
        "specs.yaml",
        "images:\n- {path: spec/parts/name, kind: Widget}\nnamePrefix:\n- {path: spec/configMapName, kind: Widget}\ncommonLabels:\n- {path: spec/deep/labels, create: true, kind: Widget}\ncommonAnnotations:\n- {path: spec/deep/notes, create: true, kind: Widget}\nreplicas:\n- {path: spec/parts/size, kind: Widget}\nvarReference:\n- {path: data/text, kind: ConfigMap}\n",
    ),
    (
        "schema.json",
        r#"{"definitions": {"com.example.v1alpha1.Widget": {"properties": {"spec": {"properties": {"parts": {"type": "array", "items": {"type": "object"}, "x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge"}}}}, "x-kubernetes-group-version-kind": [{"group": "example.com", "kind": "Widget", "version": "v1alpha1"}]}}}"#,
    ),
    (
        "crd.json",
        r#"{"github.com/example/pkg/v1alpha1.Widget": {"Schema": {"properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"$ref": "k8s.io/apimachinery/pkg/apis/meta/v1.ObjectMeta"}, "spec": {"$ref": "github.com/example/pkg/v1alpha1.WidgetSpec"}}}, "Dependencies": []}, "github.com/example/pkg/v1alpha1.WidgetSpec": {"Schema": {"properties": {"ref": {"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "ConfigMap"}}}, "Dependencies": []}}"#,
    ),
    (
        "replacement.yaml",
        "source: {kind: ConfigMap, name: web, fieldPath: data.mode}\ntargets:\n- select: {kind: Deployment}\n  fieldPaths: [metadata.annotations.mode]\n  options: {create: true}\n",
    ),
];

/// A configuration of a built-in transformer as text, for `transformers`.
pub(super) fn transformers() -> impl Strategy<Value = Value> {
    let specs = prop::sample::select(vec![
        json!([{"path": "metadata/name"}]),
        json!([{"path": "metadata/labels", "create": true}]),
        json!([{"path": "metadata/annotations"}, {"path": "metadata/labels"}]),
        json!([{"path": "metadata/annotations", "create": true}, {"path": "spec/template/metadata/annotations", "create": true, "kind": "Deployment"}]),
        json!([{"path": "metadata/name", "kind": "ConfigMap"}, {"path": "spec/deep/labels", "create": true, "kind": "Widget"}]),
    ]);
    let settings = (names(), namespaces(), targets(), any::<[bool; 2]>());
    (0..11_usize, specs, settings).prop_map(|(which, specs, (name, namespace, target, [first, second]))| {
        let (kind, body) = match which {
            0 => ("PrefixTransformer", json!({"prefix": "t-", "fieldSpecs": [{"path": "metadata/name"}]})),
            1 => ("SuffixTransformer", json!({"suffix": "-t", "fieldSpecs": [{"path": "metadata/name", "kind": if first { "ConfigMap" } else { "" }}]})),
            2 => ("PrefixSuffixTransformer", json!({"prefix": "p-", "suffix": "-s", "fieldSpecs": [{"path": "metadata/name"}]})),
            3 => ("LabelTransformer", json!({"labels": {"tier": "all"}, "fieldSpecs": specs})),
            4 => ("AnnotationsTransformer", json!({"annotations": {"by": "plugin"}, "fieldSpecs": specs})),
            5 => (
                "NamespaceTransformer",
                json!({"metadata": {"name": "any", "namespace": namespace}, "unsetOnly": first, "fieldSpecs": [{"path": "metadata/namespace", "create": true}],
                    "setRoleBindingSubjects": if second { "allServiceAccounts" } else { "defaultOnly" }}),
            ),
            6 => ("ImageTagTransformer", json!({"imageTag": {"name": "nginx", "newTag": "7"}, "fieldSpecs": [{"path": "spec/template/spec/containers[]/image"}]})),
            7 => ("ReplicaCountTransformer", json!({"replica": {"name": name, "count": 2}, "fieldSpecs": [{"path": "spec/replicas", "create": true, "kind": "Deployment"}]})),
            8 => ("PatchTransformer", json!({"target": target, "patch": "[{\"op\": \"add\", \"path\": \"/metadata/annotations/a\", \"value\": \"b\"}]"})),
            9 => ("PatchJson6902Transformer", json!({"target": {"kind": "ConfigMap", "version": "v1", "name": name}, "jsonOp": "[{\"op\": \"add\", \"path\": \"/data/op\", \"value\": \"x\"}]"})),
            _ => ("PatchStrategicMergeTransformer", json!({"patches": format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{plugin: 'true'}}\n")})),
        };
        config(kind, body)
    })
}

/// A configuration of a built-in generator as text, for `generators`.
pub(super) fn generators() -> impl Strategy<Value = Value> {
    (any::<bool>(), prop::sample::select(&["made", "web"][..]), any::<bool>()).prop_map(|(secret, name, hash)| {
        let kind = if secret { "SecretGenerator" } else { "ConfigMapGenerator" };
        config(kind, json!({"metadata": {"name": name}, "literals": ["a=b", "mode=made"], "files": ["file.txt"], "options": {"disableNameSuffixHash": hash}}))
    })
}

fn config(kind: &str, body: Value) -> Value {
    let mut config = json!({"apiVersion": "builtin", "kind": kind, "metadata": {"name": "any"}});
    if let (Some(into), Value::Object(body)) = (config.as_object_mut(), body) {
        into.extend(body);
    }
    json!(yaml(&config))
}

/// Fields that name the files beside a kustomization.
pub(super) fn named_files() -> impl Strategy<Value = (&'static str, Value)> {
    prop::sample::select(vec![
        ("configurations", json!(["references.yaml"])),
        ("configurations", json!(["specs.yaml"])),
        ("configurations", json!(["specs.yaml", "references.yaml"])),
        ("openapi", json!({"path": "schema.json"})),
        ("crds", json!(["crd.json"])),
        ("replacements", json!([{"path": "replacement.yaml"}])),
    ])
}

/// Validators and sorters run too; a kind nobody built in must be refused by both.
pub(super) fn odd_transformers() -> impl Strategy<Value = Value> {
    (kinds(), any::<bool>()).prop_map(|(kind, known)| {
        let kind = if known { "SortOrderTransformer" } else { kind };
        config(kind, json!({"sortOptions": {"order": "legacy"}}))
    })
}
