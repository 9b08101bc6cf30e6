use std::collections::BTreeMap;

use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, prop_assert_ne, prop_oneof, proptest};
use serde_json::{Value, json};

use super::make::{digest, id, key};
use crate::{Digest, ParityKey};

#[test]
fn digests_are_of_meaning_not_of_spelling() {
    for (rule, one, other, same) in [
        ("an integral float is an integer", json!(1.0), json!(1), true),
        ("numbers differ by value", json!(1), json!(2), false),
        ("a number is no string", json!(1), json!("1"), false),
        ("true is no string", json!(true), json!("true"), false),
        ("null is not absent", json!({"a": null}), json!({}), false),
        ("the order of a list counts", json!([1, 2]), json!([2, 1]), false),
        ("an empty list is no empty map", json!([]), json!({}), false),
        ("strings can't forge structure", json!({"a": "b\",\"c\":\"d"}), json!({"a": "b", "c": "d"}), false),
        ("nesting counts", json!([[1], 2]), json!([1, [2]]), false),
    ] {
        assert_eq!(Digest::of_value(&one) == Digest::of_value(&other), same, "{rule}");
    }
}

#[test]
fn the_form_of_version_1_is_fixed() {
    // When this fails, DIGEST_VERSION must rise: stored digests of the old form must never be compared.
    let value = json!({"kind": "ConfigMap", "data": {"b": "2", "a": [1, 1.5, true, null]}});
    assert_eq!(Digest::of_value(&value).short(16), FIXED, "DIGEST_VERSION {}", crate::DIGEST_VERSION);
}
const FIXED: &str = "74bce4402793edb7";

#[test]
fn a_key_id_tells_keys_apart_and_nothing_else() {
    assert_eq!(key().id().len(), 8);
    assert_eq!(key().id(), key().id());
    assert_ne!(key().id(), ParityKey::shared(b"another").id());
    assert_eq!(ParityKey::ephemeral(b"random").id(), "");
}

#[test]
fn a_rolled_up_digest_does_not_depend_on_the_order() {
    let (a, b) = (id("/ConfigMap/shop/a"), id("/ConfigMap/shop/b"));
    let (one, two) = (digest("1"), digest("2"));
    let all = Digest::rolled_up([(&a, &one), (&b, &two)]);
    assert_eq!(all, Digest::rolled_up([(&b, &two), (&a, &one)]));
    assert_ne!(all, Digest::rolled_up([(&a, &two), (&b, &one)]), "which object has which digest counts");
    assert_ne!(all, Digest::rolled_up([(&a, &one)]));
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(".{0,4}", inner, 0..5)
                .prop_map(|map: BTreeMap<String, Value>| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// The same value as text with every map's keys backwards.
fn backwards(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let entries: Vec<_> =
                map.iter().rev().map(|(key, value)| format!("{}: {}", json!(key), backwards(value))).collect();
            format!("{{ {} }}", entries.join(" , "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(backwards).collect::<Vec<_>>().join(",")),
        leaf => leaf.to_string(),
    }
}

proptest! {
    #[test]
    fn a_digest_is_independent_of_key_order_and_blanks(value in json_value()) {
        let again: Value = serde_json::from_str(&backwards(&value)).unwrap();
        prop_assert_eq!(Digest::of_value(&value), Digest::of_value(&again));
        prop_assert_eq!(Digest::of_secret(&value, &key()), Digest::of_secret(&again, &key()));
    }

    #[test]
    fn different_values_have_different_digests(one in json_value(), other in json_value()) {
        let same = serde_json::to_string(&one).unwrap() == serde_json::to_string(&other).unwrap();
        if !same && one != other {
            let numbers_only_differ_in_form = format!("{one}").replace(".0", "") == format!("{other}").replace(".0", "");
            if !numbers_only_differ_in_form {
                prop_assert_ne!(Digest::of_value(&one), Digest::of_value(&other));
            }
        }
    }

    #[test]
    fn a_digest_reads_back(text in ".{0,20}") {
        let digest = digest(&text);
        prop_assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
    }
}
