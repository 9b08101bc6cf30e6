//! Calls about gateways.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{GATEWAY, health, shape};
use crate::arm::condition::Condition;
use crate::arm::{ArmError, Call, Reply, ResourceId, Scope, Target, paging};
use crate::check::{merge, set, text};
use crate::world::{Effect, Resource, Work, World};

const OPERATIONS: &str = "Microsoft.Network/locations/westeurope/operations";
const RESULTS: &str = "Microsoft.Network/locations/westeurope/operationResults";

/// Answers one call.
///
/// # Errors
/// The refusal.
pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, ArmError> {
    match &call.target {
        Target::Resource(id) if id.is(GATEWAY) => one(world, call, &id.spelled(GATEWAY)),
        Target::Below { scope, kind, .. } if call.method == Method::GET && kind.eq_ignore_ascii_case(GATEWAY) => {
            let shown = world.store.list(scope, GATEWAY).into_iter().map(|gateway| render(gateway)).collect();
            paging::page(call, shown, world.settings.page_size)
        }
        Target::Below { scope: Scope::Resource(id), last, .. } if call.method == Method::POST => {
            action(world, call, &id.spelled(GATEWAY), last)
        }
        target => Err(ArmError::method(&call.method, &target.kind())),
    }
}

fn render(gateway: &Resource) -> Value {
    let mut shown = gateway.render(GATEWAY, false);
    set(&mut shown, "etag", quoted(&gateway.etag));
    shown
}

/// The service writes its etags as weak ones.
fn quoted(etag: &str) -> String {
    format!("W/\"{etag}\"")
}

fn one(world: &mut World, call: &Call, id: &ResourceId) -> Result<Reply, ArmError> {
    let old = world.store.get(id).cloned();
    match call.method {
        Method::GET => old.map(|old| Reply::ok(render(&old))).ok_or_else(|| ArmError::not_found(id)),
        Method::PUT => {
            Condition::of(call).check(old.as_ref().map(|old| old.etag.as_str()))?;
            busy(world, id)?;
            put(world, call, id, call.body.clone(), old.is_some())
        }
        Method::PATCH => {
            let old = old.ok_or_else(|| ArmError::not_found(id))?;
            if call.object().is_none_or(|map| map.keys().any(|key| key != "tags")) {
                let text =
                    "PATCH of an application gateway takes tags only; write the whole gateway for anything else.";
                return Err(ArmError::bad("InvalidRequestContent", text));
            }
            let mut body = old.body.clone();
            body.insert("tags".to_owned(), json!({}));
            let mut body = Value::Object(body);
            merge(&mut body, &call.body);
            let (saved, _) = world.save(id, body.as_object().cloned().unwrap_or_default(), Map::new());
            Ok(Reply::ok(render(&saved)))
        }
        Method::DELETE if old.is_none() => Ok(Reply::empty(StatusCode::NO_CONTENT)),
        Method::DELETE => {
            busy(world, id)?;
            let begun = world.begin(call, work(id, "Delete", vec![Effect::Delete { id: id.clone() }], Vec::new()));
            Ok(Reply::empty(StatusCode::ACCEPTED).with_async(&begun).with_location(&begun))
        }
        _ => Err(ArmError::method(&call.method, GATEWAY)),
    }
}

/// Versions before this one know no priority of rules.
const RULES_NUMBERED_SINCE: &str = "2021-08-01";

fn put(world: &mut World, call: &Call, id: &ResourceId, mut body: Value, was: bool) -> Result<Reply, ArmError> {
    if let Some(map) = body.as_object_mut() {
        map.retain(|key, _| !["id", "name", "type", "etag"].contains(&key.as_str()));
    }
    if call.api_version.as_str() < RULES_NUMBERED_SINCE {
        shape::number_rules(&mut body);
    }
    shape::check(&body, &id.to_string()).done().map_err(ArmError::from)?;
    let etag = quoted(&world.uuid());
    shape::fill(&mut body, &id.to_string(), "Updating", &etag);
    let (_, created) = world.save(id, body.as_object().cloned().unwrap_or_default(), Map::new());
    let states = |value: &str| set_states(id, &body, value);
    let begun =
        world.begin(call, work(id, if was { "Update" } else { "Create" }, states("Succeeded"), states("Failed")));
    let saved = world.store.get(id).cloned().ok_or_else(|| ArmError::not_found(id))?;
    Ok(Reply::put(created, render(&saved)).with_async(&begun))
}

/// Sets the state of a gateway and of all its parts.
fn set_states(id: &ResourceId, body: &Value, value: &str) -> Vec<Effect> {
    let one = |pointer: String| Effect::Set { id: id.clone(), pointer, value: value.into() };
    let mut effects = vec![one("/properties/provisioningState".to_owned())];
    for (list, parts) in body.get("properties").and_then(Value::as_object).into_iter().flatten() {
        for (i, _) in parts
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
            .filter(|(_, part)| part.pointer("/properties/provisioningState").is_some())
        {
            effects.push(one(format!("/properties/{list}/{i}/properties/provisioningState")));
        }
    }
    effects
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
        group_scoped: false,
    }
}

/// 409 while another operation about the gateway runs.
fn busy(world: &World, id: &ResourceId) -> Result<(), ArmError> {
    match world.operations.running(id).next() {
        None => Ok(()),
        Some(other) => Err(ArmError::conflict(
            "AnotherOperationInProgress",
            format!("Another operation on this or dependent resource is in progress: {} '{}'.", other.verb, other.id),
        )
        .retry_after(10)),
    }
}

fn action(world: &mut World, call: &Call, id: &ResourceId, name: &str) -> Result<Reply, ArmError> {
    let gateway = world.store.get(id).cloned().ok_or_else(|| ArmError::not_found(id))?;
    let accepted =
        |begun: &crate::world::Begun| Ok(Reply::empty(StatusCode::ACCEPTED).with_async(begun).with_location(begun));
    let state = |value: &str| {
        vec![Effect::Set { id: id.clone(), pointer: "/properties/operationalState".to_owned(), value: value.into() }]
    };
    match name.to_ascii_lowercase().as_str() {
        "start" => {
            busy(world, id)?;
            let begun = world.begin(call, work(id, "Start", state("Running"), Vec::new()));
            accepted(&begun)
        }
        "stop" => {
            busy(world, id)?;
            let begun = world.begin(call, work(id, "Stop", state("Stopped"), Vec::new()));
            accepted(&begun)
        }
        "backendhealth" => {
            let result = health::all(world, &gateway);
            let begun =
                world.begin(call, Work { result: Some(result), ..work(id, "BackendHealth", Vec::new(), Vec::new()) });
            Ok(Reply::empty(StatusCode::ACCEPTED).with_location(&begun))
        }
        "getbackendhealthondemand" => {
            let part = |pointer: &str| {
                let id = text(&call.body, pointer);
                id.map(str::to_owned).ok_or_else(|| ArmError::bad("BadRequest", format!("{pointer} is required.")))
            };
            let (pool, settings) = (part("/backendAddressPool/id")?, part("/backendHttpSettings/id")?);
            let found = health::of_pool(world, &gateway, &pool, &settings);
            let result = json!({"backendAddressPool": {"id": pool}, "backendHealthHttpSettings": found});
            let begun = world.begin(
                call,
                Work { result: Some(result), ..work(id, "BackendHealthOnDemand", Vec::new(), Vec::new()) },
            );
            Ok(Reply::empty(StatusCode::ACCEPTED).with_location(&begun))
        }
        _ => Err(ArmError::method(&call.method, &format!("{GATEWAY}/{name}"))),
    }
}
