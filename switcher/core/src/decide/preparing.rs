//! Preparing (T2): the live color is frozen, both are made equal at F, gates pass, caches forget the old TTL, the old
//! color stands down. Nothing has moved: whatever fails here only stops the move.

use super::demand::{self, Missing};
use super::rest::{lower_ttl, ttl_left};
use super::view::View;
use super::{gradual, lane, route};
use crate::gate::{GateSeen, Standing};
use crate::ledger::{Course, Fleet, ParkedWhy, Phase, Task, seconds};
use crate::observation::FreezeSeen;
use crate::step::{Effect, Reason, Step, Wait, When};

const COMMANDS: &[&str] = &["teal abort", "teal hold"];

pub(super) fn step(view: &View<'_>) -> Step {
    let Some(course) = &view.ledger.course else {
        return abort(view, ParkedWhy::Aborted, "the ledger names no course for the move");
    };
    if let Some(order) = lane::wants_back(view) {
        return abort(view, ParkedWhy::Aborted, &format!("{} ordered {}: {}", order.actor, order.verb, order.reason));
    }
    if !view.drives() {
        return view.stand_by();
    }
    if view.must_claim() {
        return view.take_over();
    }
    if let Some(step) = stopped(view, course) {
        return step;
    }
    if view.seen.record.routed_ttl() > seconds(view.policy().ttl_moving) {
        let mut next = view.ledger.next(view.now_ms());
        let change = lower_ttl(view, &mut next);
        return Step::write(next, change, "the record's TTL is higher than a move allows: it is lowered again");
    }
    match view.ledger.task {
        Task::Freezing => freezing(view, course),
        Task::StandingDown => standing_down(view, course),
        _ => converging(view, course),
    }
}

/// What ends the move before it began.
fn stopped(view: &View<'_>, course: &Course) -> Option<Step> {
    if view.git_trusted() && view.declared.active != course.to {
        let mut next = view.next();
        next.course = None;
        let change = view.with_ttl(view.policy().ttl_steady);
        let why = format!("git no longer asks for {} but for {}", course.to, view.declared.active);
        return Some(Step::write(next.rest(Phase::Steady), change, why));
    }
    if view.rewritten() {
        return Some(abort(view, ParkedWhy::Rewritten, "git's history was rewritten during the move"));
    }
    if freeze_over(view, course) {
        return Some(abort(
            view,
            ParkedWhy::FreezeExpired,
            &format!("the freeze of {} ended before the shift", course.from),
        ));
    }
    if view.in_phase() >= view.policy().deadline {
        let missing = unmet(view, course).map_or_else(|| demand::missing(view).text(), |wait| wait.message);
        return Some(abort(view, ParkedWhy::Deadline, &missing));
    }
    // Before F is known nothing was measured for this move; while the old color stands down its roles change under the
    // gates, and a fail of that moment is no fail of the move.
    if view.ledger.task != Task::Converging {
        return None;
    }
    let failed = view.seen.before.iter().find(|gate| gate.standing == Standing::Fail)?;
    Some(abort(view, ParkedWhy::GateFailed, &format!("{}: {}", failed.name, failed.message)))
}

fn freeze_over(view: &View<'_>, course: &Course) -> bool {
    let lifted = match view.seen.freeze(&course.from) {
        Some(FreezeSeen::Lifted { op }) => *op == view.ledger.op,
        _ => false,
    };
    lifted || view.ledger.freeze_until_ms.is_some_and(|until_ms| until_ms <= view.now_ms())
}

/// Stops before the shift: the TTL goes back in the same write, roles, freeze and pins follow.
fn abort(view: &View<'_>, why: ParkedWhy, note: &str) -> Step {
    let change = view.with_ttl(view.policy().ttl_steady);
    view.evidence(Step::write(view.parked(why, note), change, format!("the move stops before the shift: {note}")))
}

