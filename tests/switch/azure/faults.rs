//! What goes wrong with a cloud while traffic moves.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use teal_switcher::status::SwitchStatus;

use super::cloud::{Azure, Shape};
use crate::switch::clusters::{pair, run};
use crate::switch::world::steady_on;

fn told(reason: &'static str) -> impl Fn(&SwitchStatus) -> bool {
    move |one| one.attention.iter().any(|item| item.reason == reason)
}

#[test]
fn g1_a_terraform_shaped_put_stops_everything_until_the_switchers_begin_anew() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let green = azure.world.green_color();
        let shape = Shape::of(azure.record_target());
        let mut switcher = azure.steady_on_blue(&shape).await?;
        let lineage = azure.ledger(&shape).await?.lineage;
        azure.write_record(azure.world.blue_door.ip()).await?;
        let gone = switcher.until("the ledger is gone", told("LedgerGone")).await?;
        let wait = gone.wait.as_ref().map(|wait| (wait.reason.as_str(), wait.message.as_str()));
        ensure!(wait == Some(("parked", "the ledger is gone, although there was one")), "{wait:?}");
        ensure!(gone.attention.iter().any(|item| item.hint.contains("restart the switchers")), "{:?}", gone.attention);

        let head = azure.commit(green, &shape)?;
        let seen = switcher
            .until_all("git asks for green", |status| {
                status.git.revision.as_ref() == Some(&head)
                    && status.switches.iter().any(|one| one.desired == green && told("LedgerGone")(one))
            })
            .await?;
        ensure!(seen.switches[0].phase == "Unknown", "{}", seen.switches[0].phase);
        let record = azure.record().await?;
        ensure!(record["properties"]["metadata"].as_object().is_none_or(serde_json::Map::is_empty), "{record}");
        ensure!(azure.asked("PUT", "Microsoft.Network/dnsZones/A").await? >= 3, "the calls are counted by this type");

        drop(switcher);
        let mut switcher = azure.start("two").await?;
        switcher.until("steady on green, begun anew", steady_on(green)).await?;
        ensure!(azure.ledger(&shape).await?.lineage != lineage, "a ledger of another lineage");
        switcher.end().await
    })
}

#[test]
fn g1_a_terraform_shaped_put_during_a_move_is_not_written_over() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let shape = Shape::of(azure.record_target()).by("{ttl: {steady: 2s, moving: 1s}, soak: 10m}");
        let mut switcher = azure.steady_on_blue(&shape).await?;
        azure.commit(azure.world.green_color(), &shape)?;
        switcher.until("soaking", |one| one.phase == "Soaking").await?;
        azure.write_record(azure.world.blue_door.ip()).await?;
        let gone = switcher.until("the ledger is gone", told("LedgerGone")).await?;
        ensure!(gone.live.as_deref() == Some(azure.world.blue_color()), "{:?}", gone.live);
        let (before, later) = (azure.record().await?, jiff::Timestamp::now() + jiff::SignedDuration::from_secs(2));
        switcher.until_all("looked at again", |status| status.at > later).await?;
        ensure!(azure.record().await? == before, "nothing is written over it");
        switcher.end().await
    })
}

#[test]
fn a_zone_that_asks_to_be_left_alone_is_not_hammered() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let shape = Shape::of(azure.record_target());
        let mut switcher = azure.steady_on_blue(&shape).await?;
        let before = azure.asked_at("PUT", "Microsoft.Network/dnsZones/A").await?.len();
        let throttled = json!({"kind": "error", "status": 429, "code": "TooManyRequests", "message": "Slow down.", "retryAfter": 300});
        azure.fault(json!({"method": "PUT", "type": "Microsoft.Network/dnsZones/A", "fault": throttled})).await?;
        azure.commit(azure.world.green_color(), &shape)?;
        let refused = |one: &SwitchStatus| one.attention.iter().any(|item| item.message.contains("Slow down."));
        switcher.until("the refusal is told", refused).await?;
        let later = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(5);
        switcher.until_all("it is looked at again and again", |status| status.at > later).await?;
        let sent = azure.asked_at("PUT", "Microsoft.Network/dnsZones/A").await?.split_off(before);
        let pauses: Vec<_> = sent.windows(2).map(|two| two[1].duration_since(two[0])).collect();
        // The longest that a client of the tests waits for anybody.
        ensure!(pauses.iter().all(|pause| *pause >= jiff::SignedDuration::from_secs(2)), "{pauses:?}");
        switcher.end().await
    })
}

#[test]
fn g2_throttling_and_lost_answers_delay_a_move_and_repeat_no_write() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let profile = azure.traffic_manager("Priority").await?;
        let shape = Shape::of(format!("{}{profile}", azure.record_target()));
        let mut switcher = azure.steady_on_blue(&shape).await?;
        let lineage = azure.ledger(&shape).await?.lineage;
        azure.commit(azure.world.green_color(), &shape)?;
        switcher.until("preparing", |one| one.phase == "Preparing").await?;
        let throttled = json!({"kind": "error", "status": 429, "code": "TooManyRequests", "message": "Slow down.", "retryAfter": 1});
        let rule = |method: &str, kind: &str, fault: &Value| json!({"method": method, "type": kind, "times": 1, "fault": fault});
        let lost = json!({"kind": "closeAfter"});
        for (method, kind) in
            [("PUT", "Microsoft.Network/dnsZones/A"), ("PATCH", "Microsoft.Network/trafficManagerProfiles")]
        {
            azure.fault(rule(method, kind, &throttled)).await?;
            azure.fault(rule(method, kind, &lost)).await?;
        }
        let steady = switcher.until("steady on green", steady_on(azure.world.green_color())).await?;
        ensure!(azure.struck().await? == 4, "{}", azure.struck().await?);
        let shifts = steady.history.iter().filter(|entry| entry.to == "Shifting · routing").count();
        ensure!(
            shifts >= 1 && !steady.history.iter().any(|entry| entry.to.starts_with("RollingBack")),
            "{:#?}",
            steady.history
        );
        // One was refused, the other landed although its answer was lost: no third is sent.
        ensure!(azure.asked("PATCH", "Microsoft.Network/trafficManagerProfiles").await? == 2);
        ensure!(azure.ledger(&shape).await?.lineage == lineage);
        ensure!(!azure.answers(20).await?.contains_key("blue"));
        switcher.end().await
    })
}
