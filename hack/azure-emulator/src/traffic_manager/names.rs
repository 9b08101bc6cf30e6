//! Profiles in DNS.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::rr::{RData, RecordType};
use serde_json::Value;

use super::answer::{Candidate, Method, choose};
use super::health::EndpointStatus;
use super::{DOMAIN, PROFILE, TrafficManager, view};
use crate::arm::ResourceId;
use crate::check::{is, list, number, text};
use crate::dns_server::Asker;
use crate::provider::{NameAnswer, Names, address_data};
use crate::world::{Resource, World};

/// The keys of all profiles' resources, refreshed when anything was written.
#[derive(Debug, Default)]
struct Index {
    revision: Option<u64>,
    keys: Vec<String>,
}

impl Names for TrafficManager {
    fn resolve(&self, world: &mut World, name: &str, kind: RecordType) -> Option<NameAnswer> {
        let relative = name.strip_suffix(DOMAIN)?.strip_suffix('.')?;
        if relative.is_empty() {
            return None;
        }
        Some(match by_name(world, relative) {
            None => NameAnswer::NxDomain,
            Some(profile) => answer(world, &profile, kind, 0),
        })
    }

    fn alias(&self, world: &mut World, target: &ResourceId, kind: RecordType) -> Option<NameAnswer> {
        if !target.is(PROFILE) {
            return None;
        }
        let now = world.now();
        let Some(profile) = world.store.seen(&target.key(), now, Duration::ZERO).cloned() else {
            return Some(NameAnswer::NoData);
        };
        if kind == RecordType::CNAME {
            let name = profile.property("dnsConfig").get("fqdn").and_then(Value::as_str)?.to_owned();
            return Some(NameAnswer::Cname { ttl: ttl(&profile), target: name });
        }
        Some(match answer(world, &profile, kind, 0) {
            found @ NameAnswer::Records { .. } => found,
            // An address record can only stand for a profile whose endpoints are addresses.
            _ => NameAnswer::NoData,
        })
    }
}

/// The profile of a relative name as DNS knows it now.
fn by_name(world: &mut World, relative: &str) -> Option<Arc<Resource>> {
    let (now, revision) = (world.now(), world.revision());
    if world.runtime::<Index>().revision != Some(revision) {
        let keys =
            world.store.known_below("/subscriptions/").filter(|key| is_profile(key)).map(str::to_owned).collect();
        *world.runtime::<Index>() = Index { revision: Some(revision), keys };
    }
    let keys = std::mem::take(&mut world.runtime::<Index>().keys);
    let found = keys.iter().find_map(|key| {
        let profile = world.store.seen(key, now, Duration::ZERO)?;
        let name = profile.property("dnsConfig").get("relativeName")?.as_str()?;
        name.eq_ignore_ascii_case(relative).then(|| profile.clone())
    });
    world.runtime::<Index>().keys = keys;
    found
}

fn is_profile(key: &str) -> bool {
    key.split_once("/microsoft.network/trafficmanagerprofiles/").is_some_and(|(_, name)| !name.contains('/'))
}

fn ttl(profile: &Resource) -> u32 {
    let ttl = profile.property("dnsConfig").get("ttl").and_then(Value::as_u64).unwrap_or(60);
    u32::try_from(ttl).unwrap_or(u32::MAX)
}

