//! The guarantees G1 to G5, as checks on what happens and on what is.

use teal_switcher_core::{Action, Effect, ParkedWhy, Phase, Proof, Role, Step};

use crate::look::in_the_dark;
use crate::world::{At, Budget, Cell, Flight, Pending, Rules, Switcher, Todo, World, color, course, index};

/// A guarantee that does not hold, and how it was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) guarantee: &'static str,
    pub(crate) how: String,
}

fn broken(guarantee: &'static str, how: impl Into<String>) -> Result<(), Broken> {
    Err(Broken { guarantee, how: how.into() })
}

/// G2: an effect is only decided when the ledger that was read announces it.
pub(crate) fn intent(cell: &Cell, pending: Option<&Pending>) -> Result<(), Broken> {
    let Some(Pending::Effects(todo)) = pending else { return Ok(()) };
    let ledger = &cell.ledger;
    for effect in todo {
        let announced = match effect {
            Todo::Freeze(at, op) => {
                !ledger.phase.at_rest() && **op == *ledger.op && course(ledger).is_some_and(|(from, _)| from == *at)
            }
            Todo::Pin(_, true) => ledger.fleet.is_some() && !ledger.phase.at_rest(),
            Todo::Route(to) => ledger.active == color(*to) && !ledger.phase.at_rest(),
            Todo::Role(at, role) => ledger.role_of(&color(*at)) == *role,
            Todo::Unfreeze(..) | Todo::Pin(_, false) => true,
        };
        if !announced {
            return broken("G2", format!("{effect:?} is not announced by {}/{}", ledger.phase, ledger.task.as_str()));
        }
    }
    Ok(())
}

/// G1 and G3 at the second target: what someone else wrote is left alone, and traffic goes only to the proven.
pub(crate) fn routes(world: &World, step: &Step) -> Result<(), Broken> {
    let Action::Effects(effects) = &step.action else { return Ok(()) };
    let routes = effects.iter().filter_map(|effect| match effect {
        Effect::Route { split, .. } => split.keys().next().map(index),
        _ => None,
    });
    for to in routes {
        if world.second.at == At::Foreign {
            return broken("G1", "the second target is overwritten although it routes to no color");
        }
        let truth = world.sides[usize::from(to)].health;
        if world.second.at != At::Color(to) && truth != Proof::Ok {
            return broken("G3", format!("the second target is moved to {} which is {truth}", color(to)));
        }
    }
    Ok(())
}

/// G1 and G2: what the ledger says of the second target was read back, and nothing undoes it.
fn second(world: &World) -> Result<(), Broken> {
    let (ledger, left) = (&world.cell.ledger, &world.left);
    let parked = ledger.parked.as_ref().is_some_and(|parked| parked.why == ParkedWhy::ForeignWrite);
    if !left.second || left.unbounded || parked || world.second.at == At::Foreign || ledger.routing.routed == 0 {
        return Ok(());
    }
    if world.second.at != At::Color(index(&ledger.active)) {
        return broken(
            "G1",
            format!("the second target is at {:?} after it was confirmed at {}", world.second.at, ledger.active),
        );
    }
    Ok(())
}

/// G1, G3 and G5 at the moment a write lands.
pub(crate) fn landing(world: &World, flight: &Flight, cas: bool) -> Result<(), Broken> {
    if cas && flight.expect != (world.cell.at, world.cell.ledger.epoch) {
        return Ok(());
    }
    let (old, next) = (&world.cell.ledger, &flight.next);
    if next.epoch != old.epoch + 1 || next.lineage != old.lineage {
        return broken("G1", format!("epoch {} is written over {}: a write was lost", next.epoch, old.epoch));
    }
    let left = old.phase == Phase::Retiring && (next.phase != Phase::Retiring || next.task != old.task);
    if left || old.phase == Phase::Retiring && flight.change.is_some() {
        return broken("G1", format!("a switcher moves or ends a retirement: {}/{}", next.phase, next.task.as_str()));
    }
    if let Some((to, _)) = flight.change {
        if world.cell.at != At::Color(index(&old.active)) {
            return broken("G1", "a foreign write is overwritten");
        }
        if world.cell.at != At::Color(to) && flight.truth[usize::from(to)] != Proof::Ok {
            return broken("G3", format!("traffic moves to {} which was {}", color(to), flight.truth[usize::from(to)]));
        }
    }
    let routed = flight.change.map_or(world.cell.at, |(to, _)| At::Color(to));
    if routed != At::Color(index(&next.active)) && next.phase != Phase::Parked {
        return broken("G2", format!("the ledger says {}, the record says {routed:?}", next.active));
    }
    let starts = old.phase.at_rest() && next.phase == Phase::Preparing;
    if starts && world.refused & (1 << change_of(world, &next.revision)) != 0 {
        return broken("G5", format!("the refused commit {} is tried again", next.revision));
    }
    Ok(())
}

