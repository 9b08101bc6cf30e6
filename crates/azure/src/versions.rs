//! Every api-version that Teal speaks, in one place: those of the official examples, which the
//! examples test compares letter by letter; where one differs, that test has the reason.

/// `Microsoft.Network/dnsZones`.
pub const DNS: &str = "2018-05-01";
/// `Microsoft.Network/privateDnsZones`.
pub const PRIVATE_DNS: &str = "2024-06-01";
/// `Microsoft.Cdn/profiles` (Front Door Standard and Premium).
pub const FRONT_DOOR: &str = "2025-06-01";
/// `Microsoft.Network/frontDoors` (classic).
pub const FRONT_DOOR_CLASSIC: &str = "2021-06-01";
/// `Microsoft.Network/trafficmanagerprofiles`.
pub const TRAFFIC_MANAGER: &str = "2022-04-01";
/// `Microsoft.Network/applicationGateways`.
pub const APPLICATION_GATEWAY: &str = "2024-05-01";
/// `Microsoft.Network/publicIPAddresses`.
pub const PUBLIC_IP: &str = "2024-05-01";
/// `Microsoft.ContainerService/managedClusters`.
pub const AKS: &str = "2025-02-01";
/// `Microsoft.Insights/metrics`.
pub const METRICS: &str = "2021-05-01";
/// `Microsoft.Resources`: what is in a group.
pub const RESOURCES: &str = "2021-04-01";
/// Key Vault's data plane.
pub const KEY_VAULT: &str = "7.4";

/// All of them, for what is read back from a store.
pub(crate) const ALL: [&str; 11] = [
    DNS,
    PRIVATE_DNS,
    FRONT_DOOR,
    FRONT_DOOR_CLASSIC,
    TRAFFIC_MANAGER,
    APPLICATION_GATEWAY,
    PUBLIC_IP,
    AKS,
    METRICS,
    RESOURCES,
    KEY_VAULT,
];
