//! The chart on a real control plane: installed, changed, removed, and the rendered manifests without Helm.

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Pod, ServiceAccount};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use serde_json::json;
use teal_api::names::{SWITCHER_MANAGER, TEAL_NAMESPACE};
use teal_api::sync::{Role, SyncObject};
use teal_testkit::control_plane::ControlPlane;

use super::helm::{Helm, chart, file, kubectl};
use super::{eventually, replicas};

const FOLLOWING: [&str; 4] = [
    "agent.sync.url=https://git.contoso.com/fleet",
    "agent.sync.color=blue",
    "agent.sync.secretRef=git-access",
    "switcher.source.url=https://git.contoso.com/fleet",
];

/// What a switcher that acts in Azure needs beside that.
const IDENTITY: [&str; 7] = [
    r"switcher.serviceAccount.annotations.azure\.workload\.identity/client-id=abc",
    r"switcher.podLabels.azure\.workload\.identity/use=yes",
    "switcher.env[0].name=TEAL_AZURE_CLOUD,switcher.env[0].value=china",
    "switcher.envFrom[0].configMapRef.name=more,switcher.envFrom[0].configMapRef.optional=true",
    "switcher.extraVolumes[0].name=ca,switcher.extraVolumes[0].configMap.name=ca",
    "switcher.extraVolumes[0].configMap.optional=true",
    "switcher.extraVolumeMounts[0].name=ca,switcher.extraVolumeMounts[0].mountPath=/etc/ca",
];

/// Makes Teal's namespace, where the API server refuses pods below the restricted standard.
pub(super) async fn restricted_namespace(client: &Client) -> Result<()> {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAL_NAMESPACE,
        "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    Api::<Namespace>::all(client.clone()).create(&PostParams::default(), &serde_json::from_value(namespace)?).await?;
    Ok(())
}

async fn ready(client: &Client, name: &str) -> Result<i32> {
    let deployment = Api::<Deployment>::namespaced(client.clone(), TEAL_NAMESPACE).get(name).await?;
    let status = deployment.status.unwrap_or_default();
    let available = status.conditions.unwrap_or_default();
    ensure!(available.iter().any(|one| one.type_ == "Available" && one.status == "True"), "{name}: {available:?}");
    Ok(status.ready_replicas.unwrap_or(0))
}

/// Names of Teal's CRDs that the API server serves.
async fn established(client: &Client) -> Result<Vec<String>> {
    let crds = Api::<CustomResourceDefinition>::all(client.clone()).list(&ListParams::default()).await?;
    let served = |crd: &CustomResourceDefinition| {
        let conditions = crd.status.as_ref().and_then(|status| status.conditions.as_ref());
        conditions.is_some_and(|all| all.iter().any(|one| one.type_ == "Established" && one.status == "True"))
    };
    Ok(crds.iter().filter(|crd| crd.spec.group == "teal.dev" && served(crd)).map(ResourceExt::name_any).collect())
}

const CRDS: [&str; 4] = ["freezes.teal.dev", "inventories.teal.dev", "syncs.teal.dev", "units.teal.dev"];

