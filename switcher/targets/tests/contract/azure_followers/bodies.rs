//! What these services look like in ARM, and what declares them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use teal_api::switch::Destination;

use crate::azure::id;

pub(super) fn named(blue: &str, green: &str) -> BTreeMap<String, Destination> {
    [("blue", blue), ("green", green)].map(|(color, name)| (color.to_owned(), Destination::Named(name.into()))).into()
}

pub(super) fn names(blue: &str, green: &str) -> BTreeMap<String, Destination> {
    [("blue", blue), ("green", green)].map(|(color, name)| (color.to_owned(), Destination::Cname(name.into()))).into()
}

pub(super) fn front(path: &str) -> String {
    id(&format!("Microsoft.Cdn/profiles/front{path}"))
}

pub(super) fn route(group: &str) -> Value {
    json!({"properties": {"originGroup": {"id": front(&format!("/originGroups/{group}"))}, "linkToDefaultDomain": "Enabled",
        "patternsToMatch": ["/*"], "forwardingProtocol": "HttpOnly", "supportedProtocols": ["Http", "Https"]}})
}

pub(super) fn group(latency: u32) -> Value {
    json!({"properties": {
        "loadBalancingSettings": {"sampleSize": 4, "successfulSamplesRequired": 2, "additionalLatencyInMilliseconds": latency},
        "healthProbeSettings": {"probePath": "/healthz", "probeRequestType": "GET", "probeProtocol": "Http", "probeIntervalInSeconds": 30}}})
}

pub(super) fn endpoint(name: &str, priority: u32, status: &str) -> Value {
    json!({"name": name, "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
        "properties": {"target": format!("{name}.contoso.test"), "endpointStatus": status, "priority": priority, "weight": 100}})
}

pub(super) fn profile(method: &str, endpoints: &[Value]) -> Value {
    json!({"location": "global", "properties": {"trafficRoutingMethod": method,
        "dnsConfig": {"relativeName": "contoso", "ttl": 30},
        "monitorConfig": {"protocol": "HTTP", "port": 80, "path": "/healthz", "intervalInSeconds": 30, "timeoutInSeconds": 5, "toleratedNumberOfFailures": 3},
        "endpoints": endpoints}})
}

pub(super) fn gateway(addresses: &[&str], tags: &Value) -> Value {
    let path = id("Microsoft.Network/applicationGateways/gw");
    let part = |kind: &str, name: &str| json!({"id": format!("{path}/{kind}/{name}")});
    let addresses: Vec<Value> = addresses.iter().map(|name| json!({"fqdn": name})).collect();
    json!({"location": "westeurope", "tags": tags, "properties": {
        "sku": {"name": "Standard_v2", "tier": "Standard_v2", "capacity": 1},
        "gatewayIPConfigurations": [{"name": "ip", "properties": {"subnet": {"id": "/subscriptions/s/x/subnets/y"}}}],
        "frontendIPConfigurations": [{"name": "front", "properties": {"publicIPAddress": {"id": "/subscriptions/s/pip"}}}],
        "frontendPorts": [{"name": "p80", "properties": {"port": 80}}],
        "backendAddressPools": [{"name": "web", "properties": {"backendAddresses": addresses}}],
        "backendHttpSettingsCollection": [{"name": "set", "properties": {"port": 80, "protocol": "Http",
            "connectionDraining": {"enabled": true, "drainTimeoutInSec": 30}}}],
        "httpListeners": [{"name": "l", "properties": {"frontendIPConfiguration": part("frontendIPConfigurations", "front"),
            "frontendPort": part("frontendPorts", "p80"), "protocol": "Http"}}],
        "requestRoutingRules": [{"name": "r", "properties": {"ruleType": "Basic", "priority": 10, "httpListener": part("httpListeners", "l"),
            "backendAddressPool": part("backendAddressPools", "web"), "backendHttpSettings": part("backendHttpSettingsCollection", "set")}}],
    }})
}

pub(super) fn classic(backends: &Value) -> Value {
    let path = id("Microsoft.Network/frontDoors/classic");
    let part = |kind: &str, name: &str| json!({"id": format!("{path}/{kind}/{name}")});
    json!({"location": "global", "properties": {
        "frontendEndpoints": [{"name": "front", "properties": {"hostName": "classic.azurefd.net"}}],
        "healthProbeSettings": [{"name": "probe", "properties": {"path": "/healthz", "protocol": "Http", "intervalInSeconds": 30}}],
        "loadBalancingSettings": [{"name": "lb", "properties": {"sampleSize": 4, "successfulSamplesRequired": 2}}],
        "backendPools": [{"name": "web", "properties": {"backends": backends,
            "loadBalancingSettings": part("loadBalancingSettings", "lb"), "healthProbeSettings": part("healthProbeSettings", "probe")}}],
        "routingRules": [{"name": "all", "properties": {"frontendEndpoints": [part("frontendEndpoints", "front")],
            "acceptedProtocols": ["Http"], "patternsToMatch": ["/*"], "enabledState": "Enabled",
            "routeConfiguration": {"@odata.type": "#Microsoft.Azure.FrontDoor.Models.FrontdoorForwardingConfiguration",
                "forwardingProtocol": "HttpOnly", "backendPool": part("backendPools", "web")}}}],
    }})
}

pub(super) fn backend(name: &str, state: &str) -> Value {
    json!({"address": format!("{name}.contoso.test"), "backendHostHeader": "www.contoso.test", "httpPort": 80, "httpsPort": 443,
        "enabledState": state, "priority": 1, "weight": 50})
}
