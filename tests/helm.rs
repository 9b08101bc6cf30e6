//! Charts in a fleet: they converge as everything else does, in their order, and a bad one stops only itself.

use std::path::{Path, PathBuf};

use anyhow::Result;
use kube::ResourceExt;
use serde_json::json;
use teal_agent::HelmConfig;
use teal_testkit::charts::{Repository, pack};

use crate::agent_world::{World, config_map, eventually, namespace, ready};

/// Where `cargo xtask tools helm` has put the real program; without it a test is skipped, or fails where nothing may be.
fn program() -> Result<Option<PathBuf>> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hack/helm/bin/helm");
    if program.is_file() {
        return Ok(Some(program));
    }
    let required = std::env::var("TEAL_REQUIRE").unwrap_or_default();
    anyhow::ensure!(
        !required.split(',').any(|word| word == "all" || word == "helm"),
        "no helm; run cargo xtask tools helm"
    );
    eprintln!("skipped: no helm; run cargo xtask tools helm");
    Ok(None)
}

async fn world(name: &str) -> Result<Option<World>> {
    let Some(program) = program()? else { return Ok(None) };
    let mut world =
        World::prepared(name).await?.rendering_with(HelmConfig { program: Some(program), ..HelmConfig::default() });
    world.declare(json!({})).await?;
    world.start().await?;
    Ok(Some(world))
}

const FLEET: &str = "
apiVersion: teal.dev/v1alpha1
kind: Fleet
metadata: {name: charts}
spec:
  layers: [{name: all, paths: ['*']}]
";
const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.0.0\n";
const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: '{{ .Release.Name }}'}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}]}
";
const SECRET: &str = "
apiVersion: v1
kind: Secret
metadata: {name: auth}
stringData: {password: '{{ randAlphaNum 12 }}', user: '{{ .Values.user }}'}
";
const BEFORE: &str = "
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations: {helm.sh/hook: 'pre-install,pre-upgrade', helm.sh/hook-delete-policy: before-hook-creation}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: 'migrate:{{ .Values.user }}'}]}}}
";
const AFTER: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: after, annotations: {helm.sh/hook: 'post-install,post-upgrade'}}
";

fn helm(namespace: &str, user: &str) -> String {
    format!(
        "apiVersion: teal.dev/v1alpha1\nkind: Helm\nmetadata: {{name: web}}\nspec:\n  chart: {{path: .}}\n  namespace: {namespace}\n  values: {{replicas: 1, user: {user}}}\n  preserve: [{{kind: Secret, name: auth, fields: [/data/password]}}]\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_converges_in_its_order_and_keeps_what_is_to_be_kept() -> Result<()> {
    let ns = "charts-one";
    let Some(world) = world(ns).await? else { return Ok(()) };
    let first = world
        .commit(&[
            ("teal.yaml", FLEET),
            ("base/ns.yaml", &namespace(ns)),
            ("web/helm.yaml", &helm(ns, "one")),
            ("web/Chart.yaml", CHART),
            ("web/templates/web.yaml", DEPLOYMENT),
            ("web/templates/auth.yaml", SECRET),
            ("web/templates/before.yaml", BEFORE),
            ("web/templates/after.yaml", AFTER),
        ])
        .await?;
    world.synced(&first).await?;
    let made = async |kind: &str, name: &str| -> Result<_> {
        let found = world.get(kind, ns, name).await?;
        found.and_then(|found| found.creation_timestamp()).ok_or_else(|| anyhow::anyhow!("no {kind} {name}"))
    };
    let job = world.get("batch/v1/Job", ns, "migrate").await?.expect("the hook ran");
    let done = job.data["status"]["completionTime"].as_str().expect("it is complete").to_owned();
    assert!(made("apps/v1/Deployment", "web").await?.0 >= done.parse()?, "the chart itself comes after its hook");
    assert!(made("v1/ConfigMap", "after").await?.0 >= made("apps/v1/Deployment", "web").await?.0);
    let password = async || -> Result<_> {
        Ok(world.get("v1/Secret", ns, "auth").await?.map(|secret| secret.data["data"].clone()))
    };
    let before = password().await?;

    // A change renders another password; the live one stays. The hook's Job can't be changed in place and runs anew.
    let second = world.commit(&[("web/helm.yaml", &helm(ns, "two"))]).await?;
    world.synced(&second).await?;
    let after = password().await?;
    assert_eq!(before.as_ref().map(|data| &data["password"]), after.as_ref().map(|data| &data["password"]));
    assert_ne!(before, after, "the user did change");
    let again = world.get("batch/v1/Job", ns, "migrate").await?.expect("the hook ran again");
    assert_ne!(job.uid(), again.uid());

    // Somebody changes the kept field: it is theirs now, and nobody fights.
    world.change("rotator", "v1/Secret", (ns, "auth"), json!({"stringData": {"password": "rotated"}})).await?;
    let third = world.commit(&[("web/helm.yaml", &helm(ns, "three"))]).await?;
    world.synced(&third).await?;
    let rotated = password().await?.expect("it is there");
    assert_eq!(rotated["password"], "cm90YXRlZA==", "what was rotated stays");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn g8_a_chart_that_is_not_there_stops_only_its_own_unit() -> Result<()> {
    let ns = "charts-two";
    let repository = Repository::start()?;
    let Some(world) = world(ns).await? else { return Ok(()) };
    world.declare(json!({"helm": {"hosts": [format!("http://{}", repository.web().host())]}})).await?;
    let spec = format!(
        "apiVersion: teal.dev/v1alpha1\nkind: Helm\nmetadata: {{name: remote}}\nspec: {{chart: {{repository: '{}', name: web, version: 1.x}}, namespace: {ns}}}\n",
        repository.url()
    );
    world
        .commit(&[
            ("teal.yaml", FLEET),
            ("base/ns.yaml", &namespace(ns)),
            ("plain/a.yaml", &config_map(ns, "plain", "1")),
            ("remote/helm.yaml", &spec),
        ])
        .await?;
    world.object("v1/ConfigMap", (ns, "plain"), "converges", |found| found.is_some()).await?;
    let message = world.problem("remote", "ChartNotFetched").await?;
    assert!(message.contains("has no chart web"), "{message}");
    assert!(!ready(&world.status().await?).is_some_and(|(ready, ..)| ready));

    // It appears, without a commit: the next try finds it.
    let template = config_map(ns, "remote", "1").replace("\"1\"", "'{{ .Capabilities.KubeVersion.Version }}'");
    repository.put("web", "1.1.0", pack("web", "1.1.0", &[("templates/a.yaml", &template)])?);
    world.object("v1/ConfigMap", (ns, "remote"), "converges when its chart is there", |found| found.is_some()).await?;
    let version = world.client.apiserver_version().await?.git_version;
    let map = world.get("v1/ConfigMap", ns, "remote").await?.expect("it is there");
    assert_eq!(map.data["data"]["value"], json!(version), "the target cluster's own version");
    eventually("the unlocked chart is told", async || {
        let notices = world.status().await?.notices;
        Ok(if notices.iter().any(|notice| notice.contains("not locked")) {
            Ok(())
        } else {
            Err(format!("{notices:?}"))
        })
    })
    .await?;
    Ok(())
}
