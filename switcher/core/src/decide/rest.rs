//! Steady and Parked: nothing moves. What a crash may have left behind is put right, and a move is begun when git
//! asks for one.

use std::time::Duration;

use super::view::View;
use super::{demand, lane};
use crate::health::Proof;
use crate::ledger::{Course, Ledger, ParkedWhy, Phase, Task, seconds};
use crate::observation::Relation;
use crate::step::{Alert, Change, Reason, Step, Wait};

pub(super) fn steady(view: &View<'_>) -> Step {
    if let Some(step) = lane::at_rest(view) {
        return step;
    }
    if view.rewritten() {
        let message = "git's history no longer holds the commit that was last acted on";
        return Step::write(view.parked(ParkedWhy::Rewritten, message), None, message);
    }
    if view.declared.active == view.ledger.active {
        let active = &view.ledger.active;
        return upkeep(view, None, format!("{active} is live, as git says")).alert(sick(view));
    }
    begin(view)
}

/// Git asks for another color: claim the move, or say why not yet.
fn begin(view: &View<'_>) -> Step {
    let to = &view.declared.active;
    let git = &view.seen.git;
    let stale = |message: String| {
        let wait = Wait::new(Reason::StaleGit, message).or_type(&["teal hold"]);
        upkeep(view, Some(wait), format!("git asks for {to}")).alert(sick(view))
    };
    match git.relation {
        Relation::Behind => return stale("our clone of git is older than what was already acted on".to_owned()),
        Relation::Unknown | Relation::Diverged => {
            return stale("it is not known yet how the commit stands to the last one acted on".to_owned());
        }
        Relation::Equal | Relation::Descends => {}
    }
    if !git.fresh {
        return stale(format!("a move to {to} begins only with a fresh fetch of git"));
    }
    if git.mixed && !view.declared.with_fleet {
        let message = "one commit changes `active` and the fleet; split it, or declare `withFleet: true`";
        return Step::write(view.parked(ParkedWhy::MixedCommit, message), None, message);
    }
    if let Some(alert) = super::route::objection(view) {
        let wait = Wait::new(Reason::Gate, alert.message.clone()).or_type(&["teal hold"]);
        return upkeep(view, Some(wait), format!("git asks for {to}")).alert(Some(alert)).alert(sick(view));
    }
    if let Some(wait) = super::route::unlooked(view) {
        return upkeep(view, Some(wait.or_type(&["teal hold"])), format!("git asks for {to}")).alert(sick(view));
    }
    if view.clock_useless() {
        return view.stand_by();
    }
    if !view.may_start(to) {
        return Step::hold(Wait::new(Reason::Claim, format!("the switcher in {to} begins the move")));
    }
    let (next, change) = claim(view);
    let why = format!("git asks for {to}: the move is claimed, and the TTL is lowered in the same write");
    view.evidence(Step::write(next, change, why))
}

/// The first write of a move: its intent, and the TTL that caches must forget before the shift.
fn claim(view: &View<'_>) -> (Ledger, Option<Change>) {
    let policy = view.policy();
    let mut next = view.next().enter(Phase::Preparing, Task::Freezing, Some(Reason::Gate));
    next.course = Some(Course { from: view.ledger.active.clone(), to: view.declared.active.clone() });
    next.holder = Some(view.seen.me.identity.clone());
    next.op.clone_from(&view.seen.fresh_id);
    next.fleet = None;
    next.parked = None;
    next.times.shifted_ms = 0;
    next.times.deadline_ms = view.in_ms(policy.deadline);
    next.freeze_until_ms = policy.freeze.map(|longest| view.in_ms(longest));
    let change = lower_ttl(view, &mut next);
    (next, change)
}

/// Lowers the record's TTL and remembers what caches may still hold.
pub(super) fn lower_ttl(view: &View<'_>, next: &mut Ledger) -> Option<Change> {
    let record = view.seen.record.routed_ttl();
    let found = view.seen.targets.iter().filter_map(|seen| seen.ttl).fold(record, u32::max);
    let left = ttl_left(view);
    next.ttl.largest = if left > Duration::ZERO { found.max(view.ledger.ttl.largest) } else { found };
    next.ttl.lowered = next.epoch;
    next.ttl.lowered_ms = view.now_ms();
    (record > seconds(view.policy().ttl_moving)).then(|| view.with_ttl(view.policy().ttl_moving)).flatten()
}

