//! Two real clusters: they come up fast, run workloads, give addresses, go away and come back.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use k8s_openapi::api::admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding};
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Node, Pod, Service};
use kube::Client;
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams};
use kube::config::Kubeconfig;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use teal_testkit::control_plane::ControlPlane;
use teal_testkit::kwok::{NODE_LABEL, POD_LABEL};
use teal_testkit::load_balancer::LoadBalancer;

#[tokio::test(flavor = "multi_thread")]
async fn two_clusters_start_together_and_run_workloads() -> Result<()> {
    let started = Instant::now();
    let (blue, green) = tokio::try_join!(ControlPlane::start("blue"), ControlPlane::start("green"))?;
    println!("two clusters ready: {:.1} s", started.elapsed().as_secs_f64());

    let client = blue.client().await?;
    println!("version {}", client.apiserver_version().await?.git_version);
    workloads_become_available(&client).await?;
    a_service_gets_an_address(&client).await?;
    identities_are_who_they_say(&blue).await?;
    pods_and_nodes_misbehave_when_told_to(&client, blue.name()).await?;
    admission_policies_are_enforced(&client).await?;

    let other = green.client().await?;
    assert_eq!(Api::<Deployment>::default_namespaced(other).list(&ListParams::default()).await?.items.len(), 0);
    an_api_server_goes_and_comes_back(&green).await
}

async fn workloads_become_available(client: &Client) -> Result<()> {
    let started = Instant::now();
    let deployments: Api<Deployment> =
        create(client, workload("apps/v1", "Deployment", json!({ "replicas": 3 }))).await?;
    let claim = json!({ "metadata": { "name": "data" }, "spec": {
        "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } } });
    let stateful = json!({ "replicas": 2, "serviceName": "web", "volumeClaimTemplates": [claim] });
    let sets: Api<StatefulSet> = create(client, workload("apps/v1", "StatefulSet", stateful)).await?;
    let pod = json!({ "restartPolicy": "Never", "containers": [{ "name": "web", "image": "example/web" }] });
    let job = json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "web" },
        "spec": { "template": { "spec": pod } } });
    let jobs: Api<Job> = create(client, job).await?;

    until("the Deployment is available", || async {
        let status = deployments.get("web").await?.status.context("no status")?;
        Ok(status.available_replicas == Some(3))
    })
    .await?;
    println!("Deployment available: {:.1} s", started.elapsed().as_secs_f64());
    until("the Job is complete", || async {
        Ok(jobs.get("web").await?.status.and_then(|status| status.succeeded) == Some(1))
    })
    .await?;
    println!("Job complete: {:.1} s", started.elapsed().as_secs_f64());
    until("the StatefulSet with volumes is available", || async {
        Ok(sets.get("web").await?.status.and_then(|status| status.available_replicas) == Some(2))
    })
    .await?;
    println!("StatefulSet available: {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

async fn a_service_gets_an_address(client: &Client) -> Result<()> {
    let started = Instant::now();
    let balancer = LoadBalancer::start(client.clone(), Ipv4Addr::new(203, 0, 113, 10), Ipv4Addr::new(203, 0, 113, 20));
    let service = json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web" },
        "spec": { "type": "LoadBalancer", "selector": { "app": "web" }, "ports": [{ "port": 80 }] } });
    let services: Api<Service> = create(client, service).await?;
    until("the Service has an address", || async {
        let status = services.get("web").await?.status.and_then(|status| status.load_balancer);
        let ingress = status.and_then(|balancer| balancer.ingress).unwrap_or_default();
        Ok(ingress.first().and_then(|first| first.ip.clone()).as_deref() == Some("203.0.113.10"))
    })
    .await?;
    assert!(balancer.is_running());
    println!("Service has an address: {:.2} s", started.elapsed().as_secs_f64());
    Ok(())
}

async fn identities_are_who_they_say(cluster: &ControlPlane) -> Result<()> {
    let nobody = cluster.client_as("nobody", &["teal:nothing"]).await?;
    let refused = Api::<Node>::all(nobody).list(&ListParams::default()).await;
    assert!(matches!(refused, Err(kube::Error::Api(status)) if status.code == 403));
    let both = cluster.client_as("somebody", &["teal:nothing", "system:masters"]).await?;
    assert_eq!(Api::<Node>::all(both).list(&ListParams::default()).await?.items.len(), 3);
    let many = cluster.client_as("somebody", &["a", "b", "system:masters"]).await?;
    assert_eq!(who_am_i(&many).await?, ("somebody".to_owned(), 4), "the server adds system:authenticated");
    let again = ControlPlane::existing("again", cluster.kubeconfig())?;
    assert_eq!(who_am_i(&again.client_as("visitor", &[]).await?).await?.0, "visitor");
    assert!(again.stop_api_server().is_err(), "what somebody else started is theirs to stop");
    let account = cluster.kubeconfig_for_service_account("default", "default").await?;
    let config = kube::Config::from_custom_kubeconfig(Kubeconfig::from_yaml(&account)?, &Default::default()).await?;
    assert_eq!(who_am_i(&Client::try_from(config)?).await?.0, "system:serviceaccount:default:default");
    Ok(())
}

async fn who_am_i(client: &Client) -> Result<(String, usize)> {
    let review = Api::all(client.clone()).create(&PostParams::default(), &SelfSubjectReview::default()).await?;
    let user = review.status.and_then(|status| status.user_info).context("no answer")?;
    Ok((user.username.unwrap_or_default(), user.groups.unwrap_or_default().len()))
}

