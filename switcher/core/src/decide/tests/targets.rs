//! Several targets, one after another.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{check, going_back, parked, soaking, standing_down, steady};
use crate::color::Color;
use crate::decide::samples::{OP, Scene};
use crate::declaration::Follower;
use crate::health::Proof::{Fail, Unknown};
use crate::ledger::{Phase, Routing, Task};
use crate::observation::{Inspected, TargetSeen, Value};
use crate::order::Verb;
use crate::propagation::Says;

pub(super) fn follower(name: &str, cas: bool) -> Follower {
    let (settling, late) = (Duration::from_secs(60), Duration::from_secs(30));
    Follower { name: name.to_owned(), cas, weighs: !cas, settling, late }
}

pub(super) fn at(color: &str) -> TargetSeen {
    let value = Value::Color(Color::from(color));
    TargetSeen {
        value,
        ttl: None,
        age: Duration::ZERO,
        working: None,
        failed: None,
        inspected: Inspected::Clear,
        cleared: None,
    }
}

pub(super) fn split(green: u8) -> TargetSeen {
    let shares = BTreeMap::from([(Color::from("green"), green), (Color::from("blue"), 100 - green)]);
    TargetSeen { value: Value::of(shares), ..at("blue") }
}

/// A second record that compares, and a third target that does not; this switcher has held the move for long.
pub(super) fn three(scene: Scene, second: TargetSeen, third: TargetSeen) -> Scene {
    scene.with(|scene| {
        scene.declared.followers = vec![follower("second", true), follower("third", false)];
        scene.seen.targets = vec![second, third];
        let long_ago = scene.seen.time.mono.saturating_sub(Duration::from_secs(30));
        scene.seen.time.mono += Duration::from_secs(30);
        scene.seen.watch = scene.seen.watch.clone().held_since(long_ago);
    })
}

pub(super) fn routed(scene: Scene, routed: u8) -> Scene {
    scene.with(|scene| scene.ledger().routing.routed = routed)
}

pub(super) fn routing() -> Scene {
    routed(Scene::moving(Phase::Shifting, Task::Routing), 0)
}

pub(super) fn back() -> Scene {
    routed(going_back(Task::Routing), 0)
}

#[test]
fn g2_targets_are_moved_one_after_another_and_each_is_read_back() {
    let low = |color: &str| TargetSeen { ttl: Some(10), ..at(color) };
    let old = |seen: TargetSeen| TargetSeen { age: Duration::from_secs(99), ..seen };
    let busy = |seen: TargetSeen| TargetSeen { working: Some("updating".to_owned()), ..seen };
    check([
        (
            "the record first, with the ledger",
            three(standing_down(), low("blue"), at("blue")),
            "write Shifting/routing, route green at 10",
        ),
        ("then the second", three(routing(), low("blue"), at("blue")), "route #0 to green at 10"),
        ("only after it was read", three(routing(), old(low("green")), at("blue")), "hold propagation"),
        ("and read back", three(routing(), low("green"), at("blue")), "write Shifting/routing"),
        (
            "then the third, whose TTL is its own",
            three(routed(routing(), 1), low("green"), at("blue")),
            "route #1 to green",
        ),
        ("which is at work", three(routed(routing(), 1), low("green"), busy(at("green"))), "hold propagation"),
        ("all are there", three(routed(routing(), 1), low("green"), at("green")), "write Shifting/propagating"),
        ("only the holder writes", three(routing(), low("blue"), at("blue")).held_by("green"), "hold claim"),
        (
            "and not while another's request may land",
            three(routing(), low("blue"), at("blue")).with(|scene| {
                scene.seen.watch = scene.seen.watch.clone().held_since(scene.seen.time.mono);
            }),
            "hold claim",
        ),
        ("nor to the unproven", three(routing(), low("blue"), at("blue")).proof("green", Unknown), "hold gate"),
    ]);
}

