//! The way back: needs neither the failing side, nor git, nor metrics, nor an API server (G4). A fresh proof of the
//! other color and one write suffice; roles, freeze and pins follow the traffic.

use super::route::{self, Progress};
use super::shifted::{CLEAN_UP, claimed, keeping, overdue, ready_to_repair, renewed, unspread};
use super::view::View;
use super::{demand, lane};
use crate::color::Color;
use crate::gate::Standing;
use crate::health::{Proof, Verdict, verdict};
use crate::ledger::{Ledger, ParkedWhy, Phase, Routing, Task, seconds};
use crate::step::{Alert, Reason, Step, Wait};

/// Goes back when health demands it, or when a person or git wants it and the other color is proven.
pub(super) fn needed(view: &View<'_>) -> Option<Step> {
    let other = view.ledger.other()?;
    if let Some(order) = lane::wants_back(view) {
        return Some(wanted(view, &format!("{} ordered {}: {}", order.actor, order.verb, order.reason)));
    }
    // A witness acts only on evidence of failure; everything else is the driver's.
    if view.drives() && view.git_asks_back() && view.proven(other) {
        return Some(write(view, other, ParkedWhy::Undone, &format!("git asks for {other} again")));
    }
    let health = view.health();
    let may = view.drives() || health.active == Proof::Fail;
    if !may || !view.policy().rollback.automatic || verdict(&health, &view.policy().rollback) != Verdict::GoBack {
        return None;
    }
    Some(write(view, other, ParkedWhy::RolledBack, &complaint(view)))
}

/// A target can't be moved: those before it go back, if a proven color is there to take them.
pub(super) fn failed(view: &View<'_>, why: &str) -> Step {
    let Some(other) = view.ledger.other() else {
        return Step::hold(Wait::new(Reason::Gate, "the ledger does not know where to go back to"));
    };
    if view.policy().rollback.automatic && view.proven(other) {
        return write(view, other, ParkedWhy::TargetFailed, why);
    }
    let wait = Wait::new(Reason::Gate, why).or_type(&["teal undo", "teal hold"]);
    let hint =
        "traffic goes back by itself only to a proven color, and unless `rollback.automatic` is false; `teal undo`";
    view.evidence(keeping(view, wait).alert(Some(Alert::new("TargetFailed", why, hint))))
}

/// What speaks against the color that has the traffic.
fn complaint(view: &View<'_>) -> String {
    let active = &view.ledger.active;
    // Gates speak for the new color, which has the traffic only from the shift on.
    let gates = if view.ledger.phase.shifted() { view.seen.during.as_slice() } else { &[] };
    let gate = |bad: &[Standing]| gates.iter().find(|gate| bad.contains(&gate.standing));
    let seen = view.seen.colors.get(active);
    if let Some(gate) = gate(&[Standing::Fail]) {
        return format!("gate {}: {}", gate.name, gate.message);
    }
    // The color's own probe speaks first; a gate is the reason when the probe is content.
    match (seen.filter(|seen| seen.proof != Proof::Ok), gate(&[Standing::Error, Standing::Inconclusive])) {
        (Some(seen), _) => format!("{active} is {}: {}", seen.proof, seen.message),
        (None, Some(gate)) if gate.standing == Standing::Error => {
            format!("gate {} can't be measured: {}", gate.name, gate.message)
        }
        (None, Some(gate)) => format!("gate {} is {}: {}", gate.name, gate.standing, gate.message),
        (None, None) if seen.is_some() => format!("{active} is ok"),
        (None, None) => format!("{active} is not probed"),
    }
}

/// A person wants back. Health of the color that has the traffic does not matter; proof of the other does (G3).
pub(super) fn wanted(view: &View<'_>, why: &str) -> Step {
    let Some(other) = view.ledger.other() else {
        return Step::hold(Wait::new(Reason::Gate, "the ledger does not know where to go back to"));
    };
    let last_resort = verdict(&view.health(), &view.policy().rollback) == Verdict::GoBack;
    if view.proven(other) || last_resort {
        return write(view, other, ParkedWhy::Undone, why);
    }
    let message = format!("{why}; but {other} is not proven healthy");
    let reason = if view.seen.proof(other) == Proof::Unknown { Reason::Blind } else { Reason::Gate };
    let alert = Alert::new("UndoUnproven", message.clone(), "see its probe; traffic goes back as soon as it passes");
    view.evidence(keeping(view, Wait::new(reason, message)).alert(Some(alert)))
}

