//! Azure's topology: users come through Front Door, which is never written; the A record behind it is what moves, and its
//! twin in the private zone follows. Both clusters are AKS clusters to ARM, and real API servers to everybody else.

mod retiring;

use anyhow::{Context, Result};
use azure_emulator::{Emulator, Options, Running};
use reqwest::Method;
use serde_json::{Value, json};
use teal_azure::credential::{Credential, Hidden};
use teal_azure::{Client, Cloud, Settings};
use teal_switcher::SwitcherConfig;
use teal_testkit::http::{FrontDoor, LoadClient};

use super::arm::{Arm, GROUP, SUBSCRIPTION, id};
use super::{STEADY_TTL, load};
use crate::screen::Screen;

const ZONE: &str = "contoso.example";
const PRIVATE_ZONE: &str = "priv.contoso.example";
const RECORD: &str = "aks";
const PROFILE: &str = "Microsoft.Cdn/profiles/contoso";

/// Seconds that a change of a record takes at Azure until every name server answers it; the bound is 60.
const SPREAD: u32 = 40;

const DNS: &str = "2018-05-01";
const PRIVATE_DNS: &str = "2024-06-01";
const CDN: &str = "2025-06-01";
const AKS: &str = "2025-02-01";

/// Azure, as far as the demo needs it.
pub(crate) struct Azure {
    emulator: Running,
    arm: Arm,
    faster: u32,
}

/// The cluster's host name: the record that moves.
pub(super) fn cluster_host() -> String {
    format!("{RECORD}.{ZONE}")
}

fn official_host() -> String {
    format!("official-{RECORD}.{ZONE}")
}

impl Azure {
    pub(super) async fn start(screen: Screen, blue: &FrontDoor, green: &FrontDoor, faster: u32) -> Result<Self> {
        let edge = Some(([127, 0, 0, 1], 0).into());
        let emulator = Emulator::start(Options { front_door: edge, ..Options::default() }).await?;
        let arm = Arm::of(&emulator)?;
        let azure = Self { emulator, arm, faster };
        azure.zones(blue, green).await.context("make the zones")?;
        azure.front_door(blue.address().port()).await.context("make the Front Door")?;
        for color in ["blue", "green"] {
            azure.cluster_resource(color).await.with_context(|| format!("make the AKS cluster {color}"))?;
        }
        screen.say(format!(
            "Azure (an emulator in this process: {}): {} → Front Door → {} → blue; {RECORD}.{PRIVATE_ZONE} → blue",
            azure.emulator.url(),
            official_host(),
            cluster_host(),
        ));
        azure.spread_slowly().await?;
        if faster > 1 {
            screen.say(format!("Azure's bounds are waited out {faster} times faster than Azure declares them, and the emulator is as much faster; `--faster 1` takes nine minutes"));
        }
        Ok(azure)
    }

    /// From now on a change of a record takes its time to reach the name servers.
    async fn spread_slowly(&self) -> Result<()> {
        let seconds = f64::from(SPREAD) / f64::from(self.faster);
        let kinds = json!({"Microsoft.Network/dnszones/*": {"seconds": seconds}, "Microsoft.Network/privatednszones/*": {"seconds": seconds}});
        self.arm.admin(Method::PATCH, "settings", json!({"propagation": {"kinds": kinds}})).await
    }

    async fn zones(&self, blue: &FrontDoor, green: &FrontDoor) -> Result<()> {
        let zone = format!("Microsoft.Network/dnsZones/{ZONE}");
        self.arm.put(&zone, DNS, json!({"location": "global"})).await?;
        for (record, door) in [(RECORD, blue), ("aks-blue", blue), ("aks-green", green)] {
            let body = json!({"properties": {"TTL": STEADY_TTL, "ARecords": [{"ipv4Address": door.ip()}]}});
            self.arm.put(&format!("{zone}/A/{record}"), DNS, body).await?;
        }
        let zone = format!("Microsoft.Network/privateDnsZones/{PRIVATE_ZONE}");
        self.arm.put(&zone, PRIVATE_DNS, json!({"location": "global"})).await?;
        let body = json!({"properties": {"ttl": STEADY_TTL, "aRecords": [{"ipv4Address": blue.ip()}]}});
        self.arm.put(&format!("{zone}/A/{RECORD}"), PRIVATE_DNS, body).await?;
        Ok(())
    }

    async fn front_door(&self, port: u16) -> Result<()> {
        let sku = json!({"name": "Premium_AzureFrontDoor"});
        self.arm.put(PROFILE, CDN, json!({"location": "global", "sku": sku})).await?;
        let endpoint = json!({"location": "global", "properties": {"enabledState": "Enabled"}});
        let endpoint = self.arm.put(&format!("{PROFILE}/afdEndpoints/contoso"), CDN, endpoint).await?;
        let name =
            endpoint.pointer("/properties/hostName").and_then(Value::as_str).context("no name of the endpoint")?;
        self.origin_group(RECORD, &cluster_host(), port).await?;
        let domain = json!({"properties": {"hostName": official_host(), "tlsSettings": {"certificateType": "ManagedCertificate", "minimumTlsVersion": "TLS12"}}});
        let domain_path = format!("{PROFILE}/customDomains/official-aks");
        self.arm.put(&domain_path, CDN, domain).await?;
        self.route("all", RECORD, "/*", &[id(&domain_path)]).await?;
        let record = format!("Microsoft.Network/dnsZones/{ZONE}/CNAME/official-{RECORD}");
        let body = json!({"properties": {"TTL": STEADY_TTL, "CNAMERecord": {"cname": name}}});
        self.arm.put(&record, DNS, body).await?;
        Ok(())
    }