#[tokio::test(flavor = "multi_thread")]
async fn the_chart_is_installed_upgraded_and_removed_on_a_real_cluster() -> Result<()> {
    let Some(helm) = Helm::or_skip("the chart on a real cluster")? else { return Ok(()) };
    let cluster = ControlPlane::start("chart").await?;
    let client = cluster.client().await?;
    restricted_namespace(&client).await?;
    let syncs = Api::<SyncObject>::all(client.clone());

    let chart = chart();
    let wait = ["--wait", "--timeout=600s"];
    helm.run(&cluster, &["install", "teal", &chart, wait[0], wait[1]], &FOLLOWING).await?;
    ensure!(established(&client).await? == CRDS);
    ensure!((ready(&client, "teal-agent").await?, ready(&client, "teal-switcher").await?) == (2, 1));
    let sync = syncs.get("fleet").await?.spec;
    ensure!(sync.color == "blue" && sync.source.url == "https://git.contoso.com/fleet", "{sync:?}");
    ensure!(sync.source.reference.branch.as_deref() == Some("main") && sync.role.is_none(), "{sync:?}");
    ensure!(sync.source.secret_ref.map(|secret| secret.name).as_deref() == Some("git-access"));

    // What the switcher sets is not the chart's: an upgrade leaves it.
    let role = json!({"apiVersion": "teal.dev/v1alpha1", "kind": "Sync", "metadata": {"name": "fleet"}, "spec": {"role": "active", "pin": "abc"}});
    syncs.patch("fleet", &PatchParams::apply(SWITCHER_MANAGER).force(), &Patch::Apply(&role)).await?;
    let more: Vec<&str> =
        FOLLOWING.into_iter().chain(["agent.replicas=3", "agent.sync.branch=release", "logLevel=debug"]).collect();
    helm.run(&cluster, &["upgrade", "teal", &chart, wait[0], wait[1]], &more).await?;
    let sync = syncs.get("fleet").await?.spec;
    ensure!(sync.source.reference.branch.as_deref() == Some("release"), "{sync:?}");
    ensure!(sync.role == Some(Role::Active) && sync.pin.as_deref() == Some("abc"), "{sync:?}");
    ensure!(ready(&client, "teal-agent").await? == 3);

    // A real API server takes what an identity in Azure needs; identities themselves are AKS's to give.
    let identified: Vec<&str> = FOLLOWING.into_iter().chain(IDENTITY).collect();
    helm.run(&cluster, &["upgrade", "teal", &chart, wait[0], wait[1]], &identified).await?;
    let account = Api::<ServiceAccount>::namespaced(client.clone(), TEAL_NAMESPACE).get("teal-switcher").await?;
    ensure!(account.annotations().get("azure.workload.identity/client-id").is_some_and(|id| id == "abc"));
    let pods = ListParams::default().labels("azure.workload.identity/use=yes,app.kubernetes.io/component=switcher");
    let pods = Api::<Pod>::namespaced(client.clone(), TEAL_NAMESPACE).list(&pods).await?.items;
    let spec = pods.first().and_then(|pod| pod.spec.as_ref()).context("a pod with the label")?;
    ensure!(spec.volumes.iter().flatten().any(|volume| volume.name == "ca"), "{spec:?}");
    ensure!(spec.containers[0].env.iter().flatten().any(|one| one.name == "TEAL_AZURE_CLOUD"), "{spec:?}");

    helm.run(&cluster, &["uninstall", "teal", wait[0], wait[1]], &[]).await?;
    ensure!(left_behind(&client).await?.is_empty(), "{:?}", left_behind(&client).await?);
    ensure!(established(&client).await? == CRDS, "CRDs hold what people made; Helm leaves them");

    let rendered = file("manifests/install/teal.yaml");
    kubectl(&cluster, &["apply", "--server-side", "-f", &rendered]).await.context("install without Helm")?;
    eventually("the rendered manifests bring the agent up", async || {
        let ready = ready(&client, "teal-agent").await?;
        ensure!(ready == 2, "{ready} of 2 are ready");
        Ok(())
    })
    .await?;
    replicas::one_works_and_both_are_ready(&cluster).await
}

/// Objects of the release that are still there.
async fn left_behind(client: &Client) -> Result<Vec<String>> {
    let ours = ListParams::default().labels("app.kubernetes.io/instance=teal");
    let deployments = Api::<Deployment>::all(client.clone()).list(&ours).await?;
    let roles = Api::<ClusterRole>::all(client.clone()).list(&ours).await?;
    let bindings = Api::<ClusterRoleBinding>::all(client.clone()).list(&ours).await?;
    let syncs = Api::<SyncObject>::all(client.clone()).list(&ListParams::default()).await?;
    let mut names: Vec<String> = deployments.iter().map(ResourceExt::name_any).collect();
    names.extend(roles.iter().map(ResourceExt::name_any));
    names.extend(bindings.iter().map(ResourceExt::name_any));
    names.extend(syncs.iter().map(ResourceExt::name_any));
    Ok(names)
}
