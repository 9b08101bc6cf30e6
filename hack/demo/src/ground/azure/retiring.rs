//! What the end of blue needs on Azure: a declaration, things that were left behind, and a person's own identity.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;
use teal_testkit::http::{FrontDoor, LoadClient};

use super::{AKS, Azure, CDN, DNS, PRIVATE_ZONE, PROFILE, STEADY_TTL, ZONE, aks, id, load};

/// A record that somebody made by hand, long ago.
const LEFT_RECORD: &str = "legacy";
/// An alias record on blue's public address.
const LEFT_ALIAS: &str = "old-shop";
/// An origin group with a route of its own.
const LEFT_GROUP: &str = "blue-direct";
/// Blue's public address, as a resource.
const ADDRESS: &str = "Microsoft.Network/publicIPAddresses/aks-blue-ingress";

impl Azure {
    /// What `colors.yaml` says; `metrics` answers for the drain.
    pub(crate) fn colors(&self, doors: &[FrontDoor], metrics: &str) -> String {
        let zone = id(&format!("Microsoft.Network/dnsZones/{ZONE}"));
        let private = id(&format!("Microsoft.Network/privateDnsZones/{PRIVATE_ZONE}"));
        let color = |name: &str, door: &FrontDoor, resources: &str| {
            format!(
                "    {name}:
      cluster: {}
      switches: [contoso]
      addresses: [{}, aks-{name}.{ZONE}]
      resources: [{resources}]
",
                id(&aks(name)),
                door.ip()
            )
        };
        format!(
            "apiVersion: teal.dev/v1alpha1
kind: Colors
spec:
  azure: {{cloud: custom}}
  inspect:
  - {zone}
  - {private}
  - {}
  drain:
    prometheus: {{address: \"{metrics}\", query: 'gateway_requests_per_second{{color=\"${{color}}\"}}', success: \"value < 0.1\"}}
  retention: 0s
  scream: 20s
  executor: arm
  colors:
{}{}",
            id(PROFILE),
            color("blue", &doors[0], &id(ADDRESS)),
            color("green", &doors[1], ""),
        )
    }

    /// The environment of a person who may delete clusters: not the switcher's identity. The emulator's CA goes into `folder`.
    pub(crate) fn person(&self, folder: &Path) -> Result<Vec<(&'static str, String)>> {
        let url = self.emulator.url();
        std::fs::write(folder.join("emulator-ca.pem"), &self.emulator.ca_pem).context("write the emulator's CA")?;
        Ok(vec![
            ("TEAL_AZURE_CLOUD", "custom".to_owned()),
            ("TEAL_AZURE_ARM_ENDPOINT", url.clone()),
            ("AZURE_AUTHORITY_HOST", url),
            ("TEAL_AZURE_CA_FILE", folder.join("emulator-ca.pem").display().to_string()),
            ("TEAL_AZURE_VAULT_SUFFIX", "vault.azure.net".to_owned()),
            ("TEAL_AZURE_CREDENTIAL", "clientSecret".to_owned()),
            ("AZURE_TENANT_ID", "contoso".to_owned()),
            ("AZURE_CLIENT_ID", "00000000-0000-0000-0000-00000000dead".to_owned()),
            ("AZURE_CLIENT_SECRET", "the emulator takes any".to_owned()),
        ])
    }

    /// Leaves a record, an alias record and an origin that point at blue, as years of operations do.
    pub(crate) async fn leave_things_behind(&self, blue: &FrontDoor) -> Result<()> {
        let zone = format!("Microsoft.Network/dnsZones/{ZONE}");
        let record = json!({"properties": {"TTL": STEADY_TTL, "ARecords": [{"ipv4Address": blue.ip()}]}});
        self.arm.put(&format!("{zone}/A/{LEFT_RECORD}"), DNS, record).await?;
        let address = json!({"location": "westeurope", "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}});
        self.arm.put(ADDRESS, "2024-05-01", address).await?;
        let alias = json!({"properties": {"TTL": STEADY_TTL, "targetResource": {"id": id(ADDRESS)}}});
        self.arm.put(&format!("{zone}/A/{LEFT_ALIAS}"), DNS, alias).await?;
        self.origin_group(LEFT_GROUP, &format!("aks-blue.{ZONE}"), blue.address().port()).await?;
        self.route(LEFT_GROUP, LEFT_GROUP, "/blue/*", &[]).await
    }

    /// Takes it all away again.
    pub(crate) async fn clear_away(&self) -> Result<()> {
        let zone = format!("Microsoft.Network/dnsZones/{ZONE}");
        for (path, version) in [
            (format!("{zone}/A/{LEFT_RECORD}"), DNS),
            (format!("{zone}/A/{LEFT_ALIAS}"), DNS),
            (format!("{PROFILE}/afdEndpoints/contoso/routes/{LEFT_GROUP}"), CDN),
            (format!("{PROFILE}/originGroups/{LEFT_GROUP}/origins/{LEFT_GROUP}"), CDN),
            (format!("{PROFILE}/originGroups/{LEFT_GROUP}"), CDN),
        ] {
            self.arm.delete(&path, version).await?;
        }
        Ok(())
    }

    /// A client that still goes to blue by its own name.
    pub(crate) fn stray(&self, port: u16) -> Result<LoadClient> {
        LoadClient::start(self.emulator.dns, load(&format!("aks-blue.{ZONE}"), port))
    }

    /// What ARM says of blue's cluster: its power state, or nothing when it is gone.
    pub(crate) async fn cluster_of_blue(&self) -> Result<Option<String>> {
        let found = self.arm.get(&aks("blue"), AKS).await?;
        Ok(found.map(|body| body["properties"]["powerState"]["code"].as_str().unwrap_or("unknown").to_owned()))
    }
}
