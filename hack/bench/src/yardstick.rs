//! What Teal is compared with in the same run: kubectl, and a bare loop that only sends the requests.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::apps::v1::Deployment;
use kube::Client;
use kube::api::{Api, ListParams};
use serde_json::Value;
use tokio::process::Command;

/// Renders every unit below `apps` with `kubectl kustomize` into one stream of documents.
pub(crate) async fn render(kubectl: &Path, fleet: &Path) -> Result<String> {
    let mut units: Vec<_> = std::fs::read_dir(fleet.join("apps"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    units.sort();
    let mut documents = String::new();
    for unit in units {
        let output =
            Command::new(kubectl).arg("kustomize").arg(&unit).output().await.context("run kubectl kustomize")?;
        if !output.status.success() {
            bail!("kubectl kustomize {}: {}", unit.display(), String::from_utf8_lossy(&output.stderr));
        }
        documents.push_str("---\n");
        documents.push_str(&String::from_utf8(output.stdout).context("kubectl prints UTF-8")?);
    }
    Ok(documents)
}

/// Runs `kubectl apply --server-side` over the rendered documents and returns how long it took.
pub(crate) async fn kubectl_apply(kubectl: &Path, kubeconfig: &Path, documents: &Path) -> Result<Duration> {
    let started = Instant::now();
    let status = Command::new(kubectl)
        .args(["apply", "--server-side", "--kubeconfig"])
        .arg(kubeconfig)
        .arg("-f")
        .arg(documents)
        .stdout(Stdio::null())
        .stdin(Stdio::null())
        .status()
        .await
        .context("run kubectl apply")?;
    if !status.success() {
        bail!("kubectl apply failed: {status}");
    }
    Ok(started.elapsed())
}

/// Sends one server-side apply per object, Namespaces first, `concurrency` at a time: the floor for any agent.
pub(crate) async fn bare_apply(client: &Client, objects: &[Value], concurrency: usize) -> Result<Duration> {
    let requests = objects.iter().map(request).collect::<Result<Vec<_>>>()?;
    let (namespaces, others): (Vec<_>, Vec<_>) = requests
        .into_iter()
        .partition(|(path, _)| !path.contains("/namespaces/app-") || path.matches('/').count() == 4);
    let started = Instant::now();
    for group in [namespaces, others] {
        stream::iter(group)
            .map(|(path, body)| send(client, path, body))
            .buffer_unordered(concurrency)
            .try_collect::<Vec<()>>()
            .await?;
    }
    Ok(started.elapsed())
}

/// Waits until every Deployment of the fleet is Available, which is where the agent's own measurement ends; returns how long.
pub(crate) async fn until_healthy(client: &Client) -> Result<Duration> {
    let deployments: Api<Deployment> = Api::all(client.clone());
    let fleet = ListParams::default().labels("bench=fleet");
    let started = Instant::now();
    loop {
        let list = deployments.list(&fleet).await?.items;
        if list.iter().all(available) {
            return Ok(started.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn available(deployment: &Deployment) -> bool {
    let Some(status) = &deployment.status else { return false };
    status.observed_generation == deployment.metadata.generation
        && status
            .conditions
            .iter()
            .flatten()
            .any(|condition| condition.type_ == "Available" && condition.status == "True")
}

async fn send(client: &Client, path: String, body: Vec<u8>) -> Result<()> {
    let request = http::Request::patch(format!("{path}?fieldManager=bare"))
        .header("Content-Type", "application/apply-patch+yaml")
        .body(body)
        .context("build the request")?;
    client.request_text(request).await.with_context(|| format!("apply {path}"))?;
    Ok(())
}

fn request(object: &Value) -> Result<(String, Vec<u8>)> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (kind, name, namespace) = (text("/kind"), text("/metadata/name"), text("/metadata/namespace"));
    let path = match kind {
        "Namespace" => format!("/api/v1/namespaces/{name}"),
        "ConfigMap" => format!("/api/v1/namespaces/{namespace}/configmaps/{name}"),
        "Service" => format!("/api/v1/namespaces/{namespace}/services/{name}"),
        "ServiceAccount" => format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}"),
        "Deployment" => format!("/apis/apps/v1/namespaces/{namespace}/deployments/{name}"),
        other => bail!("the bench fleet has no {other}"),
    };
    Ok((path, serde_json::to_vec(object)?))
}
