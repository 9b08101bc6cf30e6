//! The whole way to the end, killed and broken in between, and the way back while there is one.

use anyhow::{Result, ensure};
use serde_json::json;
use teal_retire::{Consent, End};
use teal_switcher_core::Phase;
use teal_switcher_core::ledger::Stage;

use crate::world::{AKS, World, id, node};

async fn stage(world: &World, name: &str) -> Result<Option<Stage>> {
    Ok(world.ledger(name).await?.retirement().map(|one| one.stage))
}

/// Asks until it is so.
async fn until(what: &str, met: impl AsyncFn() -> Result<bool>) -> Result<()> {
    let asked = async {
        while !met().await? {
            tokio::task::yield_now().await;
        }
        Ok(())
    };
    tokio::time::timeout(std::time::Duration::from_secs(180), asked)
        .await
        .map_err(|_| anyhow::anyhow!("never {what}"))?
}

#[tokio::test(flavor = "multi_thread")]
async fn blue_ends_although_it_is_killed_and_broken_on_the_way() -> Result<()> {
    let world = World::new("  executor: arm\n").await?;
    let ingress = node("Microsoft.Network/publicIPAddresses/ingress");
    world.put(&ingress, json!({"location": "westeurope", "properties": {"ipAddress": "198.18.0.9"}})).await?;

    // Broken between the two ledgers: the second can't be written.
    let rule =
        json!({"method": "PUT", "path": "*/A/shop", "fault": {"kind": "error", "status": 503, "code": "ServerBusy"}});
    world.tell("POST", "faults", rule).await?;
    let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
    ensure!(
        code != 0 && stage(&world, "contoso").await? == Some(Stage::Stopping) && stage(&world, "shop").await?.is_none(),
        "{code} {text}"
    );
    ensure!(
        world.asked("POST", "/aks-blue/stop").await? == 0,
        "the cluster is touched only past all points of no return"
    );
    world.tell("DELETE", "faults", json!(null)).await?;

    // No way back, and no other move: the switcher tells it.
    world.until("Retiring", |one| one.phase == "Retiring").await?;
    for verb in ["undo", "abort", "adopt", "reassert"] {
        let (code, text) = world.teal(&[verb, "contoso", "--file", "contoso/switch.yaml", "--reason", "x"]).await?;
        ensure!(code == 4 && text.contains("blue is being retired: there is no way back"), "{verb}: {code} {text}");
    }
    let asks_back =
        std::fs::read_to_string(world.file("contoso/switch.yaml"))?.replace("active: green", "active: blue");
    world.repo.commit(&[("contoso/switch.yaml", Some(&asks_back))], "Back to blue")?;
    world
        .until("the refused move", |one| {
            one.desired == "blue" && one.attention.iter().any(|one| one.reason == "RetiringRefusesMove")
        })
        .await?;
    let back = asks_back.replace("active: blue", "active: green");
    world.repo.commit(&[("contoso/switch.yaml", Some(&back))], "Green after all")?;
    world.until("green wanted", |one| one.desired == "green" && one.phase == "Retiring").await?;

    // Killed while the cluster stops.
    world.tell("PATCH", "settings", json!({"lro": {"default": {"polls": 1_000_000, "retryAfter": 1}}})).await?;
    let mut child = world.begin(&["retire", "blue", "--yes"])?;
    until("stopping", async || Ok(world.cluster().await? == "Stopping, Running")).await?;
    child.kill()?;
    child.wait()?;
    ensure!(
        stage(&world, "contoso").await? == Some(Stage::Stopping)
            && stage(&world, "shop").await? == Some(Stage::Stopping)
    );
    ensure!(world.ledger("contoso").await?.op == world.ledger("shop").await?.op, "one retirement, one id");
    finish_operation(&world, "stop").await?;

    // It goes on: stopped, and the scream time begins.
    let (code, text) = world.teal(&["retire", "blue", "--yes", "-o", "json"]).await?;
    ensure!(code == 1 && text.contains("\"end\": \"screams\""), "{code} {text}");
    ensure!(world.cluster().await? == "Succeeded, Stopped" && stage(&world, "shop").await? == Some(Stage::Screaming));
    let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
    ensure!(code == 1 && text.contains("is stopped; run `teal retire blue` after"), "{code} {text}");
    ensure!(world.asked("DELETE", "/aks-blue").await? == 0);
    scream_ends(&world).await?;

    // Someone has found a way to blue in the meantime: the guard is asked again.
    world.record("www", "blue").await?;
    let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
    ensure!(code == 4 && text.contains("A record www.contoso.example points at blue"), "{code} {text}");
    world.delete(&id("Microsoft.Network/dnsZones/contoso.example/A/www")).await?;

    // The answer to the deletion is lost; it is found to be at work, and gone.
    let rule =
        json!({"method": "DELETE", "path": "*/managedClusters/aks-blue", "times": 1, "fault": {"kind": "closeAfter"}});
    world.tell("POST", "faults", rule).await?;
    let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
    ensure!(code == 0 && text.contains("blue is retired: its cluster is gone"), "{code} {text}");
    ensure!(
        world.cluster().await? == "gone" && world.read(&ingress).await?.is_null(),
        "with all that was in its node group"
    );
    for name in ["contoso", "shop"] {
        let ledger = world.ledger(name).await?;
        ensure!(
            ledger.phase == Phase::Steady && ledger.course.is_none() && ledger.active.as_str() == "green",
            "{name}: {ledger:?}"
        );
    }
    world.until("Steady on green", |one| one.phase == "Steady" && one.live.as_deref() == Some("green")).await?;
    let (code, text) = world.teal(&["undo", "contoso", "--file", "contoso/switch.yaml", "--reason", "x"]).await?;
    ensure!(code == 4 && text.contains("there is no move to take back"), "{code} {text}");
    let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
    ensure!(code == 0 && text.contains("nothing to do"), "once more is nothing: {code} {text}");
    Ok(())
}