/// The live color is frozen and has converged: then F is what it has converged to.
fn freezing(view: &View<'_>, course: &Course) -> Step {
    let missing = demand::missing(view);
    if let Some(wait) = fleet_first(view, course) {
        return Step::hold(wait);
    }
    let wait =
        |message: String| Wait::new(Reason::Gate, message).until(view.ledger.times.deadline_ms).or_type(COMMANDS);
    if !missing.nothing() {
        return working(missing, wait);
    }
    let frozen = match (view.ledger.freeze_until_ms, view.seen.freeze(&course.from)) {
        (None, _) => true,
        (Some(_), Some(FreezeSeen::Active { op })) => *op == view.ledger.op,
        (Some(_), _) => false,
    };
    if !frozen {
        return Step::hold(wait(format!("{} is to be frozen; its API server must answer", course.from)));
    }
    match converged(view, course) {
        Ok(fleet) => {
            let why = format!(
                "{} is frozen and has converged: both are pinned to {}",
                course.from,
                demand::short(&fleet.commit)
            );
            let mut next = view.ledger.next(view.now_ms()).task(Task::Converging, Some(Reason::Gate));
            next.fleet = Some(fleet);
            // The followers' TTLs are low by now: caches forget the old ones from here on.
            if view.seen.targets.iter().any(|seen| seen.ttl.is_some()) {
                next.ttl.lowered = next.epoch;
                next.ttl.lowered_ms = view.now_ms();
            }
            Step::write(next, None, why)
        }
        Err(message) => Step::hold(wait(message)),
    }
}

/// `withFleet: true`: the live color converges to the commit before the freeze (SWITCH §5). A later commit is as good.
fn fleet_first(view: &View<'_>, course: &Course) -> Option<Wait> {
    let from = &course.from;
    let wanted = [&view.ledger.revision, &view.declared.revision];
    let at = view.seen.sync(from).map(|sync| sync.revision.as_str()).unwrap_or_default();
    if !view.declared.with_fleet || wanted.iter().any(|revision| *revision == at) {
        return None;
    }
    let (short, at) = (demand::short(&view.declared.revision), demand::short(at));
    let message = format!("`withFleet: true`: {from} converges to {short} before the freeze; it is at {at}");
    Some(Wait::new(Reason::Gate, message).until(view.ledger.times.deadline_ms).or_type(COMMANDS))
}

/// F, when the live color has converged.
fn converged(view: &View<'_>, course: &Course) -> Result<Fleet, String> {
    let from = &course.from;
    let Some(sync) = view.seen.sync(from) else { return Err(format!("{from} does not answer")) };
    if !sync.ready || sync.revision.is_empty() {
        return Err(format!("{from} has not converged: {}", sync.message));
    }
    Ok(Fleet { commit: sync.revision.clone(), digest: sync.digest.clone() })
}

/// Effects first; then wait for what they bring about.
fn working(missing: Missing, wait: impl FnOnce(String) -> Wait) -> Step {
    let text = missing.text();
    let alert = missing.alert();
    Step::effects(missing.effects, Some(wait(text.clone())), text).alert(alert)
}

fn converging(view: &View<'_>, course: &Course) -> Step {
    let missing = demand::missing(view);
    if !missing.effects.is_empty() {
        return working(missing, |text| Wait::new(Reason::Gate, text).or_type(COMMANDS));
    }
    let Some(wait) = unmet(view, course) else {
        if let Some(share) = gradual::first(view) {
            return gradual::begin(view, course, share);
        }
        let next = view.ledger.next(view.now_ms()).task(Task::StandingDown, Some(Reason::Gate));
        return view.evidence(Step::write(next, None, format!("all is proved: {} stands down", course.from)));
    };
    let why = wait.message.clone();
    Step::effects(gates(view, course), Some(wait), why).alert(missing.alert())
}

/// Gates run once both are equal, and again when their results have grown old by the time of the shift.
fn gates(view: &View<'_>, course: &Course) -> Vec<Effect> {
    let equal = [&course.from, &course.to].into_iter().all(|color| demand::synced(view, color).is_ok());
    let ripe = ttl_left(view).is_zero();
    let again = |gate: &GateSeen| gate.standing != Standing::Pass || (ripe && gate.age > view.policy().gate_age);
    if equal && view.seen.before.iter().any(again) {
        vec![Effect::RunGates { when: When::Before, color: course.to.clone() }]
    } else {
        Vec::new()
    }
}

