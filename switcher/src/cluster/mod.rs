//! One color's cluster through its API server: what it tells, and the few fields that the switcher sets there.
//!
//! Reading happens in a task of its own with short deadlines; a cluster that can't be reached is *unknown* and blocks
//! nothing. Nothing here is needed to go back (G4).

mod client;
mod effects;
mod events;

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Node};
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt};
use teal_api::freeze::FreezeObject;
use teal_api::sync::SyncObject;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::wake::Wake;

pub use client::{Access, ClusterError};
pub use effects::{OP_LABEL, SWITCH_LABEL, Wish};
pub use events::Teller;

/// What was read of a cluster in one go.
#[derive(Debug, Clone)]
pub struct View {
    /// UID of the `kube-system` namespace: which cluster this is.
    pub uid: String,
    /// Version of the API server.
    pub version: String,
    /// Nodes.
    pub nodes: u32,
    /// Nodes that are Ready.
    pub nodes_ready: u32,
    /// The Sync of this color, or why there is not exactly one.
    pub sync: Result<SyncObject, String>,
    /// Every Freeze object.
    pub freezes: Vec<FreezeObject>,
    /// When reading began.
    pub at: Instant,
}

/// What tells two views apart, whatever their age.
#[derive(PartialEq)]
struct Mark {
    uid: String,
    sync: Result<Option<String>, String>,
    freezes: Vec<Option<String>>,
    nodes: (u32, u32),
}

impl View {
    fn mark(&self) -> Mark {
        Mark {
            uid: self.uid.clone(),
            sync: self.sync.as_ref().map(|sync| sync.metadata.resource_version.clone()).map_err(Clone::clone),
            freezes: self.freezes.iter().map(|freeze| freeze.metadata.resource_version.clone()).collect(),
            nodes: (self.nodes, self.nodes_ready),
        }
    }
}

/// The newest knowledge of a cluster.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The last view that could be read whole; its age is told by [`View::at`].
    pub view: Option<Arc<View>>,
    /// Why the last try failed; `None` after a success and before the first try.
    pub unknown: Option<String>,
}

impl Known {
    /// The view when it is no older than `limit`, else why it does not count.
    ///
    /// # Errors
    /// The reason, for people.
    pub fn fresh(&self, limit: Duration) -> Result<&View, String> {
        match &self.view {
            Some(view) if view.at.elapsed() <= limit => Ok(view),
            _ => Err(self.unknown.clone().unwrap_or_else(|| "not read yet".to_owned())),
        }
    }
}

/// A color's cluster.
#[derive(Debug)]
pub struct Cluster {
    color: String,
    connector: client::Connector,
    deadline: Duration,
    known: watch::Sender<Known>,
    look: Wake,
}

impl Cluster {
    /// Makes one; nothing is sent yet.
    #[must_use]
    pub fn new(color: &str, access: Access, deadline: Duration) -> Self {
        Self {
            color: color.to_owned(),
            connector: client::Connector::new(access),
            deadline,
            known: watch::channel(Known::default()).0,
            look: Wake::default(),
        }
    }

    /// Its ARM id and who asks for it, when that is how it is reached.
    #[must_use]
    pub fn aks(&self) -> Option<(&str, &teal_azure::Client)> {
        self.connector.aks()
    }

