//! Patches of both kinds, with and without targets, some of which match nothing or do not fit.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::objects::{Object, api_version, kinds, name, names};
use super::yaml;

/// An entry of `patches`.
pub(super) fn patches() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => strategic().prop_map(|patch| json!({"patch": patch})),
        3 => (targets(), changes()).prop_map(|(target, change)| {
            json!({"target": target, "patch": merge(json!({"apiVersion": "v1", "kind": "Any", "metadata": {"name": "any"}}), change)})
        }),
        3 => (targets(), operations()).prop_map(|(target, patch)| json!({"target": target, "patch": patch})),
        1 => (kinds(), names(), names(), any::<[bool; 2]>()).prop_map(|(kind, from, to, [name, kinds])| {
            let patch = json!({"apiVersion": api_version(kind), "kind": kind, "metadata": {"name": to}});
            json!({"target": {"kind": kind, "name": from}, "patch": patch, "options": {"allowNameChange": name, "allowKindChange": kinds}})
        }),
    ]
}

/// A strategic-merge patch for one object: mostly one that is there ([`text`] finds it), now and then any name.
pub(super) fn strategic() -> impl Strategy<Value = Value> {
    let picked = (any::<u8>(), changes()).prop_map(|(at, change)| merge(json!({PICK: at}), change));
    let named = (kinds(), names(), changes()).prop_map(|(kind, name, change)| {
        merge(json!({"apiVersion": api_version(kind), "kind": kind, "metadata": {"name": name}}), change)
    });
    prop_oneof![6 => picked, 1 => named]
}

/// Stands in a patch for the identity of the object with this number.
const PICK: &str = "pick";

/// The patch as it is written into a kustomization over `objects`.
pub(super) fn text(patch: &Value, objects: &[Object]) -> String {
    let mut patch = patch.clone();
    if let Some(pick) = patch.as_object_mut().and_then(|patch| patch.remove(PICK)) {
        let at = pick.as_u64().and_then(|at| usize::try_from(at).ok()).unwrap_or_default();
        if let Some(object) = objects.get(at % objects.len().max(1)) {
            let mut whole = object.value();
            let identity = json!({"apiVersion": whole["apiVersion"].take(), "kind": object.kind(), "metadata": {"name": name(object.name)}});
            patch = merge(identity, patch);
            if let Some(namespace) = whole["metadata"].get("namespace") {
                patch["metadata"]["namespace"] = namespace.clone();
            }
        }
    }
    yaml(&patch)
}

fn merge(mut object: Value, change: Value) -> Value {
    let (Some(into), Value::Object(change)) = (object.as_object_mut(), change) else { return object };
    for (key, value) in change {
        match into.get_mut(&key) {
            Some(there) if there.is_object() => *there = merge(there.take(), value),
            _ => {
                into.insert(key, value);
            }
        }
    }
    object
}

fn changes() -> impl Strategy<Value = Value> {
    let pod = |spec: Value| json!({"spec": {"template": {"spec": spec}}});
    prop::sample::select(vec![
        json!({"metadata": {"annotations": {"patched": "yes"}}}),
        json!({"metadata": {"labels": {"app": "patched", "extra": "1"}}}),
        json!({"metadata": {"annotations": {"note": null}}}),
        json!({"metadata": {"labels": null}}),
        json!({"spec": {"replicas": 3}}),
        json!({"spec": {"replicas": null, "paused": true}}),
        pod(
            json!({"containers": [{"name": "main", "env": [{"name": "PLAIN", "value": "2"}, {"name": "NEW", "value": "x"}]}]}),
        ),
        pod(json!({"containers": [{"name": "main", "env": [{"name": "PLAIN", "$patch": "delete"}]}]})),
        // Keys that stand twice, where there may be no such list yet.
        pod(
            json!({"containers": [{"name": "fresh", "env": [{"name": "A", "value": "1"}, {"name": "B"}, {"name": "A", "value": "2"}],
            "ports": [{"containerPort": 1, "name": "a"}, {"containerPort": 1, "hostPort": 2}, {"containerPort": 2, "protocol": "UDP"}]}]}),
        ),
        pod(
            json!({"volumes": [{"name": "twice", "emptyDir": {}}, {"name": "twice", "secret": {"secretName": "keys"}}]}),
        ),
        // Numbers where texts in quotes may be.
        json!({"data": {"mode": 5, "url": true}}),
        json!({"metadata": {"labels": {"app": 7}}}),
        pod(json!({"containers": [{"name": "side", "$patch": "delete"}, {"name": "third", "image": "busybox"}]})),
        pod(json!({"containers": [{"name": "side", "image": "nginx"}, {"$patch": "replace"}]})),
        pod(
            json!({"containers": [{"name": "main", "args": ["--two"], "ports": [{"containerPort": 8080, "name": "web"}, {"containerPort": 9090}]}]}),
        ),
        pod(json!({"volumes": [{"name": "config", "$patch": "delete"}, {"name": "scratch", "emptyDir": {}}]})),
        pod(json!({"volumes": [{"name": "config", "configMap": null, "emptyDir": {"medium": "Memory"}}]})),
        pod(json!({"tolerations": [{"key": "b", "operator": "Exists"}], "nodeSelector": {"disk": "ssd"}})),
        pod(json!({"$patch": "replace", "containers": [{"name": "only", "image": "nginx"}]})),
        pod(json!({"affinity": {"$patch": "delete"}})),
        pod(json!({"affinity": null, "initContainers": [{"name": "zero", "image": "busybox"}]})),
        pod(json!({"imagePullSecrets": [{"name": "cache"}]})),
        json!({"spec": {"ports": [{"port": 80, "protocol": "TCP", "targetPort": 8080}, {"port": 443, "name": "https"}]}}),
        json!({"spec": {"ports": [{"port": 53, "$patch": "delete"}]}}),
        json!({"data": {"mode": "patched", "new": "value", "text": null}}),
        json!({"data": {"$patch": "replace", "only": "this"}}),
        json!({"subjects": [{"kind": "ServiceAccount", "name": "cache", "namespace": "ops"}]}),
        json!({"spec": {"parts": [{"name": "a", "size": 5}], "deep": {"list": ["z"], "more": {"a": 1}}}}),
        json!({"$patch": "delete"}),
        json!({}),
    ])
}

