//! `Inventory`: what Teal claims and owns in this cluster, in shards of at most 128 KiB (SYNC §1).

use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One shard. Kept in `spec`, because it is a record of intent as much as of fact: it is written before objects are.
#[derive(CustomResource, Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "teal.dev",
    version = "v1alpha1",
    kind = "Inventory",
    root = "InventoryObject",
    crates(kube_core = "::kube_core"),
    plural = "inventories",
    category = "teal",
    derive = "PartialEq",
    printcolumn(name = "Sync", type_ = "string", json_path = ".spec.sync"),
    printcolumn(name = "Shard", type_ = "string", json_path = ".spec.shard"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct InventorySpec {
    /// Name of the Sync.
    pub sync: String,
    /// Hash prefix that this shard holds, such as `0`; empty while there is one shard.
    pub shard: String,
    /// UID of the `kube-system` namespace of the cluster these entries speak of; another cluster's inventory is refused.
    pub cluster_uid: String,
    /// Version of the digest rules; entries of another version are recomputed, never compared.
    pub digest_version: u32,
    /// The entries, sorted by id. Atomic: replaced as a whole.
    #[schemars(schema_with = "entries_schema")]
    pub entries: Vec<Entry>,
}

/// One object.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// `group/Kind/namespace/name`; group and namespace may be empty.
    pub id: String,
    /// Slug of the unit that declares it.
    pub unit: String,
    /// UID of the live object once it is owned; absent while only claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// It existed before Teal: removing it from git orphans it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopted: bool,
    /// Digest of the desired object as applied here.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// Digest of the desired object without declared differences (colors, roles): equal on two clusters means equal.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub parity: String,
    /// Hash of our own Apply entry in managedFields after the last apply (SYNC §5).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fields: String,
}

fn entries_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "array",
        "x-kubernetes-list-type": "atomic",
        "items": {
            "type": "object",
            "required": ["id", "unit"],
            "properties": {
                "id": {"type": "string"},
                "unit": {"type": "string"},
                "uid": {"type": "string"},
                "adopted": {"type": "boolean"},
                "digest": {"type": "string"},
                "parity": {"type": "string"},
                "fields": {"type": "string"}
            }
        }
    })
}
