use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

use super::make::id;
use crate::parity::{Class, ClusterFacts, FactState, Inconclusive, MAX_EXAMPLES, ObjectFacts, Parity, compare};

fn ready(digest: &str, parity: &str) -> ObjectFacts {
    ObjectFacts { digest: digest.into(), parity: Some(parity.into()), state: FactState::Ready }
}

fn cluster(objects: impl IntoIterator<Item = (String, ObjectFacts)>) -> ClusterFacts {
    ClusterFacts {
        fleet_digest: "fleet".into(),
        key_id: "key".into(),
        digest_version: 1,
        objects: objects.into_iter().map(|(key, facts)| (id(&key), facts)).collect(),
    }
}

fn of_one(blue: Option<ObjectFacts>, green: Option<ObjectFacts>) -> Parity {
    let one = |facts: Option<ObjectFacts>| cluster(facts.map(|facts| ("/ConfigMap/shop/a".to_owned(), facts)));
    compare(&one(blue), &one(green))
}

#[test]
fn every_object_has_one_class() {
    let in_state = |state: FactState| Some(ObjectFacts { state, ..ready("d", "p") });
    let same = || Some(ready("d", "p"));
    let keyless = || Some(ObjectFacts { parity: None, ..ready("d", "p") });
    for (rule, blue, green, class) in [
        ("the same on both", same(), same(), Class::Equal),
        ("a color's own value", same(), Some(ready("other", "p")), Class::DeclaredDifference),
        ("content differs", same(), Some(ready("d", "other")), Class::Unequal),
        ("drifted on green", same(), in_state(FactState::Drifted), Class::Drifted),
        ("drifted on blue", in_state(FactState::Drifted), same(), Class::Drifted),
        ("not ready", same(), in_state(FactState::NotReady("LessReady".into())), Class::NotReady),
        ("a person's field", in_state(FactState::Foreign("kubectl-edit: .spec.paused".into())), same(), Class::Foreign),
        (
            "drift is worse than not ready",
            in_state(FactState::NotReady("x".into())),
            in_state(FactState::Drifted),
            Class::Drifted,
        ),
        (
            "unequal is worse than drift",
            same(),
            Some(ObjectFacts { state: FactState::Drifted, ..ready("d", "other") }),
            Class::Unequal,
        ),
        ("green lacks it", same(), None, Class::Missing),
        ("only green has it", None, same(), Class::Extra),
        ("a Secret without a key", keyless(), keyless(), Class::Unknown),
        ("an empty digest is none", Some(ready("d", "")), Some(ready("d", "")), Class::Unknown),
        ("stale discovery", same(), in_state(FactState::Unknown), Class::Unknown),
    ] {
        let parity = of_one(blue, green);
        let counts: Vec<_> = Class::ALL.into_iter().filter(|class| parity.count(*class) > 0).collect();
        assert_eq!(counts, [class], "{rule}");
        assert_eq!((parity.declared, parity.count(class)), (1, 1), "{rule}");
        let good = matches!(class, Class::Equal | Class::DeclaredDifference);
        assert_eq!((parity.ratio == 1.0, parity.examples.is_empty()), (good, good), "{rule}");
        assert_eq!(parity.inconclusive.is_some(), class == Class::Unknown, "{rule}");
    }
}

#[test]
fn what_cannot_be_compared_is_never_called_equal() {
    let full = || cluster([("/ConfigMap/shop/a".to_owned(), ready("d", "p"))]);
    for (rule, change, reason) in [
        ("another fleet", (|green| green.fleet_digest = "other".into()) as fn(&mut ClusterFacts), "FleetDiffers"),
        ("no fleet yet", |green| green.fleet_digest.clear(), "NoFleet"),
        ("another key", |green| green.key_id = "other".into(), "KeyDiffers"),
        ("another digest version", |green| green.digest_version = 2, "VersionDiffers"),
    ] {
        let mut green = full();
        change(&mut green);
        let parity = compare(&full(), &green);
        assert_eq!(parity.inconclusive.as_ref().map(Inconclusive::reason), Some(reason), "{rule}");
    }
    assert_eq!(compare(&full(), &full()).inconclusive, None);
    let keyless = |key: &str| ClusterFacts {
        key_id: key.into(),
        ..cluster([("/Secret/shop/a".to_owned(), ObjectFacts { parity: None, ..ready("d", "p") })])
    };
    let told = compare(&keyless(""), &keyless("")).inconclusive.unwrap().to_string();
    assert!(told.contains("Secret shop/a") && told.contains("parityKeyRef"), "{told}");
}

#[test]
fn nothing_declared_is_equal() {
    let parity = compare(&cluster([]), &cluster([]));
    assert_eq!((parity.ratio, parity.declared, parity.inconclusive), (1.0, 0, None));
}

#[test]
fn examples_are_bounded_and_worst_first() {
    let blue = cluster((0..200).map(|n| (format!("/ConfigMap/shop/a{n:03}"), ready("d", "p"))));
    let green = cluster((0..150).map(|n| {
        let state = if n % 2 == 0 { FactState::NotReady("x".into()) } else { FactState::Ready };
        (format!("/ConfigMap/shop/a{n:03}"), ObjectFacts { state, ..ready("d", "p") })
    }));
    let parity = compare(&blue, &green);
    assert_eq!((parity.missing, parity.not_ready, parity.equal, parity.declared), (50, 75, 75, 200));
    assert_eq!(parity.examples.len(), MAX_EXAMPLES);
    assert!(parity.examples.iter().all(|example| example.class == Class::Missing));
}

proptest! {
    #[test]
    fn the_classes_add_up(blue in prop::collection::btree_map(0_u8..30, 0_u8..4, 0..30), green in prop::collection::btree_map(0_u8..30, 0_u8..4, 0..30)) {
        let facts = |all: &std::collections::BTreeMap<u8, u8>| cluster(all.iter().map(|(n, kind)| {
            let state = if *kind == 3 { FactState::Drifted } else { FactState::Ready };
            (format!("/ConfigMap/shop/a{n}"), ObjectFacts { state, ..ready(&format!("d{kind}"), if *kind == 2 { "q" } else { "p" }) })
        }));
        let (blue, green) = (facts(&blue), facts(&green));
        let parity = compare(&blue, &green);
        prop_assert_eq!(Class::ALL.iter().map(|class| parity.count(*class)).sum::<usize>(), parity.declared);
        prop_assert!((0.0..=1.0).contains(&parity.ratio));
        prop_assert_eq!(parity.ratio == 1.0, parity.equal + parity.declared_difference == parity.declared);
        // Swapping the sides swaps missing and extra and nothing else.
        let swapped = compare(&green, &blue);
        prop_assert_eq!((swapped.missing, swapped.extra, swapped.ratio), (parity.extra, parity.missing, parity.ratio));
    }
}