/// Ends the operation that would never end, as Azure would have ended it.
async fn finish_operation(world: &World, again: &str) -> Result<()> {
    world.tell("PATCH", "settings", json!({"lro": {"default": {"polls": 0, "retryAfter": 0}}})).await?;
    world.post(&format!("{}/abort", id(AKS))).await?;
    world.post(&format!("{}/{again}", id(AKS))).await?;
    until("stopped", async || Ok(world.cluster().await? == "Succeeded, Stopped")).await
}

/// The scream time passes.
async fn scream_ends(world: &World) -> Result<()> {
    for name in ["contoso", "shop"] {
        world.rewrite(name, |ledger| ledger.stopped(1, ledger.times.written_ms)).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_screams_in_time_gets_blue_back() -> Result<()> {
    let world = World::new("  executor: arm\n").await?;
    let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
    ensure!(code == 1 && world.cluster().await? == "Succeeded, Stopped", "{code} {text}");
    // Without a yes nothing is waited for, to be deleted then.
    let (code, text) = world.teal(&["retire", "blue", "--wait"]).await?;
    ensure!(code == 2 && text.contains("after the scream time it is deleted, for ever"), "{code} {text}");
    // Started by hand: it is not deleted, whatever the time.
    world.post(&format!("{}/start", id(AKS))).await?;
    scream_ends(&world).await?;
    let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
    ensure!(code == 4 && text.contains("someone has started it again"), "{code} {text}");
    ensure!(text.matches("someone has started it again").count() == 1, "told once: {text}");
    ensure!(stage(&world, "shop").await? == Some(Stage::Proving), "the first stop does not count any more");
    // Stopped by hand, and nobody can tell whether it was used meanwhile: that stop counts for nothing.
    world.post(&format!("{}/stop", id(AKS))).await?;
    world.tell("DELETE", "metrics", serde_json::Value::Null).await?;
    let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
    ensure!(code == 4 && text.contains("it was started again and then stopped by hand"), "{code} {text}");
    ensure!(stage(&world, "shop").await? == Some(Stage::Proving), "{text}");
    // It is measured: the time of the first stop is over, and that of this one begins.
    world.requests(0.0).await?;
    let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
    ensure!(code == 1 && text.contains("is stopped; run `teal retire blue` after"), "{code} {text}");
    ensure!(
        world.ledger("shop").await?.retirement().is_some_and(|one| one.until_ms > 1)
            && world.asked("DELETE", "/aks-blue").await? == 0
    );
    let (code, text) = world.teal(&["retire", "blue", "--revive", "--yes"]).await?;
    ensure!(code == 0 && text.contains("blue runs, and nothing is being retired"), "{code} {text}");
    ensure!(world.cluster().await? == "Succeeded, Running" && stage(&world, "shop").await?.is_none());
    world.until("Steady", |one| one.phase == "Steady").await?;
    // Nothing is retired, and it is stopped by someone: that is not "it runs".
    world.post(&format!("{}/stop", id(AKS))).await?;
    let (code, text) = world.teal(&["retire", "blue", "--revive", "--yes"]).await?;
    ensure!(code == 4 && text.contains("does not run (Succeeded, Stopped)"), "{code} {text}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_back_after_its_deletion_began_is_never_deleted_and_gets_out() -> Result<()> {
    let world = World::new("  scream: 0s\n").await?;
    world.teal(&["retire", "blue", "--yes"]).await?;
    world.post(&format!("{}/stop", id(AKS))).await?;
    let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
    ensure!(code == 1 && stage(&world, "shop").await? == Some(Stage::Deleting), "{code} {text}");
    // The pipeline deletes it, and Terraform makes it again before anybody has run this.
    world.delete(&id(AKS)).await?;
    ensure!(world.cluster().await? == "gone");
    let body = json!({"location": "westeurope", "properties": {"agentPoolProfiles": [{"name": "system", "count": 3}]}});
    world.put(&id(AKS), body).await?;
    let refused = async |words: &str| -> Result<()> {
        let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
        ensure!(code == 4 && text.contains(words) && text.contains("--revive"), "{words}: {code} {text}");
        ensure!(stage(&world, "shop").await? == Some(Stage::Deleting), "nothing is written");
        Ok(())
    };
    refused("its deletion had begun, and it runs").await?;
    world.post(&format!("{}/stop", id(AKS))).await?;
    refused("it was made again under the same id").await?;
    world.post(&format!("{}/start", id(AKS))).await?;
    let (code, text) = world.teal(&["retire", "blue", "--revive", "--yes"]).await?;
    ensure!(code == 0 && stage(&world, "shop").await?.is_none(), "{code} {text}");
    ensure!(world.cluster().await? == "Succeeded, Running");

    // Its group is not there: a wrong id, but for a cluster whose deletion had begun.
    let missing = json!({"method": "GET", "path": "*/managedClusters/aks-blue", "fault": {"kind": "error", "status": 404, "code": "ResourceGroupNotFound"}});
    world.tell("POST", "faults", missing.clone()).await?;
    let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
    ensure!(code == 4 && text.contains("it can't be read") && text.contains("ResourceGroupNotFound"), "{code} {text}");
    world.tell("DELETE", "faults", json!(null)).await?;
    world.teal(&["retire", "blue", "--yes"]).await?;
    world.post(&format!("{}/stop", id(AKS))).await?;
    world.teal(&["retire", "blue", "--yes"]).await?;
    // Too late to go back once ARM deletes it.
    world.tell("PATCH", "settings", json!({"lro": {"default": {"polls": 1_000_000}}})).await?;
    world.delete(&id(AKS)).await?;
    let (code, text) = world.teal(&["retire", "blue", "--revive", "--yes"]).await?;
    ensure!(code == 4 && text.contains("its deletion has begun"), "{code} {text}");
    world.tell("POST", "faults", missing).await?;
    let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
    ensure!(code == 0 && stage(&world, "shop").await?.is_none(), "{code} {text}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_done_beyond_what_was_agreed_to() -> Result<()> {
    let world = World::new("  executor: arm\n  scream: 0s\n").await?;
    let retirement = world.retirement()?;
    let run = async |consent: Consent| retirement.run(true, consent, &mut |_| {}).await;
    ensure!(run(Consent::GoOn).await? == End::Unconfirmed { deletes: false });
    ensure!(stage(&world, "shop").await?.is_none(), "another look, and it would be the point of no return");
    ensure!(run(Consent::NoWayBack).await? == End::Unconfirmed { deletes: true });
    ensure!(world.cluster().await? == "Succeeded, Stopped" && world.asked("DELETE", "/aks-blue").await? == 0);
    ensure!(stage(&world, "shop").await? == Some(Stage::Screaming), "not even condemned");
    ensure!(run(Consent::GoOn).await? == End::Unconfirmed { deletes: true });
    ensure!(run(Consent::Delete).await? == End::Done && world.cluster().await? == "gone");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_has_its_turn_and_teal_proves_that_it_was_done() -> Result<()> {
    let world = World::new("  scream: 0s\n").await?;
    let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
    ensure!(
        code == 1 && text.contains("the pipeline's turn: stop") && text.contains("az aks stop --ids"),
        "{code} {text}"
    );
    ensure!(stage(&world, "shop").await? == Some(Stage::Stopping) && world.asked("POST", "/aks-blue/stop").await? == 0);
    let (_, again) = world.teal(&["retire", "blue", "--yes"]).await?;
    ensure!(again.contains("the pipeline's turn: stop"), "nothing is believed that was not seen: {again}");
    world.post(&format!("{}/stop", id(AKS))).await?;
    let (code, text) = world.teal(&["retire", "blue", "--yes", "-o", "json"]).await?;
    ensure!(
        code == 1 && text.contains("\"turn\": \"delete\"") && world.cluster().await? == "Succeeded, Stopped",
        "{code} {text}"
    );
    world.delete(&id(AKS)).await?;
    let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
    ensure!(
        code == 0 && stage(&world, "contoso").await?.is_none() && world.cluster().await? == "gone",
        "{code} {text}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_fails_or_a_cluster_that_is_busy_is_told_and_goes_on_later() -> Result<()> {
    let world = World::new("  executor: arm\n  scream: 0s\n").await?;
    let busy = json!({"method": "POST", "path": "*/aks-blue/stop", "times": 1, "fault": {"kind": "busy"}});
    world.tell("POST", "faults", busy).await?;
    let fails = json!({"method": "POST", "path": "*/aks-blue/stop", "times": 1, "fault": {"kind": "lroFails", "code": "NodesAreTired", "message": "they would not stop"}});
    world.tell("POST", "faults", fails).await?;
    let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
    ensure!(
        code == 4 && text.contains("stopping the cluster failed (NodesAreTired): they would not stop"),
        "{code} {text}"
    );
    ensure!(stage(&world, "shop").await? == Some(Stage::Stopping));
    // Another operation: an upgrade by someone else.
    world.tell("PATCH", "settings", json!({"lro": {"default": {"polls": 1_000_000}}})).await?;
    let body = json!({"location": "westeurope", "properties": {"kubernetesVersion": "1.35.1", "agentPoolProfiles": [{"name": "system", "count": 3}]}});
    world.put_only(&id(AKS), body).await?;
    let (code, text) = world.teal(&["retire", "blue", "--yes"]).await?;
    ensure!(code == 4 && text.contains("something is at work on it (Updating, Running)"), "{code} {text}");
    world.tell("PATCH", "settings", json!({"lro": {"default": {"polls": 0}}})).await?;
    world.post(&format!("{}/abort", id(AKS))).await?;
    let (code, text) = world.teal(&["retire", "blue", "--yes", "--wait"]).await?;
    ensure!(code == 0 && world.cluster().await? == "gone", "{code} {text}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_are_as_one() -> Result<()> {
    let world = World::new("  executor: arm\n  scream: 0s\n").await?;
    let arguments = ["retire", "blue", "--yes", "--wait"];
    let (one, other) = tokio::join!(world.teal(&arguments), world.teal(&arguments));
    for (code, text) in [one?, other?] {
        ensure!(code == 0, "{code} {text}");
    }
    for name in ["contoso", "shop"] {
        let ledger = world.ledger(name).await?;
        ensure!(ledger.phase == Phase::Steady && ledger.course.is_none(), "{name}: {ledger:?}");
    }
    ensure!(world.cluster().await? == "gone");
    Ok(())
}
