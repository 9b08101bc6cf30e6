//! Which request Teal makes where the example's one is made, by the names in the example.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use teal_azure::aks::Aks;
use teal_azure::dns::{self, RecordType, Records, SetBody, Zone, ZoneKind};
use teal_azure::front_door::Profile;
use teal_azure::front_door_classic::Classic;
use teal_azure::gateway::Gateway;
use teal_azure::monitor::{Aggregation, Query};
use teal_azure::{Condition, Request, ResourceId, traffic_manager};

use crate::files::{Asked, Example};

/// Teal's side of an example.
pub(crate) enum Ours {
    /// Teal asks this.
    Made(Box<Request>),
    /// Teal never asks for this operation.
    NeverMade,
    /// Nobody has said.
    Unknown,
}

fn made(request: Request) -> Ours {
    Ours::Made(Box::new(request))
}

pub(crate) fn ours(example: &Example) -> Ours {
    let asked = example.request.as_ref().unwrap();
    match example.service.as_str() {
        "dns" => dns(&example.operation, asked, ZoneKind::Public),
        "privatedns" => dns(&example.operation, asked, ZoneKind::Private),
        "cdn-frontdoor" => front_door(&example.operation, asked),
        "frontdoor-classic" => classic(&example.operation, asked),
        "trafficmanager" => traffic(&example.operation, asked),
        "applicationgateway" => gateway(&example.operation, asked),
        "containerservice" => aks(&example.operation, asked),
        "monitor" => monitor(&example.operation, asked),
        _ => Ours::Unknown,
    }
}

/// The id that the first `count` segments of a path are.
fn id(parts: &[&str], count: usize) -> ResourceId {
    format!("/{}", parts[..count.min(parts.len())].join("/")).parse().unwrap()
}

fn record_type(word: &str) -> Option<RecordType> {
    [RecordType::A, RecordType::Aaaa, RecordType::Cname, RecordType::Txt].into_iter().find(|kind| kind.as_str() == word)
}

fn dns(operation: &str, asked: &Asked, kind: ZoneKind) -> Ours {
    let parts = asked.parts();
    match operation {
        "ResourceReference.GetByTargetResources" => {
            let targets =
                asked.body.as_ref().unwrap().pointer("/properties/targetResources").unwrap().as_array().unwrap();
            let targets: Vec<ResourceId> =
                targets.iter().map(|one| one["id"].as_str().unwrap().parse().unwrap()).collect();
            return made(dns::references(&targets).unwrap());
        }
        "Zones.CreateOrUpdate"
        | "Zones.Delete"
        | "Zones.List"
        | "Zones.ListByResourceGroup"
        | "Zones.Update"
        | "PrivateZones.CreateOrUpdate"
        | "PrivateZones.Delete"
        | "PrivateZones.List"
        | "PrivateZones.ListByResourceGroup"
        | "PrivateZones.Update" => return Ours::NeverMade,
        operation if operation.starts_with("VirtualNetworkLinks.") => return Ours::NeverMade,
        _ => {}
    }
    let zone = Zone { kind, id: id(&parts, 8) };
    let word = parts.get(8).copied().unwrap_or_default();
    let (set, name) = (record_type(word), parts.get(9).copied().unwrap_or_default());
    match (operation, set) {
        ("Zones.Get" | "PrivateZones.Get", _) => made(zone.get()),
        ("RecordSets.ListByDNSZone" | "RecordSets.List", _) => made(zone.list_sets(None)),
        ("RecordSets.ListByType", Some(set)) => made(zone.list_sets(Some(set))),
        ("RecordSets.Get", None) if word == "SOA" => made(zone.get_soa()),
        ("RecordSets.Get", Some(set)) => made(zone.get_set(set, name)),
        ("RecordSets.Delete", Some(set)) => made(zone.delete_set(set, name, Condition::None)),
        ("RecordSets.Update", Some(set)) => made(zone.patch_metadata(set, name, json!({"teal": "x"}), Condition::None)),
        ("RecordSets.CreateOrUpdate", Some(set)) => {
            made(zone.put_set(set, name, &body(asked, set), Condition::IfAbsent))
        }
        // MX, NS, SOA, SRV, PTR, CAA.
        (_, None) => Ours::NeverMade,
        _ => Ours::Unknown,
    }
}

