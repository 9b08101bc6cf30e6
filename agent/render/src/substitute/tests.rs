use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use teal_kustomize::{MemoryTree, Origin};

use super::*;

/// `DOMAIN`, `EMPTY` and `N` of the fleet, `POOL` of this color, `ZONE` of the other one.
fn with(check: impl Fn(&Variables<'_>)) {
    let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let fleet: BTreeMap<_, _> = [("DOMAIN", "contoso.example"), ("EMPTY", ""), ("N", "5")].iter().map(text).collect();
    let color: BTreeMap<_, _> = [("POOL", "blue")].iter().map(text).collect();
    let colored = BTreeSet::from(["POOL", "ZONE"]);
    check(&Variables { fleet: Some(&fleet), color: Some(&color), colored, declared: true, cluster: None });
}

/// What Flux's own `envsubst` makes of these was seen by hand; where this is another outcome, decision 0013 says so.
#[test]
fn only_declared_names_are_replaced() {
    with(|variables| {
        for (text, here, neutral, unknown) in [
            ("https://${DOMAIN}/", "https://contoso.example/", "https://contoso.example/", None),
            ("on ${POOL}", "on blue", "on ${POOL}", None),
            ("${ZONE:=1}", "1", "${ZONE:=1}", None),
            ("${ZONE:-1}", "1", "${ZONE:-1}", None),
            ("${ZONE}", "${ZONE}", "${ZONE}", None),
            ("${DOMAIN}${POOL}", "contoso.exampleblue", "contoso.example${POOL}", None),
            ("${DS_PROMETHEUS}", "${DS_PROMETHEUS}", "${DS_PROMETHEUS}", Some("DS_PROMETHEUS")),
            ("${TYPO:-x}${DOMAIN}", "${TYPO:-x}contoso.example", "${TYPO:-x}contoso.example", Some("TYPO")),
            ("${ DOMAIN } ${2ND} ${} ${:=a}", "${ DOMAIN } ${2ND} ${} ${:=a}", "${ DOMAIN } ${2ND} ${} ${:=a}", None),
            ("${DOMAIN:=a:=b} ${ZONE:=} é", "contoso.example  é", "contoso.example ${ZONE:=} é", None),
            ("${EMPTY:=x}${EMPTY:-y}[${EMPTY}]", "xy[]", "xy[]", None),
            // Defaults hold variables and pairs of braces.
            ("${DOMAIN:=${X}}", "contoso.example", "contoso.example", None),
            ("${EMPTY:=a${EMPTY:=${POOL}}b}", "ablueb", "a${POOL}b", None),
            ("${EMPTY:={\"a\":1}}", "{\"a\":1}", "{\"a\":1}", None),
            // Two dollars before a brace are one.
            ("$${DOMAIN}", "${DOMAIN}", "${DOMAIN}", None),
            ("$${OTHER}", "${OTHER}", "${OTHER}", None),
            ("$$${DOMAIN}", "$contoso.example", "$contoso.example", None),
            ("$$$${DOMAIN}", "$${DOMAIN}", "$${DOMAIN}", None),
            ("$$ $DOMAIN $$(X)", "$$ $DOMAIN $$(X)", "$$ $DOMAIN $$(X)", None),
        ] {
            let (mut one, mut other) = (json!({"a": [text]}), json!({"a": [text]}));
            let met = variables.apply(&mut one, Form::Here);
            variables.apply(&mut other, Form::Neutral);
            assert_eq!(one, json!({"a": [here]}), "{text}");
            assert_eq!(other, json!({"a": [neutral]}), "{text}");
            assert_eq!(met.unknown.keys().next().map(String::as_str), unknown, "{text}");
            assert_eq!(met.unset.contains_key("ZONE"), text == "${ZONE}", "{text}");
            assert_eq!(met.odd, BTreeMap::new(), "{text}");
            assert_eq!(met.dollars.is_some(), text.starts_with("$$ "), "{text}");
        }
    });
}

#[test]
fn what_flux_does_besides_is_told_and_never_done_by_halves() {
    with(|variables| {
        for (text, name, declared) in [
            ("${DOMAIN^^}", "DOMAIN", true),
            ("${DOMAIN/x/y}", "DOMAIN", true),
            ("${DOMAIN:0:3}", "DOMAIN", true),
            ("${DOMAIN", "DOMAIN", true),
            ("${DOMAIN:=x", "DOMAIN", true),
            ("${POOL-x}", "POOL", true),
            ("${ZONE.x}", "ZONE", true),
            ("${__rate:x}", "__rate", false),
            ("${user.name}", "user", false),
        ] {
            let mut object = json!({"spec": {"list": ["x", text]}});
            let before = object.clone();
            let met = variables.apply(&mut object, Form::Here);
            assert_eq!(object, before, "{text}");
            let steps = ["spec", "list"].map(|key| Step::Key(key.to_owned()));
            let steps = [&steps[..], &[Step::Item(1)]].concat();
            assert_eq!(met.odd, BTreeMap::from([(name.to_owned(), (steps, declared))]), "{text}");
            assert!(met.names.contains(name), "when it is declared, the object is another one");
        }
    });
}

#[test]
fn where_nobody_declares_anything_nothing_is_an_escape() {
    let mut object = json!({"a": "$${A} $$ $$$${B}"});
    let before = object.clone();
    let met = Variables::default().apply(&mut object, Form::Here);
    assert_eq!((object, met), (before, Met::default()));
}

#[test]
fn dollars_are_noted_but_in_what_a_schema_says_of_its_fields() {
    with(|variables| {
        let description = json!({"description": "write $$(NAME)"});
        for (mut object, noted) in [
            (json!({"args": ["echo $$"]}), true),
            (json!({"args": ["$$(NAME)"]}), true),
            (json!({"args": ["$${NAME} $ $"]}), false),
            (json!({"kind": "PrometheusRule", "spec": {"rules": [{"annotations": description}]}}), true),
            (json!({"kind": "CustomResourceDefinition", "spec": {"properties": {"a": description}}}), false),
            (json!({"kind": "CustomResourceDefinition", "spec": {"default": "$$(NAME)"}}), true),
        ] {
            assert_eq!(variables.apply(&mut object, Form::Here).dollars.is_some(), noted, "{object}");
        }
    });
}

#[test]
fn a_text_full_of_beginnings_costs_no_square() {
    let fleet = BTreeMap::from([("A".to_owned(), "1".to_owned()), ("E".to_owned(), String::new())]);
    let variables = Variables { fleet: Some(&fleet), declared: true, ..Variables::default() };
    for (text, changes) in [
        ("${".repeat(1 << 20), false),
        ("${A:=".repeat(1 << 18), false),
        (format!("{}}}", "${A:=".repeat(1 << 18)), true),
        (format!("}}{}", "${A:=".repeat(1 << 18)), false),
        ("${A}".repeat(1 << 18), true),
        (format!("{}{}", "${E:=".repeat(1 << 15), "}".repeat(1 << 15)), true),
        (format!("${{A^^}} {}{}", "${A:=".repeat(1 << 15), "}".repeat(1 << 15)), true),
        (format!("{}{{A}}", "$".repeat(1 << 20)), true),
        ("$".repeat(1 << 20), false),
        ("$$ ".repeat(1 << 18), false),
    ] {
        let began = std::time::Instant::now();
        let mut object = Value::String(text.clone());
        variables.apply(&mut object, Form::Here);
        for sought in [Sought::Variable("A"), Sought::Odd("A"), Sought::Odd("GONE")] {
            assert!(shown(&format!("k: '{text}'"), "k", sought).starts_with("a.yaml:1"));
        }
        assert!(began.elapsed() < std::time::Duration::from_secs(60), "{:?}", began.elapsed());
        assert_eq!(object != Value::String(text), changes);
    }
}

/// Where the text of `key` is told to stand.
fn shown(file: &str, key: &str, sought: Sought<'_>) -> String {
    let origin = Origin { file: "a.yaml".into(), line: 1, document: 0 };
    Spot { origin, steps: vec![Step::Key(key.to_owned())] }.shown(&MemoryTree::from([("a.yaml", file)]), sought)
}

#[test]
fn in_a_long_line_full_of_variables_the_very_one_is_told() {
    // More than a million before the one that is asked for: the letters before each would be a square.
    let before = "${N}".repeat(1 << 20);
    let began = std::time::Instant::now();
    let place = shown(&format!("{{é: '{before}', b: '${{N}}', c: '{before}'}}"), "b", Sought::Variable("N"));
    assert_eq!(place, format!("a.yaml:1:{}: b", 5 + 1 + (4 << 20) + 1 + 2 + 4));
    assert!(began.elapsed() < std::time::Duration::from_secs(60), "{:?}", began.elapsed());
}

#[test]
fn a_name_in_a_default_is_found_as_deep_as_defaults_are_replaced() {
    for (depth, place) in [(DEEPEST_DEFAULT, "a.yaml:1:44: k"), (DEEPEST_DEFAULT + 1, "a.yaml:1: k")] {
        let file = format!("k: {}${{N}}{}", "${E:=".repeat(depth), "}".repeat(depth));
        assert_eq!(shown(&file, "k", Sought::Variable("N")), place);
    }
}

#[test]
fn an_object_may_opt_out_by_teals_annotation_or_fluxs() {
    with(|variables| {
        let flux = "kustomize.toolkit.fluxcd.io/substitute";
        for (metadata, out) in [
            (json!({"annotations": {"teal.dev/substitute": "disabled"}}), true),
            (json!({"annotations": {flux: "disabled"}}), true),
            (json!({"labels": {flux: "disabled"}}), true),
            (json!({"labels": {"teal.dev/substitute": "disabled"}, "annotations": {flux: "enabled"}}), false),
        ] {
            let mut object = json!({"metadata": metadata, "data": {"k": "${N}"}});
            variables.apply(&mut object, Form::Here);
            assert_eq!(object["data"]["k"] == "${N}", out, "{object}");
        }
    });
}

#[test]
fn keys_are_replaced_and_two_may_not_become_one() {
    with(|variables| {
        let mut keyed = json!({"data": {"${DOMAIN}": "${N}", "${POOL}-x": 1, "rest": 2}});
        let mut neutral = keyed.clone();
        let met = variables.apply(&mut keyed, Form::Here);
        assert_eq!(keyed, json!({"data": {"contoso.example": "5", "blue-x": 1, "rest": 2}}));
        assert!(met.clash.is_none() && met.names.len() == 3);
        variables.apply(&mut neutral, Form::Neutral);
        assert_eq!(neutral, json!({"data": {"contoso.example": "5", "${POOL}-x": 1, "rest": 2}}));
        let met = variables.apply(&mut json!({"data": {"5": 1, "${N}": 2}}), Form::Here);
        assert_eq!(met.clash.map(|steps| steps.len()), Some(2));
    });
}

#[test]
fn a_text_that_flux_would_make_a_number_of_is_noted_where_a_number_may_be_meant() {
    with(|variables| {
        for (mut object, noted) in [
            (json!({"spec": {"replicas": "${N}"}}), true),
            (json!({"spec": {"replicas": "${EMPTY:=3}"}}), true),
            (json!({"spec": {"paused": "${EMPTY:=true}"}}), true),
            (json!({"spec": {"host": "${DOMAIN}"}}), false),
            (json!({"spec": {"image": "a:${N}"}}), false),
            (json!({"spec": {"containers": [{"env": [{"name": "A", "value": "${N}"}], "args": ["${N}"]}]}}), false),
            (json!({"data": {"n": "${N}"}, "metadata": {"labels": {"n": "${N}"}}}), false),
        ] {
            let met = variables.apply(&mut object, Form::Here);
            assert_eq!(!met.texts.is_empty(), noted, "{object}");
        }
    });
}

#[test]
fn g9_masks_stand_for_what_a_secret_brings() {
    let source = teal_api::fleet::Fleet::parse(
        "teal.yaml",
        "apiVersion: teal.dev/v1alpha1\nkind: Fleet\nmetadata: {name: t}\nspec: {layers: [{name: a, paths: [u]}], substituteFrom: [{kind: Secret, name: s}]}\n",
    );
    let source = source.map(|fleet| fleet.substitute_from).unwrap_or_default();
    let mut cluster = ClusterValues::default();
    cluster.add(&source[0], Some(&BTreeMap::from([("TOKEN".to_owned(), b"hunter2".to_vec())])));
    let variables = Variables { cluster: Some(&cluster), declared: true, ..Variables::default() };
    let mut values = json!({"a": "x-${TOKEN}", "b": "${TOKEN:=y}"});
    let mut masked = values.clone();
    assert!(variables.apply_values(&mut values, Form::Here, false).secret);
    variables.apply_values(&mut masked, Form::Here, true);
    assert_eq!(values, json!({"a": "x-hunter2", "b": "hunter2"}));
    assert_eq!(masked, json!({"a": "x-xxxxxx1", "b": "xxxxxx1"}));
    assert!(variables.apply(&mut json!({"${TOKEN}": 1}), Form::Here).secret_key);
}
