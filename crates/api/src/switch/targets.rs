//! Reads targets and vantages.

use std::collections::BTreeMap;

use super::azure::{application_gateway, azure_record, classic, front_door, traffic_manager};
use super::providers::{
    AzureRecord, Destination, FrontDoor, FrontDoorBy, Provider, RecordType, Rfc2136, Tsig, TsigAlgorithm,
};
use super::{Target, Vantage};
use crate::reader::{Fields, Spot, nearest};

/// Providers that can be declared.
const KNOWN: &[&str] = &[
    "rfc2136",
    "azureDns",
    "azurePrivateDns",
    "frontDoor",
    "frontDoorClassic",
    "trafficManager",
    "applicationGateway",
];
/// What a target has beside its provider.
const SIDES: &[&str] = &["to", "at"];
/// Providers of the design that this version lacks.
const LATER: &[&str] = &["httpRoute", "gatewayApi", "nginx", "haproxy", "exec", "webhook"];

pub(super) fn target(spot: &Spot<'_>, colors: &[&str]) -> Option<Target> {
    let known: Vec<&str> = KNOWN.iter().chain(SIDES).copied().collect();
    let fields = spot.fields(&known, LATER)?;
    let provider = provider(spot, &fields);
    let at_full = match fields.get("at") {
        Some(spot) => spot.whole(100, 100).is_some(),
        None => false,
    };
    let to = fields.need("to", "a destination for each color: `to: {blue: {ip: …}, green: {ip: …}}`");
    let kinds = provider.as_ref().map_or(ALL_KINDS, kinds);
    let to = to.and_then(|spot| destinations(&spot, colors, kinds));
    let provider = provider?;
    if let (Provider::AzureDns(record) | Provider::AzurePrivateDns(record), Some(to)) = (&provider, &to) {
        fitting(spot, record, to);
    }
    Some(Target { provider, to: to?, at_full })
}

fn provider(spot: &Spot<'_>, fields: &Fields<'_>) -> Option<Provider> {
    let found: Vec<&str> = KNOWN.iter().copied().filter(|key| spot.node.get(key).is_some()).collect();
    let [name] = found.as_slice() else {
        // A key that is unknown, or of a later version, has been told already.
        let strange = spot
            .map()?
            .iter()
            .any(|(entry, _)| !KNOWN.contains(&entry.key.as_str()) && !SIDES.contains(&entry.key.as_str()));
        match found.as_slice() {
            [] if strange => {}
            [] => spot.wrong(format!("names nothing that is moved; write one of {}", KNOWN.join(", "))),
            several => spot.wrong(format!("names {}; a target is one of them", several.join(" and "))),
        }
        return None;
    };
    let value = fields.need(name, "its fields")?;
    match *name {
        "rfc2136" => rfc2136(&value).map(Provider::Rfc2136),
        "azureDns" => azure_record(&value, true).map(Provider::AzureDns),
        "azurePrivateDns" => azure_record(&value, false).map(Provider::AzurePrivateDns),
        "frontDoor" => front_door(&value).map(Provider::FrontDoor),
        "frontDoorClassic" => classic(&value).map(Provider::FrontDoorClassic),
        "trafficManager" => traffic_manager(&value).map(Provider::TrafficManager),
        _ => application_gateway(&value).map(Provider::ApplicationGateway),
    }
}

/// Every kind of destination.
const ALL_KINDS: &[&str] = &["ip", "ipv6", "cname", "resourceId", "endpoint", "originGroup", "origin"];

/// The kinds of destination that a provider can route to.
fn kinds(provider: &Provider) -> &'static [&'static str] {
    match provider {
        Provider::Rfc2136(_) => &["ip"],
        Provider::AzureDns(_) => &["ip", "ipv6", "cname", "resourceId"],
        Provider::AzurePrivateDns(_) => &["ip", "ipv6", "cname"],
        Provider::FrontDoor(FrontDoor { by: FrontDoorBy::Groups { .. }, .. }) => &["originGroup"],
        Provider::FrontDoor(FrontDoor { by: FrontDoorBy::Origins { .. }, .. }) => &["origin"],
        Provider::FrontDoorClassic(_) | Provider::ApplicationGateway(_) => &["ip", "cname"],
        Provider::TrafficManager(_) => &["endpoint"],
    }
}

fn destinations(spot: &Spot<'_>, colors: &[&str], kinds: &[&str]) -> Option<BTreeMap<String, Destination>> {
    let mut found: BTreeMap<String, Destination> = BTreeMap::new();
    let mut first: Option<(&str, &str)> = None;
    let entries = spot.map()?;
    for (entry, value) in &entries {
        let color = entry.key.as_str();
        if !colors.is_empty() && !colors.contains(&color) {
            value.wrong(format!("`{color}` is no color of this Switch; {}", nearest(color, colors)));
        }
        let Some((kind, destination)) = destination(value, kinds) else { continue };
        match first {
            Some((other, before)) if before != kind => value.wrong(format!(
                "is `{kind}` where `{other}` is `{before}`: a change of kind has a gap in which nothing answers; use one kind for all colors"
            )),
            Some(_) => {}
            None => first = Some((color, kind)),
        }
        if let Some((other, _)) = found.iter().find(|(_, other)| **other == destination) {
            value.wrong(format!("is the same address as `{other}`'s; nothing would move"));
        }
        found.insert(entry.key.clone(), destination);
    }
    for color in colors {
        if !entries.iter().any(|(entry, _)| entry.key == *color) {
            spot.wrong(format!("no address for `{color}`; every color needs one"));
        }
    }
    Some(found)
}

