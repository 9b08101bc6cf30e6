//! A gateway's body: its parts get ids and states, and references between them must hold.

use serde_json::{Map, Value, json};

use crate::check::{Problems, default, is, list, number, set, text};

/// The lists of parts that every answer carries, empty or not.
const PARTS: [&str; 21] = [
    "authenticationCertificates",
    "backendAddressPools",
    "backendHttpSettingsCollection",
    "backendSettingsCollection",
    "customErrorConfigurations",
    "frontendIPConfigurations",
    "frontendPorts",
    "gatewayIPConfigurations",
    "httpListeners",
    "listeners",
    "loadDistributionPolicies",
    "privateEndpointConnections",
    "privateLinkConfigurations",
    "probes",
    "redirectConfigurations",
    "requestRoutingRules",
    "rewriteRuleSets",
    "routingRules",
    "sslCertificates",
    "sslProfiles",
    "urlPathMaps",
];
/// Parts that stand in answers only when they were sent, but get ids all the same.
const MORE: [&str; 2] = ["trustedRootCertificates", "trustedClientCertificates"];
/// Secrets that are taken and never given back.
const SECRETS: [&str; 2] = ["data", "password"];

/// Fills in a gateway: `id` is its own, `state` the `provisioningState` of it and its parts.
pub(crate) fn fill(body: &mut Value, id: &str, state: &str, etag: &str) {
    if body.get("properties").is_none_or(Value::is_null) {
        set(body, "properties", json!({}));
    }
    let properties = &mut body["properties"];
    for part in PARTS {
        default(properties, part, json!([]));
    }
    default(properties, "operationalState", "Running");
    default(properties, "resourceGuid", crate::front_door::uuid(id));
    set(properties, "provisioningState", state);
    for part in PARTS.into_iter().chain(MORE) {
        let kind = format!("Microsoft.Network/applicationGateways/{part}");
        for one in properties.get_mut(part).and_then(Value::as_array_mut).into_iter().flatten() {
            let Some(name) = text(one, "/name").map(str::to_owned) else { continue };
            set(one, "id", format!("{id}/{part}/{name}"));
            set(one, "type", kind.clone());
            set(one, "etag", etag);
            if one.get("properties").is_none_or(Value::is_null) {
                set(one, "properties", json!({}));
            }
            let inner = &mut one["properties"];
            set(inner, "provisioningState", state);
            fill_part(part, inner);
        }
    }
}

fn fill_part(part: &str, inner: &mut Value) {
    match part {
        "backendAddressPools" => default(inner, "backendAddresses", json!([])),
        "backendHttpSettingsCollection" => {
            default(inner, "cookieBasedAffinity", "Disabled");
            default(inner, "requestTimeout", 30);
            default(inner, "pickHostNameFromBackendAddress", false);
        }
        "frontendIPConfigurations" => default(inner, "privateIPAllocationMethod", "Dynamic"),
        "httpListeners" => default(inner, "requireServerNameIndication", false),
        "sslCertificates" => {
            let had = inner.as_object_mut().is_some_and(|map| {
                let before = map.len();
                map.retain(|key, _| !SECRETS.contains(&key.as_str()));
                map.len() != before
            });
            if had {
                default(inner, "publicCertData", "");
            }
        }
        _ => {}
    }
}

/// What is wrong with a gateway: `id` is its own, needed to tell its own parts from other resources.
pub(crate) fn check(body: &Value, id: &str) -> Problems {
    let mut problems = Problems::default();
    problems.required(body, "/location");
    if !body.pointer("/properties/sku").is_some_and(Value::is_object) {
        problems.bad("/properties/sku", "sku is required, with name and tier.");
    }
    for part in [
        "gatewayIPConfigurations",
        "frontendIPConfigurations",
        "frontendPorts",
        "backendAddressPools",
        "httpListeners",
        "requestRoutingRules",
    ] {
        if list(body, &format!("/properties/{part}")).is_empty() {
            problems.add(
                "ApplicationGatewayMustHaveConfiguration",
                format!("/properties/{part}"),
                format!("An application gateway must have at least one of {part}."),
            );
        }
    }
    check_names(body, &mut problems);
    check_numbers(body, &mut problems);
    if let Some(properties) = body.get("properties") {
        references(properties, "/properties", &id.to_ascii_lowercase(), properties, &mut problems);
    }
    problems
}

/// Gives rules without a priority the next free ones, for callers who can't.
pub(super) fn number_rules(body: &mut Value) {
    let used =
        list(body, "/properties/requestRoutingRules").iter().filter_map(|rule| number(rule, "/properties/priority"));
    let mut last = used.max().unwrap_or(0);
    let rules = body.pointer_mut("/properties/requestRoutingRules").and_then(Value::as_array_mut);
    for properties in rules.into_iter().flatten().filter_map(|rule| rule.get_mut("properties")) {
        if number(properties, "/priority").is_none() {
            last += 10;
            set(properties, "priority", last);
        }
    }
}

