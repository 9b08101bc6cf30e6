//! Tags as a resource of their own: those of a group or of a resource, all at once or some.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::need;
use crate::arm::{ArmError, Call, Reply, Scope, Target};
use crate::check::text;
use crate::world::World;

/// The type; there is one of the name `default` for everything that has tags.
pub(super) const TAGS: &str = "Microsoft.Resources/tags";

/// Answers a call about somebody's tags.
pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, ArmError> {
    let Target::Resource(id) = &call.target else { return Err(ArmError::method(&call.method, TAGS)) };
    let scope = id.scope();
    if !id.name().eq_ignore_ascii_case("default") || !matches!(scope, Scope::Group(..) | Scope::Resource(_)) {
        return Err(ArmError::not_found(id));
    }
    need(world, scope)?;
    let old = of(world, scope);
    let given = call.body.pointer("/properties/tags").and_then(Value::as_object).cloned();
    let needed = || given.clone().ok_or_else(|| ArmError::bad("InvalidRequestContent", "properties.tags is required."));
    let tags = match call.method {
        Method::GET => old,
        Method::PUT => write(world, scope, needed()?),
        Method::DELETE => {
            write(world, scope, Map::new());
            return Ok(Reply::empty(StatusCode::OK));
        }
        Method::PATCH => {
            let given = needed()?;
            let changed = match text(&call.body, "/operation").unwrap_or_default().to_ascii_lowercase().as_str() {
                "replace" => given,
                "merge" => old.into_iter().chain(given).collect(),
                "delete" => old.into_iter().filter(|(name, value)| given.get(name) != Some(value)).collect(),
                other => {
                    let text = format!("The operation '{other}' is none of Merge, Replace and Delete.");
                    return Err(ArmError::bad("InvalidRequestContent", text));
                }
            };
            write(world, scope, changed)
        }
        _ => return Err(ArmError::method(&call.method, TAGS)),
    };
    Ok(Reply::ok(json!({"id": id.to_string(), "name": "default", "type": TAGS, "properties": {"tags": tags}})))
}

fn of(world: &World, scope: &Scope) -> Map<String, Value> {
    match scope {
        Scope::Group(subscription, group) => {
            world.store.group(subscription.as_str(), group.as_str()).map(|group| group.tags.clone()).unwrap_or_default()
        }
        Scope::Resource(id) => {
            let one = world.store.get(id);
            one.and_then(|one| one.body.get("tags")?.as_object().cloned()).unwrap_or_default()
        }
        _ => Map::new(),
    }
}

fn write(world: &mut World, scope: &Scope, tags: Map<String, Value>) -> Map<String, Value> {
    match scope {
        Scope::Group(subscription, group) => {
            if let Some(mut group) = world.store.group(subscription.as_str(), group.as_str()).cloned() {
                group.tags.clone_from(&tags);
                world.store.put_group(group);
                world.touch();
            }
        }
        Scope::Resource(id) => {
            if let Some(one) = world.store.get(id).cloned() {
                let mut body = one.body.clone();
                body.insert("tags".to_owned(), Value::Object(tags.clone()));
                world.save(&one.id, body, one.hidden.clone());
            }
        }
        _ => {}
    }
    tags
}
