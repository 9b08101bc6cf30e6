//! Reads targets and vantages.

use std::collections::BTreeMap;

use super::{Destination, Provider, Rfc2136, Target, Tsig, TsigAlgorithm, Vantage};
use crate::reader::{Spot, nearest};
use teal_yaml::Data;

/// Providers of the design that this version lacks.
const LATER: &[&str] = &[
    "azureDns",
    "azurePrivateDns",
    "frontDoor",
    "frontDoorClassic",
    "trafficManager",
    "applicationGateway",
    "httpRoute",
    "gatewayApi",
    "nginx",
    "haproxy",
    "exec",
    "webhook",
    "at",
];
/// Destinations of the design that this version lacks.
const LATER_TO: &[&str] = &["ipv6", "cname", "resourceId", "endpoint"];

pub(super) fn target(spot: &Spot<'_>, colors: &[&str]) -> Option<Target> {
    let fields = spot.fields(&["rfc2136", "to"], LATER)?;
    let later = LATER.iter().any(|key| spot.node.get(key).is_some());
    let provider = match fields.get("rfc2136") {
        Some(spot) => rfc2136(&spot).map(Provider::Rfc2136),
        None => {
            if !later {
                fields.need("rfc2136", "which record is moved: `rfc2136: {server: …, zone: …, record: …, tsig: …}`");
            }
            None
        }
    };
    let to = fields.need("to", "an address for each color: `to: {blue: {ip: …}, green: {ip: …}}`");
    let to = to.and_then(|spot| destinations(&spot, colors));
    Some(Target { provider: provider?, to: to? })
}

fn destinations(spot: &Spot<'_>, colors: &[&str]) -> Option<BTreeMap<String, Destination>> {
    let mut found: BTreeMap<String, Destination> = BTreeMap::new();
    let entries = spot.map()?;
    for (entry, value) in &entries {
        let color = entry.key.as_str();
        if !colors.is_empty() && !colors.contains(&color) {
            value.wrong(format!("`{color}` is no color of this Switch; {}", nearest(color, colors)));
        }
        let Some(destination) = destination(value) else { continue };
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

fn destination(spot: &Spot<'_>) -> Option<Destination> {
    let (_, value) = spot.one_of("kind of address", &["ip"], LATER_TO)?;
    let mut addresses = match value.node.data {
        Data::Sequence(_) => {
            let items = value.list()?;
            if items.is_empty() {
                value.wrong("no addresses; write at least one");
            }
            items.iter().filter_map(|item| item.ipv4()).collect()
        }
        _ => vec![value.ipv4()?],
    };
    // A record set has no order: the same addresses in another order are the same destination.
    addresses.sort_unstable();
    addresses.dedup();
    Some(Destination::Ip(addresses))
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
    let secret = fields.need("secret", "the name of the Secret with the key, never the key itself").and_then(|spot| {
        let text = spot.text()?;
        // Not quoted: it may be the key.
        let is_name = text.len() <= 253 && text.split('.').all(crate::reader::is_label);
        if !is_name {
            spot.wrong("is no name of a Secret; the key itself never belongs into git");
        }
        is_name.then_some(text)
    });
    Some(Tsig { name: name?, algorithm, secret: secret? })
}

pub(super) fn vantage(spot: &Spot<'_>) -> Option<Vantage> {
    let (_, value) = spot.one_of("vantage", &["resolver"], &["agent", "http"])?;
    value.host_port().map(Vantage::Resolver)
}
