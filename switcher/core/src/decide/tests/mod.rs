//! Every rule as a sentence: what is seen, what follows.

mod back;
mod gradual;
mod inspected;
mod moving;
mod people;
mod rest;
mod retiring;
mod targets;
mod total;

use super::samples::{Scene, shown};
use crate::ledger::{ParkedWhy, Phase, Task};
use crate::observation::{FreezeSeen, Relation};

pub(super) fn check(rules: impl IntoIterator<Item = (&'static str, Scene, &'static str)>) {
    for (rule, scene, want) in rules {
        let step = scene.decide();
        assert_eq!(shown(&step), want, "{rule}; it said: {} {:?}", step.why, step.wait);
    }
}

pub(super) fn steady() -> Scene {
    Scene::steady()
}

pub(super) fn freezing() -> Scene {
    Scene::moving(Phase::Preparing, Task::Freezing).with(|scene| {
        scene.color("blue").freeze = FreezeSeen::Active { op: crate::decide::samples::OP.to_owned() };
    })
}

pub(super) fn converging() -> Scene {
    Scene::moving(Phase::Preparing, Task::Converging)
}

pub(super) fn standing_down() -> Scene {
    Scene::moving(Phase::Preparing, Task::StandingDown).waited(311).with(|scene| {
        scene.ledger().epoch += 1;
        let (ledger, now) = (scene.ledger().clone(), scene.seen.time.mono);
        scene.seen.watch.note(&ledger, now);
    })
}

pub(super) fn shifting() -> Scene {
    Scene::moving(Phase::Shifting, Task::Propagating)
}

pub(super) fn soaking() -> Scene {
    Scene::moving(Phase::Soaking, Task::Watching)
}

pub(super) fn going_back(task: Task) -> Scene {
    Scene::moving(Phase::RollingBack, task).with(|scene| {
        let ledger = scene.ledger().clone().refusing(ParkedWhy::RolledBack, "green failed");
        *scene.ledger() = ledger;
    })
}

pub(super) fn parked() -> Scene {
    Scene::steady().committed("green").with(|scene| {
        let declared = scene.declared.clone();
        let ledger = scene.ledger().clone().acting_on(&declared).refusing(ParkedWhy::RolledBack, "green failed");
        *scene.ledger() = ledger.rest(Phase::Parked);
        scene.seen.git.relation = Relation::Equal;
    })
}
