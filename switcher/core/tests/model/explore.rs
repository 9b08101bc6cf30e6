//! Breadth first through every state, each once.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash, Hasher};

use teal_switcher_core::{Phase, Task};

use crate::check::{self, Broken};
use crate::events::Event;
use crate::world::{Budget, Rules, World};

/// What was explored.
pub(crate) struct Explored {
    pub(crate) states: usize,
    pub(crate) steps: usize,
    /// Phases and tasks that were reached.
    pub(crate) reached: BTreeSet<(Phase, Task)>,
    /// The first guarantee found broken, and the shortest way there.
    pub(crate) broken: Option<(Broken, Vec<Event>)>,
}

/// Explores until every state was seen, or `most` of them, or a guarantee is broken. Every `settle`th state is
/// followed to its rest, by both switchers or by one.
pub(crate) fn explore(budget: Budget, rules: &Rules, most: usize, settle: usize) -> Explored {
    let start = World::new(budget);
    let mut seen = HashSet::<u128>::from([mark(&start)]);
    let mut came: Vec<(usize, Event)> = vec![(0, Event::Wait)];
    let mut queue = VecDeque::from([(0, start)]);
    let mut found = Explored { states: 1, steps: 0, reached: BTreeSet::new(), broken: None };
    while let Some((at, world)) = queue.pop_front() {
        found.reached.insert((world.cell.ledger.phase, world.cell.ledger.task));
        let alive: &[u8] = [&[0, 1][..], &[0], &[1]][at / settle % 3];
        let settled = if at % settle == 0 { check::settles(&world, rules, alive) } else { Ok(()) };
        if let Err(broken) = settled.and_then(|()| check::state(&world, rules)) {
            found.broken = Some((broken, path(&came, at)));
            return found;
        }
        for event in world.events() {
            found.steps += 1;
            match world.after(event, rules) {
                Err(broken) => {
                    let mut way = path(&came, at);
                    way.push(event);
                    found.broken = Some((broken, way));
                    return found;
                }
                Ok(next) => {
                    if found.states < most && seen.insert(mark(&next)) {
                        found.states += 1;
                        came.push((at, event));
                        queue.push_back((came.len() - 1, next));
                    }
                }
            }
        }
    }
    found
}

/// 128 bits of a state: two unlike hashes, so that a million states collide with a chance below 1 in 10^26.
fn mark(world: &World) -> u128 {
    let build = BuildHasherDefault::<DefaultHasher>::default();
    let one = build.hash_one(world);
    let mut other = DefaultHasher::new();
    0x9E37_79B9_7F4A_7C15_u64.hash(&mut other);
    world.hash(&mut other);
    (u128::from(one) << 64) | u128::from(other.finish())
}

fn path(came: &[(usize, Event)], mut at: usize) -> Vec<Event> {
    let mut way = Vec::new();
    while at != 0 {
        way.push(came[at].1);
        at = came[at].0;
    }
    way.reverse();
    way
}
