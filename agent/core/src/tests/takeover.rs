use serde_json::{Value, json};

use crate::takeover::{is_predecessor, take_over};

fn entry(manager: &str, operation: &str, fields: Value) -> Value {
    json!({"manager": manager, "operation": operation, "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": fields})
}

fn fields_of<'a>(entries: &'a [Value], manager: &str) -> Option<&'a Value> {
    entries.iter().find(|entry| entry["manager"] == manager).map(|entry| &entry["fieldsV1"])
}

#[test]
fn the_list_of_predecessors() {
    for (manager, want) in [
        ("kubectl-client-side-apply", true),
        ("kubectl", true),
        ("kubectl-edit", true),
        ("kustomize-controller", true),
        ("helm-controller", true),
        ("argocd-controller", true),
        ("before-first-apply", true),
        ("kube-controller-manager", false),
        ("kubectlish", false),
        ("teal-agent", false),
        ("somebody", false),
    ] {
        assert_eq!(is_predecessor(manager), want, "{manager}");
    }
}

#[test]
fn predecessors_fields_become_ours_and_others_stay() {
    let managed = [
        entry(
            "kubectl-client-side-apply",
            "Update",
            json!({"f:spec": {"f:replicas": {}, "f:dropped": {}}, "f:status": {"f:x": {}}}),
        ),
        entry("kustomize-controller", "Apply", json!({"f:spec": {"f:template": {"f:spec": {}}}})),
        entry("horizontal-pod-autoscaler", "Update", json!({"f:spec": {"f:replicas": {}}})),
    ];
    let after = take_over(&managed, "teal-agent", "apps/v1").unwrap();
    assert_eq!(after.len(), 2);
    assert_eq!(
        fields_of(&after, "teal-agent").unwrap(),
        &json!({"f:spec": {"f:replicas": {}, "f:dropped": {}, "f:template": {"f:spec": {}}}}),
        "what git dropped is ours now, so our apply removes it; status never is"
    );
    assert_eq!(fields_of(&after, "horizontal-pod-autoscaler"), Some(&managed[2]["fieldsV1"]));
    assert_eq!((&after[0]["operation"], &after[0]["apiVersion"]), (&json!("Apply"), &json!("apps/v1")));
    assert_eq!(take_over(&after, "teal-agent", "apps/v1"), None, "a second take-over has nothing to do");
}

#[test]
fn our_own_entry_is_kept_and_extended() {
    let managed = [
        entry("teal-agent", "Apply", json!({"f:data": {"f:a": {}}})),
        entry("argocd-controller", "Apply", json!({"f:data": {"f:b": {}}})),
    ];
    let after = take_over(&managed, "teal-agent", "v1").unwrap();
    assert_eq!(after.len(), 1);
    assert_eq!(fields_of(&after, "teal-agent").unwrap(), &json!({"f:data": {"f:a": {}, "f:b": {}}}));
    assert_eq!(after[0]["apiVersion"], "apps/v1");
}

#[test]
fn finalizers_of_an_unknown_past_are_not_taken() {
    let past =
        json!({"f:metadata": {"f:finalizers": {"v:\"keep\"": {}}, "f:ownerReferences": {}, "f:labels": {"f:a": {}}}});
    let after = take_over(&[entry("before-first-apply", "Update", past.clone())], "teal-agent", "v1").unwrap();
    assert_eq!(fields_of(&after, "teal-agent").unwrap(), &json!({"f:metadata": {"f:labels": {"f:a": {}}}}));
    let after = take_over(&[entry("helm-controller", "Apply", past.clone())], "teal-agent", "v1").unwrap();
    assert_eq!(fields_of(&after, "teal-agent").unwrap(), &past, "what a predecessor declared, it declared");
}

#[test]
fn nothing_to_take_over() {
    let mut scale = entry("kubectl-scale", "Update", json!({"f:spec": {"f:replicas": {}}}));
    scale["subresource"] = "scale".into();
    for (rule, managed) in [
        ("no history", vec![]),
        ("only controllers", vec![entry("kube-controller-manager", "Update", json!({"f:spec": {}}))]),
        ("a subresource's entry belongs to the subresource", vec![scale]),
    ] {
        assert_eq!(take_over(&managed, "teal-agent", "v1"), None, "{rule}");
    }
}
