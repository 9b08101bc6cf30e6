//! A freeze: no ordinary change in a named scope is admitted (G7, DESIGN §8).
//!
//! [`Freezer::install`] once, then [`Freezer::hold`] → [`Freezer::barrier`] → *active*, and [`Freezer::lift`] in every path.

pub mod policy;
pub mod probe;

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DynamicObject, ObjectMeta, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, ResourceExt};
use serde_json::Value;
use teal_api::names::{AGENT_MANAGER, FREEZE_CONFIG_MAP, TEAL_NAMESPACE};
use tokio::time::{Instant, sleep};

use crate::error::ApiError;
use crate::kinds::Kind;
pub use policy::Passes;
pub use probe::{Connections, Probe};

/// Probes that must be denied in a row, each on its own connection, before a freeze is called active.
pub const PROBES: u32 = 5;
/// An API server recompiles changed policies on a tick of a second; three of them are enough for a slow one.
const SETTLE: Duration = Duration::from_secs(3);
/// Requests admitted just before the freeze took hold are written within this time.
const DRAIN: Duration = Duration::from_millis(200);
/// Longest time a barrier is tried before its failure is told.
const BARRIER_TIMEOUT: Duration = Duration::from_secs(20);

/// What a freeze says and whom it lets pass.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hold {
    /// Told to everyone who is refused.
    pub reason: String,
    /// RFC 3339; told as well.
    pub until: String,
    /// User names that pass.
    pub users: Vec<String>,
    /// Groups that pass.
    pub groups: Vec<String>,
}

/// A barrier that was passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// Probes denied in a row.
    pub probes: u32,
    /// From the first probe to the end of the drain.
    pub took: Duration,
}

/// Why a freeze is not known to hold.
#[derive(Debug, thiserror::Error)]
pub enum FreezeError {
    /// The policy, its parameter or the probe's rights could not be written.
    #[error("{what} could not be written: {source}")]
    Write {
        /// Which object.
        what: String,
        /// The server's answer.
        source: ApiError,
    },
    /// Probes were still admitted, or unclear, when time was over.
    #[error("an ordinary change could not be proven to be refused within {}s: {last}", BARRIER_TIMEOUT.as_secs())]
    NotProven {
        /// The last probe that was not denied.
        last: String,
    },
}

/// Realises freezes in one cluster.
pub struct Freezer {
    client: Client,
    connections: Connections,
    namespace: String,
    passes: Passes,
    installed: Option<(Value, Instant)>,
}

impl Freezer {
    /// Prepares freezes. `teal_users` pass besides the identity of `client` itself, which is asked for.
    ///
    /// # Errors
    /// The API server does not say who we are; a freeze could then lock Teal out.
    pub async fn new(client: Client, connections: Connections, teal_users: Vec<String>) -> Result<Self, ApiError> {
        let review = SelfSubjectReview { metadata: ObjectMeta::default(), status: None };
        let review = Api::<SelfSubjectReview>::all(client.clone()).create(&PostParams::default(), &review).await?;
        let me = review.status.and_then(|status| status.user_info).and_then(|user| user.username);
        let mut users = teal_users;
        users.extend(me);
        users.sort();
        users.dedup();
        let namespaces = vec!["kube-system".to_owned(), TEAL_NAMESPACE.to_owned()];
        let passes = Passes { users, namespaces };
        Ok(Self { client, connections, namespace: TEAL_NAMESPACE.to_owned(), passes, installed: None })
    }

