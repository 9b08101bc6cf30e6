//! Application Gateway and Front Door (classic): resources that are written whole.

use std::net::SocketAddr;

use azure_emulator::Options;
use serde_json::{Value, json};

use crate::backend::Backend;
use crate::kit::{GROUP, Kit, eventually};

const NETWORK: &str = "/providers/Microsoft.Network";

fn gateway(path: &str, addresses: &[&str]) -> Value {
    let part = |kind: &str, name: &str| json!({"id": format!("{path}/{kind}/{name}")});
    let addresses: Vec<Value> = addresses.iter().map(|ip| json!({ "ipAddress": ip })).collect();
    json!({"location": "westeurope", "properties": {
        "sku": {"name": "Standard_v2", "tier": "Standard_v2", "capacity": 1},
        "gatewayIPConfigurations": [{"name": "ip", "properties": {"subnet": {"id": "/subscriptions/s/x/subnets/y"}}}],
        "frontendIPConfigurations": [{"name": "front", "properties": {"publicIPAddress": {"id": "/subscriptions/s/pip"}}}],
        "frontendPorts": [{"name": "p80", "properties": {"port": 80}}],
        "backendAddressPools": [{"name": "aks", "properties": {"backendAddresses": addresses}}],
        "probes": [{"name": "probe", "properties": {"protocol": "Http", "path": "/healthz", "interval": 5, "timeout": 5, "unhealthyThreshold": 1}}],
        "backendHttpSettingsCollection": [{"name": "set", "properties": {"port": 80, "protocol": "Http", "probe": part("probes", "probe")}}],
        "httpListeners": [{"name": "l", "properties": {"frontendIPConfiguration": part("frontendIPConfigurations", "front"),
            "frontendPort": part("frontendPorts", "p80"), "protocol": "Http"}}],
        "requestRoutingRules": [{"name": "r", "properties": {"ruleType": "Basic", "priority": 10, "httpListener": part("httpListeners", "l"),
            "backendAddressPool": part("backendAddressPools", "aks"), "backendHttpSettings": part("backendHttpSettingsCollection", "set")}}],
    }})
}

#[tokio::test]
async fn clients_from_before_priorities_get_them_given() {
    let kit = Kit::start().await;
    let path = format!("{GROUP}{NETWORK}/applicationGateways/gw");
    let mut body = gateway(&path, &["10.1.0.4"]);
    body["properties"]["requestRoutingRules"][0]["properties"]["priority"] = Value::Null;
    let new = kit.put(&path, body.clone()).await;
    assert_eq!(new.body["error"]["code"], "ApplicationGatewayRequestRoutingRulePriorityCannotBeEmpty");
    let old = kit.put(&format!("{path}?api-version=2018-08-01"), body).await;
    assert_eq!(old.status, 201, "{}", old.body);
    assert_eq!(old.body["properties"]["requestRoutingRules"][0]["properties"]["priority"], 10);
}

