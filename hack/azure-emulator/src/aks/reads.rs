//! Calls that only read: node pools, upgrades, versions.

use serde_json::{Value, json};

use super::{CLUSTER, credentials, shape};
use crate::arm::{ArmError, Call, Reply, ResourceId, paging};
use crate::check::{is, list as items, text};
use crate::world::{Resource, World};

/// A part of a cluster read by itself.
///
/// # Errors
/// 404 when it isn't there.
pub(super) fn part(world: &World, id: &ResourceId) -> Result<Reply, ArmError> {
    let (cluster, depth) = cluster_of(world, id)?;
    let kind = |name: &str| id.last_kind().eq_ignore_ascii_case(name);
    match depth {
        2 if kind("agentPools") => find_pool(cluster, id).map(|(pool, _)| Reply::ok(pool)),
        2 if kind("upgradeProfiles") => Ok(Reply::ok(cluster_upgrades(cluster, id))),
        2 if kind("accessProfiles") => credentials::access_profile(cluster, id, false),
        3 if kind("upgradeProfiles") => {
            let parent = id.parent().ok_or_else(|| ArmError::not_found(id))?;
            let (_, version) = find_pool(cluster, &parent)?;
            let upgrades: Vec<Value> =
                shape::upgrades(&version).into_iter().map(|v| json!({"kubernetesVersion": v})).collect();
            Ok(Reply::ok(json!({
                "id": format!("{parent}/upgradeprofiles/{}", id.name()), "name": id.name(),
                "type": "Microsoft.ContainerService/managedClusters/agentPools/upgradeProfiles",
                "properties": {"kubernetesVersion": version, "osType": "Linux", "upgrades": upgrades,
                    "latestNodeImageVersion": "AKSUbuntu-2404gen2containerd-202611.10.0"},
            })))
        }
        _ => Err(ArmError::not_found(id)),
    }
}

/// A list below a cluster, or below a region.
///
/// # Errors
/// 404 for a cluster that isn't there, 405 for a list that isn't known.
pub(super) fn list(world: &World, call: &Call, id: &ResourceId, name: &str) -> Result<Reply, ArmError> {
    if id.is("Microsoft.ContainerService/locations") {
        return match name.to_ascii_lowercase().as_str() {
            "kubernetesversions" => Ok(Reply::ok(versions())),
            "orchestrators" => Ok(Reply::ok(orchestrators(id))),
            _ => Err(ArmError::method(&call.method, &format!("Microsoft.ContainerService/locations/{name}"))),
        };
    }
    let (cluster, _) = cluster_of(world, id)?;
    match name.to_ascii_lowercase().as_str() {
        "agentpools" => {
            let body = Value::Object(cluster.body.clone());
            let pools = items(&body, "/properties/agentPoolProfiles");
            paging::page(call, pools.iter().map(|pool| render_pool(cluster, pool)).collect(), world.settings.page_size)
        }
        "availableagentpoolversions" => {
            let current =
                cluster.property("currentKubernetesVersion").as_str().unwrap_or(shape::DEFAULT_VERSION).to_owned();
            let all: Vec<Value> = shape::VERSIONS
                .iter()
                .flat_map(|(_, patches)| patches)
                .map(|v| json!({"kubernetesVersion": v, "default": *v == current, "isPreview": false}))
                .collect();
            Ok(Reply::ok(json!({
                "id": format!("{}/availableagentpoolversions", cluster.id), "name": "default",
                "type": "Microsoft.ContainerService/managedClusters/availableAgentpoolVersions",
                "properties": {"agentPoolVersions": all},
            })))
        }
        _ => Err(ArmError::method(&call.method, &format!("{CLUSTER}/{name}"))),
    }
}

fn cluster_of<'a>(world: &'a World, id: &ResourceId) -> Result<(&'a Resource, usize), ArmError> {
    let mut cluster = id.clone();
    while cluster.depth() > 1 {
        cluster = cluster.parent().ok_or_else(|| ArmError::not_found(id))?;
    }
    let found = world.store.get(&cluster).ok_or_else(|| ArmError::not_found(&cluster))?;
    Ok((found, id.depth()))
}

