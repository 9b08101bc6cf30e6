//! Nodes without machines: kwok plays the kubelets, by the stages in `stages/`.
//!
//! What tests can ask of it, by label:
//!
//! | on | label | effect |
//! |---|---|---|
//! | Pod | `testkit.teal.dev/pod: never-ready` | runs, never becomes Ready |
//! | Pod | `testkit.teal.dev/pod: crash-loop` | `CrashLoopBackOff`, five restarts |
//! | a Job's Pod | `testkit.teal.dev/pod: fail` | exit code 1 |
//! | a Job's Pod | `testkit.teal.dev/pod: hang` | never ends |
//! | Node | `testkit.teal.dev/node: not-ready` | becomes NotReady until the label goes |

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::{Api, PostParams};
use serde_json::{Value, json};

/// The label with which a Pod is told to misbehave.
pub const POD_LABEL: &str = "testkit.teal.dev/pod";
/// The label with which a Node is told to misbehave.
pub const NODE_LABEL: &str = "testkit.teal.dev/node";
/// The default StorageClass, whose claims get a volume at once.
pub const STORAGE_CLASS: &str = "testkit";

/// All stages in one file.
pub(crate) fn stages() -> String {
    [include_str!("../stages/node.yaml"), include_str!("../stages/pod.yaml"), include_str!("../stages/volume.yaml")]
        .join("---\n")
}

/// Creates `count` nodes, named for the cluster, in three zones, and the default StorageClass.
///
/// They become Ready once kwok sees them; this does not wait.
///
/// # Errors
/// When the API server refuses one.
pub async fn create_nodes(client: &kube::Client, cluster: &str, version: &str, count: usize) -> Result<()> {
    let nodes: Api<Node> = Api::all(client.clone());
    for index in 1..=count {
        let node = serde_json::from_value(node(cluster, version, index)).context("describe a node")?;
        nodes.create(&PostParams::default(), &node).await.with_context(|| format!("create node {cluster}-{index}"))?;
    }
    let class: StorageClass = serde_json::from_value(json!({
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": STORAGE_CLASS,
            "annotations": { "storageclass.kubernetes.io/is-default-class": "true" },
        },
        "provisioner": "testkit.teal.dev/volumes",
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
    }))
    .context("describe the storage class")?;
    let classes: Api<StorageClass> = Api::all(client.clone());
    classes.create(&PostParams::default(), &class).await.context("create the storage class")?;
    Ok(())
}

fn node(cluster: &str, version: &str, index: usize) -> Value {
    let name = format!("{cluster}-{index}");
    let zone = ["1", "2", "3"][(index - 1) % 3];
    let room = json!({ "cpu": "64", "memory": "256Gi", "ephemeral-storage": "1Ti", "pods": "2000" });
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "topology.kubernetes.io/region": "local",
                "topology.kubernetes.io/zone": format!("local-{zone}"),
            },
        },
        "status": {
            "capacity": room,
            "allocatable": room,
            "addresses": [
                { "type": "InternalIP", "address": format!("10.0.{}.{}", index / 250, index % 250 + 1) },
                { "type": "Hostname", "address": name },
            ],
            "nodeInfo": {
                "architecture": "amd64", "operatingSystem": "linux", "osImage": "kwok", "kernelVersion": "kwok",
                "containerRuntimeVersion": "kwok://0", "kubeletVersion": version, "kubeProxyVersion": "",
                "machineID": "", "systemUUID": "", "bootID": "",
            },
        },
    })
}
