//! Endpoints one by one: each write is a write of their profile.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{PROFILE, profiles, shape, view};
use crate::arm::{ArmError, Call, Reply, ResourceId};
use crate::check::{default, is, list, merge, set, text};
use crate::world::World;

/// Answers a call about one endpoint of a kind.
///
/// # Errors
/// The refusal.
pub(super) fn handle(world: &mut World, call: &Call, id: &ResourceId, kind: &str) -> Result<Reply, ArmError> {
    let profile_id = id.parent().ok_or_else(|| ArmError::not_found(id))?.spelled(PROFILE);
    let Some(profile) = world.store.get(&profile_id).cloned() else {
        return match call.method {
            Method::PUT => Err(ArmError::parent_not_found(&profile_id)),
            Method::DELETE => Ok(Reply::empty(StatusCode::NO_CONTENT)),
            _ => Err(ArmError::not_found(&profile_id)),
        };
    };
    let type_name = shape::endpoint_type(kind);
    let mut body = Value::Object(profile.body.clone());
    let endpoints = list(&body, "/properties/endpoints").to_vec();
    let at = endpoints.iter().position(|e| is(e, "/name", id.name()) && is(e, "/type", &type_name));
    let old = at.and_then(|at| endpoints.get(at)).cloned();
    match call.method {
        Method::GET => {
            old.ok_or_else(|| missing(id))?;
            Ok(Reply::ok(shown(world, &profile_id, id.name(), &type_name)))
        }
        Method::PUT => {
            let mut new = call.body.clone();
            name_it(&mut new, old.as_ref(), id, &type_name);
            shape::fill_endpoint(&mut new);
            let kept = old.as_ref().and_then(|old| old.pointer("/properties/priority")).cloned();
            default(
                &mut new["properties"],
                "priority",
                kept.unwrap_or_else(|| shape::next_priority(&endpoints).into()),
            );
            let created = at.is_none();
            put(&mut body, at, new);
            profiles::write(world, &profile_id, body)?;
            Ok(Reply::put(created, shown(world, &profile_id, id.name(), &type_name)))
        }
        Method::PATCH => {
            let mut new = old.ok_or_else(|| missing(id))?;
            let mut patch = call.body.clone();
            name_it(&mut patch, Some(&new.clone()), id, &type_name);
            merge(&mut new, &patch);
            shape::fill_endpoint(&mut new);
            put(&mut body, at, new);
            profiles::write(world, &profile_id, body)?;
            Ok(Reply::ok(shown(world, &profile_id, id.name(), &type_name)))
        }
        Method::DELETE => {
            let Some(at) = at else { return Ok(Reply::empty(StatusCode::NO_CONTENT)) };
            if let Some(all) = body.pointer_mut("/properties/endpoints").and_then(Value::as_array_mut) {
                all.remove(at);
            }
            profiles::write(world, &profile_id, body)?;
            Ok(Reply::ok(json!({})))
        }
        _ => Err(ArmError::method(&call.method, &type_name)),
    }
}

/// The name and type come from the path; the spelling of an endpoint that exists stays.
fn name_it(endpoint: &mut Value, old: Option<&Value>, id: &ResourceId, type_name: &str) {
    let name = old.and_then(|old| text(old, "/name")).unwrap_or(id.name());
    set(endpoint, "name", name);
    set(endpoint, "type", type_name);
}

fn put(profile: &mut Value, at: Option<usize>, endpoint: Value) {
    let Some(all) = profile.pointer_mut("/properties/endpoints").and_then(Value::as_array_mut) else { return };
    match at.and_then(|at| all.get_mut(at)) {
        Some(slot) => *slot = endpoint,
        None => all.push(endpoint),
    }
}

/// The endpoint as its profile shows it now.
fn shown(world: &mut World, profile: &ResourceId, name: &str, type_name: &str) -> Value {
    let Some(profile) = world.store.get(profile).cloned() else { return Value::Null };
    let rendered = view::render(world, &profile);
    let all = list(&rendered, "/properties/endpoints");
    all.iter().find(|e| is(e, "/name", name) && is(e, "/type", type_name)).cloned().unwrap_or_default()
}

fn missing(id: &ResourceId) -> ArmError {
    let text = format!("The Traffic Manager endpoint '{}' doesn't exist in its profile.", id.name());
    ArmError::new(StatusCode::NOT_FOUND, "NotFound", text)
}