    /// Installs policy, binding and the probe's rights for `kinds`; sends nothing when they are as last installed.
    ///
    /// # Errors
    /// [`FreezeError::Write`].
    pub async fn install(&mut self, kinds: &[Kind]) -> Result<(), FreezeError> {
        let policy = policy::policy(kinds, &self.passes, &self.namespace);
        if self.installed.as_ref().is_some_and(|(installed, _)| *installed == policy) {
            return Ok(());
        }
        let namespace =
            serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}});
        let [role, role_binding] = policy::probe_rights();
        for (object, plural) in [
            (namespace, "namespaces"),
            (role, "clusterroles"),
            (role_binding, "clusterrolebindings"),
            (policy.clone(), "validatingadmissionpolicies"),
            (policy::binding(&self.passes, &self.namespace), "validatingadmissionpolicybindings"),
        ] {
            self.write(&object, plural).await?;
        }
        self.installed = Some((policy, Instant::now()));
        Ok(())
    }

    /// Tells the policy to refuse. It does within milliseconds; [`Freezer::barrier`] proves it.
    ///
    /// # Errors
    /// [`FreezeError::Write`].
    pub async fn hold(&self, hold: &Hold) -> Result<(), FreezeError> {
        self.parameter(BTreeMap::from([
            ("frozen".to_owned(), "true".to_owned()),
            ("reason".to_owned(), hold.reason.clone()),
            ("until".to_owned(), hold.until.clone()),
            ("exemptUsers".to_owned(), hold.users.join("\n")),
            ("exemptGroups".to_owned(), hold.groups.join("\n")),
        ]))
        .await
    }

    /// Tells the policy to let everything pass.
    ///
    /// # Errors
    /// [`FreezeError::Write`]; the caller tries again until it succeeds.
    pub async fn lift(&self) -> Result<(), FreezeError> {
        self.parameter(BTreeMap::from([("frozen".to_owned(), "false".to_owned())])).await
    }

    /// Whether the parameter says frozen right now, whoever wrote it.
    ///
    /// # Errors
    /// Any [`ApiError`].
    pub async fn is_held(&self) -> Result<bool, ApiError> {
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), &self.namespace);
        let parameter = api.get_opt(FREEZE_CONFIG_MAP).await?;
        Ok(parameter
            .and_then(|map| map.data)
            .is_some_and(|data| data.get("frozen").is_some_and(|value| value == "true")))
    }

    /// Asks as an ordinary user until [`PROBES`] in a row are denied, then waits for what was admitted before to land.
    ///
    /// # Errors
    /// [`FreezeError::NotProven`] after 20 s.
    pub async fn barrier(&self) -> Result<Passed, FreezeError> {
        let begun = Instant::now();
        if let Some((_, at)) = &self.installed {
            sleep(SETTLE.saturating_sub(at.elapsed())).await;
        }
        let (mut denied, mut round, mut last) = (0, 0, String::new());
        while denied < PROBES {
            if begun.elapsed() > BARRIER_TIMEOUT {
                return Err(FreezeError::NotProven { last });
            }
            match self.probe(round).await {
                Probe::Denied(_) => denied += 1,
                other => {
                    denied = 0;
                    last = match other {
                        Probe::Unclear(why) => why,
                        _ => "a dry run as an ordinary user was admitted".to_owned(),
                    };
                    sleep(Duration::from_millis(20)).await;
                }
            }
            round += 1;
        }
        sleep(DRAIN).await;
        Ok(Passed { probes: denied, took: begun.elapsed() })
    }

    /// One probe on a connection of its own. Rounds alternate between a namespaced and a cluster-scoped kind.
    pub async fn probe(&self, round: u32) -> Probe {
        probe::probe(&self.connections, round).await
    }

    async fn parameter(&self, data: BTreeMap<String, String>) -> Result<(), FreezeError> {
        let metadata = serde_json::json!({"name": FREEZE_CONFIG_MAP, "namespace": self.namespace});
        let map = serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data});
        self.write(&map, "configmaps").await
    }

    /// Forced, unlike anything of the fleet: these objects are Teal's own, and a hand-made edit of the parameter must not
    /// be able to keep a freeze from being lifted.
    async fn write(&self, object: &Value, plural: &str) -> Result<(), FreezeError> {
        let text = |key: &str| object[key].as_str().unwrap_or_default();
        let (group, version) = text("apiVersion").split_once('/').unwrap_or(("", text("apiVersion")));
        let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, text("kind")), plural);
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let api: Api<DynamicObject> = match object["metadata"]["namespace"].as_str() {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        };
        match api.patch(name, &PatchParams::apply(AGENT_MANAGER).force(), &Patch::Apply(object)).await {
            Ok(written) => {
                tracing::debug!(object = %written.name_any(), "Freeze object written");
                Ok(())
            }
            Err(error) => Err(FreezeError::Write { what: format!("{} {name}", text("kind")), source: error.into() }),
        }
    }
}