#[test]
fn the_active_role_waits_for_no_slow_target() {
    let working = |seen: TargetSeen| TargetSeen { working: Some("updating".to_owned()), ..seen };
    let unset = |scene: Scene| scene.sync("green", |sync| (sync.role, sync.role_in_force) = (None, None));
    let slow = || unset(three(routed(routing(), 1), at("green"), working(at("blue"))));
    check([
        ("green takes it while the third target is still at work", slow(), "green active"),
        (
            "but blue stands down first",
            slow().sync("blue", |sync| sync.role = Some(crate::color::Role::Active)),
            "blue standby",
        ),
        (
            "on the way back blue takes it again at once",
            three(back(), working(at("green")), working(at("green")))
                .sync("blue", |sync| (sync.role, sync.role_in_force) = (None, None)),
            "blue active",
        ),
        (
            "also when green can't be reached",
            three(back(), working(at("green")), working(at("green")))
                .unreachable("green")
                .sync("blue", |sync| (sync.role, sync.role_in_force) = (None, None)),
            "blue active",
        ),
    ]);
    let told = |seconds| slow().waited(seconds).decide().alert.map(|alert| alert.reason);
    assert_eq!((told(1), told(121)), (None, Some("RoleOverdue")));
}

#[test]
fn what_nobody_can_see_goes_on_the_bound_alone_and_is_told_as_unproven() {
    let unseen = || {
        super::shifting().with(|scene| {
            scene.declared.asking = crate::declaration::Asking::Anyone;
            scene.declared.policy.bound = Duration::from_secs(60);
            scene.seen.vantages.clear();
        })
    };
    check([
        ("the bound", unseen().waited(59), "hold propagation"),
        ("and no more", unseen().waited(60), "write Shifting/standing-up"),
    ]);
    let wait = unseen().decide().wait.unwrap();
    assert!(wait.message.starts_with("unproven: nobody can be asked"), "{}", wait.message);
    assert!(unseen().waited(60).decide().why.starts_with("unproven: "), "history keeps it");
}

#[test]
fn answers_that_tell_no_color_are_not_awaited_and_dead_ones_are() {
    let answered = |says: Says| {
        super::shifting().with(|scene| {
            scene.declared.policy.bound = Duration::from_secs(60);
            scene.seen.vantages[0].says = says;
        })
    };
    let untold = || answered(Says::Untold("its alias follows a profile".to_owned()));
    check([
        ("the bound", untold().waited(59), "hold propagation"),
        ("and no more", untold().waited(60), "write Shifting/standing-up"),
        ("an alias that died", answered(Says::NoData).waited(60), "hold propagation"),
    ]);
    let wait = untold().decide().wait.unwrap();
    assert!(wait.message.starts_with("unproven: no answer tells a color (its alias follows a profile)"), "{wait:?}");
    let why = untold().waited(60).decide().why;
    assert!(why.starts_with("unproven: ") && why.contains("its alias follows a profile"), "{why}");
}

#[test]
fn what_can_not_be_moved_takes_those_before_it_back() {
    let failed = |color: &str| TargetSeen { failed: Some("no such endpoint".to_owned()), ..at(color) };
    check([
        (
            "a refusal",
            three(routed(routing(), 1), at("green"), failed("blue")),
            "write RollingBack/routing (target-failed), route blue at 10",
        ),
        (
            "a change that failed shows its value, and is in force nowhere",
            three(routed(routing(), 1), at("green"), failed("green")),
            "write RollingBack/routing (target-failed), route blue at 10",
        ),
        (
            "too long",
            three(routed(routing(), 1), at("green"), at("blue")).waited(240),
            "write RollingBack/routing (target-failed), route blue at 10",
        ),
        (
            "never to the unproven",
            three(routed(routing(), 1), at("green"), failed("blue")).proof("blue", Unknown),
            "hold gate",
        ),
        ("from the last to the first", three(back(), at("green"), at("green")), "route #1 to blue"),
        ("then the one before", three(routed(back(), 1), at("green"), at("blue")), "route #0 to blue"),
        (
            "all are back",
            three(routed(back(), 1), at("blue"), at("blue")),
            "write RollingBack/propagating (rolled-back)",
        ),
        ("one that can't go back is asked again", three(back(), at("green"), failed("green")), "route #1 to blue"),
        (
            "and withholds no roles",
            three(back(), at("green"), failed("green")).waited(300),
            "write RollingBack/restoring (rolled-back)",
        ),
        (
            "nor is it forgotten",
            three(routed(going_back(Task::Restoring), 0), at("green"), at("green")),
            "unfreeze blue of op-1 + unpin blue + unpin green + route #1 to blue",
        ),
    ]);
}

