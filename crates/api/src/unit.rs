//! `Unit`: one directory of the fleet as it stands in this cluster. Written by the agent alone.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most problems listed in one status; the counts are always complete.
pub const MAX_PROBLEMS: usize = 50;

/// Which directory of which Sync.
#[derive(CustomResource, Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "teal.dev",
    version = "v1alpha1",
    kind = "Unit",
    root = "UnitObject",
    crates(kube_core = "::kube_core"),
    plural = "units",
    shortname = "tunit",
    category = "teal",
    category = "gitops",
    status = "UnitStatus",
    derive = "PartialEq",
    printcolumn(name = "Layer", type_ = "string", json_path = ".spec.layer"),
    printcolumn(name = "Path", type_ = "string", json_path = ".spec.path"),
    printcolumn(name = "Objects", type_ = "integer", json_path = ".status.objects"),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Status", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].message"#),
    printcolumn(name = "Revision", type_ = "string", json_path = ".status.revision", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct UnitSpec {
    /// Name of the Sync.
    pub sync: String,
    /// Name of the layer.
    pub layer: String,
    /// Directory inside the fleet.
    pub path: String,
}

/// How the unit stands.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnitStatus {
    /// `Ready`, `Reconciling`, `Stalled`.
    #[serde(default)]
    #[schemars(schema_with = "crate::sync::conditions_schema")]
    pub conditions: Vec<Condition>,
    /// Commit this unit was last applied from, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Digest of its rendered objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Where it is.
    #[serde(default)]
    pub state: UnitState,
    /// Declared objects.
    #[serde(default)]
    pub objects: u32,
    /// Applied and Current.
    #[serde(default)]
    pub ready: u32,
    /// Could not be applied, or Failed.
    #[serde(default)]
    pub failed: u32,
    /// Differ from git right now.
    #[serde(default)]
    pub drifted: u32,
    /// Objects that are not as declared, worst first, at most [`MAX_PROBLEMS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

/// Where a unit is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
pub enum UnitState {
    /// An earlier layer or unit is not ready yet.
    #[default]
    Waiting,
    /// Its objects are being applied or are not all Current yet.
    Progressing,
    /// Everything is applied and Current.
    Ready,
    /// Something failed; the rest is applied.
    Failed,
}

/// One object (or file) that is not as declared.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// `group/Kind namespace/name`, or the path of a file.
    pub subject: String,
    /// Closed set of CamelCase reasons: `Invalid`, `Conflict`, `Immutable`, `UnknownKind`, `NotReady`, `Failed`, `Drifted` …
    pub reason: String,
    /// What happened and what to do.
    pub message: String,
}
