//! Azure DNS and Azure Private DNS under the contract: A, AAAA, CNAME and alias records, and a ledger of its own.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use teal_api::switch::{AzureRecord, Destination, Provider};
use teal_targets::{Target, TargetError};

use crate::azure::{Azure, GROUP, SUBSCRIPTION, id};
use crate::suite::{Bench, ip, target_contract};

pub(crate) const ZONE: &str = "contoso.test";
pub(crate) const V: &str = "2018-05-01";
pub(crate) const PRIVATE_V: &str = "2024-06-01";

/// What kind of record set a bench has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    A,
    Aaaa,
    Cname,
    Alias,
    PrivateA,
    PrivateCname,
}

impl Kind {
    pub(crate) fn private(self) -> bool {
        matches!(self, Self::PrivateA | Self::PrivateCname)
    }

    fn version(self) -> &'static str {
        if self.private() { PRIVATE_V } else { V }
    }

    fn word(self) -> &'static str {
        match self {
            Self::A | Self::Alias | Self::PrivateA => "A",
            Self::Aaaa => "AAAA",
            Self::Cname | Self::PrivateCname => "CNAME",
        }
    }

    pub(crate) fn set(self, name: &str) -> String {
        let zone = if self.private() { "privateDnsZones" } else { "dnsZones" };
        id(&format!("Microsoft.Network/{zone}/{ZONE}/{}/{name}", self.word()))
    }

    fn point(self, color: u8) -> Destination {
        match self {
            Self::A | Self::PrivateA => ip(&[std::net::Ipv4Addr::new(10, color, 0, 4)]),
            Self::Aaaa => Destination::Ipv6(vec![std::net::Ipv6Addr::new(0xfd00, u16::from(color), 0, 0, 0, 0, 0, 4)]),
            Self::Cname | Self::PrivateCname => Destination::Cname(format!("color{color}.contoso.test")),
            Self::Alias => Destination::ResourceId(public_ip(color)).canonical(),
        }
    }

    /// The properties of a set as a person writes it.
    fn properties(self, to: &Destination, ttl: u32, metadata: &Value) -> Value {
        let mut properties = json!({"metadata": metadata});
        properties[if self.private() { "ttl" } else { "TTL" }] = json!(ttl);
        let key = match (self.word(), self.private()) {
            ("A", false) => "ARecords",
            ("A", true) => "aRecords",
            ("AAAA", _) => "AAAARecords",
            (_, false) => "CNAMERecord",
            (_, true) => "cnameRecord",
        };
        match to {
            Destination::Ip(list) => properties[key] = list.iter().map(|ip| json!({"ipv4Address": ip})).collect(),
            Destination::Ipv6(list) => properties[key] = list.iter().map(|ip| json!({"ipv6Address": ip})).collect(),
            Destination::Cname(name) => properties[key] = json!({"cname": name}),
            Destination::ResourceId(id) => properties["targetResource"] = json!({"id": id}),
            Destination::Named(_) => panic!("no record points to a name"),
        }
        properties
    }
}

fn public_ip(color: u8) -> String {
    id(&format!("Microsoft.Network/publicIPAddresses/color{color}"))
}

pub(crate) fn record(name: &str, nameservers: Vec<String>) -> AzureRecord {
    AzureRecord {
        subscription: SUBSCRIPTION.into(),
        resource_group: GROUP.into(),
        zone: ZONE.into(),
        record: name.into(),
        record_type: None,
        nameservers,
    }
}

/// A zone with the record set `aks`, which has metadata of someone else's too.
pub(crate) struct AzureBench {
    pub(crate) azure: Azure,
    pub(crate) kind: Kind,
}

impl AzureBench {
    pub(crate) async fn start(kind: Kind) -> Self {
        let azure = Azure::start().await;
        let zones = if kind.private() { "privateDnsZones" } else { "dnsZones" };
        azure
            .put(&id(&format!("Microsoft.Network/{zones}/{ZONE}")), kind.version(), json!({"location": "global"}))
            .await;
        let bench = Self { azure, kind };
        let theirs = json!({"costCenter": "42"});
        bench.write("aks", kind.properties(&kind.point(1), 300, &theirs)).await;
        bench
    }

    pub(crate) async fn write(&self, name: &str, properties: Value) {
        self.azure.put(&self.kind.set(name), self.kind.version(), json!({"properties": properties})).await;
    }

    pub(crate) async fn properties(&self) -> Value {
        self.azure.read(&self.kind.set("aks"), self.kind.version()).await["properties"].clone()
    }

    pub(crate) fn provider(&self, name: &str) -> Provider {
        let servers = if self.kind.private() { Vec::new() } else { vec![self.azure.emulator.dns.to_string()] };
        let record = record(name, servers);
        if self.kind.private() { Provider::AzurePrivateDns(record) } else { Provider::AzureDns(record) }
    }

