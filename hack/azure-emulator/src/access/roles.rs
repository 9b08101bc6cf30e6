//! Azure's built-in roles, as far as the emulated services go.

/// A role.
#[derive(Debug)]
pub(crate) struct Role {
    /// The id that it has everywhere.
    pub(crate) id: &'static str,
    /// Its name.
    pub(crate) name: &'static str,
    /// What it may do.
    pub(crate) actions: &'static [&'static str],
}

const fn role(id: &'static str, name: &'static str, actions: &'static [&'static str]) -> Role {
    Role { id, name, actions }
}

/// All that are known.
pub(crate) const ROLES: &[Role] = &[
    role("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", &["*"]),
    role("b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor", &["*"]),
    role("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", &["*/read"]),
    role(
        "4d97b98b-1d4f-4787-a291-c67834d212e7",
        "Network Contributor",
        &["Microsoft.Network/*", "Microsoft.Resources/subscriptions/resourceGroups/read"],
    ),
    role(
        "befefa01-2a29-4197-83a8-272ff33ce314",
        "DNS Zone Contributor",
        &["Microsoft.Network/dnsZones/*", "Microsoft.Resources/subscriptions/resourceGroups/read"],
    ),
    role(
        "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
        "Private DNS Zone Contributor",
        &["Microsoft.Network/privateDnsZones/*", "Microsoft.Resources/subscriptions/resourceGroups/read"],
    ),
    role(
        "a4b10055-b0c7-44c2-b00f-c7b5b3550cf7",
        "Traffic Manager Contributor",
        &["Microsoft.Network/trafficManagerProfiles/*", "Microsoft.Resources/subscriptions/resourceGroups/read"],
    ),
    role(
        "ec156ff8-a8d1-4d15-830c-5b80698ca432",
        "CDN Profile Contributor",
        &[
            "Microsoft.Cdn/profiles/*",
            "Microsoft.Cdn/operationresults/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
        ],
    ),
    role("43d0d8ad-25c7-4714-9337-8ba259a9fe05", "Monitoring Reader", &["*/read"]),
    role(
        "ed7f3fbd-7b88-4dd4-9017-9adb7ce333f8",
        "Azure Kubernetes Service Contributor Role",
        &["Microsoft.ContainerService/managedClusters/*", "Microsoft.Resources/subscriptions/resourceGroups/read"],
    ),
    role("12338af0-0e69-4776-bea7-57ae8d297424", "Key Vault Crypto User", &["Microsoft.KeyVault/vaults/keys/*"]),
    role(
        "e147488a-f6f5-4113-8e2d-b22465e65bf6",
        "Key Vault Crypto Service Encryption User",
        &[
            "Microsoft.KeyVault/vaults/keys/read",
            "Microsoft.KeyVault/vaults/keys/wrap/action",
            "Microsoft.KeyVault/vaults/keys/unwrap/action",
        ],
    ),
    role("14b46e9e-c2b7-41b4-b07b-48a6ebf60603", "Key Vault Crypto Officer", &["Microsoft.KeyVault/vaults/keys/*"]),
];

/// A role by its id.
pub(crate) fn by_id(id: &str) -> Option<&'static Role> {
    ROLES.iter().find(|role| role.id.eq_ignore_ascii_case(id))
}

/// The actions of a role; `None` when there is no such role.
pub(super) fn actions(role: &str) -> Option<&'static [&'static str]> {
    ROLES.iter().find(|one| one.name.eq_ignore_ascii_case(role)).map(|one| one.actions)
}

/// All names.
pub(super) fn names() -> Vec<&'static str> {
    ROLES.iter().map(|one| one.name).collect()
}
