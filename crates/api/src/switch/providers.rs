//! What routes traffic, and what it points to.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The providers there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provider {
    /// A DNS record changed by RFC 2136 UPDATE.
    Rfc2136(Rfc2136),
    /// A record set of a public Azure zone.
    AzureDns(AzureRecord),
    /// A record set of a private Azure zone.
    AzurePrivateDns(AzureRecord),
    /// Azure Front Door Standard or Premium.
    FrontDoor(FrontDoor),
    /// Azure Front Door (classic).
    FrontDoorClassic(FrontDoorClassic),
    /// An Azure Traffic Manager profile.
    TrafficManager(TrafficManager),
    /// A backend pool of an Azure Application Gateway.
    ApplicationGateway(ApplicationGateway),
}

impl Provider {
    /// The word used in `switch.yaml`, metrics and messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Rfc2136(_) => "rfc2136",
            Self::AzureDns(_) => "azureDns",
            Self::AzurePrivateDns(_) => "azurePrivateDns",
            Self::FrontDoor(_) => "frontDoor",
            Self::FrontDoorClassic(_) => "frontDoorClassic",
            Self::TrafficManager(_) => "trafficManager",
            Self::ApplicationGateway(_) => "applicationGateway",
        }
    }

    /// Is it a DNS record, which can keep the ledger beside itself?
    #[must_use]
    pub fn is_dns(&self) -> bool {
        matches!(self, Self::Rfc2136(_) | Self::AzureDns(_) | Self::AzurePrivateDns(_))
    }

    /// Can it split traffic by weight?
    #[must_use]
    pub fn can_weigh(&self) -> bool {
        matches!(
            self,
            Self::TrafficManager(_)
                | Self::FrontDoorClassic(_)
                | Self::FrontDoor(FrontDoor { by: FrontDoorBy::Origins { .. }, .. })
        )
    }

    /// Does it need an Azure identity?
    #[must_use]
    pub fn is_azure(&self) -> bool {
        !matches!(self, Self::Rfc2136(_))
    }
}

/// A record on a name server that takes signed updates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rfc2136 {
    /// Primary that takes the updates, `host:port`; port 53 when absent.
    pub server: String,
    /// Every authoritative server that must answer alike, `host:port`; the primary alone when empty.
    pub secondaries: Vec<String>,
    /// Zone, without a trailing dot.
    pub zone: String,
    /// Record inside the zone, such as `aks`.
    pub record: String,
    /// TSIG key.
    pub tsig: Tsig,
}

/// A TSIG key; the secret itself is never in git.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tsig {
    /// Key name as the server knows it.
    pub name: String,
    /// `hmac-sha256`, `hmac-sha384` or `hmac-sha512`.
    pub algorithm: TsigAlgorithm,
    /// Secret with the base64 key under `secret`, and the ledger's sealing key under `ledger` (32 bytes, base64).
    pub secret: String,
}

/// Algorithms for TSIG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TsigAlgorithm {
    /// hmac-sha256.
    HmacSha256,
    /// hmac-sha384.
    HmacSha384,
    /// hmac-sha512.
    HmacSha512,
}

/// One record set of an Azure zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AzureRecord {
    /// Subscription id.
    pub subscription: String,
    /// Resource group of the zone.
    pub resource_group: String,
    /// Zone, without a trailing dot.
    pub zone: String,
    /// Record inside the zone, such as `aks`; `@` is the zone itself.
    pub record: String,
    /// Needed only for alias destinations (`resourceId`); else it follows from them.
    pub record_type: Option<RecordType>,
    /// Servers asked for propagation, `host[:port]`; when empty those that the zone names (public zones only).
    pub nameservers: Vec<String>,
}

/// Types of record that can be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordType {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Another name.
    Cname,
}

/// Front Door Standard or Premium.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontDoor {
    /// Subscription id.
    pub subscription: String,
    /// Resource group.
    pub resource_group: String,
    /// Profile.
    pub profile: String,
    /// What is changed.
    pub by: FrontDoorBy,
    /// Content paths that are purged after the change, such as `/*`.
    pub purge: Vec<String>,
    /// What is done about session affinity.
    pub affinity: Affinity,
}

/// What a move changes in a Front Door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrontDoorBy {
    /// A route's origin group, in one change; `to` names origin groups.
    Groups {
        /// Endpoint of the route.
        endpoint: String,
        /// The route.
        route: String,
    },
    /// The origins of one group, by weight and enabled state; `to` names origins.
    Origins {
        /// The group.
        group: String,
    },
}

/// What is done about session affinity: pinned users do not follow a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Affinity {
    /// No move begins while it is on.
    #[default]
    Refuse,
    /// It is told, and the move goes on.
    Shout,
}

/// Front Door (classic).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontDoorClassic {
    /// Subscription id.
    pub subscription: String,
    /// Resource group.
    pub resource_group: String,
    /// The Front Door.
    pub front_door: String,
    /// Backend pool; `to` has its backends' addresses.
    pub pool: String,
}

/// A Traffic Manager profile; `to` names its endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficManager {
    /// Subscription id.
    pub subscription: String,
    /// Resource group.
    pub resource_group: String,
    /// The profile.
    pub profile: String,
}

/// A backend pool of an Application Gateway; `to` has what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationGateway {
    /// Subscription id.
    pub subscription: String,
    /// Resource group.
    pub resource_group: String,
    /// The gateway.
    pub gateway: String,
    /// The pool.
    pub pool: String,
}

/// What a target points to. Canonical: sorted, no duplicates, names and ids in lower case without a final dot, so that
/// equal things compare equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// IPv4 addresses, written as `ip: 10.1.0.4` or a list.
    Ip(Vec<Ipv4Addr>),
    /// IPv6 addresses, written as `ipv6: fd00::4` or a list.
    Ipv6(Vec<Ipv6Addr>),
    /// Another name.
    Cname(String),
    /// A resource that an alias record follows.
    ResourceId(String),
    /// An `endpoint`, `originGroup` or `origin` by its name.
    Named(String),
}

impl Destination {
    /// Makes it canonical.
    #[must_use]
    pub fn canonical(self) -> Self {
        match self {
            Self::Ip(mut addresses) => {
                addresses.sort_unstable();
                addresses.dedup();
                Self::Ip(addresses)
            }
            Self::Ipv6(mut addresses) => {
                addresses.sort_unstable();
                addresses.dedup();
                Self::Ipv6(addresses)
            }
            Self::Cname(name) => Self::Cname(name.trim_end_matches('.').to_ascii_lowercase()),
            Self::ResourceId(id) => Self::ResourceId(id.trim_end_matches('/').to_ascii_lowercase()),
            Self::Named(name) => Self::Named(name.to_ascii_lowercase()),
        }
    }
}

impl std::fmt::Display for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all = |f: &mut std::fmt::Formatter<'_>, list: Vec<String>| f.write_str(&list.join(", "));
        match self {
            Self::Ip(addresses) => all(f, addresses.iter().map(ToString::to_string).collect()),
            Self::Ipv6(addresses) => all(f, addresses.iter().map(ToString::to_string).collect()),
            Self::Cname(name) | Self::ResourceId(name) | Self::Named(name) => f.write_str(name),
        }
    }
}
