//! One color: a real control plane, an agent in it, and somebody who gives its load balancers addresses.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::Router;
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleRef, Subject};
use kube::Client;
use kube::api::{Api, ObjectMeta, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use prometheus_client::registry::Registry;
use teal_agent::{Agent, AgentConfig, Metrics};
use teal_api::conditions::{READY, STALLED, holds};
use teal_api::names::TEAL_NAMESPACE;
use teal_api::sync::{Reference, Role, Source, SyncObject, SyncSpec, SyncStatus};
use teal_api::unit::UnitObject;
use teal_daemon::{Admin, Readiness};
use teal_testkit::control_plane::ControlPlane;
use teal_testkit::install::install;
use teal_testkit::load_balancer::LoadBalancer;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What is stalled for so long is not tried again with success, as after an API server's pause.
const FOR_GOOD: Duration = Duration::from_secs(60);

/// Name of the Sync in both clusters.
pub(crate) const SYNC: &str = "contoso";

/// One color with everything that runs for it.
pub(crate) struct Side {
    /// Its name.
    pub(crate) color: &'static str,
    /// Its cluster.
    pub(crate) cluster: ControlPlane,
    /// An administrator's client.
    pub(crate) client: Client,
    /// Address of its agent's metrics.
    pub(crate) metrics: String,
    stop: CancellationToken,
    agent: Option<JoinHandle<()>>,
    store: PathBuf,
    _load_balancer: LoadBalancer,
}

impl Side {
    /// Starts the cluster and prepares it as the chart would: CRDs, Teal's namespace. No agent yet.
    pub(crate) async fn start(color: &'static str, number: u8, store: &Path) -> Result<Self> {
        let cluster = ControlPlane::start(color).await?;
        let client = cluster.client().await?;
        prepare(&client).await.with_context(|| format!("install Teal's kinds in {color}"))?;
        let pool = |last| Ipv4Addr::new(10, number, 255, last);
        let load_balancer = LoadBalancer::start(client.clone(), pool(1), pool(250));
        let (stop, store) = (CancellationToken::new(), store.join(color));
        Ok(Self {
            color,
            cluster,
            client,
            metrics: String::new(),
            stop,
            agent: None,
            store,
            _load_balancer: load_balancer,
        })
    }

    /// Starts an agent in this cluster that follows the fleet at `url`.
    pub(crate) async fn follow(&mut self, url: &str, role: Role) -> Result<()> {
        let spec = SyncSpec {
            color: self.color.to_owned(),
            role: Some(role),
            pin: None,
            source: Source {
                url: url.to_owned(),
                reference: Reference { branch: Some("main".to_owned()), ..Reference::default() },
                path: String::new(),
                interval: Some("1s".to_owned()),
                secret_ref: None,
            },
            prune: Default::default(),
            drift: Default::default(),
            parity_key_ref: Some(teal_api::sync::SecretRef { name: "parity".to_owned(), key: "key".to_owned() }),
            helm: None,
            decryption: None,
            substitute_namespaces: Vec::new(),
            suspend: false,
        };
        let syncs: Api<SyncObject> = Api::all(self.client.clone());
        syncs.create(&PostParams::default(), &SyncObject::new(SYNC, spec)).await.context("create the Sync")?;
        self.start_agent().await
    }

    /// Runs the agent as its Deployment would: its own identity, its own connections for the freeze's probes, its metrics.
    async fn start_agent(&mut self) -> Result<()> {
        let identity =
            self.cluster.kubeconfig_for("system:serviceaccount:teal-system:teal-agent", &["system:masters"])?;
        let kubeconfig = Kubeconfig::from_yaml(&identity)?;
        let access = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        let client = Client::try_from(access.clone())?;
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        let admin = Admin::bind(([127, 0, 0, 1], 0).into()).await?;
        self.metrics = format!("http://{}/metrics", admin.address());
        tokio::spawn(admin.serve(Readiness::default(), Arc::new(registry), Router::new(), self.stop.clone()));
        let config = AgentConfig::new(&self.store).following(SYNC).probing_through(access);
        let (stop, color) = (self.stop.clone(), self.color);
        self.agent = Some(tokio::spawn(async move {
            if let Err(error) = Agent::run_with(config, client, metrics, stop).await {
                eprintln!("the agent in {color} ended: {error:#}");
            }
        }));
        Ok(())
    }

    /// Status of its Sync as of now.
    pub(crate) async fn status(&self) -> Result<SyncStatus> {
        let syncs: Api<SyncObject> = Api::all(self.client.clone());
        Ok(syncs.get(SYNC).await?.status.unwrap_or_default())
    }

    /// Waits until the Sync is Ready at `revision`; the error says what it was waiting for.
    pub(crate) async fn ready(&self, revision: &str, within: Duration) -> Result<SyncStatus> {
        let deadline = tokio::time::Instant::now() + within;
        let mut tick = tokio::time::interval(Duration::from_millis(100));
        let mut stalled = None;
        loop {
            tick.tick().await;
            let status = self.status().await?;
            if holds(&status.conditions, READY) && status.revision.as_deref() == Some(revision) {
                return Ok(status);
            }
            let now = tokio::time::Instant::now();
            stalled = holds(&status.conditions, STALLED).then(|| stalled.unwrap_or(now));
            if stalled.is_some_and(|since| now.duration_since(since) >= FOR_GOOD) {
                bail!("{} can't follow this fleet:\n    {}", self.color, self.why().await);
            }
            if tokio::time::Instant::now() >= deadline {
                bail!("{} is not Ready at {revision} within {within:?}: {}", self.color, self.why().await);
            }
        }
    }

    /// What the Sync and its units say when they are not Ready.
    pub(crate) async fn why(&self) -> String {
        let mut lines = Vec::new();
        if let Ok(status) = self.status().await {
            lines.extend(
                status
                    .conditions
                    .iter()
                    .map(|condition| format!("{}={}: {}", condition.type_, condition.status, condition.message)),
            );
        }
        let units: Api<UnitObject> = Api::all(self.client.clone());
        for unit in units.list(&Default::default()).await.map(|list| list.items).unwrap_or_default() {
            let status = unit.status.unwrap_or_default();
            for problem in status.problems.iter().take(5) {
                lines.push(format!("{}: {}: {}: {}", unit.spec.path, problem.subject, problem.reason, problem.message));
            }
        }
        lines.join("\n    ")
    }

    /// Ends the agent and waits for it.
    pub(crate) async fn stop(&mut self) {
        self.stop.cancel();
        if let Some(agent) = self.agent.take() {
            let _ = agent.await;
        }
    }
}

async fn prepare(client: &Client) -> Result<()> {
    install(client).await?;
    parity_key(client).await?;
    // The team whose ordinary changes a freeze must hold back: they may do anything but pass a freeze.
    let bindings: Api<ClusterRoleBinding> = Api::all(client.clone());
    let binding = ClusterRoleBinding {
        metadata: ObjectMeta { name: Some("developers".to_owned()), ..Default::default() },
        role_ref: RoleRef {
            api_group: Some("rbac.authorization.k8s.io".to_owned()),
            kind: "ClusterRole".to_owned(),
            name: "cluster-admin".to_owned(),
        },
        subjects: Some(vec![Subject {
            api_group: Some("rbac.authorization.k8s.io".to_owned()),
            kind: "Group".to_owned(),
            name: "developers".to_owned(),
            namespace: None,
        }]),
    };
    bindings.create(&PostParams::default(), &binding).await?;
    Ok(())
}

/// The same key on both sides: Secrets can be compared without being shown.
async fn parity_key(client: &Client) -> Result<()> {
    use k8s_openapi::api::core::v1::Secret;
    let secrets: Api<Secret> = Api::namespaced(client.clone(), TEAL_NAMESPACE);
    let secret = Secret {
        metadata: ObjectMeta { name: Some("parity".to_owned()), ..Default::default() },
        string_data: Some([("key".to_owned(), "the demo's parity key, 32 bytes!".to_owned())].into()),
        ..Default::default()
    };
    secrets.create(&PostParams::default(), &secret).await?;
    Ok(())
}
