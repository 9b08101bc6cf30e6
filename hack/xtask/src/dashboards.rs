//! Lint of the chart's dashboards and alerts: the rules that Grafana's own linter has for dashboards, and promtool's for
//! the rest. That every query finds data is shown by the suite `outside_view`, on a real Prometheus.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::workspace;

const DATASOURCE: &str = "${DS_PROMETHEUS}";

fn chart() -> PathBuf {
    workspace::root().join("charts/teal")
}

fn dashboards() -> Vec<(String, Value)> {
    let mut found: Vec<_> = fs::read_dir(chart().join("dashboards"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    list(dashboard, "/panels").iter().filter(|panel| panel["type"] != "row")
}

/// Everything that is wrong with one dashboard.
fn complaints(dashboard: &Value) -> Vec<String> {
    let mut wrong = board_complaints(dashboard);
    let mut ids: Vec<i64> = list(dashboard, "/panels").iter().filter_map(|panel| panel["id"].as_i64()).collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair[0] == pair[1]) || ids.len() != list(dashboard, "/panels").len() {
        wrong.push("panel ids are not unique".to_owned());
    }
    for panel in panels(dashboard) {
        let title = text(panel, "/title");
        wrong.extend(panel_complaints(panel).into_iter().map(|complaint| format!("panel {title:?}: {complaint}")));
    }
    wrong
}

fn board_complaints(dashboard: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut must = |holds: bool, complaint: &str| {
        if !holds {
            wrong.push(complaint.to_owned());
        }
    };
    must(dashboard["schemaVersion"].as_i64() >= Some(39), "schemaVersion is below 39");
    must(dashboard["editable"] == false, "is editable, although a ConfigMap would undo every change");
    must(!text(dashboard, "/uid").is_empty(), "has no uid, so links to it break");
    must(
        !text(dashboard, "/title").is_empty() && !text(dashboard, "/description").is_empty(),
        "has no title or description",
    );
    let variables = list(dashboard, "/templating/list");
    let variable = |name: &str| variables.iter().find(|variable| variable["name"] == name);
    let source = variable("DS_PROMETHEUS");
    must(
        source.is_some_and(|source| source["type"] == "datasource" && source["query"] == "prometheus"),
        "has no variable DS_PROMETHEUS for the data source",
    );
    for name in ["job", "instance", "switch"] {
        let Some(variable) = variable(name) else {
            must(false, &format!("has no variable {name}"));
            continue;
        };
        must(variable["datasource"]["uid"] == DATASOURCE, &format!("variable {name} has a data source of its own"));
        must(variable["refresh"] == 2, &format!("variable {name} is not refreshed with the time range"));
        must(
            variable["includeAll"] == true && variable["multi"] == true && variable["allValue"] == ".+",
            &format!("variable {name} can't be all or several"),
        );
        must(
            selector(text(variable, "/query/query")).is_some(),
            &format!("variable {name} is no label_values(selector, label)"),
        );
    }
    wrong
}

fn panel_complaints(panel: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut must = |holds: bool, complaint: String| {
        if !holds {
            wrong.push(complaint);
        }
    };
    must(!text(panel, "/title").is_empty(), "has no title".to_owned());
    must(text(panel, "/description").ends_with('.'), "has no description, a sentence".to_owned());
    must(panel["datasource"]["uid"] == DATASOURCE, "does not use DS_PROMETHEUS".to_owned());
    must(!text(panel, "/fieldConfig/defaults/unit").is_empty(), "has no unit".to_owned());
    must(!list(panel, "/targets").is_empty(), "asks for nothing".to_owned());
    for target in list(panel, "/targets") {
        let query = text(target, "/expr");
        must(target["datasource"]["uid"] == DATASOURCE, format!("{query}: does not use DS_PROMETHEUS"));
        must(!text(target, "/legendFormat").is_empty(), format!("{query}: has no legend"));
        wrong_query(query).into_iter().for_each(|complaint| must(false, format!("{query}: {complaint}")));
    }
    wrong
}

/// The rules for one query that promtool does not know.
fn wrong_query(query: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (metric, matchers, range) in selections(query) {
        for matcher in ["job=~\"$job\"", "instance=~\"$instance\""] {
            if !matchers.contains(matcher) {
                wrong.push(format!("{metric} has no matcher {matcher}"));
            }
        }
        let of_a_switch =
            ["teal_switch_", "teal_color_", "teal_dns_", "teal_gate_"].iter().any(|start| metric.starts_with(start));
        if of_a_switch && !matchers.contains("switch=~\"$switch\"") {
            wrong.push(format!("{metric} has no matcher switch=~\"$switch\""));
        }
        let counts = metric.ends_with("_total") || metric.ends_with("_bucket");
        match range {
            None if counts => wrong.push(format!("{metric} only grows; rate it")),
            // A window that follows the time shown is what a total over that time needs.
            None | Some("$__rate_interval" | "$__range") => {}
            Some(other) => wrong.push(format!("{metric} uses the fixed window {other}")),
        }
    }
    if query.contains("rate(") && query.contains("$__range") {
        wrong.push("a rate uses $__rate_interval".to_owned());
    }
    wrong
}

/// Every metric that a query selects, with its matchers and its range.
fn selections(query: &str) -> Vec<(&str, &str, Option<&str>)> {
    let starts = query.match_indices("teal_").filter(|(at, _)| {
        !query[..*at].ends_with(|before: char| before.is_ascii_alphanumeric() || before == '_' || before == '"')
    });
    starts
        .map(|(at, _)| {
            let rest = &query[at..];
            let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
            let (metric, rest) = rest.split_at(end);
            let (matchers, rest) = match rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
                Some(found) => found,
                None => ("", rest),
            };
            let range = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(range, _)| range);
            (metric, matchers, range)
        })
        .collect()
}

/// The selector inside `label_values(selector, label)`.
fn selector(query: &str) -> Option<&str> {
    let (selector, _label) = query.strip_prefix("label_values(")?.strip_suffix(')')?.rsplit_once(", ")?;
    Some(selector)
}

#[path = "dashboards_tests.rs"]
mod tests;
