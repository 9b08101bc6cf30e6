//! What a test puts into its Azure, and the targets that declare it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use teal_testkit::dns::Resolver;
use teal_testkit::http::{Load, LoadClient};

use super::cloud::{Azure, DNS, PRIVATE_DNS, ZONE, id, place};

const FRONT: &str = "2025-06-01";
const PROFILES: &str = "2022-04-01";

/// A ledger in a TXT record set of its own.
pub(crate) fn own_ledger() -> String {
    format!("  ledger: {{azureDns: {{{}, zone: {ZONE}, record: _teal}}}}\n", place())
}

impl Azure {
    pub(crate) fn to(&self, blue: &str, green: &str) -> String {
        format!("    to: {{{}: {{{blue}}}, {}: {{{green}}}}}\n", self.world.blue_color(), self.world.green_color())
    }

    pub(crate) fn addresses(&self) -> String {
        let (blue, green) = (self.world.blue_door.ip(), self.world.green_door.ip());
        self.to(&format!("ip: {blue}"), &format!("ip: {green}"))
    }

    /// The record `shop`, asked for at the emulator.
    pub(crate) fn record_target(&self) -> String {
        let dns = self.emulator.dns;
        format!(
            "  - azureDns: {{{}, zone: {ZONE}, record: shop, nameservers: [\"{dns}\"]}}\n{}",
            place(),
            self.addresses()
        )
    }

    /// The record `shop` as an alias of a profile for each color, whose one endpoint is that color's.
    pub(crate) async fn alias_target(&self) -> Result<String> {
        let (blue, green) = (&self.world.blue_door, &self.world.green_door);
        let path = |color: &str| format!("Microsoft.Network/trafficManagerProfiles/only-{color}");
        for door in [blue, green] {
            let color = door.color();
            let endpoint = json!({"name": "one", "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
                "properties": {"target": door.ip(), "endpointStatus": "Enabled", "priority": 1, "weight": 1}});
            let body = json!({"location": "global", "properties": {"trafficRoutingMethod": "Priority",
                "dnsConfig": {"relativeName": format!("only-{color}"), "ttl": 1},
                "monitorConfig": {"protocol": "HTTP", "port": door.address().port(), "path": "/healthz"},
                "endpoints": [endpoint]}});
            self.put(&path(color), PROFILES, body).await?;
        }
        let record = json!({"properties": {"TTL": 2, "targetResource": {"id": id(&path(blue.color()))}}});
        self.put(&format!("Microsoft.Network/dnsZones/{ZONE}/A/front"), DNS, record).await?;
        let to = self.to(
            &format!("resourceId: {}", id(&path(blue.color()))),
            &format!("resourceId: {}", id(&path(green.color()))),
        );
        let dns = self.emulator.dns;
        let at = format!("{}, zone: {ZONE}, record: front, recordType: A, nameservers: [\"{dns}\"]", place());
        Ok(format!("  - azureDns: {{{at}}}\n{to}"))
    }

    /// The record `shop` in a private zone, which nobody can ask.
    pub(crate) async fn private_target(&self) -> Result<String> {
        let zone = format!("Microsoft.Network/privateDnsZones/priv.{ZONE}");
        self.put(&zone, PRIVATE_DNS, json!({"location": "global"})).await?;
        let body = json!({"properties": {"ttl": 2, "aRecords": [{"ipv4Address": self.world.blue_door.ip()}]}});
        self.put(&format!("{zone}/A/shop"), PRIVATE_DNS, body).await?;
        Ok(format!("  - azurePrivateDns: {{{}, zone: priv.{ZONE}, record: shop}}\n{}", place(), self.addresses()))
    }

    /// A profile with an endpoint a color, blue alone on; probed as Traffic Manager does.
    pub(crate) async fn traffic_manager(&self, method: &str) -> Result<String> {
        let endpoint = |name: &str, address: std::net::Ipv4Addr, priority: u32, on: bool| {
            json!({"name": name, "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints", "properties": {
                "target": address, "endpointStatus": if on { "Enabled" } else { "Disabled" }, "priority": priority,
                "weight": 1000, "endpointLocation": "West Europe"}})
        };
        let (blue, green) = (self.world.blue_door.ip(), self.world.green_door.ip());
        let by_priority = method == "Priority";
        let body = json!({"location": "global", "properties": {"trafficRoutingMethod": method,
            "dnsConfig": {"relativeName": "contoso", "ttl": 1},
            "monitorConfig": {"protocol": "HTTP", "port": self.world.blue_door.address().port(), "path": "/healthz",
                "intervalInSeconds": 10, "timeoutInSeconds": 5, "toleratedNumberOfFailures": 0},
            "endpoints": [endpoint("ep-blue", blue, 1, true), endpoint("ep-green", green, 2, by_priority)]}});
        self.put("Microsoft.Network/trafficManagerProfiles/contoso", PROFILES, body).await?;
        let to = self.to("endpoint: ep-blue", "endpoint: ep-green");
        Ok(format!("  - trafficManager: {{{}, profile: contoso}}\n{to}", place()))
    }

