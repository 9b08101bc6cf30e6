//! A profile's body: what is filled in, and what is refused.

use serde_json::{Value, json};

use super::names::subnets;
use crate::check::{Problems, default, is, list, number, set, text};

/// The three kinds of endpoint as answers spell them.
pub(crate) const KINDS: [&str; 3] = ["azureEndpoints", "externalEndpoints", "nestedEndpoints"];

/// The kind that the last part of a resource type, or a part of a path, names.
#[must_use]
pub(crate) fn kind(of: &str) -> Option<&'static str> {
    let last = of.rsplit('/').next().unwrap_or(of);
    KINDS.into_iter().find(|kind| kind.eq_ignore_ascii_case(last))
}

/// The resource type of an endpoint of `kind`, as answers spell it.
#[must_use]
pub(crate) fn endpoint_type(kind: &str) -> String {
    format!("Microsoft.Network/trafficManagerProfiles/{kind}")
}

/// Makes a whole profile of a body: defaults as the service fills them in, endpoints with their canonical types, their
/// priorities given out when none states one. What the emulator does not know stays as it is.
pub(crate) fn fill_profile(body: &mut Value) {
    default(body, "location", "global");
    if body.get("properties").is_none_or(Value::is_null) {
        set(body, "properties", json!({}));
    }
    let Some(properties) = body.get_mut("properties") else { return };
    default(properties, "profileStatus", "Enabled");
    default(properties, "endpoints", json!([]));
    default(properties, "monitorConfig", json!({"protocol": "HTTP", "port": 80, "path": "/"}));
    if let Some(monitor) = properties.get_mut("monitorConfig") {
        let fast = number(monitor, "/intervalInSeconds") == Some(10);
        default(monitor, "intervalInSeconds", 30);
        default(monitor, "timeoutInSeconds", if fast { 9 } else { 10 });
        default(monitor, "toleratedNumberOfFailures", 3);
        if let Some(map) = monitor.as_object_mut() {
            map.remove("profileMonitorStatus");
        }
    }
    let Some(endpoints) = properties.get_mut("endpoints").and_then(Value::as_array_mut) else { return };
    for endpoint in endpoints.iter_mut() {
        fill_endpoint(endpoint);
    }
    if endpoints.iter().all(|endpoint| number(endpoint, "/properties/priority").is_none()) {
        for (endpoint, priority) in endpoints.iter_mut().zip(1..) {
            set(&mut endpoint["properties"], "priority", priority);
        }
    }
}

/// Fills in what an endpoint leaves out, but its priority.
pub(crate) fn fill_endpoint(endpoint: &mut Value) {
    if let Some(kind) = text(endpoint, "/type").and_then(kind) {
        set(endpoint, "type", endpoint_type(kind));
    }
    if endpoint.get("properties").is_none_or(Value::is_null) {
        set(endpoint, "properties", json!({}));
    }
    if let Some(map) = endpoint.as_object_mut() {
        map.remove("id");
    }
    let properties = &mut endpoint["properties"];
    default(properties, "endpointStatus", "Enabled");
    default(properties, "weight", 1);
    if let Some(map) = properties.as_object_mut() {
        map.remove("endpointMonitorStatus");
        if map.get("priority").is_some_and(Value::is_null) {
            map.remove("priority");
        }
    }
}

/// The smallest priority that is above all that are taken: what an endpoint gets that is added without one.
#[must_use]
pub(crate) fn next_priority(endpoints: &[Value]) -> u64 {
    endpoints.iter().filter_map(|e| number(e, "/properties/priority")).max().unwrap_or(0) + 1
}

/// Everything that the service would refuse in a filled-in profile, but what depends on other resources.
pub(crate) fn check_profile(body: &Value) -> Problems {
    let mut problems = Problems::default();
    if !is(body, "/location", "global") {
        problems.add("InvalidLocation", "/location", "The location of a Traffic Manager profile must be 'global'.");
    }
    problems.required(body, "/properties/trafficRoutingMethod");
    problems.one_of(
        body,
        "/properties/trafficRoutingMethod",
        &["Priority", "Weighted", "Performance", "Geographic", "MultiValue", "Subnet"],
    );
    problems.one_of(body, "/properties/profileStatus", &["Enabled", "Disabled"]);
    problems.one_of(body, "/properties/trafficViewEnrollmentStatus", &["Enabled", "Disabled"]);
    check_dns(body, &mut problems);
    check_monitor(body, &mut problems);
    let multi_value = is(body, "/properties/trafficRoutingMethod", "MultiValue");
    if multi_value {
        problems.required_number(body, "/properties/maxReturn", 1, 8);
    }
    check_endpoints(body, &mut problems);
    problems
}

