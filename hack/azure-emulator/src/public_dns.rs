//! Azure DNS: public zones and their record sets.

mod references;
mod zones;

pub(crate) use zones::{must_be_global, tags};

use crate::arm::{ArmError, Call, ErrorStyle, Reply, ResourceType, Scope, Target};
use crate::dns_records::{Flavor, lists, sets};
use crate::provider::Provider;
use crate::world::World;

/// The service.
#[derive(Debug)]
pub(crate) struct PublicDns;

const VERSIONS: &[&str] = &[
    "2015-05-04-preview",
    "2016-04-01",
    "2017-09-01",
    "2017-09-15-preview",
    "2017-10-01",
    "2018-03-01-preview",
    "2018-05-01",
    "2023-07-01-preview",
];

const fn kind(name: &'static str) -> ResourceType {
    ResourceType { name, versions: VERSIONS, errors: ErrorStyle::Bare }
}

const TYPES: &[ResourceType] = &[
    kind("Microsoft.Network/dnsZones"),
    kind("Microsoft.Network/dnsZones/*"),
    kind("Microsoft.Network/getDnsResourceReference"),
];

impl Provider for PublicDns {
    fn name(&self) -> &'static str {
        "Azure DNS"
    }

    fn types(&self) -> &'static [ResourceType] {
        TYPES
    }

    fn handle(&self, world: &mut World, call: &Call) -> Result<Reply, ArmError> {
        match &call.target {
            Target::Resource(id) if id.depth() == 1 => zones::handle(world, call, id),
            Target::Resource(id) => sets::handle(Flavor::Public, world, call, id),
            Target::Below { scope: Scope::Resource(zone), last, .. } => {
                lists::handle(Flavor::Public, world, call, zone, last)
            }
            Target::Below { last, .. } if last.eq_ignore_ascii_case("getDnsResourceReference") => {
                references::handle(world, call)
            }
            _ => zones::list(world, call),
        }
    }
}