/// The write that brings traffic back: record and ledger in one compare-and-swap.
fn write(view: &View<'_>, other: &Color, why: ParkedWhy, note: &str) -> Step {
    let from_rest = view.ledger.phase.at_rest();
    let (task, routing) = view.next_routing();
    let mut next = view.next().refusing(why, note).enter(Phase::RollingBack, task, Some(Reason::Propagation));
    next.routing = routing;
    let mut ttl = seconds(view.policy().ttl_moving).min(view.seen.record.ttl);
    if from_rest {
        super::rest::lower_ttl(view, &mut next);
        next.op.clone_from(&view.seen.fresh_id);
        ttl = seconds(view.policy().ttl_moving);
    }
    next.active = other.clone();
    next.holder = Some(view.seen.me.identity.clone());
    next.times.shifted_ms = view.now_ms();
    if let Some(order) = next.order.as_mut().filter(|_| view.git_trusted()) {
        order.set_aside = view.declared.digest.clone();
    }
    let change = view.lead_change(other, ttl);
    let alert = Alert::new("RollingBack", format!("traffic goes back to {other}: {note}"), "see `teal explain`");
    let step = Step::write(next, change, format!("traffic goes back to {other}: {note}"));
    view.evidence(step.alert(Some(alert)))
}

/// What keeps the move from going on although nothing goes back.
pub(super) fn doubtful(view: &View<'_>) -> Option<Step> {
    let other = view.ledger.other()?;
    let active = &view.ledger.active;
    let hold = |reason: Reason, name: &'static str, message: String, hint: &str| {
        let wait = Wait::new(reason, message.clone()).or_type(&["teal undo", "teal hold"]);
        Some(view.evidence(keeping(view, wait).alert(Some(Alert::new(name, message, hint)))))
    };
    match verdict(&view.health(), &view.policy().rollback) {
        Verdict::Stay if view.git_asks_back() => {
            let message = format!("git asks for {other} again, but {other} is not proven healthy");
            hold(Reason::Gate, "BackUnproven", message, "traffic goes back as soon as its probe passes")
        }
        Verdict::Stay => None,
        Verdict::GoBack => {
            let message = format!("{active} fails and `rollback.automatic` is false: {}", complaint(view));
            hold(Reason::Approval, "RollbackNeeded", message, "`teal undo` brings traffic back")
        }
        Verdict::Page => {
            let health = view.health();
            let message = format!(
                "{active} is {}, and {other} is {}, no better: {}",
                health.active,
                health.other,
                complaint(view)
            );
            hold(Reason::Gate, "NobodyProven", message, "traffic stays; look at both colors")
        }
        Verdict::HoldAndPage => {
            let message =
                format!("{active} has been unknown for too long ({}); the declaration says hold", complaint(view));
            hold(Reason::Gate, "UnknownTooLong", message, "`teal undo` brings traffic back")
        }
        Verdict::Hold => {
            let left = view.policy().rollback.unknown_deadline.saturating_sub(view.health().unknown_for);
            let message = format!("{active} is not proven: {}", complaint(view));
            let wait = Wait::new(Reason::Gate, message).until(view.in_ms(left)).or_type(&["teal undo", "teal hold"]);
            Some(view.evidence(keeping(view, wait)))
        }
        Verdict::Blind => {
            let message = "neither color can be seen: nothing is done, however long it lasts".to_owned();
            hold(Reason::Blind, "Blind", message, "see the switcher's network and the control probe")
        }
    }
}

/// Traffic is back: let the world learn it, put roles, freeze and pins right, then stay parked.
pub(super) fn step(view: &View<'_>) -> Step {
    if !view.drives() {
        return view.stand_by();
    }
    if view.must_claim() {
        return view.take_over();
    }
    if let Some(step) = ready_to_repair(view) {
        return step;
    }
    match view.ledger.task {
        Task::Routing => routing(view),
        Task::Propagating => propagating(view),
        _ => restoring(view),
    }
}

