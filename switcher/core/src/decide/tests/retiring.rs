//! Retiring: nothing moves, whatever git asks and whoever writes.

use super::check;
use crate::color::{Color, Role};
use crate::decide::samples::{NOW_MS, Scene};
use crate::ledger::Phase;
use crate::observation::Value;
use crate::order::Verb;

/// Green is live, and Ada retires blue.
fn retiring() -> Scene {
    Scene::steady()
        .committed("green")
        .with(|scene| {
            let mut ledger = scene.ledger().clone();
            ledger.active = Color::from("green");
            *scene.ledger() = ledger.retire(&Color::from("blue"), "ada", "op-r", NOW_MS).unwrap();
            scene.seen.record.value = Value::Color("green".into());
            let ledger = scene.ledger().clone();
            scene.seen.watch.note(&ledger, scene.seen.time.mono);
        })
        .sync("green", |sync| (sync.role, sync.role_in_force) = (Some(Role::Active), Some(Role::Active)))
        .sync("blue", |sync| (sync.role, sync.role_in_force) = (Some(Role::Standby), Some(Role::Standby)))
}

#[test]
fn nothing_moves_while_a_color_is_retired() {
    let foreign = |scene: &mut Scene| scene.seen.record.value = Value::Foreign("10.9.9.9".to_owned());
    check([
        ("nothing to do", retiring(), "hold drain"),
        ("git asks for the color that goes", retiring().committed("blue"), "hold drain"),
        (
            "someone writes the record: it is not parked, or the point of no return would be lost",
            retiring().with(foreign),
            "hold drain",
        ),
        ("the live color keeps its role", retiring().sync("green", |sync| sync.role = None), "green active"),
        ("a stopped cluster holds nothing up", retiring().unreachable("blue"), "hold drain"),
        ("the kill switch stands", retiring().ordered(Verb::Hold), "hold approval"),
    ]);
}

#[test]
fn what_does_not_fit_is_told() {
    let alert = |scene: Scene| scene.decide().alert.map(|alert| (alert.reason, alert.hint));
    assert_eq!(alert(retiring()), None);
    assert_eq!(alert(retiring().unreachable("blue")), None, "a stopped cluster does not answer, as it should");
    assert_eq!(alert(retiring().unreachable("green")).unwrap().0, "ClusterUnreachable");
    let (reason, hint) = alert(retiring().committed("blue")).unwrap();
    assert!(reason == "RetiringRefusesMove" && hint.contains("teal retire blue --revive"), "{hint}");
    let foreign = retiring().with(|scene| scene.seen.record.value = Value::Color("blue".into()));
    assert_eq!(alert(foreign).unwrap().0, "ForeignWrite");
    let damaged = retiring().with(|scene| scene.ledger().course = None);
    assert_eq!(alert(damaged).unwrap().0, "LedgerDamaged");
}

#[test]
fn after_it_the_switch_is_steady_and_a_commit_for_the_lost_color_is_a_move_like_any_other() {
    let ended = |scene: &mut Scene| {
        let next = scene.ledger().retired(NOW_MS);
        *scene.ledger() = next.clone();
        scene.seen.watch.note(&next, scene.seen.time.mono);
    };
    let scene = retiring().with(ended);
    check([
        ("steady", scene.clone(), "rest"),
        ("through the gates", scene.committed("blue"), "write Preparing/freezing, route green at 10"),
    ]);
    let mut over = retiring().with(ended);
    assert_eq!((over.ledger().phase, over.ledger().course.clone()), (Phase::Steady, None), "nothing to undo");
}
