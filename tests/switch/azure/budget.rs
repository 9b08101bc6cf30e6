//! What is asked of Azure, against SWITCH §12: one GET a target and interval, nothing written at rest, one write a step.

use std::time::Instant;

use anyhow::{Result, ensure};

use super::cloud::{Azure, Shape};
use crate::switch::clusters::{pair, run};
use crate::switch::world::{PATIENCE, steady_on};

const RECORD: &str = "Microsoft.Network/dnsZones/A";
const PROFILE: &str = "Microsoft.Network/trafficManagerProfiles";

#[test]
fn at_rest_each_target_is_read_once_an_interval_and_nothing_is_written() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let shape = Shape::of(format!("{}{}", azure.record_target(), azure.traffic_manager("Priority").await?));
        let switcher = azure.steady_on_blue(&shape).await?;
        // GETs of the record, of the profile, and of anything else.
        let count = async || -> Result<[usize; 3]> {
            let types = azure.types_asked("GET", "*").await?;
            let of = |kind: &str| types.iter().filter(|one| one.eq_ignore_ascii_case(kind)).count();
            let (record, profile) = (of(RECORD), of(PROFILE));
            Ok([record, profile, types.len() - record - profile])
        };
        // Waits until both have been read this many times more.
        let looked = async |times: usize| -> Result<()> {
            let [record, profile, _] = count().await?;
            let waiting = Instant::now();
            loop {
                let now = count().await?;
                if now[0] >= record + times && now[1] >= profile + times {
                    return Ok(());
                }
                ensure!(waiting.elapsed() < PATIENCE, "nobody looks: {now:?}");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        // What a start asks once is over when nothing else is read between many looks, however long these take.
        let mut others = usize::MAX;
        loop {
            let [.., now] = count().await?;
            if now == others {
                break;
            }
            others = now;
            looked(8).await?;
        }
        let began = Instant::now();
        let before = count().await?;
        let writes = async || -> Result<usize> {
            let mut all = 0;
            for method in ["PUT", "PATCH", "POST", "DELETE"] {
                all += azure.asked(method, "Microsoft.*").await?;
            }
            Ok(all)
        };
        let written = writes().await?;
        looked(10).await?;
        let after = count().await?;
        let intervals = began.elapsed().as_secs_f64() / azure.config("one").idle_interval.as_secs_f64();
        let [record, profile, other] = [0, 1, 2].map(|at| after[at] - before[at]);
        println!("{record} GETs of the record, {profile} of the profile, {other} others, in {intervals:.1} intervals");
        let most = intervals.ceil() + 1.0;
        ensure!(f64::from(u32::try_from(record)?) <= most && f64::from(u32::try_from(profile)?) <= most);
        ensure!(record > 0 && profile > 0, "somebody looks");
        ensure!(other == 0, "and at nothing else");
        ensure!(writes().await? == written, "nothing is written at rest");
        switcher.end().await
    })
}

#[test]
fn every_write_of_a_move_is_one_step_of_the_ledger() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let azure = Azure::new(&pair).await?;
        let shape = Shape::of(format!("{}{}", azure.record_target(), azure.traffic_manager("Priority").await?));
        let mut switcher = azure.steady_on_blue(&shape).await?;
        let (epoch, puts) = (azure.ledger(&shape).await?.epoch, azure.asked("PUT", RECORD).await?);
        azure.commit(azure.world.green_color(), &shape)?;
        switcher.until("steady on green", steady_on(azure.world.green_color())).await?;
        let steps = usize::try_from(azure.ledger(&shape).await?.epoch - epoch)?;
        let written = azure.asked("PUT", RECORD).await? - puts;
        ensure!(written == steps, "{written} writes for {steps} steps");
        ensure!(azure.asked("PATCH", PROFILE).await? == 1, "a flip is one write");
        switcher.end().await
    })
}
