//! A classic front door's body: one big resource whose parts get ids and defaults, and whose references must hold.

use serde_json::{Value, json};

use crate::check::{Problems, default, list, set, text};

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