fn check_dns(body: &Value, problems: &mut Problems) {
    problems.required(body, "/properties/dnsConfig/relativeName");
    if let Some(name) = text(body, "/properties/dnsConfig/relativeName") {
        let good = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !name.starts_with('-')
            && !name.ends_with('-')
            && name.len() <= 63;
        if !good {
            problems.add(
                "InvalidDomainName",
                "/properties/dnsConfig/relativeName",
                format!("'{name}' is no DNS label: letters, digits and inner hyphens, at most 63."),
            );
        }
    }
    problems.int_in(body, "/properties/dnsConfig/ttl", 0, 2_147_483_647);
    if number(body, "/properties/dnsConfig/ttl").is_none() {
        problems.bad("/properties/dnsConfig/ttl", "/properties/dnsConfig/ttl is required, in seconds; 0 is allowed");
    }
}

fn check_monitor(body: &Value, problems: &mut Problems) {
    const AT: &str = "/properties/monitorConfig";
    let at = |key: &str| format!("{AT}/{key}");
    problems.required(body, &at("protocol"));
    problems.one_of(body, &at("protocol"), &["HTTP", "HTTPS", "TCP"]);
    problems.required_number(body, &at("port"), 1, 65535);
    let path = text(body, &at("path"));
    if is(body, &at("protocol"), "TCP") {
        if path.is_some() {
            problems.bad(at("path"), "The path of the monitor must be null when its protocol is TCP.");
        }
        if !list(body, &at("expectedStatusCodeRanges")).is_empty() {
            problems.bad(at("expectedStatusCodeRanges"), "Status codes can't be expected of a TCP monitor.");
        }
    } else if path.is_none_or(|path| !path.starts_with('/')) {
        problems.bad(at("path"), "The path of an HTTP or HTTPS monitor is required and starts with '/'.");
    }
    let interval = number(body, &at("intervalInSeconds"));
    if !matches!(interval, Some(10 | 30)) {
        problems.bad(at("intervalInSeconds"), "intervalInSeconds must be 30, or 10 for fast probing.");
    }
    problems.int_in(body, &at("timeoutInSeconds"), 5, if interval == Some(10) { 9 } else { 10 });
    problems.int_in(body, &at("toleratedNumberOfFailures"), 0, 9);
    let headers = list(body, &at("customHeaders"));
    if headers.len() > 8 {
        problems.bad(at("customHeaders"), "At most 8 custom headers are allowed.");
    }
    let ranges = list(body, &at("expectedStatusCodeRanges"));
    if ranges.len() > 8 {
        problems.bad(at("expectedStatusCodeRanges"), "At most 8 ranges of status codes are allowed.");
    }
    for (i, range) in ranges.iter().enumerate() {
        let (low, high) = (number(range, "/min").unwrap_or(0), number(range, "/max").unwrap_or(0));
        if low > high || !(100..=999).contains(&low) || !(100..=999).contains(&high) {
            problems.bad(
                format!("{AT}/expectedStatusCodeRanges/{i}"),
                format!("{low}-{high} is no range of status codes within 100-999."),
            );
        }
    }
}

fn check_endpoints(body: &Value, problems: &mut Problems) {
    let endpoints = list(body, "/properties/endpoints");
    if endpoints.len() > 200 {
        problems.bad("/properties/endpoints", "A profile has at most 200 endpoints.");
    }
    let stated = endpoints.iter().filter(|e| number(e, "/properties/priority").is_some()).count();
    if stated != 0 && stated != endpoints.len() {
        problems.bad("/properties/endpoints", "If one endpoint states a priority, every endpoint of the profile must.");
    }
    for (i, endpoint) in endpoints.iter().enumerate() {
        let at = format!("/properties/endpoints/{i}");
        check_endpoint(body, endpoint, &at, problems);
        let before = endpoints.get(..i).unwrap_or_default();
        let same = |pointer: &str| {
            before.iter().find(|other| {
                let mine = endpoint.pointer(pointer);
                mine.is_some_and(|v| !v.is_null()) && other.pointer(pointer) == mine
            })
        };
        if let Some(other) = same("/properties/priority") {
            problems.bad(
                format!("{at}/properties/priority"),
                format!(
                    "Endpoints '{}' and '{}' have the same priority {}; priorities must be unique within a profile.",
                    text(other, "/name").unwrap_or_default(),
                    text(endpoint, "/name").unwrap_or_default(),
                    endpoint.pointer("/properties/priority").unwrap_or(&Value::Null),
                ),
            );
        }
        let twin = before.iter().any(|other| {
            text(other, "/type") == text(endpoint, "/type")
                && is(other, "/name", text(endpoint, "/name").unwrap_or_default())
        });
        if twin {
            problems.bad(format!("{at}/name"), "Two endpoints of one type have the same name.");
        }
        let mapped = |other: &Value, region: &Value| list(other, "/properties/geoMapping").contains(region);
        for region in list(endpoint, "/properties/geoMapping") {
            if before.iter().any(|other| mapped(other, region)) {
                problems.bad(
                    format!("{at}/properties/geoMapping"),
                    format!("The region {region} is mapped to another endpoint of the profile."),
                );
            }
            if !region.as_str().is_some_and(is_region) {
                problems.bad(
                    format!("{at}/properties/geoMapping"),
                    format!(
                        "{region} is no region: WORLD, one such as GEO-EU, a country's code, or one such as US-CA."
                    ),
                );
            }
        }
        for (first, last) in subnets(endpoint) {
            let shared = |(start, end): &(std::net::IpAddr, std::net::IpAddr)| {
                start.is_ipv4() == first.is_ipv4() && *start <= last && first <= *end
            };
            if before.iter().any(|other| subnets(other).iter().any(shared)) {
                problems.bad(
                    format!("{at}/properties/subnets"),
                    format!("The addresses {first} to {last} overlap with those of another endpoint of the profile."),
                );
            }
        }
    }
}

