//! Virtual networks and their subnets: a subnet is a resource of its own and is shown, and written, within its network too.

use serde_json::{Value, json};

use super::render;
use crate::arm::{ArmError, ResourceId, Scope};
use crate::check::{set, text};
use crate::world::{Resource, World};

/// The type.
pub(super) const NETWORK: &str = "Microsoft.Network/virtualNetworks";
const SUBNET: &str = "Microsoft.Network/virtualNetworks/subnets";

/// Takes the subnets out of a network's body. `None` when it says nothing about them.
///
/// # Errors
/// 400 for a subnet without a name.
pub(super) fn taken_out(body: &mut Value) -> Result<Option<Vec<(String, Value)>>, ArmError> {
    let given = body.get_mut("properties").and_then(Value::as_object_mut).and_then(|all| all.remove("subnets"));
    let Some(Value::Array(given)) = given else { return Ok(None) };
    let named = |subnet: Value| match text(&subnet, "/name").map(str::to_owned) {
        Some(name) if !name.is_empty() && !name.contains('/') => Ok((name, subnet)),
        _ => Err(ArmError::bad("InvalidRequestFormat", "Every subnet of a virtual network has a name.")),
    };
    given.into_iter().map(named).collect::<Result<_, _>>().map(Some)
}

/// Makes a network's subnets those that are given.
pub(super) fn put_in(world: &mut World, network: &ResourceId, given: Vec<(String, Value)>) {
    let there: Vec<ResourceId> = of(world, network).into_iter().map(|one| one.id.clone()).collect();
    for old in there.iter().filter(|old| !given.iter().any(|(name, _)| old.name().eq_ignore_ascii_case(name))) {
        world.remove(old);
    }
    for (name, subnet) in given {
        super::store(world, &network.child("subnets", &name), subnet);
    }
}

/// Shows the subnets in their network.
pub(super) fn show(world: &World, network: &ResourceId, shown: &mut Value) {
    let subnets: Vec<Value> = of(world, network).into_iter().map(|one| render(world, one)).collect();
    if !shown.get("properties").is_some_and(Value::is_object) {
        set(shown, "properties", json!({}));
    }
    set(&mut shown["properties"], "subnets", subnets);
}

fn of<'a>(world: &'a World, network: &ResourceId) -> Vec<&'a Resource> {
    let scope = Scope::Resource(Box::new(network.clone()));
    world.store.list(&scope, SUBNET).into_iter().map(AsRef::as_ref).collect()
}
