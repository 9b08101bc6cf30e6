//! What looking at a target beyond its routing found.

use std::time::Duration;

use super::targets::{at, three};
use super::{check, converging, soaking, steady};
use crate::decide::samples::Scene;
use crate::health::Proof::Fail;
use crate::observation::{Inspected, TargetSeen};

#[test]
fn the_ledgers_own_record_is_looked_at_before_a_move_as_well() {
    let owned = |scene: Scene| {
        scene.with(|scene| scene.seen.record.inspected = Inspected::Objection("it belongs to external-dns".to_owned()))
    };
    check([
        ("no move begins", owned(steady().committed("green")), "hold gate"),
        ("nor goes on", owned(super::converging().waited(311)), "hold gate"),
        ("at rest it is only told", owned(steady()), "rest"),
        (
            "and it holds up no way back",
            owned(soaking()).proof("green", Fail),
            "write RollingBack/propagating (rolled-back), route blue at 10",
        ),
    ]);
    let told = owned(steady().committed("green")).decide().alert.unwrap();
    assert!(
        told.reason == "TargetRefused" && told.message.contains("the record: it belongs to external-dns"),
        "{told:?}"
    );
}

#[test]
fn all_that_refuses_a_move_is_told_at_once() {
    let refused = |why: &str, ttl: Option<u32>| {
        let inspected = Inspected::Objection(why.to_owned());
        TargetSeen { inspected, ttl, ..at("blue") }
    };
    let over = |scene: Scene| scene.with(|scene| scene.declared.policy.ttl_limit = Some(Duration::from_secs(300)));
    let told = |scene: Scene| {
        let alert = scene.decide().alert.unwrap();
        (alert.reason, alert.message, alert.hint)
    };
    let put_right = "put it right, or leave it out of the declaration; nothing has moved";
    let lower = "lower it and wait, or raise `strategy.ttl.maximum`";
    let start = || steady().committed("green");
    let both = three(start(), refused("the profile is disabled", None), refused("the route is disabled", None))
        .with(|scene| scene.seen.record.inspected = Inspected::Objection("it belongs to external-dns".to_owned()));
    let all = "the record: it belongs to external-dns; second: the profile is disabled; third: the route is disabled";
    assert_eq!(told(both), ("TargetRefused", all.to_owned(), put_right.to_owned()));

    let slow = TargetSeen { ttl: Some(900), ..at("blue") };
    let many = over(three(start(), slow.clone(), TargetSeen { ttl: Some(600), ..slow }));
    let second = "second has a TTL of 900 s, above the declared maximum of 300 s";
    let ttls = format!("{second}; third has a TTL of 600 s, above the declared maximum of 300 s");
    assert_eq!(told(many), ("TtlOverPolicy", ttls, lower.to_owned()));

    let mixed = over(three(start(), refused("the profile is disabled", Some(900)), at("blue")));
    let message = format!("second: the profile is disabled; {second}");
    assert_eq!(told(mixed), ("TargetRefused", message, format!("{put_right}; a TTL: {lower}")));
}

#[test]
fn g3_no_move_begins_by_what_nobody_has_looked_at_and_none_waits_for_ever() {
    let unlooked = |scene: Scene, known_for: u64| {
        scene.with(|scene| {
            scene.seen.record.inspected = Inspected::Unknown("it has not been looked at yet".to_owned());
            scene.seen.git.known_for = Duration::from_secs(known_for);
        })
    };
    let unknown = || TargetSeen { inspected: Inspected::Unknown("503".to_owned()), ..at("blue") };
    check([
        ("no move begins", unlooked(steady().committed("green"), 0), "hold gate"),
        ("by none of the targets", three(steady().committed("green"), at("blue"), unknown()), "hold gate"),
        ("nor goes on, after a restart", unlooked(converging().waited(311), 299), "hold gate"),
        ("but not for ever", unlooked(steady().committed("green"), 300), "write Preparing/freezing, route blue at 10"),
        ("at rest it holds nothing", unlooked(steady(), 0), "rest"),
        (
            "and it holds up no way back",
            unlooked(soaking(), 0).proof("green", Fail),
            "write RollingBack/propagating (rolled-back), route blue at 10",
        ),
    ]);
    let wait = three(steady().committed("green"), at("blue"), unknown()).decide().wait.unwrap();
    assert_eq!(wait.message, "third: 503");
    assert_eq!(wait.until_ms, Some(crate::decide::samples::NOW_MS + 300_000));
}
