//! Which addresses may be asked (attack case 30): public ones, and hosts that the Sync names. Names are resolved once and the
//! very addresses that were looked at are connected to, so that a name can't mean another machine a moment later.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Policy;

/// Begins the entry of a host that is asked without TLS.
const PLAIN: &str = "http://";

/// Whether the Sync names this address's host, with or without its port.
pub(crate) fn is_named(policy: &Policy, url: &Url) -> bool {
    policy.hosts.iter().any(|named| names(named.strip_prefix(PLAIN).unwrap_or(named), url))
}

/// Whether the Sync says that this host is asked without TLS.
pub(crate) fn is_plain(policy: &Policy, url: &Url) -> bool {
    policy.hosts.iter().filter_map(|named| named.strip_prefix(PLAIN)).any(|named| names(named, url))
}

fn names(named: &str, url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    // The port that an address of the other scheme would have had is the one it is asked at.
    let port = url.port_or_known_default().unwrap_or_default();
    named.eq_ignore_ascii_case(host) || named.eq_ignore_ascii_case(&format!("{host}:{port}"))
}

/// Why an address may not be asked; `None` when it may, as far as that can be told without resolving its name.
pub(crate) fn refusal(policy: &Policy, url: &Url) -> Option<String> {
    let host = url.host_str().unwrap_or_default();
    if url.scheme() != "https" && !is_plain(policy, url) {
        return Some(format!(
            "`{host}` is asked without TLS, so that anybody on the way could change the chart; use https, or write `{PLAIN}{host}` under `spec.helm.hosts` of the Sync"
        ));
    }
    if is_named(policy, url) {
        return None;
    }
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>().ok()?;
    (!is_public(ip)).then(|| private(host))
}

fn private(host: &str) -> String {
    format!("`{host}` is at a private address; name it in the Sync if charts may come from there: `spec.helm.hosts`")
}

/// Resolves names to public addresses only.
pub(crate) struct PublicOnly;

#[derive(Debug)]
struct Private(String);

impl std::fmt::Display for Private {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Private {}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One private address among public ones is a trick: which one is connected to would be chance.
            if found.iter().any(|address| !is_public(address.ip())) {
                return Err(Private(private(&name)).into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the internet's: none of a machine itself, a private network, a link or a cloud's metadata.
pub(crate) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19))
        // Azure's own services for a machine.
        || ip.octets() == [168, 63, 129, 16])
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let segments = ip.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        // Global unicast, without documentation, Teredo and benchmarks.
        [first, second, ..] => {
            (0x2000..0x4000).contains(&first)
                && !(first == 0x2001 && (second == 0xdb8 || second < 0x200))
                && first != 0x3fff
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_internets_addresses_are_public() {
        for (ip, want) in [
            ("8.8.8.8", true),
            ("20.150.1.1", true),
            ("127.0.0.1", false),
            ("10.0.0.1", false),
            ("172.31.255.255", false),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("168.63.129.16", false),
            ("100.100.100.200", false),
            ("0.0.0.0", false),
            ("255.255.255.255", false),
            ("224.0.0.1", false),
            ("198.18.0.1", false),
            ("::1", false),
            ("::", false),
            ("fe80::1", false),
            ("fd00:ec2::254", false),
            ("::ffff:169.254.169.254", false),
            ("64:ff9b::a9fe:a9fe", false),
            ("2002:a9fe:a9fe::1", false),
            ("2001:db8::1", false),
            ("2606:4700::1111", true),
        ] {
            assert_eq!(is_public(ip.parse().unwrap()), want, "{ip}");
        }
    }

    #[test]
    fn what_may_be_asked_is_public_or_named() {
        let policy = Policy { hosts: vec!["http://charts.internal".into(), "10.0.0.5:5000".into()], unconfined: false };
        for (url, want) in [
            ("https://charts.example.com/index.yaml", true),
            ("http://charts.example.com/index.yaml", false),
            ("https://169.254.169.254/metadata", false),
            ("https://[::1]/", false),
            // However it is written, it is the same number.
            ("https://0x7f000001/", false),
            ("https://2130706433/", false),
            ("http://charts.internal/x", true),
            ("http://charts.internal:8080/x", true),
            ("https://10.0.0.5:5000/x", true),
            ("http://10.0.0.5:5000/x", false),
            ("https://10.0.0.5:5001/x", false),
        ] {
            assert_eq!(refusal(&policy, &url.parse().unwrap()).is_none(), want, "{url}");
        }
    }
}
