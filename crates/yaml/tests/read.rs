//! What the reader makes of YAML, as tables. The left columns were compared with sigs.k8s.io/yaml 1.6.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use serde_json::{Value, json};
use teal_yaml::{Dialect, Place, read, read_as, text_of};

fn one(text: &str) -> Value {
    let mut documents = read(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    assert_eq!(documents.len(), 1, "{text:?}");
    documents.remove(0).into_value()
}

#[test]
fn scalars_mean_what_kubernetes_takes_them_for() {
    for (text, want) in [
        ("yes", json!(true)),
        ("On", json!(true)),
        ("y", json!(true)),
        ("OFF", json!(false)),
        ("n", json!(false)),
        ("true", json!(true)),
        ("yEs", json!("yEs")),
        ("0644", json!(420)),
        ("0o644", json!(420)),
        ("-0o17", json!(-15)),
        ("0x1F", json!(31)),
        ("0b11", json!(3)),
        ("1_000", json!(1000)),
        ("+5", json!(5)),
        ("1e3", json!(1000)),
        ("1.0", json!(1)),
        ("1.5", json!(1.5)),
        (".5", json!(0.5)),
        ("5.", json!(5)),
        ("012345678", json!(12_345_678)),
        ("9223372036854775807", json!(9_223_372_036_854_775_807_i64)),
        ("-9223372036854775808", json!(-9_223_372_036_854_775_808_i64)),
        ("18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
        ("12345678901234567890123", json!(1.234_567_890_123_456_8e22)),
        ("1.2.3", json!("1.2.3")),
        ("1h", json!("1h")),
        ("1:30", json!("1:30")),
        ("-", json!([null])),
        ("- -", json!([[null]])),
        ("--1", json!("--1")),
        ("0x", json!("0x")),
        ("1_", json!(1)),
        (".5_1", json!(0.51)),
        ("2001-01-01", json!("2001-01-01")),
        ("2001-01-01T00:00:00Z", json!("2001-01-01T00:00:00Z")),
        ("2001-13-01", json!("2001-13-01")),
        ("\"yes\"", json!("yes")),
        ("'0644'", json!("0644")),
        ("!!str 0644", json!("0644")),
        ("!!int \"7\"", json!(7)),
        ("!!float 5", json!(5)),
        ("!!bool yes", json!(true)),
        ("!!binary aGVsbG8=", json!("hello")),
        ("!custom 5", json!("5")),
        ("! 5", json!("5")),
        ("=", json!("=")),
        ("a b # c", json!("a b")),
        ("\"\\u00e9\\x41\\n\"", json!("éA\n")),
        ("\"\\ud83d\\ude00\"", json!("😀")),
    ] {
        assert_eq!(one(&format!("- {text}\n")), json!([want]), "{text}");
    }
}

#[test]
fn nothing_is_null() {
    for text in ["a:", "a: ~", "a: null", "a: Null", "a: !!null ''"] {
        assert_eq!(one(text), json!({"a": null}), "{text}");
    }
    assert_eq!(one("a: ''"), json!({"a": ""}));
}

#[test]
fn keys_become_texts() {
    for (text, want) in [
        ("on: 1", "true"),
        ("off: 1", "false"),
        ("\"on\": 1", "on"),
        ("1: 1", "1"),
        ("0x10: 1", "16"),
        ("1.5: 1", "1.5"),
        ("? a\n: 1", "a"),
        ("!!str on: 1", "on"),
        ("&k a: 1", "a"),
    ] {
        assert_eq!(one(text), json!({want: 1}), "{text}");
    }
}

#[test]
fn kustomize_reads_words_and_dates_differently() {
    for (text, want) in [
        ("a: yes", json!({"a": "yes"})),
        ("a: true", json!({"a": true})),
        ("on: 1", json!({"on": 1})),
        ("1: 1", json!({"1": 1})),
        ("a: 2020-01-01", json!({"a": "2020-01-01T00:00:00Z"})),
        ("a: 2020-1-2 3:4:5.60", json!({"a": "2020-01-02T03:04:05.6Z"})),
        ("a: 2020-01-02T03:04:05+02:00", json!({"a": "2020-01-02T03:04:05+02:00"})),
        ("a: 2023-02-29", json!({"a": "2023-02-29"})),
        ("a: 017", json!({"a": 15})),
        ("a: 1e3", json!({"a": 1000})),
        ("a: 5e12345", json!({"a": "5e12345"})),
    ] {
        let documents = read_as(Dialect::Kustomize, text).unwrap();
        assert_eq!(documents.into_iter().next().unwrap().into_value(), want, "{text}");
    }
}

#[test]
fn collections_anchors_and_merges() {
    for (text, want) in [
        ("a: &x {b: 1}\nc: *x", json!({"a": {"b": 1}, "c": {"b": 1}})),
        ("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  b: 3", json!({"a": {"b": 1, "c": 2}, "d": {"b": 3, "c": 2}})),
        ("d: {b: 3, <<: {b: 1, c: 2}}", json!({"d": {"b": 3, "c": 2}})),
        ("d: {<<: [{a: 1}, {a: 2, b: 2}]}", json!({"d": {"a": 1, "b": 2}})),
        ("d: {\"<<\": 1}", json!({"d": {"<<": 1}})),
        ("a: |\n  x\n  y\n", json!({"a": "x\ny\n"})),
        ("a: >-\n  x\n  y\n", json!({"a": "x y"})),
        ("a: |2+\n    x\n\n", json!({"a": "  x\n\n"})),
        ("{\"a\": [1, 2.50, {\"b\": null}],\n\t\"c\": \"d\"}", json!({"a": [1, 2.5, {"b": null}], "c": "d"})),
        ("a: [\n1,\n2\n]", json!({"a": [1, 2]})),
        ("a: [a,b,]", json!({"a": ["a", "b"]})),
        ("\u{feff}a: 1", json!({"a": 1})),
        ("a: 1\r\nb: 2\r\n", json!({"a": 1, "b": 2})),
        ("%YAML 1.1\n---\na: 1\n...\n", json!({"a": 1})),
        ("--- {a: 1}", json!({"a": 1})),
        ("--- # comment\na: 1", json!({"a": 1})),
        ("a: b---c\nd: '---'", json!({"a": "b---c", "d": "---"})),
    ] {
        assert_eq!(one(text), want, "{text}");
    }
}

#[test]
fn documents_are_split_and_empty_ones_left_out() {
    for (text, want) in [
        ("", 0),
        ("# only a comment\n", 0),
        ("---\n---\n", 0),
        ("null\n", 0),
        ("---\na: 1\n---\n# none\n---\nb: 2\n---\n", 2),
        ("a: 1\n--- \nb: 2\n", 2),
        ("a: 1\n...\n---\nb: 2\n", 2),
        ("{\"a\": 1}\n---\n{\"b\": 2}\n", 2),
    ] {
        assert_eq!(read(text).unwrap().len(), want, "{text:?}");
    }
}

#[test]
fn every_node_knows_its_place() {
    let document = read("# c\na:\n  - x\n  - z: 1\n---\nb: é\n").unwrap();
    assert_eq!(document[0].at, Place { line: 2, column: 1 });
    let item = document[0].get("a").unwrap();
    let teal_yaml::Data::Sequence(items) = &item.data else { panic!("a list") };
    assert_eq!(items[0].at, Place { line: 3, column: 5 });
    assert_eq!(items[1].get("z").unwrap().at, Place { line: 4, column: 8 });
    assert_eq!(document[1].at, Place { line: 6, column: 1 });
}

#[test]
fn mistakes_say_where_and_what() {
    for (text, place, part) in [
        ("a: 1\nb:\n\tc: 2\n", "line 3", "tab"),
        ("a: \"x\nb: 1\n", "line 2, column 1", "quote opened before here is not closed"),
        ("a: 'x\n", "line 2, column 1", "quote opened before here"),
        ("a: [1, 2\n", "line 1, column 4", "`[` is never closed"),
        ("a: {b: 1\n", "line 1, column 4", "`{` is never closed"),
        ("a: 1\nb: 2\na: 3\n", "line 3, column 1", "`a` stands twice in one mapping: first at line 1, column 1"),
        ("on: 1\n\"true\": 2\n", "line 2, column 1", "twice"),
        ("a: b: c\n", "line 1, column 5", "quote the text"),
        ("a: *x\n", "line 1, column 4", "no anchor"),
        ("a: &x [*x]\n", "line 1, column 8", "inside its own anchor"),
        ("[1]: 2\n", "line 1", "can't be a key"),
        ("? {a: 1}\n: 2\n", "line 1, column 3", "can't be a key"),
        ("~: 1\n", "line 1, column 1", "key is missing or null"),
        ("a: .inf\n", "line 1, column 4", "infinity"),
        ("a: 1e400\n", "line 1, column 4", "too large"),
        ("a: !!int x\n", "line 1, column 10", "no integer"),
        ("a: !!binary '*'\n", "line 1, column 13", "no base64"),
        ("a: {<<: 1}\n", "line 1, column 9", "neither"),
        ("a: 1\n b: 2\n", "line 2, column 3", "indentation"),
        ("- a\nb: 1\n", "line 2, column 1", "expected `- `"),
        ("a: @x\n", "line 1, column 4", "quote it"),
        ("}", "line 1, column 1", "closes nothing"),
    ] {
        let error = read(text).expect_err(text).to_string();
        assert!(error.starts_with(place), "{text:?}: {error}");
        assert!(error.contains(part), "{text:?}: {error}");
    }
}

#[test]
fn g9_no_error_quotes_a_value() {
    for text in [
        "a: !!int s3cret",
        "a: !!binary s3cret*",
        "a: \"s3cret",
        "a: {b: s3cret\n",
        "a: s3cret: s3cret: x",
        "a: %s3cret",
    ] {
        let error = read(text).expect_err(text);
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
    }
}

#[test]
fn g9_debug_shows_no_content() {
    let documents = read("kind: Secret\ns3cret: [s3cret, {a: 4711, b: {c: s3cret}}]\n").unwrap();
    let shown = format!("{documents:?} {:?}", documents[0].data);
    assert!(!shown.contains("s3cret") && !shown.contains("4711"), "{shown}");
    assert!(shown.starts_with("[Mapping(2) at 1:1]"), "{shown}");
}

#[test]
fn the_last_of_many_equal_keys_costs_no_square() {
    let text: String = (0..80_000).map(|number| format!("k{}: {number}\n", number % 40_000)).collect();
    let documents = teal_yaml::read_last_wins(&text).unwrap();
    assert_eq!(documents[0].get("k7").unwrap().clone().into_value(), json!(40_007));
    assert_eq!(documents.into_iter().next().unwrap().into_value().as_object().unwrap().len(), 40_000);
    assert!(read(&text).is_err());
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_place() {
    let error = text_of(b"a: 1\nb: \xff\n").unwrap_err();
    assert_eq!((error.at, error.reason()), (Place { line: 2, column: 4 }, "YamlEncoding"));
    assert!(text_of(b"\xff\xfea\0").unwrap_err().message.contains("UTF-16"));
}

#[test]
fn bombs_end_at_the_budgets() {
    let mut bomb = String::from("a: &a [x,x,x,x,x,x,x,x,x]\n");
    for (name, inner) in ('b'..='j').zip('a'..) {
        bomb.push_str(&format!("{name}: &{name} [{}]\n", vec![format!("*{inner}"); 9].join(",")));
    }
    let deep = "[".repeat(100_000);
    let block: String = (0..400).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    // Nesting through aliases counts as well: 100 levels a step.
    let mut chain = format!("a: &a {}x{}\n", "[".repeat(100), "]".repeat(100));
    for (name, inner) in ('b'..='e').zip('a'..) {
        chain.push_str(&format!("{name}: &{name} {}*{inner}{}\n", "[".repeat(100), "]".repeat(100)));
    }
    // A few values, and gigabytes of text: a long one behind an anchor, named a thousand times; also as keys and in a list.
    let text = "x".repeat(1 << 20);
    let named = format!("a: &a {text}\nb: [{}]\n", vec!["*a"; 1000].join(","));
    let keyed = format!("a: &a {{? {text} : 1}}\nb: [{}]\n", vec!["*a"; 1000].join(","));
    let wide = "- a\n".repeat(teal_yaml::MAX_NODES);
    let long = "#".repeat(teal_yaml::MAX_BYTES + 1);
    for text in [bomb, deep, block, chain, named, keyed, wide, long] {
        let error = read(&text).expect_err(&text[..40]);
        assert_eq!(error.reason(), "YamlTooLarge", "{error}");
    }
}

#[test]
fn many_keys_cost_no_square() {
    let text: String = (0..60_000).map(|number| format!("k{number}: 1\n")).collect();
    assert_eq!(one(&text).as_object().unwrap().len(), 60_000);
    let error = read(&format!("{text}k7: 1\n")).unwrap_err();
    assert!(error.message.contains("first at line 8, column 1"), "{error}");
}

#[test]
fn a_large_hostile_text_ends_soon() {
    let many = 1 << 20;
    for (name, text) in [
        ("one long line", "x ".repeat(many)),
        ("many lines of one text", "x\n".repeat(many)),
        ("escapes", format!("\"{}\"", "\\n".repeat(many))),
        ("comments", "#\n".repeat(many)),
        ("commas", format!("[{}]", ",".repeat(many))),
        ("documents", "---\n".repeat(many)),
        ("colons", ":".repeat(many)),
        ("questions", "? ".repeat(many)),
        ("dashes", "- ".repeat(many)),
        ("anchors", "&a ".repeat(many)),
        ("a block", format!("|\n{}", " x\n".repeat(many))),
        ("a fold", format!(">\n{}", " x\n\n".repeat(many))),
        ("blank lines", "\n".repeat(many)),
        ("flow keys", format!("{{{}", "a ".repeat(many))),
    ] {
        let began = std::time::Instant::now();
        let _ = read(&text);
        let took = began.elapsed();
        assert!(took < std::time::Duration::from_secs(60), "{name}: {took:?}");
    }
}

#[test]
fn a_block_that_ends_with_the_text_has_no_line_break_there() {
    for (text, want) in [
        ("a: |\n  x\n  y", "x\ny"),
        ("a: |\n  x\n  y\n", "x\ny\n"),
        ("a: |\r\n  x\r\n  y\r\n", "x\ny\n"),
        ("a: |+\n  é\n  y", "é\ny"),
        ("a: |-\n  x", "x"),
        ("a: >\n  x\n  y", "x y"),
        ("a: |\n  x\n  ", "x\n"),
        ("a: |\n  x\n# behind", "x\n"),
        ("a: |\n  x\n  # not behind", "x\n# not behind"),
        ("\u{feff}a: |\n  x", "x"),
    ] {
        assert_eq!(one(text), json!({"a": want}), "{text:?}");
    }
    assert_eq!(one("a: |\n  x\nb: |\n  y"), json!({"a": "x\n", "b": "y"}));
}
