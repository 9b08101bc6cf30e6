//! The little of an object's metadata that Teal looks at, decoded without the rest.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use teal_agent_core::Digest;
use teal_agent_core::owned::{self, KNOWN_CONTROLLERS, foreign_fields, own_fields};
use teal_agent_core::takeover::is_predecessor;
use teal_api::names::{AGENT_MANAGER, OWNER_ANNOTATION, PRUNE_ANNOTATION};

/// Most fields named of one foreign manager.
pub const FOREIGN_FIELDS: usize = 5;

/// Reduced metadata of a live object.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Meta {
    /// Name.
    pub name: String,
    /// Namespace; empty for cluster-scoped objects.
    pub namespace: String,
    /// UID.
    pub uid: String,
    /// Resource version.
    pub resource_version: String,
    /// Generation of the spec; 0 for kinds without one.
    pub generation: i64,
    /// RFC 3339.
    pub creation_timestamp: Option<String>,
    /// Set while it is being deleted.
    pub deletion_timestamp: Option<String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// Who owns which fields. Dropped as soon as it is hashed.
    pub managed_fields: Vec<ManagedEntry>,
}

/// One entry of `metadata.managedFields`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ManagedEntry {
    /// The manager's name.
    pub manager: String,
    /// `Apply` or `Update`.
    pub operation: String,
    /// Version the fields are written in.
    pub api_version: String,
    /// RFC 3339.
    pub time: Option<String>,
    /// `status`, `scale` or nothing.
    pub subresource: String,
    /// The set of fields.
    #[serde(rename = "fieldsV1")]
    pub fields: Value,
}

impl ManagedEntry {
    fn as_core(&self) -> owned::ManagedEntry<'_> {
        owned::ManagedEntry {
            manager: &self.manager,
            operation: &self.operation,
            api_version: &self.api_version,
            subresource: &self.subresource,
            fields: &self.fields,
        }
    }

    /// Whether this is the entry of Teal's own applies.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.manager == AGENT_MANAGER && self.operation == "Apply" && self.subresource.is_empty()
    }
}

impl Meta {
    /// Hash of our own Apply entry; `None` when we have none (any more).
    ///
    /// An API server without server-side apply tracks no fields at all. There the generation of an object that carries our
    /// annotation stands in: it changes with every change of the spec, whoever makes it.
    #[must_use]
    pub fn own_fields(&self) -> Option<Digest> {
        if self.managed_fields.is_empty() && self.owner().is_some() {
            return Some(Digest::of_parts([b"untracked".as_slice(), &self.generation.to_be_bytes()]));
        }
        own_fields(self.managed_fields.iter().map(ManagedEntry::as_core), AGENT_MANAGER)
    }

    /// What managers that are neither we nor known controllers put on it beside what git declares, in words: who, and at
    /// most [`FOREIGN_FIELDS`] paths each. Finalizers and owner references are left out: controllers put them, and will on
    /// another cluster.
    #[must_use]
    pub fn foreign(&self) -> Option<String> {
        let stranger = |entry: &ManagedEntry| {
            let known = entry.manager == AGENT_MANAGER || KNOWN_CONTROLLERS.contains(&entry.manager.as_str());
            entry.subresource.is_empty() && !known
        };
        // Almost no object has any; the paths of all fields are only worked out for those that do.
        if self.owner().is_none() || !self.managed_fields.iter().any(stranger) {
            return None;
        }
        let entries = self.managed_fields.iter().map(ManagedEntry::as_core);
        let told = foreign_fields(entries, AGENT_MANAGER, KNOWN_CONTROLLERS, usize::MAX).into_iter().filter_map(|by| {
            let of_controllers = [".metadata.finalizers", ".metadata.ownerReferences"];
            let fields: Vec<_> =
                by.fields.into_iter().filter(|path| !of_controllers.iter().any(|of| path.starts_with(of))).collect();
            let more = fields.len().saturating_sub(FOREIGN_FIELDS);
            let shown = fields.get(..fields.len() - more)?.join(", ");
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            (!fields.is_empty()).then(|| format!("{} set {shown}{more}", by.manager))
        });
        Some(told.collect::<Vec<_>>().join("; ")).filter(|told| !told.is_empty())
    }