/// A record set such as Teal writes, an alias where the example is one.
fn body(asked: &Asked, set: RecordType) -> SetBody {
    let alias = asked.body.as_ref().unwrap().pointer("/properties/targetResource/id").and_then(Value::as_str);
    let records = match set {
        _ if alias.is_some() => Records::None,
        RecordType::A => Records::A(vec!["10.1.0.4".parse().unwrap()]),
        RecordType::Aaaa => Records::Aaaa(vec!["fd00::4".parse().unwrap()]),
        RecordType::Cname => Records::Cname("blue.contoso.com".into()),
        RecordType::Txt => Records::Txt(vec![vec!["one".into(), "two".into()]]),
    };
    let metadata = BTreeMap::from([("teal".to_owned(), "x".to_owned())]);
    SetBody { ttl: 60, metadata, records, target: alias.map(|id| id.parse().unwrap()) }
}

fn front_door(operation: &str, asked: &Asked) -> Ours {
    let parts = asked.parts();
    match operation {
        "Profiles.Create"
        | "Profiles.Delete"
        | "Profiles.List"
        | "Profiles.ListByResourceGroup"
        | "Profiles.Update"
        | "AFDEndpoints.Create"
        | "AFDEndpoints.Delete"
        | "AFDEndpoints.Update"
        | "AFDEndpoints.ValidateCustomDomain"
        | "AFDOriginGroups.Create"
        | "AFDOriginGroups.Delete"
        | "AFDOriginGroups.Update"
        | "AFDOrigins.Create"
        | "AFDOrigins.Delete"
        | "Routes.Create"
        | "Routes.Delete" => return Ours::NeverMade,
        operation if operation.starts_with("AFDCustomDomains.") => return Ours::NeverMade,
        _ => {}
    }
    let profile = Profile { id: id(&parts, 8) };
    let at = |index: usize| parts.get(index).copied().unwrap_or_default();
    match operation {
        "Profiles.Get" => made(profile.get()),
        "AFDEndpoints.Get" => made(profile.get_endpoint(at(9))),
        "AFDEndpoints.ListByProfile" => made(profile.list_endpoints()),
        "AFDEndpoints.PurgeContent" => made(profile.purge(at(9), &["/*".into()], &["www.contoso.com".into()])),
        "AFDOriginGroups.Get" => made(profile.get_group(at(9))),
        "AFDOriginGroups.ListByProfile" => made(profile.list_groups()),
        "AFDOrigins.Get" => made(profile.get_origin(at(9), at(11))),
        "AFDOrigins.ListByOriginGroup" => made(profile.list_origins(at(9))),
        "AFDOrigins.Update" => made(profile.patch_origin(at(9), at(11), true, Some(1))),
        "Routes.Get" => made(profile.get_route(at(9), at(11))),
        "Routes.ListByEndpoint" => made(profile.list_routes(at(9))),
        "Routes.Update" => {
            let group = profile.id.child("originGroups", "green").unwrap();
            made(profile.patch_route(at(9), at(11), &group))
        }
        _ => Ours::Unknown,
    }
}

fn classic(operation: &str, asked: &Asked) -> Ours {
    let parts = asked.parts();
    match operation {
        "FrontDoors.Get" => made(Classic { id: id(&parts, 8) }.get()),
        "FrontDoors.CreateOrUpdate" => {
            // As Teal does it: what was read, changed.
            let read = with_answer(asked.body.clone().unwrap());
            let weight = |address: &str| Some(if address.starts_with("w3") { 50 } else { 0 });
            let changed = teal_azure::front_door_classic::with_weights(read, "backendPool1", weight);
            made(Classic { id: id(&parts, 8) }.put(changed.unwrap()))
        }
        "FrontDoors.Delete"
        | "FrontDoors.List"
        | "FrontDoors.ListByResourceGroup"
        | "FrontDoors.ValidateCustomDomain" => Ours::NeverMade,
        _ => Ours::Unknown,
    }
}

/// A body with what only answers have.
fn with_answer(mut body: Value) -> Value {
    body["etag"] = json!("W/\"1\"");
    body["type"] = json!("x");
    body["properties"]["provisioningState"] = json!("Succeeded");
    body["properties"]["resourceState"] = json!("Enabled");
    body
}

