//! Azure's built-in roles, as far as the emulated services go.

/// Role and its actions.
const ROLES: [(&str, &[&str]); 13] = [
    ("Owner", &["*"]),
    ("Contributor", &["*"]),
    ("Reader", &["*/read"]),
    ("Network Contributor", &["Microsoft.Network/*", "Microsoft.Resources/subscriptions/resourceGroups/read"]),
    (
        "DNS Zone Contributor",
        &["Microsoft.Network/dnsZones/*", "Microsoft.Resources/subscriptions/resourceGroups/read"],
    ),
    (
        "Private DNS Zone Contributor",
        &["Microsoft.Network/privateDnsZones/*", "Microsoft.Resources/subscriptions/resourceGroups/read"],
    ),
    (
        "Traffic Manager Contributor",
        &["Microsoft.Network/trafficManagerProfiles/*", "Microsoft.Resources/subscriptions/resourceGroups/read"],
    ),
    (
        "CDN Profile Contributor",
        &[
            "Microsoft.Cdn/profiles/*",
            "Microsoft.Cdn/operationresults/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
        ],
    ),
    ("Monitoring Reader", &["*/read"]),
    (
        "Azure Kubernetes Service Contributor Role",
        &["Microsoft.ContainerService/managedClusters/*", "Microsoft.Resources/subscriptions/resourceGroups/read"],
    ),
    ("Key Vault Crypto User", &["Microsoft.KeyVault/vaults/keys/*"]),
    (
        "Key Vault Crypto Service Encryption User",
        &[
            "Microsoft.KeyVault/vaults/keys/read",
            "Microsoft.KeyVault/vaults/keys/wrap/action",
            "Microsoft.KeyVault/vaults/keys/unwrap/action",
        ],
    ),
    ("Key Vault Crypto Officer", &["Microsoft.KeyVault/vaults/keys/*"]),
];

/// The actions of a role; `None` when there is no such role.
pub(super) fn actions(role: &str) -> Option<&'static [&'static str]> {
    ROLES.iter().find(|(name, _)| name.eq_ignore_ascii_case(role)).map(|(_, actions)| *actions)
}

/// All names.
pub(super) fn names() -> Vec<&'static str> {
    ROLES.iter().map(|(name, _)| *name).collect()
}
