//! What people get wrong gets one clear answer, and nothing is lost.

use anyhow::Result;
use kube::ResourceExt;
use kube::api::{Api, DynamicObject};
use serde_json::json;
use teal_testkit::git_server::{Access, Fault};

use crate::agent_world::{World, config_map, eventually, namespace, ready};

const TWO_UNITS: &str = "
apiVersion: teal.dev/v1alpha1
kind: Fleet
metadata: {name: fleet}
spec:
  layers: [{name: all, paths: [units/*]}]
";

fn is_there(found: Option<&DynamicObject>) -> bool {
    found.is_some()
}

fn has_value(value: &'static str) -> impl Fn(Option<&DynamicObject>) -> bool {
    move |found| found.is_some_and(|found| found.data["data"]["value"] == value)
}

/// A namespace and `count` ConfigMaps named a0, a1 …
fn many(ns: &str, count: usize) -> String {
    let maps = (0..count).map(|at| format!("---\n{}", config_map(ns, &format!("a{at}"), "1")));
    namespace(ns) + &maps.collect::<String>()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_repository_and_wrong_credentials_are_told_and_the_last_commit_stays() -> Result<()> {
    let world = World::new("bad-source").await?;
    let first = world.commit(&[("all.yaml", &many("bad-source", 1))]).await?;
    world.synced(&first).await?;
    world.git.require(Access::Basic("teal".into(), "hunter2".into()));
    let told = world.refused("Unauthorized").await?;
    assert!(
        told.contains("401") && told.contains("no credentials were sent") && told.contains("stays in force"),
        "{told}"
    );
    world.delete("v1/ConfigMap", "bad-source", "a0").await?;
    world.object("v1/ConfigMap", ("bad-source", "a0"), "is put right from the last commit", is_there).await?;

    let secret = |password: &str| {
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bad-source", "namespace": "teal-system"},
               "stringData": {"username": "teal", "password": password}})
    };
    let _exists = world
        .create("test", json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "teal-system"}}))
        .await;
    world.create("test", secret("wrong")).await?;
    world.declare(json!({"source": {"secretRef": {"name": "bad-source"}}})).await?;
    let told = eventually("the wrong password is told", async || {
        let told = world.refused("Unauthorized").await?;
        Ok(if told.contains("user name and password were sent") { Ok(told) } else { Err(told) })
    })
    .await?;
    assert!(!told.contains("wrong") && !told.contains("hunter2"), "{told}");
    // Put right in the Secret alone: nobody touches the Sync.
    world
        .change("test", "v1/Secret", ("teal-system", "bad-source"), json!({"stringData": {"password": "hunter2"}}))
        .await?;
    world.synced(&first).await?;

    world.git.fail(Fault::Status(503));
    let told = world.refused("Unavailable").await?;
    assert!(told.contains("503") && told.contains("stays in force"), "{told}");
    world.git.heal();
    world.synced(&first).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_repository_deletes_nothing() -> Result<()> {
    let world = World::new("bad-empty").await?;
    let told = world.refused("EmptyRepository").await?;
    assert!(told.contains("push a first commit"), "{told}");
    let first = world.commit(&[("fleet/all.yaml", &many("bad-empty", 2)), ("README.md", "x")]).await?;
    world.declare(json!({"source": {"path": "fleet"}})).await?;
    world.synced(&first).await?;
    world.commit_changes(&[("fleet/all.yaml", None), ("fleet/README.md", Some("nothing here"))]).await?;
    let told = world.refused("UnitsFailed").await?;
    assert!(told.contains("no manifests"), "{told}");
    assert!(world.get("v1/ConfigMap", "bad-empty", "a0").await?.is_some(), "an emptied folder deletes nothing");
    world.commit_changes(&[("fleet/README.md", None)]).await?;
    let told = world.refused("MissingPath").await?;
    assert!(told.contains("spec.source.path `fleet` does not exist"), "{told}");
    assert!(world.get("v1/ConfigMap", "bad-empty", "a1").await?.is_some(), "a missing path deletes nothing");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn g6_a_fleet_that_declares_nothing_any_more_deletes_nothing() -> Result<()> {
    let world = World::new("bad-nothing").await?;
    let fleet = TWO_UNITS;
    let first = world.commit(&[("teal.yaml", fleet), ("units/a/all.yaml", &many("bad-nothing", 2))]).await?;
    world.synced(&first).await?;
    world.commit_changes(&[("units/a/all.yaml", None)]).await?;
    let told = world.refused("EmptySource").await?;
    assert!(told.contains("nothing is deleted"), "{told}");
    assert!(world.get("v1/ConfigMap", "bad-nothing", "a0").await?.is_some());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn g8_one_bad_unit_and_one_bad_object_stop_only_themselves() -> Result<()> {
    let world = World::new("bad-unit").await?;
    let broken = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n bad indent: [\n";
    let wrong = "---\napiVersion: v1\nkind: Service\nmetadata: {name: wrong, namespace: bad-unit}\nspec: {ports: [{port: 99999}]}\n";
    let commit = world
        .commit(&[
            ("teal.yaml", TWO_UNITS),
            ("units/broken/x.yaml", broken),
            ("units/good/all.yaml", &many("bad-unit", 3)),
            ("units/mixed/all.yaml", &(config_map("bad-unit", "fine", "1") + wrong)),
        ])
        .await?;
    world.object("v1/ConfigMap", ("bad-unit", "a2"), "of the good unit is applied", is_there).await?;
    world.object("v1/ConfigMap", ("bad-unit", "fine"), "beside the wrong one is applied", is_there).await?;
    world
        .until("two of three units are not ready", |status| {
            ready(status).is_some_and(|(_, why, told)| why == "UnitsFailed" && told.contains("2 of 3 units"))
        })
        .await?;
    let broken = eventually("the broken unit tells the place", async || {
        let status = world.unit("units/broken").await?.and_then(|unit| unit.status).unwrap_or_default();
        Ok(status.problems.first().map(|problem| problem.message.clone()).ok_or(format!("{status:#?}")))
    })
    .await?;
    assert!(broken.contains("units/broken/x.yaml:5:"), "file, line, column: {broken}");
    let told = world.problem("units/mixed", "Invalid").await?;
    assert!(
        told.contains("Service bad-unit/wrong") && told.contains("port") && told.contains("units/mixed/all.yaml"),
        "{told}"
    );
    let good = world.unit("units/good").await?.unwrap().status.unwrap();
    assert_eq!(good.state, teal_api::unit::UnitState::Ready);
    assert_eq!(good.revision, Some(commit));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_teal_yaml_changes_nothing_and_names_every_mistake() -> Result<()> {
    let world = World::new("bad-fleet").await?;
    let first = world.commit(&[("teal.yaml", TWO_UNITS), ("units/a/all.yaml", &many("bad-fleet", 1))]).await?;
    world.synced(&first).await?;
    let two_mistakes = TWO_UNITS.replace("paths: [units/*]", "paths: [units/*], after: [nowhere]") + "  colours: {}\n";
    world.commit(&[("teal.yaml", &two_mistakes), ("units/a/all.yaml", &many("bad-fleet", 2))]).await?;
    let told = world.refused("InvalidFleet").await?;
    assert!(told.contains("teal.yaml:") && told.contains("nowhere") && told.contains("colours"), "{told}");
    assert!(told.contains(&format!("commit {} stays in force", &first[..12])), "{told}");
    assert!(world.get("v1/ConfigMap", "bad-fleet", "a1").await?.is_none());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_kind_is_named_and_one_served_later_is_applied_then() -> Result<()> {
    let world = World::new("bad-kind").await?;
    let late = "---\napiVersion: later.example/v1\nkind: Thing\nmetadata: {name: t, namespace: bad-kind}\n";
    let misspelt = "apiVersion: apps/v1\nkind: Deploymentt\nmetadata: {name: x, namespace: bad-kind}\n";
    let old = "---\napiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: x, namespace: bad-kind}\n";
    world
        .commit(&[
            ("teal.yaml", TWO_UNITS),
            ("units/late/all.yaml", &(many("bad-kind", 1) + late)),
            ("units/wrong/all.yaml", &(misspelt.to_owned() + old)),
        ])
        .await?;
    world.object("v1/ConfigMap", ("bad-kind", "a0"), "beside it is applied", is_there).await?;
    let told = world.problem("units/wrong", "UnknownKind").await?;
    assert!(
        told.contains("Deploymentt") && told.contains("check the spelling") || told.contains("is served at v1"),
        "{told}"
    );
    let told = world.problem("units/late", "UnknownKind").await?;
    assert!(told.contains("later.example/Thing") && told.contains("an operator must"), "{told}");
    world
        .create("operator", json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "things.later.example"},
            "spec": {"group": "later.example", "scope": "Namespaced", "names": {"kind": "Thing", "plural": "things", "singular": "thing"},
                     "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}]},
        }))
        .await?;
    world.object("later.example/v1/Thing", ("bad-kind", "t"), "is applied once it is served", is_there).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_immutable_field_and_a_conflict_are_told_by_field_and_owner() -> Result<()> {
    let world = World::new("bad-fields").await?;
    let map = |immutable: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: fixed, namespace: bad-fields}}\nimmutable: true\ndata: {{value: {immutable:?}}}\n"
        )
    };
    let first = world.commit(&[("a.yaml", &many("bad-fields", 1)), ("b.yaml", &map("1"))]).await?;
    world.synced(&first).await?;
    world.commit(&[("b.yaml", &map("2"))]).await?;
    let told = world.problem("", "Immutable").await?;
    assert!(
        told.contains("ConfigMap bad-fields/fixed") && told.contains("data") && told.contains("b.yaml:1"),
        "{told}"
    );
    assert!(!told.contains("\"2\""), "values stay out: {told}");
    // Deleted by hand, as the message says: made anew without anyone asking again.
    world.delete("v1/ConfigMap", "bad-fields", "fixed").await?;
    world.object("v1/ConfigMap", ("bad-fields", "fixed"), "is made anew", has_value("2")).await?;

    // An operator owns a field of an object that git begins to declare.
    world
        .create(
            "some-operator",
            json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "theirs", "namespace": "bad-fields"}, "data": {"value": "theirs"}}),
        )
        .await?;
    world.commit(&[("c.yaml", &config_map("bad-fields", "theirs", "ours"))]).await?;
    let told = world.problem("", "Conflict").await?;
    assert!(told.contains(".data.value") && told.contains("some-operator"), "field and owner: {told}");
    let map = world.get("v1/ConfigMap", "bad-fields", "theirs").await?.unwrap();
    assert_eq!(map.data["data"]["value"], "theirs", "nothing is taken by force");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn g6_objects_that_were_there_before_are_taken_over_whole_and_never_deleted() -> Result<()> {
    let world = World::new("bad-before").await?;
    let before = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "old", "namespace": "bad-before"},
                        "data": {"value": "1", "dropped-by-git": "x"}});
    world
        .create("kubectl-create", json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bad-before"}}))
        .await?;
    world.create("kubectl-create", before).await?;
    let first =
        world.commit(&[("a.yaml", &many("bad-before", 12)), ("b.yaml", &config_map("bad-before", "old", "2"))]).await?;
    world.synced(&first).await?;
    let old = world.get("v1/ConfigMap", "bad-before", "old").await?.unwrap();
    assert_eq!(old.data["data"], json!({"value": "2"}), "what git dropped before the take-over is gone");
    let second = world.commit_changes(&[("b.yaml", None)]).await?;
    world.synced(&second).await?;
    eventually("letting go of it is told", async || {
        let told = world.events("Orphaned").await?;
        Ok(if told.iter().any(|note| note.contains("bad-before/old") && note.contains("existed before Teal")) {
            Ok(())
        } else {
            Err(format!("{told:?}"))
        })
    })
    .await?;
    let old = world.get("v1/ConfigMap", "bad-before", "old").await?.expect("an adopted object is never deleted");
    assert_eq!(old.data["data"]["value"], "2");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn g6_prune_deletes_what_is_owned_within_its_guard_and_never_a_namespace_unasked() -> Result<()> {
    let world = World::new("bad-prune").await?;
    let first = world.commit(&[("a.yaml", &many("bad-prune", 20))]).await?;
    world.synced(&first).await?;
    // Two fewer: they go.
    let second = world.commit(&[("a.yaml", &many("bad-prune", 18))]).await?;
    world.synced(&second).await?;
    world.object("v1/ConfigMap", ("bad-prune", "a19"), "is pruned", |found| found.is_none()).await?;
    // Fifteen fewer: refused, nothing goes.
    world.commit(&[("a.yaml", &many("bad-prune", 3))]).await?;
    let told = world.refused("PruneShare").await?;
    assert!(told.contains("15 of 19") && told.contains("maxShare"), "{told}");
    assert!(world.get("v1/ConfigMap", "bad-prune", "a17").await?.is_some());
    // Allowed by the Sync: they go.
    world.declare(json!({"prune": {"maxShare": "90%"}})).await?;
    world.object("v1/ConfigMap", ("bad-prune", "a17"), "is pruned", |found| found.is_none()).await?;
    // The Namespace leaves git: it stays until somebody confirms.
    let other = namespace("bad-prune-other");
    let third = world.commit(&[("a.yaml", &(many("bad-prune", 3) + "---\n" + &other))]).await?;
    world.synced(&third).await?;
    let fourth = world.commit(&[("a.yaml", &many("bad-prune", 3))]).await?;
    let status = world
        .until("the Namespace is refused", |status| {
            status.notices.iter().any(|notice| notice.contains("teal.dev/prune=confirmed"))
        })
        .await?;
    assert!(ready(&status).unwrap().0 || status.attempted_revision.as_deref() == Some(&fourth), "{status:#?}");
    assert!(world.get("v1/Namespace", "", "bad-prune-other").await?.unwrap().metadata.deletion_timestamp.is_none());
    world
        .change(
            "test",
            "v1/Namespace",
            ("", "bad-prune-other"),
            json!({"metadata": {"annotations": {"teal.dev/prune": "confirmed"}}}),
        )
        .await?;
    world.object("v1/Namespace", ("", "bad-prune-other"), "is deleted once confirmed", |found| found.is_none()).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn g6_renaming_a_unit_hands_its_objects_over() -> Result<()> {
    let world = World::new("bad-rename").await?;
    let first = world.commit(&[("teal.yaml", TWO_UNITS), ("units/old/all.yaml", &many("bad-rename", 15))]).await?;
    world.synced(&first).await?;
    let uid = world.get("v1/ConfigMap", "bad-rename", "a7").await?.unwrap().uid();
    let second = world
        .commit_changes(&[("units/old/all.yaml", None), ("units/new/all.yaml", Some(&many("bad-rename", 15)))])
        .await?;
    world.synced(&second).await?;
    let moved = world.get("v1/ConfigMap", "bad-rename", "a7").await?.expect("it is handed over");
    assert_eq!(moved.uid(), uid, "the very object");
    assert!(moved.annotations()["teal.dev/owner"].contains("new-"), "{:?}", moved.annotations());
    assert!(world.unit("units/old").await?.is_none(), "the old unit is gone");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn g6_killed_anywhere_and_started_elsewhere_it_owns_what_it_made() -> Result<()> {
    let mut world = World::new("bad-killed").await?;
    let first = world.commit(&[("a.yaml", &many("bad-killed", 60))]).await?;
    world.object("v1/ConfigMap", ("bad-killed", "a0"), "is applied", is_there).await?;
    world.kill();
    world.start_elsewhere().await?;
    world.synced(&first).await?;
    let second = world.commit(&[("a.yaml", &many("bad-killed", 55))]).await?;
    world.synced(&second).await?;
    world
        .object("v1/ConfigMap", ("bad-killed", "a59"), "made before the kill is pruned as ours", |found| {
            found.is_none()
        })
        .await?;
    // A lost inventory is rebuilt from the objects themselves.
    world.stop().await?;
    world.delete("teal.dev/v1alpha1/Inventory", "", "bad-killed").await?;
    world.start().await?;
    let third = world.commit(&[("a.yaml", &many("bad-killed", 53))]).await?;
    world.synced(&third).await?;
    world
        .object("v1/ConfigMap", ("bad-killed", "a54"), "is pruned after the inventory was lost", |found| {
            found.is_none()
        })
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn g6_another_clusters_inventory_is_refused() -> Result<()> {
    let mut world = World::prepared("bad-foreign").await?;
    world
        .create(
            "restore",
            json!({"apiVersion": "teal.dev/v1alpha1", "kind": "Inventory", "metadata": {"name": "bad-foreign"},
            "spec": {"sync": "bad-foreign", "shard": "", "clusterUid": "another", "digestVersion": 1, "entries": []}}),
        )
        .await?;
    world.repo.commit(&[("a.yaml", Some(&many("bad-foreign", 1)))], "First")?;
    world.declare(json!({})).await?;
    world.start().await?;
    let told = world.refused("ForeignInventory").await?;
    assert!(told.contains("another"), "{told}");
    assert!(world.get("v1/Namespace", "", "bad-foreign").await?.is_none(), "nothing is touched");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_does_not_answer_for_one_group_holds_nothing_else() -> Result<()> {
    let world = World::new("bad-group").await?;
    world
        .create("test", json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.down.example"},
            "spec": {"group": "down.example", "version": "v1", "groupPriorityMinimum": 1000, "versionPriority": 10,
                     "service": {"namespace": "default", "name": "nobody"}}}))
        .await?;
    let unknown = "---\napiVersion: down.example/v1\nkind: Metric\nmetadata: {name: m, namespace: bad-group}\n";
    world
        .commit(&[
            ("teal.yaml", TWO_UNITS),
            ("units/good/a.yaml", &many("bad-group", 3)),
            ("units/down/b.yaml", unknown),
        ])
        .await?;
    world.object("v1/ConfigMap", ("bad-group", "a2"), "of another group is applied", is_there).await?;
    world.problem("units/down", "UnknownKind").await?;
    world.commit(&[("units/good/a.yaml", &many("bad-group", 2))]).await?;
    world.until("the next commit is worked on", |status| status.layers.iter().any(|layer| layer.objects == 4)).await?;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert!(world.get("v1/ConfigMap", "bad-group", "a2").await?.is_some(), "while a kind is unknown nothing is pruned");
    world.delete("apiregistration.k8s.io/v1/APIService", "", "v1.down.example").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn g9_a_secret_shows_nowhere_whatever_goes_wrong_with_it() -> Result<()> {
    const CANARY: &str = "canary-3f9c1";
    let world = World::new("bad-secret").await?;
    let secret = |value: &str| {
        format!(
            "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s, namespace: bad-secret}}\nimmutable: true\nstringData: {{token: {value}}}\n"
        )
    };
    let first = world.commit(&[("a.yaml", &(many("bad-secret", 1) + &secret("first")))]).await?;
    world.synced(&first).await?;
    // Immutable, not base64, not a string: each is refused by somebody else.
    let plain = format!(
        "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: t, namespace: bad-secret}}\ndata: {{token: \"{CANARY}!\"}}\n"
    );
    let typed = format!(
        "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: u, namespace: bad-secret}}\ntype: {{wrong: {CANARY}}}\n"
    );
    world.commit(&[("a.yaml", &(many("bad-secret", 1) + &secret(CANARY) + &plain + &typed))]).await?;
    let told = world.problem("", "Immutable").await?;
    assert!(told.contains("Secret bad-secret/s"), "{told}");
    let units = Api::<teal_api::unit::UnitObject>::all(world.client.clone()).list(&Default::default()).await?;
    let inventories =
        Api::<teal_api::inventory::InventoryObject>::all(world.client.clone()).list(&Default::default()).await?;
    let events =
        Api::<k8s_openapi::api::events::v1::Event>::all(world.client.clone()).list(&Default::default()).await?;
    let everything = serde_json::to_string(&(world.status().await?, units.items, inventories.items, events.items))?;
    let encoded = base64_of(CANARY);
    assert!(everything.contains("bad-secret"), "it was looked at");
    assert!(
        !everything.contains(CANARY) && !everything.contains(encoded.trim_end_matches('=')),
        "a Secret's value leaked"
    );
    Ok(())
}

fn base64_of(text: &str) -> String {
    let bytes = k8s_openapi::ByteString(text.as_bytes().to_vec());
    serde_json::to_value(bytes).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
