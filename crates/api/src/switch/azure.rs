//! Reads what is moved in Azure, and how its management plane is reached.

use super::providers::{
    Affinity, ApplicationGateway, AzureRecord, FrontDoor, FrontDoorBy, FrontDoorClassic, RecordType, TrafficManager,
};
use super::{AzureAccess, Cloud, Credential};
use crate::reader::{Fields, Spot};

/// Reads `subscription` and `resourceGroup`.
fn place(fields: &Fields<'_>) -> (Option<String>, Option<String>) {
    let subscription =
        fields.need("subscription", "the subscription's id: `subscription: <id>`").and_then(|spot| spot.arm_name());
    let group = fields.need("resourceGroup", "its resource group: `resourceGroup: …`").and_then(|spot| spot.arm_name());
    (subscription, group)
}

fn name(fields: &Fields<'_>, key: &str, what: &str) -> Option<String> {
    fields.need(key, &format!("{what}: `{key}: …`")).and_then(|spot| spot.arm_name())
}

/// Reads a record set of an Azure zone; only public zones name their servers.
pub(super) fn azure_record(spot: &Spot<'_>, public: bool) -> Option<AzureRecord> {
    let known = ["subscription", "resourceGroup", "zone", "record", "recordType", "nameservers"];
    let fields = spot.fields(&known, &[])?;
    let (subscription, resource_group) = place(&fields);
    let zone = fields.need("zone", "the zone: `zone: contoso.com`").and_then(|spot| spot.dns_name());
    let record = record(&fields, zone.as_deref());
    let record_type =
        fields.get("recordType").and_then(|spot| spot.word(&["A", "AAAA", "CNAME"])).map(|word| match word {
            "AAAA" => RecordType::Aaaa,
            "CNAME" => RecordType::Cname,
            _ => RecordType::A,
        });
    let nameservers =
        fields.or("nameservers", |spot| Some(spot.list()?.iter().filter_map(Spot::host_port).collect()), Vec::new());
    if !public && !nameservers.is_empty() {
        spot.wrong(
            "a private zone answers only inside linked networks, through a resolver there: name it under `vantages`",
        );
    }
    Some(AzureRecord {
        subscription: subscription?,
        resource_group: resource_group?,
        zone: zone?,
        record: record?,
        record_type,
        nameservers,
    })
}

/// Reads `record`; `@` is the zone itself.
fn record(fields: &Fields<'_>, zone: Option<&str>) -> Option<String> {
    let spot = fields.need("record", "the name inside the zone: `record: aks`")?;
    if spot.node.data == teal_yaml::Data::String("@".to_owned()) {
        return Some("@".to_owned());
    }
    let name = spot.dns_name()?;
    if let Some(inside) = zone.and_then(|zone| name.strip_suffix(zone)?.strip_suffix('.')) {
        spot.wrong(format!("has the zone in it; write `{inside}`"));
    }
    Some(name)
}

pub(super) fn front_door(spot: &Spot<'_>) -> Option<FrontDoor> {
    let known = ["subscription", "resourceGroup", "profile", "endpoint", "route", "originGroup", "purge", "affinity"];
    let fields = spot.fields(&known, &[])?;
    let (subscription, resource_group) = place(&fields);
    let profile = name(&fields, "profile", "the profile");
    let by = match (fields.get("originGroup"), fields.get("route").or_else(|| fields.get("endpoint"))) {
        (Some(group), None) => group.arm_name().map(|group| FrontDoorBy::Origins { group }),
        (Some(_), Some(_)) => {
            spot.wrong(
                "moves either a route (`endpoint` and `route`) or the origins of one group (`originGroup`), not both",
            );
            None
        }
        (None, Some(_)) => {
            let endpoint = name(&fields, "endpoint", "the route's endpoint");
            let route = name(&fields, "route", "the route");
            endpoint.zip(route).map(|(endpoint, route)| FrontDoorBy::Groups { endpoint, route })
        }
        (None, None) => {
            spot.wrong("says not what is moved; write `endpoint` and `route` (their origin group is changed), or `originGroup` (its origins are)");
            None
        }
    };
    let purge = fields.or("purge", |spot| Some(spot.list()?.iter().filter_map(content_path).collect()), Vec::new());
    if let (Some(spot), Some(FrontDoorBy::Origins { .. })) = (fields.get("purge"), &by) {
        spot.wrong(
            "an endpoint's cache is what is purged, and `originGroup` names none: move the group by `endpoint` and `route`, or leave `purge` out",
        );
    }
    let affinity = match fields.get("affinity").and_then(|spot| spot.word(&["refuse", "shout"])) {
        Some("shout") => Affinity::Shout,
        _ => Affinity::Refuse,
    };
    let (subscription, resource_group, profile) = (subscription?, resource_group?, profile?);
    Some(FrontDoor { subscription, resource_group, profile, by: by?, purge, affinity })
}

