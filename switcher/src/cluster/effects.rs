//! What the switcher sets in a cluster: two fields of the `Sync`, and one `Freeze`.

use kube::api::{Api, DeleteParams, Patch, PatchParams};
use serde_json::json;
use teal_api::freeze::{FreezeObject, FreezeSpec};
use teal_api::names::SWITCHER_MANAGER;
use teal_api::sync::{Role, SyncObject};

use super::{Cluster, ClusterError, View};

/// Label of the Freezes that switchers make: the Switch's name.
pub const SWITCH_LABEL: &str = "teal.dev/switch";
/// Label of the same: the move's opId, so that a freeze of one move is never taken for that of another.
pub const OP_LABEL: &str = "teal.dev/op";

/// Name of the Freeze of one move.
fn freeze_name(switch: &str, op: &str) -> String {
    format!("switch-{switch}-{op}")
}

/// The two fields of a Sync that are the switcher's, as they should be; always both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wish {
    /// The role its agent should act by; `None` leaves the last one.
    pub role: Option<Role>,
    /// The commit its Sync should be pinned to.
    pub pin: Option<String>,
}

impl Wish {
    /// What the Sync has now: the start for changing one of the two.
    #[must_use]
    pub fn of(sync: &SyncObject) -> Self {
        Self { role: sync.spec.role, pin: sync.spec.pin.clone() }
    }
}

impl Cluster {
    /// Sets role and pin of this color's Sync by server-side apply: only these two fields, always both.
    ///
    /// The fields are the switcher's by contract, so a value that a bootstrap manifest left there is taken over.
    ///
    /// # Errors
    /// When the API server can't be reached or refuses.
    pub async fn apply(&self, view: &View, wish: &Wish) -> Result<(), ClusterError> {
        let name = match &view.sync {
            Ok(sync) => sync.metadata.name.clone().unwrap_or_default(),
            Err(why) => return Err(ClusterError::Answer { code: 404, message: why.clone() }),
        };
        let mut spec = serde_json::Map::new();
        if let Some(role) = wish.role {
            spec.insert("role".to_owned(), json!(role));
        }
        if let Some(pin) = &wish.pin {
            spec.insert("pin".to_owned(), json!(pin));
        }
        let patch =
            json!({"apiVersion": "teal.dev/v1alpha1", "kind": "Sync", "metadata": {"name": name}, "spec": spec});
        let params = PatchParams::apply(SWITCHER_MANAGER).force();
        self.within(async {
            let api = Api::<SyncObject>::all(self.client().await?);
            api.patch(&name, &params, &Patch::Apply(&patch)).await.map_err(ClusterError::api)?;
            Ok(())
        })
        .await
    }

    /// Asks this cluster's agent to freeze it until `until`; the move's opId names the freeze.
    ///
    /// # Errors
    /// When the API server can't be reached or refuses.
    pub async fn freeze(&self, switch: &str, op: &str, spec: &FreezeSpec) -> Result<(), ClusterError> {
        let name = freeze_name(switch, op);
        let labels = json!({SWITCH_LABEL: switch, OP_LABEL: op});
        let metadata = json!({"name": name, "labels": labels});
        let patch = json!({"apiVersion": "teal.dev/v1alpha1", "kind": "Freeze", "metadata": metadata, "spec": spec});
        let params = PatchParams::apply(SWITCHER_MANAGER).force();
        self.within(async {
            let api = Api::<FreezeObject>::all(self.client().await?);
            api.patch(&name, &params, &Patch::Apply(&patch)).await.map_err(ClusterError::api)?;
            Ok(())
        })
        .await
    }

    /// Lifts the freeze of one move; one that is gone already is fine.
    ///
    /// # Errors
    /// When the API server can't be reached or refuses.
    pub async fn thaw(&self, switch: &str, op: &str) -> Result<(), ClusterError> {
        self.within(async {
            let api = Api::<FreezeObject>::all(self.client().await?);
            match api.delete(&freeze_name(switch, op), &DeleteParams::default()).await {
                Ok(_) => Ok(()),
                Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
                Err(error) => Err(ClusterError::api(error)),
            }
        })
        .await
    }

    async fn within<T>(&self, work: impl Future<Output = Result<T, ClusterError>>) -> Result<T, ClusterError> {
        let done = tokio::time::timeout(self.deadline, work).await;
        self.look_now();
        done.unwrap_or_else(|_| Err(ClusterError::Timeout { after: self.deadline }))
    }
}
