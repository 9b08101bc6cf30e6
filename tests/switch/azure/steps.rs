//! Traffic by steps with Traffic Manager, the ledger in a TXT record set of its own.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use teal_api::sync::Role;
use teal_switcher::status::{SwitchStatus, Transition};
use teal_switcher_core::{Phase, Verb};

use super::cloud::{Azure, DNS, FASTER, Shape, ZONE};
use super::parts::own_ledger;
use crate::switch::clusters::{pair, run};
use crate::switch::world::steady_on;

const STEPS: &str =
    "{ttl: {steady: 2s, moving: 1s}, soak: 1s, steps: [{weight: 10, hold: 3s}, {pause: {}}, {weight: 100}]}";
/// What Teal assumes of Traffic Manager's name servers, as a test waits for it.
const BOUND: Duration = Duration::from_millis(90_000 / FASTER as u64);

fn waits_for(reason: &'static str) -> impl Fn(&SwitchStatus) -> bool {
    move |one| one.wait.as_ref().is_some_and(|wait| wait.reason == reason)
}

/// The oldest transition to a place.
fn first<'a>(one: &'a SwitchStatus, place: &str) -> Result<&'a Transition> {
    one.history.iter().rev().find(|entry| entry.to == place).with_context(|| format!("no {place}: {:#?}", one.history))
}

fn between(from: &Transition, to: &Transition) -> SignedDuration {
    to.at.duration_since(from.at)
}

#[test]
fn a_tenth_of_the_traffic_is_held_a_pause_is_promoted_and_then_all_moves() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let (blue, green) = (azure.world.blue_color(), azure.world.green_color());
        let shape = Shape::of(azure.traffic_manager("Weighted").await?).by(STEPS).and(own_ledger());
        let mut switcher = azure.steady_on_blue(&shape).await?;
        ensure!(!azure.answers(50).await?.contains_key("green"));
        azure.commit(green, &shape)?;

        let paused = switcher.until("the pause", waits_for("approval")).await?;
        ensure!(paused.targets[0].routes == format!("90 % {blue}, 10 % {green}"), "{:?}", paused.targets);
        let counts = azure.answers(400).await?;
        let tenth = counts.get("green").copied().unwrap_or_default();
        ensure!((12..=80).contains(&tenth), "what clients are answered: {counts:?}");
        let roles = (azure.world.blue.sync().await?.spec.role, azure.world.green.sync().await?.spec.role);
        ensure!(roles == (Some(Role::Active), Some(Role::Standby)), "the old color keeps the role: {roles:?}");
        let (spreading, holding) = (first(&paused, "Shifting · propagating")?, first(&paused, "Shifting · holding")?);
        ensure!(between(spreading, holding) >= SignedDuration::try_from(BOUND)?, "a hold begins when it is proved");
        let ended = paused.history.first().context("history")?;
        ensure!(between(holding, ended) >= SignedDuration::from_secs(3), "{:#?}", paused.history);
        ensure!(paused.commands.iter().any(|command| command.starts_with("teal promote")), "{:?}", paused.commands);

        let later = jiff::Timestamp::now() + SignedDuration::from_secs(2);
        let still = switcher.until_all("looked at again", |status| status.at > later).await?;
        ensure!(still.switches[0].epoch == paused.epoch, "it went on by itself");
        azure.order(&shape, Verb::Promote).await?;
        let steady = switcher.until("steady on green", steady_on(green)).await?;
        ensure!(steady.history.iter().any(|entry| entry.why.contains("kim goes on")), "{:#?}", steady.history);
        ensure!(!azure.answers(50).await?.contains_key("blue"));
        let roles = (azure.world.blue.sync().await?.spec.role, azure.world.green.sync().await?.spec.role);
        ensure!(roles == (Some(Role::Standby), Some(Role::Active)), "{roles:?}");
        switcher.end().await
    })
}

#[test]
fn a_failure_at_a_tenth_brings_that_tenth_back() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let mut azure = Azure::new(&pair).await?;
        let shape = Shape::of(azure.traffic_manager("Weighted").await?).by(STEPS).and(own_ledger());
        let mut switcher = azure.steady_on_blue(&shape).await?;
        azure.commit(azure.world.green_color(), &shape)?;
        switcher.until("the first share is held", waits_for("soak")).await?;
        azure.world.green_door.set(teal_testkit::http::Mode::Errors).await?;
        let parked = switcher.until("parked", |one| one.phase == "Parked").await?;
        ensure!(parked.targets[0].routes == azure.world.blue_color(), "{:?}", parked.targets);
        ensure!(!azure.answers(50).await?.contains_key("green"));
        switcher.end().await
    })
}

#[test]
fn a_ledger_in_a_record_set_of_its_own_carries_a_move_over_a_death() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let shape = Shape::of(azure.traffic_manager("Priority").await?).and(own_ledger());
        let mut switcher = azure.steady_on_blue(&shape).await?;
        let lineage = azure.ledger(&shape).await?.lineage;
        let set = azure.get(&format!("Microsoft.Network/dnsZones/{ZONE}/TXT/_teal"), DNS).await?;
        let told = set["properties"]["TXTRecords"][0]["value"][0].as_str().unwrap_or_default().to_owned();
        ensure!(told.starts_with("Teal keeps the ledger of a Switch"), "whoever finds it is told: {set}");
        azure.commit(azure.world.green_color(), &shape)?;
        switcher.until("the shift", |one| one.phase == "Shifting").await?;
        drop(switcher);
        let mut switcher = azure.start("two").await?;
        switcher.until("steady on green", steady_on(azure.world.green_color())).await?;
        let ledger = azure.ledger(&shape).await?;
        ensure!(ledger.lineage == lineage && ledger.phase == Phase::Steady, "{ledger:?}");
        ensure!(azure.asked("PATCH", "Microsoft.Network/trafficManagerProfiles").await? == 1, "one write for one move");
        ensure!(!azure.answers(20).await?.contains_key("blue"));
        switcher.end().await
    })
}
