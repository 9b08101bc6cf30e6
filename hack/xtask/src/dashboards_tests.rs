//! The lint held to the real dashboards, to made-up breaches, and promtool to queries and alerts.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::{chart, complaints, dashboards, list, panels, selector, text, wrong_query};
use crate::prerequisites;

/// All variables as Grafana would put them in when everything is chosen.
fn filled(query: &str) -> String {
    let filled = query.replace("$__rate_interval", "1m").replace("$__range", "3h");
    filled.replace("$job", ".+").replace("$instance", ".+").replace("$switch", ".+")
}

/// promtool, or the word that its tests are skipped.
fn promtool(args: &[&str], test: &str) -> Option<Command> {
    let found = prerequisites::find("promtool");
    if found.is_none() {
        let forbidden = std::env::var("TEAL_REQUIRE").is_ok_and(|value| value == "all");
        assert!(!forbidden, "{test} needs promtool (Debian: prometheus), and TEAL_REQUIRE=all forbids to skip");
        println!("skipped: {test} needs promtool (Debian: prometheus)");
    }
    let mut command = Command::new(found?);
    command.args(args).current_dir(chart());
    Some(command)
}

fn must_succeed(mut command: Command) {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&text));
}

#[test]
fn every_dashboard_keeps_the_rules() {
    let all = dashboards();
    assert_eq!(all.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["parity.json", "switch.json"]);
    let wrong: Vec<String> = all
        .iter()
        .flat_map(|(name, dashboard)| {
            complaints(dashboard).into_iter().map(move |complaint| format!("{name}: {complaint}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_rule_catches_its_breach() {
    let (_, good) = dashboards().remove(0);
    let at = |dashboard: &Value| list(dashboard, "/panels").iter().position(|panel| panel["type"] != "row").unwrap();
    let panel = format!("/panels/{}", at(&good));
    for (breach, pointer, value) in [
        ("schemaVersion", "/schemaVersion".to_owned(), json!(38)),
        ("editable", "/editable".to_owned(), json!(true)),
        ("variable DS_PROMETHEUS", "/templating/list/0/name".to_owned(), json!("source")),
        ("has no variable job", "/templating/list/1/name".to_owned(), json!("jobs")),
        ("not refreshed", "/templating/list/2/refresh".to_owned(), json!(1)),
        ("no label_values", "/templating/list/2/query/query".to_owned(), json!("up")),
        ("has no title", format!("{panel}/title"), json!("")),
        ("has no description", format!("{panel}/description"), json!("")),
        ("has no unit", format!("{panel}/fieldConfig/defaults/unit"), json!("")),
        ("does not use DS_PROMETHEUS", format!("{panel}/datasource/uid"), json!("abc")),
        ("asks for nothing", format!("{panel}/targets"), json!([])),
        ("ids are not unique", format!("{panel}/id"), json!(1)),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(&pointer).unwrap() = value;
        let found = complaints(&bad);
        assert!(found.iter().any(|complaint| complaint.contains(breach)), "{breach}: {found:?}");
    }
    let matched = "job=~\"$job\", instance=~\"$instance\"";
    for (breach, query) in [
        ("no matcher job", "teal_objects".to_owned()),
        ("no matcher instance", "teal_objects{job=~\"$job\"}".to_owned()),
        ("no matcher switch", format!("teal_switch_phase{{{matched}}}")),
        ("only grows", format!("sum(teal_api_requests_total{{{matched}}})")),
        ("fixed window 5m", format!("sum(rate(teal_api_requests_total{{{matched}}}[5m]))")),
        ("a rate uses", format!("sum(rate(teal_api_requests_total{{{matched}}}[$__range]))")),
    ] {
        let found = wrong_query(&query);
        assert!(found.iter().any(|complaint| complaint.contains(breach)), "{breach}: {found:?}");
    }
}

#[test]
fn every_query_is_promql() {
    let mut rules = Vec::new();
    for (_, dashboard) in dashboards() {
        let variables =
            list(&dashboard, "/templating/list").iter().filter_map(|one| selector(text(one, "/query/query")));
        let targets = panels(&dashboard).flat_map(|panel| list(panel, "/targets")).map(|target| text(target, "/expr"));
        rules.extend(variables.chain(targets).map(filled));
    }
    assert!(rules.len() > 50, "{}", rules.len());
    let rules: Vec<Value> =
        rules.iter().enumerate().map(|(at, expr)| json!({"record": format!("query:{at}"), "expr": expr})).collect();
    let file = std::env::temp_dir().join(format!("teal-queries-{}.json", std::process::id()));
    fs::write(&file, json!({"groups": [{"name": "queries", "rules": rules}]}).to_string()).unwrap();
    let path = file.to_string_lossy().into_owned();
    if let Some(command) = promtool(&["check", "rules", &path], "the queries' syntax") {
        must_succeed(command);
    }
    fs::remove_file(file).unwrap();
}

#[test]
fn alerts_fire_when_they_should_and_only_then() {
    for args in [["check", "rules", "alerts.yaml"], ["test", "rules", "alerts_test.yaml"]] {
        if let Some(command) = promtool(&args, "the alerts") {
            must_succeed(command);
        }
    }
    let read = |file: &str| fs::read_to_string(chart().join(file)).unwrap();
    let tests = read("alerts_test.yaml");
    for name in read("alerts.yaml").lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        assert!(tests.contains(&format!("alertname: {name}\n")), "{name} has no test");
    }
}
