//! A living fleet: scalers scale, people edit, agents restart, inventories are touched; nothing fights and nothing is lost.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt;
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams};
use serde_json::{Value, json};
use teal_api::unit::UnitState;

use crate::agent_world::{World, config_map, eventually, namespace, ready};

fn web(ns: &str, replicas: u32, image: &str) -> String {
    format!(
        "---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: {ns}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: {image}}}]}}
"
    )
}

fn definition(group: &str) -> String {
    format!(
        "---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: orders.{group}}}
spec:
  group: {group}
  scope: Namespaced
  names: {{kind: Order, plural: orders, singular: order}}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}
"
    )
}

fn order(group: &str, ns: &str, name: &str) -> String {
    format!(
        "---\napiVersion: {group}/v1\nkind: Order\nmetadata: {{name: {name}, namespace: {ns}}}\nspec: {{size: 1}}\n"
    )
}

fn at<'a>(found: Option<&'a DynamicObject>, path: &str) -> Option<&'a Value> {
    found.and_then(|found| found.data.pointer(path))
}

const IMAGE: &str = "/spec/template/spec/containers/0/image";

#[tokio::test(flavor = "multi_thread")]
async fn a_scaler_keeps_its_replicas_and_nobody_fights() -> Result<()> {
    let world = World::new("scaled").await?;
    let fleet = |replicas, image: &str| namespace("scaled") + &web("scaled", replicas, image);
    let first = world.commit(&[("a.yaml", &fleet(2, "one"))]).await?;
    world.synced(&first).await?;
    let api = Api::<Deployment>::namespaced(world.client.clone(), "scaled");
    let scaler = PatchParams { field_manager: Some("horizontal-pod-autoscaler".to_owned()), ..PatchParams::default() };
    api.patch_scale("web", &scaler, &Patch::Merge(json!({"spec": {"replicas": 5}}))).await?;
    let image = |want: &'static str| move |found: Option<&DynamicObject>| at(found, IMAGE) == Some(&json!(want));
    let scaled = async |when: &str| -> Result<()> {
        let live = world.get("apps/v1/Deployment", "scaled", "web").await?;
        anyhow::ensure!(at(live.as_ref(), "/spec/replicas") == Some(&json!(5)), "{when}: {live:#?}");
        Ok(())
    };
    // Git changes something else, then the very field: neither fails, neither takes the replicas back.
    let second = world.commit(&[("a.yaml", &fleet(2, "two"))]).await?;
    world.synced(&second).await?;
    world.object("apps/v1/Deployment", ("scaled", "web"), "has the new image", image("two")).await?;
    scaled("after a change of another field").await?;
    let third = world.commit(&[("a.yaml", &fleet(3, "two"))]).await?;
    world.synced(&third).await?;
    scaled("after a change of replicas in git").await?;
    assert!(world.events("DriftRepaired").await?.is_empty(), "scaling is no drift");
    // Repairing somebody's edit forces; the scaler's field is left out of that as well.
    let edit = json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "hand"}]}}}});
    world.change("someone", "apps/v1/Deployment", ("scaled", "web"), edit).await?;
    world.object("apps/v1/Deployment", ("scaled", "web"), "is put right", image("two")).await?;
    scaled("after a repair").await?;
    world.synced(&third).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn g6_a_definition_with_living_instances_stays_until_somebody_confirms() -> Result<()> {
    let world = World::new("defs").await?;
    let group = "defs.example";
    let fleet = namespace("defs") + &definition(group) + &order(group, "defs", "ours");
    let first = world.commit(&[("a.yaml", &fleet)]).await?;
    world.synced(&first).await?;
    world.commit(&[("a.yaml", &(namespace("defs") + &order(group, "defs", "ours")))]).await?;
    let told = |words: &'static str| {
        move |status: &teal_api::sync::SyncStatus| status.notices.iter().any(|notice| notice.contains(words))
    };
    world.until("what git still declares is named", told("git still declares defs.example/Order defs/ours")).await?;
    for name in ["theirs", "others"] {
        let order =
            json!({"apiVersion": "defs.example/v1", "kind": "Order", "metadata": {"name": name, "namespace": "defs"}});
        world.create("someone", order).await?;
    }
    world.commit(&[("a.yaml", &namespace("defs"))]).await?;
    world.until("its instances are counted", told("2 living objects would go with it")).await?;
    assert!(world.get("defs.example/v1/Order", "defs", "theirs").await?.is_some());
    let confirmed = json!({"metadata": {"annotations": {"teal.dev/prune": "confirmed"}}});
    let name = format!("orders.{group}");
    let kind = "apiextensions.k8s.io/v1/CustomResourceDefinition";
    world.change("someone", kind, ("", &name), confirmed).await?;
    world.object(kind, ("", &name), "is deleted once confirmed", |found| found.is_none()).await
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

