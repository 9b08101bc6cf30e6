//! A classic front door's body: one big resource whose parts get ids and defaults, and whose references must hold.

use serde_json::{Value, json};

use crate::check::{Problems, default, list, number, set, text};

/// The parts that have ids of their own.
const PARTS: [&str; 5] =
    ["backendPools", "frontendEndpoints", "healthProbeSettings", "loadBalancingSettings", "routingRules"];

/// Fills in a front door: `id` and `name` are its own.
pub(crate) fn fill(body: &mut Value, id: &str, name: &str, state: &str) {
    default(body, "location", "global");
    default(body, "tags", json!({}));
    if body.get("properties").is_none_or(Value::is_null) {
        set(body, "properties", json!({}));
    }
    let properties = &mut body["properties"];
    default(properties, "enabledState", "Enabled");
    default(
        properties,
        "backendPoolsSettings",
        json!({"enforceCertificateNameCheck": "Enabled", "sendRecvTimeoutSeconds": 30}),
    );
    set(properties, "cname", format!("{}.azurefd.net", name.to_ascii_lowercase()));
    set(properties, "frontdoorId", crate::front_door::uuid(id));
    set(properties, "provisioningState", state);
    set(properties, "resourceState", if state == "Succeeded" { "Enabled" } else { "Creating" });
    default(properties, "rulesEngines", json!([]));
    for part in PARTS {
        default(properties, part, json!([]));
        for one in properties.get_mut(part).and_then(Value::as_array_mut).into_iter().flatten() {
            let Some(name) = text(one, "/name").map(str::to_owned) else { continue };
            set(one, "id", format!("{id}/{part}/{name}"));
            set(one, "type", format!("Microsoft.Network/frontDoors/{part}"));
            if one.get("properties").is_none_or(Value::is_null) {
                set(one, "properties", json!({}));
            }
            let inner = &mut one["properties"];
            set(inner, "resourceState", "Enabled");
            fill_part(part, inner);
        }
    }
}

fn fill_part(part: &str, inner: &mut Value) {
    match part {
        "backendPools" => {
            for backend in inner.get_mut("backends").and_then(Value::as_array_mut).into_iter().flatten() {
                default(backend, "enabledState", "Enabled");
                default(backend, "httpPort", 80);
                default(backend, "httpsPort", 443);
                default(backend, "priority", 1);
                default(backend, "weight", 50);
            }
        }
        "frontendEndpoints" => default(inner, "sessionAffinityEnabledState", "Disabled"),
        "healthProbeSettings" => {
            default(inner, "enabledState", "Enabled");
            default(inner, "healthProbeMethod", "HEAD");
            default(inner, "intervalInSeconds", 30);
            default(inner, "path", "/");
            default(inner, "protocol", "Https");
        }
        "loadBalancingSettings" => {
            default(inner, "sampleSize", 4);
            default(inner, "successfulSamplesRequired", 2);
            default(inner, "additionalLatencyMilliseconds", 0);
        }
        "routingRules" => {
            default(inner, "enabledState", "Enabled");
            default(inner, "patternsToMatch", json!(["/*"]));
            default(inner, "acceptedProtocols", json!(["Http", "Https"]));
            let forwards =
                text(inner, "/routeConfiguration/@odata.type").is_some_and(|kind| kind.contains("Forwarding"));
            if let Some(forward) = inner.get_mut("routeConfiguration").filter(|_| forwards) {
                default(forward, "forwardingProtocol", "MatchRequest");
                default(forward, "customForwardingPath", "");
            }
        }
        _ => {}
    }
}

