//! Links of a zone to virtual networks.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{RESULT, STATUS};
use crate::arm::condition::Condition;
use crate::arm::{ArmError, Call, Reply, ResourceId, Scope, paging};
use crate::dns_records::Flavor;
use crate::public_dns::{must_be_global, tags};
use crate::world::{Effect, Resource, Work, World};

/// Last segment of the type.
pub(super) const KIND: &str = "virtualNetworkLinks";
const TYPE: &str = "Microsoft.Network/privateDnsZones/virtualNetworkLinks";

/// Answers a call on one link.
pub(super) fn handle(world: &mut World, call: &Call, id: &ResourceId) -> Result<Reply, ArmError> {
    let id = id.spelled(TYPE);
    let Some(zone) = id.parent() else { return Err(ArmError::not_found(&id)) };
    let there = world.store.get(&id).cloned();
    let etag = there.as_ref().map(|link| link.etag.as_str());
    match (call.method.as_str(), there.as_deref()) {
        ("DELETE", None) => {
            Condition::of(call).check(None)?;
            Ok(Reply::empty(StatusCode::NO_CONTENT))
        }
        _ if world.store.get(&zone).is_none() => Err(ArmError::parent_not_found(&zone)),
        ("GET" | "HEAD", Some(link)) => Ok(Reply::ok(show(link)).with("etag", link.etag.clone())),
        ("GET" | "HEAD" | "PATCH", None) => Err(ArmError::not_found(&id)),
        ("PUT", link) => {
            Condition::of(call).check(etag)?;
            must_be_global(call, TYPE)?;
            let body = body(world, call, &id, &zone, None)?;
            Ok(begin(world, call, &id, if link.is_none() { "Create" } else { "Update" }, Some(body)))
        }
        ("PATCH", Some(link)) => {
            Condition::of(call).check(etag)?;
            let body = body(world, call, &id, &zone, Some(link))?;
            Ok(begin(world, call, &id, "Update", Some(body)))
        }
        ("DELETE", Some(_)) => {
            Condition::of(call).check(etag)?;
            Ok(begin(world, call, &id, "Delete", None))
        }
        _ => Err(ArmError::method(&call.method, TYPE)),
    }
}

/// The link that a body makes: alone, or over what was there.
fn body(
    world: &World,
    call: &Call,
    id: &ResourceId,
    zone: &ResourceId,
    there: Option<&Resource>,
) -> Result<Map<String, Value>, ArmError> {
    let mut properties = there.map(|link| link.properties().clone()).unwrap_or_default();
    properties.extend(call.properties().into_iter().filter(|(_, value)| !value.is_null()));
    let network = properties.get("virtualNetwork").and_then(|network| network.get("id")).and_then(Value::as_str);
    let Some(network) = network.and_then(|network| ResourceId::parse(network).ok()) else {
        let text = "The property 'virtualNetwork.id' must be the resource id of a virtual network.";
        return Err(ArmError::bad("BadRequest", text));
    };
    let twice = of_zone(world, zone).find(|link| link.id != *id && network_of(link).as_ref() == Some(&network));
    if let Some(other) = twice {
        let text =
            format!("The virtual network '{network}' is already linked to the zone by the link '{}'.", other.id.name());
        return Err(ArmError::conflict("Conflict", text));
    }
    properties.entry("registrationEnabled".to_owned()).or_insert(json!(false));
    if properties.get("registrationEnabled") == Some(&json!(true))
        && let Some(other) = registering(world, id, &network)
    {
        let text = format!(
            "A virtual network can only be linked to 1 Private DNS zone(s) with auto-registration enabled; conflicting Private \
             DNS zone is '{other}'."
        );
        return Err(ArmError::conflict("Conflict", text));
    }
    properties.entry("resolutionPolicy".to_owned()).or_insert(json!("Default"));
    properties.insert("virtualNetworkLinkState".to_owned(), json!("Completed"));
    properties.insert("provisioningState".to_owned(), json!("Succeeded"));
    let mut body = there.map(|link| link.body.clone()).unwrap_or_default();
    for (name, value) in call.object().cloned().unwrap_or_default() {
        if !["id", "name", "type", "etag"].contains(&name.as_str()) {
            body.insert(name, value);
        }
    }
    let old_tags = there.and_then(|link| link.body.get("tags"));
    body.insert("tags".to_owned(), tags(call, old_tags)?);
    body.insert("location".to_owned(), json!("global"));
    body.insert("properties".to_owned(), Value::Object(properties));
    Ok(body)
}

fn begin(
    world: &mut World,
    call: &Call,
    id: &ResourceId,
    verb: &'static str,
    body: Option<Map<String, Value>>,
) -> Reply {
    let effect = match body {
        Some(body) => Effect::Put { id: id.clone(), body, hidden: Map::new() },
        None => Effect::Delete { id: id.clone() },
    };
    let work = Work {
        resource: id.clone(),
        verb,
        effects: vec![effect, Effect::Provider { id: id.clone(), note: Value::Null }],
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

/// The zone that a network's machines are registered in by another link.
fn registering(world: &World, link: &ResourceId, network: &ResourceId) -> Option<ResourceId> {
    let other = world.store.all().find(|one| {
        one.id.is(TYPE)
            && one.id != *link
            && one.property("registrationEnabled") == &json!(true)
            && network_of(one).as_ref() == Some(network)
    });
    other.and_then(|one| one.id.parent())
}

/// Writes the counts of links into a link's zone.
pub(super) fn recount(world: &mut World, link: &ResourceId) {
    let Some(zone) = link.parent() else { return };
    let (all, registering) = (count(world, &zone, false), count(world, &zone, true));
    world.set(&zone, "/properties/numberOfVirtualNetworkLinks", json!(all));
    world.set(&zone, "/properties/numberOfVirtualNetworkLinksWithRegistration", json!(registering));
}

fn of_zone<'a>(world: &'a World, zone: &ResourceId) -> impl Iterator<Item = &'a Resource> + use<'a> {
    let links = world.store.list(&Scope::Resource(Box::new(zone.clone())), TYPE);
    links.into_iter().map(AsRef::as_ref)
}

fn network_of(link: &Resource) -> Option<ResourceId> {
    link.property("virtualNetwork").get("id").and_then(Value::as_str).and_then(|id| ResourceId::parse(id).ok())
}

/// How many links a zone has, or how many that register machines.
pub(super) fn count(world: &World, zone: &ResourceId, registering: bool) -> usize {
    of_zone(world, zone).filter(|link| !registering || link.property("registrationEnabled") == &json!(true)).count()
}

fn show(link: &Resource) -> Value {
    link.render(TYPE, true)
}

/// All links of a zone.
pub(super) fn list(world: &World, call: &Call, zone: &ResourceId) -> Result<Reply, ArmError> {
    if call.method != Method::GET {
        return Err(ArmError::method(&call.method, TYPE));
    }
    if world.store.get(zone).is_none() {
        return Err(ArmError::parent_not_found(&zone.spelled(Flavor::Private.zone())));
    }
    let all = of_zone(world, zone).map(show).collect();
    paging::page(call, all, world.settings.page_size)
}
