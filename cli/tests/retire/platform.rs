//! What the platform gate makes of a cluster's state at ARM, over HTTPS.

use anyhow::{Result, ensure};
use serde_json::json;
use teal_api::switch::AzureAccess;
use teal_gates::{Outcome, aks};

use crate::world::{AKS, RETIRER, SUBSCRIPTION, TENANT, World, id};

#[tokio::test(flavor = "multi_thread")]
async fn g3_a_cluster_that_arm_does_not_call_succeeded_and_running_is_no_platform() -> Result<()> {
    let world = World::new("").await?;
    let client = world.azure.client(&AzureAccess::default())?;
    let says = async |want: Outcome, words: &str| -> Result<()> {
        let report = aks::check(&client, &id(AKS)).await;
        ensure!(report.outcome == want && report.message.contains(words), "{words}: {report}");
        Ok(())
    };
    says(Outcome::Pass, "Succeeded and Running, with 1 node pools").await?;
    world.tell("PATCH", "settings", json!({"lro": {"default": {"polls": 1_000_000}}})).await?;
    world.post(&format!("{}/stop", id(AKS))).await?;
    says(Outcome::Fail, "the cluster is Stopping, Running; node pool system is Stopping, Running").await?;
    world.tell("PATCH", "settings", json!({"lro": {"default": {"polls": 0}}})).await?;
    world.post(&format!("{}/abort", id(AKS))).await?;
    says(Outcome::Fail, "the cluster is Canceled, Running").await?;
    world.post(&format!("{}/stop", id(AKS))).await?;
    says(Outcome::Fail, "the cluster is Succeeded, Stopped").await?;
    world.post(&format!("{}/start", id(AKS))).await?;
    says(Outcome::Pass, "Succeeded and Running").await?;
    // Unreadable is no verdict on the cluster.
    let clients = json!([{"tenant": TENANT, "id": RETIRER, "secret": "s"}, {"tenant": TENANT, "id": crate::world::DAEMON, "secret": "s"}]);
    let access = json!({"strict": true, "tenants": [{"id": TENANT, "subscriptions": [SUBSCRIPTION]}], "clients": clients, "assignments": []});
    world.tell("PUT", "access", access).await?;
    says(Outcome::Error, "ARM does not tell its state").await?;
    Ok(())
}
