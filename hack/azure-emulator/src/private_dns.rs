//! Azure Private DNS: private zones, their links to networks, their record sets.

mod links;
mod zones;

use crate::arm::{ArmError, Call, ErrorStyle, Reply, ResourceId, ResourceType, Scope, Target};
use crate::dns_records::{Flavor, lists, sets};
use crate::provider::Provider;
use crate::world::World;

/// The service.
#[derive(Debug)]
pub(crate) struct PrivateDns;

const VERSIONS: &[&str] = &["2018-09-01", "2020-01-01", "2020-06-01", "2024-06-01"];

const fn kind(name: &'static str) -> ResourceType {
    ResourceType { name, versions: VERSIONS, errors: ErrorStyle::ThrottleAsString }
}

const TYPES: &[ResourceType] =
    &[kind("Microsoft.Network/privateDnsZones"), kind("Microsoft.Network/privateDnsZones/*")];

/// Last segments of the URLs of this service's operations.
const STATUS: &str = "Microsoft.Network/privateDnsOperationStatuses";
const RESULT: &str = "Microsoft.Network/privateDnsOperationResults";

impl Provider for PrivateDns {
    fn name(&self) -> &'static str {
        "Azure Private DNS"
    }

    fn types(&self) -> &'static [ResourceType] {
        TYPES
    }

    fn handle(&self, world: &mut World, call: &Call) -> Result<Reply, ArmError> {
        match &call.target {
            Target::Resource(id) if id.depth() == 1 => zones::handle(world, call, id),
            Target::Resource(id) if id.last_kind().eq_ignore_ascii_case(links::KIND) => links::handle(world, call, id),
            Target::Resource(id) => sets::handle(Flavor::Private, world, call, id),
            Target::Below { scope: Scope::Resource(zone), last, .. } if last.eq_ignore_ascii_case(links::KIND) => {
                links::list(world, call, zone)
            }
            Target::Below { scope: Scope::Resource(zone), last, .. } => {
                lists::handle(Flavor::Private, world, call, zone, last)
            }
            _ => zones::list(world, call),
        }
    }
    fn completed(&self, world: &mut World, resource: &ResourceId, _note: &serde_json::Value) {
        links::recount(world, resource);
    }
}