fn traffic(operation: &str, asked: &Asked) -> Ours {
    let parts = asked.parts();
    match operation {
        "Profiles.Get" => made(traffic_manager::Profile { id: id(&parts, 8) }.get()),
        "Profiles.Update" => {
            let endpoint = json!({"id": "/x", "name": "blue", "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
                "properties": {"endpointStatus": "Enabled", "weight": 1, "priority": 1, "target": "blue.contoso.com",
                    "endpointLocation": "North Europe", "endpointMonitorStatus": "Online"}});
            made(traffic_manager::Profile { id: id(&parts, 8) }.patch_endpoints(&[endpoint], Some(30)))
        }
        "Profiles.CreateOrUpdate"
        | "Profiles.Delete"
        | "Profiles.ListByResourceGroup"
        | "Profiles.ListBySubscription"
        | "Profiles.CheckTrafficManagerNameAvailabilityV2"
        | "Profiles.CheckTrafficManagerRelativeDNSNameAvailability" => Ours::NeverMade,
        operation if operation.starts_with("Endpoints.") => Ours::NeverMade,
        _ => Ours::Unknown,
    }
}

fn gateway(operation: &str, asked: &Asked) -> Ours {
    let gateway = || Gateway { id: id(&asked.parts(), 8) };
    match operation {
        "ApplicationGateways.Get" => made(gateway().get()),
        "ApplicationGateways.CreateOrUpdate" => {
            let read = with_answer(asked.body.clone().unwrap());
            let changed = teal_azure::gateway::with_pool(read, "appgwpool", &["10.2.0.4".into(), "10.2.0.5".into()]);
            // A name (`fqdn`) is a key of the specification that no example shows.
            made(gateway().put(changed.unwrap()))
        }
        "ApplicationGateways.BackendHealth"
        | "ApplicationGateways.BackendHealthOnDemand"
        | "ApplicationGateways.Delete"
        | "ApplicationGateways.List"
        | "ApplicationGateways.ListAll"
        | "ApplicationGateways.Start"
        | "ApplicationGateways.Stop"
        | "ApplicationGateways.UpdateTags" => Ours::NeverMade,
        _ => Ours::Unknown,
    }
}

fn aks(operation: &str, asked: &Asked) -> Ours {
    let aks = || Aks::new(id(&asked.parts(), 8)).unwrap();
    match operation {
        "ManagedClusters.Get" => made(aks().get()),
        "ManagedClusters.Start" => made(aks().start()),
        "ManagedClusters.Stop" => made(aks().stop()),
        "ManagedClusters.Delete" => made(aks().delete(Condition::None)),
        "ManagedClusters.ListClusterUserCredentials" => made(aks().user_credential()),
        "AgentPools.List" => made(aks().list_pools()),
        "AgentPools.Get"
        | "ManagedClusters.AbortLatestOperation"
        | "AgentPools.GetAvailableAgentPoolVersions"
        | "AgentPools.GetUpgradeProfile"
        | "ManagedClusters.GetAccessProfile"
        | "ManagedClusters.GetCommandResult"
        | "ManagedClusters.GetUpgradeProfile"
        | "ManagedClusters.List"
        | "ManagedClusters.ListByResourceGroup"
        | "ManagedClusters.ListClusterAdminCredentials"
        | "ManagedClusters.ListClusterMonitoringUserCredentials"
        | "ManagedClusters.ListKubernetesVersions" => Ours::NeverMade,
        _ => Ours::Unknown,
    }
}

fn monitor(operation: &str, asked: &Asked) -> Ours {
    match operation {
        "Metrics.List" => {
            // Asked for what a metric means, without values: Teal never does.
            let Some(timespan) = asked.query("timespan").filter(|_| asked.query("aggregation").is_some()) else {
                return Ours::NeverMade;
            };
            let parts = asked.parts();
            let query = Query {
                resource: id(&parts, parts.len() - 3),
                metric: asked.query("metricnames").unwrap(),
                namespace: asked.query("metricnamespace"),
                aggregation: Aggregation::Average,
                timespan,
                interval: "PT1M".into(),
                filter: asked.query("$filter"),
            };
            made(query.get())
        }
        "MetricNamespaces.List" | "Metrics.ListAtSubscriptionScope" | "Metrics.ListAtSubscriptionScopePost" => {
            Ours::NeverMade
        }
        _ => Ours::Unknown,
    }
}