#[test]
fn g1_a_target_that_someone_else_changed_parks_the_switch() {
    let alien = || TargetSeen { value: Value::Foreign("10.9.9.9".to_owned()), ..at("blue") };
    let old = |seen: TargetSeen| TargetSeen { age: Duration::from_secs(99), ..seen };
    let all = |scene: Scene| routed(scene, Routing::ALL);
    check([
        ("at rest", three(steady(), at("blue"), at("green")), "write Parked/rest (foreign-write)"),
        ("something strange", three(steady(), alien(), at("blue")), "write Parked/rest (foreign-write)"),
        ("in a move, too", three(routing(), at("blue"), alien()), "write Parked/rest (foreign-write)"),
        ("an old reading says nothing", three(steady(), old(alien()), at("blue")), "rest"),
        (
            "nor does silence",
            three(steady(), TargetSeen { value: Value::Unreadable("timeout".into()), ..at("blue") }, at("blue")),
            "rest",
        ),
        (
            "a late write of our own is taken back",
            three(all(soaking()), at("green"), at("blue")),
            "gates During + route #1 to green".trim_start_matches("gates During + "),
        ),
        (
            "where the provider compares it is someone's",
            three(all(soaking()), at("blue"), at("green")),
            "write Parked/rest (foreign-write)",
        ),
    ]);
    let word = |verb: Verb, second: TargetSeen| {
        three(parked(), second, at("blue"))
            .with(|scene| {
                let ledger = scene.ledger().clone().refusing(crate::ledger::ParkedWhy::ForeignWrite, "found");
                *scene.ledger() = ledger;
            })
            .ordered(verb)
    };
    check([
        (
            "reassert writes the others as well",
            word(Verb::Reassert, at("green")),
            "write RollingBack/routing (foreign-write), route blue at 10",
        ),
        ("but not over what is of no color", word(Verb::Reassert, alien()), "hold foreign-write"),
        ("adopt needs them to agree", word(Verb::Adopt, at("green")), "hold foreign-write"),
    ]);
}

#[test]
fn ttls_of_other_records_are_lowered_before_and_restored_after() {
    let ttl = |seconds: u32, color: &str| TargetSeen { ttl: Some(seconds), ..at(color) };
    let over = |scene: Scene| {
        three(scene, ttl(3_601, "blue"), at("blue")).with(|scene| {
            scene.declared.policy.ttl_limit = Some(Duration::from_secs(3_600));
        })
    };
    check([
        (
            "lowered while the live color freezes",
            three(Scene::moving(Phase::Preparing, Task::Converging), ttl(300, "blue"), ttl(60, "blue")),
            "route #0 to blue at 10",
        ),
        ("restored at rest", three(steady(), ttl(10, "blue"), at("blue")), "route #0 to blue at 300"),
        ("a person's own is left alone", three(steady(), ttl(77, "blue"), at("blue")), "rest"),
        ("a TTL over the policy holds the move", over(steady().committed("green")), "hold gate"),
        (
            "and what the target is, too",
            three(
                steady().committed("green"),
                at("blue"),
                TargetSeen { inspected: Inspected::Objection("the route is disabled".to_owned()), ..at("blue") },
            ),
            "hold gate",
        ),
    ]);
    let told = over(steady().committed("green")).decide().alert.unwrap();
    assert_eq!(
        (told.reason, told.message.as_str(), told.hint.as_str()),
        (
            "TtlOverPolicy",
            "second has a TTL of 3601 s, above the declared maximum of 3600 s",
            "lower it and wait, or raise `strategy.ttl.maximum`"
        )
    );
    let claim = three(steady().committed("green"), ttl(900, "blue"), at("blue")).decide();
    assert_eq!(claim.next().map(|next| next.ttl.largest), Some(900), "caches may hold the longest of all");
}

