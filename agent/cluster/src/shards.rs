//! The inventory in the cluster: one `Inventory` object a shard, written only when its content changed (SYNC §1).

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, ListParams, ObjectMeta, PostParams};
use kube::{Client, ResourceExt};
use teal_agent_core::Inventory;
use teal_agent_core::shard::{InventoryError, Record, Shard};
use teal_api::inventory::{Entry, InventoryObject, InventorySpec};

use crate::error::ApiError;

/// Why the inventory could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// What is stored can't be used.
    #[error(transparent)]
    Stored(#[from] InventoryError),
    /// The API server did not do it.
    #[error("inventory: {0}")]
    Api(#[from] ApiError),
    /// There is no `kube-system` namespace to know the cluster by.
    #[error("the namespace kube-system has no UID, so this cluster can't be told from others")]
    NoClusterUid,
}

impl ShardError {
    /// Closed set: metric label, Event reason and condition reason alike.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Stored(error) => error.reason(),
            Self::Api(error) => error.reason(),
            Self::NoClusterUid => "NoClusterUid",
        }
    }
}

/// The stored inventory of one Sync. This process is its only writer (Lease).
pub struct Shards {
    api: Api<InventoryObject>,
    sync: String,
    cluster_uid: String,
    /// As stored now, by prefix.
    stored: BTreeMap<String, InventoryObject>,
}

/// UID of the `kube-system` namespace: which cluster this is.
///
/// # Errors
/// Any [`ApiError`], or `NoClusterUid`.
pub async fn cluster_uid(client: &Client) -> Result<String, ShardError> {
    let system = Api::<Namespace>::all(client.clone()).get("kube-system").await.map_err(ApiError::from)?;
    system.uid().ok_or(ShardError::NoClusterUid)
}

impl Shards {
    /// Loads what is stored for `sync`. `None` beside it when nothing was ever stored: a first sync, or a lost inventory.
    ///
    /// # Errors
    /// `Stored` for another cluster's inventory; nothing is changed then.
    pub async fn load(client: Client, sync: &str, cluster_uid: &str) -> Result<(Self, Option<Inventory>), ShardError> {
        let api: Api<InventoryObject> = Api::all(client);
        let mut stored = BTreeMap::new();
        let mut params = ListParams::default().limit(50);
        loop {
            let page = api.list(&params).await.map_err(ApiError::from)?;
            let ours = page.items.into_iter().filter(|object| object.spec.sync == sync);
            stored.extend(ours.map(|object| (object.spec.shard.clone(), object)));
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => break,
            }
        }
        let inventory = match stored.is_empty() {
            true => None,
            false => Some(Inventory::merge(cluster_uid, stored.values().map(|object| shard(&object.spec)))?),
        };
        Ok((Self { api, sync: sync.to_owned(), cluster_uid: cluster_uid.to_owned(), stored }, inventory))
    }

    /// For a sync that must not touch what is stored: as if nothing were.
    #[must_use]
    pub fn empty(client: Client, sync: &str, cluster_uid: &str) -> Self {
        let (sync, cluster_uid) = (sync.to_owned(), cluster_uid.to_owned());
        Self { api: Api::all(client), sync, cluster_uid, stored: BTreeMap::new() }
    }

    /// Writes the shards that changed: new and grown ones first, so that no entry is ever in none. Returns how many
    /// requests it took; 0 when nothing changed.
    ///
    /// # Errors
    /// Any [`ApiError`]; what was written stays, a next call writes the rest.
    pub async fn write(&mut self, inventory: &Inventory) -> Result<usize, ShardError> {
        let current: BTreeSet<String> = self.stored.keys().cloned().collect();
        let wanted = inventory.shards(&self.cluster_uid, &current);
        let mut written = 0;
        let kept: BTreeSet<String> = wanted.iter().map(|shard| shard.prefix.clone()).collect();
        for shard in wanted {
            written += usize::from(self.write_shard(shard).await?);
        }
        for gone in current.difference(&kept) {
            match self.api.delete(&self.name(gone), &DeleteParams::default()).await {
                Ok(_) => {}
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                Err(error) => return Err(ApiError::from(error).into()),
            }
            self.stored.remove(gone);
            written += 1;
        }
        Ok(written)
    }

    async fn write_shard(&mut self, shard: Shard) -> Result<bool, ShardError> {
        let spec = InventorySpec {
            sync: self.sync.clone(),
            shard: shard.prefix.clone(),
            cluster_uid: shard.cluster_uid,
            digest_version: shard.digest_version,
            entries: shard.records.into_iter().map(entry).collect(),
        };
        let params = PostParams::default();
        let written = match self.stored.get(&shard.prefix) {
            Some(stored) if stored.spec == spec => return Ok(false),
            Some(stored) => {
                let object = InventoryObject { spec, ..stored.clone() };
                self.api.replace(&self.name(&shard.prefix), &params, &object).await
            }
            None => {
                let metadata = ObjectMeta { name: Some(self.name(&shard.prefix)), ..ObjectMeta::default() };
                self.api.create(&params, &InventoryObject { metadata, spec }).await
            }
        };
        let mut object = written.map_err(ApiError::from)?;
        object.metadata.managed_fields = None;
        self.stored.insert(shard.prefix, object);
        Ok(true)
    }

    fn name(&self, prefix: &str) -> String {
        if prefix.is_empty() { self.sync.clone() } else { format!("{}-{prefix}", self.sync) }
    }
}

fn entry(record: Record) -> Entry {
    let Record { id, unit, uid, adopted, digest, parity, fields } = record;
    Entry { id, unit, uid, adopted, digest, parity, fields }
}

fn shard(spec: &InventorySpec) -> Shard {
    let record = |entry: &Entry| {
        let Entry { id, unit, uid, adopted, digest, parity, fields } = entry.clone();
        Record { id, unit, uid, adopted, digest, parity, fields }
    };
    Shard {
        prefix: spec.shard.clone(),
        cluster_uid: spec.cluster_uid.clone(),
        digest_version: spec.digest_version,
        records: spec.entries.iter().map(record).collect(),
    }
}
