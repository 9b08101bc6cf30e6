//! Shifting, Draining and Soaking (T3): traffic is on the new color. The way back is looked at first, every time; only
//! then does the move go on.

use super::route::{self, Progress};
use super::view::View;
use super::{back, demand, gradual};
use crate::gate::Standing;
use crate::ledger::{Phase, Routing, Task};
use crate::propagation::{Says, Spread, spread};
use crate::step::{Alert, Effect, Reason, Step, Wait, When};

const COMMANDS: &[&str] = &["teal undo", "teal hold"];

/// What to do when the new color does not take its role.
const ROLES: &str = "see the agents of both colors; `teal undo` takes traffic and role back";

/// What to do when roles, freeze or pins are not put right in time.
pub(super) const CLEAN_UP: &str = "see that cluster's agent; traffic does not wait for it, the end of the move does";

pub(super) fn step(view: &View<'_>) -> Step {
    if let Some(step) = back::needed(view) {
        return step;
    }
    if !view.drives() {
        return view.stand_by();
    }
    if view.must_claim() {
        return view.take_over();
    }
    if let Some(wait) = back::doubtful(view) {
        return wait;
    }
    if let Some(step) = ready_to_repair(view) {
        return step;
    }
    match (view.ledger.phase, view.ledger.task) {
        (Phase::Shifting, Task::Routing) => routing(view),
        (Phase::Shifting, Task::Propagating) => propagating(view),
        (Phase::Shifting, Task::Holding) => gradual::holding(view),
        (Phase::Shifting, Task::StandingDown) => gradual::standing_down(view),
        (Phase::Shifting, _) => standing_up(view),
        (Phase::Draining, _) => draining(view),
        (_, Task::Finishing) => finishing(view),
        _ => soaking(view),
    }
}

/// Keeps roles, freeze, pins and gates as this step demands, while something is awaited.
pub(super) fn keeping(view: &View<'_>, wait: Wait) -> Step {
    let missing = demand::missing(view);
    let alert = missing.alert();
    let mut effects = missing.effects;
    let due = |gate: &crate::gate::GateSeen| gate.standing == Standing::Pending || gate.age > view.policy().gate_age;
    if view.ledger.phase.shifted() && view.seen.during.iter().any(due) {
        effects.push(Effect::RunGates { when: When::During, color: view.ledger.active.clone() });
    }
    let why = wait.message.clone();
    Step::effects(effects, Some(wait), why).alert(alert)
}

/// Does the whole world see the color? Otherwise what is awaited.
pub(super) fn unspread(view: &View<'_>) -> Option<Wait> {
    let left = view.policy().bound.saturating_sub(view.in_phase());
    let wait = |message: String| Wait::new(Reason::Propagation, message).or_type(COMMANDS);
    match seen(view) {
        Spread::Everywhere | Spread::Unasked(_) if left.is_zero() => None,
        Spread::Everywhere => {
            Some(wait("all agree; the provider's bound has to pass".to_owned()).until(view.in_ms(left)))
        }
        Spread::Unasked(whys) => {
            let message = format!("unproven: {}, the provider's bound alone has to pass", unasked(&whys));
            Some(wait(message).until(view.in_ms(left)))
        }
        Spread::Stale(who) => Some(wait(format!("still the old answer: {}", who.join("; ")))),
        Spread::Unproven(who) => Some(wait(format!("unproven: {}", who.join("; ")))),
    }
}

fn seen(view: &View<'_>) -> Spread {
    spread(&view.seen.vantages, view.ledger.lead(), view.declared.asking)
}

/// Why nothing is proved, in words.
fn unasked(whys: &[String]) -> String {
    if whys.is_empty() {
        "nobody can be asked".to_owned()
    } else {
        format!("no answer tells a color ({})", whys.join("; "))
    }
}

/// Told when propagation takes longer than its step.
pub(super) fn overdue(view: &View<'_>, wait: &Wait) -> Option<Alert> {
    (view.in_phase() >= view.budget()).then(|| {
        Alert::new("PropagationOverdue", wait.message.clone(), "see the name servers named; traffic stays where it is")
    })
}