/// What is wrong with a filled-in front door.
pub(crate) fn check(body: &Value, id: &str) -> Problems {
    let mut problems = Problems::default();
    problems.one_of(body, "/properties/enabledState", &["Enabled", "Disabled"]);
    if list(body, "/properties/frontendEndpoints").is_empty() {
        problems.bad("/properties/frontendEndpoints", "A front door needs at least one frontend endpoint.");
    }
    let default_host = text(body, "/properties/cname").unwrap_or_default().to_owned();
    let hosts = list(body, "/properties/frontendEndpoints").iter().filter_map(|e| text(e, "/properties/hostName"));
    if !hosts.into_iter().any(|host| host.eq_ignore_ascii_case(&default_host)) {
        problems.bad(
            "/properties/frontendEndpoints",
            format!("One frontend endpoint must have the host name '{default_host}'."),
        );
    }
    for (i, pool) in list(body, "/properties/backendPools").iter().enumerate() {
        check_pool(body, pool, i, id, &mut problems);
    }
    for (i, rule) in list(body, "/properties/routingRules").iter().enumerate() {
        let at = format!("/properties/routingRules/{i}/properties");
        let used = text(rule, "/properties/routeConfiguration/backendPool/id");
        let redirect = text(rule, "/properties/routeConfiguration/@odata.type").is_some_and(|t| t.contains("Redirect"));
        if !redirect && !used.is_some_and(|used| names(body, id, "backendPools", used)) {
            let shown = used.unwrap_or("nothing");
            problems
                .bad(format!("{at}/routeConfiguration"), format!("'{shown}' is no backend pool of this front door."));
        }
        for endpoint in list(rule, "/properties/frontendEndpoints").iter().filter_map(|e| text(e, "/id")) {
            if !names(body, id, "frontendEndpoints", endpoint) {
                problems.bad(
                    format!("{at}/frontendEndpoints"),
                    format!("'{endpoint}' is no frontend endpoint of this front door."),
                );
            }
        }
    }
    problems
}

fn check_pool(body: &Value, pool: &Value, i: usize, id: &str, problems: &mut Problems) {
    let at = format!("/properties/backendPools/{i}/properties");
    let backends = list(pool, "/properties/backends");
    if backends.is_empty() {
        problems.bad(format!("{at}/backends"), "A backend pool needs at least one backend.");
    }
    for j in 0..backends.len() {
        let at = format!("{at}/backends/{j}");
        problems.required(body, &format!("{at}/address"));
        problems.int_in(body, &format!("{at}/weight"), 1, 1000);
        problems.int_in(body, &format!("{at}/priority"), 1, 5);
        problems.int_in(body, &format!("{at}/httpPort"), 1, 65535);
        problems.int_in(body, &format!("{at}/httpsPort"), 1, 65535);
        problems.one_of(body, &format!("{at}/enabledState"), &["Enabled", "Disabled"]);
    }
    let enabled = backends.iter().any(|b| !crate::check::is(b, "/enabledState", "Disabled"));
    if !backends.is_empty() && !enabled {
        problems.bad(format!("{at}/backends"), "A backend pool needs at least one enabled backend.");
    }
    for part in ["healthProbeSettings", "loadBalancingSettings"] {
        match text(pool, &format!("/properties/{part}/id")) {
            Some(used) if names(body, id, part, used) => {}
            used => {
                let shown = used.unwrap_or("nothing");
                problems.bad(format!("{at}/{part}"), format!("'{shown}' is none of the {part} of this front door."));
            }
        }
    }
}

/// Whether `used` is the id of one of `part`.
fn names(body: &Value, id: &str, part: &str, used: &str) -> bool {
    list(body, &format!("/properties/{part}"))
        .iter()
        .filter_map(|one| text(one, "/name"))
        .any(|name| used.eq_ignore_ascii_case(&format!("{id}/{part}/{name}")))
}

