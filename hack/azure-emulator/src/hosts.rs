//! Where a host name or an address really is: tests live on loopback at odd ports, Azure's names don't.
//!
//! The map `hosts` of the settings says it: a key is `name`, `name:port`, `address` or `address:port` (an IPv6 address in brackets
//! when a port follows); a value is `address:port`, or `address` alone to keep the port that was asked for.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_proto::rr::{RData, RecordType};
use jiff::Timestamp;

use crate::shared::Shared;
use crate::world::World;

/// Why a host can't be reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is neither in the emulator's zones nor in its host map")]
pub(crate) struct Unknown(String);

/// Where the map says that `host` (a name or an address, any case, no brackets) is when `port` is asked for; the entry
/// with the port goes before the one without.
pub(crate) fn mapped(map: &BTreeMap<String, String>, host: &str, port: u16) -> Option<SocketAddr> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let with_port = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let find = |key: &str| map.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str());
    let value = find(&with_port).or_else(|| find(&host))?;
    let bare = |value: &str| value.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, port));
    value.parse::<SocketAddr>().ok().or_else(|| bare(value))
}

/// What is wrong with a map, one sentence each.
pub(crate) fn check(map: &BTreeMap<String, String>) -> Vec<String> {
    map.iter()
        .filter(|(_, value)| value.parse::<SocketAddr>().is_err() && value.parse::<IpAddr>().is_err())
        .map(|(key, value)| format!("hosts.{key} is '{value}'; it must be an address, or an address and a port"))
        .collect()
}

/// Names that were looked up, until their records' time is over: edges and probes obey it as resolvers do.
#[derive(Debug, Default)]
struct Cache(BTreeMap<String, (Timestamp, IpAddr)>);

/// Where `host` is when `port` is asked for: the map, then the address itself, then the emulator's own zones, profiles
/// and endpoints, whose addresses go through the map again.
///
/// # Errors
/// When nothing knows it.
pub(crate) async fn reach(shared: &Shared, host: &str, port: u16) -> Result<SocketAddr, Unknown> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let known = shared.with(|world| {
        let direct = mapped(&world.settings.hosts, &name, port);
        direct
            .or_else(|| name.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, port)))
            .or_else(|| cached(world, &name, port))
    });
    if let Some(address) = known {
        return Ok(address);
    }
    for kind in [RecordType::A, RecordType::AAAA] {
        let records = shared.resolve(&name, kind);
        let found = records.iter().find_map(|(ttl, data)| match data {
            RData::A(ip) => Some((*ttl, IpAddr::V4(ip.0))),
            RData::AAAA(ip) => Some((*ttl, IpAddr::V6(ip.0))),
            _ => None,
        });
        if let Some((ttl, ip)) = found {
            return Ok(shared.with(|world| {
                let until = world.after(Duration::from_secs(u64::from(ttl)));
                let now = world.now();
                let cache = &mut world.runtime::<Cache>().0;
                cache.retain(|_, (until, _)| *until > now);
                cache.insert(name.clone(), (until, ip));
                at(world, ip, port)
            }));
        }
    }
    Err(Unknown(host.to_owned()))
}

fn cached(world: &mut World, name: &str, port: u16) -> Option<SocketAddr> {
    let now = world.now();
    let (until, ip) = *world.runtime::<Cache>().0.get(name)?;
    (until > now).then(|| at(world, ip, port))
}

fn at(world: &World, ip: IpAddr, port: u16) -> SocketAddr {
    mapped(&world.settings.hosts, &ip.to_string(), port).unwrap_or_else(|| SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_exact_entry_wins() {
        let map: BTreeMap<String, String> = [
            ("blue.contoso.com", "127.0.0.1"),
            ("Blue.contoso.com:8080", "127.0.0.1:9001"),
            ("10.1.0.4", "127.0.0.1:9002"),
            ("[2001:db8::1]:80", "[::1]:9003"),
        ]
        .into_iter()
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect();
        for (host, port, expected) in [
            ("BLUE.contoso.com.", 80, Some("127.0.0.1:80")),
            ("blue.contoso.com", 8080, Some("127.0.0.1:9001")),
            ("10.1.0.4", 443, Some("127.0.0.1:9002")),
            ("2001:db8::1", 80, Some("[::1]:9003")),
            ("2001:db8::1", 81, None),
            ("green.contoso.com", 80, None),
        ] {
            assert_eq!(mapped(&map, host, port), expected.map(|a| a.parse().unwrap()), "{host}:{port}");
        }
        assert!(check(&map).is_empty());
        let wrong = [("a".to_owned(), "b:1".to_owned())].into_iter().collect();
        assert_eq!(check(&wrong).len(), 1);
    }
}