fn check_names(body: &Value, problems: &mut Problems) {
    for part in PARTS.into_iter().chain(MORE) {
        let pointer = format!("/properties/{part}");
        let mut seen: Vec<String> = Vec::new();
        for (i, one) in list(body, &pointer).iter().enumerate() {
            let named = part != "customErrorConfigurations";
            match text(one, "/name").map(str::to_ascii_lowercase) {
                Some(name) if seen.contains(&name) => {
                    problems.bad(format!("{pointer}/{i}/name"), format!("'{name}' is twice in {part}."));
                }
                Some(name) => seen.push(name),
                None if named => {
                    problems.bad(format!("{pointer}/{i}/name"), format!("Every one of {part} has a name."))
                }
                None => {}
            }
        }
    }
}

fn check_numbers(body: &Value, problems: &mut Problems) {
    for i in 0..list(body, "/properties/backendHttpSettingsCollection").len() {
        let at = |key: &str| format!("/properties/backendHttpSettingsCollection/{i}/properties/{key}");
        problems.required_number(body, &at("port"), 1, 65535);
        problems.int_in(body, &at("requestTimeout"), 1, 86400);
        problems.one_of(body, &at("protocol"), &["Http", "Https", "Tcp", "Tls"]);
        problems.one_of(body, &at("cookieBasedAffinity"), &["Enabled", "Disabled"]);
        let draining = body.pointer(&at("connectionDraining")).filter(|d| d.is_object());
        if draining.is_some() {
            problems.required_number(body, &at("connectionDraining/drainTimeoutInSec"), 1, 3600);
        }
    }
    for i in 0..list(body, "/properties/frontendPorts").len() {
        problems.required_number(body, &format!("/properties/frontendPorts/{i}/properties/port"), 1, 65535);
    }
    let v2 = text(body, "/properties/sku/tier").is_some_and(|tier| tier.ends_with("_v2"));
    let rules = list(body, "/properties/requestRoutingRules");
    let mut seen: Vec<u64> = Vec::new();
    for (i, rule) in rules.iter().enumerate() {
        let at = format!("/properties/requestRoutingRules/{i}/properties/priority");
        problems.int_in(body, &at, 1, 20000);
        match number(rule, "/properties/priority") {
            Some(priority) if seen.contains(&priority) => {
                problems.bad(at, format!("Two request routing rules have the priority {priority}."));
            }
            Some(priority) => seen.push(priority),
            None if v2 => problems.add(
                "ApplicationGatewayRequestRoutingRulePriorityCannotBeEmpty",
                at,
                "Every request routing rule of a v2 gateway needs a priority.",
            ),
            None => {}
        }
    }
    for (i, pool) in list(body, "/properties/backendAddressPools").iter().enumerate() {
        for (j, address) in list(pool, "/properties/backendAddresses").iter().enumerate() {
            let at = format!("/properties/backendAddressPools/{i}/properties/backendAddresses/{j}");
            let (fqdn, ip) = (text(address, "/fqdn"), text(address, "/ipAddress"));
            match (fqdn, ip) {
                (Some(_), None) => {}
                (None, Some(ip)) if ip.parse::<std::net::IpAddr>().is_ok() => {}
                (None, Some(ip)) => problems.bad(at, format!("'{ip}' is no IP address.")),
                _ => problems.bad(at, "A backend address has either fqdn or ipAddress."),
            }
        }
    }
}

/// Every `{"id": <below this gateway>}` must name a part that is in the body.
fn references(value: &Value, at: &str, own: &str, properties: &Value, problems: &mut Problems) {
    match value {
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                references(item, &format!("{at}/{i}"), own, properties, problems);
            }
        }
        Value::Object(map) => {
            // A part carries its own id beside its name; only bare references are looked up.
            if let Some(id) = map.get("id").and_then(Value::as_str)
                && !map.contains_key("name")
                && !known(id, own, properties)
            {
                problems.add(
                    "InvalidResourceReference",
                    at,
                    format!(
                        "Resource {id} referenced by {at} was not found. Make sure that it is part of the request."
                    ),
                );
            }
            for (key, inner) in map {
                references(inner, &format!("{at}/{key}"), own, properties, problems);
            }
        }
        _ => {}
    }
}

/// Whether `id` names another resource, or a part in `properties` of this gateway.
fn known(id: &str, own: &str, properties: &Value) -> bool {
    let low = id.to_ascii_lowercase();
    let Some(rest) = low.strip_prefix(own).and_then(|rest| rest.strip_prefix('/')) else { return true };
    let mut words = rest.split('/');
    let (Some(part), Some(name)) = (words.next(), words.next()) else { return true };
    let Some(map) = properties.as_object() else { return false };
    find(map, part).is_some_and(|list| list.iter().any(|one| is(one, "/name", name)))
}

