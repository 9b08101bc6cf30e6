//! Two real clusters with the chart in them, agents and a switcher that act with the chart's rights, one fleet, one record.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::Router;
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use kube::api::{Api, PostParams};
use prometheus_client::registry::Registry;
use serde_json::json;
use teal_agent::{Agent, AgentConfig, Metrics};
use teal_api::conditions::{READY, holds};
use teal_api::names::TEAL_NAMESPACE;
use teal_api::sync::SyncObject;
use teal_daemon::{Admin, Readiness};
use teal_git::Options;
use teal_switcher::status::{Status, SwitchStatus};
use teal_switcher::{GitConfig, Switcher, SwitcherConfig};
use teal_testkit::control_plane::ControlPlane;
use teal_testkit::dns::{DnsServer, Key, Zone};
use teal_testkit::git_server::{GitServer, Repo};
use teal_testkit::http::FrontDoor;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::chart::restricted_namespace;
use super::eventually;
use super::helm::{Helm, chart};

/// Where the record is.
const ZONE: &str = "contoso.test";

/// One color: a cluster, and the metrics of the agent that will run in it.
pub(super) struct Side {
    color: &'static str,
    pub(super) cluster: ControlPlane,
    client: Client,
    metrics: Metrics,
    pub(super) address: SocketAddr,
}

/// Everything; dropped, it ends.
pub(super) struct Colors {
    pub(super) sides: [Side; 2],
    switcher: Option<Switcher>,
    status: watch::Receiver<Status>,
    pub(super) switcher_address: SocketAddr,
    repo: Repo,
    doors: Vec<FrontDoor>,
    dns: DnsServer,
    folder: TempDir,
    stop: CancellationToken,
    _ended: DropGuard,
    _git: GitServer,
}

impl Colors {
    /// Installs the chart in two clusters. Nothing of Teal runs yet, but the agents' admin servers answer.
    pub(super) async fn install(helm: &Helm) -> Result<Self> {
        let stop = CancellationToken::new();
        let git = GitServer::start()?;
        let repo = git.repository("fleet")?;
        let (blue, green) = tokio::try_join!(
            Side::install("blue", helm, &repo.url, &stop),
            Side::install("green", helm, &repo.url, &stop)
        )?;
        let doors = FrontDoor::start_all(&["blue", "green"]).await?;
        let key = Key::generate("teal")?;
        let dns =
            DnsServer::start(&Zone::new(ZONE).address("shop", 2, &[doors[0].ip()]), std::slice::from_ref(&key)).await?;
        let folder = TempDir::new()?;
        for side in [&blue, &green] {
            let access = side.cluster.kubeconfig_for_service_account(TEAL_NAMESPACE, "teal-switcher").await?;
            secret(folder.path(), &format!("{}-access", side.color), "kubeconfig", &access)?;
        }
        secret(folder.path(), "dns", "secret", &key.base64())?;
        secret(folder.path(), "dns", "ledger", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")?;
        let mut source = GitConfig::new(Options::new(&repo.url), "main", folder.path().join("store"));
        source.interval = Duration::from_millis(300);
        let mut config = SwitcherConfig::new("outside", source, folder.path());
        (config.busy_interval, config.idle_interval) = (Duration::from_millis(200), Duration::from_millis(300));
        let switcher = Switcher::start(config).await?;
        let (status, switcher_address) = (switcher.status(), switcher.address());
        let _ended = stop.clone().drop_guard();
        let sides = [blue, green];
        Ok(Self {
            sides,
            switcher: Some(switcher),
            status,
            switcher_address,
            repo,
            doors,
            dns,
            folder,
            stop,
            _ended,
            _git: git,
        })
    }

    /// Commits the fleet, starts the agents and then the switcher; waits until both clusters follow and blue is live.
    pub(super) async fn begin(&mut self) -> Result<()> {
        let fleet: Vec<(&str, Option<&str>)> = FLEET.iter().map(|(path, text)| (*path, Some(*text))).collect();
        let head = self.repo.commit(&fleet, "Start the fleet")?;
        for side in &self.sides {
            side.start(&self.folder.path().join(side.color), &self.stop).await?;
        }
        for side in &self.sides {
            side.follows(&head).await?;
        }
        if let Some(switcher) = self.switcher.take() {
            tokio::spawn(switcher.serve(self.stop.clone()));
        }
        self.make_live("blue").await
    }

    /// Commits `active: color` and waits until the switch rests on it.
    pub(super) async fn make_live(&mut self, color: &str) -> Result<()> {
        self.repo.commit(&[("switch.yaml", Some(&self.declaration(color)))], &format!("Make {color} live"))?;
        let rests =
            |one: &SwitchStatus| one.phase == "Steady" && one.live.as_deref() == Some(color) && one.desired == color;
        let found = tokio::time::timeout(
            super::PATIENCE,
            self.status.wait_for(|status| status.switches.first().is_some_and(rests)),
        );
        let found = found.await.map(|found| found.is_ok());
        ensure!(
            found == Ok(true),
            "{color} never came to rest:\n{}",
            serde_json::to_string_pretty(&*self.status.borrow())?
        );
        Ok(())
    }

    fn declaration(&self, active: &str) -> String {
        let [blue, green] = [&self.doors[0], &self.doors[1]];
        let probe =
            |door: &FrontDoor| format!("{{url: \"{}\", host: shop.{ZONE}, timeout: 20s}}", door.url("/healthz"));
        format!(
            "apiVersion: teal.dev/v1alpha1\nkind: Switch\nmetadata: {{name: contoso}}\nspec:\n  active: {active}\n  colors:\n    \
             blue: {{cluster: {{kubeconfig: blue-access}}, probe: {}}}\n    green: {{cluster: {{kubeconfig: green-access}}, probe: {}}}\n  \
             targets:\n  - rfc2136: {{server: \"{}\", zone: {ZONE}, record: shop, tsig: {{name: teal, algorithm: hmac-sha256, secret: dns}}}}\n    \
             to: {{blue: {{ip: {}}}, green: {{ip: {}}}}}\n  \
             strategy: {{ttl: {{steady: 2s, moving: 1s}}, soak: 2s}}\n  health: {{freshness: 30s, interval: 100ms, threshold: 2}}\n  \
             freeze: {{max: 10m}}\n  gates: {{before: [{{platform: {{}}}}, {{synced: {{}}}}, {{parity: {{minimum: 100%}}}}]}}\n",
            probe(blue),
            probe(green),
            self.dns.address(),
            blue.ip(),
            green.ip(),
        )
    }
}

impl Side {
    async fn install(color: &'static str, helm: &Helm, url: &str, stop: &CancellationToken) -> Result<Self> {
        let cluster = ControlPlane::start(&format!("outside-{color}")).await?;
        let client = cluster.client().await?;
        restricted_namespace(&client).await?;
        let key = json!({"metadata": {"name": "parity"}, "stringData": {"key": "a parity key that both sides know"}});
        let secrets = Api::<Secret>::namespaced(client.clone(), TEAL_NAMESPACE);
        secrets.create(&PostParams::default(), &serde_json::from_value(key)?).await?;
        let values = [
            format!("agent.sync.color={color}"),
            format!("agent.sync.url={url}"),
            "agent.sync.interval=500ms".to_owned(),
            "agent.sync.parityKeySecret=parity".to_owned(),
        ];
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        helm.run(&cluster, &["install", "teal", &chart()], &values).await?;
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        let admin = Admin::bind((Ipv4Addr::LOCALHOST, 0).into()).await?;
        let address = admin.address();
        tokio::spawn(admin.serve(Readiness::default(), Arc::new(registry), Router::new(), stop.clone()));
        Ok(Self { color, cluster, client, metrics, address })
    }

