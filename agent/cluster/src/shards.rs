//! The inventory in the cluster: one `Inventory` object a shard, written only when its content changed (SYNC §1).

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, ListParams, ObjectMeta, PostParams};
use kube::{Client, ResourceExt};
use teal_agent_core::Inventory;
use teal_agent_core::shard::{InventoryError, Record, Shard};
use teal_api::inventory::{Entry, InventoryObject, InventorySpec};
use teal_api::sync::SyncObject;

use crate::error::ApiError;

/// Annotation of an inventory: UID of the Sync that it was written for. Deleting a Sync lets its objects go, so a Sync of
/// the same name made later starts without them.
const SYNC_UID: &str = "teal.dev/sync-uid";

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
    sync_uid: String,
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
    /// Loads what is stored for `sync`. `None` beside it when nothing was ever stored for this very Sync: a first one, one
    /// made anew under an old name, or a lost inventory.
    ///
    /// # Errors
    /// `Stored` for another cluster's inventory; nothing is changed then.
    pub async fn load(
        client: Client,
        sync: &SyncObject,
        cluster_uid: &str,
    ) -> Result<(Self, Option<Inventory>), ShardError> {
        let empty = Self::empty(client.clone(), sync, cluster_uid);
        let api: Api<InventoryObject> = Api::all(client);
        let mut stored = BTreeMap::new();
        let mut params = ListParams::default().limit(50);
        loop {
            let page = api.list(&params).await.map_err(ApiError::from)?;
            let ours = page.items.into_iter().filter(|object| object.spec.sync == empty.sync);
            stored.extend(ours.map(|object| (object.spec.shard.clone(), object)));
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => break,
            }
        }
        let ours = |object: &&InventoryObject| !empty.is_of_another(object);
        let inventory = match stored.values().any(|object| ours(&object)) {
            false => None,
            true => {
                let shards = stored.values().filter(ours).map(|object| shard(&object.spec));
                Some(Inventory::merge(cluster_uid, shards)?)
            }
        };
        Ok((Self { stored, ..empty }, inventory))
    }

    /// For a sync that must not touch what is stored: as if nothing were.
    #[must_use]
    pub fn empty(client: Client, sync: &SyncObject, cluster_uid: &str) -> Self {
        Self {
            api: Api::all(client),
            sync: sync.name_any(),
            sync_uid: sync.uid().unwrap_or_default(),
            cluster_uid: cluster_uid.to_owned(),
            stored: BTreeMap::new(),
        }
    }

    /// Whether it was written for a Sync of this name that is gone.
    fn is_of_another(&self, object: &InventoryObject) -> bool {
        object.annotations().get(SYNC_UID).is_some_and(|uid| *uid != self.sync_uid)
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
        if self.stored.get(&shard.prefix).is_some_and(|stored| stored.spec == spec && !self.is_of_another(stored)) {
            return Ok(false);
        }
        let name = self.name(&shard.prefix);
        let stored = self.stored.get(&shard.prefix).cloned();
        let written = match self.put(&name, stored, &spec).await {
            // A person touched or deleted the object, or an answer of ours was lost. Whatever stands there now: this
            // process is the only one that may write it, and knows what it holds.
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => {
                tracing::warn!(inventory = name, "Inventory was changed by somebody else; written again");
                let now = self.api.get_opt(&name).await.map_err(ApiError::from)?;
                self.put(&name, now, &spec).await
            }
            answer => answer,
        };
        let mut object = written.map_err(ApiError::from)?;
        object.metadata.managed_fields = None;
        self.stored.insert(shard.prefix, object);
        Ok(true)
    }

    async fn put(
        &self,
        name: &str,
        before: Option<InventoryObject>,
        spec: &InventorySpec,
    ) -> Result<InventoryObject, kube::Error> {
        let (params, spec, exists) = (PostParams::default(), spec.clone(), before.is_some());
        let named = || ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
        let mut metadata = before.map_or_else(named, |before| before.metadata);
        metadata.annotations.get_or_insert_default().insert(SYNC_UID.to_owned(), self.sync_uid.clone());
        let object = InventoryObject { metadata, spec };
        if exists { self.api.replace(name, &params, &object).await } else { self.api.create(&params, &object).await }
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
