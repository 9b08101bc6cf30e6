//! A Sync being followed on a real control plane: git server, agent in this process, and questions about both.
//!
//! One control plane is shared by all suites of the agent; each test has its own Sync, repository and namespaces.

mod asking;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use kube::Client;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use teal_agent::{Agent, AgentConfig, AgentError, FreezeConfig, HelmConfig, Metrics};
use teal_api::sync::SyncStatus;
use teal_testkit::control_plane::ControlPlane;
use teal_testkit::git_server::{GitServer, Repo};
use teal_testkit::install::install_kinds;
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::wire::Wire;
use crate::listening;

/// Longest that anything is waited for: many times what a quiet machine needs.
pub(crate) const LIMIT: Duration = Duration::from_secs(240);

/// `teal.yaml` with every folder of `units` as a unit.
pub(crate) const TWO_UNITS: &str = "
apiVersion: teal.dev/v1alpha1
kind: Fleet
metadata: {name: fleet}
spec:
  layers: [{name: all, paths: [units/*]}]
";

static PLANE: OnceCell<ControlPlane> = OnceCell::const_new();

/// The shared control plane with Teal's CRDs.
pub(crate) async fn plane() -> Result<&'static ControlPlane> {
    PLANE
        .get_or_try_init(|| async {
            listening::init();
            let plane = ControlPlane::start("agent").await?;
            install_kinds(&plane.client().await?).await?;
            Ok(plane)
        })
        .await
}

/// One Sync with its own repository.
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) name: String,
    pub(crate) git: GitServer,
    pub(crate) repo: Repo,
    /// What the agent sends.
    pub(crate) wire: Arc<Wire>,
    /// What Prometheus would see.
    pub(crate) metrics: Metrics,
    registry: Registry,
    config: AgentConfig,
    store: tempfile::TempDir,
    running: Option<(CancellationToken, JoinHandle<Result<(), AgentError>>)>,
}

impl World {
    /// Starts an agent for a Sync of this name, which follows an empty repository as the active blue.
    pub(crate) async fn new(name: &str) -> Result<Self> {
        let mut world = Self::prepared(name).await?;
        world.declare(json!({})).await?;
        world.start().await?;
        Ok(world)
    }

    /// Everything but the Sync and a running agent.
    pub(crate) async fn prepared(name: &str) -> Result<Self> {
        let client = plane().await?.client().await?;
        let git = GitServer::start()?;
        let repo = git.repository("fleet")?;
        let store = tempfile::tempdir()?;
        let mut config = AgentConfig::new(store.path()).following(name);
        config.freeze = None;
        config.grace = Duration::from_secs(1);
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        let (name, wire) = (name.to_owned(), Wire::new());
        Ok(Self { client, name, git, repo, wire, metrics, registry, config, store, running: None })
    }

    /// Lets this agent realise freezes, through connections of their own.
    pub(crate) async fn freezing(mut self) -> Result<Self> {
        let kubeconfig = kube::config::Kubeconfig::from_yaml(plane().await?.kubeconfig_yaml())?;
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &Default::default()).await?;
        self.config.freeze = Some(FreezeConfig {
            connections: Some(Box::new(config)),
            probe_every: Duration::from_secs(1),
            ..FreezeConfig::default()
        });
        Ok(self)
    }

    /// Renders charts with this program.
    pub(crate) fn rendering_with(mut self, helm: HelmConfig) -> Self {
        self.config.helm = helm;
        self
    }

    /// Writes the Sync; `spec` is merged over the defaults.
    pub(crate) async fn declare(&self, spec: Value) -> Result<()> {
        let mut sync = json!({
            "apiVersion": "teal.dev/v1alpha1", "kind": "Sync", "metadata": {"name": self.name},
            "spec": {"color": "blue", "role": "active",
                     "source": {"url": format!("{}/fleet.git", self.git.url()), "interval": "1s"}},
        });
        merge(&mut sync["spec"], spec);
        self.syncs().patch(&self.name, &PatchParams::apply("test").force(), &Patch::Apply(&sync)).await?;
        Ok(())
    }

    /// Asks Azure's vaults by this client.
    pub(crate) fn asking(mut self, azure: teal_azure::Client) -> Self {
        self.config.azure = Some(azure);
        self
    }

    /// Holds back for so long what is not the last word on some work, however slow this machine is.
    pub(crate) fn holding(mut self, hold: Duration) -> Self {
        self.config.report_hold = hold;
        self
    }

    /// Starts the agent, behind its wire.
    pub(crate) async fn start(&mut self) -> Result<()> {
        let client = self.wire.through(plane().await?.client().await?);
        let (config, stop) = (self.config.clone(), CancellationToken::new());
        let shutdown = stop.clone();
        let task = tokio::spawn(Agent::run_with(config, client, self.metrics.clone(), shutdown));
        self.running = Some((stop, task));
        Ok(())
    }

    /// Ends the agent as `SIGTERM` would.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        if let Some((stop, task)) = self.running.take() {
            stop.cancel();
            tokio::time::timeout(LIMIT, task).await.context("the agent ends")???;
        }
        Ok(())
    }

    /// Ends the agent wherever it is, as `kill -9` would.
    pub(crate) fn kill(&mut self) {
        if let Some((_, task)) = self.running.take() {
            task.abort();
        }
    }

    /// Starts again with an empty git store.
    pub(crate) async fn start_elsewhere(&mut self) -> Result<()> {
        self.store = tempfile::tempdir()?;
        self.config.store = self.store.path().to_owned();
        self.start().await
    }

    /// Commits and asks for it now; returns the commit id.
    pub(crate) async fn commit(&self, files: &[(&str, &str)]) -> Result<String> {
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, Some(*text))).collect();
        self.commit_changes(&files).await
    }

    /// As [`World::commit`]; `None` deletes a file.
    pub(crate) async fn commit_changes(&self, files: &[(&str, Option<&str>)]) -> Result<String> {
        let commit = self.repo.commit(files, "Change the fleet")?;
        self.request().await?;
        Ok(commit)
    }

    /// Waits until the agent has worked through everything it knows once more: two requests, since the first may be
    /// answered by a round that had begun before it.
    pub(crate) async fn worked_through(&self) -> Result<()> {
        for _ in 0..2 {
            let asked = self.request().await?;
            let echoed = |status: &SyncStatus| status.last_handled_reconcile_at.as_deref() == Some(&asked);
            self.until(&format!("{asked} is echoed"), echoed).await?;
        }
        Ok(())
    }

    /// Waits until the agent has asked the repository `times` more, one look after the other.
    pub(crate) async fn looked(&self, times: usize) -> Result<()> {
        let wanted = self.git.requests().ls as usize + times;
        eventually(&format!("the repository is asked {times} more times"), async || {
            let now = self.git.requests().ls as usize;
            Ok(if now >= wanted { Ok(()) } else { Err(format!("asked {now} times of {wanted}")) })
        })
        .await
    }

    /// Waits until the agent asks nothing of the API server between looks at the repository, and waits for no answer;
    /// returns how much it has written.
    pub(crate) async fn at_rest(&self) -> Result<usize> {
        let begun = Instant::now();
        loop {
            let before = self.wire.rests_at();
            // Longer than what is told may be held back for its pace.
            self.looked(3).await?;
            if before.is_some() && self.wire.rests_at() == before {
                return Ok(self.wire.writes());
            }
            if begun.elapsed() > LIMIT {
                bail!("the agent never comes to rest: {} writes so far", self.wire.writes());
            }
        }
    }

    /// What a push's webhook does: asks for a fetch now. Returns what will be echoed.
    pub(crate) async fn request(&self) -> Result<String> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let value = format!("request-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let patch = json!({"metadata": {"annotations": {"teal.dev/requestedAt": value}}});
        match self.syncs().patch(&self.name, &PatchParams::default(), &Patch::Merge(&patch)).await {
            Ok(_) => Ok(value),
            // Commits made before the Sync is declared are found at its first look.
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(value),
            Err(error) => Err(error.into()),
        }
    }

    /// The metrics as Prometheus reads them.
    pub(crate) fn scraped(&self) -> Result<String> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether there is such an object.
pub(crate) fn is_there(found: Option<&DynamicObject>) -> bool {
    found.is_some()
}

/// `Ready`: whether, why, and in which words.
pub(crate) fn ready(status: &SyncStatus) -> Option<(bool, &str, &str)> {
    let condition = status.conditions.iter().find(|condition| condition.type_ == "Ready")?;
    Some((condition.status == "True", &condition.reason, &condition.message))
}

/// Asks until the answer is `Ok(Ok(..))`; an inner `Err` says how it is meanwhile.
pub(crate) async fn eventually<T>(what: &str, ask: impl AsyncFn() -> Result<Result<T, String>>) -> Result<T> {
    let begun = Instant::now();
    loop {
        let meanwhile = match ask().await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(meanwhile)) => meanwhile,
            Err(error) => format!("{error:#}"),
        };
        if begun.elapsed() > LIMIT {
            bail!("not within {LIMIT:?}: {what}; it is\n{meanwhile}");
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// The API of a kind such as `apps/v1/Deployment`; cluster-scoped without a namespace.
pub(crate) fn api(client: Client, kind: &str, namespace: &str) -> Api<DynamicObject> {
    let mut parts: Vec<&str> = kind.split('/').collect();
    let (kind, version) = (parts.pop().unwrap_or_default(), parts.pop().unwrap_or_default());
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(parts.pop().unwrap_or_default(), version, kind));
    if namespace.is_empty() {
        Api::all_with(client, &resource)
    } else {
        Api::namespaced_with(client, namespace, &resource)
    }
}

/// A ConfigMap as YAML.
pub(crate) fn config_map(namespace: &str, name: &str, value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: {namespace}}}\ndata: {{value: {value:?}}}\n"
    )
}

/// A Namespace and `count` ConfigMaps in it, named a0, a1 …, as YAML.
pub(crate) fn many(ns: &str, count: usize) -> String {
    let maps = (0..count).map(|at| format!("---\n{}", config_map(ns, &format!("a{at}"), "1")));
    namespace(ns) + &maps.collect::<String>()
}

/// A Namespace as YAML.
pub(crate) fn namespace(name: &str) -> String {
    format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n")
}

/// RFC 7386.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                if value.is_null() {
                    into.remove(&key);
                } else {
                    merge(into.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (into, from) => *into = from,
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
