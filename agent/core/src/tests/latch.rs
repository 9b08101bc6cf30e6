use std::time::Duration;

use super::make::{digest, id};
use crate::latch::{Event, Gates, UnitGate, WantedLayer, WantedUnit};

const TIMEOUT: u64 = 600;

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A unit of objects `name=content`.
fn unit(slug: &str, objects: &[&str]) -> WantedUnit {
    let objects = objects
        .iter()
        .map(|object| {
            let (name, content) = object.split_once('=').unwrap();
            (id(&format!("/ConfigMap/shop/{name}")), digest(content))
        })
        .collect();
    WantedUnit { slug: slug.into(), depends_on: Vec::new(), timeout: at(TIMEOUT), objects, broken: false }
}

fn layer(name: &str, after: &[&str], units: Vec<WantedUnit>) -> WantedLayer {
    let after = after.iter().map(|name| (*name).to_owned()).collect();
    WantedLayer { name: name.to_owned(), after, continue_on_timeout: false, units }
}

/// base (a, b) → apps (c)
fn two_layers(a: &str, b: &str, c: &str) -> Vec<WantedLayer> {
    let base = unit("base-1", &[&format!("a={a}"), &format!("b={b}")]);
    vec![layer("base", &[], vec![base]), layer("apps", &["base"], vec![unit("apps-1", &[&format!("c={c}")])])]
}

fn apply(gates: &mut Gates, name: &str, content: &str, current: bool) {
    gates.applied(&id(&format!("/ConfigMap/shop/{name}")), &digest(content), 1, current);
}

fn see(gates: &mut Gates, name: &str, generation: i64, current: bool) {
    gates.seen(&id(&format!("/ConfigMap/shop/{name}")), generation, current);
}

fn released(slug: &str) -> Event {
    Event::Released(slug.into())
}

#[test]
fn a_gate_opens_when_everything_was_applied_and_current_once() {
    let mut gates = Gates::default();
    gates.want(two_layers("1", "1", "1"));
    assert_eq!(gates.settle(at(0)), [released("base-1")]);
    assert_eq!((gates.unit("apps-1"), gates.waits_for("apps-1")), (Some(UnitGate::Shut), vec!["base".to_owned()]));
    see(&mut gates, "a", 9, true);
    assert!(!gates.is_latched(&id("/ConfigMap/shop/a")), "well, but not yet applied: the old one is");
    apply(&mut gates, "a", "1", true);
    apply(&mut gates, "b", "1", false);
    assert_eq!(gates.settle(at(1)), []);
    see(&mut gates, "b", 0, true);
    assert_eq!(gates.settle(at(2)), [], "an event from before the apply does not count");
    see(&mut gates, "a", 1, false);
    see(&mut gates, "b", 1, true);
    let opened = gates.settle(at(3));
    assert_eq!(
        opened,
        [Event::Ready("base-1".into()), Event::Opened("base".to_owned()), released("apps-1")],
        "a latch: that a is ill by now does not matter"
    );
    assert_eq!(gates.settle(at(3)), [], "told once");
    apply(&mut gates, "c", "1", true);
    assert_eq!(gates.settle(at(4)), [Event::Ready("apps-1".into()), Event::Opened("apps".to_owned())]);
    assert!(gates.all_ready());
    see(&mut gates, "a", 2, false);
    assert_eq!(gates.settle(at(9_999)), []);
    assert!(gates.is_open("base"), "later ill health never closes a gate");
}

#[test]
fn an_apply_of_what_is_no_longer_wanted_opens_nothing() {
    let mut gates = Gates::default();
    gates.want(two_layers("1", "1", "1"));
    gates.settle(at(0));
    gates.want(two_layers("2", "1", "1"));
    apply(&mut gates, "a", "1", true);
    apply(&mut gates, "b", "1", true);
    gates.settle(at(1));
    assert_eq!(gates.unit("base-1"), Some(UnitGate::Released));
    apply(&mut gates, "a", "2", true);
    gates.settle(at(2));
    assert_eq!(gates.unit("base-1"), Some(UnitGate::Ready));
}