fn content_path(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text()?;
    if !text.starts_with('/') {
        spot.wrong(format!("`{text}` is no content path; it begins with `/`, such as `/*`"));
    }
    Some(text)
}

pub(super) fn classic(spot: &Spot<'_>) -> Option<FrontDoorClassic> {
    let fields = spot.fields(&["subscription", "resourceGroup", "frontDoor", "pool"], &[])?;
    let (subscription, resource_group) = place(&fields);
    let front_door = name(&fields, "frontDoor", "the Front Door");
    let pool = name(&fields, "pool", "the backend pool");
    Some(FrontDoorClassic {
        subscription: subscription?,
        resource_group: resource_group?,
        front_door: front_door?,
        pool: pool?,
    })
}

pub(super) fn traffic_manager(spot: &Spot<'_>) -> Option<TrafficManager> {
    let fields = spot.fields(&["subscription", "resourceGroup", "profile"], &[])?;
    let (subscription, resource_group) = place(&fields);
    let profile = name(&fields, "profile", "the profile");
    Some(TrafficManager { subscription: subscription?, resource_group: resource_group?, profile: profile? })
}

pub(super) fn application_gateway(spot: &Spot<'_>) -> Option<ApplicationGateway> {
    let fields = spot.fields(&["subscription", "resourceGroup", "gateway", "pool"], &[])?;
    let (subscription, resource_group) = place(&fields);
    let gateway = name(&fields, "gateway", "the gateway");
    let pool = name(&fields, "pool", "the backend pool");
    Some(ApplicationGateway {
        subscription: subscription?,
        resource_group: resource_group?,
        gateway: gateway?,
        pool: pool?,
    })
}

/// Reads `azure`: what of the identity is explicit; the rest comes from the environment.
pub(crate) fn access(spot: &Spot<'_>) -> Option<AzureAccess> {
    let fields = spot.fields(&["cloud", "tenant", "clientId", "credential"], &["certificate"])?;
    let clouds = ["public", "usGovernment", "china", "custom"];
    let cloud = fields.get("cloud").and_then(|spot| spot.word(&clouds)).map(|word| match word {
        "usGovernment" => Cloud::UsGovernment,
        "china" => Cloud::China,
        "custom" => Cloud::Custom,
        _ => Cloud::Public,
    });
    let tenant = fields.get("tenant").and_then(|spot| spot.arm_name());
    let client_id = fields.get("clientId").and_then(|spot| guid(&spot));
    let words = ["environment", "workloadIdentity", "managedIdentity", "clientSecret", "clientCertificate", "azureCli"];
    let credential = match fields.get("credential").and_then(|spot| spot.word(&words)) {
        Some("workloadIdentity") => Credential::WorkloadIdentity,
        Some("managedIdentity") => Credential::ManagedIdentity,
        Some("clientSecret") => Credential::ClientSecret,
        Some("clientCertificate") => Credential::ClientCertificate,
        Some("azureCli") => Credential::AzureCli,
        _ => Credential::Environment,
    };
    Some(AzureAccess { cloud, tenant, client_id, credential })
}

/// Reads a client id, which is public; a secret in its place is not quoted.
fn guid(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text()?;
    if is_guid(&text) {
        return Some(text.to_ascii_lowercase());
    }
    spot.wrong(
        "is no client id, such as `00000000-0000-0000-0000-000000000000`; a client's secret never belongs into git",
    );
    None
}

/// Eight, four, four, four and twelve hex digits.
pub(crate) fn is_guid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [8, 4, 4, 4, 12] && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
