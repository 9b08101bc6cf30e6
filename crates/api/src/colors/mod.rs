//! `colors.yaml` (kind `Colors`): what a color is to the infrastructure, and how it may end (SWITCH §10).

mod parse;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::switch::{AzureAccess, AzureMonitor, Prometheus};

/// A validated declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct Colors {
    /// How Azure's management plane is reached by whoever retires a color: never the switcher's own identity.
    pub azure: AzureAccess,
    /// By name.
    pub colors: BTreeMap<String, Color>,
}

/// One color's cluster, what belongs to it, and how it may end.
#[derive(Debug, Clone, PartialEq)]
pub struct Color {
    /// ARM id of the managed cluster, in lower case.
    pub cluster: String,
    /// Pinned UID of its `kube-system`: a cluster that came back under its old name is another one.
    pub uid: Option<String>,
    /// The Switches that name it; checked against those that are found.
    pub switches: Vec<String>,
    /// Its addresses.
    pub ips: Vec<IpAddr>,
    /// Its host names, in lower case.
    pub hosts: Vec<String>,
    /// ARM ids of what is its own, in lower case: it may go with the cluster.
    pub resources: Vec<String>,
    /// What must not point at it.
    pub inspect: Vec<Inspect>,
    /// How it is proved that live traffic is away.
    pub drain: DrainSource,
    /// How long traffic must have been away; default 72 h.
    pub retention: Duration,
    /// How long the cluster stays stopped before it is deleted; default 24 h.
    pub scream: Duration,
    /// Who stops and deletes the cluster.
    pub executor: Executor,
}

/// Something that is searched for what points at a color.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Inspect {
    /// What it is.
    pub kind: InspectKind,
    /// Its ARM id, in lower case.
    pub id: String,
}

/// What is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InspectKind {
    /// `Microsoft.Network/dnsZones`: its records and alias records.
    Zone,
    /// `Microsoft.Network/privateDnsZones`: its records.
    PrivateZone,
    /// `Microsoft.Cdn/profiles`: the origins of a Front Door.
    FrontDoor,
    /// `Microsoft.Network/frontDoors`: the backends of a classic one.
    FrontDoorClassic,
    /// `Microsoft.Network/trafficManagerProfiles`: its endpoints.
    TrafficManager,
    /// `Microsoft.Network/applicationGateways`: its pools.
    ApplicationGateway,
}

impl InspectKind {
    /// Every kind with its resource type, in lower case.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Zone, "microsoft.network/dnszones"),
        (Self::PrivateZone, "microsoft.network/privatednszones"),
        (Self::FrontDoor, "microsoft.cdn/profiles"),
        (Self::FrontDoorClassic, "microsoft.network/frontdoors"),
        (Self::TrafficManager, "microsoft.network/trafficmanagerprofiles"),
        (Self::ApplicationGateway, "microsoft.network/applicationgateways"),
    ];
}

/// A measurement that passes only when no live traffic goes to the color any more.
#[derive(Debug, Clone, PartialEq)]
pub enum DrainSource {
    /// An instant query.
    Prometheus(Prometheus),
    /// A metric over a window.
    AzureMonitor(AzureMonitor),
}

/// Who stops and deletes a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Executor {
    /// Whoever runs `teal retire` is told when it is its turn, and Teal proves that it was done.
    #[default]
    Pipeline,
    /// `teal retire` does it through ARM, with the credentials of whoever runs it.
    Arm,
}
