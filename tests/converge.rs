//! A cluster becomes what git declares, stays it, and follows every commit.

use std::time::Instant;

use anyhow::Result;
use kube::ResourceExt;
use serde_json::json;

use crate::agent_world::{World, config_map, eventually, namespace, ready};

fn two(ns: &str, value: &str) -> String {
    namespace(ns) + "---\n" + &config_map(ns, "a", value)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_converges_and_follows_the_next_commit() -> Result<()> {
    let world = World::new("follows").await?;
    let first = world.commit(&[("all.yaml", &two("follows", "1"))]).await?;
    let status = world.synced(&first).await?;
    assert_eq!(status.layers[0].objects, 2, "{status:#?}");
    let map = world.get("v1/ConfigMap", "follows", "a").await?.expect("it was applied");
    assert_eq!(map.labels()["teal.dev/sync"], "follows");
    assert!(map.annotations()["teal.dev/owner"].ends_with("//ConfigMap/follows/a"));
    let begun = Instant::now();
    let second = world.commit(&[("all.yaml", &two("follows", "2"))]).await?;
    let at_two = |map: Option<&kube::api::DynamicObject>| map.is_some_and(|map| map.data["data"]["value"] == "2");
    world.object("v1/ConfigMap", ("follows", "a"), "is at 2", at_two).await?;
    eprintln!("one object changed: {:?} from the request", begun.elapsed());
    let status = world.synced(&second).await?;
    assert!(status.last_handled_reconcile_at.is_some(), "the request is echoed");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn g10_nothing_changed_means_no_writes_and_a_restart_neither() -> Result<()> {
    let mut world = World::new("idle").await?;
    let secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: idle}\nstringData: {token: x}\n";
    let commit = world.commit(&[("all.yaml", &(two("idle", "1") + secret))]).await?;
    world.synced(&commit).await?;
    // The statuses' last write may still be under way: at rest is who looks and writes nothing.
    let before = world.at_rest().await?;
    world.looked(3).await?;
    assert_eq!(world.wire.writes(), before, "nothing changed, nothing was written");

    world.stop().await?;
    world.start().await?;
    world.looked(3).await?;
    let again = world.wire.writes() - before;
    // A Secret's digest may not be stored without a parity key (G9), so it is applied once a process.
    assert!(again <= 1, "a restart without changes wrote {again} times");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_put_right_and_told() -> Result<()> {
    let world = World::new("drifts").await?;
    let commit = world.commit(&[("all.yaml", &two("drifts", "git"))]).await?;
    world.synced(&commit).await?;
    let begun = Instant::now();
    world.change("someone", "v1/ConfigMap", ("drifts", "a"), json!({"data": {"value": "hand"}})).await?;
    let right = |map: Option<&kube::api::DynamicObject>| map.is_some_and(|map| map.data["data"]["value"] == "git");
    world.object("v1/ConfigMap", ("drifts", "a"), "is put right", right).await?;
    eprintln!("edit repaired after {:?}", begun.elapsed());
    eventually("the drift is told with its author", async || {
        let told = world.events("DriftRepaired").await?;
        Ok(if told.iter().any(|note| note.contains("someone")) { Ok(()) } else { Err(format!("{told:?}")) })
    })
    .await?;

    let begun = Instant::now();
    world
        .change("someone", "v1/ConfigMap", ("drifts", "a"), json!({"metadata": {"labels": {"teal.dev/sync": null}}}))
        .await?;
    let labelled =
        |map: Option<&kube::api::DynamicObject>| map.is_some_and(|map| map.labels().contains_key("teal.dev/sync"));
    world.object("v1/ConfigMap", ("drifts", "a"), "has its label again", labelled).await?;
    eprintln!("stripped label repaired after {:?}", begun.elapsed());

    let uid = world.get("v1/ConfigMap", "drifts", "a").await?.and_then(|map| map.uid());
    world.delete("v1/ConfigMap", "drifts", "a").await?;
    let anew = |map: Option<&kube::api::DynamicObject>| map.is_some_and(|map| map.uid() != uid);
    world.object("v1/ConfigMap", ("drifts", "a"), "is made anew", anew).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn detect_mode_reports_drift_and_leaves_it() -> Result<()> {
    let world = World::new("detects").await?;
    world.declare(json!({"drift": "detect"})).await?;
    let commit = world.commit(&[("all.yaml", &two("detects", "git"))]).await?;
    world.synced(&commit).await?;
    world.change("someone", "v1/ConfigMap", ("detects", "a"), json!({"data": {"value": "hand"}})).await?;
    let status =
        world.until("the drift is counted", |status| status.layers.iter().any(|layer| layer.drifted == 1)).await?;
    assert!(!ready(&status).unwrap().0, "a drifted cluster is not as declared");
    let map = world.get("v1/ConfigMap", "detects", "a").await?.unwrap();
    assert_eq!(map.data["data"]["value"], "hand");
    Ok(())
}

const LAYERS: &str = "
apiVersion: teal.dev/v1alpha1
kind: Fleet
metadata: {name: layers}
spec:
  layers:
  - {name: platform, paths: [platform]}
  - {name: apps, paths: [apps/*], after: [platform]}
";

const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: layers}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}]}
";

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_waits_until_the_one_before_has_been_current() -> Result<()> {
    let world = World::new("layers").await?;
    let commit = world
        .commit(&[
            ("teal.yaml", LAYERS),
            ("platform/all.yaml", &(namespace("layers") + "---\n" + DEPLOYMENT)),
            ("apps/shop/a.yaml", &config_map("layers", "a", "1")),
        ])
        .await?;
    let status = world.synced(&commit).await?;
    assert!(status.layers.iter().all(|layer| layer.open), "{status:#?}");
    let deployment = world.get("apps/v1/Deployment", "layers", "web").await?.unwrap();
    let available = deployment.data["status"]["conditions"].as_array().unwrap().iter();
    let available = available.clone().find(|condition| condition["type"] == "Available").unwrap()["lastTransitionTime"]
        .as_str()
        .unwrap();
    let map = world.get("v1/ConfigMap", "layers", "a").await?.unwrap();
    let made = map.creation_timestamp().unwrap().0;
    assert!(made >= available.parse()?, "made at {made}, the layer before was Available at {available}");
    let unit = world.unit("apps/shop").await?.unwrap();
    assert_eq!(unit.spec.layer, "apps");
    Ok(())
}

const CRD: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: orders.converge.example}
spec:
  group: converge.example
  scope: Namespaced
  names: {kind: Order, plural: orders, singular: order}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
";

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_resource_waits_for_its_definition_in_the_same_unit() -> Result<()> {
    let world = World::new("crds").await?;
    let order = "---\napiVersion: converge.example/v1\nkind: Order\nmetadata: {name: first, namespace: crds}\nspec: {size: 1}\n";
    let begun = Instant::now();
    let commit = world.commit(&[("all.yaml", &(namespace("crds") + "---" + CRD + order))]).await?;
    world.synced(&commit).await?;
    eprintln!("definition and resource after {:?}", begun.elapsed());
    assert!(world.get("converge.example/v1/Order", "crds", "first").await?.is_some());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_pins_are_followed_and_parity_is_blind_to_roles() -> Result<()> {
    let world = World::new("roles").await?;
    let fleet = "
apiVersion: teal.dev/v1alpha1
kind: Fleet
metadata: {name: roles}
spec:
  layers: [{name: all, paths: [all]}]
  roles: {standby: {suspend: [CronJob]}}
";
    let job = "
apiVersion: batch/v1
kind: CronJob
metadata: {name: bills, namespace: roles}
spec:
  schedule: '0 0 1 1 *'
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: bills, image: bills}]}}}}
";
    let files = |value: &str| namespace("roles") + "---" + job + "---\n" + &config_map("roles", "a", value);
    let first = world.commit(&[("teal.yaml", fleet), ("all/all.yaml", &files("1"))]).await?;
    let active = world.synced(&first).await?;
    world.declare(json!({"role": "standby"})).await?;
    let suspended = |job: Option<&kube::api::DynamicObject>| job.is_some_and(|job| job.data["spec"]["suspend"] == true);
    world.object("batch/v1/CronJob", ("roles", "bills"), "is suspended", suspended).await?;
    let standby =
        world.until("the role is in force", |status| status.role == Some(teal_api::sync::Role::Standby)).await?;
    let digest = |status: &teal_api::sync::SyncStatus| status.parity.clone().map(|parity| parity.digest);
    assert_eq!(digest(&active), digest(&standby), "a role is a declared difference");

    world.declare(json!({"role": "standby", "pin": first})).await?;
    let second = world.commit(&[("all/all.yaml", &files("2"))]).await?;
    world.worked_through().await?;
    let map = world.get("v1/ConfigMap", "roles", "a").await?.unwrap();
    assert_eq!(map.data["data"]["value"], "1", "a pin wins over the branch");
    world.declare(json!({"role": "active"})).await?;
    let status = world.synced(&second).await?;
    assert_ne!(digest(&active), digest(&status));
    assert_ne!(active.fleet_digest, status.fleet_digest);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_commit_pre_empts_a_wait() -> Result<()> {
    let world = World::new("layers-stuck").await?;
    let stuck = DEPLOYMENT
        .replace("namespace: layers", "namespace: layers-stuck")
        .replace("labels: {app: web}}\n    spec", "labels: {app: web, testkit.teal.dev/pod: never-ready}}\n    spec");
    let well = DEPLOYMENT.replace("namespace: layers", "namespace: layers-stuck");
    let fleet = |deployment: &str| namespace("layers-stuck") + "---\n" + deployment;
    let app = config_map("layers-stuck", "a", "1");
    world.commit(&[("teal.yaml", LAYERS), ("platform/all.yaml", &fleet(&stuck)), ("apps/shop/a.yaml", &app)]).await?;
    world.object("apps/v1/Deployment", ("layers-stuck", "web"), "is applied", |found| found.is_some()).await?;
    world
        .until("the second layer waits", |status| status.layers.iter().any(|layer| layer.name == "apps" && !layer.open))
        .await?;
    assert!(world.get("v1/ConfigMap", "layers-stuck", "a").await?.is_none());
    let fixed = world.commit(&[("platform/all.yaml", &fleet(&well))]).await?;
    world.synced(&fixed).await?;
    Ok(())
}
