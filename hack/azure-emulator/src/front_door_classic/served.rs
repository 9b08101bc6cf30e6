//! A classic front door in the shape of the newer one, by which the edge serves it.

use std::time::Duration;

use serde_json::Value;

use crate::check::{is, list, number, text};
use crate::front_door::{Forwarding, Group, Origin, Probe, Profile, Route};

/// The configuration of the front door `id`; ids in it are lower case.
pub(crate) fn as_profile(body: &Value, id: &str) -> Profile {
    let timeout = number(body, "/properties/backendPoolsSettings/sendRecvTimeoutSeconds").unwrap_or(30);
    let mut profile = Profile {
        id: id.to_ascii_lowercase(),
        front_door_id: text(body, "/properties/frontdoorId").unwrap_or_default().to_owned(),
        timeout: Duration::from_secs(timeout),
        ..Profile::default()
    };
    for pool in list(body, "/properties/backendPools") {
        let group = group(body, pool);
        profile.groups.insert(group.id.clone(), group);
    }
    let enabled = is(body, "/properties/enabledState", "Enabled");
    for rule in list(body, "/properties/routingRules").iter().filter(|rule| enabled && on(rule)) {
        let route = route(body, rule);
        for host in &route.hosts {
            profile.hosts.insert(host.clone(), route.name.clone());
        }
        profile.routes.push(route);
    }
    profile
}

fn on(one: &Value) -> bool {
    !is(one, "/properties/enabledState", "Disabled")
}

/// The part of a kind that an id names.
fn part<'a>(body: &'a Value, kind: &str, wanted: Option<&str>) -> Option<&'a Value> {
    let wanted = wanted?;
    list(body, &format!("/properties/{kind}")).iter().find(|one| is(one, "/id", wanted))
}

fn group(body: &Value, pool: &Value) -> Group {
    let id = text(pool, "/id").unwrap_or_default().to_ascii_lowercase();
    let balancing = part(body, "loadBalancingSettings", text(pool, "/properties/loadBalancingSettings/id"));
    let probe = part(body, "healthProbeSettings", text(pool, "/properties/healthProbeSettings/id")).filter(|p| on(p));
    let of = |pointer: &str, otherwise: u64| balancing.and_then(|b| number(b, pointer)).unwrap_or(otherwise);
    let endpoints = list(body, "/properties/frontendEndpoints");
    Group {
        name: text(pool, "/name").unwrap_or_default().to_owned(),
        sample_size: usize::try_from(of("/properties/sampleSize", 4)).unwrap_or(4),
        required: usize::try_from(of("/properties/successfulSamplesRequired", 2)).unwrap_or(2),
        band: Duration::from_millis(of("/properties/additionalLatencyMilliseconds", 0)),
        probe: probe.map(|probe| Probe {
            path: text(probe, "/properties/path").unwrap_or("/").to_owned(),
            get: is(probe, "/properties/healthProbeMethod", "GET"),
            https: is(probe, "/properties/protocol", "Https"),
            interval: Duration::from_secs(number(probe, "/properties/intervalInSeconds").unwrap_or(30).max(1)),
        }),
        affinity: endpoints.iter().any(|one| is(one, "/properties/sessionAffinityEnabledState", "Enabled")),
        origins: list(pool, "/properties/backends").iter().map(|backend| origin(body, backend, &id)).collect(),
        id,
    }
}

fn origin(body: &Value, backend: &Value, pool: &str) -> Origin {
    let port = |pointer: &str, otherwise: u16| {
        number(backend, pointer).and_then(|port| u16::try_from(port).ok()).unwrap_or(otherwise)
    };
    let host = text(backend, "/address").unwrap_or_default().to_owned();
    Origin {
        id: format!("{pool}/backends/{}", host.to_ascii_lowercase()),
        name: host.clone(),
        header: text(backend, "/backendHostHeader").filter(|h| !h.is_empty()).map(str::to_owned),
        http_port: port("/httpPort", 80),
        https_port: port("/httpsPort", 443),
        priority: number(backend, "/priority").unwrap_or(1),
        weight: number(backend, "/weight").unwrap_or(50),
        enabled: !is(backend, "/enabledState", "Disabled"),
        check_name: !is(body, "/properties/backendPoolsSettings/enforceCertificateNameCheck", "Disabled"),
        host,
    }
}

fn route(body: &Value, rule: &Value) -> Route {
    let hosts = list(rule, "/properties/frontendEndpoints")
        .iter()
        .filter_map(|endpoint| part(body, "frontendEndpoints", text(endpoint, "/id")))
        .filter_map(|endpoint| text(endpoint, "/properties/hostName"))
        .map(str::to_ascii_lowercase);
    let protocols = list(rule, "/properties/acceptedProtocols");
    let takes = |name: &str| protocols.iter().any(|p| p.as_str().is_some_and(|p| p.eq_ignore_ascii_case(name)));
    let forward = rule.pointer("/properties/routeConfiguration").unwrap_or(&Value::Null);
    let patterns = list(rule, "/properties/patternsToMatch").iter().filter_map(Value::as_str);
    Route {
        caching: None,
        name: text(rule, "/name").unwrap_or_default().to_owned(),
        hosts: hosts.collect(),
        patterns: patterns.map(str::to_owned).collect(),
        http: takes("Http"),
        https: takes("Https"),
        https_redirect: false,
        group: text(forward, "/backendPool/id").unwrap_or_default().to_ascii_lowercase(),
        origin_path: text(forward, "/customForwardingPath").filter(|path| !path.is_empty()).map(str::to_owned),
        forwarding: Forwarding::parse(text(forward, "/forwardingProtocol")),
        rules: Vec::new(),
    }
}
