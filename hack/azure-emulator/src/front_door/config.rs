//! What the edge needs to know of a profile, made of its resources once for each change.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::caching::Caching;
use super::rules::Rule;
use crate::check::{is, list, number, text};

/// How a request goes on to its origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forwarding {
    /// As it came.
    MatchRequest,
    /// Over HTTP.
    HttpOnly,
    /// Over HTTPS.
    HttpsOnly,
}

impl Forwarding {
    /// Reads `forwardingProtocol`; absent means `MatchRequest`.
    #[must_use]
    pub(crate) fn parse(name: Option<&str>) -> Self {
        match name {
            Some(name) if name.eq_ignore_ascii_case("HttpOnly") => Self::HttpOnly,
            Some(name) if name.eq_ignore_ascii_case("HttpsOnly") => Self::HttpsOnly,
            _ => Self::MatchRequest,
        }
    }

    /// Whether a request that came over HTTPS, or not, goes on over HTTPS.
    #[must_use]
    pub(crate) const fn https(self, came_https: bool) -> bool {
        match self {
            Self::MatchRequest => came_https,
            Self::HttpOnly => false,
            Self::HttpsOnly => true,
        }
    }
}

/// A server behind the edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Its ARM id, lower case.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) host: String,
    /// The `Host` it is sent; `None` passes on the client's.
    pub(crate) header: Option<String>,
    /// Its HTTP port.
    pub(crate) http_port: u16,
    /// Its HTTPS port.
    pub(crate) https_port: u16,
    /// 1..5, the smallest first.
    pub(crate) priority: u64,
    /// 1..1000.
    pub(crate) weight: u64,
    /// `enabledState`.
    pub(crate) enabled: bool,
    /// Whether the name in its certificate is checked.
    pub(crate) check_name: bool,
}

/// How the origins of a group are probed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Probe {
    /// The path asked for.
    pub(crate) path: String,
    /// `HEAD` unless this is set, then `GET`.
    pub(crate) get: bool,
    /// Over HTTPS.
    pub(crate) https: bool,
    /// Time between two probes of an origin.
    pub(crate) interval: Duration,
}

/// Origins that stand for one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// Its ARM id, lower case.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// Probes considered.
    pub(crate) sample_size: usize,
    /// Good ones needed among them.
    pub(crate) required: usize,
    /// Latency above the fastest that is still as good.
    pub(crate) band: Duration,
    /// `None`: not probed, taken for healthy.
    pub(crate) probe: Option<Probe>,
    /// Sticks a client to its origin with a cookie.
    pub(crate) affinity: bool,
    /// Its origins, by name.
    pub(crate) origins: Vec<Origin>,
}

/// Which requests go where.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// Its name.
    pub(crate) name: String,
    /// Host names it serves, lower case.
    pub(crate) hosts: Vec<String>,
    /// Paths it serves; `/*` at the end stands for all below.
    pub(crate) patterns: Vec<String>,
    /// Accepts HTTP.
    pub(crate) http: bool,
    /// Accepts HTTPS.
    pub(crate) https: bool,
    /// Sends HTTP clients to HTTPS.
    pub(crate) https_redirect: bool,
    /// The id of its group, lower case.
    pub(crate) group: String,
    /// Replaces what the pattern matched.
    pub(crate) origin_path: Option<String>,
    /// How it goes on.
    pub(crate) forwarding: Forwarding,
    /// Keeps copies of answers.
    pub(crate) caching: Option<Caching>,
    /// Rules in their order.
    pub(crate) rules: Vec<Rule>,
}

/// A profile's configuration at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile {
    /// The ARM id of the profile, lower case: where its metrics are kept.
    pub(crate) id: String,
    /// `X-Azure-FDID`.
    pub(crate) front_door_id: String,
    /// How long an origin may take.
    pub(crate) timeout: Duration,
    /// Every name this profile answers to, with the endpoint it belongs to.
    pub(crate) hosts: BTreeMap<String, String>,
    /// Enabled routes of enabled endpoints.
    pub(crate) routes: Vec<Route>,
    /// Groups by id, lower case.
    pub(crate) groups: BTreeMap<String, Group>,
}

/// Makes the configuration of the profile `id` of all resources below it (and itself), by id.
#[must_use]
pub(crate) fn compile(id: &str, resources: &BTreeMap<String, Value>) -> Profile {
    let id = id.to_ascii_lowercase();
    let low: BTreeMap<String, &Value> = resources.iter().map(|(id, v)| (id.to_ascii_lowercase(), v)).collect();
    let empty = Value::Null;
    let own = low.get(&id).copied().unwrap_or(&empty);
    let mut profile = Profile {
        front_door_id: text(own, "/properties/frontDoorId").unwrap_or_default().to_owned(),
        timeout: Duration::from_secs(number(own, "/properties/originResponseTimeoutSeconds").unwrap_or(60)),
        ..Profile::default()
    };
    for (child, body) in &low {
        let Some(path) = child.strip_prefix(&id).and_then(|rest| rest.strip_prefix('/')) else { continue };
        match path.split('/').collect::<Vec<_>>().as_slice() {
            ["origingroups", name] => {
                profile.groups.insert(child.clone(), group(child, name, body, &low));
            }
            ["afdendpoints", name] if is(body, "/properties/enabledState", "Enabled") => {
                if let Some(host) = text(body, "/properties/hostName") {
                    profile.hosts.insert(host.to_ascii_lowercase(), (*name).to_owned());
                }
            }
            ["afdendpoints", endpoint, "routes", name] => {
                let Some(parent) = low.get(&format!("{id}/afdendpoints/{endpoint}")) else { continue };
                if is(parent, "/properties/enabledState", "Enabled")
                    && !is(body, "/properties/enabledState", "Disabled")
                {
                    let route = route(name, body, parent, &low);
                    for host in &route.hosts {
                        profile.hosts.insert(host.clone(), (*endpoint).to_owned());
                    }
                    profile.routes.push(route);
                }
            }
            _ => {}
        }
    }
    profile.id = id;
    profile
}

