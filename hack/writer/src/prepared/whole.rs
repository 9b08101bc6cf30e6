//! Resources that are written whole: Front Door (classic) and Application Gateway.

use anyhow::Result;
use serde_json::{Value, json};

use super::{BLUE, Person};

/// Of both.
pub(crate) const POOL: &str = "aks";
pub(crate) const GATEWAY: &str = "written";

const CLASSIC: &str = "2021-06-01";
const NETWORK: &str = "2024-05-01";

/// A part of a resource that others in it refer to.
fn part(name: &str, properties: Value) -> Value {
    json!([{"name": name, "properties": properties}])
}

impl Person<'_> {
    /// A pool with both colors, of which blue is enabled. The name is the group's, since it is a host name too.
    pub(super) async fn classic(&self) -> Result<()> {
        let path = format!("Microsoft.Network/frontDoors/{}", self.group);
        let to = |kind: &str, name: &str| json!({"id": self.id(&format!("{path}/{kind}/{name}"))});
        let backend = |name: &str, state: &str| {
            json!({"address": format!("{name}.written.example"), "enabledState": state, "httpPort": 80, "httpsPort": 443,
                "priority": 1, "weight": 50})
        };
        let forward = json!({"@odata.type": "#Microsoft.Azure.FrontDoor.Models.FrontdoorForwardingConfiguration",
            "forwardingProtocol": "HttpOnly", "backendPool": to("backendPools", POOL)});
        let properties = json!({
            "frontendEndpoints": part("default", json!({"hostName": format!("{}.azurefd.net", self.group)})),
            "loadBalancingSettings": part("lb", json!({"sampleSize": 4, "successfulSamplesRequired": 2})),
            "healthProbeSettings": part("hp", json!({"path": "/healthz", "protocol": "Http", "intervalInSeconds": 30})),
            "backendPools": part(POOL, json!({
                "backends": [backend("be-blue", "Enabled"), backend("be-green", "Disabled")],
                "loadBalancingSettings": to("loadBalancingSettings", "lb"),
                "healthProbeSettings": to("healthProbeSettings", "hp")})),
            "routingRules": part("all", json!({
                "frontendEndpoints": [to("frontendEndpoints", "default")], "acceptedProtocols": ["Http"],
                "patternsToMatch": ["/*"], "routeConfiguration": forward})),
        });
        self.put(&path, CLASSIC, json!({"location": "global", "properties": properties})).await
    }

    /// A pool that holds blue, with draining.
    pub(super) async fn gateway(&self) -> Result<()> {
        let address = "Microsoft.Network/publicIPAddresses/written";
        let fixed = json!({"location": "westeurope", "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}});
        self.put(address, NETWORK, fixed).await?;
        let path = format!("Microsoft.Network/applicationGateways/{GATEWAY}");
        let to = |kind: &str, name: &str| json!({"id": self.id(&format!("{path}/{kind}/{name}"))});
        let blue = std::net::Ipv4Addr::from(BLUE);
        let draining = json!({"enabled": true, "drainTimeoutInSec": 30});
        let subnet = self.id("Microsoft.Network/virtualNetworks/written/subnets/gateway");
        let properties = json!({
            "sku": {"name": "Standard_v2", "tier": "Standard_v2", "capacity": 1},
            "gatewayIPConfigurations": part("ip", json!({"subnet": {"id": subnet}})),
            "frontendIPConfigurations": part("front", json!({"publicIPAddress": {"id": self.id(address)}})),
            "frontendPorts": part("p80", json!({"port": 80})),
            "backendAddressPools": part(POOL, json!({"backendAddresses": [{"ipAddress": blue}]})),
            "backendHttpSettingsCollection": part("set", json!({"port": 80, "protocol": "Http", "connectionDraining": draining})),
            "httpListeners": part("l", json!({"frontendIPConfiguration": to("frontendIPConfigurations", "front"),
                "frontendPort": to("frontendPorts", "p80"), "protocol": "Http"})),
            "requestRoutingRules": part("r", json!({"ruleType": "Basic", "priority": 10,
                "httpListener": to("httpListeners", "l"), "backendAddressPool": to("backendAddressPools", POOL),
                "backendHttpSettings": to("backendHttpSettingsCollection", "set")})),
        });
        let body = json!({"location": "westeurope", "tags": {"owner": "team"}, "properties": properties});
        self.put(&path, NETWORK, body).await
    }
}