#[tokio::test]
async fn a_gateway_is_written_whole_and_knows_its_servers_health() {
    let kit = Kit::start().await;
    let backend = Backend::start("blue").await;
    kit.settings(json!({"hosts": {"10.1.0.4": backend.host(), "10.1.0.5": "127.0.0.1:1"}})).await;
    kit.send("POST", "/_emulator/clock", &[], Some(json!({"scale": 100.0}))).await;
    let path = format!("{GROUP}{NETWORK}/applicationGateways/gw");
    let made = kit.put(&path, gateway(&path, &["10.1.0.4", "10.1.0.5"])).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["properties"]["backendAddressPools"][0]["id"], format!("{path}/backendAddressPools/aks"));
    let whole = kit.get(&path).await.body;
    assert_eq!(whole["properties"]["httpListeners"][0]["properties"]["provisioningState"], "Succeeded");
    assert_eq!(kit.put(&path, whole).await.status, 200, "what is read can be written");
    for (method, body, status) in [
        ("PATCH", json!({"tags": {"a": "b"}}), 200),
        ("PATCH", json!({"properties": {}}), 400),
        ("PUT", json!({"location": "x", "properties": {}}), 400),
    ] {
        assert_eq!(kit.send(method, &path, &[], Some(body.clone())).await.status, status, "{method} {body}");
    }
    let health = async || {
        let begun = kit.send("POST", &format!("{path}/backendhealth"), &[], None).await;
        assert_eq!(begun.status, 202);
        let body = kit.get(begun.header("location")).await.body;
        let servers = body["backendAddressPools"][0]["backendHttpSettingsCollection"][0]["servers"].clone();
        servers.as_array().unwrap().iter().map(|one| one["health"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    eventually(&health, ["Up", "Down"]).await;
    assert_eq!(kit.send("POST", &format!("{path}/stop"), &[], None).await.status, 202);
    assert_eq!(kit.get(&path).await.body["properties"]["operationalState"], "Stopped");
    assert_eq!(health().await, ["Unknown", "Unknown"]);

    kit.settings(json!({"lro": {"default": {"polls": 1}}})).await;
    let begun = kit.put(&path, gateway(&path, &["10.1.0.4"])).await;
    assert_eq!(begun.body["properties"]["provisioningState"], "Updating");
    let busy = kit.put(&path, gateway(&path, &["10.1.0.5"])).await;
    assert_eq!(
        (busy.status.as_u16(), busy.body["error"]["code"].as_str().unwrap()),
        (409, "AnotherOperationInProgress")
    );
    kit.get(begun.header("azure-asyncoperation")).await;
    assert_eq!(kit.delete(&path).await.status, 202);
}

#[tokio::test]
async fn a_classic_front_door_is_written_whole_and_served() {
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let kit = Kit::with(Options { front_door: Some(free), ..Options::default() }).await;
    let (blue, green) = (Backend::start("blue").await, Backend::start("green").await);
    kit.settings(json!({"hosts": {"blue.contoso.dev": blue.host(), "green.contoso.dev": green.host()}})).await;
    let path = format!("{GROUP}{NETWORK}/frontDoors/classic");
    let part = |kind: &str, name: &str| json!({"id": format!("{path}/{kind}/{name}")});
    let door = |blue: &str, green: &str| {
        let backend = |address: &str, state: &str| json!({"address": address, "enabledState": state, "httpPort": 80, "httpsPort": 443, "priority": 1, "weight": 50});
        json!({"location": "global", "properties": {
            "frontendEndpoints": [{"name": "default", "properties": {"hostName": "classic.azurefd.net"}}],
            "loadBalancingSettings": [{"name": "lb"}],
            "healthProbeSettings": [{"name": "hp", "properties": {"path": "/healthz", "protocol": "Http", "intervalInSeconds": 30}}],
            "backendPools": [{"name": "pool", "properties": {
                "backends": [backend("blue.contoso.dev", blue), backend("green.contoso.dev", green)],
                "loadBalancingSettings": part("loadBalancingSettings", "lb"), "healthProbeSettings": part("healthProbeSettings", "hp")}}],
            "routingRules": [{"name": "all", "properties": {
                "frontendEndpoints": [part("frontendEndpoints", "default")], "acceptedProtocols": ["Http"], "patternsToMatch": ["/*"],
                "routeConfiguration": {"@odata.type": "#Microsoft.Azure.FrontDoor.Models.FrontdoorForwardingConfiguration",
                    "forwardingProtocol": "HttpOnly", "backendPool": part("backendPools", "pool")}}}],
        }})
    };
    let made = kit.put(&path, door("Enabled", "Disabled")).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(made.header("x-ms-emulator-notice").contains("2027-03-31"));
    let edge = kit.emulator.addresses["front-door"];
    let color = async || {
        let request = reqwest::Client::new().get(format!("http://{edge}/")).header("host", "classic.azurefd.net");
        request.send().await.unwrap().text().await.unwrap()
    };
    assert_eq!(color().await, "blue");
    assert_eq!(kit.put(&path, door("Disabled", "Enabled")).await.status, 200);
    assert_eq!(color().await, "green");
    let none = kit.put(&path, door("Disabled", "Disabled")).await;
    assert!(none.status == 400 && none.body.to_string().contains("at least one enabled"), "{}", none.body);
    let patch = kit.send("PATCH", &path, &[], Some(json!({"properties": {}}))).await;
    assert_eq!(patch.status, 400);
    assert_eq!(kit.delete(&path).await.status, 202);
    assert_eq!(kit.delete(&path).await.status, 204);
}
