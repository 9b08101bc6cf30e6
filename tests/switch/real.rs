//! The same move with nothing stood in for: real agents make both clusters equal, freeze one, change roles.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::CronJob;
use kube::Client;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use serde_json::json;
use teal_agent::{Agent, AgentConfig};
use teal_api::freeze::FreezeObject;
use teal_api::sync::{Role, SyncObject};
use teal_testkit::control_plane::ControlPlane;
use teal_testkit::http::Mode;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::clusters::{pair_alone, run};
use super::world::{PATIENCE, World, steady_on};

const SYNC: &str = "real";
const GATES: &str = "  gates: {before: [{platform: {}}, {synced: {}}, {parity: {minimum: 100%}}]}\n";

fn fleet(blue: &str, green: &str) -> String {
    format!(
        "apiVersion: teal.dev/v1alpha1\nkind: Fleet\nmetadata: {{name: contoso}}\nspec:\n  layers:\n  - {{name: platform, paths: [platform]}}\n  \
         - {{name: apps, paths: [apps/*], after: [platform]}}\n  roles:\n    standby: {{suspend: [CronJob]}}\n  substitute: {{POOL: none}}\n  \
         colors:\n    {blue}: {{substitute: {{POOL: blue}}}}\n    {green}: {{substitute: {{POOL: green}}}}\n"
    )
}

const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: real-shop}\n";
const SHOP: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: real-shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: \"registry.invalid/web:1\", env: [{name: POOL, value: \"${POOL}\"}]}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: bills, namespace: real-shop}
spec:
  schedule: \"0 3 * * *\"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: bills, image: \"registry.invalid/bills:1\"}]
";

/// A real agent of one color; ends with its token.
struct RealAgent {
    client: Client,
    stop: CancellationToken,
    _store: TempDir,
}

impl RealAgent {
    async fn start(cluster: &ControlPlane, color: &str, role: Role, url: &str) -> Result<Self> {
        let identity = cluster.kubeconfig_for("system:serviceaccount:teal-system:teal-agent", &["system:masters"])?;
        let access =
            Config::from_custom_kubeconfig(Kubeconfig::from_yaml(&identity)?, &KubeConfigOptions::default()).await?;
        let client = Client::try_from(access.clone())?;
        let sync = json!({"apiVersion": "teal.dev/v1alpha1", "kind": "Sync", "metadata": {"name": SYNC}, "spec": {"color": color, "role": role,
            "source": {"url": url, "path": "fleet", "interval": "1s", "ref": {"branch": "main"}}}});
        let syncs = Api::<SyncObject>::all(cluster.client().await?);
        syncs.create(&PostParams::default(), &serde_json::from_value(sync)?).await?;
        let (store, stop) = (TempDir::new()?, CancellationToken::new());
        let config = AgentConfig::new(store.path()).following(SYNC).probing_through(access);
        let (agent, token, color) = (client.clone(), stop.clone(), color.to_owned());
        tokio::spawn(async move {
            if let Err(error) = Agent::run(config, agent, token).await {
                eprintln!("the agent of {color} ended: {error:#}");
            }
        });
        Ok(Self { client, stop, _store: store })
    }

    async fn suspended(&self) -> Result<bool> {
        let bills = Api::<CronJob>::namespaced(self.client.clone(), "real-shop").get("bills").await?;
        Ok(bills.spec.suspend.unwrap_or(false))
    }
}

impl Drop for RealAgent {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Deletes what tests before this one left in the shared clusters: real agents enforce every Freeze there is.
async fn thaw(cluster: &ControlPlane) -> Result<()> {
    let freezes = Api::<FreezeObject>::all(cluster.client().await?);
    freezes.delete_collection(&DeleteParams::default(), &ListParams::default()).await?;
    Ok(())
}

/// What an ordinary person meets who scales a Deployment.
async fn scale(cluster: &ControlPlane) -> Result<Result<(), String>> {
    let ordinary = cluster.client_as("kim", &["system:masters"]).await?;
    let web = Api::<Deployment>::namespaced(ordinary, "real-shop");
    let patch = Patch::Merge(json!({"spec": {"replicas": 2}}));
    Ok(web.patch_scale("web", &PatchParams::default(), &patch).await.map(drop).map_err(|error| error.to_string()))
}

#[test]
fn g7_real_agents_freeze_make_equal_and_change_roles() -> Result<()> {
    run(async {
        let pair = pair_alone().await?;
        let mut world = World::new(&pair).await?;
        world.retire_stand_ins().await?;
        for cluster in [&pair.blue, &pair.green] {
            thaw(cluster).await?;
        }
        let files = [
            ("fleet/teal.yaml", fleet(world.blue_color(), world.green_color())),
            ("fleet/platform/namespace.yaml", NAMESPACE.to_owned()),
            ("fleet/apps/shop/shop.yaml", SHOP.to_owned()),
        ];
        let files: Vec<(&str, Option<&str>)> = files.iter().map(|(path, text)| (*path, Some(text.as_str()))).collect();
        world.repo.commit(&files, "A real fleet")?;
        world.commit(world.blue_color(), GATES)?;
        let blue = RealAgent::start(&pair.blue, world.blue_color(), Role::Active, &world.repo.url).await?;
        let green = RealAgent::start(&pair.green, world.green_color(), Role::Standby, &world.repo.url).await?;
        let mut switcher = world.start("one").await?;
        switcher
            .until("steady on blue, both Ready and equal", |one| {
                steady_on(world.blue_color())(one) && one.parity.as_ref().is_some_and(|parity| parity.outcome == "pass")
            })
            .await?;
        ensure!(!blue.suspended().await? && green.suspended().await?, "only the active color sends the bills");
        ensure!(scale(&pair.blue).await?.is_ok(), "an ordinary change passes before");
        // An unproven color keeps the freeze up until somebody has run against it.
        world.green_door.set(Mode::Errors).await?;
        world.commit(world.green_color(), GATES)?;
        let frozen =
            |one: &teal_switcher::status::SwitchStatus| one.freezes.iter().any(|freeze| freeze.state == "Active");
        switcher.until("blue is frozen", frozen).await?;
        let refused = scale(&pair.blue).await?.err().context("an ordinary change passed a freeze")?;
        ensure!(refused.contains("being moved"), "{refused}");
        world.green_door.set(Mode::Good).await?;
        let steady = switcher.until("steady on green", steady_on(world.green_color())).await?;
        ensure!(!world.freezes(&steady), "{:?}", steady.freezes);
        let swapped = async {
            while let Err(refused) = scale(&pair.blue).await? {
                eprintln!("an ordinary change does not pass yet: {refused}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            while !blue.suspended().await? || green.suspended().await? {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            anyhow::Ok(())
        };
        let swapped = tokio::time::timeout(PATIENCE, swapped).await;
        swapped.context("ordinary changes do not pass, or roles were not swapped")??;
        switcher.end().await
    })
}
