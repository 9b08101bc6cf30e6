//! Replicas that a scaler holds (SYNC §4). A HorizontalPodAutoscaler or KEDA writes `spec.replicas` through the `scale`
//! subresource; the API server then takes the field out of our entry. That is the cluster doing its work, not drift.
//!
//! - [`own_fields`](crate::owned::own_fields) counts the field as still ours while a scaler holds it.
//! - What is sent to a scaled object leaves it out: [`without_replicas`]. That is safe exactly then: our entry does not
//!   hold the field any more, so leaving it out resets nothing.
//!
//! `kubectl scale` is a person, and drift.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::conflict::Conflict;
use crate::owned::ManagedEntry;

/// Managers that scale.
pub const SCALERS: &[&str] = &["horizontal-pod-autoscaler", "keda-operator", "kube-controller-manager"];

/// Whether a scaler holds `spec.replicas` of the object with these entries.
#[must_use]
pub fn is_scaled<'a>(entries: impl IntoIterator<Item = ManagedEntry<'a>>) -> bool {
    entries.into_iter().any(|entry| {
        entry.subresource == "scale"
            && SCALERS.contains(&entry.manager)
            && entry.fields.pointer("/f:spec/f:replicas").is_some()
    })
}

/// Whether every conflict is about replicas that a scaler holds: apply again [without them](without_replicas).
#[must_use]
pub fn are_scaled(conflicts: &[Conflict]) -> bool {
    let scaled =
        |conflict: &Conflict| conflict.field == ".spec.replicas" && SCALERS.contains(&conflict.manager.as_str());
    !conflicts.is_empty() && conflicts.iter().all(scaled)
}

/// A body without `spec.replicas`; `None` when it has none. Everything else keeps its very bytes: a float that is read and
/// written again may be another one.
#[must_use]
pub fn without_replicas(body: &[u8]) -> Option<Vec<u8>> {
    let mut object: Raw = serde_json::from_slice(body).ok()?;
    let mut spec: Raw = serde_json::from_str(object.get("spec")?.get()).ok()?;
    spec.remove("replicas")?;
    object.insert("spec".to_owned(), serde_json::value::to_raw_value(&spec).ok()?);
    serde_json::to_vec(&object).ok()
}

/// A mapping whose values stay as they are written.
type Raw = BTreeMap<String, Box<RawValue>>;
