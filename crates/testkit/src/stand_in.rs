//! Stands in for an agent: reports what a test wants it to report, about the Sync and the Freezes it is told to mind.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::git_server::Repo;
use anyhow::{Context, Result};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};
use teal_api::freeze::FreezeObject;
use teal_api::inventory::InventoryObject;
use teal_api::sync::SyncObject;
use tokio::task::JoinHandle;

/// What the agent is to report.
#[derive(Debug)]
pub struct Mind {
    /// Whether the Sync becomes Ready at what it is asked for.
    pub ready: AtomicBool,
    /// Whether freezes become active.
    pub freezes: AtomicBool,
    /// The commit its branch is at.
    pub head: Mutex<String>,
}

/// One cluster's stand-in; ends when dropped.
#[derive(Debug)]
pub struct StandIn {
    /// What it reports.
    pub mind: Arc<Mind>,
    /// Where its Sync is.
    pub syncs: Api<SyncObject>,
    /// Where freezes are.
    pub freezes: Api<FreezeObject>,
    inventories: Api<InventoryObject>,
    name: String,
    switch: String,
    task: JoinHandle<()>,
}

impl StandIn {
    /// Makes the Sync `name` of `color`, an inventory, and begins to report. `switch` says whose freezes are minded.
    ///
    /// # Errors
    /// What the API server refuses.
    pub async fn start(client: Client, name: &str, color: &str, switch: &str, repo: &Repo) -> Result<Self> {
        let syncs = Api::<SyncObject>::all(client.clone());
        let freezes = Api::<FreezeObject>::all(client.clone());
        let inventories = Api::<InventoryObject>::all(client);
        let sync = json!({"apiVersion": "teal.dev/v1alpha1", "kind": "Sync", "metadata": {"name": name},
            "spec": {"color": color, "source": {"url": repo.url, "path": "apps"}}});
        syncs.create(&PostParams::default(), &serde_json::from_value(sync)?).await.context("make the Sync")?;
        inventories.create(&PostParams::default(), &serde_json::from_value(inventory(name, &["web", "api"]))?).await?;
        let mind = Arc::new(Mind {
            ready: AtomicBool::new(true),
            freezes: AtomicBool::new(true),
            head: Mutex::new(repo.head().unwrap_or_default()),
        });
        let task =
            tokio::spawn(report(mind.clone(), syncs.clone(), freezes.clone(), name.to_owned(), switch.to_owned()));
        Ok(Self { mind, syncs, freezes, inventories, name: name.to_owned(), switch: switch.to_owned(), task })
    }

    /// Stops reporting and takes its objects away.
    ///
    /// # Errors
    /// What the API server refuses.
    pub async fn retire(&self) -> Result<()> {
        self.task.abort();
        self.syncs.delete(&self.name, &DeleteParams::default()).await?;
        self.inventories.delete(&self.name, &DeleteParams::default()).await?;
        Ok(())
    }

    /// Its Sync as it is now.
    ///
    /// # Errors
    /// What the API server refuses.
    pub async fn sync(&self) -> Result<SyncObject> {
        Ok(self.syncs.get(&self.name).await?)
    }

    /// What it declares from now on.
    ///
    /// # Errors
    /// What the API server refuses.
    pub async fn declares(&self, names: &[&str]) -> Result<()> {
        let patch = inventory(&self.name, names);
        self.inventories.patch(&self.name, &PatchParams::default(), &Patch::Merge(&patch)).await?;
        Ok(())
    }

    /// The commit its branch is at from now on.
    pub fn follows(&self, head: &str) {
        head.clone_into(&mut self.mind.head.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Freezes of a Switch.
    ///
    /// # Errors
    /// What the API server refuses.
    pub async fn frozen(&self, switch: &str) -> Result<Vec<String>> {
        let list = self.freezes.list(&ListParams::default().labels(&format!("teal.dev/switch={switch}"))).await?;
        Ok(list.iter().map(ResourceExt::name_any).collect())
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
        let (syncs, inventories, name) = (self.syncs.clone(), self.inventories.clone(), self.name.clone());
        let (freezes, switch) = (self.freezes.clone(), self.switch.clone());
        // What a move that was not finished leaves behind would freeze the next one's cluster.
        tokio::spawn(async move {
            let _ = syncs.delete(&name, &DeleteParams::default()).await;
            let _ = inventories.delete(&name, &DeleteParams::default()).await;
            let own = ListParams::default().labels(&format!("teal.dev/switch={switch}"));
            let _ = freezes.delete_collection(&DeleteParams::default(), &own).await;
        });
    }
}

fn inventory(sync: &str, names: &[&str]) -> Value {
    let entry = |name: &&str| json!({"id": format!("apps/Deployment/shop/{name}"), "unit": "apps-1", "uid": "u", "digest": "d", "parity": format!("p-{name}")});
    json!({"apiVersion": "teal.dev/v1alpha1", "kind": "Inventory", "metadata": {"name": sync},
        "spec": {"sync": sync, "shard": "", "clusterUid": "same", "digestVersion": 1,
                 "entries": names.iter().map(entry).collect::<Vec<_>>()}})
}

async fn report(mind: Arc<Mind>, syncs: Api<SyncObject>, freezes: Api<FreezeObject>, name: String, switch: String) {
    loop {
        // An API server that is down is a part of some tests: try again.
        let _ = report_once(&mind, &syncs, &freezes, &name, &switch).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn report_once(
    mind: &Mind,
    syncs: &Api<SyncObject>,
    freezes: &Api<FreezeObject>,
    name: &str,
    switch: &str,
) -> Result<()> {
    let sync = syncs.get(name).await?;
    let head = mind.head.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let revision = sync.spec.pin.clone().unwrap_or(head);
    let ready = mind.ready.load(Ordering::SeqCst);
    let generation = sync.metadata.generation.unwrap_or_default();
    let now = sync.status.clone().unwrap_or_default();
    let is_ready = teal_api::conditions::holds(&now.conditions, "Ready");
    let same =
        now.observed_generation == generation && now.revision.as_ref() == Some(&revision) && now.role == sync.spec.role;
    if !same || is_ready != ready || sync.status.is_none() {
        let condition = json!({"type": "Ready", "status": if ready { "True" } else { "False" }, "reason": "StandIn",
            "message": if ready { "2 objects" } else { "told not to be" }, "lastTransitionTime": jiff::Timestamp::now().to_string()});
        let status = json!({"status": {"observedGeneration": generation, "revision": revision, "fleetDigest": format!("tree-of-{revision}"),
            "role": sync.spec.role, "clusterUid": "same", "conditions": [condition],
            "parity": {"digest": "x", "keyId": "k", "objects": 2, "equal": 2}}});
        syncs.patch_status(name, &PatchParams::default(), &Patch::Merge(&status)).await?;
    }
    let list = freezes.list(&ListParams::default().labels(&format!("teal.dev/switch={switch}"))).await?;
    for freeze in list {
        let active = freeze.status.as_ref().is_some_and(|status| format!("{:?}", status.state) == "Active");
        if !active && mind.freezes.load(Ordering::SeqCst) {
            let status =
                json!({"status": {"state": "Active", "since": jiff::Timestamp::now().to_string(), "conditions": []}});
            freezes.patch_status(&freeze.name_any(), &PatchParams::default(), &Patch::Merge(&status)).await?;
        }
    }
    Ok(())
}
