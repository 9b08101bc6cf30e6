//! What holds for whole declarations: the digest, secrets, an answer to every input, the examples.

use super::GOOD;
use crate::switch::Switch;

#[test]
fn g5_the_digest_follows_the_declaration_and_nothing_else() {
    let digest = |text: &str| Switch::parse("switch.yaml", text).unwrap().digest;
    let base = digest(GOOD);
    assert_eq!(base.len(), 64);
    for same in [
        GOOD.replace("# The one word below moves the traffic.\n", "\n\n# Other words.\n"),
        GOOD.replace("  failover: manual\n", "").replace("spec:\n", "spec:\n  failover: \"manual\"\n"),
        GOOD.replace("metadata: {name: contoso}", "metadata:\n  name: contoso\n  labels: {team: a}"),
    ] {
        assert_eq!(digest(&same), base, "{same}");
    }
    for (from, to) in [
        ("active: blue", "active: green"),
        ("attempt: 2", "attempt: 3"),
        ("name: contoso", "name: other"),
        ("soak: 30m", "soak: 31m"),
    ] {
        assert_ne!(digest(&GOOD.replacen(from, to, 1)), base, "{from} → {to}");
    }
}

#[test]
fn g9_a_key_in_the_wrong_place_is_not_repeated() {
    let text = GOOD.replace("secret: dns-key", "secret: Y2FuYXJ5LTVmMmM=");
    let said = Switch::parse("switch.yaml", &text).unwrap_err();
    assert!(!format!("{said} {said:?}").contains("Y2FuYXJ5"));
}

#[test]
fn the_example_that_the_demo_runs_is_valid() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests/examples/contoso");
    let text = std::fs::read_to_string(folder.join("switch.yaml")).unwrap();
    Switch::parse("switch.yaml", &text).unwrap();
    let text = std::fs::read_to_string(folder.join("teal.yaml")).unwrap();
    crate::fleet::Fleet::parse("teal.yaml", &text).unwrap();
    let text = std::fs::read_to_string(folder.join("colors.yaml")).unwrap();
    let colors = crate::colors::Colors::parse("colors.yaml", &text).unwrap();
    assert_eq!(colors.colors.keys().collect::<Vec<_>>(), ["blue", "green"]);
}

#[test]
fn the_fleet_of_real_manifests_is_valid() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fleets/contoso");
    let Ok(text) = std::fs::read_to_string(folder.join("teal.yaml")) else {
        eprintln!("skipped: {} is not here", folder.display());
        return;
    };
    crate::fleet::Fleet::parse("teal.yaml", &text).unwrap();
    let unit = std::fs::read_to_string(folder.join("operators/kube-prometheus/unit.yaml")).unwrap();
    crate::fleet::UnitSettings::parse("unit.yaml", &unit).unwrap();
}

/// Every line left out, and every value replaced by one of another sort: an answer each time, and never an empty one.
#[test]
fn no_input_is_without_an_answer() {
    let mut answers = 0;
    let mut check = |text: &str| {
        if let Err(mistakes) = Switch::parse("s", text) {
            assert!(!mistakes.0.is_empty(), "{text}");
            assert!(mistakes.0.iter().all(|mistake| mistake.at.line > 0 && !mistake.message.is_empty()), "{mistakes}");
            answers += 1;
        }
    };
    let lines: Vec<&str> = GOOD.lines().collect();
    for left_out in 0..lines.len() {
        let rest: Vec<&str> =
            lines.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, line)| *line).collect();
        check(&rest.join("\n"));
    }
    for (at, _) in GOOD.match_indices(": ") {
        let tail = &GOOD[at + 2..];
        let end = tail.find([',', '}', '\n']).unwrap_or(tail.len());
        for value in ["~", "[]", "{}", "1", "-1.5", "yes", "x y", "\"\"", "[[{a: b}]]", "{a: {b: c}}"] {
            check(&format!("{}: {value}{}", &GOOD[..at], &tail[end..]));
        }
    }
    assert!(answers > 300, "{answers}");
}
