//! What Traffic Manager measures at its users: nothing here, in the forms that clients expect.

use http::{Method, StatusCode};
use jiff::ToSpan;
use serde_json::{Map, Value, json};

use super::view;
use crate::arm::{ArmError, Call, Reply, ResourceId};
use crate::check::list;
use crate::front_door::uuid;
use crate::world::World;

/// The key with which pages report what they measured.
pub(super) const KEY: &str = "Microsoft.Network/trafficManagerUserMetricsKeys";
/// Where a profile's users were.
pub(super) const HEAT_MAP: &str = "Microsoft.Network/trafficManagerProfiles/heatMaps";

/// Makes, shows and deletes a subscription's key.
///
/// # Errors
/// 404 where there is none.
pub(super) fn key(world: &mut World, call: &Call, id: &ResourceId) -> Result<Reply, ArmError> {
    match call.method {
        Method::PUT => {
            let made = json!({"properties": {"key": uuid(&world.uuid()).replace('-', "")}});
            let (saved, _) = world.save(id, made.as_object().cloned().unwrap_or_default(), Map::new());
            Ok(Reply::json(StatusCode::CREATED, saved.render(KEY, false)))
        }
        Method::GET => {
            let there = world.store.get(id).ok_or_else(|| ArmError::not_found(id))?;
            Ok(Reply::ok(there.render(KEY, false)))
        }
        Method::DELETE => Ok(Reply::ok(json!({"operationSucceeded": world.remove(id)}))),
        _ => Err(ArmError::method(&call.method, KEY)),
    }
}

/// A map of the last day without a user on it.
///
/// # Errors
/// 404 for a profile that isn't there.
pub(super) fn heat_map(world: &World, call: &Call, id: &ResourceId) -> Result<Reply, ArmError> {
    if call.method != Method::GET {
        return Err(ArmError::method(&call.method, HEAT_MAP));
    }
    let parent = id.parent().ok_or_else(|| ArmError::not_found(id))?;
    let profile = world.store.get(&parent).ok_or_else(|| ArmError::parent_not_found(&parent))?;
    let body = Value::Object(profile.body.clone());
    let endpoints: Vec<Value> = list(&body, "/properties/endpoints")
        .iter()
        .zip(1..)
        .map(|(endpoint, at)| json!({"resourceId": view::endpoint_key(&parent, endpoint), "endpointId": at}))
        .collect();
    let end = world.now();
    let start = end.checked_sub(24.hours()).unwrap_or(end);
    Ok(Reply::ok(json!({
        "id": id.to_string(), "name": id.name(), "type": HEAT_MAP,
        "properties": {"startTime": start.to_string(), "endTime": end.to_string(), "endpoints": endpoints, "trafficFlows": []},
    })))
}
