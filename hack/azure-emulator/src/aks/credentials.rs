//! Kubeconfigs: what the admin API gave, or one that leads to the cluster's own (made-up) name.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::arm::{ArmError, Reply, ResourceId};
use crate::world::Resource;

/// The key below which a cluster keeps the kubeconfig it was given.
pub(super) const KUBECONFIG: &str = "kubeconfig";

/// The answer of the three list calls.
pub(super) fn list(cluster: &Resource, role: &str) -> Reply {
    Reply::ok(json!({"kubeconfigs": [{"name": role, "value": STANDARD.encode(kubeconfig(cluster, role))}]}))
}

/// An access profile, with its kubeconfig only when asked for by POST.
///
/// # Errors
/// 404 for a role that isn't known.
pub(super) fn access_profile(cluster: &Resource, id: &ResourceId, with_secret: bool) -> Result<Reply, ArmError> {
    let roles = ["clusterUser", "clusterAdmin"];
    let role =
        roles.into_iter().find(|role| role.eq_ignore_ascii_case(id.name())).ok_or_else(|| ArmError::not_found(id))?;
    let mut shown = json!({
        "id": format!("{}/accessProfiles/{role}", cluster.id), "name": role,
        "location": cluster.body.get("location").cloned().unwrap_or_default(),
        "type": "Microsoft.ContainerService/ManagedClusters/AccessProfiles", "properties": {},
    });
    if with_secret {
        shown["properties"]["kubeConfig"] = Value::String(STANDARD.encode(kubeconfig(cluster, role)));
    }
    Ok(Reply::ok(shown))
}

fn kubeconfig(cluster: &Resource, role: &str) -> String {
    if let Some(given) = cluster.hidden.get(KUBECONFIG).and_then(Value::as_str) {
        return given.to_owned();
    }
    let host = cluster.property("fqdn").as_str().unwrap_or("localhost");
    let name = cluster.id.name();
    let user = format!("{role}_{}_{name}", cluster.id.group().unwrap_or_default());
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": name,
        "clusters": [{"name": name, "cluster": {"server": format!("https://{host}:443")}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
        "users": [{"name": user, "user": {}}],
    })
    .to_string()
}
