//! Gates on Azure Monitor: measured by the emulator's Monitor from what its edge really served.

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::json;
use teal_switcher::status::SwitchStatus;
use teal_testkit::http::Mode;

use super::cloud::{Azure, Shape, id};
use crate::switch::clusters::{pair, run};
use crate::switch::world::steady_on;

/// The share of server errors that users of a color's own endpoint get, and the live color's beside it.
fn gate(judged: &str) -> String {
    let profile = id("Microsoft.Cdn/profiles/front");
    format!(
        "{{azureMonitor: {{resource: \"{profile}\", metric: Percentage5XX, aggregation: average, filter: \"Endpoint eq '${{color}}'\", window: 1m, {judged}, interval: 1s}}}}"
    )
}

const BOTH: &str = "success: \"value < 1\", baseline: {within: 0%}";

fn says(one: &SwitchStatus, words: &str) -> bool {
    one.gates.iter().any(|gate| gate.report.message.contains(words))
}

async fn start(pair: &crate::switch::clusters::Pair, gates: &str) -> Result<(Azure, Shape)> {
    let azure = Azure::new(pair).await?;
    azure.front_door().await?;
    let shape = Shape::of(azure.record_target()).and(format!("  gates: {gates}\n"));
    Ok((azure, shape))
}

#[test]
fn what_is_as_good_as_the_live_color_passes_before_and_during() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let (azure, shape) = start(&pair, &format!("{{before: [{0}], during: [{0}]}}", gate(BOTH))).await?;
        let mut switcher = azure.steady_on_blue(&shape).await?;
        azure.commit(azure.world.green_color(), &shape)?;
        // A minute in which nothing was served never passes.
        switcher.until("no users yet", |one| says(one, "is there traffic?")).await?;
        let users = (azure.users(azure.world.blue_color()).await?, azure.users(azure.world.green_color()).await?);
        let steady = switcher.until("steady on green", steady_on(azure.world.green_color())).await?;
        let passed: Vec<_> = steady.gates.iter().filter(|gate| gate.report.passed()).collect();
        ensure!(passed.len() == 2, "{:#?}", steady.gates);
        let words = format!(
            "Percentage5XX is 0 for {}, within 0 % of the 0 of {}",
            azure.world.green_color(),
            azure.world.blue_color()
        );
        ensure!(passed.iter().all(|gate| gate.report.message == words), "{words}: {passed:#?}");
        ensure!(users.0.stop().await.total > 0 && users.1.stop().await.total > 0);
        switcher.end().await
    })
}

#[test]
fn errors_that_users_get_stop_the_move_by_threshold_and_by_baseline() -> Result<()> {
    run(async {
        let pair = pair().await?;
        for (judged, words) in [
            ("success: \"value < 1\"", "Percentage5XX is 100"),
            ("baseline: {within: 0%}", "more than 0 % above the 0 of"),
        ] {
            let (mut azure, shape) = start(&pair, &format!("{{before: [{}]}}", gate(judged))).await?;
            azure.world.green_door.set(Mode::ErrorsBehindHealth).await?;
            let _users = (azure.users(azure.world.blue_color()).await?, azure.users(azure.world.green_color()).await?);
            let mut switcher = azure.steady_on_blue(&shape).await?;
            azure.commit(azure.world.green_color(), &shape)?;
            let parked = switcher.until("parked", |one| one.phase == "Parked").await?;
            ensure!(parked.banner.contains("gate-failed") && says(&parked, words), "{words}: {parked:#?}");
            ensure!(parked.live.as_deref() == Some(azure.world.blue_color()));
            switcher.end().await?;
        }
        Ok(())
    })
}

#[test]
fn errors_that_begin_after_the_shift_bring_traffic_back() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let (mut azure, shape) = start(&pair, &format!("{{during: [{}]}}", gate("success: \"value < 1\""))).await?;
        let shape = shape.by("{ttl: {steady: 2s, moving: 1s}, soak: 10m}");
        let _users = azure.users(azure.world.green_color()).await?;
        let mut switcher = azure.steady_on_blue(&shape).await?;
        azure.commit(azure.world.green_color(), &shape)?;
        let soaking = |one: &SwitchStatus| one.phase == "Soaking" && one.gates.iter().any(|gate| gate.report.passed());
        switcher.until("soaking, and measured", soaking).await?;
        azure.world.green_door.set(Mode::ErrorsBehindHealth).await?;
        let parked = switcher.until("parked on blue", |one| one.phase == "Parked").await?;
        let why =
            parked.history.iter().rev().find(|entry| entry.to.starts_with("RollingBack")).context("the way back")?;
        ensure!(why.why.contains("gate azureMonitor: Percentage5XX is"), "{}", why.why);
        ensure!(parked.live.as_deref() == Some(azure.world.blue_color()));
        switcher.end().await
    })
}

#[test]
fn a_metric_that_fails_inside_a_200_holds_the_move_and_is_told_in_azures_words() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let (azure, shape) = start(&pair, &format!("{{before: [{}]}}", gate(BOTH))).await?;
        let _users = (azure.users(azure.world.blue_color()).await?, azure.users(azure.world.green_color()).await?);
        let profile = id("Microsoft.Cdn/profiles/front");
        let metric = |error| json!({"resource": profile, "metric": "Percentage5XX", "error": error});
        let error = json!({"code": "InternalServerError", "message": "The metric store is away"});
        azure.admin(Method::PUT, "metrics", metric(error)).await?;
        let mut switcher = azure.steady_on_blue(&shape).await?;
        azure.commit(azure.world.green_color(), &shape)?;
        let words = "Azure can't tell the metric Percentage5XX (InternalServerError: The metric store is away)";
        let held = switcher.until("held by the gate", |one| says(one, words)).await?;
        ensure!(held.phase == "Preparing" && held.live.as_deref() == Some(azure.world.blue_color()), "{}", held.phase);
        azure.admin(Method::PUT, "metrics", metric(serde_json::Value::Null)).await?;
        switcher.until("steady on green", steady_on(azure.world.green_color())).await?;
        switcher.end().await
    })
}
