//! Traffic by steps.

use std::time::Duration;

use super::targets::{at, routed, split, three};
use super::{check, soaking};
use crate::decide::samples::{NOW_MS, Scene};
use crate::declaration::Stage;
use crate::health::Proof::Fail;
use crate::ledger::{Phase, Routing, Task};
use crate::observation::Value;
use crate::order::Verb;

fn gradual(scene: Scene, share: u8, stage: u8) -> Scene {
    scene.with(|scene| {
        let hold = Duration::from_secs(600);
        scene.declared.stages = vec![Stage::Share(10, hold), Stage::Pause, Stage::Share(100, Duration::ZERO)];
        scene.ledger().routing = Routing { share, routed: Routing::ALL, stage };
        scene.seen.record.value = Value::Color("blue".into());
        // The old color keeps the role, and what can't weigh stays there.
        let standby = Some(crate::color::Role::Standby);
        let active = Some(crate::color::Role::Active);
        for (name, role) in [("blue", active), ("green", standby)] {
            if let crate::observation::SyncSeen::Known(sync) = &mut scene.color(name).sync {
                (sync.role, sync.role_in_force) = (role, role);
            }
        }
    })
}

#[test]
fn traffic_by_steps_is_held_proved_and_promoted() {
    let holding = |stage| gradual(Scene::moving(Phase::Shifting, Task::Holding), 10, stage);
    let ready = |scene: Scene| gradual(three(scene, at("blue"), at("blue")), 100, 0).waited(311);
    let steps = |stage| three(holding(stage), at("blue"), split(10));
    check([
        (
            "all is proved: the first step, and nobody stands down",
            ready(Scene::moving(Phase::Preparing, Task::Converging)),
            "write Shifting/routing",
        ),
        (
            "what can't weigh stays",
            routed(steps(0), 0)
                .with(|scene| scene.ledger().task = Task::Routing)
                .with(|scene| scene.seen.targets[1] = at("blue")),
            "write Shifting/routing",
        ),
        (
            "what weighs is split",
            routed(steps(0), 1)
                .with(|scene| scene.ledger().task = Task::Routing)
                .with(|scene| scene.seen.targets[1] = at("blue")),
            "route #1 to 90 % blue, 10 % green",
        ),
        (
            "and read back",
            routed(steps(0), 1).with(|scene| scene.ledger().task = Task::Routing),
            "write Shifting/propagating",
        ),
        ("it is held", steps(0), "hold soak"),
        ("for its time", steps(0).waited(600), "write Shifting/holding"),
        ("a pause waits for a person", steps(1).waited(9_999), "hold approval"),
        ("who goes on", steps(1).ordered(Verb::Promote), "write Shifting/standing-down"),
        (
            "a gate holds the next step",
            steps(0).waited(600).with(|scene| scene.seen.during[0].age = Duration::from_secs(99)),
            "gates During",
        ),
        (
            "blue stands down before the last step",
            steps(1).with(|scene| scene.ledger().task = Task::StandingDown),
            "blue standby",
        ),
        (
            "then all traffic moves",
            steps(1).with(|scene| scene.ledger().task = Task::StandingDown).sync("blue", |sync| {
                (sync.role, sync.role_in_force) =
                    (Some(crate::color::Role::Standby), Some(crate::color::Role::Standby));
            }),
            "write Shifting/routing, route green at 10",
        ),
        (
            "a failure goes back at any step",
            steps(0).proof("green", Fail),
            "write RollingBack/routing (rolled-back), route blue at 10",
        ),
    ]);
    let old = steps(1).proof("blue", Fail).decide();
    assert_eq!(old.alert.map(|alert| alert.reason), Some("OldColorFails"));
    assert!(steps(0).ledger().ordered(order(Verb::Promote), None, NOW_MS).is_ok());
    assert!(soaking().ledger().ordered(order(Verb::Promote), None, NOW_MS).is_err());
}

fn order(verb: Verb) -> crate::Order {
    let set_aside = crate::Digest::default();
    crate::Order { verb, actor: "ada".into(), reason: "drill".into(), expires_ms: NOW_MS, set_aside }
}
