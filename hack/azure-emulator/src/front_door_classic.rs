//! Front Door (classic), `Microsoft.Network/frontDoors`: one big resource, written whole, served by the same edge.

mod served;
mod shape;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

pub(crate) use served::as_profile;

use crate::arm::{ArmError, Call, ErrorStyle, Reply, ResourceId, ResourceType, Scope, Target, paging};
use crate::check::{merge, set};
use crate::provider::Provider;
use crate::world::{Effect, Resource, Status, Work, World};

/// The type.
pub(crate) const FRONT_DOOR: &str = "Microsoft.Network/frontDoors";
/// What answers say of its end.
const RETIREMENT: &str =
    "Azure Front Door (classic) will be retired on 2027-03-31; migrate to Azure Front Door Standard or Premium before.";
const OPERATIONS: &str = "Microsoft.Network/frontdooroperationresults";
const RESULTS: &str = "Microsoft.Network/frontdooroperationresult";
const VERSIONS: &[&str] =
    &["2018-08-01", "2019-04-01", "2019-05-01", "2020-01-01", "2020-04-01", "2020-05-01", "2021-06-01", "2025-10-01"];

const fn kind(name: &'static str) -> ResourceType {
    ResourceType { name, versions: VERSIONS, errors: ErrorStyle::Wrapped }
}

const TYPES: &[ResourceType] = &[
    kind("Microsoft.Network/frontDoors"),
    kind("Microsoft.Network/frontDoors/*"),
    kind("Microsoft.Network/checkFrontDoorNameAvailability"),
];

/// The service.
#[derive(Debug)]
pub(crate) struct FrontDoorClassic;

impl Provider for FrontDoorClassic {
    fn name(&self) -> &'static str {
        "Front Door (classic)"
    }

    fn types(&self) -> &'static [ResourceType] {
        TYPES
    }

    fn handle(&self, world: &mut World, call: &Call) -> Result<Reply, ArmError> {
        let reply = match &call.target {
            Target::Resource(id) if id.is(FRONT_DOOR) => one(world, call, id)?,
            Target::Resource(id) if id.depth() == 2 && call.method == Method::GET => part(world, id)?,
            Target::Below { scope, kind, .. }
                if call.method == Method::GET && kind.eq_ignore_ascii_case(FRONT_DOOR) =>
            {
                let shown = world.store.list(scope, FRONT_DOOR).into_iter().map(|door| render(door)).collect();
                paging::page(call, shown, world.settings.page_size)?
            }
            Target::Below { scope: Scope::Resource(id), last, .. } if call.method == Method::GET => {
                paging::page(call, parts(world, id, last)?, world.settings.page_size)?
            }
            Target::Below { last, .. } if call.method == Method::POST => action(world, call, last)?,
            target => return Err(ArmError::method(&call.method, &target.kind())),
        };
        Ok(reply.with("x-ms-emulator-notice", RETIREMENT))
    }

    fn completed(&self, world: &mut World, resource: &ResourceId, _note: &Value) {
        world.remove(resource);
    }
}

fn render(door: &Resource) -> Value {
    door.render("Microsoft.Network/frontdoors", false)
}

fn one(world: &mut World, call: &Call, id: &ResourceId) -> Result<Reply, ArmError> {
    let id = &id.spelled(FRONT_DOOR);
    let old = world.store.get(id).cloned();
    match call.method {
        Method::GET => old.map(|old| Reply::ok(render(&old))).ok_or_else(|| ArmError::not_found(id)),
        Method::PUT => put(world, call, id, call.body.clone(), old.is_some()),
        Method::PATCH => {
            // Tags are all that can be changed by itself.
            let old = old.ok_or_else(|| ArmError::not_found(id))?;
            if call.object().is_none_or(|map| map.keys().any(|key| key != "tags")) {
                return Err(ArmError::bad(
                    "BadRequest",
                    "Only tags of a front door can be patched; write it whole for anything else.",
                ));
            }
            let mut body = Value::Object(old.body.clone());
            merge(&mut body, &call.body);
            put(world, call, id, body, true)
        }
        Method::DELETE if old.is_none() => Ok(Reply::empty(StatusCode::NO_CONTENT)),
        Method::DELETE => {
            let effect = Effect::Provider { id: id.clone(), note: json!({"deleted": true}) };
            let begun = world.begin(call, work(id, "Delete", vec![effect], Vec::new()));
            Ok(Reply::empty(StatusCode::ACCEPTED).with_async(&begun).with_location(&begun))
        }
        _ => Err(ArmError::method(&call.method, FRONT_DOOR)),
    }
}

