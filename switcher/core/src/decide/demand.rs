//! What the ledger demands of the clusters, and the effects that are still missing. Level-based: a crash between two
//! effects, or an effect that got lost, is seen as a difference and asked for again (G2).

use super::route;
use super::view::View;
use crate::color::{Color, Role};
use crate::ledger::{Phase, Task};
use crate::observation::{ColorSeen, FreezeSeen, SyncFacts, SyncSeen};
use crate::step::{Alert, Effect};

/// What is still different from what the ledger demands.
#[derive(Debug, Default)]
pub(super) struct Missing {
    /// What to do about it.
    pub(super) effects: Vec<Effect>,
    /// What is awaited although it is asked for already, such as `green: role active is not in force yet`.
    pub(super) awaited: Vec<String>,
    /// Colors whose API server does not answer: nothing can be done there now, and it is tried again.
    pub(super) unreachable: Vec<String>,
}

impl Missing {
    /// Is everything that can be reached as demanded?
    pub(super) fn nothing(&self) -> bool {
        self.effects.is_empty() && self.awaited.is_empty()
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let parts: Vec<&str> = self.awaited.iter().chain(&self.unreachable).map(String::as_str).collect();
        parts.join("; ")
    }

    /// What a person should know about clusters that can't be reached.
    pub(super) fn alert(&self) -> Option<Alert> {
        let message = self.unreachable.first()?;
        let hint = "roles, freeze and pins there are put right as soon as its API server answers";
        Some(Alert::new("ClusterUnreachable", message, hint))
    }
}

/// Compares every color with what the ledger demands of it.
pub(super) fn missing(view: &View<'_>) -> Missing {
    let mut missing = Missing::default();
    let standing_down = roles(view, Role::Standby, &mut missing);
    // Stand down first, then up; but a cluster that does not answer holds nobody back.
    if !standing_down {
        roles(view, Role::Active, &mut missing);
    }
    for (color, seen) in &view.seen.colors {
        freeze(view, color, seen, &mut missing);
        match &seen.sync {
            SyncSeen::Known(sync) => pin(view, color, sync, &mut missing),
            SyncSeen::Unreachable(why) => missing.unreachable.push(format!("{color} does not answer: {why}")),
        }
    }
    route::missing(view, &mut missing);
    missing
}

/// Gives this role to those who should have it; returns whether any of them has not got it yet.
fn roles(view: &View<'_>, role: Role, missing: &mut Missing) -> bool {
    let before = (missing.effects.len(), missing.awaited.len());
    for color in view.seen.colors.keys().filter(|color| view.ledger.role_of(color) == role) {
        let Some(sync) = view.seen.sync(color) else { continue };
        if sync.role != Some(role) {
            missing.effects.push(Effect::SetRole { color: color.clone(), role });
            missing.awaited.push(format!("{color} gets the role {role}"));
        } else if sync.role_in_force != Some(role) {
            missing.awaited.push(format!("{color}: the role {role} is not in force yet"));
        }
    }
    before != (missing.effects.len(), missing.awaited.len())
}

fn pin(view: &View<'_>, color: &Color, sync: &SyncFacts, missing: &mut Missing) {
    let wanted = wanted_pin(view, color);
    if sync.pin.as_deref() == wanted {
        return;
    }
    match (wanted, &sync.pin) {
        (Some(commit), _) => {
            missing.effects.push(Effect::Pin { color: color.clone(), commit: commit.to_owned() });
            missing.awaited.push(format!("{color} is pinned to {}", short(commit)));
        }
        (None, Some(pin)) => {
            missing.effects.push(Effect::Unpin { color: color.clone(), commit: pin.clone() });
            missing.awaited.push(format!("{color} follows its branch again"));
        }
        (None, None) => {}
    }
}

/// F for both colors of the move, from when it is known until the move finishes or has gone back.
fn wanted_pin<'a>(view: &View<'a>, color: &Color) -> Option<&'a str> {
    let fleet = view.ledger.fleet.as_ref().filter(|_| held_still(view))?;
    let course = view.ledger.course.as_ref()?;
    (*color == course.from || *color == course.to).then_some(fleet.commit.as_str())
}

fn freeze(view: &View<'_>, color: &Color, seen: &ColorSeen, missing: &mut Missing) {
    let until = wanted_freeze(view, color);
    let op = &view.ledger.op;
    match (until, &seen.freeze) {
        (_, FreezeSeen::Unreachable(_)) | (None, FreezeSeen::Off) => {}
        (Some(_), FreezeSeen::Active { op: found } | FreezeSeen::Lifted { op: found }) if found == op => {}
        (Some(_), FreezeSeen::Pending { op: found }) if found == op => {
            missing.awaited.push(format!("{color}: the freeze is not a barrier yet"));
        }
        (Some(until_ms), FreezeSeen::Off) => {
            missing.effects.push(Effect::Freeze { color: color.clone(), op: op.clone(), until_ms });
            missing.awaited.push(format!("{color} is frozen"));
        }
        // Ours, but not of this move, or not wanted any more: lifted by its own name.
        (_, FreezeSeen::Pending { op } | FreezeSeen::Active { op } | FreezeSeen::Lifted { op }) => {
            missing.effects.push(Effect::Unfreeze { color: color.clone(), op: op.clone() });
            missing.awaited.push(format!("{color}: the freeze is lifted"));
        }
    }
}

/// Until when the color should be frozen: the one that traffic comes from, until the move finishes or has gone back.
fn wanted_freeze(view: &View<'_>, color: &Color) -> Option<u64> {
    let until_ms = view.ledger.freeze_until_ms.filter(|_| held_still(view))?;
    let course = view.ledger.course.as_ref()?;
    (*color == course.from && view.now_ms() < until_ms).then_some(until_ms)
}

/// Are freeze and pins in force in this step?
fn held_still(view: &View<'_>) -> bool {
    match view.ledger.phase {
        Phase::Preparing | Phase::Shifting | Phase::Draining => true,
        Phase::Soaking => view.ledger.task != Task::Finishing,
        Phase::RollingBack => matches!(view.ledger.task, Task::Routing | Task::Propagating),
        Phase::Steady | Phase::Parked | Phase::Retiring => false,
    }
}

/// Is this color Ready at F and pinned to it? Otherwise what is missing.
pub(super) fn synced(view: &View<'_>, color: &Color) -> Result<(), String> {
    let Some(fleet) = &view.ledger.fleet else { return Err("F is not known yet".to_owned()) };
    let Some(sync) = view.seen.sync(color) else { return Err(format!("{color} does not answer")) };
    if sync.pin.as_deref() != Some(fleet.commit.as_str()) {
        return Err(format!("{color} is not pinned to {}", short(&fleet.commit)));
    }
    if !sync.ready {
        return Err(format!("{color} is not Ready: {}", sync.message));
    }
    if sync.digest != fleet.digest {
        return Err(format!("{color} is at digest {}, not {}", sync.digest, fleet.digest));
    }
    Ok(())
}

pub(super) fn short(commit: &str) -> &str {
    commit.get(..8).unwrap_or(commit)
}