/// The same configuration in the shape of the newer Front Door, by which the edge serves it: ids in lower case.
pub(crate) fn as_profile(body: &Value, id: &str) -> crate::front_door::Profile {
    use crate::front_door::{Forwarding, Group, Origin, Probe, Profile, Route};
    use std::time::Duration;
    let id = id.to_ascii_lowercase();
    let on = |one: &Value| !crate::check::is(one, "/properties/enabledState", "Disabled");
    let part = |kind: &str, wanted: Option<&str>| {
        list(body, &format!("/properties/{kind}"))
            .iter()
            .find(|one| text(one, "/id").zip(wanted).is_some_and(|(id, wanted)| id.eq_ignore_ascii_case(wanted)))
    };
    let mut profile = Profile {
        front_door_id: text(body, "/properties/frontdoorId").unwrap_or_default().to_owned(),
        timeout: Duration::from_secs(
            number(body, "/properties/backendPoolsSettings/sendRecvTimeoutSeconds").unwrap_or(30),
        ),
        ..Profile::default()
    };
    for pool in list(body, "/properties/backendPools") {
        let key = text(pool, "/id").unwrap_or_default().to_ascii_lowercase();
        let balancing = part("loadBalancingSettings", text(pool, "/properties/loadBalancingSettings/id"));
        let probe = part("healthProbeSettings", text(pool, "/properties/healthProbeSettings/id")).filter(|p| on(p));
        let of = |pointer: &str, otherwise: u64| balancing.and_then(|b| number(b, pointer)).unwrap_or(otherwise);
        let port = |b: &Value, pointer: &str, otherwise: u16| {
            number(b, pointer).and_then(|n| u16::try_from(n).ok()).unwrap_or(otherwise)
        };
        let origins = list(pool, "/properties/backends").iter().map(|b| {
            let host = text(b, "/address").unwrap_or_default().to_owned();
            Origin {
                id: format!("{key}/backends/{}", host.to_ascii_lowercase()),
                name: host.clone(),
                header: text(b, "/backendHostHeader").filter(|h| !h.is_empty()).map(str::to_owned),
                http_port: port(b, "/httpPort", 80),
                https_port: port(b, "/httpsPort", 443),
                priority: number(b, "/priority").unwrap_or(1),
                weight: number(b, "/weight").unwrap_or(50),
                enabled: !crate::check::is(b, "/enabledState", "Disabled"),
                check_name: !crate::check::is(
                    body,
                    "/properties/backendPoolsSettings/enforceCertificateNameCheck",
                    "Disabled",
                ),
                host,
            }
        });
        let affinity = list(body, "/properties/frontendEndpoints")
            .iter()
            .any(|e| crate::check::is(e, "/properties/sessionAffinityEnabledState", "Enabled"));
        let group = Group {
            id: key.clone(),
            name: text(pool, "/name").unwrap_or_default().to_owned(),
            sample_size: usize::try_from(of("/properties/sampleSize", 4)).unwrap_or(4),
            required: usize::try_from(of("/properties/successfulSamplesRequired", 2)).unwrap_or(2),
            band: Duration::from_millis(of("/properties/additionalLatencyMilliseconds", 0)),
            probe: probe.map(|p| Probe {
                path: text(p, "/properties/path").unwrap_or("/").to_owned(),
                get: crate::check::is(p, "/properties/healthProbeMethod", "GET"),
                https: crate::check::is(p, "/properties/protocol", "Https"),
                interval: Duration::from_secs(number(p, "/properties/intervalInSeconds").unwrap_or(30).max(1)),
            }),
            affinity,
            origins: origins.collect(),
        };
        profile.groups.insert(key, group);
    }
    let enabled = crate::check::is(body, "/properties/enabledState", "Enabled");
    for rule in list(body, "/properties/routingRules").iter().filter(|rule| enabled && on(rule)) {
        let hosts: Vec<String> = list(rule, "/properties/frontendEndpoints")
            .iter()
            .filter_map(|e| part("frontendEndpoints", text(e, "/id")))
            .filter_map(|e| text(e, "/properties/hostName"))
            .map(str::to_ascii_lowercase)
            .collect();
        for host in &hosts {
            profile.hosts.insert(host.clone(), text(rule, "/name").unwrap_or_default().to_owned());
        }
        let protocols = list(rule, "/properties/acceptedProtocols");
        let takes = |name: &str| protocols.iter().any(|p| p.as_str().is_some_and(|p| p.eq_ignore_ascii_case(name)));
        profile.routes.push(Route {
            name: text(rule, "/name").unwrap_or_default().to_owned(),
            hosts,
            patterns: list(rule, "/properties/patternsToMatch")
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            http: takes("Http"),
            https: takes("Https"),
            https_redirect: false,
            group: text(rule, "/properties/routeConfiguration/backendPool/id").unwrap_or_default().to_ascii_lowercase(),
            origin_path: text(rule, "/properties/routeConfiguration/customForwardingPath")
                .filter(|p| !p.is_empty())
                .map(str::to_owned),
            forwarding: Forwarding::parse(text(rule, "/properties/routeConfiguration/forwardingProtocol")),
            rules: Vec::new(),
        });
    }
    profile.id = id;
    profile
}