fn put(world: &mut World, call: &Call, id: &ResourceId, mut body: Value, was: bool) -> Result<Reply, ArmError> {
    if let Some(map) = body.as_object_mut() {
        map.retain(|key, _| !["id", "name", "type", "etag"].contains(&key.as_str()));
    }
    shape::fill(&mut body, &id.to_string(), id.name(), if was { "Updating" } else { "Creating" });
    shape::check(&body, &id.to_string()).done().map_err(ArmError::from)?;
    let (_, created) = world.save(id, body.as_object().cloned().unwrap_or_default(), Map::new());
    let ready = |state: &str, resource: &str| {
        let set = |pointer: &str, value: &str| Effect::Set {
            id: id.clone(),
            pointer: pointer.to_owned(),
            value: value.into(),
        };
        vec![set("/properties/provisioningState", state), set("/properties/resourceState", resource)]
    };
    let begun = world.begin(call, work(id, "Update", ready("Succeeded", "Enabled"), ready("Failed", "Disabled")));
    let saved = world.store.get(id).cloned().ok_or_else(|| ArmError::not_found(id))?;
    let shown = render(&saved);
    Ok(match begun.status {
        Status::Succeeded => Reply::put(created, shown),
        _ if created => Reply::json(StatusCode::CREATED, shown).with_async(&begun),
        _ => Reply::json(StatusCode::ACCEPTED, shown).with_async(&begun),
    })
}

fn work(id: &ResourceId, verb: &'static str, effects: Vec<Effect>, on_failure: Vec<Effect>) -> Work {
    Work {
        resource: id.clone(),
        verb,
        effects,
        on_failure,
        result: None,
        duration: None,
        status_path: OPERATIONS,
        result_path: RESULTS,
        group_scoped: true,
    }
}

/// A part of a front door, such as one frontend endpoint, read by itself.
fn part(world: &World, id: &ResourceId) -> Result<Reply, ArmError> {
    let door = id.parent().ok_or_else(|| ArmError::not_found(id))?;
    let found = parts(world, &door, id.last_kind())?.into_iter().find(|one| crate::check::is(one, "/name", id.name()));
    found.map(Reply::ok).ok_or_else(|| ArmError::not_found(id))
}

/// All parts of a kind of a front door, such as its `frontendEndpoints`.
fn parts(world: &World, door: &ResourceId, kind: &str) -> Result<Vec<Value>, ArmError> {
    let door = world.store.get(door).ok_or_else(|| ArmError::not_found(door))?;
    let lists = door.properties().iter().filter(|(key, _)| key.eq_ignore_ascii_case(kind));
    Ok(lists.filter_map(|(_, list)| list.as_array()).flatten().cloned().collect())
}

fn action(world: &World, call: &Call, name: &str) -> Result<Reply, ArmError> {
    match name.to_ascii_lowercase().as_str() {
        "validatecustomdomain" => Ok(Reply::ok(json!({"customDomainValidated": true}))),
        "purge" => Ok(Reply::empty(StatusCode::OK)),
        "checkfrontdoornameavailability" => {
            let wanted = crate::check::text(&call.body, "/name").unwrap_or_default();
            let taken =
                world.store.all().any(|one| one.id.is(FRONT_DOOR) && one.id.name().eq_ignore_ascii_case(wanted));
            let mut answer = json!({"nameAvailability": if taken { "Unavailable" } else { "Available" }});
            if taken {
                set(&mut answer, "reason", "Name already in use");
                set(&mut answer, "message", "The name is in use already.");
            }
            Ok(Reply::ok(answer))
        }
        _ => Err(ArmError::method(&call.method, &format!("{FRONT_DOOR}/{name}"))),
    }
}
