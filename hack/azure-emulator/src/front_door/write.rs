//! Writing and deleting what lies below a profile.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::kinds::{self, Kind};
use super::{rollout, usage};
use crate::arm::{ArmError, Call, Reply, ResourceId, Scope};
use crate::check::{is, merge, set, text};
use crate::world::{Effect, Resource, Status, Work, World};

/// Where operations are asked after.
pub(super) const OPERATIONS: &str = "Microsoft.Cdn/operationresults";
/// Where their results are, for clients that ask by `Location`: another segment, as the two are answered differently.
pub(super) const RESULTS: &str = "Microsoft.Cdn/afdoperationresults";
/// What the service owns in answers and never takes from bodies.
const OWNED: [&str; 6] = ["id", "name", "type", "etag", "systemData", "kind"];

/// A resource as the API answers it: ids and types in lower case below the profile.
pub(super) fn render(kind: Kind, resource: &Resource) -> Value {
    let mut shown = resource.render(&kind.answered(), false);
    let id = resource.id.spelled(&kind.answered()).to_string().replacen("/resourceGroups/", "/resourcegroups/", 1);
    set(&mut shown, "id", id);
    shown
}

/// The profile that a resource belongs to.
pub(super) fn profile_of(id: &ResourceId) -> ResourceId {
    let mut id = id.clone();
    while let Some(parent) = id.parent() {
        id = parent;
    }
    id
}

/// The resources of a profile as the API knows them.
pub(super) fn resources(world: &World, profile: &ResourceId) -> usage::Resources {
    let scope = Scope::Resource(Box::new(profile.clone()));
    let mut all: BTreeMap<String, Value> =
        world.store.below(&scope).map(|one| (one.id.key(), Value::Object(one.body.clone()))).collect();
    if let Some(own) = world.store.get(profile) {
        all.insert(own.id.key(), Value::Object(own.body.clone()));
    }
    all
}

/// PUT: the whole resource.
///
/// # Errors
/// The refusal.
pub(super) fn put(world: &mut World, call: &Call, id: &ResourceId, kind: Kind) -> Result<Reply, ArmError> {
    if let Some(parent) = id.parent()
        && world.store.get(&parent).is_none()
    {
        return Err(ArmError::parent_not_found(&parent));
    }
    let old = world.store.get(id).cloned();
    let mut body = call.body.clone();
    disown(&mut body);
    // The host name is given once and stays.
    for (pointer, key) in [("/properties/hostName", "hostName"), ("/properties/frontDoorId", "frontDoorId")] {
        let given = old.as_ref().and_then(|old| text(&Value::Object(old.body.clone()), pointer).map(str::to_owned));
        if let Some(given) = given.filter(|_| matches!(kind, Kind::Endpoint | Kind::Profile)) {
            if !body.get("properties").is_some_and(Value::is_object) {
                set(&mut body, "properties", json!({}));
            }
            set(&mut body["properties"], key, given);
        }
    }
    let verb = if old.is_some() { "Update" } else { "Create" };
    save(world, call, id, kind, body, verb)
}

/// PATCH: what the body names.
///
/// # Errors
/// The refusal.
pub(super) fn patch(world: &mut World, call: &Call, id: &ResourceId, kind: Kind) -> Result<Reply, ArmError> {
    let old = world.store.get(id).cloned().ok_or_else(|| ArmError::not_found(id))?;
    let mut patch = call.body.clone();
    disown(&mut patch);
    let mut body = Value::Object(old.body.clone());
    let host = text(&body, "/properties/hostName").map(str::to_owned);
    merge(&mut body, &patch);
    if kind == Kind::Endpoint {
        set(&mut body["properties"], "hostName", host.clone().unwrap_or_default());
    }
    if kind == Kind::CustomDomain && text(&body, "/properties/hostName") != host.as_deref() {
        return Err(ArmError::bad("BadRequest", "The host name of a custom domain can't change."));
    }
    save(world, call, id, kind, body, "Update")
}

/// The service's own values are not taken from bodies.
fn disown(body: &mut Value) {
    let Some(map) = body.as_object_mut() else { return };
    map.retain(|key, _| !OWNED.contains(&key.as_str()));
    if let Some(properties) = map.get_mut("properties").and_then(Value::as_object_mut) {
        for owned in ["provisioningState", "deploymentStatus"] {
            properties.remove(owned);
        }
    }
}

