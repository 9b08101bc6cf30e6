//! `Freeze`: no change reaches this cluster except through Teal. Realised by the agent (DESIGN §8).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why, until when, and who passes. Deleting the object lifts the freeze.
#[derive(CustomResource, Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "teal.dev",
    version = "v1alpha1",
    kind = "Freeze",
    root = "FreezeObject",
    crates(kube_core = "::kube_core"),
    plural = "freezes",
    category = "teal",
    status = "FreezeStatus",
    derive = "PartialEq",
    printcolumn(name = "State", type_ = "string", json_path = ".status.state"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".spec.reason"),
    printcolumn(name = "Until", type_ = "string", json_path = ".spec.until"),
    printcolumn(name = "Since", type_ = "string", json_path = ".status.since"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct FreezeSpec {
    /// Shown to everyone who is refused.
    pub reason: String,
    /// RFC 3339 time at which this cluster's agent lifts it by itself, without any switcher.
    pub until: String,
    /// Identities that pass besides Teal, Kubernetes' own controllers and the break-glass group.
    #[serde(default)]
    pub exempt: Exempt,
}

/// Identities that a freeze lets pass.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Exempt {
    /// User names, service accounts in their long form included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// Group names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

/// How the freeze stands.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FreezeStatus {
    /// Generation of the spec this status speaks of.
    #[serde(default)]
    pub observed_generation: i64,
    /// Where it is.
    #[serde(default)]
    pub state: FreezeState,
    /// RFC 3339 time since when no ordinary change can be admitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// How it is enforced, such as `ValidatingAdmissionPolicy freeze.teal.dev`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforced_by: Option<String>,
    /// RFC 3339 time of the last probe that was denied as it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probed_at: Option<String>,
    /// Probes denied in a row before it was called active.
    #[serde(default)]
    pub probes: u32,
    /// Milliseconds from seeing the request to *Active*.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// `Ready` is true while it is active.
    #[serde(default)]
    #[schemars(schema_with = "crate::sync::conditions_schema")]
    pub conditions: Vec<Condition>,
}

/// Where a freeze is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
pub enum FreezeState {
    /// Asked for; ordinary changes may still be admitted.
    #[default]
    Pending,
    /// The barrier has passed: no ordinary change in scope can be admitted.
    Active,
    /// Its time is over.
    Lifted,
}
