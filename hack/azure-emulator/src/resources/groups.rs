//! Resource groups.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::filter::{Facts, Filter};
use crate::arm::{ArmError, Call, Reply, ResourceId, Scope, Target, paging};
use crate::world::{Effect, Group, Resource, Work, World};

/// Refuses a call about something in a group that does not exist, where groups don't spring into being.
///
/// # Errors
/// 404.
pub(crate) fn need_group(world: &World, call: &Call) -> Result<(), ArmError> {
    let scope = call.target.scope();
    match (scope.subscription(), scope.group()) {
        (Some(subscription), Some(group))
            if world.settings.strict_groups && world.store.group(subscription, group).is_none() =>
        {
            Err(ArmError::group_not_found(group))
        }
        _ => Ok(()),
    }
}

/// Nothing was found because not even the group is there: that is what the resource manager says then.
pub(crate) fn or_no_group(world: &World, call: &Call, error: ArmError) -> ArmError {
    let scope = call.target.scope();
    match (scope.subscription(), scope.group()) {
        (Some(subscription), Some(group))
            if error.from_front
                && ["ResourceNotFound", "ParentResourceNotFound"].contains(&error.code.as_str())
                && world.store.group(subscription, group).is_none() =>
        {
            ArmError::group_not_found(group)
        }
        _ => error,
    }
}

/// As ARM shows a group.
pub(super) fn render(group: &Group) -> Value {
    json!({
        "id": format!("/subscriptions/{}/resourceGroups/{}", group.subscription, group.name),
        "name": group.name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": group.location,
        "tags": group.tags,
        "properties": { "provisioningState": "Succeeded" },
    })
}

/// Answers a call about one group.
pub(super) fn handle(world: &mut World, call: &Call, subscription: &str, name: &str) -> Result<Reply, ArmError> {
    let there = world.store.group(subscription, name).cloned();
    match (call.method.as_str(), there) {
        ("GET", Some(group)) => Ok(Reply::ok(render(&group))),
        ("HEAD", Some(_)) => Ok(Reply::empty(StatusCode::NO_CONTENT)),
        ("PUT", there) => put(world, call, subscription, name, there),
        ("PATCH", Some(mut group)) => {
            if let Some(tags) = call.body.get("tags").and_then(Value::as_object) {
                group.tags = tags.clone();
            }
            world.store.put_group(group.clone());
            world.touch();
            Ok(Reply::ok(render(&group)))
        }
        ("DELETE", Some(group)) => Ok(delete(world, call, &group)),
        ("GET" | "HEAD" | "PATCH" | "DELETE", None) => Err(ArmError::group_not_found(name)),
        _ => Err(ArmError::method(&call.method, &call.target.kind())),
    }
}

fn put(
    world: &mut World,
    call: &Call,
    subscription: &str,
    name: &str,
    there: Option<Group>,
) -> Result<Reply, ArmError> {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.()".contains(&byte) || byte >= 0x80;
    if name.len() > 90 || name.ends_with('.') || !name.bytes().all(valid) {
        let text = format!(
            "The provided resource group name '{name}' is not valid: letters, digits, '-', '_', '.', '(' and ')', at most \
             90 of them, no '.' at the end."
        );
        return Err(ArmError::front(StatusCode::BAD_REQUEST, "InvalidResourceGroup", text));
    }
    let Some(location) = call.body.get("location").and_then(Value::as_str) else {
        let text = "The location property is required for this definition.";
        return Err(ArmError::front(StatusCode::BAD_REQUEST, "LocationRequired", text));
    };
    let plain = location.replace(' ', "").to_ascii_lowercase();
    if let Some(there) = &there
        && there.location != plain
    {
        let text = format!(
            "Invalid resource group location '{plain}'. The Resource group already exists in location '{}'.",
            there.location,
        );
        return Err(ArmError::front(StatusCode::CONFLICT, "InvalidResourceGroupLocation", text));
    }
    let created = there.is_none();
    let spelled = there.unwrap_or_else(|| Group {
        subscription: subscription.to_owned(),
        name: name.to_owned(),
        location: plain,
        tags: Map::new(),
    });
    let tags = call.body.get("tags").and_then(Value::as_object).cloned().unwrap_or_default();
    let group = Group { tags, ..spelled };
    world.store.put_group(group.clone());
    world.touch();
    Ok(Reply::put(created, render(&group)))
}

/// Deletes a group with all in it. The group's own name goes at once, so that nothing is put in it meanwhile.
fn delete(world: &mut World, call: &Call, group: &Group) -> Reply {
    let scope = call.target.scope();
    let tops: Vec<ResourceId> =
        world.store.below(&scope).map(|one| one.id.clone()).filter(|id| id.depth() == 1).collect();
    world.store.delete_group(&group.subscription, &group.name);
    let resource = ResourceId::new(
        Scope::Subscription(crate::arm::id::Caseless::new(&group.subscription)),
        "Microsoft.Resources",
        "resourceGroups",
        &group.name,
    );
    let begun = world.begin(
        call,
        Work {
            resource,
            verb: "Delete",
            effects: tops.into_iter().map(|id| Effect::Delete { id }).collect(),
            on_failure: Vec::new(),
            result: None,
            duration: None,
            status_path: "Microsoft.Resources/operationstatuses",
            result_path: "Microsoft.Resources/operationresults",
            group_scoped: false,
        },
    );
    Reply::empty(StatusCode::ACCEPTED).with_location(&begun)
}

/// The groups of a subscription that pass the filter.
pub(super) fn list(world: &World, call: &Call, subscription: &str) -> Result<Reply, ArmError> {
    let filter = Filter::of(call)?;
    let passes = |group: &&Group| {
        filter.passes(&Facts {
            kind: "Microsoft.Resources/subscriptions/resourceGroups".to_owned(),
            name: &group.name,
            group: &group.name,
            location: &group.location,
            tags: Some(&group.tags),
        })
    };
    let all = world.store.groups(Some(subscription)).filter(passes).map(render).collect();
    paging::page(call, all, world.settings.page_size)
}

/// The top-level resources of a group or a subscription that pass the filter.
pub(super) fn resources(world: &World, call: &Call) -> Result<Reply, ArmError> {
    if call.method != Method::GET {
        return Err(ArmError::method(&call.method, "Microsoft.Resources/resources"));
    }
    let filter = Filter::of(call)?;
    let scope = match &call.target {
        Target::Group(subscription, group, _) => Scope::Group(subscription.clone(), group.clone()),
        other => other.scope(),
    };
    let passes = |one: &&Arc<Resource>| {
        // What hangs on a scope, such as a lock, is no resource of its own.
        let own = one.id.depth() == 1 && !one.id.namespace().eq_ignore_ascii_case("Microsoft.Authorization");
        own && filter.passes(&Facts {
            kind: one.id.kind(),
            name: one.id.name(),
            group: one.id.group().unwrap_or_default(),
            location: one.body.get("location").and_then(Value::as_str).unwrap_or_default(),
            tags: one.body.get("tags").and_then(Value::as_object),
        })
    };
    let all: Vec<Value> = world
        .store
        .below(&scope)
        .filter(passes)
        .map(|one| {
            let mut value = json!({"id": one.id.to_string(), "name": one.id.name(), "type": one.id.kind()});
            for name in ["location", "tags", "sku", "kind", "identity"] {
                if let Some(own) = one.body.get(name) {
                    value[name] = own.clone();
                }
            }
            value
        })
        .collect();
    paging::page(call, all, world.settings.page_size)
}