fn save(
    world: &mut World,
    call: &Call,
    id: &ResourceId,
    kind: Kind,
    mut body: Value,
    verb: &'static str,
) -> Result<Reply, ArmError> {
    let id = &id.spelled(&format!("Microsoft.Cdn/{}", kind.path()));
    let parent = id.parent().map(|parent| parent.name().to_owned()).unwrap_or_default();
    kinds::fill(kind, &mut body, id.name(), &parent, &id.key());
    kinds::check(kind, &body).done().map_err(ArmError::from)?;
    check_whole(world, id, kind, &body)?;
    let running = if verb == "Create" { "Creating" } else { "Updating" };
    set(&mut body["properties"], "provisioningState", running);
    let effective = rollout::arrival(world, &profile_of(id), &id.kind());
    let body = body.as_object().cloned().unwrap_or_default();
    let (_, created) = world.save_at(id, body, Map::new(), effective);
    let state = |value: &str| Effect::Set {
        id: id.clone(),
        pointer: "/properties/provisioningState".to_owned(),
        value: value.into(),
    };
    let begun = world.begin(
        call,
        Work {
            resource: id.clone(),
            verb,
            effects: vec![state("Succeeded")],
            on_failure: vec![state("Failed")],
            result: None,
            duration: None,
            status_path: OPERATIONS,
            result_path: RESULTS,
            group_scoped: true,
        },
    );
    let saved = world.store.get(id).cloned().ok_or_else(|| ArmError::not_found(id))?;
    let shown = render(kind, &saved);
    Ok(match begun.status {
        Status::Succeeded => Reply::put(created, shown),
        _ if created => Reply::json(StatusCode::CREATED, shown).with_async(&begun),
        _ => Reply::json(StatusCode::ACCEPTED, shown).with_async(&begun),
    })
}

/// What depends on the rest of the profile.
fn check_whole(world: &World, id: &ResourceId, kind: Kind, body: &Value) -> Result<(), ArmError> {
    let all = resources(world, &profile_of(id));
    let refused = match kind {
        Kind::Route => usage::route_refused(&all, &id.key(), body),
        Kind::Origin if is(body, "/properties/enabledState", "Disabled") => usage::last_origin(&all, &id.key()),
        Kind::Rule => super::rules::groups_of(body)
            .into_iter()
            .find(|group| !all.contains_key(group))
            .map(|group| format!("The origin group '{group}' doesn't exist in this profile.")),
        _ => None,
    };
    match refused {
        Some(why) => Err(ArmError::bad("BadRequest", why)),
        None if kind == Kind::CustomDomain => host_is_free(world, id, body),
        None => Ok(()),
    }
}

/// A custom host name belongs to one profile only.
fn host_is_free(world: &World, id: &ResourceId, body: &Value) -> Result<(), ArmError> {
    let host = text(body, "/properties/hostName").unwrap_or_default();
    let taken = world.store.all().any(|other| {
        other.id.is("Microsoft.Cdn/profiles/customDomains")
            && other.id != *id
            && other.property("hostName").as_str().is_some_and(|taken| taken.eq_ignore_ascii_case(host))
    });
    if taken {
        return Err(ArmError::conflict(
            "Conflict",
            format!("The host name '{host}' is used by another custom domain already."),
        ));
    }
    Ok(())
}

/// DELETE.
///
/// # Errors
/// When something uses it.
pub(super) fn delete(world: &mut World, call: &Call, id: &ResourceId, kind: Kind) -> Result<Reply, ArmError> {
    if world.store.get(id).is_none() {
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    }
    let all = resources(world, &profile_of(id));
    let key = id.key();
    let in_use = |what: &str, users: Vec<String>| {
        (!users.is_empty()).then(|| {
            format!("The {what} '{}' is in use and can't be deleted. Used by: {}.", id.name(), users.join(", "))
        })
    };
    let refused = match kind {
        Kind::Origin => usage::last_origin(&all, &key),
        Kind::OriginGroup => in_use("origin group", usage::users_of_group(&all, &key)),
        Kind::RuleSet => in_use("rule set", usage::routes_with(&all, "/properties/ruleSets", &key)),
        Kind::CustomDomain => in_use("custom domain", usage::routes_with(&all, "/properties/customDomains", &key)),
        _ => None,
    };
    if let Some(why) = refused {
        return Err(ArmError::conflict("Conflict", why));
    }
    let set = |value: &str| Effect::Set {
        id: id.clone(),
        pointer: "/properties/provisioningState".to_owned(),
        value: value.into(),
    };
    let begun = world.begin(
        call,
        Work {
            resource: id.clone(),
            verb: "Delete",
            effects: vec![Effect::Provider { id: id.clone(), note: json!({"deleted": true}) }],
            on_failure: vec![set("Failed")],
            result: None,
            duration: None,
            status_path: OPERATIONS,
            result_path: RESULTS,
            group_scoped: true,
        },
    );
    // A profile's end is always an operation: clients of older versions know no 200 there.
    if begun.status == Status::Succeeded && kind != Kind::Profile {
        return Ok(Reply::empty(StatusCode::OK));
    }
    if let Some(old) = world.store.get(id).cloned() {
        let mut gone = (*old).clone();
        if let Some(properties) = gone.body.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert("provisioningState".to_owned(), "Deleting".into());
        }
        world.store.amend(gone);
    }
    Ok(Reply::empty(StatusCode::ACCEPTED).with_async(&begun).with_location(&begun))
}

/// A deletion's operation has ended: the edges hear of it in their turn.
pub(super) fn completed(world: &mut World, id: &ResourceId, note: &Value) {
    if note.get("deleted").is_none() {
        return;
    }
    let effective = rollout::arrival(world, &profile_of(id), &id.kind());
    let now = world.now();
    world.store.delete(id, now, effective);
    world.touch();
}
