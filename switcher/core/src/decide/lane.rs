//! The emergency lane: what the operator's word in the ledger means now (SWITCH §1).

use super::view::View;
use super::{back, route};
use crate::color::Color;
use crate::ledger::{Course, Ledger, ParkedWhy, Phase};
use crate::observation::Value;
use crate::order::{Order, Verb};
use crate::step::{Alert, Reason, Step, Wait};

/// The kill switch, until a commit changes this Switch.
pub(super) fn hold(view: &View<'_>) -> Option<Step> {
    let order = view.ledger.order.as_ref().filter(|order| order.verb == Verb::Hold)?;
    if view.git_trusted() && order.set_aside.as_str().is_empty() {
        return Some(stamp(view, order));
    }
    if view.git_trusted() && order.set_aside != view.declared.digest {
        let mut next = view.ledger.next(view.now_ms());
        next.order = None;
        let why = format!("a commit changed this Switch after {} ordered hold: git decides again", order.actor);
        return Some(Step::write(next, None, why));
    }
    let message = format!("{} ordered hold: {}", order.actor, order.reason);
    let wait = Wait::new(Reason::Approval, message).until(order.expires_ms).or_type(&["teal hold --end", "teal undo"]);
    Some(Step::hold(wait).alert(expired(view)))
}

/// The operator could not reach git: the declaration known now is the one set aside.
fn stamp(view: &View<'_>, order: &Order) -> Step {
    let mut next = view.ledger.next(view.now_ms());
    next.order = Some(Order { set_aside: view.declared.digest.clone(), ..order.clone() });
    Step::write(next, None, format!("{} of {} sets the present declaration aside", order.verb, order.actor))
}

/// An expired order still holds its color, and says so.
pub(super) fn expired(view: &View<'_>) -> Option<Alert> {
    let order = view.ledger.order.as_ref().filter(|order| order.expires_ms <= view.now_ms())?;
    let message = format!("the order `{}` of {} has expired; traffic stays where it is", order.verb, order.actor);
    Some(Alert::new("OrderExpired", message, "commit what should be: a change of this Switch ends the order"))
}

/// Does the operator want the move stopped or taken back?
pub(super) fn wants_back<'a>(view: &View<'a>) -> Option<&'a Order> {
    view.ledger.order.as_ref().filter(|order| matches!(order.verb, Verb::Undo | Verb::Abort))
}

/// At rest: undo a finished move, adopt, or forget a word that means nothing now.
pub(super) fn at_rest(view: &View<'_>) -> Option<Step> {
    let order = view.ledger.order.as_ref()?;
    match order.verb {
        Verb::Undo if moved(view.ledger) => {
            Some(back::wanted(view, &format!("{} ordered undo: {}", order.actor, order.reason)))
        }
        Verb::Undo if view.ledger.phase == Phase::Parked => None,
        Verb::Adopt => Some(adopt(view, &view.ledger.active)),
        _ => Some(forget(view, order)),
    }
}

/// Is the last move finished, so that undoing it means something?
fn moved(ledger: &Ledger) -> bool {
    ledger.course.as_ref().is_some_and(|course| course.to == ledger.active && course.from != ledger.active)
}

fn forget(view: &View<'_>, order: &Order) -> Step {
    let mut next = view.ledger.next(view.now_ms());
    next.order = None;
    Step::write(next, None, format!("`{}` of {} has nothing left to do", order.verb, order.actor))
}

/// The record is someone else's: adopt it, or write it again as the ledger has it. Nothing else may touch it.
pub(super) fn on_foreign(view: &View<'_>) -> Option<Step> {
    let order = view.ledger.order.as_ref().filter(|_| view.ledger.phase == Phase::Parked)?;
    match (order.verb, route::agreed(&view.seen.record.value, &view.seen.targets)) {
        (Verb::Adopt, Some(color)) => Some(adopt(view, &color)),
        (Verb::Reassert, _) => Some(reassert(view, order)),
        _ => None,
    }
}

/// Takes record and git as they are. A record that git does not ask for stays until this Switch changes.
fn adopt(view: &View<'_>, found: &Color) -> Step {
    let mut next = view.ledger.next(view.now_ms()).acting_on(view.declared);
    let foreign = *found != next.active;
    if foreign {
        next.course = Some(Course { from: next.active.clone(), to: found.clone() });
        next.active = found.clone();
    }
    next.order = None;
    let next = if foreign && view.declared.active != *found {
        let note = format!("{found} adopted, git says {}", view.declared.active);
        next.refusing(ParkedWhy::Adopted, &note).rest(Phase::Parked)
    } else {
        next.rest(Phase::Steady)
    };
    Step::write(next, None, format!("an operator adopted record and git as they are: {found} is live"))
}

/// The color that a target besides the record routes to, when it is not the ledger's.
fn strayed(view: &View<'_>) -> Option<Color> {
    view.seen.targets.iter().find_map(|seen| match &seen.value {
        Value::Color(color) if *color != view.ledger.active => Some(color.clone()),
        Value::Split(shares) => shares.keys().find(|color| **color != view.ledger.active).cloned(),
        _ => None,
    })
}

/// Routes to the ledger's color again: a traffic write like any other, never to the unproven (G3).
fn reassert(view: &View<'_>, order: &Order) -> Step {
    let active = &view.ledger.active;
    if !view.proven(active) {
        let message = format!("{} ordered reassert, but {active} is not proven healthy", order.actor);
        let alert =
            Alert::new("ReassertUnproven", message.clone(), "see its probe; nothing is written until it passes");
        return view.evidence(Step::hold(Wait::new(Reason::Gate, message)).alert(Some(alert)));
    }
    if let Some(what) = route::beyond(view) {
        let message = format!("{} ordered reassert, but {what}", order.actor);
        let hint = "change that one by hand: only the ledger's own record is compared and overwritten in one write";
        let alert = Alert::new("ReassertByHand", message.clone(), hint);
        return Step::hold(Wait::new(Reason::ForeignWrite, message)).alert(Some(alert));
    }
    let mut next = view.ledger.next(view.now_ms());
    next.order = None;
    if let Some(strayed) = strayed(view) {
        // The others are written one after another, as on the way back from a move to where they are.
        next.course = Some(Course { from: active.clone(), to: strayed });
        next.holder = Some(view.seen.me.identity.clone());
        next.op.clone_from(&view.seen.fresh_id);
        let (task, routing) = view.next_routing();
        next = next.enter(Phase::RollingBack, task, Some(Reason::Propagation));
        next.routing = routing;
    }
    let change = view.lead_change(active, crate::ledger::seconds(view.policy().ttl_moving));
    view.evidence(Step::write(
        next,
        change,
        format!("{} ordered reassert: the record routes to {active} again", order.actor),
    ))
}
