//! What can be put on any scope: management locks, role assignments, tags.

mod assignments;
pub(crate) mod locks;
mod tags;

use crate::arm::{ArmError, Call, ErrorStyle, Reply, ResourceType, Scope};
use crate::provider::Provider;
use crate::world::World;

pub(crate) use assignments::granted;

const fn kind(name: &'static str) -> ResourceType {
    ResourceType { name, versions: &["2015-01-01"], errors: ErrorStyle::Wrapped }
}

const TYPES: &[ResourceType] = &[
    kind(locks::LOCK),
    kind(assignments::ASSIGNMENT),
    kind(assignments::DEFINITION),
    kind(assignments::PERMISSIONS),
    kind(tags::TAGS),
];

/// The service.
#[derive(Debug)]
pub(crate) struct Authorization;

impl Provider for Authorization {
    fn name(&self) -> &'static str {
        "Locks, role assignments, tags"
    }

    fn types(&self) -> &'static [ResourceType] {
        TYPES
    }

    fn handle(&self, world: &mut World, call: &Call) -> Result<Reply, ArmError> {
        let kind = call.target.kind();
        let is = |known: &str| kind.eq_ignore_ascii_case(known);
        match () {
            () if is(locks::LOCK) => locks::handle(world, call),
            () if is(assignments::ASSIGNMENT) => assignments::handle(world, call),
            () if is(assignments::PERMISSIONS) => assignments::permissions(world, call),
            () if is(assignments::DEFINITION) => assignments::definitions(call),
            () => tags::handle(world, call),
        }
    }
}

/// Refuses what hangs on something that is not there.
fn need(world: &World, scope: &Scope) -> Result<(), ArmError> {
    match scope {
        Scope::Resource(id) if world.store.get(id).is_none() => Err(ArmError::not_found(id)),
        Scope::Group(subscription, group) if world.store.group(subscription.as_str(), group.as_str()).is_none() => {
            Err(ArmError::group_not_found(group.as_str()))
        }
        _ => Ok(()),
    }
}