    /// What is known, changes marked.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Known> {
        self.known.subscribe()
    }

    /// What is known now.
    #[must_use]
    pub fn known(&self) -> Known {
        self.known.borrow().clone()
    }

    /// Makes the next look happen now.
    pub fn look_now(&self) {
        self.look.ring();
    }

    /// A client, for gates.
    ///
    /// # Errors
    /// When the kubeconfig can't be used.
    pub async fn client(&self) -> Result<Client, ClusterError> {
        self.connector.client().await
    }

    /// Looks again and again until `shutdown`; `interval` says how often, asked before every pause.
    pub async fn follow(&self, interval: impl Fn() -> Duration, shutdown: CancellationToken) {
        loop {
            let looked = tokio::time::timeout(self.deadline, self.read()).await;
            let looked = looked.unwrap_or(Err(ClusterError::Timeout { after: self.deadline }));
            self.take_in(looked);
            tokio::select! {
                () = tokio::time::sleep(interval()) => {}
                () = self.look.rung() => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Keeps what was read; those who wait are woken only by what differs.
    fn take_in(&self, looked: Result<View, ClusterError>) {
        self.known.send_if_modified(|known| match looked {
            Ok(view) => {
                let same = known.unknown.is_none() && known.view.as_ref().is_some_and(|old| old.mark() == view.mark());
                *known = Known { view: Some(Arc::new(view)), unknown: None };
                !same
            }
            Err(error) => {
                let told = error.to_string();
                let news = known.unknown.as_ref() != Some(&told);
                if news {
                    tracing::warn!(
                        color = self.color,
                        error = &error as &dyn std::error::Error,
                        reason = error.reason(),
                        "Cluster not read"
                    );
                }
                if error.is_credentials() {
                    self.connector.forget();
                }
                known.unknown = Some(told);
                news
            }
        });
    }

    async fn read(&self) -> Result<View, ClusterError> {
        let at = Instant::now();
        let client = self.client().await?;
        let all = ListParams::default();
        let (namespaces, syncs, freezes, nodes) = (
            Api::<Namespace>::all(client.clone()),
            Api::<SyncObject>::all(client.clone()),
            Api::<FreezeObject>::all(client.clone()),
            Api::<Node>::all(client.clone()),
        );
        let (uid, version, syncs, freezes, nodes) = futures::try_join!(
            namespaces.get("kube-system"),
            client.apiserver_version(),
            syncs.list(&all),
            freezes.list(&all),
            nodes.list(&all),
        )
        .map_err(ClusterError::api)?;
        let ready = nodes.items.iter().filter(|node| is_ready(node)).count();
        Ok(View {
            uid: uid.uid().unwrap_or_default(),
            version: version.git_version,
            nodes: u32::try_from(nodes.items.len()).unwrap_or(u32::MAX),
            nodes_ready: u32::try_from(ready).unwrap_or(u32::MAX),
            sync: pick(&self.color, syncs.items),
            freezes: freezes.items,
            at,
        })
    }
}

fn is_ready(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.is_some_and(|list| list.iter().any(|one| one.type_ == "Ready" && one.status == "True"))
}

/// The one Sync of this color.
fn pick(color: &str, mut syncs: Vec<SyncObject>) -> Result<SyncObject, String> {
    let all: Vec<String> = syncs.iter().map(|sync| format!("{} ({})", sync.name_any(), sync.spec.color)).collect();
    syncs.retain(|sync| sync.spec.color == color);
    match (syncs.pop(), syncs.is_empty()) {
        (Some(sync), true) => Ok(sync),
        (Some(_), false) => Err(format!("more than one Sync has color {color}: {}; keep one", all.join(", "))),
        (None, _) if all.is_empty() => Err("the cluster has no Sync; create one with `spec.color` set".to_owned()),
        (None, _) => Err(format!("no Sync has color {color}, only {}; is this the right cluster?", all.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sync(name: &str, color: &str) -> SyncObject {
        let value = serde_json::json!({"apiVersion": "teal.dev/v1alpha1", "kind": "Sync", "metadata": {"name": name},
            "spec": {"color": color, "source": {"url": "https://git/x"}}});
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn exactly_one_sync_of_the_color_counts() {
        assert_eq!(pick("green", vec![sync("a", "blue"), sync("b", "green")]).unwrap().name_any(), "b");
        for (syncs, words) in [
            (vec![], "has no Sync"),
            (vec![sync("a", "blue")], "is this the right cluster"),
            (vec![sync("a", "green"), sync("b", "green")], "more than one"),
        ] {
            let why = pick("green", syncs).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
    }
}