/// A pool as answers show it, and its version.
///
/// # Errors
/// 404.
pub(super) fn find_pool(cluster: &Resource, id: &ResourceId) -> Result<(Value, String), ArmError> {
    let body = Value::Object(cluster.body.clone());
    let pool = items(&body, "/properties/agentPoolProfiles").iter().find(|pool| is(pool, "/name", id.name()));
    let pool = pool.ok_or_else(|| ArmError::not_found(id))?;
    let version = text(pool, "/currentOrchestratorVersion").unwrap_or(shape::DEFAULT_VERSION).to_owned();
    Ok((render_pool(cluster, pool), version))
}

fn render_pool(cluster: &Resource, pool: &Value) -> Value {
    let name = text(pool, "/name").unwrap_or_default();
    let mut properties = pool.clone();
    if let Some(map) = properties.as_object_mut() {
        map.remove("name");
        map.insert("eTag".to_owned(), cluster.etag.clone().into());
    }
    json!({
        "id": format!("{}/agentPools/{name}", cluster.id.to_string().replacen("/resourceGroups/", "/resourcegroups/", 1)),
        "name": name, "type": "Microsoft.ContainerService/managedClusters/agentPools", "properties": properties,
    })
}

fn cluster_upgrades(cluster: &Resource, id: &ResourceId) -> Value {
    let profile = |name: &str, version: &str| {
        let upgrades: Vec<Value> =
            shape::upgrades(version).into_iter().map(|v| json!({"kubernetesVersion": v})).collect();
        json!({"name": name, "kubernetesVersion": version, "osType": "Linux", "upgrades": upgrades})
    };
    let body = Value::Object(cluster.body.clone());
    let current = text(&body, "/properties/currentKubernetesVersion").unwrap_or(shape::DEFAULT_VERSION);
    let pools: Vec<Value> = items(&body, "/properties/agentPoolProfiles")
        .iter()
        .map(|pool| {
            profile(
                text(pool, "/name").unwrap_or_default(),
                text(pool, "/currentOrchestratorVersion").unwrap_or(current),
            )
        })
        .collect();
    json!({
        "id": format!("{}/upgradeprofiles/{}", cluster.id, id.name()), "name": id.name(),
        "type": "Microsoft.ContainerService/managedClusters/upgradeprofiles",
        "properties": {"controlPlaneProfile": profile("master", current), "agentPoolProfiles": pools},
    })
}

fn versions() -> Value {
    let all: Vec<Value> = shape::VERSIONS
        .iter()
        .map(|(minor, patches)| {
            let of = |patch: &str| json!({ "upgrades": shape::upgrades(patch) });
            json!({
                "version": minor, "capabilities": {"supportPlan": ["KubernetesOfficial"]},
                "isDefault": shape::DEFAULT_VERSION.starts_with(minor),
                "patchVersions": {patches[0]: of(patches[0]), patches[1]: of(patches[1])},
            })
        })
        .collect();
    json!({ "values": all })
}

/// What older clients ask for the versions of a region.
fn orchestrators(location: &ResourceId) -> Value {
    let named = |version: &str| json!({"orchestratorType": "Kubernetes", "orchestratorVersion": version});
    let all: Vec<Value> = shape::VERSIONS
        .iter()
        .flat_map(|(_, patches)| patches)
        .map(|version| {
            let mut shown = named(version);
            if *version == shape::DEFAULT_VERSION {
                shown["default"] = true.into();
            }
            shown["upgrades"] = shape::upgrades(version).into_iter().map(named).collect();
            shown
        })
        .collect();
    json!({
        "id": format!("{location}/orchestrators"), "name": "default",
        "type": "Microsoft.ContainerService/locations/orchestrators", "properties": {"orchestrators": all},
    })
}
