//! What the writer prints, as a table; compared with sigs.k8s.io/yaml 1.6 (JSONToYAML), which kustomize prints with.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use proptest::prelude::{Strategy, any, prop, prop_oneof};
use serde_json::{Value, json};
use teal_yaml::{Dialect, read, read_as, write};

#[test]
fn values_print_as_kustomize_prints_them() {
    for (value, want) in [
        (json!({"b10": 1, "b9": 1, "alpha": 1, "Alpha": 1}), "Alpha: 1\nalpha: 1\nb9: 1\nb10: 1\n"),
        (json!({"a": [1, {"b": [2]}], "c": {}}), "a:\n- 1\n- b:\n  - 2\nc: {}\n"),
        (json!([[1, 2], [], {"a": {"b": null}}]), "- - 1\n  - 2\n- []\n- a:\n    b: null\n"),
        (json!({"y": "y", "on": "on"}), "\"on\": \"on\"\n\"y\": \"y\"\n"),
        (
            json!(["0123", "1e3", "1:30", "2020-01-01", "~", "", "null"]),
            "- \"0123\"\n- \"1e3\"\n- \"1:30\"\n- \"2020-01-01\"\n- \"~\"\n- \"\"\n- \"null\"\n",
        ),
        (
            json!(["=", "<<", "a b", "a: b", "a:", "#a", "a #b", "a#b"]),
            "- =\n- <<\n- a b\n- 'a: b'\n- 'a:'\n- '#a'\n- 'a #b'\n- a#b\n",
        ),
        (
            json!(["it's", "'x", "- a", "-a", "? b", "?b", "[x", "x,y"]),
            "- it's\n- '''x'\n- '- a'\n- -a\n- '? b'\n- ?b\n- '[x'\n- x,y\n",
        ),
        (
            json!([" a", "a ", "a\tb", "😀", "é", "---", "---a", "..."]),
            "- ' a'\n- 'a '\n- \"a\\tb\"\n- \"\\U0001F600\"\n- é\n- '---'\n- '---a'\n- '...'\n",
        ),
        (
            json!({"a": "x\ny\n", "b": "x\ny", "c": "x\n\n", "d": " x\ny", "e": "x \ny", "f": "\n"}),
            "a: |\n  x\n  y\nb: |-\n  x\n  y\nc: |+\n  x\n\nd: |2-\n   x\n  y\ne: \"x \\ny\"\nf: |2+\n\n",
        ),
        (json!({"a": ["x\ny\n"], "b": {"c": "x\n\ny"}}), "a:\n- |\n  x\n  y\nb:\n  c: |-\n    x\n\n    y\n"),
        (json!([1, 1.5, -7, 1e22, 0.000_01, 1_234_567.5]), "- 1\n- 1.5\n- -7\n- 1e+22\n- 1e-05\n- 1.2345675e+06\n"),
        (json!({"a\rb": 1, "c\nd": {"e": 2}}), "? \"a\\rb\"\n: 1\n? |-\n  c\n  d\n: e: 2\n"),
        (json!(["\u{feff}a \"b\"", "a\u{feff}b c"]), "- \"\\uFEFF\\x61\\x20\\\"\\x62\\\"\"\n- \"a\\uFEFFb c\"\n"),
        (json!([true, null, "true", "False"]), "- true\n- null\n- \"true\"\n- \"False\"\n"),
    ] {
        assert_eq!(write(&value), want, "{value}");
    }
}

#[test]
fn long_lines_fold_at_a_space_past_80_columns() {
    let words = ["word"; 40].join(" ");
    let printed = write(&json!({"a": {"b": words}}));
    assert!(printed.lines().count() > 2 && printed.lines().all(|line| line.len() <= 86), "{printed}");
    assert_eq!(read(&printed).unwrap().remove(0).into_value(), json!({"a": {"b": words}}));
}

fn any_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        any::<String>(),
        "[ a\n:#'\"-]{0,12}",
        "[0-9_.:eE+x-]{1,12}",
        "(yes|no|on|null|~|true|[a-z ]{70,120})",
    ];
    let leaf = prop_oneof![
        proptest::strategy::Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(|float| if float.fract() == 0.0 { json!(float as i64) } else { json!(float) }),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(text.clone(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest::proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(value in any_value().prop_filter("a document", |value| !value.is_null())) {
        let text = write(&value);
        for dialect in [Dialect::Kubernetes, Dialect::Kustomize] {
            let mut documents = read_as(dialect, &text).map_err(|error| {
                proptest::test_runner::TestCaseError::fail(format!("{error}\n{text}"))
            })?;
            proptest::prop_assert_eq!(documents.remove(0).into_value(), value.clone(), "{}", text);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[ -~\\n\\t]{0,60}|[\\[\\]{}:,&*!|>'\"%@`\\n -]{0,40}") {
        let _ = read(&text);
    }
}