#[test]
fn a_timeout_fails_the_unit_and_keeps_the_gate_shut_unless_told_otherwise() {
    for (carry_on, opens) in [(false, false), (true, true)] {
        let mut wanted = two_layers("1", "1", "1");
        wanted[0].continue_on_timeout = carry_on;
        let mut gates = Gates::default();
        gates.want(wanted);
        gates.settle(at(10));
        apply(&mut gates, "a", "1", true);
        apply(&mut gates, "b", "1", false);
        assert_eq!(gates.deadline(), Some(at(10 + TIMEOUT)));
        assert_eq!(gates.settle(at(9 + TIMEOUT)), []);
        let events = gates.settle(at(10 + TIMEOUT));
        assert_eq!(
            events[0],
            Event::TimedOut("base-1".into(), vec![id("/ConfigMap/shop/b")]),
            "it names what it waited for"
        );
        assert_eq!(gates.unit("base-1"), Some(UnitGate::TimedOut));
        assert_eq!(gates.is_open("base"), opens);
        assert_eq!(gates.is_released("apps-1"), opens);
        see(&mut gates, "b", 1, true);
        gates.settle(at(20 + TIMEOUT));
        assert_eq!(gates.unit("base-1"), Some(UnitGate::Ready), "coming up late is coming up");
        assert!(gates.is_open("base"));
    }
}

#[test]
fn a_broken_unit_holds_its_gate_and_nothing_else() {
    let broken = WantedUnit { broken: true, ..unit("broken-1", &[]) };
    let mut gates = Gates::default();
    gates.want(vec![
        layer("base", &[], vec![broken, unit("good-1", &["a=1"])]),
        layer("beside", &[], vec![unit("beside-1", &["b=1"])]),
        layer("apps", &["base"], vec![unit("apps-1", &["c=1"])]),
    ]);
    gates.settle(at(0));
    apply(&mut gates, "a", "1", true);
    apply(&mut gates, "b", "1", true);
    gates.settle(at(1));
    assert_eq!(gates.unit("good-1"), Some(UnitGate::Ready));
    assert!(gates.is_open("beside") && !gates.is_open("base") && !gates.is_released("apps-1"));
}

#[test]
fn units_depend_on_units() {
    let second = WantedUnit { depends_on: vec!["first-1".into()], ..unit("second-1", &["b=1"]) };
    let mut gates = Gates::default();
    gates.want(vec![layer("apps", &[], vec![second, unit("first-1", &["a=1"])])]);
    assert_eq!(gates.settle(at(0)), [released("first-1")]);
    assert_eq!(gates.waits_for("second-1"), ["first-1"]);
    apply(&mut gates, "a", "1", true);
    assert_eq!(gates.settle(at(1)), [Event::Ready("first-1".into()), released("second-1")]);
    assert!(gates.waits_for("second-1").is_empty());
}

#[test]
fn units_that_wait_for_each_other_are_told_the_circle() {
    let needs = |slug: &str, needed: &[&str]| WantedUnit {
        depends_on: needed.iter().map(|slug| (*slug).into()).collect(),
        ..unit(slug, &[&format!("{slug}=1")])
    };
    let mut gates = Gates::default();
    gates.want(vec![
        layer("base", &[], vec![needs("a", &["b"]), needs("b", &["a"]), needs("c", &["late"]), needs("d", &["a"])]),
        layer("apps", &["base"], vec![unit("late", &["e=1"])]),
        layer("own", &[], vec![needs("self", &["self"])]),
    ]);
    assert_eq!(gates.settle(at(0)), []);
    for (slug, want) in [
        ("a", "itself: a → b → a; remove one of these dependsOn"),
        ("b", "itself: b → a → b; remove one of these dependsOn"),
        ("c", "itself: c → late → layer base → c; remove one of these dependsOn"),
        ("self", "itself: self → self; remove one of these dependsOn"),
        ("d", "a"),
    ] {
        assert_eq!(gates.waits_for(slug), [want], "{slug}");
    }
}

