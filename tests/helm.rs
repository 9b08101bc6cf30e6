//! Charts in a fleet: they converge as everything else does, in their order, and a bad one stops only itself.

use std::path::{Path, PathBuf};

use anyhow::Result;
use kube::ResourceExt;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use serde_json::json;
use teal_agent::HelmConfig;
use teal_api::inventory::InventoryObject;
use teal_api::unit::UnitObject;
use teal_testkit::charts::{Repository, pack};

use crate::agent_world::{World, config_map, eventually, namespace, ready};
use crate::listening::Listening;

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
    world.problem_in_words("remote", "ChartNotFetched", "has no chart web").await?;
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

/// Where Teal's own objects are.
const OWN: &str = "teal-system";
/// A Secret's values, and what the template below makes of them: as it is, encoded, digested, cut.
const CANARIES: [&str; 4] = ["canary-Pa55", "Y2FuYXJ5LVBhNTU", "de497ff86de5", "CANARY"];
const USER: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: facts}
data: {region: '{{ .Values.region }}', size: '{{ .Values.size }}'}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: made}
data:
  plain: 'db://{{ .Values.auth.password }}@db'
  encoded: '{{ .Values.auth.password | b64enc }}'
  digest: '{{ .Values.auth.password | sha256sum }}'
  cut: '{{ .Values.auth.password | trunc 6 | upper }}'
"#;

fn fed(namespace: &str, more: &str) -> String {
    format!(
        "apiVersion: teal.dev/v1alpha1\nkind: Helm\nmetadata: {{name: fed}}\nspec:\n  chart: {{path: .}}\n  namespace: {namespace}\n  valuesFrom:\n  - configMap: {{name: {namespace}-facts}}\n  - secret: {{name: {namespace}-auth, key: password, target: auth.password}}\n{more}"
    )
}

async fn put(world: &World, object: serde_json::Value) -> Result<()> {
    let kind = format!("v1/{}", object["kind"].as_str().unwrap_or_default());
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let namespace = if kind == "v1/Namespace" { "" } else { OWN };
    let params = PatchParams::apply("owner").force();
    world.api(&kind, namespace).patch(&name, &params, &Patch::Apply(&object)).await?;
    Ok(())
}

