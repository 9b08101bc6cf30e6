//! The targets besides the ledger's record: what each is to route to, whether it does, and which is written next. What
//! is written follows from the ledger alone, so that a repeated write changes nothing and a late one is seen (G1, G2).

use std::collections::BTreeMap;
use std::time::Duration;

use super::demand::Missing;
use super::view::View;
use crate::color::Color;
use crate::declaration::Follower;
use crate::ledger::{Ledger, Phase, Routing, Task, seconds};
use crate::observation::{Inspected, TargetSeen, Value};
use crate::step::{Alert, Effect, Reason, Wait};

/// How far the followers are.
pub(super) enum Progress {
    /// All route as the ledger says.
    Done,
    /// So many do, more than the ledger knows of.
    More(u8),
    /// The next one can't be moved; with why.
    Failed(Option<Effect>, String),
    /// The next one is to be written, or awaited.
    Waits(Option<Effect>, Wait),
}

/// What a follower is to route to now.
pub(super) fn wanted(ledger: &Ledger, follower: &Follower) -> BTreeMap<Color, u8> {
    let share = ledger.routing.share;
    match ledger.other() {
        Some(other) if share < 100 && follower.weighs => {
            BTreeMap::from([(ledger.active.clone(), share), (other.clone(), 100 - share)])
        }
        _ => BTreeMap::from([(ledger.lead().clone(), 100)]),
    }
}

/// Followers in the order of this phase: as declared, and on the way back from the last to the first.
fn order(view: &View<'_>) -> Vec<usize> {
    let all = 0..view.declared.followers.len();
    if view.ledger.phase == Phase::RollingBack { all.rev().collect() } else { all.collect() }
}

/// Does the ledger say that this follower routes as wanted?
fn confirmed(view: &View<'_>, index: usize) -> bool {
    let place = order(view).iter().position(|other| *other == index);
    place.is_some_and(|place| place < usize::from(view.ledger.routing.routed))
}

/// A reading that began after the present ledger was first seen: an older one may be of the time before.
fn fresh<'a>(view: &View<'a>, index: usize) -> Option<&'a TargetSeen> {
    let since = view.seen.watch.since(view.ledger.epoch, view.seen.time.mono);
    view.seen.targets.get(index).filter(|seen| seen.age <= since)
}

fn as_wanted(view: &View<'_>, index: usize, seen: &TargetSeen) -> bool {
    let wanted = Value::of(wanted(view.ledger, &view.declared.followers[index]));
    seen.working.is_none() && seen.value == wanted
}

/// Is a move under way in which our own writes may still land?
fn may_be_late(view: &View<'_>, follower: &Follower) -> bool {
    !follower.cas && (view.ledger.phase.shifted() || view.ledger.phase == Phase::RollingBack)
}

/// Does it route to nothing but the two colors of the move?
fn within(view: &View<'_>, value: &Value) -> bool {
    let other = view.ledger.other().unwrap_or(&view.ledger.active);
    !value.is_beyond(&view.ledger.active, other)
}

/// A follower that someone else changed; with what is found there.
///
/// Where the provider does not compare, the other color of the move counts as a late write of our own while the move
/// lasts: it is written again. Everything else is someone's.
pub(super) fn foreign(view: &View<'_>) -> Option<String> {
    for (index, follower) in view.declared.followers.iter().enumerate() {
        let Some(seen) = fresh(view, index) else { continue };
        if seen.working.is_some() || matches!(seen.value, Value::Unreadable(_)) {
            continue;
        }
        let fine = if confirmed(view, index) {
            as_wanted(view, index, seen) || (may_be_late(view, follower) && within(view, &seen.value))
        } else {
            within(view, &seen.value)
        };
        if !fine {
            let wanted = Value::of(wanted(view.ledger, follower));
            return Some(format!("{} routes to {} while the ledger says {wanted}", follower.name, seen.value));
        }
    }
    None
}

/// A follower that routes to no color of ours at all: no write of ours may take that away.
pub(super) fn beyond(view: &View<'_>) -> Option<String> {
    let strange = |value: &Value| matches!(value, Value::Foreign(_) | Value::Mixed | Value::Gone);
    let found = view.declared.followers.iter().zip(&view.seen.targets).find(|(_, seen)| strange(&seen.value));
    found.map(|(follower, seen)| format!("{} routes to {}", follower.name, seen.value))
}

/// The one color that every target routes to, the ledger's record included.
pub(super) fn agreed(record: &Value, targets: &[TargetSeen]) -> Option<Color> {
    let values = std::iter::once(record).chain(targets.iter().map(|seen| &seen.value));
    let mut colors = values.filter(|value| **value != Value::LedgerOnly).map(|value| match value {
        Value::Color(color) => Some(color.clone()),
        _ => None,
    });
    let first = colors.next()??;
    colors.all(|color| color.as_ref() == Some(&first)).then_some(first)
}