    /// Whether a manager whose fields we take over owns any here.
    #[must_use]
    pub fn has_predecessor(&self) -> bool {
        let mut entries = self.managed_fields.iter().filter(|entry| entry.subresource.is_empty());
        entries.any(|entry| is_predecessor(&entry.manager))
    }

    /// When our own Apply entry last changed, else when the object was made.
    #[must_use]
    pub fn applied_at(&self) -> Option<jiff::Timestamp> {
        let ours = self.managed_fields.iter().find(|entry| entry.is_ours()).and_then(|entry| entry.time.as_deref());
        ours.or(self.creation_timestamp.as_deref())?.parse().ok()
    }

    /// The resource version as a number. Kubernetes promises that they can be compared so (KEP-5504); 0 when it is none.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.resource_version.parse().unwrap_or(0)
    }

    /// The other manager that wrote last, status aside; names the opponent of a drift.
    #[must_use]
    pub fn last_other_writer(&self) -> Option<&str> {
        let others = self.managed_fields.iter().filter(|entry| !entry.is_ours() && entry.subresource != "status");
        others.max_by(|a, b| a.time.cmp(&b.time)).map(|entry| entry.manager.as_str())
    }

    /// The annotation that proves ownership.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.annotations.get(OWNER_ANNOTATION).map(String::as_str)
    }

    /// What the live object says about pruning it.
    #[must_use]
    pub fn prune_wish(&self) -> Option<&str> {
        self.annotations.get(PRUNE_ANNOTATION).map(String::as_str)
    }

    /// Whether Teal itself made it: our entry is as old as the object, and nobody else wrote before us.
    ///
    /// Asked only after a crash between apply and own; times are whole seconds, so two are allowed.
    #[must_use]
    pub fn born_by_us(&self) -> bool {
        let at = |time: &Option<String>| time.as_deref().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let Some(born) = at(&self.creation_timestamp) else { return false };
        let near = |entry: &ManagedEntry| at(&entry.time).is_some_and(|time| time.duration_since(born).as_secs() <= 2);
        let mut ours = false;
        for entry in self.managed_fields.iter().filter(|entry| entry.subresource.is_empty()) {
            match (entry.is_ours(), near(entry)) {
                (true, true) => ours = true,
                (true, false) | (false, true) => return false,
                (false, false) => {}
            }
        }
        ours
    }
}

/// The envelope of a `PartialObjectMetadata` answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Partial {
    #[serde(default)]
    pub(crate) metadata: Meta,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn meta(entries: Value) -> Meta {
        serde_json::from_value(
            json!({"name": "x", "creationTimestamp": "2026-11-21T10:00:00Z", "managedFields": entries}),
        )
        .unwrap()
    }

    #[test]
    fn an_object_is_ours_by_birth_only_when_nobody_wrote_before() {
        let ours = json!({"manager": "teal-agent", "operation": "Apply", "time": "2026-11-21T10:00:01Z"});
        let late = json!({"manager": "teal-agent", "operation": "Apply", "time": "2026-11-21T10:05:00Z"});
        let maker = json!({"manager": "kubectl", "operation": "Update", "time": "2026-11-21T10:00:00Z"});
        let later = json!({"manager": "controller", "operation": "Update", "time": "2026-11-21T10:09:00Z"});
        for (rule, entries, want) in [
            ("made by us", json!([ours]), true),
            ("made by us, written to later", json!([ours, later]), true),
            ("made by kubectl", json!([maker, late]), false),
            ("made by kubectl a moment before us", json!([maker, ours]), false),
            ("ours is too late to be the maker", json!([late]), false),
            ("not ours at all", json!([maker]), false),
        ] {
            assert_eq!(meta(entries).born_by_us(), want, "{rule}");
        }
    }
}
