//! A cluster becomes what git declares, stays it, and follows every commit.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Result;
use kube::ResourceExt;
use serde_json::json;

use crate::agent_world::{World, config_map, eventually, namespace};

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_converges_and_follows_the_next_commit() -> Result<()> {
    let world = World::new("follows").await?;
    let first = world.commit(&[("all.yaml", &(namespace("follows") + "---\n" + &config_map("follows", "a", "1")))]).await?;
    let status = world.synced(&first).await?;
    assert_eq!(status.layers[0].objects, 2, "{status:#?}");
    let map = world.get("v1/ConfigMap", "follows", "a").await?.expect("it was applied");
    assert_eq!(map.labels()["teal.dev/sync"], "follows");
    assert!(map.annotations()["teal.dev/owner"].ends_with("//ConfigMap/follows/a"));
    let begun = Instant::now();
    let second = world.commit(&[("all.yaml", &(namespace("follows") + "---\n" + &config_map("follows", "a", "2")))]).await?;
    world.object("v1/ConfigMap", ("follows", "a"), "is at 2", |map| map.is_some_and(|map| map.data["data"]["value"] == "2")).await?;
    eprintln!("one object changed: {:?} from the request", begun.elapsed());
    world.synced(&second).await?;
    Ok(())
}
