//! Application Gateway: written whole, started, stopped, asked for the health of what is behind it.

mod calls;
mod health;
pub(crate) mod shape;

use anyhow::Result;
use futures::future::BoxFuture;

use crate::arm::{ArmError, Call, ErrorStyle, Reply, ResourceType};
use crate::provider::{Background, Provider};
use crate::world::World;

/// The type as answers spell it.
pub(crate) const GATEWAY: &str = "Microsoft.Network/applicationGateways";

const VERSIONS: &[&str] = &[
    "2015-06-15",
    "2016-09-01",
    "2017-10-01",
    "2018-11-01",
    "2019-11-01",
    "2020-11-01",
    "2021-08-01",
    "2022-11-01",
    "2023-11-01",
    "2024-03-01",
    "2024-05-01",
    "2025-01-01",
    "2025-05-01",
    "2025-07-01",
    "2026-03-01",
];

const fn kind(name: &'static str) -> ResourceType {
    ResourceType { name, versions: VERSIONS, errors: ErrorStyle::Wrapped }
}

const TYPES: &[ResourceType] =
    &[kind("Microsoft.Network/applicationGateways"), kind("Microsoft.Network/applicationGateways/*")];

/// The service.
#[derive(Debug)]
pub(crate) struct ApplicationGateway;

impl Provider for ApplicationGateway {
    fn name(&self) -> &'static str {
        "Application Gateway"
    }

    fn types(&self) -> &'static [ResourceType] {
        TYPES
    }

    fn handle(&self, world: &mut World, call: &Call) -> Result<Reply, ArmError> {
        calls::handle(world, call)
    }

    fn start<'a>(&'a self, background: &'a Background) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            background.tasks.spawn(crate::probe::run::<health::Health>(background.clone()));
            Ok(())
        })
    }
}
