//! Records and alias records that lead to the color.

use std::collections::BTreeMap;

use teal_azure::dns::{RecordSet, Records, Zone, ZoneKind};
use teal_azure::{Client, ResourceId};
use teal_switcher_core::retire::{Place, Pointer, Weight};

use super::{Belongings, Found, followed};
use crate::retirement::Retirement;

/// Types that an alias record can follow.
const FOLLOWED: &[&str] = &[
    "microsoft.network/publicipaddresses",
    "microsoft.network/trafficmanagerprofiles",
    "microsoft.network/frontdoors",
    "microsoft.cdn/profiles/endpoints",
    "microsoft.cdn/profiles/afdendpoints",
];

pub(super) async fn search(client: &Client, id: ResourceId, public: bool, belongings: &Belongings) -> Found {
    let kind = if public { ZoneKind::Public } else { ZoneKind::Private };
    let zone = Zone { kind, id };
    let sets = client.record_sets(&zone, None).await?;
    let followed = sets.iter().filter_map(|set| set.target.as_ref());
    let belongings = &followed::with(client, followed, belongings).await?;
    Ok(sets.iter().flat_map(|set| pointers(set, zone.name(), belongings)).collect())
}

fn pointers(set: &RecordSet, zone: &str, belongings: &Belongings) -> Vec<Pointer> {
    let full = if set.name == "@" { zone.to_owned() } else { format!("{}.{zone}", set.name) };
    let weight = if belongings.has_host(&full) { Weight::Own } else { Weight::Live };
    let pointer = |kind: &str, to: String| Pointer { what: format!("{} {kind} {full}", set.kind), to, weight };
    if let Some(target) = &set.target {
        let ours = belongings.has_resource(target) || host_of(target).is_some_and(|host| belongings.has_host(&host));
        return ours.then(|| pointer("alias record", target.to_string())).into_iter().collect();
    }
    let record = |to: String| pointer("record", to);
    match &set.records {
        Records::A(ips) => {
            ips.iter().filter(|ip| belongings.has_ip((**ip).into())).map(|ip| record(ip.to_string())).collect()
        }
        Records::Aaaa(ips) => {
            ips.iter().filter(|ip| belongings.has_ip((**ip).into())).map(|ip| record(ip.to_string())).collect()
        }
        Records::Cname(name) if belongings.has_host(name) => vec![record(name.clone())],
        Records::Other(_) => set.hosts.iter().filter(|host| belongings.has_host(host)).cloned().map(record).collect(),
        Records::Cname(_) | Records::Txt(_) | Records::None => Vec::new(),
    }
}

/// The name of a record set that an alias record follows.
fn host_of(target: &ResourceId) -> Option<String> {
    let zone = target.parent()?;
    let zones = ["microsoft.network/dnszones", "microsoft.network/privatednszones"];
    let name = target.name();
    zones.contains(&zone.kind().as_str()).then(|| match name {
        "@" => zone.name().to_owned(),
        _ => format!("{name}.{}", zone.name()),
    })
}

/// Alias records of zones that `inspect` does not list: Azure tells who follows a resource, wherever that is.
pub(super) async fn aliases(of: &Retirement, belongings: &Belongings) -> Vec<Place> {
    let mut by_subscription: BTreeMap<&str, Vec<ResourceId>> = BTreeMap::new();
    for id in belongings.resources().iter().filter(|id| FOLLOWED.contains(&id.kind().as_str())) {
        by_subscription.entry(id.subscription()).or_default().push(id.clone());
    }
    let mut places = Vec::new();
    for (subscription, targets) in by_subscription {
        let found = of.client.aliases_of(&targets).await.map(|sets| {
            let unlisted = sets.iter().filter(|set| !listed(of, set));
            unlisted
                .map(|set| Pointer {
                    what: format!("alias record {set}"),
                    to: "one of its addresses".to_owned(),
                    weight: Weight::Live,
                })
                .collect()
        });
        let name = format!("alias records of subscription {subscription}");
        places.push(Place { name, declared: false, found: found.map_err(|error| error.to_string()) });
    }
    places
}

/// Is the record set's zone one of those that were searched?
fn listed(of: &Retirement, set: &ResourceId) -> bool {
    set.parent().is_some_and(|zone| of.color.inspect.iter().any(|one| one.id == zone.lower()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, kind: &str, records: Records, target: Option<&str>) -> RecordSet {
        let target = target.map(|id| id.parse().unwrap());
        let (etag, metadata) = ("e".to_owned(), BTreeMap::new());
        RecordSet {
            etag,
            name: name.to_owned(),
            kind: kind.to_owned(),
            ttl: 5,
            metadata,
            records,
            hosts: Vec::new(),
            target,
            auto_registered: false,
        }
    }

    #[test]
    fn every_kind_of_record_is_found_and_its_own_name_is_told_apart() {
        let ip = "/subscriptions/s/resourceGroups/mc/providers/Microsoft.Network/publicIPAddresses/x";
        let mut own = Belongings::default();
        own.add_ip("10.1.0.4".parse().unwrap());
        own.add_ip("fd00::4".parse().unwrap());
        own.add_host("aks-blue.contoso.com");
        own.add_resource(ip.parse().unwrap());
        let both = || Records::A(vec!["10.2.0.4".parse().unwrap(), "10.1.0.4".parse().unwrap()]);
        for (set, want) in [
            (set("aks", "A", both(), None), "A record aks.contoso.com 10.1.0.4 Live"),
            (
                set("@", "AAAA", Records::Aaaa(vec!["fd00::4".parse().unwrap()]), None),
                "AAAA record contoso.com fd00::4 Live",
            ),
            (
                set("www", "CNAME", Records::Cname("AKS-blue.contoso.com.".into()), None),
                "CNAME record www.contoso.com AKS-blue.contoso.com. Live",
            ),
            (set("aks-blue", "A", both(), None), "A record aks-blue.contoso.com 10.1.0.4 Own"),
            (
                set("shop", "A", Records::None, Some(ip)),
                "A alias record shop.contoso.com /subscriptions/s/resourceGroups/mc/providers/Microsoft.Network/publicIPAddresses/x Live",
            ),
            (set("x", "A", Records::A(vec!["10.2.0.4".parse().unwrap()]), None), ""),
            (
                set(
                    "y",
                    "A",
                    Records::None,
                    Some("/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/x"),
                ),
                "",
            ),
            (
                set(
                    "old",
                    "A",
                    Records::None,
                    Some(
                        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/dnsZones/contoso.com/A/AKS-blue",
                    ),
                ),
                "A alias record old.contoso.com /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/dnsZones/contoso.com/A/AKS-blue Live",
            ),
            (
                set(
                    "green",
                    "A",
                    Records::None,
                    Some(
                        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/dnsZones/contoso.com/A/aks-green",
                    ),
                ),
                "",
            ),
            (
                RecordSet {
                    hosts: vec!["AKS-blue.contoso.com.".into()],
                    ..set("_sip", "SRV", Records::Other("SRV".into()), None)
                },
                "SRV record _sip.contoso.com AKS-blue.contoso.com. Live",
            ),
            (set("z", "NS", Records::Other("NS".into()), None), ""),
        ] {
            let found: Vec<String> = pointers(&set, "contoso.com", &own)
                .into_iter()
                .map(|one| format!("{} {} {:?}", one.what, one.to, one.weight))
                .collect();
            assert_eq!(found.join(";"), want);
        }
    }
}
