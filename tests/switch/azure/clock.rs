//! A clock that is off from Azure's, as Azure's own answers tell it.

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::json;
use teal_switcher::status::SwitchStatus;

use super::cloud::{Azure, Shape};
use crate::switch::clusters::{pair, run};
use crate::switch::world::steady_on;

async fn off_by(azure: &Azure, seconds: i32) -> Result<()> {
    azure.admin(Method::PATCH, "settings", json!({"dateOffset": seconds})).await.map(drop)
}

#[test]
fn g1_a_switcher_whose_clock_is_off_from_azures_only_watches_until_it_is_right() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let green = azure.world.green_color();
        let shape = Shape::of(azure.record_target());
        let mut switcher = azure.steady_on_blue(&shape).await?;
        // Behind is as bad as ahead.
        off_by(&azure, -90).await?;
        azure.commit(green, &shape)?;
        let clock = |one: &SwitchStatus| one.attention.iter().any(|item| item.reason == "ClockSkew");
        switcher.until("it only watches", |one| clock(one) && one.desired == green).await?;
        // A second is lost between the header's whole seconds and ours; more, for one look, when this machine pauses.
        let words = ["89", "90", "91"].map(|seconds| format!("is {seconds} s off the target's: it only watches"));
        let told = |one: &SwitchStatus| {
            let skews = one.attention.iter().filter(|item| item.reason == "ClockSkew");
            skews.into_iter().any(|item| words.iter().any(|words| item.message.contains(words)))
        };
        switcher.until("told by how much", told).await?;
        let (before, later) = (azure.record().await?, jiff::Timestamp::now() + jiff::SignedDuration::from_secs(2));
        let still = switcher.until_all("looked at again", |status| status.at > later).await?;
        ensure!(still.switches[0].phase == "Steady" && azure.record().await? == before, "nothing is written");
        // Within what is useful, if not for shortening waits: it drives again.
        off_by(&azure, 20).await?;
        let steady = switcher.until("steady on green", steady_on(green)).await?;
        ensure!(!clock(&steady), "{:?}", steady.attention);
        switcher.end().await
    })
}