async fn pods_and_nodes_misbehave_when_told_to(client: &Client, cluster: &str) -> Result<()> {
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    for fault in ["never-ready", "crash-loop"] {
        let pod = json!({ "metadata": { "name": fault, "labels": { POD_LABEL: fault } },
            "spec": { "containers": [{ "name": "web", "image": "example/web" }] } });
        pods.create(&PostParams::default(), &serde_json::from_value(pod)?).await?;
        until("the pod runs and is not ready", || async {
            let status = pods.get(fault).await?.status.unwrap_or_default();
            let ready = status.conditions.unwrap_or_default().into_iter().find(|condition| condition.type_ == "Ready");
            Ok(status.phase.as_deref() == Some("Running") && ready.is_some_and(|ready| ready.status == "False"))
        })
        .await?;
    }
    let template = json!({ "metadata": { "labels": { POD_LABEL: "fail" } }, "spec": {
        "restartPolicy": "Never", "containers": [{ "name": "web", "image": "example/web" }] } });
    let job = json!({ "metadata": { "name": "fails" }, "spec": { "backoffLimit": 0, "template": template } });
    let jobs: Api<Job> = create(client, job).await?;
    until("the Job failed", || async {
        let conditions = jobs.get("fails").await?.status.and_then(|status| status.conditions).unwrap_or_default();
        Ok(conditions.iter().any(|condition| condition.type_ == "Failed"))
    })
    .await?;

    let nodes: Api<Node> = Api::all(client.clone());
    let name = format!("{cluster}-3");
    for (label, ready) in [(json!("not-ready"), "False"), (Value::Null, "True")] {
        let patch = Patch::Merge(json!({ "metadata": { "labels": { NODE_LABEL: label } } }));
        nodes.patch(&name, &PatchParams::default(), &patch).await?;
        until("the node's condition follows its label", || async {
            let conditions = nodes.get(&name).await?.status.and_then(|status| status.conditions).unwrap_or_default();
            Ok(conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == ready))
        })
        .await?;
    }
    Ok(())
}

/// What a freeze is made of, and an APIService, which is served by the aggregation layer.
async fn admission_policies_are_enforced(client: &Client) -> Result<()> {
    let groups = client.list_api_groups().await?.groups;
    assert!(groups.iter().any(|group| group.name == "apiregistration.k8s.io"));

    let rule =
        json!({ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"] });
    let policy = json!({ "metadata": { "name": "closed" }, "spec": {
        "matchConstraints": { "resourceRules": [rule] },
        "validations": [{ "expression": "object.metadata.name != 'forbidden'", "message": "closed" }] } });
    let policies: Api<ValidatingAdmissionPolicy> = Api::all(client.clone());
    policies.create(&PostParams::default(), &serde_json::from_value(policy)?).await?;
    let binding = json!({ "metadata": { "name": "closed" },
        "spec": { "policyName": "closed", "validationActions": ["Deny"] } });
    let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(client.clone());
    bindings.create(&PostParams::default(), &serde_json::from_value(binding)?).await?;

    let started = Instant::now();
    let maps: Api<ConfigMap> = Api::default_namespaced(client.clone());
    let attempt = PostParams { dry_run: true, ..PostParams::default() };
    let forbidden: ConfigMap = serde_json::from_value(json!({ "metadata": { "name": "forbidden" } }))?;
    until("the policy is enforced", || async { Ok(maps.create(&attempt, &forbidden).await.is_err()) }).await?;
    println!("ValidatingAdmissionPolicy enforced: {:.2} s", started.elapsed().as_secs_f64());
    Ok(())
}

async fn an_api_server_goes_and_comes_back(cluster: &ControlPlane) -> Result<()> {
    let namespaces: Api<Namespace> = Api::all(cluster.client().await?);
    cluster.stop_api_server()?;
    assert!(namespaces.get("default").await.is_err());
    let started = Instant::now();
    cluster.start_api_server().await?;
    println!("API server back: {:.1} s", started.elapsed().as_secs_f64());
    assert!(cluster.api_server_cpu()? > Duration::ZERO);
    namespaces.get("default").await?;

    cluster.pause_api_server()?;
    let hung = tokio::time::timeout(Duration::from_millis(300), namespaces.get("default")).await;
    cluster.resume_api_server()?;
    assert!(hung.is_err(), "a paused server does not answer");
    namespaces.get("default").await?;
    Ok(())
}

fn workload(version: &str, kind: &str, more: Value) -> Value {
    let mut spec = json!({
        "selector": { "matchLabels": { "app": "web" } },
        "template": {
            "metadata": { "labels": { "app": "web" } },
            "spec": { "containers": [{ "name": "web", "image": "example/web" }] },
        },
    });
    if let (Some(spec), Value::Object(more)) = (spec.as_object_mut(), more) {
        spec.extend(more);
    }
    json!({ "apiVersion": version, "kind": kind, "metadata": { "name": "web" }, "spec": spec })
}

async fn create<K>(client: &Client, object: Value) -> Result<Api<K>>
where
    K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned
        + Serialize,
{
    let api = Api::default_namespaced(client.clone());
    api.create(&PostParams::default(), &serde_json::from_value(object)?).await?;
    Ok(api)
}

async fn until<F>(what: &str, mut check: impl FnMut() -> F) -> Result<()>
where
    F: Future<Output = Result<bool>>,
{
    let started = Instant::now();
    while !check().await? {
        anyhow::ensure!(started.elapsed() < Duration::from_secs(180), "waited 180 s until {what}, in vain");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