async fn put_values(world: &World, ns: &str, region: &str, password: &str) -> Result<()> {
    let values = format!("region: {region}\nsize: 3\n");
    put(world, json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("{ns}-facts")}, "data": {"values.yaml": values}})).await?;
    put(world, json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": format!("{ns}-auth")}, "stringData": {"password": password}})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn g9_values_from_the_cluster_are_watched_and_those_of_a_secret_show_nowhere() -> Result<()> {
    let ns = "charts-fed";
    let Some(program) = program()? else { return Ok(()) };
    let mut world =
        World::prepared(ns).await?.rendering_with(HelmConfig { program: Some(program), ..HelmConfig::default() });
    let log = Listening::begin();
    put(&world, json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OWN}})).await?;
    put_values(&world, ns, "west", "canary-Pa55").await?;
    world.declare(json!({})).await?;
    let other = config_map(ns, "other", "1");
    let (spaces, spec) = (namespace(ns), fed(ns, ""));
    let files = [
        ("teal.yaml", FLEET),
        ("base/ns.yaml", spaces.as_str()),
        ("other/a.yaml", other.as_str()),
        ("fed/helm.yaml", spec.as_str()),
        ("fed/Chart.yaml", CHART),
        ("fed/templates/all.yaml", USER),
    ];
    world.repo.commit(&files.map(|(path, text)| (path, Some(text))), "First")?;
    world.start().await?;
    let first = world.synced(&world.repo.head().unwrap_or_default()).await?;
    let is = |key: &'static str, value: &'static str| {
        move |found: Option<&DynamicObject>| found.is_some_and(|found| found.data["data"][key] == value)
    };
    world.object("v1/ConfigMap", (ns, "facts"), "has the ConfigMap's values", is("region", "west")).await?;
    world.object("v1/ConfigMap", (ns, "made"), "has the Secret's value", is("plain", "db://canary-Pa55@db")).await?;
    let before = world.metrics.units_rendered.get();

    // A change of either is rendered and applied, and nobody else is rendered again.
    put_values(&world, ns, "east", "canary-Pa55").await?;
    world.object("v1/ConfigMap", (ns, "facts"), "follows the ConfigMap", is("region", "east")).await?;
    put_values(&world, ns, "east", "canary-Pa55-2").await?;
    world.object("v1/ConfigMap", (ns, "made"), "follows the Secret", is("plain", "db://canary-Pa55-2@db")).await?;
    assert_eq!(world.metrics.units_rendered.get(), before + 2, "the one unit, once for each");
    let digest = first.fleet_digest.clone();
    world.until("other values are another fleet (SYNC §9)", |status| status.fleet_digest != digest).await?;
    put_values(&world, ns, "east", "canary-Pa55").await?;
    world.object("v1/ConfigMap", (ns, "made"), "follows it back", is("plain", "db://canary-Pa55@db")).await?;

    // One that goes is told, and what is there stays; what Helm and the API server say of secret values is not passed on.
    let gone = format!("{ns}-facts");
    world.delete("v1/ConfigMap", OWN, &gone).await?;
    let told = world.problem("fed", "ChartValues").await?;
    assert!(told.contains(&format!("no ConfigMap {gone} with a key values.yaml")), "{told}");
    assert!(world.get("v1/ConfigMap", ns, "facts").await?.is_some());
    put_values(&world, ns, "east", "canary-Pa55").await?;
    let fails = format!("{USER}---\n{{{{ fail (printf \"no %s\" (b64enc .Values.auth.password)) }}}}\n");
    world.commit(&[("fed/templates/all.yaml", &fails)]).await?;
    let told = world.problem("fed", "ChartTemplate").await?;
    assert!(told.contains("web/templates/all.yaml"), "{told}");
    let service = format!(
        "{USER}---\napiVersion: v1\nkind: Service\nmetadata: {{name: s}}\nspec: {{type: '{{{{ .Values.auth.password }}}}', ports: [{{port: 80}}]}}\n"
    );
    world.commit(&[("fed/templates/all.yaml", &service)]).await?;
    let told = world.problem("fed", "Invalid").await?;
    assert!(told.contains("spec.type"), "{told}");

    let units = Api::<UnitObject>::all(world.client.clone()).list(&Default::default()).await?;
    let inventories = Api::<InventoryObject>::all(world.client.clone()).list(&Default::default()).await?;
    let events =
        Api::<k8s_openapi::api::events::v1::Event>::all(world.client.clone()).list(&Default::default()).await?;
    let shown = serde_json::to_string(&(world.status().await?, units.items, inventories.items, events.items))?;
    let shown = shown + &world.scraped()? + &log.text();
    assert!(shown.contains("fed") && log.text().contains("Revision rendered"), "it was looked at");
    let leaked: Vec<_> = CANARIES.into_iter().filter(|canary| shown.contains(canary)).collect();
    assert!(leaked.is_empty(), "leaked: {leaked:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn g9_a_chart_gets_none_of_teals_own_keys_and_waits_for_what_is_not_there() -> Result<()> {
    let ns = "charts-keys";
    let Some(program) = program()? else { return Ok(()) };
    let mut world =
        World::prepared(ns).await?.rendering_with(HelmConfig { program: Some(program), ..HelmConfig::default() });
    put(&world, json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OWN}})).await?;
    put(&world, json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": format!("{ns}-auth")}, "stringData": {"password": "AGE-SECRET-KEY-1"}})).await?;
    world.declare(json!({"decryption": {"secretRef": {"name": format!("{ns}-auth")}}})).await?;
    world.start().await?;
    world
        .commit(&[
            ("teal.yaml", FLEET),
            ("base/ns.yaml", &namespace(ns)),
            ("fed/helm.yaml", &fed(ns, "")),
            ("fed/Chart.yaml", CHART),
            ("fed/templates/all.yaml", USER),
        ])
        .await?;
    let told = world.problem("fed", "ChartValues").await?;
    assert!(told.contains("no ConfigMap") || told.contains("Teal's own keys"), "{told}");
    put(&world, json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("{ns}-facts")}, "data": {"values.yaml": "region: x"}})).await?;
    eventually("the keys are refused, and the ConfigMap is no problem any more", async || {
        let told = world.problem("fed", "ChartValues").await?;
        Ok(if told.contains("Teal's own keys") && !told.contains("no ConfigMap") { Ok(()) } else { Err(told) })
    })
    .await?;
    assert!(world.get("v1/ConfigMap", ns, "made").await?.is_none());
    // The Sync lets go of it: then it is a Secret like any other.
    world.declare(json!({"decryption": null})).await?;
    world.object("v1/ConfigMap", (ns, "made"), "is made now", |found| found.is_some()).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn g9_a_chart_that_asks_for_what_is_watched_already_or_refused_is_told_at_once() -> Result<()> {
    let ns = "charts-known";
    let Some(program) = program()? else { return Ok(()) };
    let mut world =
        World::prepared(ns).await?.rendering_with(HelmConfig { program: Some(program), ..HelmConfig::default() });
    put(&world, json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OWN}})).await?;
    put_values(&world, ns, "west", "AGE-SECRET-KEY-1").await?;
    world.declare(json!({"decryption": {"secretRef": {"name": format!("{ns}-auth")}}})).await?;
    world.start().await?;
    // Variables watch the ConfigMap before the chart asks for it, and nobody ever watches the keys for it.
    let fleet = format!("{FLEET}  substituteFrom: [{{kind: ConfigMap, name: {ns}-facts, names: [NOBODY]}}]\n");
    let first = world.commit(&[("teal.yaml", &fleet), ("base/ns.yaml", &namespace(ns))]).await?;
    world.synced(&first).await?;
    let spec = fed(ns, "");
    world.commit(&[("fed/helm.yaml", &spec), ("fed/Chart.yaml", CHART), ("fed/templates/all.yaml", USER)]).await?;
    let told = world.problem("fed", "ChartValues").await?;
    assert!(told.contains("Teal's own keys") && !told.contains("AGE-SECRET"), "{told}");
    Ok(())
}