/// Looks how far the followers are, and at the one that comes next.
pub(super) fn progress(view: &View<'_>) -> Progress {
    let order = order(view);
    let known = usize::from(view.ledger.routing.routed).min(order.len());
    let done = order[known..]
        .iter()
        // What ended as failed may show the new value, and be in force nowhere.
        .take_while(|index| {
            fresh(view, **index).is_some_and(|seen| as_wanted(view, **index, seen) && seen.failed.is_none())
        })
        .take_while(|index| unquiet(view, &view.declared.followers[**index]).is_none())
        .count();
    match order.get(known + done) {
        None => Progress::Done,
        Some(_) if done > 0 => Progress::More(u8::try_from(known + done).unwrap_or(Routing::ALL)),
        Some(index) => next(view, *index),
    }
}

fn next(view: &View<'_>, index: usize) -> Progress {
    let follower = &view.declared.followers[index];
    let wanted = Value::of(wanted(view.ledger, follower));
    let wait = |message: String| Wait::new(Reason::Propagation, message).or_type(&["teal undo", "teal hold"]);
    let Some(seen) = fresh(view, index) else {
        return Progress::Waits(None, wait(format!("{} is being read", follower.name)));
    };
    if let Value::Unreadable(why) = &seen.value {
        return Progress::Waits(None, wait(format!("{} can't be read: {why}", follower.name)));
    }
    if let Some(what) = &seen.working {
        return Progress::Waits(None, wait(format!("{} is at work: {what}", follower.name)));
    }
    let effect = match allowed(view, follower) {
        Ok(()) => Some(effect(view, index)),
        Err(wait) => return Progress::Waits(None, wait),
    };
    match &seen.failed {
        Some(why) => Progress::Failed(effect, format!("{} can't be moved to {wanted}: {why}", follower.name)),
        None => Progress::Waits(effect, wait(format!("{} is to route to {wanted}", follower.name))),
    }
}

/// Waits until the requests of whoever held the move before can't land any more (SWITCH §3). Compare-and-swap does not
/// make that needless: a request that expects what is still there is let in, however old it is.
fn unquiet(view: &View<'_>, follower: &Follower) -> Option<Wait> {
    let left = follower.late.saturating_sub(view.seen.watch.held(view.seen.time.mono));
    let message = format!("a write of an earlier holder may still reach {}", follower.name);
    (!left.is_zero()).then(|| Wait::new(Reason::Claim, message).until(view.in_ms(left)))
}

/// May this switcher write a follower now? Only the holder, only alone, only to a proven color.
fn allowed(view: &View<'_>, follower: &Follower) -> Result<(), Wait> {
    if !view.holds() {
        return Err(Wait::new(Reason::Claim, format!("whoever holds the move writes {}", follower.name)));
    }
    // Another switcher takes over only later than this: who looks at an old ledger sends nothing after that.
    if view.untouched() >= view.budget() {
        return Err(Wait::new(Reason::Claim, "the claim has run out; it is to be renewed first"));
    }
    if let Some(wait) = unquiet(view, follower) {
        return Err(wait);
    }
    let active = &view.ledger.active;
    if !view.proven(active) && !view.last_resort() {
        let message = format!("{active} is not proven healthy: {} is not moved there", follower.name);
        return Err(Wait::new(Reason::Gate, message).or_type(&["teal undo", "teal hold"]));
    }
    Ok(())
}

fn effect(view: &View<'_>, index: usize) -> Effect {
    let follower = &view.declared.followers[index];
    let seen = view.seen.targets.get(index);
    Effect::Route {
        target: index,
        split: wanted(view.ledger, follower),
        ttl: seen.and_then(|seen| seen.ttl).filter(|_| follower.cas).map(|_| seconds(view.policy().ttl_moving)),
        op: view.ledger.op.clone(),
        back: view.ledger.phase == Phase::RollingBack,
    }
}

/// What is missing at followers that route as the ledger says, or did: their TTL, and what a late write undid.
pub(super) fn missing(view: &View<'_>, missing: &mut Missing) {
    for (index, follower) in view.declared.followers.iter().enumerate() {
        let Some(seen) = view.seen.targets.get(index).filter(|_| confirmed(view, index)) else { continue };
        if let Value::Unreadable(why) = &seen.value {
            missing.unreachable.push(format!("{} can't be read: {why}", follower.name));
            continue;
        }
        if seen.working.is_some() {
            continue;
        }
        if as_wanted(view, index, seen) {
            ttl(view, index, seen, missing);
            copies(view, index, seen, missing);
        } else if strayed(view, index) {
            missing.awaited.push(format!("{} went back to {}: a late write; once more", follower.name, seen.value));
            if allowed(view, follower).is_ok() {
                missing.effects.push(effect(view, index));
            }
        }
    }
}

/// A follower that a late write of our own took back, while the move lasts.
fn strayed(view: &View<'_>, index: usize) -> bool {
    let follower = &view.declared.followers[index];
    let late = |seen: &TargetSeen| seen.working.is_none() && !as_wanted(view, index, seen) && within(view, &seen.value);
    confirmed(view, index) && may_be_late(view, follower) && fresh(view, index).is_some_and(late)
}

/// Is there a late write to be taken back?
pub(super) fn any_strayed(view: &View<'_>) -> bool {
    (0..view.declared.followers.len()).any(|index| strayed(view, index))
}