fn destination<'a>(spot: &Spot<'a>, kinds: &[&str]) -> Option<(&'a str, Destination)> {
    let (kind, value) = spot.one_of("kind of address", kinds, &[])?;
    let destination = match kind {
        "ip" => Destination::Ip(value.ipv4s()?),
        "ipv6" => Destination::Ipv6(value.ipv6s()?),
        "cname" => Destination::Cname(value.dns_name()?),
        "resourceId" => Destination::ResourceId(value.resource_id("")?),
        _ => Destination::Named(value.arm_name()?),
    };
    // A record set has no order: the same addresses in another order are the same destination.
    Some((kind, destination.canonical()))
}

/// Does the record's type fit where it points to?
fn fitting(spot: &Spot<'_>, record: &AzureRecord, to: &BTreeMap<String, Destination>) {
    let needed = to.values().next().and_then(|destination| match destination {
        Destination::Ip(_) => Some((RecordType::A, "A")),
        Destination::Ipv6(_) => Some((RecordType::Aaaa, "AAAA")),
        Destination::Cname(_) => Some((RecordType::Cname, "CNAME")),
        Destination::ResourceId(_) | Destination::Named(_) => None,
    });
    match (needed, record.record_type) {
        (Some((wanted, word)), Some(declared)) if declared != wanted => {
            spot.wrong(format!("`recordType` is not `{word}`, which its destinations need; leave it out"));
        }
        (None, None) if !to.is_empty() => {
            spot.wrong("an alias record needs its type: write `recordType: A`, `AAAA` or `CNAME`");
        }
        _ => {}
    }
    if record.record == "@" && matches!(needed, Some((RecordType::Cname, _))) {
        spot.wrong("the zone itself can't be a CNAME; use `ip`, or an alias (`resourceId`)");
    }
}

fn rfc2136(spot: &Spot<'_>) -> Option<Rfc2136> {
    let fields = spot.fields(&["server", "secondaries", "zone", "record", "tsig"], &["recordType"])?;
    let server =
        fields.need("server", "the primary name server: `server: ns1.contoso.com`").and_then(|spot| spot.host_port());
    let secondaries =
        fields.or("secondaries", |spot| Some(spot.list()?.iter().filter_map(Spot::host_port).collect()), Vec::new());
    let zone = fields.need("zone", "the zone: `zone: contoso.com`").and_then(|spot| spot.dns_name());
    let record = fields.need("record", "the name inside the zone: `record: aks`").and_then(|spot| {
        let name = spot.dns_name()?;
        let inside = zone.as_deref().and_then(|zone| name.strip_suffix(zone)?.strip_suffix('.'));
        if let Some(inside) = inside {
            spot.wrong(format!("has the zone in it; write `{inside}`"));
        }
        Some(name)
    });
    let tsig = fields.need("tsig", "the key: `tsig: {name: …, secret: <Secret>}`").and_then(|spot| tsig(&spot));
    Some(Rfc2136 { server: server?, secondaries, zone: zone?, record: record?, tsig: tsig? })
}

fn tsig(spot: &Spot<'_>) -> Option<Tsig> {
    let fields = spot.fields(&["name", "algorithm", "secret"], &[])?;
    let algorithm = fields.or(
        "algorithm",
        |spot| match spot.word(&["hmac-sha256", "hmac-sha384", "hmac-sha512"])? {
            "hmac-sha384" => Some(TsigAlgorithm::HmacSha384),
            "hmac-sha512" => Some(TsigAlgorithm::HmacSha512),
            _ => Some(TsigAlgorithm::HmacSha256),
        },
        TsigAlgorithm::HmacSha256,
    );
    let name = fields.need("name", "the key's name as the server knows it").and_then(|spot| spot.dns_name());
    let secret = fields
        .need("secret", "the name of the Secret with the key, never the key itself")
        .and_then(|spot| secret_name(&spot));
    Some(Tsig { name: name?, algorithm, secret: secret? })
}

/// Reads the name of a Secret that holds a key. What is no name is not quoted: it may be the key.
pub(super) fn secret_name(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text()?;
    let is_name = text.len() <= 253 && text.split('.').all(crate::reader::is_label);
    if !is_name {
        spot.wrong("is no name of a Secret; the key itself never belongs into git");
    }
    is_name.then_some(text)
}

pub(super) fn vantage(spot: &Spot<'_>) -> Option<Vantage> {
    let (_, value) = spot.one_of("vantage", &["resolver"], &["agent", "http"])?;
    value.host_port().map(Vantage::Resolver)
}
