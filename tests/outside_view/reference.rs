//! `docs/reference/metrics.md` says what the registries hold: names, types, labels and meanings.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use prometheus_client::registry::Registry;
use serde_json::json;
use teal_agent::metrics as agent;
use teal_azure::Watch as _;
use teal_azure::watch::Budget;
use teal_switcher::metrics as switcher;
use teal_switcher::status::Status;
use tokio::sync::watch;

use super::workspace;

const PAGE: &str = "docs/reference/metrics.md";
/// Set to anything, the page is written instead of compared.
const WRITE: &str = "TEAL_WRITE_REFERENCE";

#[derive(Default)]
struct Metric {
    kind: String,
    meaning: String,
    labels: BTreeSet<String>,
}

/// Everything the agent registers, with one series in each family, since an empty one is not shown.
fn agents() -> Result<BTreeMap<String, Metric>> {
    let mut registry = Registry::default();
    let metrics = agent::Metrics::register(&mut registry);
    drop(metrics.reconciles.get_or_create(&agent::Outcome { result: "success" }));
    drop(metrics.objects.get_or_create(&agent::State { state: agent::ObjectState::ready }));
    drop(metrics.prune_refused.get_or_create(&agent::Reason { reason: "Share" }));
    drop(metrics.fetch_failures.get_or_create(&agent::Reason { reason: "Unreachable" }));
    drop(metrics.revision.get_or_create(&agent::Revision { revision: String::new() }));
    drop(metrics.requests.get_or_create(&agent::Request { verb: "get", code: 200 }));
    drop(metrics.parity.get_or_create(&agent::Parity {
        digest: String::new(),
        fleet: String::new(),
        key: String::new(),
    }));
    drop(metrics.role.get_or_create(&agent::Role { color: "blue".to_owned(), role: "active" }));
    shown(&registry)
}

/// Everything the switcher registers, likewise.
fn switchers() -> Result<BTreeMap<String, Metric>> {
    let (_sender, status) = watch::channel(some_status()?);
    let mut registry = Registry::default();
    let metrics = switcher::Metrics::register(&mut registry, status);
    let text = |text: &str| text.to_owned();
    let moved =
        switcher::Move { switch: text("contoso"), from: text("blue"), to: text("green"), result: text("completed") };
    drop(metrics.moves.get_or_create(&moved));
    drop(metrics.duration.get_or_create(&moved));
    drop(metrics.writes.get_or_create(&switcher::Of { switch: text("contoso") }));
    drop(metrics.write_seconds.get_or_create(&switcher::Of { switch: text("contoso") }));
    drop(metrics.failures.get_or_create(&switcher::Failure {
        switch: text("contoso"),
        on: text("target"),
        reason: text("Raced"),
    }));
    shown(&registry)
}

/// What the switcher's client of Azure registers, likewise.
fn azures() -> Result<BTreeMap<String, Metric>> {
    let mut registry = Registry::default();
    let metrics = teal_azure::Metrics::new(&mut registry);
    let took = std::time::Duration::from_millis(20);
    metrics.attempted(&teal_azure::watch::Attempt { service: "dns", method: "GET", status: Some(200), took });
    metrics.waits("dns", "throttled", took);
    let budget = Budget { name: "subscription-reads", subscription: Some("s"), identity: "c" };
    metrics.remaining(&budget, 11_999);
    shown(&registry)
}

/// One switch with one of everything.
fn some_status() -> Result<Status> {
    let at = "2026-01-01T00:00:00Z";
    let report =
        json!({"gate": "parity", "outcome": "pass", "message": "", "evidence": [], "took": {"secs": 0, "nanos": 0}});
    let color = json!({"name": "blue", "role": "active", "live": true, "proof": "ok", "proofMessage": "", "addresses": [], "cluster": {}});
    let status = json!({
        "at": at, "switcher": {"identity": "a", "version": "1"}, "git": {"url": "", "branch": "", "fetchedAt": at}, "invalid": [],
        "switches": [{"name": "contoso", "banner": "", "mood": "calm", "desired": "blue", "phase": "Steady", "stage": "T0", "epoch": 1,
            "declaration": {"file": "", "revision": "", "digest": "", "active": "blue", "valid": true},
            "colors": [color], "freezes": [], "gates": [{"when": "before", "at": at, "report": report}],
            "parity": {"outcome": "pass", "ratio": 1.0, "message": "", "objects": {"equal": 1}, "at": at},
            "targets": [{"name": "a", "kind": "azureDns", "routes": "blue", "wanted": "blue", "compares": true, "weighs": false,
                "rollbackLane": true, "wayBackSeconds": 70, "warnings": []}],
            "dns": [{"vantage": "a", "authoritative": true, "answer": "", "at": at}],
            "plan": [], "attention": [], "commands": [], "history": [], "doubleRunSeconds": 0}],
    });
    serde_json::from_value(status).context("a status")
}

