//! The rarer targets: names, IPv6 addresses, origins of a Front Door, a classic Front Door, a gateway's pool.

use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::{Value, json};

use super::cloud::{Azure, DNS, ZONE, id, place};

const CLASSIC: &str = "2021-06-01";
const GATEWAY: &str = "2024-05-01";

impl Azure {
    async fn set(&self, kind: &str, name: &str, properties: Value) -> Result<()> {
        let path = format!("Microsoft.Network/dnsZones/{ZONE}/{kind}/{name}");
        self.put(&path, DNS, json!({"properties": properties})).await.map(drop)
    }

    fn of_record(&self, name: &str, blue: &str, green: &str) -> String {
        let dns = self.emulator.dns;
        let declared = format!("{}, zone: {ZONE}, record: {name}, nameservers: [\"{dns}\"]", place());
        format!("  - azureDns: {{{declared}}}\n{}", self.to(blue, green))
    }

    /// The record `www`, the name of a color each: `blue.contoso.test`.
    pub(crate) async fn name_target(&self) -> Result<String> {
        let name = |color: &str| format!("{color}.{ZONE}");
        let (blue, green) = (name(self.world.blue_color()), name(self.world.green_color()));
        self.set("CNAME", "www", json!({"TTL": 2, "CNAMERecord": {"cname": blue}})).await?;
        Ok(self.of_record("www", &format!("cname: {blue}"), &format!("cname: {green}")))
    }

    /// The record `six`, which nobody can connect to: IPv6 may be missing here, DNS is not.
    pub(crate) async fn ipv6_target(&self) -> Result<String> {
        self.set("AAAA", "six", json!({"TTL": 2, "AAAARecords": [{"ipv6Address": "fd00::1"}]})).await?;
        Ok(self.of_record("six", "ipv6: \"fd00::1\"", "ipv6: \"fd00::2\""))
    }

    /// What a record set of a kind holds, in ARM's words.
    pub(crate) async fn holds(&self, kind: &str, name: &str) -> Result<Value> {
        let set = self.get(&format!("Microsoft.Network/dnsZones/{ZONE}/{kind}/{name}"), DNS).await?;
        let key = if kind == "CNAME" { "CNAMERecord".to_owned() } else { format!("{kind}Records") };
        Ok(set["properties"][key].clone())
    }

    /// A Front Door whose one group has an origin a color, blue alone on; the endpoint `both` goes there.
    pub(crate) async fn origins(&self) -> Result<String> {
        self.edge_hosts().await?;
        self.front("", json!({"location": "global", "sku": {"name": "Standard_AzureFrontDoor"}})).await?;
        self.group("both").await?;
        for (color, state) in [(self.world.blue_color(), "Enabled"), (self.world.green_color(), "Disabled")] {
            self.origin("both", &format!("o-{color}"), color, state).await?;
        }
        self.endpoint("both", "both").await?;
        let name = |color: &str| format!("origin: o-{color}");
        let to = self.to(&name(self.world.blue_color()), &name(self.world.green_color()));
        Ok(format!("  - frontDoor: {{{}, profile: front, originGroup: both}}\n{to}", place()))
    }

    /// A classic Front Door with a backend a color, blue alone on.
    pub(crate) async fn classic(&self) -> Result<String> {
        let path = id("Microsoft.Network/frontDoors/classic");
        let part = |kind: &str, name: &str| json!({"id": format!("{path}/{kind}/{name}")});
        let backend = |color: &str, state: &str| {
            json!({"address": format!("{color}.origin.test"), "backendHostHeader": "www.contoso.test", "httpPort": 80,
                "httpsPort": 443, "enabledState": state, "priority": 1, "weight": 50})
        };
        let (blue, green) = (self.world.blue_color(), self.world.green_color());
        let body = json!({"location": "global", "properties": {
            "frontendEndpoints": [{"name": "front", "properties": {"hostName": "classic.azurefd.net"}}],
            "healthProbeSettings": [{"name": "probe", "properties": {"path": "/healthz", "protocol": "Http", "intervalInSeconds": 30}}],
            "loadBalancingSettings": [{"name": "lb", "properties": {"sampleSize": 4, "successfulSamplesRequired": 2}}],
            "backendPools": [{"name": "web", "properties": {"backends": [backend(blue, "Enabled"), backend(green, "Disabled")],
                "loadBalancingSettings": part("loadBalancingSettings", "lb"), "healthProbeSettings": part("healthProbeSettings", "probe")}}],
            "routingRules": [{"name": "all", "properties": {"frontendEndpoints": [part("frontendEndpoints", "front")],
                "acceptedProtocols": ["Http"], "patternsToMatch": ["/*"], "enabledState": "Enabled",
                "routeConfiguration": {"@odata.type": "#Microsoft.Azure.FrontDoor.Models.FrontdoorForwardingConfiguration",
                    "forwardingProtocol": "HttpOnly", "backendPool": part("backendPools", "web")}}}],
        }});
        self.put("Microsoft.Network/frontDoors/classic", CLASSIC, body).await?;
        let name = |color: &str| format!("cname: {color}.origin.test");
        Ok(format!(
            "  - frontDoorClassic: {{{}, frontDoor: classic, pool: web}}\n{}",
            place(),
            self.to(&name(blue), &name(green))
        ))
    }