/// Followers are written by the holder alone, also where every switcher may drive: a step when another one has it.
pub(super) fn claimed(view: &View<'_>) -> Option<Step> {
    let free = view.ledger.holder.is_none() || view.overdue();
    (!view.holds()).then(|| if free { view.take_over() } else { view.stand_by() })
}

/// Before a late write is taken back: the claim, when it is another's or has run out.
pub(super) fn ready_to_repair(view: &View<'_>) -> Option<Step> {
    if route::any_strayed(view) { claimed(view).or_else(|| renewed(view)) } else { None }
}

/// A claim that has run out is renewed before anything more is sent.
pub(super) fn renewed(view: &View<'_>) -> Option<Step> {
    (view.untouched() >= view.budget()).then(|| {
        let why = format!("{} still holds the move", view.seen.me.identity);
        Step::write(view.ledger.next(view.now_ms()), None, why)
    })
}

/// The followers are moved, one after another; when one can't be, those before it go back.
fn routing(view: &View<'_>) -> Step {
    if let Some(step) = claimed(view) {
        return step;
    }
    let write = |routed: u8, why: String| {
        let mut next = view.ledger.next(view.now_ms());
        next.routing.routed = routed;
        (next, why)
    };
    match route::progress(view) {
        Progress::Done => {
            let (next, why) = write(Routing::ALL, "every target routes so: the world learns it".to_owned());
            let next = next.enter(Phase::Shifting, Task::Propagating, Some(Reason::Propagation));
            view.evidence(Step::write(next, None, why))
        }
        Progress::More(routed) => {
            let (next, why) = write(routed, format!("{routed} of {} targets route so", view.declared.followers.len()));
            Step::write(next, None, why)
        }
        Progress::Failed(_, why) => back::failed(view, &why),
        Progress::Waits(_, wait) if view.untouched() >= view.budget() => {
            back::failed(view, &format!("{}, for longer than it may take", wait.message))
        }
        Progress::Waits(effect, wait) => view.evidence(keeping(view, wait).and(effect)).alert(nobody_is_active(view)),
    }
}

/// The role goes with the first write, whatever the targets after it still need: told when its agent does not take it.
fn nobody_is_active(view: &View<'_>) -> Option<Alert> {
    let lead = view.ledger.lead();
    let role = view.seen.sync(lead).and_then(|sync| sync.role_in_force);
    let overdue = role != Some(crate::color::Role::Active) && view.in_phase() >= view.policy().step;
    overdue.then(|| Alert::new("RoleOverdue", format!("{lead} has not taken the active role"), ROLES))
}

fn propagating(view: &View<'_>) -> Step {
    if let Some(wait) = unspread(view) {
        let alert = overdue(view, &wait);
        return view.evidence(keeping(view, wait).alert(alert)).alert(nobody_is_active(view));
    }
    if view.ledger.routing.share < 100 {
        let share = view.ledger.routing.share;
        let next = view.ledger.next(view.now_ms()).enter(Phase::Shifting, Task::Holding, Some(Reason::Soak));
        return Step::write(next, None, format!("{share} % of the traffic goes to {}", view.ledger.active));
    }
    let next = view.ledger.next(view.now_ms()).task(Task::StandingUp, Some(Reason::Gate));
    let active = &view.ledger.active;
    if let Spread::Unasked(whys) = seen(view) {
        let why = unasked(&whys);
        let why =
            format!("unproven: the provider's bound has passed, and whether {active} is seen is not known: {why}");
        return Step::write(next, None, why);
    }
    let agree = view.seen.vantages.iter().filter(|one| matches!(one.says, Says::Color(_))).count();
    Step::write(next, None, format!("every server answers {active}")).with(format!("{agree} servers agree"))
}

