//! Node pools by themselves: created, changed and deleted as parts of their cluster.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::calls::{amend, begin, busy};
use super::{CLUSTER, reads, shape};
use crate::arm::condition::Condition;
use crate::arm::{ArmError, Call, Reply, ResourceId};
use crate::check::{is, list, set};
use crate::world::{Resource, Status, World};

/// The type.
pub(super) const POOL: &str = "Microsoft.ContainerService/managedClusters/agentPools";

/// Answers PUT and DELETE of a pool. Its etag is its cluster's.
///
/// # Errors
/// The refusal.
pub(super) fn change(world: &mut World, call: &Call, id: &ResourceId) -> Result<Reply, ArmError> {
    let cluster_id = id.parent().ok_or_else(|| ArmError::not_found(id))?.spelled(CLUSTER);
    let cluster = world.store.get(&cluster_id).cloned().ok_or_else(|| ArmError::parent_not_found(&cluster_id))?;
    let there = reads::find_pool(&cluster, id).is_ok();
    match call.method {
        Method::PUT => {
            Condition::of(call).check(there.then_some(cluster.etag.as_str()))?;
            busy(world, &cluster_id)?;
            put(world, call, id, &cluster, there)
        }
        Method::DELETE if !there => {
            Condition::of(call).check(None)?;
            Ok(Reply::empty(StatusCode::NO_CONTENT))
        }
        Method::DELETE => {
            Condition::of(call).check(Some(&cluster.etag))?;
            busy(world, &cluster_id)?;
            keeps_a_system_pool(&without(&cluster, id.name()))?;
            moved(world, &cluster_id, id.name(), "Deleting");
            let begun = begin(world, call, &cluster_id, "Delete", json!({"withoutPool": id.name()}));
            Ok(Reply::empty(StatusCode::ACCEPTED).with_async(&begun).with_location(&begun))
        }
        _ => Err(ArmError::method(&call.method, POOL)),
    }
}

fn put(world: &mut World, call: &Call, id: &ResourceId, cluster: &Resource, there: bool) -> Result<Reply, ArmError> {
    let mut pool = Value::Object(call.properties());
    set(&mut pool, "name", id.name());
    if let Some(map) = pool.as_object_mut() {
        map.retain(|key, _| !["provisioningState", "eTag", "powerState"].contains(&key.as_str()));
    }
    let version = cluster.property("currentKubernetesVersion").as_str().unwrap_or(shape::DEFAULT_VERSION);
    shape::fill_pool(&mut pool, version);
    let mut pools = without(cluster, id.name());
    let at = list(&Value::Object(cluster.body.clone()), "/properties/agentPoolProfiles")
        .iter()
        .position(|one| is(one, "/name", id.name()))
        .unwrap_or(pools.len());
    pools.insert(at, pool);
    let mut body = Value::Object(cluster.body.clone());
    set(&mut body["properties"], "agentPoolProfiles", pools.clone());
    shape::check(&body, cluster.id.name()).done().map_err(ArmError::from)?;
    keeps_a_system_pool(&pools)?;
    world.save(&cluster.id, body.as_object().cloned().unwrap_or_default(), cluster.hidden.clone());
    moved(world, &cluster.id, id.name(), if there { "Updating" } else { "Creating" });
    let begun = begin(world, call, &cluster.id, if there { "Update" } else { "Create" }, json!({}));
    let saved = world.store.get(&cluster.id).cloned().ok_or_else(|| ArmError::not_found(&cluster.id))?;
    let (mut shown, _) = reads::find_pool(&saved, id)?;
    if begun.status == Status::Succeeded {
        set(&mut shown["properties"], "provisioningState", "Succeeded");
    }
    Ok(Reply::put(!there, shown).with_async(&begun))
}

fn without(cluster: &Resource, name: &str) -> Vec<Value> {
    let body = Value::Object(cluster.body.clone());
    list(&body, "/properties/agentPoolProfiles").iter().filter(|one| !is(one, "/name", name)).cloned().collect()
}

fn keeps_a_system_pool(pools: &[Value]) -> Result<(), ArmError> {
    if pools.iter().any(|pool| is(pool, "/mode", "System")) {
        return Ok(());
    }
    Err(ArmError::bad("BadRequest", "There has to be at least one system node pool in a managed cluster."))
}

/// The cluster and one of its pools are in the middle of a change: no new etag.
fn moved(world: &mut World, cluster: &ResourceId, pool: &str, state: &str) {
    amend(world, cluster, |properties| {
        properties.insert("provisioningState".to_owned(), "Updating".into());
        let pools = properties.get_mut("agentPoolProfiles").and_then(Value::as_array_mut).into_iter().flatten();
        for one in pools.filter(|one| is(one, "/name", pool)) {
            set(one, "provisioningState", state);
        }
    });
}

/// A pool is gone.
pub(super) fn remove(world: &mut World, cluster: &ResourceId, pool: &str) {
    let Some(there) = world.store.get(cluster).cloned() else { return };
    let mut body = Value::Object(there.body.clone());
    set(&mut body["properties"], "agentPoolProfiles", without(&there, pool));
    world.save(cluster, body.as_object().cloned().unwrap_or_default(), there.hidden.clone());
}
