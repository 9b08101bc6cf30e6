//! Front Door behind a record: the record keeps the ledger and moves at once, the slow one follows.

use std::time::Duration;

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::json;
use teal_switcher::status::SwitchStatus;
use teal_testkit::http::Mode;

use super::cloud::{Azure, Shape};
use crate::switch::clusters::{pair, run};
use crate::switch::world::{self, steady_on};

/// How long Front Door works on a change when it is slow, by the emulator's clock.
const WORKS: Duration = Duration::from_secs(600);

/// Changes are worked on and spread until the test lets time pass.
async fn slow(azure: &Azure) -> Result<()> {
    let knobs = json!({
        "lro": {"kinds": {"Microsoft.Cdn/*": {"polls": 0, "seconds": WORKS.as_secs(), "retryAfter": 0}}},
        "propagation": {"kinds": {"Microsoft.Cdn/*": {"seconds": 1}}},
    });
    azure.admin(Method::PATCH, "settings", knobs).await.map(drop)
}

/// What is worked on is done, and whatever comes after it is at once.
async fn done(azure: &Azure) -> Result<()> {
    let knobs = json!({"lro": {"kinds": {"Microsoft.Cdn/*": {"polls": 0, "seconds": 0, "retryAfter": 0}}}});
    azure.admin(Method::PATCH, "settings", knobs).await?;
    azure.pass(WORKS).await
}

fn works_while_active(color: &str) -> impl Fn(&SwitchStatus) -> bool {
    let color = color.to_owned();
    move |one| {
        let takes = one.colors.iter().any(|seen| seen.name == color && seen.cluster.role == "active");
        takes && one.wait.as_ref().is_some_and(|wait| wait.message.contains("is at work"))
    }
}

#[test]
fn the_record_moves_at_once_and_the_active_role_does_not_wait_for_front_door() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let (blue, green) = (azure.world.blue_color(), azure.world.green_color());
        let front = azure.front_door().await?;
        let shape = Shape::of(format!("{}{front}", azure.record_target()));
        let mut switcher = azure.steady_on_blue(&shape).await?;
        ensure!(azure.served_by("web").await? == blue);
        slow(&azure).await?;
        azure.commit(green, &shape)?;
        let working = switcher.until("green is active while Front Door works", works_while_active(green)).await?;
        ensure!(working.phase == "Shifting" && working.targets[0].routes == green, "{:?}", working.targets);
        ensure!(working.targets[0].unproven.is_none() && working.targets[1].unproven.is_some());
        done(&azure).await?;
        let steady = switcher.until("steady on green", steady_on(green)).await?;
        ensure!(azure.served_by("web").await? == green, "the edge");
        ensure!(steady.targets.iter().all(|target| target.routes == green), "{:?}", steady.targets);
        switcher.end().await
    })
}

#[test]
fn an_operation_that_fails_takes_the_move_back_with_azures_own_words() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let (blue, green) = (azure.world.blue_color(), azure.world.green_color());
        let front = azure.front_door().await?;
        let shape = Shape::of(format!("{}{front}", azure.record_target()));
        let mut switcher = azure.steady_on_blue(&shape).await?;
        slow(&azure).await?;
        let fails = json!({"kind": "lroFails", "code": "QuotaExceeded", "message": "No more changes today."});
        azure.fault(json!({"method": "PATCH", "type": "Microsoft.Cdn/profiles/*", "times": 1, "fault": fails})).await?;
        azure.commit(green, &shape)?;
        let works = |one: &SwitchStatus| one.wait.as_ref().is_some_and(|wait| wait.message.contains("is at work"));
        switcher.until("Front Door works", works).await?;
        done(&azure).await?;
        let parked = switcher.until("parked", |one| one.phase == "Parked").await?;
        let told = serde_json::to_string(&parked)?;
        ensure!(told.contains("QuotaExceeded: No more changes today."), "{told}");
        ensure!(parked.live.as_deref() == Some(blue) && azure.served_by("web").await? == blue, "{:?}", parked.live);
        switcher.end().await
    })
}