/// How long caches may still hold the TTL from before it was lowered.
pub(super) fn ttl_left(view: &View<'_>) -> Duration {
    let ttl = &view.ledger.ttl;
    let needed = Duration::from_secs(u64::from(ttl.largest)) + view.policy().bound;
    needed.saturating_sub(view.seen.watch.elapsed(ttl.lowered, ttl.lowered_ms, &view.seen.time))
}

/// Roles as the ledger says, no freeze of ours, no pins.
fn upkeep(view: &View<'_>, wait: Option<Wait>, why: String) -> Step {
    if !view.drives() {
        return Step { why, ..wait.map_or_else(|| Step::rest(""), Step::hold) };
    }
    let missing = demand::missing(view);
    let wait = wait.or_else(|| (!missing.nothing()).then(|| Wait::new(Reason::Gate, missing.text())));
    let alert = missing.alert();
    Step { why, ..Step::effects(missing.effects, wait, "").alert(alert) }
}

/// A person decides about a failover.
fn sick(view: &View<'_>) -> Option<Alert> {
    let active = &view.ledger.active;
    let seen = view.seen.colors.get(active).filter(|seen| seen.proof == Proof::Fail)?;
    let message = format!("{active} is live and fails: {}", seen.message);
    Some(Alert::new(
        "ActiveColorFails",
        message,
        "failover is manual: `teal undo`, or commit the color that should be live",
    ))
}

pub(super) fn parked(view: &View<'_>) -> Step {
    if let Some(step) = lane::at_rest(view) {
        return step;
    }
    let (why, note) = match &view.ledger.parked {
        Some(parked) => (parked.why.as_str(), parked.note.as_str()),
        None => ("unknown", "the ledger does not say why"),
    };
    if let Some(reason) = ends(view) {
        return unpark(view, &reason);
    }
    let message = format!("parked ({why}): {note}");
    // No commit descends from one that is gone: only a person can say that the new history counts.
    let (commands, hint): (&[&str], _) =
        if view.ledger.parked.as_ref().is_some_and(|one| one.why == ParkedWhy::Rewritten) {
            (&["teal adopt", "teal explain"], "see who rewrote it; `teal adopt` takes record and git as they are now")
        } else {
            let hint = "change this Switch, or raise its `attempt` with `teal retry`; commits elsewhere do not end it";
            (&["teal retry", "teal explain"], hint)
        };
    let wait = Wait::new(Reason::Parked, message.clone()).or_type(commands);
    let alert = Alert::new("SwitchParked", message.clone(), hint);
    upkeep(view, Some(wait), message).alert(lane::expired(view)).alert(Some(alert))
}

/// What ends it: a change of this Switch's declaration, or git asking for the color that is live (G5).
fn ends(view: &View<'_>) -> Option<String> {
    if !view.git_trusted() {
        return None;
    }
    let active = &view.ledger.active;
    if view.declared.active == *active {
        return Some(format!("git asks for {active}, which is live"));
    }
    (!view.ledger.refuses(view.declared)).then(|| "a commit changed this Switch".to_owned())
}

fn unpark(view: &View<'_>, reason: &str) -> Step {
    if !view.drives() && !view.may_start(&view.declared.active) {
        return view.stand_by();
    }
    Step::write(view.next().rest(Phase::Steady), None, format!("{reason}: no longer parked"))
}

/// Parked because the record is someone else's: never overwritten. A commit may agree with what was found.
pub(super) fn parked_foreign(view: &View<'_>, message: String) -> Step {
    if let Some(found) = super::route::agreed(&view.seen.record.value, &view.seen.targets) {
        let agreed = view.declared.active == found && view.git_trusted() && !view.ledger.refuses(view.declared);
        if agreed {
            let mut next = view.next();
            next.course = Some(Course { from: next.active.clone(), to: found.clone() });
            next.active.clone_from(&found);
            return Step::write(
                next.rest(Phase::Steady),
                None,
                format!("a commit agrees with the record: {found} is live"),
            );
        }
    }
    let wait = Wait::new(Reason::ForeignWrite, message.clone()).or_type(&["teal adopt", "teal reassert"]);
    let hint = "see who did it; `teal adopt` takes the record as it is, `teal reassert` writes it again";
    upkeep(view, Some(wait), message.clone()).alert(Some(Alert::new("ForeignWrite", message, hint)))
}
