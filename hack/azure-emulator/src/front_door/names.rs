//! Host names of endpoints in DNS: they lead to the edge's listener.

use std::time::Duration;

use hickory_proto::rr::RecordType;

use super::{ENDPOINT, FrontDoor, PROFILE, rollout};
use crate::arm::ResourceId;
use crate::provider::{NameAnswer, Names, address_data};
use crate::world::World;

/// Below which all endpoints' names lie.
const DOMAINS: [&str; 2] = [".azurefd.net", ".azureedge.net"];
/// The TTL of their records, in seconds.
const TTL: u32 = 60;

impl Names for FrontDoor {
    fn resolve(&self, world: &mut World, name: &str, kind: RecordType) -> Option<NameAnswer> {
        if !DOMAINS.iter().any(|domain| name.ends_with(domain)) {
            return None;
        }
        if !rollout::hosts(world).contains_key(name) {
            return Some(NameAnswer::NxDomain);
        }
        Some(edge(world, kind))
    }

    fn alias(&self, world: &mut World, target: &ResourceId, kind: RecordType) -> Option<NameAnswer> {
        if target.is(PROFILE) {
            return Some(NameAnswer::NoData);
        }
        if !target.is(ENDPOINT) {
            return None;
        }
        let now = world.now();
        let Some(endpoint) = world.store.seen(&target.key(), now, Duration::ZERO).cloned() else {
            return Some(NameAnswer::NoData);
        };
        if kind == RecordType::CNAME {
            let host = endpoint.property("hostName").as_str().map(str::to_owned)?;
            return Some(NameAnswer::Cname { ttl: TTL, target: host });
        }
        Some(edge(world, kind))
    }
}

/// The address of the edge's listener.
fn edge(world: &World, kind: RecordType) -> NameAnswer {
    let address = world.addresses.get(crate::edge::LISTENER).map(std::net::SocketAddr::ip);
    match address.map(address_data) {
        Some(data) if data.record_type() == kind => NameAnswer::Records { ttl: TTL, data: vec![data] },
        _ => NameAnswer::NoData,
    }
}
