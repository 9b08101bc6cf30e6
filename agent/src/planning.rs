//! What is to be done now. Pure: it reads what is wanted, recorded and known, and returns values.

use std::collections::HashMap;
use std::time::Duration;

use teal_agent_core::backoff::Fights;
use teal_agent_core::inventory::{Entry, Inventory};
use teal_agent_core::latch::Gates;
use teal_agent_core::order::Until;
use teal_agent_core::plan::{Action, action};
use teal_agent_core::{Digest, ObjectId, Prepared};
use teal_api::sync::DriftMode;
use teal_api::unit::Problem;

use crate::ordering::{Ordered, Step};
use crate::world::World;

/// An object that could not be applied, and when it is tried again.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// What to tell.
    pub problem: Problem,
    /// The digest that failed; a new one is tried at once.
    pub digest: Digest,
    /// Not before this time.
    pub retry_at: Duration,
    /// How often it has failed in a row.
    pub rounds: u32,
}

/// Everything a plan depends on.
pub struct Facts<'a> {
    /// Released objects in order.
    pub ordered: &'a Ordered,
    /// What is recorded.
    pub inventory: &'a Inventory,
    /// What is known of live objects.
    pub world: &'a World,
    /// Which objects have been Current.
    pub gates: &'a Gates,
    /// What failed.
    pub troubles: &'a HashMap<ObjectId, Trouble>,
    /// Digests applied by this process that may not be stored: Secrets without a shared key.
    pub volatile: &'a HashMap<ObjectId, Digest>,
    /// What to do about drift.
    pub drift: DriftMode,
    /// Time since the agent's start.
    pub now: Duration,
}

/// One apply to make.
#[derive(Debug, Clone)]
pub struct Job {
    /// The object.
    pub step: Step,
    /// What kind of apply.
    pub action: Action,
    /// It is ours by UID already.
    pub owned: bool,
    /// It puts drift right.
    pub repairs: bool,
}

/// What is to be done now, and when to look again.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Applies, by rank.
    pub jobs: Vec<Job>,
    /// Objects that differ from git although git did not change.
    pub drifted: Vec<ObjectId>,
    /// Objects whose needs are not met yet, with what they wait for.
    pub blocked: HashMap<ObjectId, ObjectId>,
    /// Objects that are as wanted.
    pub settled: Vec<ObjectId>,
    /// Objects that we own and whose kind has not been listed since the start: nothing is known of them yet.
    pub unknown: usize,
    /// Nothing is to be done before this time unless there is news.
    pub wake_at: Option<Duration>,
}

impl Plan {
    fn wake(&mut self, at: Duration) {
        self.wake_at = Some(self.wake_at.map_or(at, |earlier| earlier.min(at)));
    }
}

/// Decides for every released object.
#[must_use]
pub fn plan(facts: &Facts<'_>, fights: &mut Fights) -> Plan {
    let mut plan = Plan::default();
    for step in &facts.ordered.steps {
        let object = &step.object;
        let entry = facts.inventory.entries.get(&object.id);
        if must_wait_for_list(facts, step, entry) {
            plan.unknown += 1;
            continue;
        }
        let action = wanted_action(facts, object, entry);
        let owned = entry.is_some_and(|entry| entry.uid().is_some());
        if !action.writes() {
            if action == Action::Nothing {
                plan.settled.push(object.id.clone());
            }
            continue;
        }
        let repairs = is_drift(facts, object, entry, action);
        if repairs {
            plan.drifted.push(object.id.clone());
            if facts.drift == DriftMode::Detect {
                continue;
            }
        }
        if let Some(need) = unmet(facts, step) {
            plan.blocked.insert(object.id.clone(), need.clone());
            // It may be met by an apply of this very pass: the executor asks again.
        }
        let due = match facts.troubles.get(&object.id).filter(|trouble| trouble.digest == object.digest) {
            Some(trouble) => trouble.retry_at,
            None if repairs => fights.due(&object.id, facts.now),
            None => facts.now,
        };
        if due > facts.now {
            plan.wake(due);
            continue;
        }
        plan.jobs.push(Job { step: step.clone(), action, owned, repairs });
    }
    plan
}

/// The first need of a step that is not met; `None` when it may start.
#[must_use]
pub fn unmet<'a>(facts: &Facts<'_>, step: &'a Step) -> Option<&'a ObjectId> {
    step.needs.iter().find(|(id, until)| !is_met(facts, id, *until)).map(|(id, _)| id)
}

fn is_met(facts: &Facts<'_>, id: &ObjectId, until: Until) -> bool {
    let standing = facts.world.get(id).filter(|standing| standing.live.is_some());
    let owned = facts.inventory.entries.get(id).is_some_and(|entry| entry.uid().is_some());
    let troubled = facts.troubles.contains_key(id);
    match until {
        Until::Applied => standing.is_some() && owned && !troubled,
        Until::Current => {
            owned
                && !troubled
                && (facts.gates.is_latched(id) || standing.is_some_and(|standing| standing.health.is_current()))
        }
    }
}

/// At the start nothing is known of objects that we own: their kind's list must have come first.
fn must_wait_for_list(facts: &Facts<'_>, step: &Step, entry: Option<&Entry>) -> bool {
    let owned = entry.is_some_and(|entry| entry.uid().is_some());
    owned
        && step.kind.watchable
        && facts.world.get(&step.object.id).is_none()
        && !facts.world.is_listed(&step.kind.group_kind())
}

/// The core's decision; a Secret whose digest may not be stored is compared with what this process applied.
fn wanted_action(facts: &Facts<'_>, object: &Prepared, entry: Option<&Entry>) -> Action {
    let live = facts.world.get(&object.id).and_then(|standing| standing.live.as_ref());
    if object.lasting {
        return action(object, entry, live);
    }
    let entry = entry.map(|entry| Entry { digest: facts.volatile.get(&object.id).copied(), ..entry.clone() });
    let object = Prepared { lasting: true, ..object.clone() };
    action(&object, entry.as_ref(), live)
}

/// Whether the cluster changed, and not git.
fn is_drift(facts: &Facts<'_>, object: &Prepared, entry: Option<&Entry>, action: Action) -> bool {
    match action {
        Action::Repair => true,
        // Deleted by hand: it was ours at exactly this digest.
        Action::Create | Action::Adopt => entry.is_some_and(|entry| {
            let applied = entry.digest.or_else(|| facts.volatile.get(&object.id).copied());
            entry.uid().is_some() && applied == Some(object.digest)
        }),
        Action::Nothing | Action::Update | Action::Wait => false,
    }
}