#[test]
fn a_newer_commit_swaps_the_desired_set_not_the_progress() {
    let mut gates = Gates::default();
    gates.want(two_layers("1", "1", "1"));
    gates.settle(at(0));
    apply(&mut gates, "a", "1", true);
    apply(&mut gates, "b", "1", true);
    gates.settle(at(1));
    apply(&mut gates, "c", "1", false);
    gates.want(two_layers("1", "1", "1"));
    gates.settle(at(100));
    assert!(gates.is_open("base"), "nothing changed in it: the latches hold");
    assert_eq!(gates.deadline(), Some(at(1 + TIMEOUT)), "the wait goes on from where it began");
    gates.want(two_layers("1", "1", "2"));
    gates.settle(at(100));
    assert_eq!(gates.deadline(), Some(at(100 + TIMEOUT)), "another digest, another wait");
    gates.want(two_layers("2", "1", "2"));
    gates.settle(at(200));
    assert!(!gates.is_open("base") && gates.is_latched(&id("/ConfigMap/shop/b")), "only what changed is waited for");
    assert!(gates.is_released("apps-1"), "what was released and did not change stays released");
}

#[test]
fn an_object_that_moves_between_units_keeps_its_latch() {
    let mut gates = Gates::default();
    gates.want(vec![layer("apps", &[], vec![unit("one-1", &["a=1", "b=1"])])]);
    gates.settle(at(0));
    apply(&mut gates, "a", "1", true);
    apply(&mut gates, "b", "1", true);
    gates.settle(at(1));
    gates.want(vec![layer("apps", &[], vec![unit("one-1", &["a=1"]), unit("two-1", &["b=1"])])]);
    gates.settle(at(2));
    assert!(gates.all_ready());
    gates.want(vec![layer("apps", &[], vec![unit("one-1", &["a=1", "b=2"]), unit("two-1", &["c=1"])])]);
    gates.settle(at(3));
    apply(&mut gates, "b", "2", false);
    apply(&mut gates, "c", "1", true);
    gates.want(vec![layer("apps", &[], vec![unit("one-1", &["a=1"]), unit("two-1", &["b=2", "c=1"])])]);
    see(&mut gates, "b", 1, true);
    gates.settle(at(4));
    assert!(gates.all_ready(), "what it becomes counts for its new unit");
}

#[test]
fn a_hundred_commits_in_a_hundred_seconds_still_converge() {
    // base needs 30 s to come up and does not change; every second a commit changes apps.
    let mut gates = Gates::default();
    let mut base_open_at = None;
    for second in 0..100 {
        gates.want(two_layers("1", "1", &second.to_string()));
        gates.settle(at(second));
        if second == 0 {
            apply(&mut gates, "a", "1", false);
            apply(&mut gates, "b", "1", false);
        }
        if second == 30 {
            see(&mut gates, "a", 1, true);
            see(&mut gates, "b", 1, true);
            gates.settle(at(second));
        }
        if gates.is_open("base") {
            base_open_at.get_or_insert(second);
            apply(&mut gates, "c", &second.to_string(), true);
            gates.settle(at(second));
            assert!(gates.all_ready(), "second {second}");
        }
    }
    assert_eq!(base_open_at, Some(30), "no commit restarted the wait");
}

#[test]
fn ten_thousand_objects_settle_quickly() {
    let names: Vec<String> = (0..10_000).map(|n| format!("o{n}=1")).collect();
    let units: Vec<_> = names
        .chunks(100)
        .enumerate()
        .map(|(n, chunk)| unit(&format!("u{n}"), &chunk.iter().map(String::as_str).collect::<Vec<_>>()))
        .collect();
    let mut gates = Gates::default();
    gates.want(vec![layer("apps", &[], units)]);
    gates.settle(at(0));
    let begun = std::time::Instant::now();
    for n in 0..10_000 {
        apply(&mut gates, &format!("o{n}"), "1", true);
        gates.settle(at(1));
    }
    assert!(gates.all_ready());
    assert!(begun.elapsed() < at(120), "{:?}", begun.elapsed());
}
