//! Two switchers, and the operator's word.

use std::time::Duration;

use super::{check, converging, soaking, standing_down, steady};
use crate::decide::samples::{Scene, shown};
use crate::health::Proof::Fail;
use crate::ledger::{Phase, Task};
use crate::observation::{FreezeSeen, Relation};
use crate::order::Verb;

#[test]
fn two_switchers_one_drives_and_the_other_takes_over_when_the_step_is_overdue() {
    let mine = || converging().held_by("green");
    let overdue = 3600 + 120 + 30;
    check([
        ("the holder goes on", mine().seen_from("green").waited(311), "write Preparing/standing-down"),
        ("the witness waits", mine().seen_from("blue").waited(overdue - 1), "hold claim"),
        ("then takes over", mine().seen_from("blue").waited(overdue), "write Preparing/converging"),
        (
            "not with a clock that is off",
            mine().seen_from("blue").waited(overdue).with(|scene| scene.seen.time.skew = Some(Duration::from_secs(31))),
            "hold claim",
        ),
        (
            "nor does the holder drive by it",
            mine().seen_from("green").waited(311).with(|scene| scene.seen.time.skew = Some(Duration::from_secs(31))),
            "hold claim",
        ),
        (
            "at rest the live color's switcher keeps order",
            steady().seen_from("blue").sync("green", |sync| sync.role = None),
            "green standby",
        ),
        ("the other one later", steady().seen_from("green").sync("green", |sync| sync.role = None), "rest"),
        (
            "when nobody did",
            steady().seen_from("green").sync("green", |sync| sync.role = None).waited(150),
            "green standby",
        ),
    ]);
    let step = mine().seen_from("blue").waited(overdue).decide();
    assert_eq!(step.next().and_then(|next| next.holder.as_deref()), Some("switcher-blue"));
}

#[test]
fn a_clock_that_is_off_is_told_and_only_takes_a_move_back() {
    let off = |scene: Scene| scene.with(|scene| scene.seen.time.skew = Some(Duration::from_secs(31)));
    let back = "write RollingBack/propagating (rolled-back), route blue at 10";
    for (rule, scene, want) in [
        ("the only one starts nothing", steady().committed("green"), "hold claim"),
        ("and goes on with nothing", standing_down(), "hold claim"),
        ("but a failing green is left", soaking().proof("green", Fail), back),
        ("at rest nothing is awaited", steady(), "rest"),
    ] {
        let step = off(scene).decide();
        assert_eq!(shown(&step), want, "{rule}");
        if want != back {
            assert_eq!(step.alert.map(|alert| alert.reason), Some("ClockSkew"), "{rule}");
        }
    }
}

#[test]
fn what_one_can_type_ends_the_wait() {
    let rewritten = || steady().with(|scene| scene.seen.git.relation = Relation::Diverged);
    let parked = rewritten().with(|scene| *scene.ledger() = rewritten().decide().next().unwrap().clone());
    let commands = |scene: &Scene| scene.decide().wait.map(|wait| wait.commands).unwrap_or_default();
    assert_eq!(commands(&parked), ["teal adopt", "teal explain"], "no commit descends from a history that is gone");
    assert_eq!(shown(&parked.ordered(Verb::Adopt).decide()), "write Steady/rest");
    let held = standing_down().ordered(Verb::Hold);
    assert_eq!(commands(&held), ["teal hold --end", "teal undo"]);
}

#[test]
fn the_operators_word_wins_until_a_commit_changes_this_switch() {
    let finished = || {
        Scene::moving(Phase::Soaking, Task::Finishing)
            .with(|scene| {
                let ledger = scene.ledger().clone().rest(Phase::Steady);
                *scene.ledger() = ledger;
                scene.seen.record.ttl = 300;
                scene.color("blue").freeze = FreezeSeen::Off;
            })
            .sync("blue", |sync| sync.pin = None)
            .sync("green", |sync| sync.pin = None)
    };
    let hold = |scene: Scene| scene.ordered(Verb::Hold);
    check([
        ("hold stops a move", hold(standing_down()), "hold approval"),
        ("and a rollback", hold(soaking().proof("green", Fail)), "hold approval"),
        ("and a start", hold(steady().committed("green")), "hold approval"),
        ("until this Switch changes", hold(converging()).committed("green"), "write Preparing/converging"),
        (
            "which an older clone can't know",
            hold(converging()).committed("green").with(|scene| scene.seen.git.relation = Relation::Behind),
            "hold approval",
        ),
        (
            "an order made without git sets aside what is known now",
            hold(converging())
                .with(|scene| scene.ledger().order.as_mut().unwrap().set_aside = crate::Digest::default()),
            "write Preparing/converging",
        ),
        (
            "undo takes back a finished move",
            finished().ordered(Verb::Undo),
            "write RollingBack/propagating (undone), route blue at 10",
        ),
        ("to a proven color", finished().ordered(Verb::Undo).proof("blue", Fail), "hold gate"),
        ("undo with nothing to undo is forgotten", steady().ordered(Verb::Undo), "write Steady/rest"),
    ]);
    let expired = hold(soaking()).with(|scene| scene.seen.time.wall_ms += 10);
    assert_eq!(shown(&expired.decide()), "hold approval", "an expired order still holds its color");
    assert_eq!(expired.decide().alert.map(|alert| alert.reason), Some("OrderExpired"), "and says so");
}

#[test]
fn a_ledger_that_went_back_is_never_acted_on() {
    let restored = steady().committed("green").with(|scene| {
        let mut newer = scene.ledger().clone();
        newer.epoch += 3;
        scene.seen.watch.note(&newer, Duration::ZERO);
    });
    check([("a zone restored from a backup", restored, "hold foreign-write")]);
}
