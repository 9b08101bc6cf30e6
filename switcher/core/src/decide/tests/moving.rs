//! Preparing, Shifting, Draining, Soaking.

use std::time::Duration;

use super::{check, converging, freezing, shifting, soaking, standing_down};
use crate::color::{Color, Role};
use crate::decide::samples::{OP, Scene};
use crate::gate::Standing;
use crate::health::Proof::{Fail, Unknown};
use crate::ledger::{Phase, Task};
use crate::observation::{FreezeSeen, Relation};
use crate::order::Verb;
use crate::propagation::Says;

#[test]
fn preparing_goes_freeze_f_pins_gates_ttl_hand_over_shift() {
    let unfrozen = || freezing().with(|scene| scene.color("blue").freeze = FreezeSeen::Off);
    let trembling =
        |seconds| standing_down().waited(seconds).with(|scene| scene.seen.before[0].standing = Standing::Fail);
    let bad_gate = |standing| converging().with(|scene| scene.seen.before[0].standing = standing);
    check([
        ("freeze first", unfrozen(), "freeze blue"),
        (
            "a barrier, not a wish",
            freezing().with(|scene| scene.color("blue").freeze = FreezeSeen::Pending { op: OP.into() }),
            "hold gate",
        ),
        ("with the fleet: its commit first", unfrozen().with(|scene| scene.declared.with_fleet = true), "hold gate"),
        (
            "then the freeze",
            unfrozen()
                .with(|scene| scene.declared.with_fleet = true)
                .sync("blue", |sync| sync.revision = "a".repeat(40)),
            "freeze blue",
        ),
        ("frozen, but still working", freezing().sync("blue", |sync| sync.ready = false), "hold gate"),
        ("frozen and converged: F is known", freezing(), "write Preparing/converging"),
        (
            "no freeze declared: converged is enough",
            unfrozen().with(|scene| scene.ledger().freeze_until_ms = None),
            "write Preparing/converging",
        ),
        (
            "pins",
            converging().sync("blue", |sync| sync.pin = None).sync("green", |sync| sync.pin = None),
            "pin blue + pin green",
        ),
        (
            "green is not equal",
            converging().waited(311).sync("green", |sync| sync.digest = crate::Digest::of("x")),
            "hold gate",
        ),
        ("the gates run when both are equal", bad_gate(Standing::Pending), "gates Before"),
        ("an inconclusive gate holds", bad_gate(Standing::Inconclusive).waited(311), "gates Before"),
        (
            "a failed gate stops the move",
            bad_gate(Standing::Fail),
            "write Parked/rest (gate-failed), route blue at 300",
        ),
        ("caches still hold the old TTL", converging().waited(299), "hold ttl"),
        ("green is not proven", converging().waited(311).proof("green", Unknown), "hold gate"),
        (
            "old gate results are measured again",
            converging().waited(311).with(|scene| scene.seen.before[0].age = Duration::from_secs(61)),
            "gates Before",
        ),
        ("all is proved: blue stands down", converging().waited(311), "write Preparing/standing-down"),
        (
            "the role is not given up yet",
            standing_down().sync("blue", |sync| sync.role = Some(Role::Active)),
            "blue standby",
        ),
        ("not in force yet", standing_down().sync("blue", |sync| sync.role_in_force = Some(Role::Active)), "hold gate"),
        ("blue's API server is gone", standing_down().unreachable("blue"), "hold gate"),
        (
            "the TTL was raised behind our back",
            standing_down().with(|scene| scene.seen.record.ttl = 60),
            "write Preparing/standing-down, route blue at 10",
        ),
        ("gates may tremble while roles change", trembling(0), "gates Before"),
        ("but nobody is without the active role for long", trembling(120), "write Preparing/converging"),
        ("the shift", standing_down(), "write Shifting/propagating, route green at 10"),
    ]);
}

#[test]
fn g3_the_shift_needs_proof_of_the_new_color_now() {
    for proof in [Fail, Unknown] {
        check([("anything but pass holds", standing_down().proof("green", proof), "hold gate")]);
    }
}

#[test]
fn whatever_ends_preparing_puts_the_ttl_back_in_the_same_write() {
    check([
        ("the deadline", converging().waited(3600), "write Parked/rest (deadline), route blue at 300"),
        ("an order", converging().ordered(Verb::Abort), "write Parked/rest (aborted), route blue at 300"),
        (
            "an order, seen by the witness",
            converging().held_by("green").seen_from("blue").ordered(Verb::Abort),
            "write Parked/rest (aborted), route blue at 300",
        ),
        ("git takes it back", converging().committed("blue"), "write Steady/rest, route blue at 300"),
        (
            "git is rewritten",
            converging().with(|scene| scene.seen.git.relation = Relation::Diverged),
            "write Parked/rest (rewritten), route blue at 300",
        ),
        (
            "the freeze ends by itself",
            converging().with(|scene| scene.color("blue").freeze = FreezeSeen::Lifted { op: OP.into() }),
            "write Parked/rest (freeze-expired), route blue at 300",
        ),
        (
            "git that can't be reached does not",
            converging().with(|scene| (scene.seen.git.relation, scene.seen.git.fresh) = (Relation::Unknown, false)),
            "hold ttl",
        ),
    ]);
}

#[test]
fn after_the_shift_the_world_must_agree_before_anything_goes_on() {
    let draining = || Scene::moving(Phase::Draining, Task::Watching);
    let standing_up = || Scene::moving(Phase::Shifting, Task::StandingUp);
    let stale = |scene: Scene| scene.with(|scene| scene.seen.vantages[0].says = Says::Color(Color::from("blue")));
    check([
        ("a server is behind", stale(shifting()), "hold propagation"),
        (
            "the provider's bound",
            shifting().with(|scene| scene.declared.policy.bound = Duration::from_secs(60)),
            "hold propagation",
        ),
        ("all agree", shifting(), "write Shifting/standing-up"),
        (
            "the new color takes the role",
            standing_up().sync("green", |sync| (sync.role, sync.role_in_force) = (None, None)),
            "green active",
        ),
        ("its API server is gone", standing_up().unreachable("green"), "hold gate"),
        ("it has it", standing_up(), "write Draining/watching"),
        ("old answers", draining().waited(29), "hold drain"),
        ("old answers are gone", draining().waited(30), "write Soaking/watching"),
        ("but arithmetic alone completes nothing", stale(draining().waited(30)), "hold propagation"),
        ("the soak", soaking().waited(1799), "hold soak"),
        ("ends", soaking().waited(1800), "write Soaking/finishing"),
        (
            "but not without the gates",
            soaking().waited(1800).with(|scene| scene.seen.during[0].standing = Standing::Pending),
            "gates During",
        ),
        (
            "nor by old results",
            soaking().waited(1800).with(|scene| scene.seen.during[0].age = Duration::from_secs(61)),
            "gates During",
        ),
    ]);
}

#[test]
fn finishing_lifts_freeze_and_pins_and_restores_the_ttl() {
    let finishing = || Scene::moving(Phase::Soaking, Task::Finishing);
    let lifted = || {
        finishing()
            .sync("blue", |sync| sync.pin = None)
            .sync("green", |sync| sync.pin = None)
            .with(|scene| scene.color("blue").freeze = FreezeSeen::Off)
    };
    check([
        ("all of it", finishing(), "unfreeze blue of op-1 + unpin blue + unpin green"),
        ("done", lifted(), "write Steady/rest, route green at 300"),
        (
            "a cluster that does not answer holds nothing up",
            lifted().unreachable("blue"),
            "write Steady/rest, route green at 300",
        ),
    ]);
}