/// The list `part` of `map`, upper and lower case alike.
fn find<'a>(map: &'a Map<String, Value>, part: &str) -> Option<&'a Vec<Value>> {
    map.iter().find(|(key, _)| key.eq_ignore_ascii_case(part)).and_then(|(_, list)| list.as_array())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::check::merge;

    pub(crate) const ID: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw";

    pub(crate) fn gateway(patch: &Value) -> Value {
        let part = |kind: &str, name: &str| json!({"id": format!("{ID}/{kind}/{name}")});
        let mut body = json!({"location": "westeurope", "properties": {
            "sku": {"name": "Standard_v2", "tier": "Standard_v2", "capacity": 1},
            "gatewayIPConfigurations": [{"name": "ip", "properties": {"subnet": {"id": "/subscriptions/s/x/subnets/y"}}}],
            "frontendIPConfigurations": [{"name": "front", "properties": {"publicIPAddress": {"id": "/subscriptions/s/pip"}}}],
            "frontendPorts": [{"name": "p80", "properties": {"port": 80}}],
            "backendAddressPools": [{"name": "aks", "properties": {"backendAddresses": [{"ipAddress": "10.1.0.4"}]}}],
            "backendHttpSettingsCollection": [{"name": "set", "properties": {"port": 80, "protocol": "Http"}}],
            "httpListeners": [{"name": "l", "properties": {
                "frontendIPConfiguration": part("frontendIPConfigurations", "front"),
                "frontendPort": part("FrontendPorts", "P80"), "protocol": "Http"}}],
            "requestRoutingRules": [{"name": "r", "properties": {
                "ruleType": "Basic", "priority": 10, "httpListener": part("httpListeners", "l"),
                "backendAddressPool": part("backendAddressPools", "aks"),
                "backendHttpSettings": part("backendHttpSettingsCollection", "set")}}],
        }});
        merge(&mut body, patch);
        body
    }

    #[test]
    fn parts_get_ids_and_states_and_keep_what_is_unknown() {
        let mut body = gateway(&json!({"properties": {"sslCertificates": [
            {"name": "c", "properties": {"data": "secret", "password": "secret"}}], "novel": {"a": 1}}}));
        assert_eq!(check(&body, ID), Problems::default());
        fill(&mut body, ID, "Updating", "W/\"1\"");
        assert_eq!(
            body["properties"]["backendAddressPools"][0],
            json!({"name": "aks", "id": format!("{ID}/backendAddressPools/aks"), "etag": "W/\"1\"",
                "type": "Microsoft.Network/applicationGateways/backendAddressPools",
                "properties": {"backendAddresses": [{"ipAddress": "10.1.0.4"}], "provisioningState": "Updating"}})
        );
        assert_eq!((&body["properties"]["novel"], &body["properties"]["probes"]), (&json!({"a": 1}), &json!([])));
        assert!(!body.to_string().contains("secret"));
        assert_eq!(check(&body, ID), Problems::default(), "what was answered can be sent again");
    }

    #[test]
    fn what_is_refused() {
        let settings = |patch: Value| {
            let mut inner = json!({"port": 80, "protocol": "Http"});
            merge(&mut inner, &patch);
            json!({"backendHttpSettingsCollection": [{"name": "set", "properties": inner}]})
        };
        for (patch, expected) in [
            (json!({"backendAddressPools": [{"name": "other"}]}), "was not found"),
            (json!({"backendAddressPools": [{"name": "aks"}, {"name": "AKS"}]}), "twice"),
            (json!({"httpListeners": []}), "at least one of httpListeners"),
            (settings(json!({"connectionDraining": {"enabled": true, "drainTimeoutInSec": 3601}})), "1 to 3600"),
            (settings(json!({"connectionDraining": {"enabled": true}})), "is required"),
            (settings(json!({"port": 0})), "1 to 65535"),
            (
                json!({"backendAddressPools": [{"name": "aks", "properties": {"backendAddresses": [{"ipAddress": "x"}]}}]}),
                "no IP address",
            ),
            (
                json!({"backendAddressPools": [{"name": "aks", "properties": {"backendAddresses": [{}]}}]}),
                "either fqdn or",
            ),
            (json!({"sku": null}), "sku is required"),
        ] {
            let problems = check(&gateway(&json!({ "properties": patch })), ID);
            assert!(problems.mention(expected), "{patch}: {problems:?}");
        }
        let mut without = gateway(&json!({}));
        without["properties"]["requestRoutingRules"][0]["properties"]["priority"] = Value::Null;
        assert!(check(&without, ID).mention("needs a priority"));
    }
}
