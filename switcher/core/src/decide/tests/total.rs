//! Whatever is seen, there is an answer, and it keeps to what no answer may break.

use std::time::Duration;

use proptest::prelude::*;

use super::super::samples::{NOW_MS, OP, Scene, declaration};
use crate::color::{Color, Role};
use crate::declaration::Fallback;
use crate::gate::Standing;
use crate::health::Proof;
use crate::ledger::{Course, ParkedWhy, Phase, Task};
use crate::observation::{FreezeSeen, Relation, SyncSeen, Value};
use crate::order::{Order, Verb};
use crate::propagation::Says;
use crate::step::Action;

fn pick<T: Clone + std::fmt::Debug + 'static>(all: impl IntoIterator<Item = T>) -> impl Strategy<Value = T> {
    prop::sample::select(all.into_iter().collect::<Vec<_>>())
}

fn name() -> impl Strategy<Value = &'static str> {
    pick(["blue", "green"])
}

fn any_value() -> impl Strategy<Value = Value> {
    let foreign =
        pick([Value::Mixed, Value::Gone, Value::Foreign("10.9.9.9".into()), Value::Unreadable("timeout".into())]);
    prop_oneof![4 => name().prop_map(|name| Value::Color(name.into())), 1 => foreign]
}

fn any_freeze() -> impl Strategy<Value = FreezeSeen> {
    let op = || OP.to_owned();
    pick([
        FreezeSeen::Off,
        FreezeSeen::Pending { op: op() },
        FreezeSeen::Active { op: op() },
        FreezeSeen::Lifted { op: op() },
        FreezeSeen::Active { op: "old".to_owned() },
        FreezeSeen::Unreachable("no route".to_owned()),
    ])
}

fn any_standing() -> impl Strategy<Value = Standing> {
    pick([Standing::Pending, Standing::Pass, Standing::Fail, Standing::Inconclusive, Standing::Error])
}

fn any_relation() -> impl Strategy<Value = Relation> {
    pick([Relation::Equal, Relation::Descends, Relation::Behind, Relation::Diverged, Relation::Unknown])
}

fn any_says() -> impl Strategy<Value = Says> {
    pick([Says::Color("blue".into()), Says::Color("green".into()), Says::ServFail, Says::NxDomain, Says::NotAsked])
}

prop_compose! {
    fn any_policy()(freeze in any::<bool>(), fallback in pick([Fallback::Hold, Fallback::Back]), flags in any::<[bool; 2]>()) -> crate::Policy {
        let mut policy = declaration("blue").policy;
        policy.freeze = freeze.then_some(Duration::from_secs(60));
        policy.rollback.fallback = fallback;
        [policy.rollback.automatic, policy.rollback.last_resort_other] = flags;
        policy
    }
}

prop_compose! {
    fn world()(
        phase in pick(Phase::ALL), task in pick(Task::ALL), live in name(), course in prop::option::of((name(), name())),
        asked in name(), value in any_value(), ttl in pick([0_u32, 10, 300]), relation in any_relation(),
        (fresh, mixed, with_fleet) in any::<(bool, bool, bool)>(), policy in any_policy(),
        waited in pick([0_u64, 20, 400, 3_700, 90_000]), skew in pick([None, Some(0_u64), Some(10), Some(99)]),
        me in pick([None, Some("blue"), Some("green")]), holder in pick([None, Some("switcher-blue"), Some("switcher-green"), Some("x")]),
        verb in prop::option::weighted(0.3, pick(Verb::ALL)), parked in prop::option::of(pick(ParkedWhy::ALL)),
        (before, during, says) in (any_standing(), any_standing(), any_says()),
    ) -> Scene {
        let mut scene = Scene::moving(phase, task).waited(waited);
        scene.declared = declaration(asked);
        scene.declared.policy = policy;
        scene.declared.with_fleet = with_fleet;
        (scene.seen.git.relation, scene.seen.git.fresh, scene.seen.git.mixed) = (relation, fresh, mixed);
        (scene.seen.record.value, scene.seen.record.ttl) = (value, ttl);
        scene.seen.time.skew = skew.map(Duration::from_secs);
        scene.seen.before[0].standing = before;
        scene.seen.during[0].standing = during;
        scene.seen.vantages[0].says = says;
        if let Some(color) = me {
            scene = scene.seen_from(color);
        }
        let ledger = scene.ledger();
        ledger.active = Color::from(live);
        ledger.holder = holder.map(str::to_owned);
        ledger.course = course.map(|(from, to)| Course { from: from.into(), to: to.into() });
        if let Some(why) = parked {
            *ledger = ledger.clone().refusing(why, "some reason");
        }
        ledger.order = verb.map(|verb| Order {
            verb, actor: "ada".into(), reason: "drill".into(), expires_ms: NOW_MS, set_aside: crate::Digest::default(),
        });
        scene
    }
}