/// The first thing that still stands between here and the shift; `None` when nothing does.
fn unmet(view: &View<'_>, course: &Course) -> Option<Wait> {
    let gate =
        |message: String| Wait::new(Reason::Gate, message).until(view.ledger.times.deadline_ms).or_type(COMMANDS);
    for color in [&course.from, &course.to] {
        if let Err(message) = demand::synced(view, color) {
            return Some(gate(message));
        }
    }
    if let Some(bad) = view.seen.before.iter().find(|gate| gate.standing != Standing::Pass) {
        return Some(gate(format!("gate {} is {}: {}", bad.name, bad.standing, bad.message)));
    }
    if let Some(alert) = route::objection(view) {
        return Some(gate(alert.message));
    }
    if let Some(wait) = route::unlooked(view) {
        return Some(wait.or_type(COMMANDS));
    }
    let left = ttl_left(view);
    if !left.is_zero() {
        let message = format!("caches may hold the old TTL of {} s", view.ledger.ttl.largest);
        return Some(Wait::new(Reason::Ttl, message).until(view.in_ms(left)).or_type(COMMANDS));
    }
    if let Some(old) = view.seen.before.iter().find(|gate| gate.age > view.policy().gate_age) {
        return Some(gate(format!("gate {} was measured {} s ago: once more", old.name, old.age.as_secs())));
    }
    (!view.proven(&course.to)).then(|| gate(format!("{} is not proven healthy", course.to)))
}

/// The last step before the shift: nobody has the active role any more, and the new color is proven *now*.
fn standing_down(view: &View<'_>, course: &Course) -> Step {
    let Some(wait) = unready(view, course) else { return shift(view, course) };
    if view.untouched() >= view.policy().step {
        // Nobody may be without the active role for long: it is given back, and all is proved anew.
        let next = view.ledger.next(view.now_ms()).task(Task::Converging, Some(Reason::Gate));
        let why = format!("not ready for the shift ({}): {} is active again meanwhile", wait.message, course.from);
        return view.evidence(Step::write(next, None, why));
    }
    let missing = demand::missing(view);
    let alert = missing.alert();
    let mut effects = missing.effects;
    if view.seen.before.iter().any(|gate| gate.standing != Standing::Pass) {
        effects.push(Effect::RunGates { when: When::Before, color: course.to.clone() });
    }
    let why = wait.message.clone();
    Step::effects(effects, Some(wait), why).alert(alert)
}

/// What is missing for the shift; `None` when it can be made now.
fn unready(view: &View<'_>, course: &Course) -> Option<Wait> {
    let gate =
        |message: String| Wait::new(Reason::Gate, message).until(view.ledger.times.deadline_ms).or_type(COMMANDS);
    let missing = demand::missing(view);
    if !missing.nothing() || !missing.unreachable.is_empty() {
        return Some(gate(missing.text()));
    }
    if let Err(message) = demand::synced(view, &course.to) {
        return Some(gate(message));
    }
    if let Some(bad) = view.seen.before.iter().find(|gate| gate.standing != Standing::Pass) {
        return Some(gate(format!("gate {} is {}: {}", bad.name, bad.standing, bad.message)));
    }
    let left = ttl_left(view);
    if !left.is_zero() {
        return Some(Wait::new(Reason::Ttl, "caches may hold the old TTL").until(view.in_ms(left)).or_type(COMMANDS));
    }
    let message = format!("{} is not proven healthy now: nothing moves to the unproven", course.to);
    (!view.proven(&course.to)).then(|| gate(message))
}

/// The shift: record and ledger in one compare-and-swap.
fn shift(view: &View<'_>, course: &Course) -> Step {
    let (task, routing) = view.next_routing();
    let mut next = view.ledger.next(view.now_ms()).enter(Phase::Shifting, task, Some(Reason::Propagation));
    next.routing = routing;
    next.active = course.to.clone();
    next.times.shifted_ms = view.now_ms();
    let ttl = seconds(view.policy().ttl_moving).min(view.seen.record.ttl);
    let change = view.lead_change(&course.to, ttl);
    let why = format!("{} is equal, proven and stood by: traffic moves there", course.to);
    view.evidence(Step::write(next, change, why))
}
