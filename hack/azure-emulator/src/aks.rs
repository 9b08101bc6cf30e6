//! AKS: managed clusters with their node resource group, power, credentials.

mod admin;
mod calls;
mod credentials;
mod pools;
mod reads;
pub(crate) mod shape;

use serde_json::Value;

use crate::arm::{ArmError, Call, ErrorStyle, Reply, ResourceId, ResourceType};
use crate::provider::{OtherCall, Provider};
use crate::world::World;

/// The type.
pub(crate) const CLUSTER: &str = "Microsoft.ContainerService/managedClusters";

const VERSIONS: &[&str] = &[
    "2017-08-31",
    "2018-03-31",
    "2019-06-01",
    "2020-02-01",
    "2021-05-01",
    "2022-09-01",
    "2023-10-01",
    "2024-05-01",
    "2024-10-01",
    "2025-01-01",
    "2025-02-01",
    "2025-05-01",
    "2025-10-01",
    "2026-03-01",
    "2026-06-01",
    "2026-08-01",
];

const fn kind(name: &'static str) -> ResourceType {
    ResourceType { name, versions: VERSIONS, errors: ErrorStyle::Wrapped }
}

const TYPES: &[ResourceType] = &[
    kind("Microsoft.ContainerService/managedClusters"),
    kind("Microsoft.ContainerService/managedClusters/agentPools"),
    kind("Microsoft.ContainerService/managedClusters/*"),
    kind("Microsoft.ContainerService/managedClusters/accessProfiles/*"),
    kind("Microsoft.ContainerService/managedClusters/agentPools/*"),
    kind("Microsoft.ContainerService/locations/*"),
];

/// The service.
#[derive(Debug)]
pub(crate) struct Aks;

impl Provider for Aks {
    fn name(&self) -> &'static str {
        "AKS"
    }

    fn types(&self) -> &'static [ResourceType] {
        TYPES
    }

    fn handle(&self, world: &mut World, call: &Call) -> Result<Reply, ArmError> {
        calls::handle(world, call)
    }

    fn other(&self, world: &mut World, call: &OtherCall<'_>) -> Option<Reply> {
        admin::other(world, call)
    }

    fn completed(&self, world: &mut World, resource: &ResourceId, note: &Value) {
        calls::completed(world, resource, note);
    }
}
