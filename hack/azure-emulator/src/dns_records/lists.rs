//! Many record sets: lists, counts, aliases.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Flavor, sets, validate};
use crate::arm::{ArmError, Call, Reply, ResourceId, Scope, paging};
use crate::world::{Resource, World};

/// Answers a list of a zone's sets: all of them, or those of one type.
pub(crate) fn handle(
    flavor: Flavor,
    world: &mut World,
    call: &Call,
    zone: &ResourceId,
    last: &str,
) -> Result<Reply, ArmError> {
    if call.method != http::Method::GET {
        return Err(ArmError::method(&call.method, &call.target.kind()));
    }
    let all = last.eq_ignore_ascii_case("all") || (flavor == Flavor::Public && last.eq_ignore_ascii_case("recordsets"));
    let kind = flavor.kind(last);
    if !all && kind.is_none() {
        return Err(ArmError::bad("BadRequest", format!("The record type '{last}' is not supported.")));
    }
    if world.store.get(zone).is_none() {
        return Err(ArmError::parent_not_found(&zone.spelled(flavor.zone())));
    }
    let suffix = call.query("$recordsetnamesuffix").map(str::to_ascii_lowercase).filter(|suffix| !suffix.is_empty());
    let ends = |name: &str| suffix.as_ref().is_none_or(|suffix| name.to_ascii_lowercase().ends_with(suffix));
    let mut shown: Vec<((bool, String), usize, Value)> = sets_of(flavor, world, zone)
        .filter(|one| ends(one.id.name()))
        .filter_map(|one| {
            let own = flavor.kind(one.id.last_kind())?;
            let wanted = kind.is_none_or(|kind| kind.name == own.name);
            let name = one.id.name().to_ascii_lowercase();
            wanted.then(|| ((name != "@", name), own.name.len(), sets::show(flavor, own, one)))
        })
        .collect();
    // By name, the apex before all: whoever makes a zone file of a list wants its SOA first.
    shown.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
    paging::page(call, shown.into_iter().map(|(_, _, value)| value).collect(), world.settings.page_size)
}

/// The sets of a zone.
fn sets_of<'a>(
    flavor: Flavor,
    world: &'a World,
    zone: &ResourceId,
) -> impl Iterator<Item = &'a Arc<Resource>> + use<'a> {
    world
        .store
        .below(&Scope::Resource(Box::new(zone.clone())))
        .filter(move |one| one.id.depth() == 2 && flavor.kind(one.id.last_kind()).is_some())
}

/// How many sets a zone has.
pub(crate) fn count(flavor: Flavor, world: &World, zone: &ResourceId) -> usize {
    match world.store.get(zone).and_then(|zone| zone.property("numberOfRecordSets").as_u64()) {
        Some(count) => usize::try_from(count).unwrap_or(usize::MAX),
        None => sets_of(flavor, world, zone).count(),
    }
}

/// Writes a changed count into the zone, without touching its etag.
pub(crate) fn recount(flavor: Flavor, world: &mut World, zone: &ResourceId, more: bool) {
    let count = count(flavor, world, zone);
    let count = if more { count + 1 } else { count.saturating_sub(1) };
    world.set(zone, "/properties/numberOfRecordSets", json!(count));
}

/// Alias sets of public zones with what they point at.
fn aliases(world: &World) -> impl Iterator<Item = (&Arc<Resource>, ResourceId)> {
    world.store.all().filter_map(|one| {
        let target = validate::alias(one.properties())?;
        let public = one.id.depth() == 2 && one.id.parent().is_some_and(|zone| zone.is(Flavor::Public.zone()));
        public.then(|| ResourceId::parse(target).ok().map(|target| (one, target))).flatten()
    })
}

/// Alias sets that point at a resource.
pub(crate) fn aliases_of(world: &World, target: &ResourceId) -> Vec<ResourceId> {
    aliases(world).filter(|(_, points)| points == target).map(|(one, _)| one.id.clone()).collect()
}

/// Resources are gone: alias sets that pointed at them become empty.
pub(crate) fn empty_aliases(world: &mut World, gone: &HashSet<ResourceId>) {
    let emptied: Vec<(ResourceId, Map<String, Value>)> = aliases(world)
        .filter(|(_, points)| gone.contains(points))
        .map(|(one, _)| (one.id.clone(), one.body.clone()))
        .collect();
    for (id, mut body) in emptied {
        if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert("targetResource".to_owned(), json!({}));
        }
        world.save(&id, body, Map::new());
    }
}