    /// How often each color is answered for the profile's name, of so many questions of clients that keep nothing.
    pub(crate) async fn answers(&self, questions: usize) -> Result<BTreeMap<String, usize>> {
        let mut counts = BTreeMap::new();
        for _ in 0..questions {
            let found = Resolver::new(self.emulator.dns).resolve("contoso.trafficmanager.net").await?;
            let address = found.addresses.first().context("no address")?;
            let color = if *address == self.world.blue_door.ip() { "blue" } else { "green" };
            *counts.entry(color.to_owned()).or_default() += 1;
        }
        Ok(counts)
    }

    /// A Front Door: for each color an origin group and an endpoint of its own, and the endpoint `web` that goes to blue.
    pub(crate) async fn front_door(&self) -> Result<String> {
        let (blue, green) = (self.world.blue_color(), self.world.green_color());
        self.edge_hosts().await?;
        self.front("", json!({"location": "global", "sku": {"name": "Standard_AzureFrontDoor"}})).await?;
        for color in [blue, green] {
            let group = format!("g-{color}");
            self.group(&group).await?;
            self.origin(&group, "one", color, "Enabled").await?;
            self.endpoint(color, &group).await?;
        }
        self.endpoint("web", &format!("g-{blue}")).await?;
        let to = self.to(&format!("originGroup: g-{blue}"), &format!("originGroup: g-{green}"));
        Ok(format!("  - frontDoor: {{{}, profile: front, endpoint: web, route: all}}\n{to}", place()))
    }

    pub(crate) async fn group(&self, name: &str) -> Result<()> {
        let group = json!({"properties": {
            "loadBalancingSettings": {"sampleSize": 4, "successfulSamplesRequired": 3, "additionalLatencyInMilliseconds": 50},
            "healthProbeSettings": {"probePath": "/healthz", "probeRequestType": "GET", "probeProtocol": "Http", "probeIntervalInSeconds": 5}}});
        self.front(&format!("/originGroups/{name}"), group).await
    }

    /// A color's door as an origin.
    pub(crate) async fn origin(&self, group: &str, name: &str, color: &str, state: &str) -> Result<()> {
        let port = self.world.blue_door.address().port();
        let origin = json!({"properties": {"hostName": format!("{color}.origin.test"), "httpPort": port, "httpsPort": 443,
            "priority": 1, "weight": 1000, "enabledState": state, "enforceCertificateNameCheck": false}});
        self.front(&format!("/originGroups/{group}/origins/{name}"), origin).await
    }

    pub(crate) async fn endpoint(&self, name: &str, group: &str) -> Result<()> {
        self.front(&format!("/afdEndpoints/{name}"), json!({"location": "global"})).await?;
        self.serve(name, group, &json!(null)).await
    }

    /// Lets the route of an endpoint keep copies of answers.
    pub(crate) async fn caching(&self, name: &str, color: &str) -> Result<()> {
        self.serve(name, &format!("g-{color}"), &json!({"queryStringCachingBehavior": "IgnoreQueryString"})).await
    }

    async fn serve(&self, name: &str, group: &str, caching: &Value) -> Result<()> {
        let group = id(&format!("Microsoft.Cdn/profiles/front/originGroups/{group}"));
        let route = json!({"properties": {"originGroup": {"id": group},
            "linkToDefaultDomain": "Enabled", "patternsToMatch": ["/*"], "forwardingProtocol": "HttpOnly",
            "supportedProtocols": ["Http", "Https"], "httpsRedirect": "Disabled", "enabledState": "Enabled",
            "cacheConfiguration": caching}});
        self.front(&format!("/afdEndpoints/{name}/routes/all"), route).await
    }

    pub(crate) async fn front(&self, path: &str, body: Value) -> Result<()> {
        self.put(&format!("Microsoft.Cdn/profiles/front{path}"), FRONT, body).await.map(drop)
    }

    pub(crate) async fn host(&self, endpoint: &str) -> Result<String> {
        let found = self.get(&format!("Microsoft.Cdn/profiles/front/afdEndpoints/{endpoint}"), FRONT).await?;
        Ok(found.pointer("/properties/hostName").and_then(Value::as_str).context("its host name")?.to_owned())
    }

    fn edge(&self) -> Result<std::net::SocketAddr> {
        self.emulator.addresses.get("front-door").copied().context("no edge of Front Door")
    }

    /// Which color answers at an endpoint of the edge.
    pub(crate) async fn served_by(&self, endpoint: &str) -> Result<String> {
        let url = format!("http://{}/", self.edge()?);
        let answer = reqwest::Client::new().get(url).header("host", self.host(endpoint).await?).send().await?;
        let body: Value = answer.error_for_status()?.json().await?;
        Ok(body["color"].as_str().unwrap_or_default().to_owned())
    }

    /// Users of an endpoint.
    pub(crate) async fn users(&self, endpoint: &str) -> Result<LoadClient> {
        LoadClient::start(self.emulator.dns, Load::new(&self.host(endpoint).await?, self.edge()?.port()))
    }
}
