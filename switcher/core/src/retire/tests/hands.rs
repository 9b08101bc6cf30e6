//! Every order in which runs, crashes and people who start and stop the cluster by hand can come.

use std::collections::{BTreeSet, VecDeque};

use super::*;

/// Everything that differs between two moments of this world. What is measured stands in the cluster and stops with it.
#[derive(Debug, Clone)]
struct World {
    ledgers: [Ledger; 2],
    state: State,
    used: bool,
    /// It was started again, a run has seen that, and no proof of drain was decided on since.
    unproven: bool,
}

impl World {
    fn facts(&self) -> Facts {
        let drain = match (self.state, self.used) {
            (State::Running, false) => Drain::Proved("0 requests".to_owned()),
            (State::Running, true) => Drain::Live("9 requests".to_owned()),
            _ => Drain::Unknown("its Prometheus is in the cluster".to_owned()),
        };
        let mut facts = Facts { cluster: there(self.state), uid: None, drain, ..facts() };
        for (seen, ledger) in facts.switches.iter_mut().zip(&self.ledgers) {
            seen.ledger = Ok(ledger.clone());
        }
        facts
    }

    /// What tells two worlds apart: not how often something was written.
    fn key(&self) -> String {
        let ledger = |one: &Ledger| (one.phase, one.task, one.op.clone(), one.times.deadline_ms);
        format!("{:?} {:?} {} {}", self.ledgers.each_ref().map(ledger), self.state, self.used, self.unproven)
    }

    /// One run does its next step: whole, or a crash leaves it after the first ledger.
    fn run(&self, crash: bool) -> Self {
        let (facts, mut world) = (self.facts(), self.clone());
        let decided = next(&facts, &Policy { scream: Duration::ZERO, ..policy() });
        let proved = matches!(facts.drain, Drain::Proved(_));
        let mut swap = |names: &[String], change: &dyn Fn(&Ledger) -> Ledger| {
            let at = |name: &String| facts.switches.iter().position(|one| one.name == *name).unwrap();
            for index in names.iter().map(at).take(if crash { 1 } else { 2 }) {
                world.ledgers[index] = change(&world.ledgers[index]);
            }
        };
        match &decided.act {
            Act::Enter(names) => {
                assert!(proved, "{self:?}");
                swap(names, &|ledger| ledger.retire(&"blue".into(), "ada", "op", NOW_MS).unwrap());
            }
            Act::Reopen(names) => {
                swap(names, &|ledger| ledger.reopened("again", NOW_MS));
                world.unproven = true;
            }
            Act::Prove(names) => {
                assert!(proved, "{self:?}");
                swap(names, &|ledger| ledger.proved("again", NOW_MS));
                world.unproven = false;
            }
            Act::Stop => {
                assert!(proved, "{self:?}");
                world.state = State::Stopped;
            }
            Act::NoteStopped { switches, until_ms } => {
                assert!(!self.unproven, "a stop counts that nobody has proved the drain before: {self:?}");
                swap(switches, &|ledger| ledger.stopped(*until_ms, NOW_MS));
            }
            Act::Condemn(_) | Act::Delete => {
                assert!(!self.unproven && self.state == State::Stopped, "{self:?}");
            }
            Act::Refuse => {}
            other => panic!("{other:?} in {self:?}"),
        }
        world
    }
}

#[test]
fn g6_no_stop_counts_that_has_no_proof_of_drain_of_its_own() {
    let begin =
        World { ledgers: [steady_on_green(), steady_on_green()], state: State::Running, used: false, unproven: false };
    let (mut seen, mut queue) = (BTreeSet::from([begin.key()]), VecDeque::from([begin]));
    let mut reaches_deletion = false;
    while let Some(world) = queue.pop_front() {
        let act = next(&world.facts(), &Policy { scream: Duration::ZERO, ..policy() }).act;
        reaches_deletion |= matches!(act, Act::Condemn(_));
        let by_hand = World {
            state: if world.state == State::Running { State::Stopped } else { State::Running },
            ..world.clone()
        };
        let used = World { used: !world.used, ..world.clone() };
        for after in [world.run(false), world.run(true), by_hand, used] {
            if seen.insert(after.key()) {
                queue.push_back(after);
            }
        }
    }
    assert!(reaches_deletion && seen.len() > 20, "{} worlds", seen.len());
}
