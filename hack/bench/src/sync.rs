//! `teal-bench sync`: first sync, one change, every object changed, nothing changed, drift; beside the yardsticks.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use k8s_openapi::api::admissionregistration::v1::ValidatingAdmissionPolicy;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::runtime::wait::{await_condition, conditions};
use serde_json::{Value, json};
use teal_api::names::{FREEZE_POLICY, REQUESTED_AT_ANNOTATION};
use teal_api::sync::SyncObject;
use teal_testkit::control_plane::{ControlPlane, Options};
use teal_testkit::git_server::{GitServer, Repo};
use teal_testkit::install::install;
use teal_testkit::load_balancer::LoadBalancer;

use crate::process::AgentProcess;
use crate::server::Counters;
use crate::{fleet, yardstick};

const SYNC: &str = "bench";
const PATIENCE: Duration = Duration::from_secs(600);
/// How long *nothing changed* is watched.
const REST: Duration = Duration::from_secs(60);
/// The yardstick anyone can run.
pub(crate) const KUBECTL: &str = "kubectl apply --server-side";
/// The floor: the same bodies, nothing else.
pub(crate) const BARE: &str = "bare loop";
/// Requests in flight of the bare loop; the agent's own bound.
const CONCURRENCY: usize = 16;

/// One measured piece of work.
pub(crate) struct Line {
    /// What was done.
    pub(crate) work: &'static str,
    /// Who did it.
    pub(crate) who: &'static str,
    /// How long it took until everything was applied and healthy.
    pub(crate) time: Duration,
    /// How much of that the requests alone took, where it is known.
    pub(crate) applied: Option<Duration>,
    /// What the API server did meanwhile.
    pub(crate) server: Counters,
    /// CPU of the agent, where it is one.
    pub(crate) cpu: Option<Duration>,
    /// Peak memory of the agent so far, MiB.
    pub(crate) peak: Option<f64>,
}

/// Runs everything over `apps` units of `per` objects and returns the lines.
pub(crate) async fn run(apps: usize, per: usize) -> Result<Vec<Line>> {
    let folder = tempfile::tempdir()?;
    let tree = folder.path().join("fleet");
    fleet::write(&tree, apps, per, "v2")?;
    let mut lines = Vec::new();
    yardsticks(&tree, folder.path(), &mut lines).await?;
    teal(apps, per, &tree, folder.path(), &mut lines).await?;
    Ok(lines)
}

async fn yardsticks(tree: &Path, folder: &Path, lines: &mut Vec<Line>) -> Result<()> {
    let cluster = cluster("kubectl").await?;
    let kubectl = cluster.assets()?.program("kubectl");
    let documents = yardstick::render(&kubectl, tree).await?;
    let file = folder.join("all.yaml");
    std::fs::write(&file, &documents)?;
    let client = cluster.client().await?;
    for work in ["first sync", "nothing changed"] {
        let before = Counters::read(&client).await?;
        let applied = yardstick::kubectl_apply(&kubectl, cluster.kubeconfig(), &file).await?;
        let time = applied + yardstick::until_healthy(&client).await?;
        let server = Counters::read(&client).await?.since(before);
        lines.push(Line { work, who: KUBECTL, time, applied: Some(applied), server, cpu: None, peak: None });
    }
    drop(cluster);

    let objects: Vec<Value> = teal_yaml::read(&documents)
        .context("read what kubectl rendered")?
        .into_iter()
        .map(teal_yaml::Node::into_value)
        .collect();
    let cluster = self::cluster("bare").await?;
    let client = cluster.client().await?;
    let before = Counters::read(&client).await?;
    let applied = yardstick::bare_apply(&client, &objects, CONCURRENCY).await?;
    let time = applied + yardstick::until_healthy(&client).await?;
    let server = Counters::read(&client).await?.since(before);
    lines.push(Line { work: "first sync", who: BARE, time, applied: Some(applied), server, cpu: None, peak: None });
    Ok(())
}

async fn teal(apps: usize, per: usize, tree: &Path, folder: &Path, lines: &mut Vec<Line>) -> Result<()> {
    let mut bench = Bench::start(tree, folder, "blue", lines).await?;
    bench.first_sync().await?;
    let changed = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config-0\ndata:\n  key-0: changed\n";
    bench.push("one object changed", &[("base/app-0/config-map-0.yaml", Some(changed))]).await?;
    let all = every_object(apps, per);
    let all: Vec<(&str, Option<&str>)> = all.iter().map(|(path, text)| (path.as_str(), Some(text.as_str()))).collect();
    bench.push("every object changed", &all).await?;
    bench.rest().await?;
    let maps: Api<ConfigMap> = Api::namespaced(bench.client.clone(), "app-0");
    bench.measure("hand-made drift, to repair", drift(&maps)).await
}

/// First sync and rest of the fleet in `tree`.
pub(crate) async fn fleet(tree: &Path, color: &str) -> Result<Vec<Line>> {
    let folder = tempfile::tempdir()?;
    let mut lines = Vec::new();
    let mut bench = Bench::start(tree, folder.path(), color, &mut lines).await?;
    let pool = |last| Ipv4Addr::new(10, 9, 255, last);
    let _addresses = LoadBalancer::start(bench.client.clone(), pool(1), pool(250));
    bench.first_sync().await?;
    bench.rest().await?;
    Ok(lines)
}

/// A cluster with an agent that waits for its Sync, and the repository it will follow.
struct Bench<'a> {
    client: Client,
    syncs: Api<SyncObject>,
    sync: SyncObject,
    repo: Repo,
    revision: String,
    agent: AgentProcess,
    lines: &'a mut Vec<Line>,
    _git: GitServer,
    _cluster: ControlPlane,
}

