//! The way back.

use std::time::Duration;

use super::{check, going_back, shifting, soaking};
use crate::color::Role;
use crate::decide::samples::Scene;
use crate::declaration::Fallback;
use crate::gate::Standing;
use crate::health::Proof::{Fail, Ok, Unknown};
use crate::ledger::{Phase, Task};
use crate::observation::{FreezeSeen, Relation};
use crate::order::Verb;
use crate::propagation::Says;

#[test]
fn g4_going_back_needs_one_proof_and_one_write() {
    let dark = |scene: Scene| {
        scene.unreachable("blue").unreachable("green").with(|scene| {
            scene.seen.git.relation = Relation::Unknown;
            scene.seen.git.fresh = false;
            scene.seen.before[0].standing = Standing::Error;
            scene.seen.during[0].standing = Standing::Error;
            scene.seen.vantages[0].says = Says::ServFail;
        })
    };
    let back = "write RollingBack/propagating (rolled-back), route blue at 10";
    for scene in [
        shifting(),
        Scene::moving(Phase::Shifting, Task::StandingUp),
        soaking(),
        Scene::moving(Phase::Soaking, Task::Finishing),
    ] {
        check([
            ("green fails, blue is proven, nothing else answers", dark(scene.clone()).proof("green", Fail), back),
            (
                "the witness sees it, too",
                dark(scene.clone()).held_by("green").seen_from("blue").proof("green", Fail),
                back,
            ),
            (
                "with a clock that is off",
                scene
                    .clone()
                    .proof("green", Fail)
                    .held_by("green")
                    .seen_from("blue")
                    .with(|scene| scene.seen.time.skew = Some(Duration::from_secs(99))),
                back,
            ),
        ]);
    }
    check([("a gate fails", soaking().with(|scene| scene.seen.during[0].standing = Standing::Fail), back)]);
}

#[test]
fn g3_nothing_goes_back_to_the_unproven() {
    let sick = || soaking().proof("green", Fail);
    let unknown = |seconds| {
        soaking().proof("green", Unknown).with(move |scene| {
            scene.color("green").unknown_for = Duration::from_secs(seconds);
            scene.declared.policy.rollback.fallback = Fallback::Back;
        })
    };
    check([
        ("nobody is proven", sick().proof("blue", Fail), "hold gate"),
        ("the other is unknown", sick().proof("blue", Unknown), "hold gate"),
        (
            "the last resort is declared",
            sick().proof("blue", Unknown).with(|scene| scene.declared.policy.rollback.last_resort_other = true),
            "write RollingBack/propagating (rolled-back), route blue at 10",
        ),
        ("unknown waits", unknown(299), "hold gate"),
        ("until the deadline", unknown(300), "write RollingBack/propagating (rolled-back), route blue at 10"),
        ("the witness does not act on *unknown*", unknown(300).held_by("green").seen_from("blue"), "hold claim"),
        ("blind", unknown(300).proof("blue", Unknown), "hold blind"),
        ("a person decides", sick().with(|scene| scene.declared.policy.rollback.automatic = false), "hold approval"),
        ("an order needs proof as well", soaking().ordered(Verb::Undo).proof("blue", Unknown), "hold blind"),
        (
            "and then it is done",
            soaking().ordered(Verb::Undo),
            "write RollingBack/propagating (undone), route blue at 10",
        ),
        ("git takes it back", soaking().committed("blue"), "write RollingBack/propagating (undone), route blue at 10"),
        ("but not to the unproven", soaking().committed("blue").proof("blue", Unknown), "hold gate"),
    ]);
}

#[test]
fn what_speaks_against_a_color_is_named() {
    let gate = |standing| soaking().with(move |scene| scene.seen.during[0].standing = standing);
    for (rule, scene, words) in [
        ("a gate that can't be measured", gate(Standing::Error), "green is not proven: gate errors can't be measured"),
        ("a gate without an answer", gate(Standing::Inconclusive), "gate errors is inconclusive: as declared"),
        ("the probe before a gate", gate(Standing::Error).proof("green", Unknown), "green is unknown: 200"),
        ("nobody is better", soaking().proof("green", Fail).proof("blue", Fail), "green is fail, and blue is fail"),
        (
            "for too long",
            gate(Standing::Error).with(|scene| scene.seen.during[0].since = Duration::from_secs(300)),
            "gate errors can't be measured",
        ),
    ] {
        let wait = scene.decide().wait.unwrap();
        assert!(wait.message.contains(words), "{rule}: {}", wait.message);
    }
}

#[test]
fn a_role_or_a_freeze_that_is_not_put_right_in_time_is_shouted() {
    let stuck = |scene: Scene| scene.sync("green", |sync| sync.role_in_force = None);
    for (scene, reason) in [
        (stuck(Scene::moving(Phase::Shifting, Task::StandingUp)), "RoleOverdue"),
        (stuck(Scene::moving(Phase::Shifting, Task::StandingUp)).unreachable("blue"), "RoleOverdue"),
        (stuck(Scene::moving(Phase::Soaking, Task::Finishing)), "CleanUpOverdue"),
        (stuck(going_back(Task::Restoring)), "CleanUpOverdue"),
    ] {
        let told = |seconds| scene.clone().waited(seconds).decide().alert.map(|alert| alert.reason);
        assert_ne!(told(119), Some(reason));
        assert_eq!(told(120), Some(reason));
    }
}

#[test]
fn rolling_back_lets_roles_follow_the_traffic_and_ends_parked() {
    let restored = || {
        going_back(Task::Restoring)
            .sync("blue", |sync| sync.pin = None)
            .sync("green", |sync| sync.pin = None)
            .with(|scene| scene.color("blue").freeze = FreezeSeen::Off)
    };
    let silent = |scene: Scene| scene.with(|scene| scene.seen.vantages[0].says = Says::ServFail);
    check([
        ("the world learns it", silent(going_back(Task::Propagating)), "hold propagation"),
        (
            "roles are not withheld for ever",
            silent(going_back(Task::Propagating)).waited(300),
            "write RollingBack/restoring (rolled-back)",
        ),
        ("all agree", going_back(Task::Propagating), "write RollingBack/restoring (rolled-back)"),
        ("freeze and pins are lifted", going_back(Task::Restoring), "unfreeze blue of op-1 + unpin blue + unpin green"),
        (
            "the failed side first stands down",
            restored().sync("green", |sync| sync.role = Some(Role::Active)),
            "green standby",
        ),
        (
            "a side that can't be reached holds nothing up",
            restored().unreachable("green").sync("blue", |sync| sync.role = None),
            "blue active",
        ),
        ("parked, with the TTL restored", restored(), "write Parked/rest (rolled-back), route blue at 300"),
        (
            "no second turn by itself",
            restored().proof("blue", Fail).proof("green", Ok),
            "write Parked/rest (rolled-back), route blue at 300",
        ),
    ]);
}
