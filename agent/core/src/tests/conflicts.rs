use serde_json::{Value, json};

use crate::conflict::{causes_without_values, conflicts, immutables};

fn status(causes: Value) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "details": {"causes": causes}})
}

#[test]
fn conflicts_are_read_as_field_and_owner() {
    let body = status(json!([
        {"reason": "FieldManagerConflict", "field": ".spec.replicas",
         "message": "conflict with \"horizontal-pod-autoscaler\" with subresource \"scale\" using autoscaling/v1 at 2026-01-01T00:00:00Z"},
        {"reason": "FieldManagerConflict", "field": ".spec.paused", "message": "conflict with \"kubectl-edit\" using apps/v1"},
        {"reason": "FieldManagerConflict", "field": ".spec.paused", "message": "conflict with \"kubectl-edit\" using apps/v1"},
    ]));
    let found: Vec<_> = conflicts(&body).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [".spec.paused is owned by kubectl-edit", ".spec.replicas is owned by horizontal-pod-autoscaler"]
    );
    let stale = json!({"kind": "Status", "reason": "Conflict", "message": "the object has been modified"});
    assert_eq!(conflicts(&stale), []);
}

#[test]
fn immutable_fields_are_read_without_values() {
    for (rule, cause, want) in [
        (
            "a selector",
            json!({"reason": "FieldValueInvalid", "field": "spec.selector",
                "message": "Invalid value: {\"matchLabels\":{\"app\":\"a: b\"}}: field is immutable"}),
            Some("spec.selector: field is immutable"),
        ),
        (
            "a StatefulSet",
            json!({"reason": "FieldValueForbidden", "field": "spec",
                "message": "Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden"}),
            Some("spec: updates to statefulset spec for fields other than 'replicas' are forbidden"),
        ),
        (
            "a role reference",
            json!({"reason": "FieldValueInvalid", "field": "roleRef", "message": "Invalid value: {}: cannot change roleRef"}),
            Some("roleRef: cannot change roleRef"),
        ),
        (
            "an immutable Secret",
            json!({"reason": "FieldValueForbidden", "field": "data", "message": "Forbidden: field is immutable when `immutable` is set"}),
            Some("data: field is immutable when `immutable` is set"),
        ),
        (
            "a plain mistake",
            json!({"reason": "FieldValueRequired", "field": "spec.ports", "message": "Required value"}),
            None,
        ),
    ] {
        let found = immutables(&status(json!([cause])));
        assert_eq!(found.first().map(ToString::to_string).as_deref(), want, "{rule}");
    }
}

#[test]
fn g9_a_refusal_never_quotes_a_value() {
    let body = status(json!([
        {"reason": "FieldValueInvalid", "field": "data[pw]", "message": "Invalid value: \"hunter2\": a valid key must consist of letters"},
        {"reason": "FieldValueRequired", "field": "type", "message": "Required value"},
    ]));
    let told = causes_without_values(&body).unwrap();
    assert_eq!(told, "data[pw]: a valid key must consist of letters; type: Required value");
    assert_eq!(causes_without_values(&json!({"message": "x"})), None);
    for (message, want) in [
        ("Duplicate value: \"hunter2\"", "Duplicate value"),
        ("Invalid value: \"a: hunter2\"", "Invalid value"),
        ("Invalid value: \"a\\\": hunter2\": must be: short", "must be: short"),
        ("Invalid value: v1.Spec{Env:[]v1.EnvVar{{Name:\"A: b\", Value:\"hunter2\"}}}: is wrong", "is wrong"),
        ("Invalid value: v1.Spec{Value:`hunter2\"`, B: hunter2: hunter2", "Invalid value"),
        ("Unsupported value: \"hunter2\": supported values: \"A\", \"B\"", "supported values: \"A\", \"B\""),
        ("Too long: may not be more than 253 bytes", "may not be more than 253 bytes"),
        ("Too many: 5: must have at most 3 items", "must have at most 3 items"),
        (
            "Forbidden: pod updates may not change fields other than `image`\n  core.PodSpec{\n- Value: \"hunter2\",\n",
            "pod updates may not change fields other than `image`",
        ),
        ("Invalid value: {}: spec is immutable\n  core.Spec{\n- Value: \"hunter2\",\n", "spec is immutable"),
        ("", ""),
    ] {
        let told = causes_without_values(&status(json!([{"field": "f", "message": message}]))).unwrap();
        assert_eq!(told, format!("f: {want}"), "{message}");
    }
}
