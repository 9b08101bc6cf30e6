//! Reads an official answer with what Teal reads such answers with, and looks whether anything was understood.

use serde_json::Value;
use teal_azure::dns::{self, RecordSet, ZoneKind};
use teal_azure::front_door::{self, Endpoint, Found, Origin, OriginGroup, Route};
use teal_azure::traffic_manager::{Endpoint as TrafficEndpoint, ProfileFacts};
use teal_azure::{aks, front_door_classic, gateway, monitor, request};

use crate::files::Example;

type Verdict = Result<(), String>;

pub(crate) fn read(example: &Example, body: &Value) -> Verdict {
    // A list is read item by item.
    if let (Some(items), false) = (body.get("value").and_then(Value::as_array), example.service == "monitor") {
        return items.iter().try_for_each(|item| one(example, item));
    }
    one(example, body)
}

fn one(example: &Example, body: &Value) -> Verdict {
    let told = |error: teal_azure::AzureError| error.to_string();
    let kind = body.get("type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    match (example.service.as_str(), kind.as_str()) {
        ("dns", "") if example.operation.starts_with("ResourceReference") => {
            want(!dns::aliases(body).is_empty(), "it names no record sets")
        }
        ("dns", "microsoft.network/dnszones") => zone(body),
        ("privatedns", "microsoft.network/privatednszones") => zone(body),
        ("privatedns", "microsoft.network/privatednszones/virtualnetworklinks") => any(body),
        ("dns", _) => set(ZoneKind::Public, body),
        ("privatedns", _) => set(ZoneKind::Private, body),
        ("cdn-frontdoor", "microsoft.cdn/profiles/afdendpoints") => {
            let found: Found<Endpoint> = front_door::found(body, "an endpoint").map_err(told)?;
            want(found.facts.host_name.contains('.'), "no host name")
        }
        ("cdn-frontdoor", "microsoft.cdn/profiles/afdendpoints/routes") => {
            let found: Found<Route> = front_door::found(body, "a route").map_err(told)?;
            want(found.facts.origin_group.and_then(|group| group.resource()).is_some(), "no origin group")?;
            want(found.state == "Succeeded" && found.facts.enabled_state == "Enabled", "no state")
        }
        ("cdn-frontdoor", "microsoft.cdn/profiles/origingroups") => {
            let found: Found<OriginGroup> = front_door::found(body, "a group").map_err(told)?;
            want(found.facts.load_balancing_settings.is_some(), "no load balancing")
        }
        ("cdn-frontdoor", "microsoft.cdn/profiles/origingroups/origins") => {
            let found: Found<Origin> = front_door::found(body, "an origin").map_err(told)?;
            want(found.facts.enabled() && found.facts.host_name.contains('.'), "not understood")
        }
        ("cdn-frontdoor", _) => any(body),
        ("frontdoor-classic", "microsoft.network/frontdoors") => {
            let found = front_door_classic::backends(body, "backendPool1").unwrap_or_default();
            want(found.len() == 3 && found.iter().all(|backend| backend.address.contains('.')), "backends")
        }
        ("trafficmanager", _) if example.operation.starts_with("Profiles.Check") => any(body),
        ("trafficmanager", "microsoft.network/trafficmanagerprofiles") => {
            let facts: ProfileFacts = request::read(&body["properties"], "a profile").map_err(told)?;
            want(!facts.traffic_routing_method.is_empty() && facts.dns_config.ttl > 0, "not understood")?;
            let read: Vec<TrafficEndpoint> = facts.endpoints.iter().map(TrafficEndpoint::of).collect();
            want(
                read.iter().all(|one| !one.name.is_empty() && !one.kind.is_empty() && !one.status.is_empty()),
                "an endpoint",
            )
        }
        ("trafficmanager", kind) if kind.starts_with("microsoft.network/trafficmanagerprofiles/") => {
            let read = TrafficEndpoint::of(body);
            want(!read.name.is_empty() && !read.status.is_empty(), "not understood")
        }
        ("applicationgateway", "microsoft.network/applicationgateways") => {
            let known = ["appgwpool", "appgwpool1"].iter().any(|name| gateway::pool(body, name).is_some());
            want(known || example.operation.ends_with("UpdateTags"), "no pool")
        }
        ("containerservice", "microsoft.containerservice/managedclusters") => {
            let cluster = aks::cluster(body, "a cluster").map_err(told)?;
            want(!cluster.kubernetes_version.is_empty() && !cluster.agent_pool_profiles.is_empty(), "not understood")
        }
        ("containerservice", kind) if kind.ends_with("/agentpools") && example.operation == "AgentPools.List" => {
            let pool = aks::pool(body, "a pool").map_err(told)?;
            want(!pool.name.is_empty() && pool.count.is_some(), "not understood")
        }
        ("monitor", _) if example.operation == "Metrics.List" => {
            let metrics = monitor::metrics(body, "metrics").map_err(told)?;
            let failed = metrics.iter().filter(|metric| metric.failed.is_some()).count();
            let wanted = usize::from(example.file.contains("WithError"));
            want(!metrics.is_empty() && failed == wanted, "metrics that failed inside a 200")
        }
        _ => any(body),
    }
}

fn zone(body: &Value) -> Verdict {
    let facts: dns::ZoneFacts = request::read(&body["properties"], "a zone").map_err(|error| error.to_string())?;
    want(facts.number_of_record_sets.is_some() || body.get("location").is_some(), "not understood")
}

fn set(kind: ZoneKind, body: &Value) -> Verdict {
    // The private examples lack a type in none, an etag in none.
    let set = RecordSet::of(kind, body, None, "a record set").map_err(|error| error.to_string())?;
    let empty = matches!(set.records, dns::Records::None) && set.target.is_none();
    if set.kind == "SOA" {
        want(dns::negative_ttl(body).is_some_and(|ttl| ttl > 0), "no minimum TTL")?;
    }
    want(!set.name.is_empty() && !set.etag.is_empty() && !empty, "not understood")
}

/// What Teal never asks for is only held to be JSON of an object: it must not be taken for an error.
fn any(body: &Value) -> Verdict {
    want(body.is_object(), "no object")
}

fn want(holds: bool, why: &str) -> Verdict {
    if holds { Ok(()) } else { Err(why.to_owned()) }
}