/// Lowers the TTL of a follower for a move, and restores it afterwards. Only where the provider compares: elsewhere a
/// TTL is no reason to write.
fn ttl(view: &View<'_>, index: usize, seen: &TargetSeen, missing: &mut Missing) {
    let follower = &view.declared.followers[index];
    let (Some(found), true) = (seen.ttl, follower.cas) else { return };
    let (moving, steady) = (seconds(view.policy().ttl_moving), seconds(view.policy().ttl_steady));
    let over = view.ledger.phase.at_rest()
        || matches!((view.ledger.phase, view.ledger.task), (Phase::Soaking, Task::Finishing));
    // What a person set is left alone: only the TTL of a move is taken back.
    let want = match view.ledger.phase {
        Phase::Preparing if found > moving => moving,
        _ if over && found == moving => steady,
        _ => return,
    };
    if want == found {
        return;
    }
    let op = if view.ledger.op.is_empty() { format!("ttl-{}", view.ledger.epoch) } else { view.ledger.op.clone() };
    missing.effects.push(Effect::Route {
        target: index,
        split: wanted(view.ledger, follower),
        ttl: Some(want),
        op,
        back: false,
    });
    missing.awaited.push(format!("{} gets a TTL of {want} s", follower.name));
}

/// Copies of answers that were made while the change spread are of the old color: thrown away once it has.
fn copies(view: &View<'_>, index: usize, seen: &TargetSeen, missing: &mut Missing) {
    let op = &view.ledger.op;
    let change = match (view.ledger.phase, view.ledger.task) {
        (Phase::Draining | Phase::Soaking, _) => op.clone(),
        // The way back has the opId of its move, and copies of its own.
        (Phase::RollingBack, Task::Restoring) => format!("{op}-back"),
        _ => return,
    };
    if seen.cleared.as_ref().is_some_and(|done| *done != change) {
        missing.effects.push(Effect::Clear { target: index, change });
        missing.awaited.push(format!("{} throws away old copies", view.declared.followers[index].name));
    }
}

/// How long a move waits for a first look at its targets that succeeds: a look fails while Azure has a bad minute, and a
/// part of it that is broken for good must not hold traffic for ever.
const PATIENCE: Duration = Duration::from_secs(300);

/// All targets by their names, with what looking at them found.
fn inspected<'a>(view: &'a View<'_>) -> impl Iterator<Item = (&'a str, &'a Inspected)> {
    let followers = view.declared.followers.iter().zip(&view.seen.targets);
    let theirs = followers.map(|(one, seen)| (one.name.as_str(), &seen.inspected));
    std::iter::once(("the record", &view.seen.record.inspected)).chain(theirs)
}

/// What nobody has looked at yet: no move begins by it (G3), for a bounded time. Then it goes on, and the failed look is told.
pub(super) fn unlooked(view: &View<'_>) -> Option<Wait> {
    let left = PATIENCE.saturating_sub(view.seen.git.known_for);
    let (name, why) = inspected(view).find_map(|(name, inspected)| match inspected {
        Inspected::Unknown(why) if !left.is_zero() => Some((name, why)),
        _ => None,
    })?;
    Some(Wait::new(Reason::Gate, format!("{name}: {why}")).until(view.in_ms(left)))
}

/// Why no move may begin by what the targets are, or by the TTLs that caches hold: all of it at once.
pub(super) fn objection(view: &View<'_>) -> Option<Alert> {
    let refused: Vec<String> = inspected(view)
        .filter_map(|(name, inspected)| match inspected {
            Inspected::Objection(why) => Some(format!("{name}: {why}")),
            Inspected::Clear | Inspected::Unknown(_) => None,
        })
        .collect();
    let over = over_policy(view);
    let (reason, hint) = match (refused.is_empty(), over.is_empty()) {
        (true, true) => return None,
        (false, true) => ("TargetRefused", REFUSED.to_owned()),
        (true, false) => ("TtlOverPolicy", OVER_POLICY.to_owned()),
        (false, false) => ("TargetRefused", format!("{REFUSED}; a TTL: {OVER_POLICY}")),
    };
    Some(Alert::new(reason, [refused, over].concat().join("; "), hint))
}

const REFUSED: &str = "put it right, or leave it out of the declaration; nothing has moved";
const OVER_POLICY: &str = "lower it and wait, or raise `strategy.ttl.maximum`";

/// The targets whose TTL is above the declared maximum.
fn over_policy(view: &View<'_>) -> Vec<String> {
    let Some(limit) = view.policy().ttl_limit.map(seconds) else { return Vec::new() };
    let followers = view.declared.followers.iter().zip(&view.seen.targets);
    let others = followers.filter_map(|(one, seen)| Some((one.name.as_str(), seen.ttl?)));
    std::iter::once(("the record", view.seen.record.routed_ttl()))
        .chain(others)
        .filter(|(_, ttl)| *ttl > limit)
        .map(|(name, ttl)| format!("{name} has a TTL of {ttl} s, above the declared maximum of {limit} s"))
        .collect()
}