prop_compose! {
    fn any_scene()(
        scene in world(), proofs in [pick(Proof::ALL), pick(Proof::ALL)], freezes in [any_freeze(), any_freeze()],
        unknown_for in pick([0_u64, 1_000]), reach in any::<[bool; 2]>(), ready in any::<[bool; 2]>(),
        roles in [pick([None, Some(Role::Active), Some(Role::Standby)]), pick([None, Some(Role::Active), Some(Role::Standby)])],
        pins in [pick([None, Some("x"), Some("f")]), pick([None, Some("x"), Some("f")])],
    ) -> Scene {
        let mut scene = scene;
        for (index, name) in ["blue", "green"].into_iter().enumerate() {
            let side = scene.color(name);
            side.proof = proofs[index];
            side.unknown_for = Duration::from_secs(unknown_for);
            side.freeze = freezes[index].clone();
            match &mut side.sync {
                SyncSeen::Known(sync) if reach[index] => {
                    sync.ready = ready[index];
                    (sync.role, sync.role_in_force) = (roles[index], roles[index]);
                    sync.pin = pins[index].map(|pin| pin.repeat(40));
                }
                sync => *sync = SyncSeen::Unreachable("no route".to_owned()),
            }
        }
        scene
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn g1_g3_every_answer_keeps_to_the_rules_whatever_is_seen(scene in any_scene()) {
        let mut scene = scene;
        let ledger = scene.ledger().clone();
        let step = scene.decide();
        prop_assert!(!step.why.is_empty(), "every step says why");
        let Action::Write(write) = &step.action else {
            let rests = step.action == Action::Hold && ledger.phase == Phase::Steady;
            prop_assert!(step.wait.is_some() || rests, "every state but rest says what it waits for: {step:?}");
            return Ok(());
        };
        prop_assert_eq!(write.next.epoch, ledger.epoch + 1);
        prop_assert_eq!(&write.next.lineage, &ledger.lineage);
        if ledger.phase == Phase::Retiring {
            let only_the_order = write.change.is_none() && write.next.phase == Phase::Retiring && write.next.task == ledger.task;
            prop_assert!(only_the_order, "a switcher neither ends nor moves a retirement: {step:?}");
        }
        let Some(change) = &write.change else { return Ok(()) };
        prop_assert_eq!(&change.color, &write.next.active, "the ledger tells what the record says");
        let reassert = ledger.order.as_ref().is_some_and(|order| order.verb == Verb::Reassert);
        let ours = scene.seen.record.value == Value::Color(ledger.active.clone());
        prop_assert!(ours || reassert, "a foreign record is never overwritten");
        if scene.seen.record.value != Value::Color(change.color.clone()) {
            let last_resort = scene.declared.policy.rollback.last_resort_other
                && scene.seen.proof(&change.color) == Proof::Unknown;
            prop_assert!(scene.seen.proof(&change.color) == Proof::Ok || last_resort, "never to the unproven: {step:?}");
        }
    }
}
