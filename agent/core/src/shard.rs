//! An inventory as it is stored: shards of at most 128 KiB, by the leading bits of each id's hash (SYNC §1).
//!
//! Binary prefixes (`0`, `10`, `11` …) keep shards between half full and full, so that a first sync writes few of them.
//! A shard that shrank is joined with its sibling only when both fit in half a shard: no flapping at the border.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::digest::{DIGEST_VERSION, Digest};
use crate::id::ObjectId;
use crate::inventory::{Entry, Inventory, State};

/// Largest shard, as JSON of its entries: 128 KiB.
pub const MAX_SHARD_BYTES: usize = 128 * 1024;
/// Deepest prefix; 2^16 shards are far beyond any cluster.
const MAX_DEPTH: usize = 16;

/// One entry in its stored form; field for field what the `Inventory` kind holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// [`ObjectId::key`].
    pub id: String,
    /// Slug of the unit.
    pub unit: String,
    /// UID once owned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// It existed before Teal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopted: bool,
    /// Digest as last applied; empty when unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// Parity digest as last applied; empty when unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub parity: String,
    /// Hash of our own Apply entry; empty when unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fields: String,
}

/// One stored shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Leading bits of the hash of every id in it, as `0` and `1`; empty while there is one shard.
    pub prefix: String,
    /// UID of the `kube-system` namespace of the cluster it speaks of.
    pub cluster_uid: String,
    /// [`DIGEST_VERSION`] of its digests.
    pub digest_version: u32,
    /// Its entries, sorted by id.
    pub records: Vec<Record>,
}

/// Why stored shards can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InventoryError {
    /// Another cluster's inventory came back, as from a backup.
    #[error(
        "inventory shard {prefix:?} belongs to the cluster whose kube-system UID is {found}, this one's is {expected}; \
         delete the restored Inventory objects, it is then rebuilt from the live objects"
    )]
    ForeignCluster {
        /// The shard.
        prefix: String,
        /// This cluster.
        expected: String,
        /// The cluster it was written for.
        found: String,
    },
    /// An id that nobody wrote.
    #[error(
        "inventory shard {prefix:?} holds the id {id:?}, which is not group/Kind/namespace/name; delete that shard"
    )]
    BadId {
        /// The shard.
        prefix: String,
        /// The id.
        id: String,
    },
}

impl InventoryError {
    /// Closed set: metric label, Event reason and log field alike.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::ForeignCluster { .. } => "ForeignInventory",
            Self::BadId { .. } => "BrokenInventory",
        }
    }
}

impl Inventory {
    /// Cuts the inventory into shards. `current` holds the prefixes that are stored now: a split is kept until both halves
    /// fit in half a shard. Always at least one shard, so that an empty inventory can be told from a lost one.
    #[must_use]
    pub fn shards(&self, cluster_uid: &str, current: &BTreeSet<String>) -> Vec<Shard> {
        let records: Vec<_> = self
            .entries
            .iter()
            .map(|(id, entry)| {
                let record = Record::of(id, entry);
                let size = record.size();
                (hash(&record.id), record, size)
            })
            .collect();
        let mut shards = Vec::new();
        split(String::new(), records, current, &mut shards);
        shards
            .into_iter()
            .map(|(prefix, records)| Shard {
                prefix,
                cluster_uid: cluster_uid.to_owned(),
                digest_version: DIGEST_VERSION,
                records,
            })
            .collect()
    }

    /// Joins stored shards. An id found twice (a crash while a shard was split) keeps its owned record.
    ///
    /// Digests of another version are dropped, never compared: those objects are applied again once.
    ///
    /// # Errors
    /// See [`InventoryError`].
    pub fn merge(cluster_uid: &str, shards: impl IntoIterator<Item = Shard>) -> Result<Self, InventoryError> {
        let mut entries: BTreeMap<ObjectId, Entry> = BTreeMap::new();
        for shard in shards {
            if shard.cluster_uid != cluster_uid {
                return Err(InventoryError::ForeignCluster {
                    prefix: shard.prefix,
                    expected: cluster_uid.to_owned(),
                    found: shard.cluster_uid,
                });
            }
            let same_version = shard.digest_version == DIGEST_VERSION;
            for record in shard.records {
                let Some(id) = ObjectId::from_key(&record.id) else {
                    return Err(InventoryError::BadId { prefix: shard.prefix, id: record.id });
                };
                let entry = record.entry(same_version);
                if entry.uid().is_some() || !entries.contains_key(&id) {
                    entries.insert(id, entry);
                }
            }
        }
        Ok(Self { entries })
    }
}

impl Record {
    /// The stored form of an entry.
    #[must_use]
    pub fn of(id: &ObjectId, entry: &Entry) -> Self {
        let text = |digest: Option<Digest>| digest.map(|digest| digest.to_string()).unwrap_or_default();
        Self {
            id: id.key(),
            unit: entry.unit.to_string(),
            uid: entry.uid().map(str::to_owned),
            adopted: entry.adopted,
            digest: text(entry.digest),
            parity: text(entry.parity),
            fields: text(entry.fields),
        }
    }

    fn entry(&self, same_version: bool) -> Entry {
        let digest = |text: &str| Digest::parse(text).filter(|_| same_version);
        Entry {
            unit: self.unit.as_str().into(),
            state: self.uid.as_deref().map_or(State::Claimed, |uid| State::Owned(uid.into())),
            adopted: self.adopted,
            digest: digest(&self.digest),
            parity: digest(&self.parity),
            fields: digest(&self.fields),
        }
    }

    /// Upper bound of its size as JSON: field names and quotes, plus its texts (ids need no escapes).
    fn size(&self) -> usize {
        let uid = self.uid.as_ref().map_or(0, String::len);
        100 + self.id.len() + self.unit.len() + uid + self.digest.len() + self.parity.len() + self.fields.len()
    }
}

fn hash(key: &str) -> Digest {
    Digest::of_parts([key.as_bytes()])
}

fn split(
    prefix: String,
    records: Vec<(Digest, Record, usize)>,
    current: &BTreeSet<String>,
    shards: &mut Vec<(String, Vec<Record>)>,
) {
    let size: usize = records.iter().map(|(_, _, size)| size).sum();
    let was_split = current.iter().any(|stored| stored.len() > prefix.len() && stored.starts_with(&prefix));
    let limit = if was_split { MAX_SHARD_BYTES / 2 } else { MAX_SHARD_BYTES };
    if size <= limit || prefix.len() >= MAX_DEPTH {
        shards.push((prefix, records.into_iter().map(|(_, record, _)| record).collect()));
        return;
    }
    let depth = prefix.len();
    let (ones, zeros): (Vec<_>, Vec<_>) = records.into_iter().partition(|(hash, _, _)| hash.bit(depth));
    split(format!("{prefix}0"), zeros, current, shards);
    split(format!("{prefix}1"), ones, current, shards);
}