/// Lets a write land and remembers what it refused.
pub(crate) fn land(world: &mut World, flight: &Flight, cas: bool) -> bool {
    let moving = !world.cell.ledger.phase.at_rest() || world.cell.ledger.order.is_some();
    let landed = world.land(flight, cas);
    if landed && moving && flight.next.parked.is_some() {
        world.refused |= 1 << change_of(world, &flight.next.revision);
    }
    landed
}

/// The last commit that changed this Switch, seen from a revision.
fn change_of(world: &World, revision: &str) -> u8 {
    let id: usize = revision.parse().unwrap();
    world.commits[id].change
}

/// G4: from every state after the shift, whoever looks brings traffic back by one proof and one write.
pub(crate) fn state(world: &World, rules: &Rules) -> Result<(), Broken> {
    second(world)?;
    let ledger = &world.cell.ledger;
    if !ledger.phase.shifted() || world.cell.at != At::Color(index(&ledger.active)) {
        return Ok(());
    }
    for who in 0..2_u8 {
        let mut noted = world.clone();
        let known = &mut noted.switchers[usize::from(who)].known;
        if known.last().is_none_or(|(newest, _)| *newest < ledger.epoch) {
            known.push((ledger.epoch, 0));
        }
        let active = index(&ledger.active);
        let mut seen = noted.look(who, &world.cell);
        in_the_dark(&mut seen, active);
        let step = (rules.decide)(&world.declared(world.switchers[usize::from(who)].fetched), &seen);
        let back = match &step.action {
            Action::Write(write) => write.change.as_ref().is_some_and(|change| index(&change.color) != active),
            _ => false,
        };
        if !back {
            return broken("G4", format!("s{who} does not go back from {}: {}", ledger.phase, step.why));
        }
    }
    Ok(())
}

/// G2: let everything be well from here on; then the switch comes to rest and nothing is left behind, also when only
/// one of the two switchers (`alive`) is left.
pub(crate) fn settles(world: &World, rules: &Rules, alive: &[u8]) -> Result<(), Broken> {
    let mut world = heal(world);
    (0..2).filter(|who| !alive.contains(who)).for_each(|who| world.switchers[usize::from(who)] = Switcher::default());
    let mut quiet = 0;
    for _ in 0..400 {
        if quiet > 6 {
            return at_rest(&world);
        }
        let before = world.clone();
        for who in alive.iter().copied() {
            world.switchers[usize::from(who)].fetched = world.head;
            let event = match world.switchers[usize::from(who)].pending {
                Some(_) => crate::events::Event::Act(who),
                None => crate::events::Event::Look(who),
            };
            world = world.after(event, rules)?;
        }
        quiet = if same(&before, &world) { quiet + 1 } else { 0 };
        world = world.after(crate::events::Event::Spread, rules)?;
        if world.second.working.is_some() {
            world = world.after(crate::events::Event::SecondIsDone, rules)?;
        }
        if quiet > 0 {
            let long = quiet % 2 == 0;
            let event = if long { crate::events::Event::WaitForLong } else { crate::events::Event::Wait };
            world = world.after(event, rules)?;
        }
    }
    broken("G2", format!("never comes to rest, but stays in {}", world.cell.ledger.phase))
}

/// Nothing but clocks changed.
fn same(before: &World, after: &World) -> bool {
    before.cell == after.cell
        && before.second == after.second
        && before.sides == after.sides
        && after.switchers.iter().all(|switcher| switcher.pending.is_none())
}

fn heal(world: &World) -> World {
    let mut world = world.clone();
    let Budget { colorless, second, slow, unbounded, .. } = world.left;
    world.left = Budget { colorless, second, slow, unbounded, ..Budget::default() };
    world.late = None;
    world.late_route = None;
    world.second.failed = None;
    for side in &mut world.sides {
        side.health = Proof::Ok;
        side.reachable = true;
    }
    world
}

fn at_rest(world: &World) -> Result<(), Broken> {
    let ledger = &world.cell.ledger;
    let retiring = ledger.phase == Phase::Retiring;
    if !retiring && (!ledger.phase.at_rest() || ledger.holder.is_some()) {
        return broken("G2", format!("stays in {}/{}", ledger.phase, ledger.task.as_str()));
    }
    for (at, side) in (0..2_u8).zip(&world.sides) {
        let role = if ledger.active == color(at) { Role::Active } else { Role::Standby };
        if side.frozen.is_some() || side.pinned || side.role != role {
            return broken(
                "G2",
                format!("leaves {} frozen, pinned or in the wrong role, in {}", color(at), ledger.phase),
            );
        }
    }
    let parked = ledger.parked.as_ref().is_some_and(|parked| parked.why == ParkedWhy::ForeignWrite);
    if world.left.second && !parked && world.second.at != At::Color(index(&ledger.active)) {
        return broken("G2", format!("leaves the second target at {:?}, in {}", world.second.at, ledger.phase));
    }
    let wanted = world.commits[usize::from(world.head)].active;
    let trusted = world.descends(world.head, ledger.revision.parse().unwrap());
    if ledger.phase == Phase::Steady && trusted && index(&ledger.active) != wanted {
        return broken("G2", format!("forgets that git asks for {}", color(wanted)));
    }
    Ok(())
}
