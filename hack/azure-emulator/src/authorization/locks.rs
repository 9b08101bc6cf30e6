//! Management locks, which are obeyed.

use http::{Method, StatusCode};
use serde_json::{Map, Value};

use super::need;
use crate::access::within;
use crate::arm::{ArmError, Call, Reply, Target, paging};
use crate::check::Problems;
use crate::world::{Resource, World};

/// The type.
pub(super) const LOCK: &str = "Microsoft.Authorization/locks";

/// Answers a call about locks.
pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, ArmError> {
    let id = match &call.target {
        Target::Resource(id) => id,
        Target::Below { scope, .. } if call.method == Method::GET => {
            let shown = world.store.list(scope, LOCK).into_iter().map(|lock| lock.render(LOCK, false)).collect();
            return paging::page(call, shown, world.settings.page_size);
        }
        target => return Err(ArmError::method(&call.method, &target.kind())),
    };
    let old = world.store.get(id).cloned();
    match call.method {
        Method::GET => old.map(|old| Reply::ok(old.render(LOCK, false))).ok_or_else(|| ArmError::not_found(id)),
        Method::PUT => {
            need(world, id.scope())?;
            let mut problems = Problems::default();
            problems.required(&call.body, "/properties/level");
            problems.one_of(&call.body, "/properties/level", &["CanNotDelete", "ReadOnly", "NotSpecified"]);
            problems.done().map_err(ArmError::from)?;
            let mut body = Map::new();
            body.insert("properties".to_owned(), Value::Object(call.properties()));
            let (saved, created) = world.save(id, body, Map::new());
            Ok(Reply::put(created, saved.render(LOCK, false)))
        }
        Method::DELETE => Ok(Reply::empty(if world.remove(id) { StatusCode::OK } else { StatusCode::NO_CONTENT })),
        _ => Err(ArmError::method(&call.method, LOCK)),
    }
}

/// Refuses what a lock forbids: one at or above the target, or, for a deletion, below it.
///
/// # Errors
/// 409.
pub(crate) fn check(world: &World, call: &Call) -> Result<(), ArmError> {
    let reading = matches!(call.method, Method::GET | Method::HEAD);
    let own = call.target.kind().to_ascii_lowercase().starts_with("microsoft.authorization/");
    if reading || own {
        return Ok(());
    }
    let path = call.target.scope().path();
    let deleting = call.method == Method::DELETE;
    let forbids = |lock: &Resource| {
        let scope = lock.id.scope().path();
        let only_reading = lock.property("level").as_str().is_some_and(|level| level.eq_ignore_ascii_case("ReadOnly"));
        (within(&scope, &path) || (deleting && within(&path, &scope))) && (deleting || only_reading)
    };
    let locks = world.store.all().filter(|one| one.id.is(LOCK) && forbids(one));
    let scopes: Vec<String> = locks.map(|lock| lock.id.scope().path()).collect();
    if scopes.is_empty() {
        return Ok(());
    }
    let verb = if deleting { "delete" } else { "write" };
    let text = format!(
        "The scope '{path}' cannot perform {verb} operation because following scope(s) are locked: '{}'. Please remove the lock \
         and try again.",
        scopes.join(",")
    );
    Err(ArmError::front(StatusCode::CONFLICT, "ScopeLocked", text))
}
