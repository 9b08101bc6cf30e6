//! Owned fields, foreign fields and the back-off of fights.

use std::time::Duration;

use serde_json::{Value, json};

use super::make::id;
use crate::backoff::Fights;
use crate::conflict::Conflict;
use crate::owned::{KNOWN_CONTROLLERS, ManagedEntry, foreign_fields, own_fields, paths};
use crate::scaled::{are_scaled, is_scaled, without_replicas};

fn entry(manager: &str, operation: &str, subresource: &str, fields: Value) -> Value {
    json!({"manager": manager, "operation": operation, "subresource": subresource, "apiVersion": "apps/v1",
        "fieldsType": "FieldsV1", "fieldsV1": fields})
}

fn hash(entries: &[Value]) -> Option<crate::Digest> {
    own_fields(ManagedEntry::all(&json!({"managedFields": entries})), "teal-agent")
}

#[test]
fn drift_is_a_change_of_our_own_entry_and_of_nothing_else() {
    let ours = entry("teal-agent", "Apply", "", json!({"f:spec": {"f:replicas": {}}}));
    let at_first = hash(std::slice::from_ref(&ours));
    assert!(at_first.is_some());
    let less = entry("teal-agent", "Apply", "", json!({"f:spec": {}}));
    let mut other_version = ours.clone();
    other_version["apiVersion"] = "apps/v2".into();
    let mut later = ours.clone();
    later["time"] = "2026-01-01T00:00:00Z".into();
    for (rule, entries, drifted) in [
        (
            "others come and go",
            vec![entry("kubelet", "Update", "status", json!({"f:status": {}})), ours.clone()],
            false,
        ),
        ("the time is no content", vec![later], false),
        ("a field taken from us", vec![less], true),
        ("another version of the fields", vec![other_version], true),
        ("our entry gone", vec![entry("kubectl-edit", "Update", "", json!({"f:spec": {"f:replicas": {}}}))], true),
        (
            "an Update of ours is not the entry",
            vec![entry("teal-agent", "Update", "", json!({"f:spec": {"f:replicas": {}}}))],
            true,
        ),
        (
            "an Apply to a subresource is not the entry",
            vec![entry("teal-agent", "Apply", "status", json!({"f:spec": {"f:replicas": {}}}))],
            true,
        ),
    ] {
        assert_eq!(hash(&entries) != at_first, drifted, "{rule}");
    }
    assert_eq!(hash(&[]), None);
    assert_eq!(own_fields(ManagedEntry::all(&json!({})), "teal-agent"), None, "no managedFields at all");
}

