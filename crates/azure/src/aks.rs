//! AKS clusters: read, start, stop, delete, and access to them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use crate::client::{Client, needs};
use crate::credential::Hidden;
use crate::error::AzureError;
use crate::id::ResourceId;
use crate::operation::Operation;
use crate::request::{Condition, Effect, Method, Request, read};
use crate::versions;

/// The application of every AKS API server: the audience of tokens for it.
pub const SERVER_SCOPE: &str = "6dae42f8-4368-4678-94ff-3960e28e3630/.default";

/// The only code of a 404 that speaks of the cluster itself; others tell of a subscription, a group or a type.
const MISSING: &str = "ResourceNotFound";

/// A role that may start, stop and delete.
const CONTRIBUTOR: &str = "Azure Kubernetes Service Contributor Role";

/// One managed cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aks {
    /// Its id, of type `Microsoft.ContainerService/managedClusters`.
    pub id: ResourceId,
}

/// A cluster as ARM tells it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Cluster {
    /// What was asked for.
    pub kubernetes_version: String,
    /// What runs, when it is told.
    pub current_kubernetes_version: Option<String>,
    /// `Succeeded`, `Failed`, `Updating`, `Starting`, `Stopping`, `Deleting`, …
    pub provisioning_state: String,
    /// `Running` or `Stopped`.
    pub power_state: PowerState,
    /// Name of the API server.
    pub fqdn: Option<String>,
    /// Name of the API server inside the network.
    pub private_fqdn: Option<String>,
    /// Group of the nodes, disks and addresses; it goes with the cluster.
    pub node_resource_group: Option<String>,
    /// Tells it from a later cluster of the same id; older API versions do not tell it.
    #[serde(rename = "resourceUID")]
    pub resource_uid: Option<String>,
    /// Node pools, as part of the cluster.
    pub agent_pool_profiles: Vec<NodePool>,
    /// True when only Entra ID lets one in.
    pub disable_local_accounts: Option<bool>,
    /// Entra ID.
    pub aad_profile: Option<Value>,
    /// The cluster's ETag, of the document.
    #[serde(skip)]
    pub etag: Option<String>,
    /// Where it is.
    #[serde(skip)]
    pub location: String,
}

/// Runs or is stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PowerState {
    /// `Running` or `Stopped`; empty when not told.
    pub code: String,
}

/// A node pool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NodePool {
    /// Its name; in a list of its own it is the resource's.
    pub name: String,
    /// Nodes asked for.
    pub count: Option<u32>,
    /// Such as `Standard_D8s_v5`.
    pub vm_size: Option<String>,
    /// `System` or `User`.
    pub mode: Option<String>,
    /// Kubernetes on its nodes.
    pub orchestrator_version: Option<String>,
    /// `Succeeded`, …
    pub provisioning_state: String,
    /// `Running` or `Stopped`.
    pub power_state: PowerState,
    /// The autoscaler is on.
    pub enable_auto_scaling: Option<bool>,
    /// Its floor.
    pub min_count: Option<u32>,
    /// Its ceiling.
    pub max_count: Option<u32>,
}

impl Aks {
    /// A cluster by its id.
    ///
    /// # Errors
    /// [`AzureError::Refused`] when the id is of another type.
    pub fn new(id: ResourceId) -> Result<Self, AzureError> {
        if id.kind() == "microsoft.containerservice/managedclusters" {
            return Ok(Self { id });
        }
        let why = format!("its type is {}, not Microsoft.ContainerService/managedClusters", id.kind());
        Err(AzureError::Refused { what: format!("using {id} as a cluster"), why })
    }

    fn as_by(&self, role: &'static str, what: &str) -> Request {
        let what = format!("{what} the cluster {}", self.id.name());
        Request::get("aks", &self.id, versions::AKS, needs(role, &self.id)).told(what)
    }

    fn act(&self, verb: &str, what: &str) -> Request {
        let request = self.as_by(CONTRIBUTOR, what);
        let what = request.what.clone();
        request.at(&[verb]).write(Method::Post, None, what)
    }

    /// Reads it.
    #[must_use]
    pub fn get(&self) -> Request {
        self.as_by("Reader", "reading")
    }

    /// Lists its node pools.
    #[must_use]
    pub fn list_pools(&self) -> Request {
        self.as_by("Reader", "listing the node pools of").at(&["agentPools"])
    }

    /// Starts it.
    #[must_use]
    pub fn start(&self) -> Request {
        self.act("start", "starting")
    }

    /// Stops it: nodes go, state stays.
    #[must_use]
    pub fn stop(&self) -> Request {
        self.act("stop", "stopping")
    }

    /// Deletes it with its nodes, if it is still as `condition` says.
    #[must_use]
    pub fn delete(&self, condition: Condition) -> Request {
        let request = self.as_by(CONTRIBUTOR, "deleting");
        let what = request.what.clone();
        request.write(Method::Delete, None, what).when(condition)
    }