/// The metrics as a scrape shows them.
fn shown(registry: &Registry) -> Result<BTreeMap<String, Metric>> {
    let text = teal_daemon::encode_metrics(registry)?;
    let mut metrics: BTreeMap<String, Metric> = BTreeMap::new();
    for line in text.lines() {
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        match (first, rest.split_once(' ')) {
            ("#", Some(("HELP", rest))) => {
                let (name, meaning) = rest.split_once(' ').unwrap_or((rest, ""));
                metrics.entry(name.to_owned()).or_default().meaning = meaning.trim_end_matches('.').to_owned();
            }
            ("#", Some(("TYPE", rest))) => {
                let (name, kind) = rest.split_once(' ').context("a type")?;
                metrics.entry(name.to_owned()).or_default().kind = kind.to_owned();
            }
            _ => series(line, &mut metrics),
        }
    }
    let counters = |(name, metric): (String, Metric)| {
        let name = if metric.kind == "counter" { format!("{name}_total") } else { name };
        (name, metric)
    };
    Ok(metrics.into_iter().map(counters).collect())
}

/// Notes the labels of one series; `le` belongs to the type.
fn series(line: &str, metrics: &mut BTreeMap<String, Metric>) {
    let Some((name, labels)) = line.split_once('{').and_then(|(name, rest)| Some((name, rest.rsplit_once('}')?.0)))
    else {
        return;
    };
    let family = ["_total", "_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    let family = if metrics.contains_key(family) { family } else { name };
    let Some(metric) = metrics.get_mut(family) else { return };
    let names = labels.split("\",").filter_map(|label| label.split_once("=\""));
    metric.labels.extend(names.map(|(name, _)| name.to_owned()).filter(|name| name != "le"));
}

fn table(metrics: &BTreeMap<String, Metric>) -> String {
    let mut table = "| metric | type | labels | meaning |\n|---|---|---|---|\n".to_owned();
    for (name, metric) in metrics {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let _ = writeln!(table, "| `{name}` | {} | {} | {} |", metric.kind, labels.join(", "), metric.meaning);
    }
    table
}

#[test]
fn the_reference_page_says_what_is_registered() -> Result<()> {
    let (agents, switchers, azures) = (agents()?, switchers()?, azures()?);
    ensure!(agents.len() > 15 && switchers.len() > 15, "{} and {}", agents.len(), switchers.len());
    ensure!(azures.len() == 4, "{}", azures.len());
    let all = || agents.iter().chain(&switchers).chain(&azures);
    let undescribed = all().find(|(_, metric)| metric.meaning.is_empty() || metric.kind.is_empty());
    ensure!(undescribed.is_none(), "{:?} has no meaning", undescribed.map(|(name, _)| name));
    let path = workspace(PAGE);
    let page = std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let mut wanted = page.clone();
    for (name, metrics) in [("agent", &agents), ("switcher", &switchers), ("azure", &azures)] {
        let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->"));
        let (head, rest) = wanted.split_once(&begin).with_context(|| format!("{PAGE} has no {begin}"))?;
        let (_, tail) = rest.split_once(&end).with_context(|| format!("{PAGE} has no {end}"))?;
        wanted = format!("{head}{begin}{}{end}{tail}", table(metrics));
    }
    let labels: BTreeSet<&String> = all().flat_map(|(_, metric)| &metric.labels).collect();
    for label in labels {
        ensure!(page.contains(&format!("\n| `{label}` | ")), "{PAGE} does not say what the label `{label}` means");
    }
    if std::env::var_os(WRITE).is_some() {
        return Ok(std::fs::write(&path, wanted)?);
    }
    ensure!(
        page == wanted,
        "{PAGE} is not what the registries hold; {WRITE}=1 cargo test -p teal-tests reference writes it"
    );
    Ok(())
}
