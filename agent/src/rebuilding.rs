//! A lost inventory is rebuilt from the ownership annotations of live objects (SYNC §1).

use std::sync::Arc;

use teal_agent_core::inventory::Found;
use teal_agent_core::{Inventory, ObjectId};
use teal_cluster::ApiError;

use crate::engine::Engine;

impl Engine {
    /// Looks through every kind for objects that carry our mark. Done only where a sync has been before: a new cluster
    /// has nothing to find, and asking every kind would cost its first sync a second.
    pub(crate) async fn rebuild_inventory(&mut self) -> Result<(), ApiError> {
        let status = self.reporter.status();
        if status.revision.is_none() && status.attempted_revision.is_none() {
            return Ok(());
        }
        let sync = self.sync_name().to_owned();
        let mut found = Vec::new();
        let kinds: Vec<_> = self.kinds.watchable().cloned().collect();
        for kind in &kinds {
            for meta in self.cluster.labelled(kind, &sync).await? {
                let id = ObjectId {
                    group: kind.group.clone(),
                    kind: kind.kind.clone(),
                    namespace: meta.namespace.clone(),
                    name: meta.name.clone(),
                };
                found.push(Found {
                    id,
                    uid: Arc::from(meta.uid.as_str()),
                    owner: meta.owner().unwrap_or_default().to_owned(),
                    fields: meta.own_fields(),
                    adopted: !meta.born_by_us(),
                });
            }
        }
        self.inventory = Inventory::rebuild(&sync, found);
        self.inventory_dirty = !self.inventory.entries.is_empty();
        if self.inventory_dirty {
            let note = format!("the inventory was lost and rebuilt from {} live objects", self.inventory.entries.len());
            self.events.warning(&self.about(), "InventoryRebuilt", &note).await;
        }
        Ok(())
    }
}