#[test]
fn what_a_scaler_holds_is_no_drift_and_is_left_to_it() {
    let ours = entry("teal-agent", "Apply", "", json!({"f:spec": {"f:replicas": {}, "f:paused": {}}}));
    let less = entry("teal-agent", "Apply", "", json!({"f:spec": {"f:paused": {}}}));
    let replicas = json!({"f:spec": {"f:replicas": {}}});
    let before = hash(std::slice::from_ref(&ours));
    for (rule, manager, subresource, drifted) in [
        ("an autoscaler scales", "kube-controller-manager", "scale", false),
        ("KEDA wakes it up", "keda-operator", "scale", false),
        ("a person scales", "kubectl", "scale", true),
        ("a person edits", "kubectl-edit", "", true),
        ("a controller writes it past the subresource", "kube-controller-manager", "", true),
    ] {
        let taken = entry(manager, "Update", subresource, replicas.clone());
        assert_eq!(hash(&[less.clone(), taken.clone()]) != before, drifted, "{rule}");
        assert_eq!(hash(&[taken.clone(), less.clone()]) != before, drifted, "{rule}, in the other order");
        let scaled = is_scaled(ManagedEntry::of(&taken));
        assert_eq!(scaled, !drifted, "{rule}");
    }
    let conflict = |field: &str, manager: &str| Conflict { field: field.into(), manager: manager.into() };
    let scaler = conflict(".spec.replicas", "kube-controller-manager");
    assert!(are_scaled(std::slice::from_ref(&scaler)));
    assert!(!are_scaled(&[]));
    assert!(!are_scaled(&[scaler, conflict(".spec.paused", "kube-controller-manager")]));
    assert!(!are_scaled(&[conflict(".spec.replicas", "kubectl")]));
    let body = without_replicas(br#"{"kind":"Deployment","spec":{"paused":true,"replicas":3}}"#).unwrap();
    assert_eq!(body, br#"{"kind":"Deployment","spec":{"paused":true}}"#);
    assert_eq!(without_replicas(br#"{"kind":"ConfigMap"}"#), None);
    assert_eq!(without_replicas(br#"{"spec":[1]}"#), None);
    // A float that serde_json, without its feature for that, reads as its neighbour.
    let exact = r#"{"spec":{"a":[51.24817837550540,1E5,"\u0041"],"x":{"replicas":1}}}"#;
    let body = exact.replace("{\"a\"", "{\"replicas\":3,\"a\"");
    assert_eq!(String::from_utf8(without_replicas(body.as_bytes()).unwrap()).unwrap(), exact);
}

#[test]
fn paths_are_readable() {
    let fields = json!({
        "f:metadata": {"f:annotations": {".": {}, "f:teal.dev/owner": {}}, "f:finalizers": {".": {}, "v:\"keep\"": {}}},
        "f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {".": {}, "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {"f:name": {}}}}}},
        "f:data": {},
    });
    assert_eq!(
        paths(&fields),
        [
            ".data",
            ".metadata.annotations[teal.dev/owner]",
            ".metadata.finalizers[\"keep\"]",
            ".spec.containers[name=web].ports[containerPort=80,protocol=TCP].name",
        ]
    );
}

#[test]
fn foreign_fields_are_a_persons_not_a_controllers() {
    let metadata = json!({"managedFields": [
        entry("teal-agent", "Apply", "", json!({"f:spec": {"f:replicas": {}}})),
        entry("kubectl-edit", "Update", "", json!({"f:spec": {"f:replicas": {}, "f:paused": {}}, "f:status": {"f:phase": {}}})),
        entry("kubectl-edit", "Update", "status", json!({"f:status": {"f:phase": {}}})),
        entry("kube-controller-manager", "Update", "", json!({"f:metadata": {"f:annotations": {"f:deployment.kubernetes.io/revision": {}}}})),
        entry("Mozilla", "Update", "", json!({"f:spec": {"f:replicas": {}}})),
    ]});
    let foreign = foreign_fields(ManagedEntry::all(&metadata), "teal-agent", KNOWN_CONTROLLERS, 10);
    assert_eq!(foreign.len(), 1, "{foreign:?}");
    assert_eq!(
        (foreign[0].manager.as_str(), foreign[0].fields.as_slice()),
        ("kubectl-edit", [".spec.paused".to_owned()].as_slice())
    );
}

#[test]
fn a_fight_slows_down_and_is_forgotten() {
    let (mut fights, web) = (Fights::default(), id("apps/Deployment/shop/web"));
    let at = Duration::from_secs;
    let mut now = at(100);
    let mut waits = Vec::new();
    for _ in 0..9 {
        let due = fights.due(&web, now);
        waits.push((due - now).as_secs());
        now = due;
        fights.repaired(&web, now);
    }
    assert_eq!(waits, [0, 2, 6, 18, 54, 162, 300, 300, 300]);
    assert_eq!(fights.rounds(&web), 9);
    assert_eq!(fights.due(&id("apps/Deployment/shop/db"), now), now, "another object does not wait");
    let quiet = now + at(300) + at(600);
    assert!(fights.due(&web, quiet - at(301)) > quiet - at(301) || fights.rounds(&web) == 9);
    assert_eq!(fights.due(&web, quiet), quiet, "after a quiet time the first repair is at once again");
    fights.repaired(&web, quiet);
    assert_eq!(fights.rounds(&web), 1);
    fights.forget_quiet(quiet + at(602));
    assert_eq!(fights.rounds(&web), 0);
}
