//! Taking an object over from a predecessor without losing or resurrecting a field (SYNC §4).
//!
//! Our first apply would leave fields that git dropped long ago to the predecessor's entry, where nobody removes them any
//! more. So the entries of known predecessors are merged into ours first: what git still declares stays, what it dropped
//! goes with the apply that follows.
//!
//! `before-first-apply` is written by the API server for objects without a history and claims *every* field. Finalizers
//! and owner references are never taken from it: nobody knows who set them, and removing them deletes things.

use serde_json::{Map, Value, json};

/// Managers whose fields are taken over, exactly these names …
pub const PREDECESSORS: &[&str] = &[
    "argocd-application-controller",
    "argocd-controller",
    "before-first-apply",
    "helm",
    "helm-controller",
    "kubectl",
    "kustomize-controller",
];
/// … and those that begin so: `kubectl-client-side-apply`, `kubectl-create`, `kubectl-edit`, `kubectl-patch` …
const PREDECESSOR_PREFIX: &str = "kubectl-";

/// Whether fields of this manager are taken over.
#[must_use]
pub fn is_predecessor(manager: &str) -> bool {
    PREDECESSORS.contains(&manager) || manager.starts_with(PREDECESSOR_PREFIX)
}

/// The `managedFields` to write before our first apply: predecessors' entries merged into `manager`'s Apply entry.
///
/// `None` when there is nothing to take over. Call it only for objects that are not ours yet: a `kubectl edit` on an
/// object we own is a change to be shown, not a predecessor. `api_version` is the one git declares; it is used when we
/// have no entry yet. The write must carry the live `resourceVersion`.
#[must_use]
pub fn take_over(managed_fields: &[Value], manager: &str, api_version: &str) -> Option<Vec<Value>> {
    let text = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_ours = |entry: &Value| text(entry, "manager") == manager && text(entry, "operation") == "Apply";
    let (taken, mut kept): (Vec<&Value>, Vec<&Value>) = managed_fields
        .iter()
        .partition(|entry| text(entry, "subresource").is_empty() && is_predecessor(&text(entry, "manager")));
    if taken.is_empty() {
        return None;
    }
    let ours = kept.iter().position(|entry| is_ours(entry) && text(entry, "subresource").is_empty());
    let mut merged = match ours {
        Some(index) => kept.remove(index).clone(),
        None => json!({"manager": manager, "operation": "Apply", "apiVersion": api_version, "fieldsType": "FieldsV1"}),
    };
    let mut fields = match merged.get_mut("fieldsV1").map(Value::take) {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let mut time = text(&merged, "time");
    for entry in taken {
        if let Some(Value::Object(theirs)) = entry.get("fieldsV1") {
            let mut theirs = theirs.clone();
            theirs.remove("f:status");
            if text(entry, "manager") == "before-first-apply" {
                forget_guesses(&mut theirs);
            }
            union(&mut fields, theirs);
        }
        time = time.max(text(entry, "time"));
    }
    if let Value::Object(merged) = &mut merged {
        merged.insert("fieldsV1".to_owned(), Value::Object(fields));
        if !time.is_empty() {
            merged.insert("time".to_owned(), time.into());
        }
    }
    Some(std::iter::once(merged).chain(kept.into_iter().cloned()).collect())
}

fn forget_guesses(fields: &mut Map<String, Value>) {
    if let Some(Value::Object(metadata)) = fields.get_mut("f:metadata") {
        metadata.remove("f:finalizers");
        metadata.remove("f:ownerReferences");
    }
}

/// Set union of two `fieldsV1`: both are trees of keys.
fn union(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (key, theirs) in from {
        match (into.get_mut(&key), theirs) {
            (Some(Value::Object(ours)), Value::Object(theirs)) => union(ours, theirs),
            (Some(_), _) => {}
            (None, theirs) => {
                into.insert(key, theirs);
            }
        }
    }
}