    /// Asks for a kubeconfig of a user.
    #[must_use]
    pub fn user_credential(&self) -> Request {
        let mut request = self.as_by("Azure Kubernetes Service Cluster User Role", "asking for access to");
        let what = request.what.clone();
        request = request.at(&["listClusterUserCredential"]).write(Method::Post, None, what);
        request.effect = Effect::Read;
        request
    }
}

/// Reads a cluster.
///
/// # Errors
/// [`AzureError::Odd`].
pub fn cluster(body: &Value, what: &str) -> Result<Cluster, AzureError> {
    let mut cluster: Cluster = read(body.get("properties").unwrap_or(&Value::Object(Default::default())), what)?;
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    cluster.etag = text("eTag").or_else(|| text("etag"));
    cluster.location = text("location").unwrap_or_default();
    Ok(cluster)
}

/// Reads a node pool of a list: name beside its properties.
///
/// # Errors
/// [`AzureError::Odd`].
pub fn pool(body: &Value, what: &str) -> Result<NodePool, AzureError> {
    let mut pool: NodePool = read(body.get("properties").unwrap_or(&Value::Object(Default::default())), what)?;
    if let Some(name) = body.get("name").and_then(Value::as_str) {
        pool.name = name.to_owned();
    }
    Ok(pool)
}

impl Client {
    /// Reads a cluster; `None` when it is not there.
    ///
    /// # Errors
    /// See [`AzureError`]; a subscription or a group that is not seen is an error, not a missing cluster.
    pub async fn cluster(&self, aks: &Aks) -> Result<Option<Cluster>, AzureError> {
        let request = aks.get();
        match self.send(&request).await {
            Ok(answer) => cluster(&answer.body, &request.what).map(Some),
            Err(AzureError::NotFound { said, .. }) if said.code == MISSING => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The cluster's node pools.
    ///
    /// # Errors
    /// See [`AzureError`].
    pub async fn node_pools(&self, aks: &Aks) -> Result<Vec<NodePool>, AzureError> {
        let request = aks.list_pools();
        self.list(&request).await?.iter().map(|item| pool(item, &request.what)).collect()
    }

    /// Starts the cluster, once; the operation at work, `None` when all is done.
    ///
    /// # Errors
    /// See [`AzureError`]; [`AzureError::Busy`] while another operation is at work.
    pub async fn start_cluster(&self, aks: &Aks) -> Result<Option<Operation>, AzureError> {
        self.begin(aks, &aks.start()).await
    }

    /// Stops the cluster, once; see [`Client::start_cluster`].
    ///
    /// # Errors
    /// See [`AzureError`].
    pub async fn stop_cluster(&self, aks: &Aks) -> Result<Option<Operation>, AzureError> {
        self.begin(aks, &aks.stop()).await
    }

    /// Deletes the cluster, once, if it is still as `condition` says; one that is not there is deleted.
    ///
    /// # Errors
    /// See [`AzureError`].
    pub async fn delete_cluster(&self, aks: &Aks, condition: Condition) -> Result<Option<Operation>, AzureError> {
        match self.begin(aks, &aks.delete(condition)).await {
            Err(AzureError::NotFound { said, .. }) if said.code == MISSING => Ok(None),
            result => result,
        }
    }

    /// A kubeconfig of a user; never shown.
    ///
    /// # Errors
    /// See [`AzureError`]; a cluster without one is [`AzureError::Odd`].
    pub async fn user_kubeconfig(&self, aks: &Aks) -> Result<Hidden, AzureError> {
        let request = aks.user_credential();
        let answer = self.send(&request).await?;
        let value = answer.body.pointer("/kubeconfigs/0/value").and_then(Value::as_str);
        let bytes = value.and_then(|value| STANDARD.decode(value).ok());
        bytes.map(Hidden::new).ok_or_else(|| AzureError::Odd { what: request.what, why: "it has no kubeconfig".into() })
    }

    /// A token for the cluster's API server, for clusters whose users are Entra ID's.
    ///
    /// # Errors
    /// [`AzureError::Credential`].
    pub async fn cluster_token(&self) -> Result<crate::client::Token, AzureError> {
        self.token(SERVER_SCOPE).await
    }

    /// Sends an action; its operation is followed where Azure tells, else at the cluster's own state.
    async fn begin(&self, aks: &Aks, request: &Request) -> Result<Option<Operation>, AzureError> {
        let answer = self.send(request).await?;
        Ok(match (Operation::started(request, &answer), answer.status) {
            // The path of an action is no resource.
            (Some(Operation::Resource { .. }) | None, 202) => {
                Some(Operation::Resource { id: aks.id.clone(), version: versions::AKS })
            }
            (operation, _) => operation,
        })
    }
}
