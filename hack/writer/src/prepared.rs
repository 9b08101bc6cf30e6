//! What a person has made before Teal comes: everything leads to blue.

mod whole;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use teal_azure::{Client, Method, Needs, Request, ResourceId};

use super::SUBSCRIPTION;
pub(crate) use whole::{GATEWAY, POOL};

pub(crate) const RECORD: &str = "aks";
pub(crate) const PROFILE: &str = "written";
pub(crate) const BLUE: [u8; 4] = [10, 1, 0, 4];

const DNS: &str = "2018-05-01";
const PRIVATE_DNS: &str = "2024-06-01";
const FRONT: &str = "2025-06-01";
const TRAFFIC_MANAGER: &str = "2022-04-01";

pub(crate) fn zone(private: bool) -> &'static str {
    if private { "written.internal" } else { "written.example" }
}

/// Makes all of it in a resource group.
pub(crate) async fn everything(client: &Client, group: &str) -> Result<()> {
    let made = Person { client, group };
    let blue = json!({"ipv4Address": std::net::Ipv4Addr::from(BLUE)});
    let metadata = json!({"costCenter": "42"});
    for (private, kind, version) in [(false, "dnsZones", DNS), (true, "privateDnsZones", PRIVATE_DNS)] {
        let zone = format!("Microsoft.Network/{kind}/{}", zone(private));
        made.put(&zone, version, json!({"location": "global"})).await?;
        let properties = if private {
            json!({"ttl": 300, "aRecords": [blue], "metadata": metadata})
        } else {
            json!({"TTL": 300, "ARecords": [blue], "metadata": metadata})
        };
        made.put(&format!("{zone}/A/{RECORD}"), version, json!({"properties": properties})).await?;
    }
    made.front_door().await?;
    made.classic().await?;
    made.gateway().await?;
    let endpoint = |name: &str, status: &str| {
        json!({"name": name, "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
            "properties": {"target": format!("{name}.written.example"), "endpointStatus": status, "weight": 100}})
    };
    let profile = json!({"location": "global", "properties": {"trafficRoutingMethod": "Weighted",
        "dnsConfig": {"relativeName": group, "ttl": 30},
        "monitorConfig": {"protocol": "HTTP", "port": 80, "path": "/healthz"},
        "endpoints": [endpoint("ep-blue", "Enabled"), endpoint("ep-green", "Disabled")]}});
    made.put(&format!("Microsoft.Network/trafficmanagerprofiles/{PROFILE}"), TRAFFIC_MANAGER, profile).await
}

struct Person<'a> {
    client: &'a Client,
    group: &'a str,
}

impl Person<'_> {
    fn id(&self, path: &str) -> String {
        format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{}/providers/{path}", self.group)
    }

    async fn put(&self, path: &str, version: &'static str, body: Value) -> Result<()> {
        let id: ResourceId = self.id(path).parse().with_context(|| path.to_owned())?;
        let needs = Needs { role: "Owner", scope: id.to_string() };
        let request =
            Request::get("prepared", &id, version, needs).write(Method::Put, Some(body), format!("making {id}"));
        self.client.send(&request).await?;
        Ok(())
    }

    async fn front_door(&self) -> Result<()> {
        let path = |below: &str| format!("Microsoft.Cdn/profiles/{PROFILE}{below}");
        let put = async |below: &str, body: Value| self.put(&path(below), FRONT, body).await;
        put("", json!({"location": "global", "sku": {"name": "Standard_AzureFrontDoor"}})).await?;
        put("/afdEndpoints/web", json!({"location": "global"})).await?;
        let group = json!({"properties": {
            "loadBalancingSettings": {"sampleSize": 4, "successfulSamplesRequired": 2, "additionalLatencyInMilliseconds": 500},
            "healthProbeSettings": {"probePath": "/healthz", "probeRequestType": "GET", "probeProtocol": "Http", "probeIntervalInSeconds": 30}}});
        let origin = |name: &str, state: &str| json!({"properties": {"hostName": format!("{name}.written.example"), "enabledState": state, "weight": 1000}});
        for name in ["g-blue", "g-green", "both"] {
            put(&format!("/originGroups/{name}"), group.clone()).await?;
        }
        for (at, name, state) in [
            ("g-blue", "one", "Enabled"),
            ("g-green", "one", "Enabled"),
            ("both", "o-blue", "Enabled"),
            ("both", "o-green", "Disabled"),
        ] {
            put(&format!("/originGroups/{at}/origins/{name}"), origin(name, state)).await?;
        }
        // A group that no route uses takes no part in anything.
        for (route, group, pattern) in [("all", "g-blue", "/*"), ("shared", "both", "/shared/*")] {
            let group = self.id(&path(&format!("/originGroups/{group}")));
            let body = json!({"properties": {"originGroup": {"id": group}, "linkToDefaultDomain": "Enabled",
                "patternsToMatch": [pattern], "forwardingProtocol": "HttpOnly", "supportedProtocols": ["Http", "Https"]}});
            put(&format!("/afdEndpoints/web/routes/{route}"), body).await?;
        }
        Ok(())
    }
}