    pub(crate) fn colors(&self) -> BTreeMap<String, Destination> {
        [("blue".to_owned(), self.blue()), ("green".to_owned(), self.green())].into()
    }

    pub(crate) fn named(&self, name: &str) -> Target {
        self.azure.target(&self.provider(name), &self.colors())
    }

    async fn once(&self, fault: Value) {
        self.azure.fault(json!({"method": "PUT", "times": 1, "fault": fault})).await;
    }
}

impl Bench for AzureBench {
    fn blue(&self) -> Destination {
        self.kind.point(1)
    }

    fn green(&self) -> Destination {
        self.kind.point(2)
    }

    fn stranger(&self) -> Destination {
        self.kind.point(99)
    }

    fn sets(&self) -> Option<(Destination, Destination)> {
        let all = |list: [u8; 3]| match self.kind {
            Kind::A | Kind::PrivateA => Some(ip(&list.map(|color| std::net::Ipv4Addr::new(10, color, 0, 4)))),
            Kind::Aaaa => Some(Destination::Ipv6(
                list.map(|color| std::net::Ipv6Addr::new(0xfd00, u16::from(color), 0, 0, 0, 0, 0, 4)).to_vec(),
            )),
            _ => None,
        };
        // A duplicate in a set is Teal's to remove, Azure refuses it from a person.
        all([2, 1, 2]).zip(all([1, 99, 98]))
    }

    fn any_bytes(&self) -> bool {
        false
    }

    fn negative_ttl(&self) -> Option<u32> {
        Some(if self.kind.private() { 10 } else { 300 })
    }

    fn target(&self) -> Target {
        self.named("aks")
    }

    fn hasty(&self) -> Target {
        self.azure.hasty(&self.provider("aks"), &self.colors())
    }

    fn missing(&self) -> Target {
        self.named("new")
    }

    async fn change_by_hand(&self, to: &Destination) {
        let now = self.properties().await;
        let ttl = now.get("TTL").or_else(|| now.get("ttl")).and_then(Value::as_u64).unwrap();
        let metadata = now.get("metadata").cloned().unwrap_or_else(|| json!({}));
        self.write("aks", self.kind.properties(to, u32::try_from(ttl).unwrap(), &metadata)).await;
    }

    async fn ledger_by_hand(&self, text: Option<&str>) {
        let now = self.properties().await;
        let ttl = now.get("TTL").or_else(|| now.get("ttl")).and_then(Value::as_u64).unwrap();
        let mut metadata = now.get("metadata").cloned().unwrap_or_else(|| json!({}));
        metadata.as_object_mut().unwrap().remove("teal");
        if let Some(text) = text {
            metadata["teal"] = json!(text);
        }
        let to = self.target().read().await.unwrap().value.unwrap();
        self.write("aks", self.kind.properties(&to, u32::try_from(ttl).unwrap(), &metadata)).await;
    }

    async fn lose_next_answer(&self) {
        self.once(json!({"kind": "closeAfter"})).await;
    }

    async fn lose_next_write(&self) {
        self.once(json!({"kind": "closeBefore"})).await;
    }

    async fn delay_next_write(&self) {
        self.once(json!({"kind": "late"})).await;
    }

    async fn delayed_write_arrived(&self) {
        assert_eq!(self.azure.late_calls_arrive().await, [412], "one call was held, and Azure refuses it");
    }
}

async fn a(_: &str) -> Option<AzureBench> {
    Some(AzureBench::start(Kind::A).await)
}

async fn aaaa(_: &str) -> Option<AzureBench> {
    Some(AzureBench::start(Kind::Aaaa).await)
}

async fn cname(_: &str) -> Option<AzureBench> {
    Some(AzureBench::start(Kind::Cname).await)
}

async fn alias(_: &str) -> Option<AzureBench> {
    Some(AzureBench::start(Kind::Alias).await)
}

async fn private_a(_: &str) -> Option<AzureBench> {
    Some(AzureBench::start(Kind::PrivateA).await)
}

async fn private_cname(_: &str) -> Option<AzureBench> {
    Some(AzureBench::start(Kind::PrivateCname).await)
}

target_contract!(a_record, crate::azure_dns::a);
target_contract!(aaaa_record, crate::azure_dns::aaaa);
target_contract!(cname_record, crate::azure_dns::cname);
target_contract!(alias_record, crate::azure_dns::alias);
target_contract!(private_a_record, crate::azure_dns::private_a);
target_contract!(private_cname_record, crate::azure_dns::private_cname);

pub(crate) fn refused(result: Result<impl std::fmt::Debug, TargetError>) -> TargetError {
    match result {
        Err(error) => error,
        Ok(done) => panic!("wanted a refusal, got {done:?}"),
    }
}
