//! `observe → decide → record and act (one compare-and-swap) → verify`: this is *decide*.
//!
//! | file | what |
//! |---|---|
//! | `view` | what declaration, observation and ledger say together: who drives, what is proven, what has passed |
//! | `unledgered` | no ledger, or one that can't be read |
//! | `lane` | the operator's word |
//! | `rest` | Steady and Parked |
//! | `retiring` | the old color goes: nothing moves |
//! | `preparing`, `shifted`, `back` | the phases of a move |
//! | `route` | the targets besides the ledger's record, one after another |
//! | `gradual` | traffic by steps |
//! | `demand` | what the ledger demands of the clusters, and the effects that are still missing |

mod back;
mod demand;
mod gradual;
mod lane;
mod preparing;
mod rest;
mod retiring;
mod route;
#[cfg(test)]
pub(crate) mod samples;
mod shifted;
#[cfg(test)]
mod tests;
mod unledgered;
mod view;

use crate::declaration::{Declaration, Follower};
use crate::ledger::{Ledger, ParkedWhy, Phase};
use crate::observation::{LedgerSeen, Observation, Value};
use crate::step::{Alert, Reason, Step, Wait};
use view::View;

/// What follows from what is declared and what is seen. Pure and total: every observation has an answer.
///
/// A [`Write`](crate::Action::Write) is to be swapped in against exactly what was observed, and the world is then
/// observed again, whether it succeeded, was refused, or its answer was lost. Effects are asked for as long as the
/// world differs from what the ledger demands.
#[must_use]
pub fn decide(declared: &Declaration, seen: &Observation) -> Step {
    if let Value::Unreadable(why) = &seen.record.value {
        let wait = Wait::new(Reason::Blind, format!("the record can't be read: {why}"));
        let hint = "put right what the message names; traffic stays as it is, and nothing moves until the record can be read again";
        return Step::hold(wait).alert(Some(Alert::new("TargetUnreadable", why, hint)));
    }
    match &seen.ledger {
        LedgerSeen::Known(ledger) => {
            let view = View { declared, seen, ledger };
            known(&view).alert(view.clock_alert())
        }
        LedgerSeen::Missing { ever: false } => unledgered::first(declared, seen),
        LedgerSeen::Missing { ever: true } => unledgered::gone(),
        LedgerSeen::Unreadable(why) => unledgered::unreadable(why),
        LedgerSeen::Foreign(what) => unledgered::foreign(what),
    }
}

/// What a follower is to route to, as the ledger says.
#[must_use]
pub fn wanted(ledger: &Ledger, follower: &Follower) -> Value {
    Value::of(route::wanted(ledger, follower))
}

/// With a ledger: what stops everything first, then the operator's word, then the phase.
fn known(view: &View<'_>) -> Step {
    if let Some(newest) = view.seen.watch.newest().filter(|newest| *newest > view.ledger.epoch) {
        return backwards(view, newest);
    }
    if let Some(step) = lane::hold(view) {
        return step;
    }
    if view.ledger.phase == Phase::Retiring {
        return retiring::step(view);
    }
    if let Some(message) = view.foreign() {
        return foreign_write(view, message);
    }
    match view.ledger.phase {
        Phase::Steady => rest::steady(view),
        Phase::Parked => rest::parked(view),
        Phase::Preparing => preparing::step(view),
        Phase::Shifting | Phase::Draining | Phase::Soaking => shifted::step(view),
        Phase::RollingBack => back::step(view),
        Phase::Retiring => retiring::step(view),
    }
}

/// An older epoch than one already seen: a late answer, or a zone restored from a backup. Never acted on.
fn backwards(view: &View<'_>, newest: u64) -> Step {
    let message = format!("the ledger went back from epoch {newest} to {}", view.ledger.epoch);
    let hint = "if the zone was restored from a backup, compare record and `teal history`, then restart the switchers: they take the ledger as it is";
    Step::hold(Wait::new(Reason::ForeignWrite, message.clone()).or_type(&["teal ledger show", "teal history"]))
        .alert(Some(Alert::new("LedgerWentBack", message, hint)))
}

/// Someone else changed a target: park, and never overwrite it (G1).
fn foreign_write(view: &View<'_>, message: String) -> Step {
    if let Some(step) = lane::on_foreign(view) {
        return step;
    }
    let parked = view.ledger.parked.as_ref().map(|parked| parked.why);
    if view.ledger.phase == Phase::Parked && parked == Some(ParkedWhy::ForeignWrite) {
        return rest::parked_foreign(view, message);
    }
    let found = if view.record_is_foreign() { format!("found {}", view.found()) } else { message.clone() };
    let next = view.parked(ParkedWhy::ForeignWrite, &found);
    Step::write(next, None, message).with(format!("{found} with a TTL of {} s", view.seen.record.ttl))
}
