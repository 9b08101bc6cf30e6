//! Calls that arrive after their senders gave up.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::dispatch::Request;
use super::{Call, Reply};
use crate::world::World;

/// Longer than any client waits for an answer.
const SILENCE: Duration = Duration::from_secs(600);

/// What the sender of a held call sees: nothing, and in the end no connection.
pub(super) fn silence() -> Reply {
    Reply { delay: SILENCE, hangup: true, ..Reply::empty(StatusCode::GATEWAY_TIMEOUT) }
}

/// Is it the admin call that lets held calls arrive?
pub(super) fn asked(request: &Request) -> bool {
    request.method == Method::POST && request.path == "/_emulator/late"
}

/// Lets every held call arrive, oldest first, and tells what each would have been answered.
pub(super) fn release(world: &mut World, mut arrive: impl FnMut(&mut World, &Call) -> Reply) -> Reply {
    let held = std::mem::take(&mut world.late);
    let arrived: Vec<Value> = held
        .iter()
        .map(|call| {
            let status = arrive(world, call).status.as_u16();
            json!({ "method": call.method.as_str(), "path": call.path, "status": status })
        })
        .collect();
    Reply::ok(json!({ "value": arrived }))
}
