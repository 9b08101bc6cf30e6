//! Conditions in the words of kstatus: `Ready`, `Reconciling`, `Stalled`.

pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// Everything is as declared.
pub const READY: &str = "Ready";
/// Work is under way.
pub const RECONCILING: &str = "Reconciling";
/// Nothing will move until a person acts.
pub const STALLED: &str = "Stalled";

/// Longest message put into a condition, in bytes; the API server refuses more than 32 KiB.
pub const MESSAGE_LIMIT: usize = 4096;

/// Sets condition `kind` in `list`, keeping the transition time when the status does not change.
pub fn set(
    list: &mut Vec<Condition>,
    kind: &str,
    holds: bool,
    reason: &str,
    message: &str,
    generation: i64,
    now: jiff::Timestamp,
) {
    let status = if holds { "True" } else { "False" };
    let message = clip(message);
    match list.iter_mut().find(|condition| condition.type_ == kind) {
        Some(found) => {
            if found.status != status {
                found.status = status.to_owned();
                found.last_transition_time = Time(now);
            }
            found.reason = reason.to_owned();
            found.message = message;
            found.observed_generation = Some(generation);
        }
        None => list.push(Condition {
            type_: kind.to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            message,
            observed_generation: Some(generation),
            last_transition_time: Time(now),
        }),
    }
}

/// Returns whether condition `kind` is `True` in `list`; `false` when it is absent.
#[must_use]
pub fn holds(list: &[Condition], kind: &str) -> bool {
    list.iter().any(|condition| condition.type_ == kind && condition.status == "True")
}

fn clip(message: &str) -> String {
    if message.len() <= MESSAGE_LIMIT {
        return message.to_owned();
    }
    let end = (0..=MESSAGE_LIMIT - 3).rev().find(|&index| message.is_char_boundary(index)).unwrap_or(0);
    format!("{}…", &message[..end])
}
