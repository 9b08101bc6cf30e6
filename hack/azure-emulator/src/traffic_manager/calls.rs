//! Which call is which.

use http::Method;
use serde_json::{Value, json};

use super::{PROFILE, endpoints, measured, profiles, shape, view};
use crate::arm::{ArmError, Call, Reply, Target, paging};
use crate::check::text;
use crate::world::World;

/// Answers one call.
///
/// # Errors
/// The refusal.
pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, ArmError> {
    match &call.target {
        Target::Resource(id) if id.depth() == 1 && id.is(PROFILE) => profiles::handle(world, call, id),
        Target::Resource(id) if id.is(measured::KEY) => measured::key(world, call, id),
        Target::Resource(id) if id.is(measured::HEAT_MAP) => measured::heat_map(world, call, id),
        Target::Resource(id) if id.depth() == 2 => match shape::kind(id.last_kind()) {
            Some(kind) => endpoints::handle(world, call, id, kind),
            None => Err(ArmError::method(&call.method, &id.kind())),
        },
        Target::Resource(id)
            if call.method == Method::GET && id.is("Microsoft.Network/trafficManagerGeographicHierarchies") =>
        {
            Ok(Reply::ok(json!({
                "id": id.to_string(), "name": id.name(), "type": "Microsoft.Network/trafficManagerGeographicHierarchies",
                "properties": {"geographicHierarchy": {"code": "WORLD", "name": "World", "regions": regions()}},
            })))
        }
        Target::Below { kind, .. } if call.method == Method::POST && is_check(kind) => check_name(world, call),
        Target::Below { scope, kind, .. } if call.method == Method::GET && kind.eq_ignore_ascii_case(PROFILE) => {
            let found: Vec<_> = world.store.list(scope, PROFILE).into_iter().cloned().collect();
            let shown = found.iter().map(|profile| view::render(world, profile)).collect();
            paging::page(call, shown, world.settings.page_size)
        }
        target => Err(ArmError::method(&call.method, &target.kind())),
    }
}

/// The groups of countries that endpoints can be mapped to. Countries and states are accepted in a mapping and not listed.
fn regions() -> Vec<Value> {
    let groups = [
        ("GEO-AF", "Africa"),
        ("GEO-AP", "Australia / Pacific"),
        ("GEO-AS", "Asia"),
        ("GEO-EU", "Europe"),
        ("GEO-ME", "Middle East"),
        ("GEO-NA", "North America / Central America / Caribbean"),
        ("GEO-SA", "South America"),
    ];
    groups.map(|(code, name)| json!({"code": code, "name": name, "regions": []})).into()
}

fn is_check(kind: &str) -> bool {
    ["checkTrafficManagerNameAvailability", "checkTrafficManagerNameAvailabilityV2"]
        .iter()
        .any(|name| kind.eq_ignore_ascii_case(&format!("Microsoft.Network/{name}")))
}

fn check_name(world: &World, call: &Call) -> Result<Reply, ArmError> {
    let name = text(&call.body, "/name").filter(|name| !name.is_empty());
    let name =
        name.ok_or_else(|| ArmError::bad("BadRequest", "The body must name what shall be checked: name, type."))?;
    let mut answer = json!({"name": name, "type": PROFILE, "nameAvailable": true});
    if profiles::owner_of(world, name, None).is_some() {
        answer["nameAvailable"] = false.into();
        answer["reason"] = "AlreadyExists".into();
        answer["message"] = profiles::taken(name).into();
    }
    Ok(Reply::ok(answer))
}
