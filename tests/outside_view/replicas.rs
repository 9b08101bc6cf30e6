//! The agent's replicas as real processes with the Deployment's own flags and the rights of its ServiceAccount.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::Api;
use teal_api::names::TEAL_NAMESPACE;
use teal_testkit::control_plane::{ControlPlane, Port};
use teal_testkit::processes::Process;
use tempfile::TempDir;

use super::eventually;
use super::flags::program;

const NAMES: [&str; 2] = ["teal-agent-one", "teal-agent-two"];

/// Both are ready, one holds the Lease, and when it is told to end the other goes on: else a rollout would wait for a
/// replica that waits for the one it replaces.
pub(super) async fn one_works_and_both_are_ready(cluster: &ControlPlane) -> Result<()> {
    let home = TempDir::new()?;
    let access = home.path().join("kubeconfig");
    std::fs::write(&access, cluster.kubeconfig_for_service_account(TEAL_NAMESPACE, "teal-agent").await?)?;
    let flags = flags(cluster).await?;
    let (mut urls, mut ports) = (Vec::new(), Vec::new());
    let mut running = Vec::new();
    for name in NAMES {
        let port = Port::reserve()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.number()));
        ports.push(port);
        let own = [format!("--listen={address}"), format!("--store={}", home.path().join(name).display())];
        let mut command = Command::new(program("teal-agent")?);
        command.args(&flags).args(own).env("POD_NAME", name).env("KUBECONFIG", &access);
        running.push(Process::spawn(name, command, &home.path().join(format!("{name}.log")))?);
        urls.push(format!("http://{address}/readyz"));
    }
    for url in &urls {
        eventually(&format!("{url} is ready"), async || {
            let answer = reqwest::get(url).await?;
            ensure!(answer.status().is_success(), "{}", answer.text().await?);
            Ok(())
        })
        .await?;
    }
    let first = holder(cluster, |name| NAMES.contains(&name)).await?;
    let index = NAMES.iter().position(|name| *name == first).context("one of ours")?;
    running[index].signal("TERM")?;
    let second = holder(cluster, |name| NAMES.contains(&name) && name != first).await;
    second.map(drop).with_context(|| running[1 - index].log_tail(20))
}

/// The Deployment's flags but those that only a pod can have.
async fn flags(cluster: &ControlPlane) -> Result<Vec<String>> {
    let deployments = Api::<Deployment>::namespaced(cluster.client().await?, TEAL_NAMESPACE);
    let pod = deployments.get("teal-agent").await?.spec.and_then(|spec| spec.template.spec).context("a pod")?;
    let flags = pod.containers.into_iter().flat_map(|container| container.args.unwrap_or_default());
    Ok(flags.filter(|flag| !flag.starts_with("--listen=") && !flag.starts_with("--store=")).collect())
}

/// Who holds the agent's Lease, once it is somebody `wanted`.
async fn holder(cluster: &ControlPlane, wanted: impl Fn(&str) -> bool) -> Result<String> {
    let leases = Api::<Lease>::namespaced(cluster.client().await?, TEAL_NAMESPACE);
    eventually("the Lease changes hands", async || {
        let holder = leases.get("teal-agent").await?.spec.and_then(|spec| spec.holder_identity).unwrap_or_default();
        ensure!(wanted(&holder), "{holder:?} holds it");
        Ok(holder)
    })
    .await
}
