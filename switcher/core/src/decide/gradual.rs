//! Traffic by steps: each share is written, its propagation proved, then it is held for its time or until a person goes
//! on. The old color keeps the active role until the last step.

use super::demand;
use super::shifted::{keeping, standing};
use super::view::View;
use crate::declaration::Stage;
use crate::health::Proof;
use crate::ledger::{Course, Phase, Routing, Task};
use crate::order::Verb;
use crate::step::{Alert, Reason, Step, Wait};

const COMMANDS: &[&str] = &["teal promote", "teal undo", "teal hold"];

/// The first share of a gradual move; `None` when all traffic moves at once.
pub(super) fn first(view: &View<'_>) -> Option<u8> {
    match view.declared.stages.first() {
        Some(Stage::Share(share, _)) if *share < 100 => Some(*share),
        _ => None,
    }
}

/// The shift's first step: the old color keeps its role, and whatever can't weigh stays where it is.
pub(super) fn begin(view: &View<'_>, course: &Course, share: u8) -> Step {
    let mut next = view.ledger.next(view.now_ms());
    next.active = course.to.clone();
    next.times.shifted_ms = view.now_ms();
    next.routing = Routing { share, routed: 0, stage: 0 };
    let next = next.enter(Phase::Shifting, Task::Routing, Some(Reason::Propagation));
    view.evidence(Step::write(next, None, format!("all is proved: {share} % of the traffic goes to {}", course.to)))
}

/// Waits for the time of a step, or for a person.
pub(super) fn holding(view: &View<'_>) -> Step {
    let promoted = view.ledger.order.as_ref().filter(|order| order.verb == Verb::Promote);
    let here = view.declared.stages.get(usize::from(view.ledger.routing.stage));
    let share = view.ledger.routing.share;
    let active = &view.ledger.active;
    let open = match here {
        _ if promoted.is_some() => None,
        Some(Stage::Pause) => {
            let message = format!("{active} has {share} % of the traffic until someone goes on");
            Some(Wait::new(Reason::Approval, message))
        }
        Some(Stage::Share(_, hold)) => {
            let left = hold.saturating_sub(view.in_phase());
            let message = format!("{active} has {share} % of the traffic and proves itself");
            (!left.is_zero()).then(|| Wait::new(Reason::Soak, message).until(view.in_ms(left)))
        }
        None => None,
    };
    if let Some(wait) = open.map(|wait| wait.or_type(COMMANDS)).or_else(|| standing(view, "the next step")) {
        return view.evidence(keeping(view, wait).alert(old_fails(view)));
    }
    let why = match promoted {
        Some(order) => format!("{} goes on: {}", order.actor, order.reason),
        None => format!("{active} has proved itself with {share} % of the traffic"),
    };
    advance(view, &why)
}

/// Goes on to the next step; before the last one the old color stands down.
fn advance(view: &View<'_>, why: &str) -> Step {
    let at = view.ledger.routing.stage.saturating_add(1);
    let mut next = view.ledger.next(view.now_ms());
    next.order = next.order.filter(|order| order.verb != Verb::Promote);
    let next = match view.declared.stages.get(usize::from(at)) {
        Some(Stage::Pause) => {
            next.routing.stage = at;
            next.enter(Phase::Shifting, Task::Holding, Some(Reason::Approval))
        }
        Some(Stage::Share(share, _)) if *share < 100 => {
            next.routing = Routing { share: *share, routed: 0, stage: at };
            next.enter(Phase::Shifting, Task::Routing, Some(Reason::Propagation))
        }
        _ => next.task(Task::StandingDown, Some(Reason::Gate)),
    };
    view.evidence(Step::write(next, None, why))
}

/// Before all traffic moves: nobody has the active role, and the new color is proven.
pub(super) fn standing_down(view: &View<'_>) -> Step {
    let missing = demand::missing(view);
    let active = &view.ledger.active;
    let from = view.ledger.lead().clone();
    let open = if !missing.nothing() || !missing.unreachable.is_empty() {
        Some(Wait::new(Reason::Gate, missing.text()).or_type(COMMANDS))
    } else {
        standing(view, "the last step")
    };
    let Some(wait) = open else {
        let mut next = view.ledger.next(view.now_ms());
        next.routing = Routing { share: 100, routed: 0, stage: view.ledger.routing.stage.saturating_add(1) };
        let change = view.lead_change(active, crate::ledger::seconds(view.policy().ttl_moving));
        let next = next.enter(Phase::Shifting, Task::Routing, Some(Reason::Propagation));
        return view.evidence(Step::write(
            next,
            change,
            format!("{from} has stood down: all traffic goes to {active}"),
        ));
    };
    if view.untouched() >= view.policy().step {
        // Nobody may be without the active role for long: it is given back meanwhile.
        let next = view.ledger.next(view.now_ms()).task(Task::Holding, Some(Reason::Gate));
        let why = format!("not ready for the last step ({}): {from} is active again meanwhile", wait.message);
        return view.evidence(Step::write(next, None, why));
    }
    keeping(view, wait).alert(missing.alert())
}

/// The color that still has the rest of the traffic fails.
fn old_fails(view: &View<'_>) -> Option<Alert> {
    let old = view.ledger.lead();
    (view.seen.proof(old) == Proof::Fail).then(|| {
        let rest = 100 - view.ledger.routing.share;
        let message = format!("{old} fails and still has {rest} % of the traffic");
        Alert::new("OldColorFails", message, "`teal promote` goes on to the next step")
    })
}