impl<'a> Bench<'a> {
    async fn start(tree: &Path, folder: &Path, color: &str, lines: &'a mut Vec<Line>) -> Result<Self> {
        let cluster = cluster("teal").await?;
        let client = cluster.client().await?;
        install(&client).await?;
        let git = GitServer::start()?;
        let repo = git.repository("fleet")?;
        let revision = repo.commit_folder(tree, "first")?;
        let agent = AgentProcess::start(cluster.kubeconfig(), SYNC, &folder.join("store"))?;
        // It writes its freeze policy when it starts: from then on it only waits for its Sync.
        let policies: Api<ValidatingAdmissionPolicy> = Api::all(client.clone());
        await_condition(policies, FREEZE_POLICY, conditions::is_created()).await?;
        let sync = serde_json::from_value(json!({
            "apiVersion": "teal.dev/v1alpha1", "kind": "Sync", "metadata": {"name": SYNC},
            "spec": {"color": color, "source": {"url": repo.url, "ref": {"branch": "main"}, "interval": "1s"}}
        }))?;
        let syncs = Api::all(client.clone());
        Ok(Self { client, syncs, sync, repo, revision, agent, lines, _git: git, _cluster: cluster })
    }

    async fn first_sync(&mut self) -> Result<()> {
        let (syncs, sync, revision) = (self.syncs.clone(), self.sync.clone(), self.revision.clone());
        self.measure("first sync", async {
            syncs.create(&PostParams::default(), &sync).await?;
            ready(&syncs, &revision).await
        })
        .await
    }

    async fn push(&mut self, work: &'static str, files: &[(&str, Option<&str>)]) -> Result<()> {
        let (repo, syncs) = (self.repo.clone(), self.syncs.clone());
        self.measure(work, push(&repo, &syncs, files)).await
    }

    async fn rest(&mut self) -> Result<()> {
        let rest = async {
            tokio::time::sleep(REST).await;
            Ok(())
        };
        self.measure("nothing changed for 60 s", rest).await
    }

    async fn measure(&mut self, work: &'static str, task: impl Future<Output = Result<()>>) -> Result<()> {
        let (before, cpu) = (Counters::read(&self.client).await?, self.agent.cpu()?);
        let started = Instant::now();
        let trace = tokio::spawn(trace(self.client.clone(), before));
        task.await.with_context(|| work.to_owned())?;
        let time = started.elapsed();
        trace.abort();
        let server = Counters::read(&self.client).await?.since(before);
        let cpu = self.agent.cpu()?.saturating_sub(cpu);
        self.lines.push(Line {
            work,
            who: "teal",
            time,
            applied: None,
            server,
            cpu: Some(cpu),
            peak: Some(self.agent.peak_mib()?),
        });
        Ok(())
    }
}

/// With `TEAL_BENCH_TRACE` set: what the API server has done, twice a second.
async fn trace(client: Client, before: Counters) {
    let started = Instant::now();
    let mut tick = tokio::time::interval(Duration::from_millis(500));
    while std::env::var_os("TEAL_BENCH_TRACE").is_some() {
        tick.tick().await;
        if let Ok(now) = Counters::read(&client).await {
            eprintln!("{:.1} s: {:?}", started.elapsed().as_secs_f64(), now.since(before));
        }
    }
}

async fn push(repo: &Repo, syncs: &Api<SyncObject>, files: &[(&str, Option<&str>)]) -> Result<()> {
    let revision = repo.commit(files, "change")?;
    // What a webhook does: ask for a look now.
    let asked = json!({"metadata": {"annotations": {REQUESTED_AT_ANNOTATION: revision}}});
    syncs.patch(SYNC, &PatchParams::default(), &Patch::Merge(asked)).await?;
    ready(syncs, &revision).await
}

async fn ready(syncs: &Api<SyncObject>, revision: &str) -> Result<()> {
    let done = |sync: Option<&SyncObject>| {
        let status = sync.and_then(|sync| sync.status.as_ref());
        status.is_some_and(|status| {
            status.revision.as_deref() == Some(revision)
                && teal_api::conditions::holds(&status.conditions, teal_api::conditions::READY)
        })
    };
    match tokio::time::timeout(PATIENCE, await_condition(syncs.clone(), SYNC, done)).await {
        Ok(result) => result.map(|_| ()).context("watch the Sync"),
        Err(_) => bail!("the Sync is not Ready at {revision}: {:?}", syncs.get(SYNC).await?.status),
    }
}

async fn drift(maps: &Api<ConfigMap>) -> Result<()> {
    let edit = json!({"data": {"key-1": "by hand"}});
    maps.patch("config-4", &PatchParams::default(), &Patch::Merge(edit)).await?;
    let repaired = |map: Option<&ConfigMap>| {
        map.and_then(|map| map.data.as_ref()).and_then(|data| data.get("key-1")).is_some_and(|value| value != "by hand")
    };
    tokio::time::timeout(Duration::from_secs(30), await_condition(maps.clone(), "config-4", repaired))
        .await
        .context("repair took over 30 s")??;
    Ok(())
}

/// The kustomizations with another annotation value: every object of every unit changes.
fn every_object(apps: usize, _per: usize) -> Vec<(String, String)> {
    (0..apps).map(|app| (format!("apps/app-{app}/kustomization.yaml"), fleet::overlay(app, "v3", "2"))).collect()
}

async fn cluster(name: &str) -> Result<ControlPlane> {
    ControlPlane::start_with(name, Options { nodes: 1, ..Options::default() }).await
}