/// The followers go back, one after another; a target that can't be written does not withhold the roles for ever.
fn routing(view: &View<'_>) -> Step {
    if let Some(step) = claimed(view) {
        return step;
    }
    match turn(view) {
        Turn::Write(next, true) => {
            let next = next.enter(Phase::RollingBack, Task::Propagating, Some(Reason::Propagation));
            Step::write(next, None, format!("every target routes to {} again", view.ledger.active))
        }
        Turn::Write(next, false) => Step::write(*next, None, "the next target goes back"),
        Turn::Wait(step) if view.in_phase() < view.budget().saturating_add(view.policy().tail) => step,
        Turn::Wait(step) => {
            let next = view.ledger.next(view.now_ms()).task(Task::Restoring, Some(Reason::Gate));
            Step::write(next, None, format!("roles follow, although {}", step.why)).alert(step.alert)
        }
    }
}

/// What the followers' turn on the way back comes to.
enum Turn {
    /// More of them are back; with whether all are.
    Write(Box<Ledger>, bool),
    /// One is to be written, or awaited.
    Wait(Step),
}

fn turn(view: &View<'_>) -> Turn {
    let reached = |routed: u8| {
        let mut next = view.ledger.next(view.now_ms());
        next.routing.routed = routed;
        Box::new(next)
    };
    let (effect, wait, alert) = match route::progress(view) {
        Progress::Done => return Turn::Write(reached(Routing::ALL), true),
        Progress::More(routed) => return Turn::Write(reached(routed), false),
        Progress::Waits(effect, wait) => {
            let alert = view.late("TargetOverdue", &wait, "see the target; it is asked again and again");
            (effect, wait, alert)
        }
        Progress::Failed(effect, why) => {
            let hint = "put it right: it is asked again and again; traffic by the other targets is back already";
            let alert = Alert::new("TargetStuck", why.clone(), hint);
            (effect, Wait::new(Reason::Propagation, why), Some(alert))
        }
    };
    let step = renewed(view).unwrap_or_else(|| keeping(view, wait).and(effect));
    Turn::Wait(step.alert(alert).alert(sick(view)))
}

fn propagating(view: &View<'_>) -> Step {
    let patient = view.in_phase() < view.budget();
    if let Some(wait) = unspread(view).filter(|_| patient) {
        return keeping(view, wait).alert(sick(view));
    }
    // Roles are not withheld for ever because one name server can't be asked.
    let alert = unspread(view).and_then(|wait| overdue(view, &wait));
    let next = view.ledger.next(view.now_ms()).task(Task::Restoring, Some(Reason::Gate));
    let why = format!("traffic is back on {}: roles, freeze and pins follow", view.ledger.active);
    Step::write(next, None, why).alert(alert)
}

/// A cluster that does not answer holds nothing up: it is put right later, from Parked.
fn restoring(view: &View<'_>) -> Step {
    let missing = demand::missing(view);
    if view.ledger.routing != Routing::default() {
        if let Some(step) = claimed(view) {
            return step;
        }
        return match turn(view) {
            Turn::Write(next, _) => Step::write(*next, None, "the next target went back"),
            Turn::Wait(step) => step,
        };
    }
    if !missing.nothing() {
        let wait = Wait::new(Reason::Gate, missing.text());
        let alert = view.late("CleanUpOverdue", &wait, CLEAN_UP);
        return keeping(view, wait).alert(sick(view)).alert(alert);
    }
    let change = view.with_ttl(view.policy().ttl_steady);
    let next = view.ledger.next(view.now_ms()).rest(Phase::Parked);
    Step::write(next, change, format!("{} is live again; the move stays parked", view.ledger.active))
        .alert(missing.alert())
}

/// The color that traffic went back to fails as well: no second turn by itself (G5).
fn sick(view: &View<'_>) -> Option<Alert> {
    let active = &view.ledger.active;
    (view.seen.proof(active) == Proof::Fail).then(|| {
        let message = format!("{active}, to which traffic went back, fails: {}", complaint(view));
        Alert::new("ActiveColorFails", message, "traffic is not moved again by itself; look at both colors")
    })
}
