//! What is known of each color: its cluster, how equal it is, its freezes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One color.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ColorStatus {
    /// Its name.
    pub name: String,
    /// `active` or `standby`, as the ledger has it.
    pub role: String,
    /// Whether the record points to it.
    pub live: bool,
    /// `ok`, `fail` or `unknown`.
    pub proof: String,
    /// What the proof rests on.
    pub proof_message: String,
    /// The addresses traffic is sent to.
    pub addresses: Vec<String>,
    /// What its API server tells, or why it is not known.
    pub cluster: ClusterStatus,
}

/// What is known of a cluster through its API server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterStatus {
    /// Why nothing, or nothing new, is known; absent when all is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// Version of the API server.
    #[serde(default)]
    pub version: String,
    /// Nodes.
    #[serde(default)]
    pub nodes: u32,
    /// Nodes that are Ready.
    #[serde(default)]
    pub nodes_ready: u32,
    /// Name of its Sync.
    #[serde(default)]
    pub sync: String,
    /// Whether the Sync is Ready.
    #[serde(default)]
    pub sync_ready: bool,
    /// What the Sync says of itself.
    #[serde(default)]
    pub sync_message: String,
    /// Commit that it has converged to.
    #[serde(default)]
    pub revision: String,
    /// Commit it is pinned to; empty when it follows its branch.
    #[serde(default)]
    pub pin: String,
    /// The role its agent acts by.
    #[serde(default)]
    pub role: String,
    /// Declared objects, as far as its agent tells.
    #[serde(default)]
    pub objects: u32,
}

/// How equal two clusters are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParityStatus {
    /// `pass`, `fail`, `inconclusive` or `error`.
    pub outcome: String,
    /// Share of declared objects that are equal, 0 to 1; absent when inconclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// One sentence.
    pub message: String,
    /// Objects by state, such as `equal`, `missing`, `drifted`.
    pub objects: std::collections::BTreeMap<String, u64>,
    /// The first differing objects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differing: Vec<String>,
    /// When it was measured.
    pub at: Timestamp,
}

/// One freeze of one cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FreezeFacts {
    /// The color that is frozen.
    pub color: String,
    /// `Pending`, `Active` or `Lifted`.
    pub state: String,
    /// Why.
    pub reason: String,
    /// RFC 3339, since when no ordinary change passes; empty while pending.
    #[serde(default)]
    pub since: String,
    /// RFC 3339, when its own agent lifts it.
    pub until: String,
}
