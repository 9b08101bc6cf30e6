//! A lost inventory is rebuilt from the ownership annotations of live objects (SYNC §1).

use std::sync::Arc;

use teal_agent_core::inventory::Found;
use teal_agent_core::{Inventory, ObjectId};

use crate::engine::Engine;

impl Engine {
    /// Looks through every kind for objects that carry our mark. Done only where a sync has been before: a new cluster
    /// has nothing to find, and asking every kind would cost its first sync a second.
    pub(crate) async fn rebuild_inventory(&mut self) {
        let status = self.reporter.status();
        if status.revision.is_none() && status.attempted_revision.is_none() {
            return;
        }
        self.pruning.unseen = self.kinds.watchable().cloned().collect();
        self.search_unseen().await;
        if !self.inventory.entries.is_empty() {
            let note = format!("the inventory was lost and rebuilt from {} live objects", self.inventory.entries.len());
            self.events.warning(&self.about(), "InventoryRebuilt", &note).await;
        }
    }

    /// Searches the kinds that have not been seen since the inventory was lost. Those whose server does not answer stay
    /// for later: nothing is pruned until then.
    pub(crate) async fn search_unseen(&mut self) {
        let sync = self.sync_name().to_owned();
        let mut found = Vec::new();
        for kind in std::mem::take(&mut self.pruning.unseen) {
            match self.cluster.labelled(&kind, &sync).await {
                Ok(metas) => found.extend(metas.into_iter().map(|meta| {
                    let id = ObjectId {
                        group: kind.group.clone(),
                        kind: kind.kind.clone(),
                        namespace: meta.namespace.clone(),
                        name: meta.name.clone(),
                    };
                    Found {
                        id,
                        uid: Arc::from(meta.uid.as_str()),
                        owner: meta.owner().unwrap_or_default().to_owned(),
                        fields: meta.own_fields(),
                        adopted: !meta.born_by_us(),
                    }
                })),
                Err(error) => {
                    tracing::warn!(kind = %kind.group_kind(), reason = error.reason(), "Lost inventory: kind not searched");
                    self.pruning.unseen.push(kind);
                }
            }
        }
        for (id, entry) in Inventory::rebuild(&sync, found).entries {
            // What was applied since the search began is known better.
            self.inventory.entries.entry(id).or_insert(entry);
            self.inventory_dirty = true;
        }
    }
}