fn standing_up(view: &View<'_>) -> Step {
    let active = &view.ledger.active;
    let role = view.seen.sync(active).and_then(|sync| sync.role_in_force);
    let missing = demand::missing(view);
    if role != Some(crate::color::Role::Active) || !missing.nothing() {
        let message = format!("{active} takes the active role: {}", missing.text());
        let wait = Wait::new(Reason::Gate, message).or_type(COMMANDS);
        let alert = view.late("RoleOverdue", &wait, ROLES);
        // Roles matter more than what else a cluster that does not answer lacks: this alert stands.
        let step = keeping(view, wait);
        return if alert.is_some() { Step { alert, ..step } } else { step };
    }
    let wait = view.policy().ttl_moving + view.policy().tail;
    let mut next = view.ledger.next(view.now_ms()).enter(Phase::Draining, Task::Watching, Some(Reason::Drain));
    next.times.deadline_ms = view.in_ms(wait);
    Step::write(next, None, format!("{active} has the active role: old answers and connections run out"))
}

fn draining(view: &View<'_>) -> Step {
    let left = (view.policy().ttl_moving + view.policy().tail).saturating_sub(view.in_phase());
    if !left.is_zero() {
        let wait = Wait::new(Reason::Drain, "old answers and connections run out").until(view.in_ms(left));
        return keeping(view, wait.or_type(COMMANDS));
    }
    // Arithmetic alone completes nothing: the world must still agree.
    if let Some(wait) = unspread(view) {
        let alert = overdue(view, &wait);
        return keeping(view, wait).alert(alert);
    }
    let mut next = view.ledger.next(view.now_ms()).enter(Phase::Soaking, Task::Watching, Some(Reason::Soak));
    next.times.deadline_ms = view.in_ms(view.policy().soak);
    Step::write(next, None, format!("old answers are gone: {} proves itself", view.ledger.active))
}

fn soaking(view: &View<'_>) -> Step {
    let left = view.policy().soak.saturating_sub(view.in_phase());
    if !left.is_zero() {
        let message = format!("{} proves itself under traffic", view.ledger.active);
        let wait = Wait::new(Reason::Soak, message).until(view.in_ms(left)).or_type(COMMANDS);
        return view.evidence(keeping(view, wait));
    }
    if let Some(wait) = standing(view, "the end of the soak") {
        return keeping(view, wait);
    }
    let next = view.ledger.next(view.now_ms()).task(Task::Finishing, Some(Reason::Gate));
    let why = format!("{} has proved itself: freeze and pins are lifted", view.ledger.active);
    view.evidence(Step::write(next, None, why))
}

/// What must hold before anything goes on: every gate passes, freshly measured, and the new color is proven.
pub(super) fn standing(view: &View<'_>, what: &str) -> Option<Wait> {
    let open = |gate: &&crate::gate::GateSeen| gate.standing != Standing::Pass || gate.age > view.policy().gate_age;
    if let Some(gate) = view.seen.during.iter().find(open) {
        let message = format!("{what} waits for gate {}; it is {}: {}", gate.name, gate.standing, gate.message);
        return Some(Wait::new(Reason::Gate, message).or_type(COMMANDS));
    }
    let message = format!("{what} waits for {} to be proven healthy", view.ledger.active);
    (!view.proven(&view.ledger.active)).then(|| Wait::new(Reason::Gate, message).or_type(COMMANDS))
}

/// Lifts freeze and pins, then rests. A cluster that does not answer is put right later, from Steady.
fn finishing(view: &View<'_>) -> Step {
    let missing = demand::missing(view);
    if !missing.nothing() {
        let wait = Wait::new(Reason::Gate, missing.text()).or_type(COMMANDS);
        let alert = view.late("CleanUpOverdue", &wait, CLEAN_UP);
        return keeping(view, wait).alert(alert);
    }
    let change = view.with_ttl(view.policy().ttl_steady);
    let next = view.ledger.next(view.now_ms()).rest(Phase::Steady);
    Step::write(next, change, format!("the move is finished: {} is live", view.ledger.active)).alert(missing.alert())
}
