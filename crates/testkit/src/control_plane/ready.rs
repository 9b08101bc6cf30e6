//! Waiting for conditions, never for time; and noticing at once when what is waited for has died.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use k8s_openapi::api::core::v1::{Node, ServiceAccount};
use kube::Client;
use kube::api::{Api, ListParams};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::processes::Process;

/// Generous: a machine that stalls, or runs other control planes beside, is no reason to fail.
const LIMIT: Duration = Duration::from_secs(240);
const PACE: Duration = Duration::from_millis(20);

/// Waits until something listens.
pub(super) async fn listening(address: (&str, u16), process: &mut Process) -> Result<()> {
    let started = Instant::now();
    while TcpStream::connect(address).await.is_err() {
        process.still_running()?;
        in_time(started, &format!("{} listens", process.name()), &[process])?;
        sleep(PACE).await;
    }
    Ok(())
}

/// Waits until the API server says that all of it is ready.
pub(super) async fn api_server(client: &Client, process: &mut Process) -> Result<()> {
    let started = Instant::now();
    while !says_ready(client).await {
        process.still_running()?;
        in_time(started, "the API server is ready", &[process])?;
        sleep(PACE).await;
    }
    Ok(())
}

async fn says_ready(client: &Client) -> bool {
    let Ok(request) = http::Request::get("/readyz").body(Vec::new()) else { return false };
    client.request_text(request).await.is_ok()
}

/// Waits until the controllers made the default ServiceAccount and all nodes are Ready and take pods.
pub(super) async fn cluster(client: &Client, nodes: usize, processes: &mut [Process]) -> Result<()> {
    let started = Instant::now();
    loop {
        let missing = missing(client, nodes).await;
        if missing.is_empty() {
            return Ok(());
        }
        for process in processes.iter_mut() {
            process.still_running()?;
        }
        let all: Vec<&Process> = processes.iter().collect();
        in_time(started, &missing, &all)?;
        sleep(PACE).await;
    }
}

/// What is still awaited, in words; empty when nothing is.
async fn missing(client: &Client, nodes: usize) -> String {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), "default");
    if !matches!(accounts.get_opt("default").await, Ok(Some(_))) {
        return "the default ServiceAccount exists".to_owned();
    }
    let api: Api<Node> = Api::all(client.clone());
    let usable = match api.list(&ListParams::default()).await {
        Ok(list) => list.iter().filter(|node| usable(node)).count(),
        Err(error) => return format!("nodes can be listed ({error})"),
    };
    if usable < nodes { format!("{nodes} nodes take pods (now {usable})") } else { String::new() }
}

/// Ready and without a taint: the controllers take the taint of a new node away a moment after it is Ready.
fn usable(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let ready = conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True");
    ready && node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default().is_empty()
}

fn in_time(started: Instant, awaited: &str, processes: &[&Process]) -> Result<()> {
    if started.elapsed() < LIMIT {
        return Ok(());
    }
    let logs: Vec<String> =
        processes.iter().map(|process| format!("--- {}\n{}", process.name(), process.log_tail(15))).collect();
    bail!("waited {} s until {awaited}, in vain\n{}", LIMIT.as_secs(), logs.join("\n"))
}