    /// An origin group with one origin of the same name.
    async fn origin_group(&self, name: &str, host: &str, port: u16) -> Result<()> {
        let group = format!("{PROFILE}/originGroups/{name}");
        let settings = json!({"properties": {
            "loadBalancingSettings": {"sampleSize": 4, "successfulSamplesRequired": 3, "additionalLatencyInMilliseconds": 50},
            "healthProbeSettings": {"probePath": "/healthz", "probeRequestType": "GET", "probeProtocol": "Http", "probeIntervalInSeconds": 5},
        }});
        self.arm.put(&group, CDN, settings).await?;
        let origin = json!({"properties": {
            "hostName": host, "originHostHeader": host, "httpPort": port, "httpsPort": 443,
            "priority": 1, "weight": 1000, "enabledState": "Enabled", "enforceCertificateNameCheck": false,
        }});
        self.arm.put(&format!("{group}/origins/{name}"), CDN, origin).await.map(drop)
    }

    async fn route(&self, name: &str, group: &str, pattern: &str, domains: &[String]) -> Result<()> {
        let domains: Vec<Value> = domains.iter().map(|domain| json!({"id": domain})).collect();
        let route = json!({"properties": {
            "originGroup": {"id": id(&format!("{PROFILE}/originGroups/{group}"))}, "customDomains": domains,
            "supportedProtocols": ["Http", "Https"], "patternsToMatch": [pattern], "forwardingProtocol": "HttpOnly",
            "linkToDefaultDomain": "Enabled", "httpsRedirect": "Disabled", "enabledState": "Enabled",
        }});
        self.arm.put(&format!("{PROFILE}/afdEndpoints/contoso/routes/{name}"), CDN, route).await.map(drop)
    }

    async fn cluster_resource(&self, color: &str) -> Result<()> {
        let body = json!({
            "location": "westeurope", "identity": {"type": "SystemAssigned"},
            "properties": {"dnsPrefix": format!("contoso-{color}"), "kubernetesVersion": "1.36.3",
                "agentPoolProfiles": [{"name": "system", "mode": "System", "count": 3, "vmSize": "Standard_D4s_v5"}]},
        });
        self.arm.put(&aks(color), AKS, body).await.map(drop)
    }

    pub(super) fn spec(&self, doors: &[FrontDoor]) -> String {
        let place = format!("subscription: {SUBSCRIPTION}, resourceGroup: {GROUP}");
        let to = format!("to: {{blue: {{ip: {}}}, green: {{ip: {}}}}}", doors[0].ip(), doors[1].ip());
        format!(
            "  azure: {{cloud: custom}}
  targets:
  - azureDns: {{{place}, zone: {ZONE}, record: {RECORD}, nameservers: [\"{dns}\"]}}
    {to}
  - azurePrivateDns: {{{place}, zone: {PRIVATE_ZONE}, record: {RECORD}}}
    {to}
  vantages: [{{resolver: \"{dns}\"}}]
",
            dns = self.emulator.dns
        )
    }

    /// The gate that looks at the four host names.
    pub(super) fn gates(&self) -> String {
        format!(
            "    - topology: {{resolver: \"{}\", official: {}, cluster: {}, colors: {{blue: aks-blue.{ZONE}, green: aks-green.{ZONE}}}, frontDoors: [{}]}}\n",
            self.emulator.dns,
            official_host(),
            cluster_host(),
            id(PROFILE)
        )
    }

    pub(super) fn cluster(&self, color: &str) -> String {
        format!("{{aks: {}}}", id(&aks(color)))
    }

    pub(super) async fn introduce(&self, color: &str, kubeconfig: &str) -> Result<()> {
        let body = json!({"cluster": id(&aks(color)), "kubeconfig": kubeconfig});
        self.arm.admin(Method::PUT, "kubeconfigs", body).await
    }

    pub(super) fn equip(&self, config: SwitcherConfig) -> Result<SwitcherConfig> {
        let url = self.emulator.url();
        let cloud = Cloud::custom(&url, &url, None, "vault.azure.net")?;
        let credential = Credential::ClientSecret {
            tenant: "contoso".to_owned(),
            client: "00000000-0000-0000-0000-00000000feed".to_owned(),
            secret: Hidden::new("the emulator takes any"),
        };
        let settings = Settings::new(cloud, credential).trusting(self.emulator.ca_pem.clone());
        Ok(SwitcherConfig {
            azure: teal_switcher::azure::Azure::given(Client::new(settings)?),
            faster: self.faster,
            ..config
        })
    }

    pub(super) fn clients(&self, port: u16) -> Result<Vec<(&'static str, LoadClient)>> {
        let edge = self.emulator.addresses.get("front-door").context("no edge of Front Door")?;
        let public = load(&official_host(), edge.port());
        let private = load(&format!("{RECORD}.{PRIVATE_ZONE}"), port);
        Ok(vec![
            ("public clients, through Front Door", LoadClient::start(self.emulator.dns, public)?),
            ("private clients, by the private zone", LoadClient::start(self.emulator.dns, private)?),
        ])
    }

    pub(super) fn hints(&self) -> Vec<String> {
        let dns = self.emulator.dns;
        vec![
            format!("{}/            the emulator's page (its certificate is its own)", self.emulator.url()),
            format!("dig @{} -p {} {} +short", dns.ip(), dns.port(), official_host()),
        ]
    }
}

fn aks(color: &str) -> String {
    format!("Microsoft.ContainerService/managedClusters/aks-{color}")
}