    /// Runs the agent with the rights of its ServiceAccount, on the Sync that the chart made.
    async fn start(&self, store: &Path, stop: &CancellationToken) -> Result<()> {
        let access = self.cluster.kubeconfig_for_service_account(TEAL_NAMESPACE, "teal-agent").await?;
        let access = kube::config::Kubeconfig::from_yaml(&access)?;
        let kube = kube::Config::from_custom_kubeconfig(access, &kube::config::KubeConfigOptions::default()).await?;
        let mut config = AgentConfig::new(store).following("fleet").probing_through(kube.clone());
        let switcher = format!("system:serviceaccount:{TEAL_NAMESPACE}:teal-switcher");
        config.freeze.get_or_insert_default().users.push(switcher);
        let (client, metrics, stop, color) = (Client::try_from(kube)?, self.metrics.clone(), stop.clone(), self.color);
        tokio::spawn(async move {
            let ended = Agent::run_with(config, client, metrics, stop).await;
            if let Err(error) = ended {
                eprintln!("the agent in {color} ended: {error:#}");
            }
        });
        Ok(())
    }

    async fn follows(&self, head: &str) -> Result<()> {
        let syncs = Api::<SyncObject>::all(self.client.clone());
        eventually(&format!("{} follows {head}", self.color), async || {
            let status = syncs.get("fleet").await?.status.context("no status")?;
            let there = holds(&status.conditions, READY) && status.revision.as_deref() == Some(head);
            ensure!(there, "{status:#?}");
            Ok(())
        })
        .await
    }
}

fn secret(folder: &Path, name: &str, key: &str, text: &str) -> Result<()> {
    std::fs::create_dir_all(folder.join(name))?;
    Ok(std::fs::write(folder.join(name).join(key), text)?)
}

/// A small fleet: what every cluster has, and one application.
const FLEET: [(&str, &str); 3] = [
    (
        "teal.yaml",
        "apiVersion: teal.dev/v1alpha1\nkind: Fleet\nmetadata: {name: contoso}\nspec:\n  layers:\n  - {name: platform, paths: [platform]}\n  \
         - {name: apps, paths: [apps/*], after: [platform]}\n  roles:\n    standby: {suspend: [CronJob]}\n",
    ),
    ("platform/shop.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"),
    (
        "apps/web/web.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: shop}\ndata: {greeting: hello}\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata: {name: web, namespace: shop}\nstringData: {token: not-a-real-one}\n---\n\
         apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: report, namespace: shop}\nspec:\n  schedule: '0 3 * * *'\n  jobTemplate:\n    \
         spec: {template: {spec: {restartPolicy: Never, containers: [{name: report, image: 'registry.contoso.com/report:1'}]}}}\n---\n\
         apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n  replicas: 2\n  selector: {matchLabels: {app: web}}\n  \
         template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: 'registry.contoso.com/web:1'}]}\n",
    ),
];
