//! Front Door Standard and Premium (`Microsoft.Cdn/profiles`): resources, their rules, slow configuration, the edge.

mod actions;
pub(crate) mod caching;
mod calls;
pub(crate) mod choose;
mod conditions;
pub(crate) mod config;
pub(crate) mod kinds;
mod names;
pub(crate) mod rollout;
pub(crate) mod routing;
pub(crate) mod rules;
mod usage;
pub(crate) mod variables;
mod write;

use anyhow::Result;
use futures::future::BoxFuture;
use serde_json::Value;

pub(crate) use config::{Forwarding, Group, Origin, Probe, Profile, Route};
pub(crate) use kinds::{label, uuid};

use crate::arm::{ArmError, Call, ErrorStyle, Reply, ResourceId, ResourceType};
use crate::provider::{Background, Names, Provider};
use crate::world::World;

/// The profile's type.
pub(crate) const PROFILE: &str = "Microsoft.Cdn/profiles";
/// The type of an edge's host name.
pub(crate) const ENDPOINT: &str = "Microsoft.Cdn/profiles/afdEndpoints";

const VERSIONS: &[&str] = &[
    // Profiles are older than Front Door below them, and are listed by clients that know nothing of it.
    "2015-06-01",
    "2019-12-31",
    "2020-09-01",
    "2021-06-01",
    "2023-05-01",
    "2024-02-01",
    "2024-09-01",
    "2025-04-15",
    "2025-06-01",
    "2025-09-01-preview",
    "2025-12-01",
    "2026-10-01",
];

const fn kind(name: &'static str) -> ResourceType {
    ResourceType { name, versions: VERSIONS, errors: ErrorStyle::Wrapped }
}

const TYPES: &[ResourceType] = &[
    kind("Microsoft.Cdn/profiles"),
    kind("Microsoft.Cdn/profiles/*"),
    kind("Microsoft.Cdn/profiles/afdEndpoints/*"),
    kind("Microsoft.Cdn/profiles/originGroups/*"),
    kind("Microsoft.Cdn/profiles/originGroups/origins/*"),
    kind("Microsoft.Cdn/profiles/ruleSets/*"),
    kind("Microsoft.Cdn/profiles/customDomains/*"),
    kind("Microsoft.Cdn/checkNameAvailability"),
    kind("Microsoft.Cdn/checkEndpointNameAvailability"),
];

/// The service.
#[derive(Debug)]
pub(crate) struct FrontDoor;

impl Provider for FrontDoor {
    fn name(&self) -> &'static str {
        "Front Door"
    }

    fn types(&self) -> &'static [ResourceType] {
        TYPES
    }

    fn handle(&self, world: &mut World, call: &Call) -> Result<Reply, ArmError> {
        calls::handle(world, call)
    }

    fn completed(&self, world: &mut World, resource: &ResourceId, note: &Value) {
        actions::completed(world, resource, note);
        write::completed(world, resource, note);
    }

    fn names(&self) -> Option<&dyn Names> {
        Some(self)
    }

    fn start<'a>(&'a self, background: &'a Background) -> BoxFuture<'a, Result<()>> {
        Box::pin(crate::edge::start(background))
    }
}