#[test]
fn old_copies_go_when_the_change_has_spread_and_not_only_before() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let (blue, green) = (azure.world.blue_color(), azure.world.green_color());
        let front = azure.front_door().await?;
        let front = front.replacen("route: all", "route: all, purge: [\"/*\"]", 1);
        azure.caching("web", blue).await?;
        let shape = Shape::of(format!("{}{front}", azure.record_target()));
        azure.commit(blue, &shape)?;
        let mut config = azure.config("one");
        // Between the purges there are 27 s for what happens here between them, on a machine that may stall.
        config.faster = 100;
        let mut switcher = world::run(config).await?;
        switcher.until("steady on blue", steady_on(blue)).await?;
        ensure!(azure.served_by("web").await? == blue);
        // The edge hears of the change a while after Azure says that it is done, and after the purge that follows it.
        let spreads = json!({"propagation": {"kinds": {"Microsoft.Cdn/*": {"seconds": WORKS.as_secs()}}}});
        azure.admin(Method::PATCH, "settings", spreads).await?;
        azure.commit(green, &shape)?;
        switcher.until("purged a first time", |one| one.targets[1].routes == green).await?;
        ensure!(azure.served_by("web").await? == blue, "the edge fills its copies from blue once more");
        azure.pass(WORKS).await?;
        switcher.until("steady on green", steady_on(green)).await?;
        ensure!(azure.served_by("web").await? == green, "the copies of blue have gone");
        let purges = azure.asked("POST", "*purge*").await?;
        ensure!(purges == 2, "{purges} purges");
        switcher.end().await
    })
}

#[test]
fn the_bad_colors_copies_go_on_the_way_back() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let mut azure = Azure::new(&pair).await?;
        let (blue, green) = (azure.world.blue_color().to_owned(), azure.world.green_color().to_owned());
        let front = azure.front_door().await?;
        let front = front.replacen("route: all", "route: all, purge: [\"/*\"]", 1);
        azure.caching("web", &blue).await?;
        let shape =
            Shape::of(format!("{}{front}", azure.record_target())).by("{ttl: {steady: 2s, moving: 1s}, soak: 10m}");
        let mut switcher = azure.steady_on_blue(&shape).await?;
        azure.commit(&green, &shape)?;
        switcher.until("soaking", |one| one.phase == "Soaking").await?;
        ensure!(azure.served_by("web").await? == green, "the edge keeps a copy of green's answer");
        azure.world.green_door.set(Mode::Errors).await?;
        switcher.until("parked", |one| one.phase == "Parked").await?;
        ensure!(azure.served_by("web").await? == blue, "it is gone");
        let purges = azure.asked("POST", "*purge*").await?;
        ensure!(purges == 4, "{purges} purges: at each change, and when each had spread");
        switcher.end().await
    })
}

#[test]
fn going_back_takes_the_record_at_once_and_front_door_after_it() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let mut azure = Azure::new(&pair).await?;
        let front = azure.front_door().await?;
        // A soak that outlasts whatever comes between the edge's move and the first error.
        let shape =
            Shape::of(format!("{}{front}", azure.record_target())).by("{ttl: {steady: 2s, moving: 1s}, soak: 10m}");
        let mut switcher = azure.steady_on_blue(&shape).await?;
        let (blue, green) = (azure.world.blue_color().to_owned(), azure.world.green_color().to_owned());
        azure.commit(&green, &shape)?;
        switcher.until("the edge has moved", |one| one.targets[1].routes == green && one.phase == "Shifting").await?;
        slow(&azure).await?;
        azure.world.green_door.set(Mode::Errors).await?;
        let back = switcher.until("blue is active again while Front Door works", works_while_active(&blue)).await?;
        ensure!(back.phase == "RollingBack" && back.targets[0].routes == blue, "{:?}", back.targets);
        done(&azure).await?;
        switcher.until("parked", |one| one.phase == "Parked").await?;
        ensure!(azure.served_by("web").await? == blue, "the edge");
        switcher.end().await
    })
}