#[test]
fn a_ledger_of_its_own_routes_nothing() {
    let own = |scene: Scene, second: TargetSeen, third: TargetSeen| {
        three(scene, second, third).with(|scene| {
            scene.seen.record.value = Value::LedgerOnly;
            // Nobody asks for such a record: its TTL holds nothing up, and is never lowered.
            scene.seen.record.ttl = 3_600;
            scene.declared.policy.ttl_limit = Some(Duration::from_secs(300));
        })
    };
    check([
        (
            "its own TTL refuses no move",
            own(steady().committed("green"), at("blue"), at("blue")),
            "write Preparing/freezing",
        ),
        ("nor is it written for ever", own(super::freezing(), at("blue"), at("blue")), "write Preparing/converging"),
        ("the shift is an intent alone", own(standing_down(), at("blue"), at("blue")), "write Shifting/routing"),
        ("at rest nothing is foreign", own(steady(), at("blue"), at("blue")), "rest"),
        (
            "going back is an intent, too",
            own(routing(), at("green"), at("blue")).proof("green", Fail),
            "write RollingBack/routing (rolled-back)",
        ),
        (
            "the first ledger begins where all targets agree",
            own(steady(), at("blue"), at("blue"))
                .with(|scene| scene.seen.ledger = crate::LedgerSeen::Missing { ever: false }),
            "write Steady/rest",
        ),
        (
            "and nowhere else",
            own(steady(), at("blue"), at("green"))
                .with(|scene| scene.seen.ledger = crate::LedgerSeen::Missing { ever: false }),
            "hold foreign-write",
        ),
    ]);
    let first = own(steady(), at("blue"), at("blue"))
        .with(|scene| scene.seen.ledger = crate::LedgerSeen::Missing { ever: false })
        .decide();
    assert_eq!(first.next().map(|ledger| ledger.ttl.largest), Some(300), "caches hold none of its answers");
}

#[test]
fn g2_old_copies_are_thrown_away_once_the_change_has_spread() {
    let caching = |done: &str, color: &str| TargetSeen { cleared: Some(done.to_owned()), ..at(color) };
    let at_phase = |phase, task, done: &str| {
        let scene = three(Scene::moving(phase, task), at("green"), caching(done, "green"));
        scene.with(|scene| scene.declared.policy.tail = Duration::from_secs(60))
    };
    check([
        (
            "while it spreads, the old color still fills them",
            at_phase(Phase::Shifting, Task::Propagating, ""),
            "write Shifting/standing-up",
        ),
        ("when it has spread, they go", at_phase(Phase::Draining, Task::Watching, ""), "clear #1"),
        ("those of an earlier move as well", at_phase(Phase::Draining, Task::Watching, "another"), "clear #1"),
        ("once a move", at_phase(Phase::Draining, Task::Watching, OP), "hold drain"),
        ("after a restart once more, nobody knows", at_phase(Phase::Soaking, Task::Watching, ""), "clear #1"),
        (
            "the move does not end before",
            at_phase(Phase::Soaking, Task::Finishing, ""),
            "unfreeze blue of op-1 + unpin blue + unpin green + clear #1",
        ),
        (
            "on the way back as well",
            three(going_back(Task::Restoring), at("blue"), caching("", "blue")),
            "unfreeze blue of op-1 + unpin blue + unpin green + clear #1",
        ),
        (
            "also when those of the way there are gone",
            three(going_back(Task::Restoring), at("blue"), caching(OP, "blue")),
            "unfreeze blue of op-1 + unpin blue + unpin green + clear #1",
        ),
        (
            "once",
            three(going_back(Task::Restoring), at("blue"), caching(&format!("{OP}-back"), "blue")),
            "unfreeze blue of op-1 + unpin blue + unpin green",
        ),
        ("never at rest", three(steady(), at("blue"), caching("", "blue")), "rest"),
    ]);
}
