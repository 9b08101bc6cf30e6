//! Every query of every dashboard finds data in a Prometheus that scraped a real move, and no alert fires for it.

use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::colors::Colors;
use super::helm::Helm;
use super::prometheus::Prometheus;
use super::{eventually, workspace};

/// One query as Grafana would send it when everything is chosen.
struct Query {
    place: String,
    text: String,
    over_time: bool,
}

/// One `label_values(selector, label)`.
struct Variable {
    place: String,
    selector: String,
    label: String,
}

fn read() -> Result<(Vec<Query>, Vec<Variable>)> {
    let (mut queries, mut variables) = (Vec::new(), Vec::new());
    for board in ["parity", "switch"] {
        let text = std::fs::read_to_string(workspace(&format!("charts/teal/dashboards/{board}.json")))?;
        let board: Value = serde_json::from_str(&text)?;
        let title = board["title"].as_str().context("a title")?;
        for panel in board["panels"].as_array().context("panels")? {
            for target in panel["targets"].as_array().into_iter().flatten() {
                queries.push(Query {
                    place: format!("{title} / {}", panel["title"].as_str().unwrap_or_default()),
                    text: filled(target["expr"].as_str().context("a query")?),
                    over_time: target["range"] == true,
                });
            }
        }
        for variable in board["templating"]["list"].as_array().context("variables")? {
            let Some(query) = variable["query"]["query"].as_str() else { continue };
            let inner = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
            let (selector, label) = inner.and_then(|inner| inner.rsplit_once(", ")).context("label_values(…, …)")?;
            variables.push(Variable {
                place: format!("{title} / ${}", variable["name"].as_str().unwrap_or_default()),
                selector: filled(selector),
                label: label.to_owned(),
            });
        }
    }
    Ok((queries, variables))
}

fn filled(query: &str) -> String {
    let times = query.replace("$__rate_interval", "10s").replace("$__range", "10m");
    times.replace("$job", ".+").replace("$instance", ".+").replace("$switch", ".+")
}

/// Places that find nothing, each with its query.
async fn empty(prometheus: &Prometheus, seconds: i64) -> Result<Vec<String>> {
    let (queries, variables) = read()?;
    ensure!(queries.len() > 45 && variables.len() == 6, "{} queries, {} variables", queries.len(), variables.len());
    let mut empty = Vec::new();
    for Query { place, text, over_time } in queries {
        let found =
            if over_time { prometheus.query_range(&text, seconds).await? } else { prometheus.query(&text).await? };
        if found.is_empty() {
            empty.push(format!("{place}: {text}"));
        }
    }
    for Variable { place, selector, label } in variables {
        if prometheus.label_values(&selector, &label).await?.is_empty() {
            empty.push(format!("{place}: label {label} of {selector}"));
        }
    }
    Ok(empty)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_of_the_dashboards_finds_data_of_a_real_move() -> Result<()> {
    let test = "the dashboards on a real Prometheus";
    let (Some(helm), Some(program)) = (Helm::or_skip(test)?, Prometheus::or_skip(test)?) else { return Ok(()) };
    let mut colors = Colors::install(&helm).await?;
    let [blue, green] = [colors.sides[0].address, colors.sides[1].address];
    let begun = Instant::now();
    // Agents only: the switcher answers once it runs. They are scraped from before their first pass.
    let scraped = [
        ("teal/agent", "blue", blue),
        ("teal/agent", "green", green),
        ("teal/switcher", "outside", colors.switcher_address),
    ];
    let prometheus = Prometheus::start(program, &scraped, 2).await?;
    colors.begin().await?;
    colors.make_live("green").await?;
    let seconds = || i64::try_from(begun.elapsed().as_secs()).unwrap_or(i64::MAX);
    eventually("every query finds data", async || {
        let empty = empty(&prometheus, seconds()).await?;
        if empty.is_empty() { Ok(()) } else { bail!("these find nothing:\n  {}", empty.join("\n  ")) }
    })
    .await?;
    one_live_color(&prometheus).await?;
    eventually("no alert is active on what goes well", async || {
        let alerts = prometheus.alerts().await?;
        ensure!(
            alerts.len() == 7 && alerts.iter().all(|(_, health, state)| health == "ok" && state == "inactive"),
            "{alerts:?}"
        );
        Ok(())
    })
    .await
}

/// The numbers are right, not only there.
async fn one_live_color(prometheus: &Prometheus) -> Result<()> {
    for (query, want) in [
        ("max(teal_color_active{color=\"green\"})", 1.0),
        ("max(teal_color_active{color=\"blue\"})", 0.0),
        ("sum(teal_switch_total{from=\"blue\", to=\"green\", result=\"completed\"})", 1.0),
        ("min(teal_parity_ratio)", 1.0),
        ("count(teal_role_info{color=\"green\", role=\"active\"})", 1.0),
        ("sum(teal_objects{state!=\"ready\"})", 0.0),
        ("sum(teal_freeze_active)", 0.0),
    ] {
        eventually(query, async || {
            let found = prometheus.query(query).await?;
            ensure!(found == [want], "{found:?} instead of {want}");
            Ok(())
        })
        .await?;
    }
    Ok(())
}