/// Is it the code of a part of the world?
fn is_region(code: &str) -> bool {
    const PARTS: [&str; 8] = ["WORLD", "GEO-AF", "GEO-AP", "GEO-AS", "GEO-EU", "GEO-ME", "GEO-NA", "GEO-SA"];
    let country = code.split('-').next().unwrap_or_default();
    PARTS.contains(&code) || (country.len() == 2 && country.bytes().all(|letter| letter.is_ascii_uppercase()))
}

fn check_endpoint(profile: &Value, endpoint: &Value, at: &str, problems: &mut Problems) {
    let mut own = Problems::default();
    own.required(endpoint, "/name");
    own.one_of(endpoint, "/properties/endpointStatus", &["Enabled", "Disabled"]);
    own.one_of(endpoint, "/properties/alwaysServe", &["Enabled", "Disabled"]);
    own.int_in(endpoint, "/properties/weight", 1, 1000);
    own.int_in(endpoint, "/properties/priority", 1, 1000);
    let target = text(endpoint, "/properties/target").filter(|t| !t.is_empty());
    let resource = text(endpoint, "/properties/targetResourceId").filter(|t| !t.is_empty());
    match text(endpoint, "/type").and_then(kind) {
        Some("azureEndpoints") if resource.is_none() => {
            own.bad("/properties/targetResourceId", "targetResourceId is required for an Azure endpoint.");
        }
        Some("externalEndpoints") if resource.is_some() => own.bad(
            "/properties/targetResourceId",
            "An external endpoint has a target; targetResourceId is for Azure and nested endpoints.",
        ),
        Some("externalEndpoints") if target.is_none() => {
            own.bad("/properties/target", "target is required for an external endpoint: a host name or an address.");
        }
        Some("nestedEndpoints") => {
            if target.is_none() && resource.is_none() {
                own.bad("/properties/targetResourceId", "targetResourceId is required for a nested endpoint.");
            }
            own.int_in(endpoint, "/properties/minChildEndpoints", 1, 200);
        }
        Some(_) => {}
        None => own.bad("/type", format!("type must be one of {}", KINDS.map(endpoint_type).join(", "))),
    }
    check_routing(profile, endpoint, target, &mut own);
    for problem in own.0 {
        problems.add(problem.code, format!("{at}{}", problem.target), problem.message);
    }
}

/// What the routing method asks of an endpoint.
fn check_routing(profile: &Value, endpoint: &Value, target: Option<&str>, own: &mut Problems) {
    let method = |name| is(profile, "/properties/trafficRoutingMethod", name);
    let azure = text(endpoint, "/type").and_then(kind) == Some("azureEndpoints");
    if method("Performance") && !azure && text(endpoint, "/properties/endpointLocation").is_none() {
        own.bad(
            "/properties/endpointLocation",
            "endpointLocation is required for external and nested endpoints of a profile of method Performance.",
        );
    }
    if method("Geographic") && list(endpoint, "/properties/geoMapping").is_empty() {
        own.bad("/properties/geoMapping", "geoMapping is required for endpoints of a profile of method Geographic.");
    }
    let address = target.is_some_and(|target| target.parse::<std::net::IpAddr>().is_ok());
    if method("MultiValue") && !azure && !address {
        own.bad("/properties/target", "Endpoints of a profile of method MultiValue have addresses as targets.");
    }
}

impl Problems {
    /// There is a whole number within the bounds (inclusive) at `pointer`.
    pub(crate) fn required_number(&mut self, body: &Value, pointer: &str, low: i64, high: i64) {
        match body.pointer(pointer) {
            None | Some(Value::Null) => self.bad(pointer, format!("{pointer} is required, from {low} to {high}")),
            Some(_) => self.int_in(body, pointer, low, high),
        }
    }
}

#[cfg(test)]
mod tests;