/// What a profile answers. A nested endpoint is answered by its child, with the parent's TTL.
fn answer(world: &mut World, profile: &Resource, kind: RecordType, depth: usize) -> NameAnswer {
    let body = Value::Object(profile.body.clone());
    if is(&body, "/properties/profileStatus", "Disabled") {
        return NameAnswer::NxDomain;
    }
    let most = number(&body, "/properties/maxReturn").unwrap_or(1);
    let Some(method) = Method::parse(text(&body, "/properties/trafficRoutingMethod").unwrap_or_default(), most) else {
        return NameAnswer::NoData;
    };
    let statuses = view::statuses(world, profile, 0);
    let endpoints = list(&body, "/properties/endpoints");
    let mut targets = Vec::new();
    let mut candidates = Vec::new();
    for (endpoint, status) in endpoints.iter().zip(statuses) {
        let Some(target) = view::target(world, endpoint) else { continue };
        // A question for IPv4 can't be answered with an IPv6 endpoint, and the other way round.
        if target.parse::<IpAddr>().is_ok_and(|ip| kind != if ip.is_ipv4() { RecordType::A } else { RecordType::AAAA })
        {
            continue;
        }
        candidates.push(candidate(endpoint, status));
        targets.push((endpoint, target));
    }
    let draw = world.random.unit();
    let ttl = ttl(profile);
    let asker = world.runtime::<Asker>().0;
    let chosen = choose(method, &candidates, asker, draw);
    if let Some((endpoint, _)) = chosen.first().and_then(|i| targets.get(*i)).filter(|_| depth == 0 && asker.is_some())
    {
        let name = text(endpoint, "/name").unwrap_or_default().to_owned();
        let now = world.now();
        let by = vec![("EndpointName".to_owned(), name)];
        crate::metrics::measure(world, &profile.id.key(), "QpsByEndpoint", now, by, 1.0);
    }
    let addresses: Vec<RData> = chosen
        .iter()
        .filter_map(|i| targets.get(*i))
        .filter_map(|(_, target)| target.parse::<IpAddr>().ok())
        .map(address_data)
        .collect();
    if !addresses.is_empty() {
        return NameAnswer::Records { ttl, data: addresses };
    }
    let Some((endpoint, target)) = chosen.first().and_then(|i| targets.get(*i)) else { return NameAnswer::NoData };
    match view::nested_profile(world, endpoint) {
        Some(child) if depth < view::DEPTH => match answer(world, &child, kind, depth + 1) {
            NameAnswer::Records { data, .. } => NameAnswer::Records { ttl, data },
            NameAnswer::Cname { target, .. } => NameAnswer::Cname { ttl, target },
            nothing => nothing,
        },
        _ => NameAnswer::Cname { ttl, target: target.trim_end_matches('.').to_ascii_lowercase() },
    }
}

fn candidate(endpoint: &Value, status: EndpointStatus) -> Candidate {
    let world = list(endpoint, "/properties/geoMapping").iter().any(|code| code == "WORLD");
    let subnets = subnets(endpoint);
    Candidate {
        status,
        priority: number(endpoint, "/properties/priority").unwrap_or(1000),
        weight: number(endpoint, "/properties/weight").unwrap_or(1),
        world,
        subnets,
    }
}

/// First and last address of each of an endpoint's subnets.
pub(super) fn subnets(endpoint: &Value) -> Vec<(IpAddr, IpAddr)> {
    list(endpoint, "/properties/subnets").iter().filter_map(subnet).collect()
}

/// `{first, last}` or `{first, scope}`.
fn subnet(body: &Value) -> Option<(IpAddr, IpAddr)> {
    let first: IpAddr = text(body, "/first")?.parse().ok()?;
    if let Some(last) = text(body, "/last").and_then(|last| last.parse().ok()) {
        return Some((first, last));
    }
    let bits = u32::try_from(number(body, "/scope").unwrap_or(128)).unwrap_or(128);
    Some(match first {
        IpAddr::V4(ip) => {
            let host = u32::MAX.checked_shr(bits.min(32)).unwrap_or(0);
            (IpAddr::V4((u32::from(ip) & !host).into()), IpAddr::V4((u32::from(ip) | host).into()))
        }
        IpAddr::V6(ip) => {
            let host = u128::MAX.checked_shr(bits.min(128)).unwrap_or(0);
            (IpAddr::V6((u128::from(ip) & !host).into()), IpAddr::V6((u128::from(ip) | host).into()))
        }
    })
}
