//! Private zones: written and deleted by long-running operations.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{RESULT, STATUS, links};
use crate::arm::condition::Condition;
use crate::arm::{ArmError, Call, Reply, ResourceId, paging};
use crate::dns_records::{Flavor, names};
use crate::public_dns::{must_be_global, tags};
use crate::world::{Effect, Resource, Work, World};

/// Answers a call on one zone.
pub(super) fn handle(world: &mut World, call: &Call, id: &ResourceId) -> Result<Reply, ArmError> {
    let id = id.spelled(Flavor::Private.zone());
    let there = world.store.get(&id).cloned();
    let etag = there.as_ref().map(|zone| zone.etag.as_str());
    match (call.method.as_str(), there.as_deref()) {
        ("GET" | "HEAD", Some(zone)) => Ok(Reply::ok(show(zone)).with("etag", zone.etag.clone())),
        ("GET" | "HEAD" | "PATCH", None) => Err(ArmError::not_found(&id)),
        ("PUT", zone) => {
            Condition::of(call).check(etag)?;
            put(world, call, &id, zone)
        }
        ("PATCH", Some(zone)) => {
            Condition::of(call).check(etag)?;
            let mut body = zone.body.clone();
            body.insert("tags".to_owned(), tags(call, body.get("tags"))?);
            Ok(begin(world, call, &id, "Update", vec![Effect::Put { id: id.clone(), body, hidden: Map::new() }]))
        }
        ("DELETE", zone) => {
            Condition::of(call).check(etag)?;
            if zone.is_none() {
                return Ok(Reply::empty(StatusCode::NO_CONTENT));
            }
            if links::count(world, &id, false) > 0 {
                let text = format!(
                    "Can not delete resource '{id}' before nested resources are deleted: it has virtual network links."
                );
                return Err(ArmError::conflict("CannotDeleteResource", text));
            }
            Ok(begin(world, call, &id, "Delete", vec![Effect::Delete { id: id.clone() }]))
        }
        _ => Err(ArmError::method(&call.method, &id.kind())),
    }
}

fn begin(world: &mut World, call: &Call, id: &ResourceId, verb: &'static str, effects: Vec<Effect>) -> Reply {
    let work = Work {
        resource: id.clone(),
        verb,
        effects,
        on_failure: Vec::new(),
        result: None,
        duration: None,
        status_path: STATUS,
        result_path: RESULT,
        group_scoped: true,
    };
    let begun = world.begin(call, work);
    Reply::empty(StatusCode::ACCEPTED).with_async(&begun).with_location(&begun)
}

fn put(world: &mut World, call: &Call, id: &ResourceId, there: Option<&Resource>) -> Result<Reply, ArmError> {
    if let Some(wrong) = names::wrong_zone(id.name()) {
        return Err(ArmError::bad("BadRequest", format!("The zone name '{}' is invalid: {wrong}.", id.name())));
    }
    must_be_global(call, Flavor::Private.zone())?;
    let mut properties = call.properties();
    let count = there.map_or_else(|| json!(1), |zone| zone.property("numberOfRecordSets").clone());
    for (name, value) in [
        ("maxNumberOfRecordSets", json!(Flavor::Private.most_sets())),
        ("numberOfRecordSets", count),
        ("maxNumberOfVirtualNetworkLinks", json!(1_000)),
        ("maxNumberOfVirtualNetworkLinksWithRegistration", json!(100)),
        ("numberOfVirtualNetworkLinks", json!(links::count(world, id, false))),
        ("numberOfVirtualNetworkLinksWithRegistration", json!(links::count(world, id, true))),
        ("provisioningState", json!("Succeeded")),
    ] {
        properties.insert(name.to_owned(), value);
    }
    let mut body = call.object().cloned().unwrap_or_default();
    for own in ["id", "name", "type", "etag"] {
        body.remove(own);
    }
    body.insert("location".to_owned(), json!("global"));
    body.insert("tags".to_owned(), tags(call, None)?);
    body.insert("properties".to_owned(), Value::Object(properties));
    let mut effects = vec![Effect::Put { id: id.clone(), body, hidden: Map::new() }];
    if there.is_none() {
        let soa = json!({"properties": {"ttl": 3_600, "soaRecord": {
            "host": "azureprivatedns.net", "email": "azureprivatedns-host.microsoft.com", "serialNumber": 1,
            "refreshTime": 3_600, "retryTime": 300, "expireTime": 2_419_200, "minimumTtl": 10,
        }}});
        let body = soa.as_object().cloned().unwrap_or_default();
        effects.push(Effect::Put { id: id.child("SOA", "@"), body, hidden: Map::new() });
    }
    Ok(begin(world, call, id, if there.is_none() { "Create" } else { "Update" }, effects))
}

fn show(zone: &Resource) -> Value {
    zone.render(Flavor::Private.zone(), true)
}

/// Zones of a group or a subscription.
pub(super) fn list(world: &World, call: &Call) -> Result<Reply, ArmError> {
    if call.method != Method::GET {
        return Err(ArmError::method(&call.method, Flavor::Private.zone()));
    }
    let all =
        world.store.list(&call.target.scope(), Flavor::Private.zone()).into_iter().map(|zone| show(zone)).collect();
    paging::page(call, all, world.settings.page_size)
}