fn group(id: &str, name: &str, body: &Value, low: &BTreeMap<String, &Value>) -> Group {
    let size = |pointer, otherwise| {
        number(body, pointer).and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0).unwrap_or(otherwise)
    };
    let settings = body.pointer("/properties/healthProbeSettings").filter(|settings| settings.is_object());
    let probe = settings.map(|settings| Probe {
        path: text(settings, "/probePath").unwrap_or("/").to_owned(),
        get: is(settings, "/probeRequestType", "GET"),
        https: is(settings, "/probeProtocol", "Https"),
        interval: Duration::from_secs(number(settings, "/probeIntervalInSeconds").unwrap_or(240).max(1)),
    });
    let prefix = format!("{id}/origins/");
    let origins = low.iter().filter_map(|(child, body)| {
        let name = child.strip_prefix(&prefix)?;
        Some(origin(child, name, body))
    });
    Group {
        id: id.to_owned(),
        name: name.to_owned(),
        sample_size: size("/properties/loadBalancingSettings/sampleSize", 4),
        required: size("/properties/loadBalancingSettings/successfulSamplesRequired", 3),
        band: Duration::from_millis(
            number(body, "/properties/loadBalancingSettings/additionalLatencyInMilliseconds").unwrap_or(0),
        ),
        probe,
        affinity: is(body, "/properties/sessionAffinityState", "Enabled"),
        origins: origins.collect(),
    }
}

fn origin(id: &str, name: &str, body: &Value) -> Origin {
    let port = |pointer, otherwise| {
        number(body, pointer).and_then(|n| u16::try_from(n).ok()).filter(|n| *n > 0).unwrap_or(otherwise)
    };
    Origin {
        id: id.to_owned(),
        name: name.to_owned(),
        host: text(body, "/properties/hostName").unwrap_or_default().to_owned(),
        header: text(body, "/properties/originHostHeader").filter(|h| !h.is_empty()).map(str::to_owned),
        http_port: port("/properties/httpPort", 80),
        https_port: port("/properties/httpsPort", 443),
        priority: number(body, "/properties/priority").unwrap_or(1),
        weight: number(body, "/properties/weight").unwrap_or(1000),
        enabled: !is(body, "/properties/enabledState", "Disabled"),
        check_name: body.pointer("/properties/enforceCertificateNameCheck").and_then(Value::as_bool).unwrap_or(true),
    }
}

fn route(name: &str, body: &Value, endpoint: &Value, low: &BTreeMap<String, &Value>) -> Route {
    let ids = |pointer| {
        list(body, pointer).iter().filter_map(|one| text(one, "/id")).map(str::to_ascii_lowercase).collect::<Vec<_>>()
    };
    let mut hosts = Vec::new();
    if is(body, "/properties/linkToDefaultDomain", "Enabled") {
        hosts.extend(text(endpoint, "/properties/hostName").map(str::to_ascii_lowercase));
    }
    for domain in ids("/properties/customDomains") {
        let body = low.get(&domain).copied();
        hosts.extend(body.and_then(|body| text(body, "/properties/hostName")).map(str::to_ascii_lowercase));
    }
    let mut rules: Vec<Rule> = Vec::new();
    for set in ids("/properties/ruleSets") {
        let prefix = format!("{set}/rules/");
        let mut of_set: Vec<Rule> =
            low.iter().filter(|(id, _)| id.starts_with(&prefix)).map(|(_, body)| Rule::parse(body)).collect();
        of_set.sort_by_key(|rule| rule.order);
        rules.extend(of_set);
    }
    let protocols = list(body, "/properties/supportedProtocols");
    let takes = |name: &str| {
        protocols.is_empty() || protocols.iter().any(|p| p.as_str().is_some_and(|p| p.eq_ignore_ascii_case(name)))
    };
    let patterns: Vec<String> =
        list(body, "/properties/patternsToMatch").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    Route {
        name: name.to_owned(),
        hosts,
        patterns: if patterns.is_empty() { vec!["/*".to_owned()] } else { patterns },
        http: takes("Http"),
        https: takes("Https"),
        https_redirect: is(body, "/properties/httpsRedirect", "Enabled"),
        group: text(body, "/properties/originGroup/id").unwrap_or_default().to_ascii_lowercase(),
        origin_path: text(body, "/properties/originPath").filter(|p| !p.is_empty()).map(str::to_owned),
        forwarding: Forwarding::parse(text(body, "/properties/forwardingProtocol")),
        caching: Caching::parse(body.pointer("/properties/cacheConfiguration")),
        rules,
    }
}
