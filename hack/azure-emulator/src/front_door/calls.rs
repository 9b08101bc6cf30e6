//! Which call is which.

use http::Method;

use super::kinds::Kind;
use super::{actions, write};
use crate::arm::{ArmError, Call, Reply, Scope, Target, paging};
use crate::world::{Resource, World};

/// Answers one call.
///
/// # Errors
/// The refusal.
pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, ArmError> {
    match &call.target {
        Target::Resource(id) => {
            let kind = Kind::of(&id.kind()).ok_or_else(|| ArmError::method(&call.method, &id.kind()))?;
            match call.method {
                Method::GET => {
                    let found = world.store.get(id).cloned().ok_or_else(|| ArmError::not_found(id))?;
                    Ok(Reply::ok(write::render(kind, &found)))
                }
                Method::PUT => write::put(world, call, id, kind),
                Method::PATCH => write::patch(world, call, id, kind),
                Method::DELETE => write::delete(world, call, id, kind),
                _ => Err(ArmError::method(&call.method, &kind.answered())),
            }
        }
        Target::Below { scope, kind, last, .. } => match Kind::of(kind) {
            Some(kind) if call.method == Method::GET => list(world, call, scope, kind),
            _ if call.method == Method::POST => actions::handle(world, call, scope, last),
            _ => Err(ArmError::method(&call.method, kind)),
        },
        target => Err(ArmError::method(&call.method, &target.kind())),
    }
}

fn list(world: &World, call: &Call, scope: &Scope, kind: Kind) -> Result<Reply, ArmError> {
    if let Scope::Resource(parent) = scope
        && world.store.get(parent).is_none()
    {
        return Err(ArmError::not_found(parent));
    }
    let of_kind = format!("Microsoft.Cdn/{}", kind.path());
    let found: Vec<&std::sync::Arc<Resource>> = world.store.list(scope, &of_kind);
    let shown = found.into_iter().map(|one| write::render(kind, one)).collect();
    paging::page(call, shown, world.settings.page_size)
}
