//! What Teal made is Teal's to delete, within a guard; what it did not make is not (G6).

use anyhow::Result;
use kube::ResourceExt;
use serde_json::json;

use crate::agent_world::{TWO_UNITS, World, config_map, eventually, is_there, many, namespace, ready};

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
