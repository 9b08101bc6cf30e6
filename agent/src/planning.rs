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
    /// Whether the same may succeed without a change in git.
    pub passing: bool,
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
    pub(crate) fn wake(&mut self, at: Duration) {
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
    let live = facts.world.get(id).and_then(|standing| standing.live.as_ref());
    if live.is_some_and(|live| live.terminating) {
        // What lives in it or by it goes with it; it is waited for, and made anew.
        return false;
    }
    let standing = facts.world.get(id).filter(|_| live.is_some());
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
    let kind = step.kind.group_kind();
    let blind = || facts.world.failing().contains_key(&kind);
    // Without a watch drift can't be seen; what git changed is applied all the same.
    let changed = || entry.is_some_and(|entry| entry.digest != Some(step.object.digest));
    owned
        && step.kind.watchable
        && facts.world.get(&step.object.id).is_none()
        && !facts.world.is_listed(&kind)
        && !(blind() && changed())
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use teal_agent_core::inventory::{Applied, Entry as Recorded};
    use teal_agent_core::{Health, Object, Origin, OwnerMark, ParityKey};
    use teal_cluster::{Kind, Seen, Sighting};

    const NOW: Duration = Duration::from_secs(100);

    /// One ConfigMap `shop/web` declared with a value.
    fn declared(value: &str) -> Step {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", "namespace": "shop"}, "data": {"v": value}});
        let object = Object::new(object, Origin::new("a.yaml", 1)).unwrap();
        let (mark, key) = (OwnerMark::new("main", "shop-1"), ParityKey::ephemeral(&[0; 32]));
        let kind = Kind {
            group: String::new(),
            version: "v1".into(),
            kind: "ConfigMap".into(),
            plural: "configmaps".into(),
            namespaced: true,
            watchable: true,
            scalable: false,
        };
        Step {
            object: Prepared::new(object, None, &mark, &key).unwrap(),
            kind,
            rank: 0,
            needs: Vec::new(),
            last: false,
        }
    }

    fn hash(text: &str) -> Digest {
        Digest::of_parts([text.as_bytes()])
    }

    #[derive(Default)]
    struct World1 {
        ordered: Ordered,
        inventory: Inventory,
        world: World,
        gates: Gates,
        troubles: HashMap<ObjectId, Trouble>,
        drift: DriftMode,
        fights: Fights,
    }

    impl World1 {
        fn declared(value: &str) -> Self {
            Self { ordered: Ordered { steps: vec![declared(value)], ..Ordered::default() }, ..Self::default() }
        }
        /// Applied before at this value, as `uid`, with our fields hashed to `fields`.
        fn owned(mut self, value: &str, uid: &str, fields: &str) -> Self {
            let step = declared(value);
            self.inventory.entries.insert(step.object.id.clone(), Recorded::claimed(step.object.unit.clone()));
            let applied = Applied {
                uid: uid.into(),
                unit: step.object.unit.clone(),
                created: true,
                digest: Some(step.object.digest),
                parity: None,
                fields: Some(hash(fields)),
            };
            self.inventory.own(&step.object.id, applied);
            self
        }
        fn listed(mut self) -> Self {
            let kind = declared("1").kind.group_kind();
            self.world.take(Sighting::Listed { kind, present: Default::default() }, NOW);
            self
        }
        fn seen(mut self, uid: &str, fields: Option<&str>) -> Self {
            let seen = Seen {
                id: declared("1").object.id,
                uid: uid.into(),
                version: 1,
                generation: 0,
                own_fields: fields.map(hash),
                health: Health::Current,
                matures: None,
                last_writer: None,
                foreign: None,
            };
            self.world.take(Sighting::Seen(Box::new(seen)), NOW);
            self
        }
        fn plan(&mut self) -> Plan {
            let volatile = HashMap::new();
            let facts = Facts {
                ordered: &self.ordered,
                inventory: &self.inventory,
                world: &self.world,
                gates: &self.gates,
                troubles: &self.troubles,
                volatile: &volatile,
                drift: self.drift,
                now: NOW,
            };
            plan(&facts, &mut self.fights)
        }
    }

    #[test]
    fn each_situation_has_its_action() {
        for (rule, mut world, want) in [
            ("new: create", World1::declared("1"), Some((Action::Create, false))),
            ("as applied: nothing", World1::declared("1").owned("1", "u", "f").listed().seen("u", Some("f")), None),
            (
                "changed in git: update",
                World1::declared("2").owned("1", "u", "f").listed().seen("u", Some("f")),
                Some((Action::Update, false)),
            ),
            (
                "changed in the cluster: repair",
                World1::declared("1").owned("1", "u", "f").listed().seen("u", Some("g")),
                Some((Action::Repair, true)),
            ),
            (
                "deleted by hand: made anew, as drift",
                World1::declared("1").owned("1", "u", "f").listed(),
                Some((Action::Create, true)),
            ),
            (
                "made by others meanwhile: adopt",
                World1::declared("2").owned("1", "u", "f").listed().seen("v", None),
                Some((Action::Adopt, false)),
            ),
            ("not listed yet: wait", World1::declared("1").owned("1", "u", "f"), None),
        ] {
            let plan = world.plan();
            assert_eq!(plan.jobs.first().map(|job| (job.action, job.repairs)), want, "{rule}");
        }
    }

    #[test]
    fn detect_mode_counts_drift_and_sends_nothing() {
        let mut world = World1::declared("1").owned("1", "u", "f").listed().seen("u", Some("g"));
        world.drift = DriftMode::Detect;
        let plan = world.plan();
        assert!(plan.jobs.is_empty());
        assert_eq!(plan.drifted.len(), 1);
    }

    #[test]
    fn a_fight_waits_longer_and_a_failure_until_its_time() {
        let mut world = World1::declared("1").owned("1", "u", "f").listed().seen("u", Some("g"));
        let id = declared("1").object.id;
        world.fights.repaired(&id, NOW);
        let plan = world.plan();
        assert!(plan.jobs.is_empty() && plan.wake_at > Some(NOW), "{plan:?}");

        let mut world = World1::declared("1");
        let problem =
            teal_api::unit::Problem { subject: String::new(), reason: "Invalid".into(), message: String::new() };
        let failed = |digest| Trouble {
            problem: problem.clone(),
            digest,
            retry_at: NOW + Duration::from_secs(60),
            rounds: 1,
            passing: false,
        };
        world.troubles.insert(id.clone(), failed(declared("1").object.digest));
        assert!(world.plan().jobs.is_empty(), "the same again would fail again");
        world.troubles.insert(id, failed(declared("2").object.digest));
        assert_eq!(world.plan().jobs.len(), 1, "a new declaration is tried at once");
    }

    #[test]
    fn needs_come_first() {
        let mut world = World1::declared("1");
        let need = ObjectId::from_key("/Namespace//shop").unwrap();
        if let Some(step) = world.ordered.steps.first_mut() {
            step.needs.push((need.clone(), Until::Applied));
        }
        let plan = world.plan();
        assert_eq!(plan.blocked.values().next(), Some(&need));
    }
}
