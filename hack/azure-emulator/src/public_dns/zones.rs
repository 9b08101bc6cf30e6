//! Zones.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::arm::condition::Condition;
use crate::arm::{ArmError, Call, Reply, ResourceId, paging};
use crate::dns_records::{Flavor, names};
use crate::world::{Effect, Resource, Work, World};

/// Answers a call on one zone.
pub(super) fn handle(world: &mut World, call: &Call, id: &ResourceId) -> Result<Reply, ArmError> {
    let id = id.spelled(Flavor::Public.zone());
    let there = world.store.get(&id).cloned();
    match (call.method.as_str(), there) {
        ("GET" | "HEAD", Some(zone)) => Ok(Reply::ok(show(&zone)).with("etag", zone.etag.clone())),
        ("GET" | "HEAD", None) => Err(ArmError::not_found(&id)),
        ("PUT", there) => put(world, call, &id, there.as_deref()),
        ("PATCH", Some(zone)) => {
            Condition::of(call).check(Some(&zone.etag))?;
            let mut body = zone.body.clone();
            body.insert("tags".to_owned(), tags(call, body.get("tags"))?);
            let (zone, _) = world.save(&id, body, Map::new());
            Ok(Reply::ok(show(&zone)).with("etag", zone.etag.clone()))
        }
        ("PATCH", None) => Err(ArmError::not_found(&id)),
        ("DELETE", Some(zone)) => {
            Condition::of(call).check(Some(&zone.etag))?;
            let work = Work {
                resource: id.clone(),
                verb: "Delete",
                effects: vec![Effect::Delete { id }],
                on_failure: Vec::new(),
                result: None,
                duration: None,
                status_path: "Microsoft.Network/dnsOperationStatuses",
                result_path: "Microsoft.Network/dnsOperationResults",
                group_scoped: true,
            };
            let begun = world.begin(call, work);
            Ok(Reply::empty(StatusCode::ACCEPTED).with_async(&begun).with_location(&begun))
        }
        ("DELETE", None) => {
            Condition::of(call).check(None)?;
            Ok(Reply::empty(StatusCode::NO_CONTENT))
        }
        _ => Err(ArmError::method(&call.method, &id.kind())),
    }
}

/// Tags of a body; what was there when it says nothing.
pub(crate) fn tags(call: &Call, there: Option<&Value>) -> Result<Value, ArmError> {
    match call.body.get("tags").filter(|tags| !tags.is_null()) {
        None => Ok(there.cloned().unwrap_or_else(|| json!({}))),
        Some(tags) if tags.as_object().is_some_and(|tags| tags.values().all(Value::is_string)) => Ok(tags.clone()),
        Some(_) => Err(ArmError::bad("InvalidRequestContent", "The property 'tags' must hold text by name.")),
    }
}

/// A zone is in no region.
pub(crate) fn must_be_global(call: &Call, kind: &str) -> Result<(), ArmError> {
    match call.body.get("location").and_then(Value::as_str) {
        Some(location) if location.eq_ignore_ascii_case("global") => Ok(()),
        Some(location) => {
            let text = format!(
                "The provided location '{location}' is not available for resource type '{kind}'. List of available regions \
                 for the resource type is 'global'."
            );
            Err(ArmError::front(StatusCode::BAD_REQUEST, "LocationNotAvailableForResourceType", text))
        }
        None => {
            let text = "The location property is required for this definition.";
            Err(ArmError::front(StatusCode::BAD_REQUEST, "LocationRequired", text))
        }
    }
}

fn put(world: &mut World, call: &Call, id: &ResourceId, there: Option<&Resource>) -> Result<Reply, ArmError> {
    if let Some(wrong) = names::wrong_zone(id.name()) {
        return Err(ArmError::bad("BadRequest", format!("The zone name '{}' is invalid: {wrong}.", id.name())));
    }
    must_be_global(call, "Microsoft.Network/dnszones")?;
    Condition::of(call).check(there.map(|zone| zone.etag.as_str()))?;
    if call
        .body
        .pointer("/properties/zoneType")
        .and_then(Value::as_str)
        .is_some_and(|kind| kind.eq_ignore_ascii_case("Private"))
    {
        let text = "Zones of type 'Private' are made as resources of type 'Microsoft.Network/privateDnsZones'.";
        return Err(ArmError::bad("BadRequest", text));
    }
    let mut properties = call.properties();
    let servers = match there.map(|zone| zone.property("nameServers").clone()) {
        Some(servers) => servers,
        None => json!(name_servers(id.name())),
    };
    let count = there.map_or_else(|| json!(2), |zone| zone.property("numberOfRecordSets").clone());
    properties.insert("nameServers".to_owned(), servers.clone());
    properties.insert("maxNumberOfRecordSets".to_owned(), json!(Flavor::Public.most_sets()));
    properties.insert("numberOfRecordSets".to_owned(), count);
    properties.insert("zoneType".to_owned(), json!("Public"));
    let mut body = call.object().cloned().unwrap_or_default();
    for own in ["id", "name", "type", "etag"] {
        body.remove(own);
    }
    body.insert("location".to_owned(), json!("global"));
    body.insert("tags".to_owned(), tags(call, None)?);
    body.insert("properties".to_owned(), Value::Object(properties));
    let (zone, created) = world.save(id, body, Map::new());
    if created {
        apex(world, id, &servers);
    }
    Ok(Reply::put(created, show(&zone)).with("etag", zone.etag.clone()))
}

fn show(zone: &Resource) -> Value {
    zone.render(Flavor::Public.zone(), true)
}

/// The four servers of a zone: which of Azure's ten sets serves it follows from its name.
fn name_servers(zone: &str) -> [String; 4] {
    let sum =
        zone.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte.to_ascii_lowercase())));
    let set = sum % 9 + 1;
    let server = |at: u8, domain: &str| format!("ns{at}-{set:02}.azure-dns.{domain}.");
    [server(1, "com"), server(2, "net"), server(3, "org"), server(4, "info")]
}

/// The sets that a new zone has.
fn apex(world: &mut World, zone: &ResourceId, servers: &Value) {
    let servers: Vec<Value> =
        servers.as_array().into_iter().flatten().map(|server| json!({ "nsdname": server })).collect();
    let host = servers.first().and_then(|first| first.get("nsdname")).cloned().unwrap_or_default();
    let ns = json!({"properties": {"TTL": 172_800, "NSRecords": servers}});
    let soa = json!({"properties": {"TTL": 3_600, "SOARecord": {
        "host": host, "email": "azuredns-hostmaster.microsoft.com", "serialNumber": 1, "refreshTime": 3_600,
        "retryTime": 300, "expireTime": 2_419_200, "minimumTTL": 300,
    }}});
    for (kind, body) in [("NS", ns), ("SOA", soa)] {
        let body = body.as_object().cloned().unwrap_or_default();
        world.save(&zone.child(kind, "@"), body, Map::new());
    }
}

/// Zones of a group or a subscription.
pub(super) fn list(world: &World, call: &Call) -> Result<Reply, ArmError> {
    if call.method != Method::GET {
        return Err(ArmError::method(&call.method, Flavor::Public.zone()));
    }
    let all =
        world.store.list(&call.target.scope(), Flavor::Public.zone()).into_iter().map(|zone| show(zone)).collect();
    paging::page(call, all, world.settings.page_size)
}
