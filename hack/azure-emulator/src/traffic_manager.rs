//! Traffic Manager: profiles and their endpoints, real probes, answers in DNS.

pub(crate) mod answer;
mod calls;
mod endpoints;
pub(crate) mod health;
mod measured;
mod names;
mod probing;
mod profiles;
pub(crate) mod shape;
mod view;

use anyhow::Result;
use futures::future::BoxFuture;

pub(crate) use answer::by_weight;

use crate::arm::{ArmError, Call, ErrorStyle, Reply, ResourceType};
use crate::provider::{Background, Names, Provider};
use crate::world::World;

/// The type as answers spell it.
pub(crate) const PROFILE: &str = "Microsoft.Network/trafficManagerProfiles";
/// Below which all profiles' names lie.
pub(crate) const DOMAIN: &str = "trafficmanager.net";

const VERSIONS: &[&str] = &[
    "2015-11-01",
    "2017-03-01",
    "2017-05-01",
    "2018-02-01",
    "2018-03-01",
    "2018-04-01",
    "2018-08-01",
    "2022-04-01-preview",
    "2022-04-01",
    "2024-04-01-preview",
    "2026-09-01",
];

const fn kind(name: &'static str) -> ResourceType {
    ResourceType { name, versions: VERSIONS, errors: ErrorStyle::Wrapped }
}

const TYPES: &[ResourceType] = &[
    kind("Microsoft.Network/trafficManagerProfiles"),
    kind("Microsoft.Network/trafficManagerProfiles/*"),
    kind("Microsoft.Network/checkTrafficManagerNameAvailability"),
    kind("Microsoft.Network/checkTrafficManagerNameAvailabilityV2"),
    kind("Microsoft.Network/trafficManagerGeographicHierarchies"),
    kind("Microsoft.Network/trafficManagerUserMetricsKeys"),
];

/// The service.
#[derive(Debug)]
pub(crate) struct TrafficManager;

impl Provider for TrafficManager {
    fn name(&self) -> &'static str {
        "Traffic Manager"
    }

    fn types(&self) -> &'static [ResourceType] {
        TYPES
    }

    fn handle(&self, world: &mut World, call: &Call) -> Result<Reply, ArmError> {
        calls::handle(world, call)
    }

    fn names(&self) -> Option<&dyn Names> {
        Some(self)
    }

    fn start<'a>(&'a self, background: &'a Background) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            background.tasks.spawn(crate::probe::run::<health::Probing>(background.clone()));
            Ok(())
        })
    }
}