fn operations() -> impl Strategy<Value = Value> {
    let one = prop::sample::select(vec![
        json!({"op": "add", "path": "/metadata/labels", "value": {"by": "json"}}),
        json!({"op": "add", "path": "/metadata/annotations/by", "value": "json"}),
        json!({"op": "add", "path": "/metadata/annotations", "value": {"all": "new"}}),
        json!({"op": "add", "path": "/metadata/annotations/number", "value": 1.5}),
        json!({"op": "remove", "path": "/metadata/annotations"}),
        json!({"op": "copy", "from": "/metadata/labels", "path": "/metadata/annotations"}),
        json!({"op": "add", "path": "/metadata/labels/a~1b", "value": "c~d"}),
        json!({"op": "replace", "path": "/metadata/name", "value": "renamed"}),
        json!({"op": "remove", "path": "/metadata/labels"}),
        json!({"op": "add", "path": "/spec/template/spec/containers/-", "value": {"name": "added", "image": "nginx"}}),
        json!({"op": "add", "path": "/spec/template/spec/containers/0/env/0", "value": {"name": "FIRST", "value": "1"}}),
        json!({"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "redis:7"}),
        json!({"op": "remove", "path": "/spec/template/spec/containers/0/env"}),
        json!({"op": "copy", "from": "/metadata/name", "path": "/metadata/annotations/name"}),
        json!({"op": "move", "from": "/spec/selector", "path": "/spec/moved"}),
        json!({"op": "test", "path": "/kind", "value": "Deployment"}),
        json!({"op": "add", "path": "/data/added", "value": "0123"}),
        json!({"op": "replace", "path": "/spec/replicas", "value": 4}),
        json!({"op": "add", "path": "/spec/replicas", "value": 1.5}),
        json!({"op": "add", "path": "/spec/number", "value": 123_456_789}),
    ]);
    prop::collection::vec(one, 1..3).prop_map(Value::from)
}

pub(super) fn targets() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => kinds().prop_map(|kind| json!({"kind": kind})),
        2 => (kinds(), names()).prop_map(|(kind, name)| json!({"kind": kind, "name": name})),
        1 => prop::sample::select(vec![
            json!({"name": "web.*"}),
            json!({"kind": "Deployment|StatefulSet"}),
            json!({"labelSelector": "app=web"}),
            json!({"labelSelector": "app in (web, db),extra!=1"}),
            json!({"labelSelector": "!app"}),
            json!({"labelSelector": "app notin (web,), extra"}),
            json!({"labelSelector": "app in (web),"}),
            json!({"annotationSelector": "note,!on"}),
            json!({"annotationSelector": "on=yes"}),
            json!({"group": "apps"}),
            json!({"version": "v1", "namespace": "shop"}),
            json!({"group": "example.com", "version": "v1alpha1", "kind": "Widget"}),
        ]),
    ]
}
