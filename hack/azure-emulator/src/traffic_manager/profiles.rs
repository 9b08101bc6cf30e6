//! Profiles: written whole or in part, each write checked as a whole.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{DOMAIN, PROFILE, shape, view};
use crate::arm::{ArmError, Call, Reply, ResourceId};
use crate::check::{Problems, is, list, merge, text};
use crate::world::World;

/// Answers a call about one profile.
///
/// # Errors
/// The refusal.
pub(super) fn handle(world: &mut World, call: &Call, id: &ResourceId) -> Result<Reply, ArmError> {
    let old = world.store.get(id).cloned();
    match call.method {
        Method::GET => {
            let profile = old.ok_or_else(|| ArmError::not_found(id))?;
            Ok(Reply::ok(view::render(world, &profile)))
        }
        Method::PUT => {
            let mut body = call.body.clone();
            shape::fill_profile(&mut body);
            let (shown, created) = write(world, id, body)?;
            Ok(Reply::put(created, shown))
        }
        Method::PATCH => {
            let old = old.ok_or_else(|| ArmError::not_found(id))?;
            let mut body = Value::Object(old.body.clone());
            merge(&mut body, &call.body);
            shape::fill_profile(&mut body);
            Ok(Reply::ok(write(world, id, body)?.0))
        }
        Method::DELETE => {
            // A parent that nests it keeps its endpoint, which is Stopped from then on: octodns deletes in any order.
            if world.remove(id) { Ok(Reply::ok(json!({}))) } else { Ok(Reply::empty(StatusCode::NO_CONTENT)) }
        }
        _ => Err(ArmError::method(&call.method, PROFILE)),
    }
}

/// Checks a filled-in profile and saves it: what is shown, and whether it is new.
///
/// # Errors
/// All that is wrong with it.
pub(super) fn write(world: &mut World, id: &ResourceId, mut body: Value) -> Result<(Value, bool), ArmError> {
    let id = &id.spelled(PROFILE);
    let mut problems = shape::check_profile(&body);
    check_alone(world, id, &body, &mut problems);
    problems.done().map_err(ArmError::from)?;
    let name = text(&body, "/properties/dnsConfig/relativeName").unwrap_or_default().to_owned();
    if owner_of(world, &name, Some(id)).is_some() {
        return Err(ArmError::conflict("Conflict", taken(&name)));
    }
    body["properties"]["dnsConfig"]["fqdn"] = Value::String(format!("{name}.{DOMAIN}"));
    for key in ["id", "name", "type", "etag"] {
        body.as_object_mut().map(|map| map.remove(key));
    }
    let body = body.as_object().cloned().unwrap_or_default();
    let (saved, created) = world.save(id, body, Map::new());
    Ok((view::render(world, &saved), created))
}

/// What depends on other resources and on the profile as it was.
fn check_alone(world: &World, id: &ResourceId, body: &Value, problems: &mut Problems) {
    let old = world.store.get(id);
    for (i, endpoint) in list(body, "/properties/endpoints").iter().enumerate() {
        let at = format!("/properties/endpoints/{i}/properties");
        let Some(target) = text(endpoint, "/properties/targetResourceId").filter(|t| !t.is_empty()) else { continue };
        let nested = is(endpoint, "/type", &shape::endpoint_type("nestedEndpoints"));
        match ResourceId::parse(target) {
            Err(why) => problems.bad(format!("{at}/targetResourceId"), why),
            Ok(target) if nested != target.is(PROFILE) => problems.bad(
                format!("{at}/targetResourceId"),
                "A nested endpoint stands for a Traffic Manager profile, and only a nested endpoint does.",
            ),
            Ok(target) if nested && world.store.get(&target).is_none() => {
                problems.bad(format!("{at}/targetResourceId"), format!("The profile '{target}' doesn't exist."));
            }
            Ok(target) if nested && (target == *id || view::reaches(world, &target, id, 0)) => {
                problems
                    .bad(format!("{at}/targetResourceId"), "Nested profiles must not lead back to where they started.");
            }
            Ok(_) => {}
        }
    }
    let before = old.map(|old| old.property("endpoints").as_array().cloned().unwrap_or_default()).unwrap_or_default();
    for (i, endpoint) in list(body, "/properties/endpoints").iter().enumerate() {
        let name = text(endpoint, "/name").unwrap_or_default();
        let was = before.iter().find(|b| is(b, "/name", name) && text(b, "/type") == text(endpoint, "/type"));
        let serve = |e: &Value| text(e, "/properties/alwaysServe").unwrap_or("Disabled").to_ascii_lowercase();
        if was.is_some_and(|was| serve(was) != serve(endpoint))
            && is(endpoint, "/properties/endpointStatus", "Disabled")
        {
            problems.bad(
                format!("/properties/endpoints/{i}/properties/alwaysServe"),
                format!("alwaysServe of the endpoint '{name}' can't change while the endpoint is Disabled."),
            );
        }
    }
}

/// The profile that has a relative name, but `own`.
pub(super) fn owner_of(world: &World, name: &str, own: Option<&ResourceId>) -> Option<ResourceId> {
    world
        .store
        .all()
        .filter(|resource| resource.id.is(PROFILE) && Some(&resource.id) != own)
        .find(|resource| {
            let taken = resource.property("dnsConfig").get("relativeName").and_then(Value::as_str);
            taken.is_some_and(|taken| taken.eq_ignore_ascii_case(name))
        })
        .map(|resource| resource.id.clone())
}

/// The words for a name that is taken.
pub(super) fn taken(name: &str) -> String {
    format!("Domain name {name}.{DOMAIN} already exists. Please choose a different DNS prefix.")
}