    /// The classic one's backends by address, and whether each is on.
    pub(crate) async fn classic_backends(&self) -> Result<Vec<(String, bool)>> {
        let found = self.get("Microsoft.Network/frontDoors/classic", CLASSIC).await?;
        let list = found.pointer("/properties/backendPools/0/properties/backends").and_then(Value::as_array);
        let one =
            |one: &Value| (one["address"].as_str().unwrap_or_default().to_owned(), one["enabledState"] == "Enabled");
        Ok(list.context("backends")?.iter().map(one).collect())
    }

    /// An Application Gateway whose pool `web` is blue's address.
    pub(crate) async fn gateway(&self) -> Result<String> {
        let path = id("Microsoft.Network/applicationGateways/gw");
        let part = |kind: &str, name: &str| json!({"id": format!("{path}/{kind}/{name}")});
        let body = json!({"location": "westeurope", "properties": {
            "sku": {"name": "Standard_v2", "tier": "Standard_v2", "capacity": 1},
            "gatewayIPConfigurations": [{"name": "ip", "properties": {"subnet": {"id": "/subscriptions/s/x/subnets/y"}}}],
            "frontendIPConfigurations": [{"name": "front", "properties": {"publicIPAddress": {"id": "/subscriptions/s/pip"}}}],
            "frontendPorts": [{"name": "p80", "properties": {"port": 80}}],
            "backendAddressPools": [{"name": "web", "properties": {"backendAddresses": [{"ipAddress": self.world.blue_door.ip()}]}}],
            "backendHttpSettingsCollection": [{"name": "set", "properties": {"port": 80, "protocol": "Http",
                "connectionDraining": {"enabled": true, "drainTimeoutInSec": 30}}}],
            "httpListeners": [{"name": "l", "properties": {"frontendIPConfiguration": part("frontendIPConfigurations", "front"),
                "frontendPort": part("frontendPorts", "p80"), "protocol": "Http"}}],
            "requestRoutingRules": [{"name": "r", "properties": {"ruleType": "Basic", "priority": 10, "httpListener": part("httpListeners", "l"),
                "backendAddressPool": part("backendAddressPools", "web"), "backendHttpSettings": part("backendHttpSettingsCollection", "set")}}],
        }});
        self.put("Microsoft.Network/applicationGateways/gw", GATEWAY, body).await?;
        Ok(format!("  - applicationGateway: {{{}, gateway: gw, pool: web}}\n{}", place(), self.addresses()))
    }

    /// What the gateway's pool holds.
    pub(crate) async fn pool(&self) -> Result<Value> {
        let found = self.get("Microsoft.Network/applicationGateways/gw", GATEWAY).await?;
        Ok(found["properties"]["backendAddressPools"][0]["properties"]["backendAddresses"].clone())
    }

    /// The edge reaches `<color>.origin.test` at that color's door.
    pub(crate) async fn edge_hosts(&self) -> Result<()> {
        let hosts = [&self.world.blue_door, &self.world.green_door];
        let hosts: serde_json::Map<String, Value> =
            hosts.map(|door| (format!("{}.origin.test", door.color()), json!(door.ip()))).into_iter().collect();
        self.admin(Method::PATCH, "settings", json!({"hosts": hosts})).await.map(drop)
    }
}