#[tokio::test(flavor = "multi_thread")]
async fn g8_after_a_restart_an_ill_object_does_not_hold_layers_that_were_open() -> Result<()> {
    let mut world = World::new("ill").await?;
    let group = "ill.example";
    let platform = namespace("ill") + &definition(group) + &order(group, "ill", "first");
    let files =
        [("teal.yaml", LAYERS), ("platform/a.yaml", &platform), ("apps/shop/a.yaml", &config_map("ill", "a", "1"))];
    let first = world.commit(&files).await?;
    world.synced(&first).await?;
    let ill = json!({"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "Broken", "message": "no disk"}]}});
    world.change("operator", "ill.example/v1/Order", ("ill", "first"), ill).await?;
    eventually("the illness is told", async || {
        let unit = world.unit("platform").await?.and_then(|unit| unit.status).unwrap_or_default();
        Ok(if unit.state == UnitState::Progressing { Ok(()) } else { Err(format!("{unit:#?}")) })
    })
    .await?;
    world.stop().await?;
    world.delete("v1/ConfigMap", "ill", "a").await?;
    world.start().await?;
    world.object("v1/ConfigMap", ("ill", "a"), "of a later layer is put right", |found| found.is_some()).await?;
    // A new commit for the later layer is not held either; the ill object is still told.
    world.commit(&[("apps/shop/a.yaml", &config_map("ill", "a", "2"))]).await?;
    let changed = |found: Option<&DynamicObject>| at(found, "/data/value") == Some(&json!("2"));
    world.object("v1/ConfigMap", ("ill", "a"), "follows git", changed).await?;
    let status = world.until("every layer is open", |status| status.layers.iter().all(|layer| layer.open)).await?;
    assert!(!ready(&status).context("Ready is told")?.0, "{status:#?}");
    // What is declared anew must be proven anew.
    let anew = platform.replace("size: 1", "size: 2");
    world.commit(&[("platform/a.yaml", &anew), ("apps/shop/a.yaml", &config_map("ill", "a", "3"))]).await?;
    world.until("the layer is shut", |status| status.layers.iter().any(|layer| !layer.open)).await?;
    let map = world.get("v1/ConfigMap", "ill", "a").await?;
    assert_eq!(at(map.as_ref(), "/data/value"), Some(&json!("2")));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_somebody_added_are_told_and_left_alone() -> Result<()> {
    let world = World::new("foreign").await?;
    let first = world.commit(&[("a.yaml", &(namespace("foreign") + &web("foreign", 1, "one")))]).await?;
    world.synced(&first).await?;
    assert!(world.unit("").await?.and_then(|unit| unit.status).unwrap_or_default().problems.is_empty());
    let edit = |env: Value| json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "one", "env": env}]}}}});
    let debug = edit(json!([{"name": "DEBUG", "value": "not-to-be-shown"}]));
    world.change("kubectl-edit", "apps/v1/Deployment", ("foreign", "web"), debug).await?;
    let told = world.problem("", "ForeignFields").await?;
    for words in ["apps/Deployment foreign/web", "kubectl-edit set", "env[name=DEBUG]"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains("not-to-be-shown"), "fields and no values: {told}");
    world.synced(&first).await?;
    world.change("kubectl-edit", "apps/v1/Deployment", ("foreign", "web"), edit(Value::Null)).await?;
    eventually("it is over", async || {
        let status = world.unit("").await?.and_then(|unit| unit.status).unwrap_or_default();
        Ok(if status.problems.is_empty() { Ok(()) } else { Err(format!("{status:#?}")) })
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn g6_an_inventory_that_somebody_touched_or_deleted_is_written_again() -> Result<()> {
    let mut world = World::new("touched").await?;
    let maps = |count: usize| {
        let maps = (0..count).map(|at| format!("---\n{}", config_map("touched", &format!("a{at}"), "1")));
        namespace("touched") + &maps.collect::<String>()
    };
    let first = world.commit(&[("a.yaml", &maps(1))]).await?;
    world.synced(&first).await?;
    let inventory = "teal.dev/v1alpha1/Inventory";
    world.change("someone", inventory, ("", "touched"), json!({"metadata": {"labels": {"looked": "at"}}})).await?;
    let second = world.commit(&[("a.yaml", &maps(2))]).await?;
    world.synced(&second).await?;
    world.delete(inventory, "", "touched").await?;
    let third = world.commit(&[("a.yaml", &maps(3))]).await?;
    world.synced(&third).await?;
    world.stop().await?;
    world.start().await?;
    let fourth = world.commit(&[("a.yaml", &maps(1))]).await?;
    world.synced(&fourth).await?;
    world.object("v1/ConfigMap", ("touched", "a1"), "is pruned as ours", |found| found.is_none()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn g6_a_deleted_sync_lets_go_and_its_namesake_deletes_nothing() -> Result<()> {
    let world = World::new("deleted").await?;
    let fleet = namespace("deleted") + "---\n" + &config_map("deleted", "a", "1");
    let first = world.commit(&[("a.yaml", &fleet), ("other/b.yaml", &config_map("deleted", "b", "1"))]).await?;
    world.declare(json!({"source": {"path": "."}})).await?;
    world.synced(&first).await?;
    let before = world.syncs().get(&world.name).await?.uid();
    world.delete("teal.dev/v1alpha1/Sync", "", &world.name).await?;
    world.declare(json!({"source": {"path": "other"}})).await?;
    world.synced(&first).await?;
    assert_ne!(world.syncs().get(&world.name).await?.uid(), before, "another Sync of the same name");
    // A last word about the one before, as its engine words it, that comes too late.
    let late = json!([
        {"op": "test", "path": "/metadata/uid", "value": before},
        {"op": "add", "path": "/status", "value": {"revision": "of the one before"}},
    ]);
    let late = Patch::Json::<()>(serde_json::from_value(late)?);
    let late = world.syncs().patch_status(&world.name, &PatchParams::default(), &late).await;
    ensure!(late.is_err(), "the API server takes a status for another UID");
    ensure!(world.status().await?.revision.as_ref() == Some(&first));
    // It wants less than the one before; whatever it would prune would be gone by the next commit.
    let second = world.commit(&[("other/b.yaml", &config_map("deleted", "b", "2"))]).await?;
    world.synced(&second).await?;
    assert!(world.get("v1/ConfigMap", "deleted", "a").await?.is_some(), "what was let go of is never deleted");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn suspend_stops_an_apply_where_it_is() -> Result<()> {
    const COUNT: usize = 1500;
    let world = World::new("suspended").await?;
    world.at_rest().await?;
    // However slow whoever suspends is: the agent is in the midst of it.
    world.wire.hold_after(200);
    let maps = (0..COUNT).map(|at| format!("---\n{}", config_map("suspended", &format!("a{at:04}"), "1")));
    let commit = world.commit(&[("a.yaml", &(namespace("suspended") + &maps.collect::<String>()))]).await?;
    let api = world.api("v1/ConfigMap", "suspended");
    let count = async || -> Result<usize> { Ok(api.list_metadata(&ListParams::default()).await?.items.len()) };
    eventually("some are applied", async || Ok(if count().await? > 5 { Ok(()) } else { Err("none".to_owned()) }))
        .await?;
    world.declare(json!({"suspend": true})).await?;
    world.wire.release();
    world.refused("Suspended").await?;
    let writes = world.at_rest().await?;
    let stopped = count().await?;
    eprintln!("suspended after {stopped} of {COUNT} objects");
    assert!(stopped < COUNT, "all were applied although the Sync was suspended");
    world.looked(3).await?;
    assert_eq!((count().await?, world.wire.writes()), (stopped, writes), "it stays so");
    world.declare(json!({})).await?;
    world.synced(&commit).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn g10_short_work_is_told_once() -> Result<()> {
    let mut world = World::prepared("short").await?.holding(Duration::from_secs(3600));
    world.declare(json!({})).await?;
    world.start().await?;
    let fleet = |value: &str| namespace("short") + "---\n" + &config_map("short", "a", value);
    let first = world.commit(&[("a.yaml", &fleet("1"))]).await?;
    world.synced(&first).await?;
    // One of the changes must do without anything that others of this cluster have to do with.
    let mut all = Vec::new();
    for value in ["2", "3", "4", "5"] {
        let before = world.at_rest().await?;
        // Not asked for but found: the echo of a request may come after the end of the work, as one write more.
        let change = world.repo.commit(&[("a.yaml", Some(&fleet(value)))], "Change the fleet")?;
        world.synced(&change).await?;
        all.push(world.at_rest().await? - before);
        // The object, its inventory entry, the Unit's status, the Sync's status.
        if all.ends_with(&[4]) {
            return Ok(());
        }
    }
    bail!("each change took other than 4 writes: {all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_hangs_is_waited_for_and_its_members_come_back_with_it() -> Result<()> {
    let world = World::new("hangs").await?;
    let first = world.commit(&[("a.yaml", &(namespace("hangs") + "---\n" + &config_map("hangs", "a", "1")))]).await?;
    world.synced(&first).await?;
    let held = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "held", "namespace": "hangs", "finalizers": ["living.example/held"]}});
    world.create("someone", held).await?;
    world.delete("v1/Namespace", "", "hangs").await?;
    let told = world.problem("", "Terminating").await?;
    assert!(told.contains("Namespace hangs") && told.contains("made anew"), "{told}");
    world.object("v1/ConfigMap", ("hangs", "a"), "goes with it", |found| found.is_none()).await?;
    // Long enough for tries that fail to be put off.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let begun = Instant::now();
    world.change("someone", "v1/ConfigMap", ("hangs", "held"), json!({"metadata": {"finalizers": null}})).await?;
    let anew = |found: Option<&DynamicObject>| found.is_some_and(|map| map.metadata.deletion_timestamp.is_none());
    world.object("v1/ConfigMap", ("hangs", "a"), "is there again", anew).await?;
    eprintln!("a namespace that hung and its member are back after {:?}", begun.elapsed());
    world.synced(&first).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn g6_an_inventory_that_is_refused_holds_everything_and_is_told_by_name() -> Result<()> {
    let world = World::new("unrecorded").await?;
    let (policy, kind) = ("unrecorded", "admissionregistration.k8s.io/v1");
    world
        .create(
            "test",
            json!({"apiVersion": kind, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": policy},
            "spec": {"matchConstraints": {"resourceRules": [{"apiGroups": ["teal.dev"], "apiVersions": ["*"],
                "operations": ["CREATE", "UPDATE"], "resources": ["inventories"]}]},
                "validations": [{"expression": "object.metadata.name != 'unrecorded'", "message": "no room for it"}]}}),
        )
        .await?;
    world
        .create(
            "test",
            json!({"apiVersion": kind, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": policy},
            "spec": {"policyName": policy, "validationActions": ["Deny"]}}),
        )
        .await?;
    eventually("the policy is in force", async || {
        let probe = json!({"apiVersion": "teal.dev/v1alpha1", "kind": "Inventory", "metadata": {"name": "unrecorded"},
            "spec": {"sync": "nobody", "shard": "", "clusterUid": "", "digestVersion": 1, "entries": []}});
        let params = kube::api::PostParams { dry_run: true, ..Default::default() };
        let api = world.api("teal.dev/v1alpha1/Inventory", "");
        Ok(api.create(&params, &serde_json::from_value(probe)?).await.err().map(|_| ()).ok_or("admitted".to_owned()))
    })
    .await?;
    let first = world.commit(&[("a.yaml", &namespace("unrecorded"))]).await?;
    let status = world
        .until("it is told", |status| ready(status).is_some_and(|(_, _, words)| words.contains("no room for it")))
        .await?;
    assert_eq!(
        ready(&status).map(|(ready, reason, _)| (ready, reason.to_owned())),
        Some((false, "Invalid".to_owned()))
    );
    assert!(world.get("v1/Namespace", "", "unrecorded").await?.is_none(), "nothing is applied unrecorded");
    world.delete(&format!("{kind}/ValidatingAdmissionPolicyBinding"), "", policy).await?;
    world.synced(&first).await?;
    Ok(())
}
