//! The first acts: a commit moves the traffic; a new side that turns bad is left again without anybody's help.

use std::time::{Duration, Instant, SystemTime};

use anyhow::Result;
use kube::api::{Api, ListParams};
use teal_api::freeze::{FreezeObject, FreezeState};
use teal_switcher::status::SwitchStatus;
use teal_testkit::http::Mode;

use crate::ordinary::{Developer, cron_jobs};
use crate::screen::{Screen, seconds};
use crate::side::Side;
use crate::verdict::Outcome;
use crate::world::World;

/// Longest wait for one step of a move; generous: Azure declares minutes, and machines of CI are slow.
const MOVE: Duration = Duration::from_secs(600);
/// Longest wait for what follows a move without anybody's help: roles, the end of the freeze.
const AFTERWARDS: Duration = MOVE;
/// How long a parked move is watched for flapping.
const QUIET: Duration = Duration::from_secs(5);

/// T0 to T3, then the colors swap roles.
pub(crate) async fn one_commit(screen: Screen, world: &mut World, outcome: &mut Outcome) -> Result<()> {
    screen.act("T0", "blue serves, green has come up beside it");
    roles(screen, world, outcome, "blue", "green").await?;

    screen.act("T1-T2", "one word is committed: active: green");
    let (dana, deployment) = (Developer::of(&world.blue)?, first_deployment(&world.blue).await?);
    // Whatever a first kubectl costs on this machine is spent before it matters when it comes.
    dana.kubectl(&["get", "--namespace", &deployment.0, "deployment", &deployment.1]).await?;
    let before = world.clients.report();
    let committed = Instant::now();
    let commit = world.commit_active("green").await?;
    screen.say(format!("commit {} says: active: green", &commit[..8]));
    refused_while_frozen(screen, world, outcome, committed, (&dana, &deployment)).await?;
    let parity = world
        .watcher
        .until("parity is measured", MOVE, |status| {
            // A workload may not be Ready for a moment; the gate holds the move until it is, so what counts is the end.
            let whole = status.parity.as_ref().and_then(|parity| parity.ratio).is_some_and(|ratio| ratio >= 1.0);
            whole || reached(status, "Shifting")
        })
        .await?;
    if let Some(measured) = parity.parity {
        let ratio = measured.ratio.unwrap_or(0.0) * 100.0;
        screen.say(format!("parity: {ratio:.1} %: {}", measured.message));
        outcome.expect("parity before the shift", format!("{ratio:.1} %"), "100.0 %", ratio >= 100.0);
    }

    screen.act("T3", "traffic moves");
    for (phase, words) in [
        ("Shifting", world.ground.shifting()),
        ("Draining", "every authoritative server answers green"),
        ("Soaking", "old answers have run out; green proves itself"),
    ] {
        world.watcher.until(phase, MOVE, |status| reached(status, phase)).await?;
        screen.say(words);
    }
    let done = world
        .watcher
        .until("the move is complete", MOVE, |status| {
            status.phase == "Steady" && status.live.as_deref() == Some("green")
        })
        .await?;
    let whole = committed.elapsed();
    screen.say(format!("done: {}", done.banner));
    stages(world, outcome, committed);
    outcome.note("commit to done", seconds(whole));
    roles(screen, world, outcome, "green", "blue").await?;
    lifted(screen, world, outcome).await?;

    let report = world.clients.report();
    let (sent, failed) = (report.total - before.total, report.failed - before.failed);
    screen.say(format!("{sent} requests were sent meanwhile, {failed} failed"));
    for failure in report.failures.iter().take(3) {
        screen.say(format!("  {failure}"));
    }
    outcome.note("requests during the switch", sent.to_string());
    outcome.expect("failed requests during the switch", failed.to_string(), "0", failed == 0);
    // A request fails that is answered with anything but 200, or not at all; how long users waited is told beside it.
    let slowest = world.clients.slowest(SystemTime::now() - committed.elapsed());
    outcome.note("the slowest request during the switch", format!("{} ms", slowest.as_millis()));
    for (who, first) in world.clients.first("green") {
        outcome.note(format!("commit to the first request on green: {who}"), seconds(since(first, committed)));
    }
    Ok(())
}

/// The other way round, but the new side breaks after the shift.
pub(crate) async fn bad_side(screen: Screen, world: &mut World, outcome: &mut Outcome) -> Result<()> {
    screen.act("T2-T3", "the colors have swapped; now git says blue, and blue will turn bad");
    world.commit_active("blue").await?;
    world
        .watcher
        .until("traffic has moved to blue", MOVE, |status| {
            status.live.as_deref() == Some("blue") && reached(status, "Draining")
        })
        .await?;
    world.door("blue").set(Mode::Errors).await?;
    let bad = Instant::now();
    screen.say("traffic is on blue; from now on blue answers 500 to everything");
    world.watcher.until("the record goes back", MOVE, |status| status.live.as_deref() == Some("green")).await?;
    let back = bad.elapsed();
    screen
        .say(format!("nobody typed anything: the name points to green again, {} after the first error", seconds(back)));
    let parked = world.watcher.until("the move is parked", MOVE, |status| status.phase == "Parked").await?;
    screen.say(format!("parked: {}", parked.wait.map_or_else(String::new, |wait| wait.message)));
    outcome.note("blue turns bad to record back on green", seconds(back));

    world.door("blue").set(Mode::Good).await?;
    let flapped = world
        .watcher
        .until("flap", QUIET, |status| status.live.as_deref() != Some("green") || status.phase != "Parked")
        .await
        .is_ok();
    screen.say("blue answers again, and still nothing moves: a commit has to say so");
    outcome.expect("returns by itself to a color that was lost", if flapped { "yes" } else { "no" }, "no", !flapped);
    let report = world.clients.report();
    outcome.note("requests that met the bad side", report.failed.to_string());
    Ok(())
}

fn reached(status: &SwitchStatus, phase: &str) -> bool {
    const ORDER: [&str; 4] = ["Preparing", "Shifting", "Draining", "Soaking"];
    let place = |name: &str| ORDER.iter().position(|known| *known == name);
    match (place(&status.phase), place(phase)) {
        (Some(now), Some(wanted)) => now >= wanted,
        _ => status.phase == "Steady" && status.live == Some(status.desired.clone()),
    }
}

async fn refused_while_frozen(
    screen: Screen,
    world: &mut World,
    outcome: &mut Outcome,
    committed: Instant,
    (dana, deployment): (&Developer, &(String, String)),
) -> Result<()> {
    let freeze = frozen(&world.blue, MOVE).await?;
    screen.say(format!(
        "blue is frozen {} after the commit (the barrier took {} ms)",
        seconds(committed.elapsed()),
        freeze.unwrap_or_default()
    ));
    outcome.note("freeze: request to active", format!("{} ms", freeze.unwrap_or_default()));
    let said =
        dana.kubectl(&["scale", "--namespace", &deployment.0, "deployment", &deployment.1, "--replicas=9"]).await?;
    screen.say(format!("dana runs kubectl scale in blue: {}", said.line));
    outcome.expect(
        "kubectl scale by a developer while frozen",
        if said.passed { "admitted" } else { "refused" },
        "refused",
        !said.passed && said.line.contains("frozen"),
    );
    Ok(())
}

async fn lifted(screen: Screen, world: &World, outcome: &mut Outcome) -> Result<()> {
    let deadline = Instant::now() + AFTERWARDS;
    let dana = Developer::of(&world.blue)?;
    // An object of her own: a change by hand to a managed one would rightly count against parity in the next act.
    let note = ["--namespace", "default", "configmap", "dana-was-here"];
    let mut tick = tokio::time::interval(Duration::from_millis(250));
    loop {
        tick.tick().await;
        let said = dana.kubectl(&["create", note[0], note[1], note[2], note[3]]).await?;
        if said.passed {
            dana.kubectl(&["delete", note[0], note[1], note[2], note[3]]).await?;
        }
        if said.passed || Instant::now() > deadline {
            screen.say(format!("the freeze is lifted, dana may work again: {}", said.line));
            let found = if said.passed { "admitted" } else { "refused" };
            outcome.expect("an ordinary change after the move", found, "admitted", said.passed);
            return Ok(());
        }
    }
}

async fn roles(screen: Screen, world: &World, outcome: &mut Outcome, active: &str, standby: &str) -> Result<()> {
    let deadline = Instant::now() + AFTERWARDS;
    let mut tick = tokio::time::interval(Duration::from_millis(250));
    loop {
        tick.tick().await;
        let (on_active, on_standby) = (cron_jobs(world.side(active)).await?, cron_jobs(world.side(standby)).await?);
        let right = on_active.1 == 0 && on_standby.1 == on_standby.0;
        if right || Instant::now() > deadline {
            if on_active.0 + on_standby.0 > 0 {
                screen.say(format!(
                    "scheduled jobs suspended: {} of {} on {active}, {} of {} on {standby}",
                    on_active.1, on_active.0, on_standby.1, on_standby.0
                ));
                outcome.expect(
                    format!("scheduled jobs run on {active} alone"),
                    if right { "yes" } else { "no" },
                    "yes",
                    right,
                );
            }
            return Ok(());
        }
    }
}

fn stages(world: &World, outcome: &mut Outcome, committed: Instant) {
    let phases = ["Preparing", "Shifting", "Draining", "Soaking", "Steady"];
    // Steady is what it was before, too: its end of the move is the one after Soaking.
    let times: Vec<_> = phases.iter().map(|phase| world.watcher.began(phase, committed)).collect();
    if let Some(preparing) = times[0] {
        outcome.note("commit seen", seconds(preparing - committed));
    }
    for (index, what) in
        ["preparing (freeze, parity, gates, old TTL)", "shifting (propagation)", "draining (old answers)", "soaking"]
            .iter()
            .enumerate()
    {
        if let (Some(from), Some(to)) = (times[index], times[index + 1].or(times.get(index + 2).copied().flatten())) {
            outcome.note(*what, seconds(to - from));
        }
    }
}

async fn frozen(side: &Side, within: Duration) -> Result<Option<u64>> {
    let freezes: Api<FreezeObject> = Api::all(side.client.clone());
    let deadline = Instant::now() + within;
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    loop {
        tick.tick().await;
        let active = freezes
            .list(&ListParams::default())
            .await?
            .items
            .into_iter()
            .filter_map(|freeze| freeze.status)
            .find(|status| status.state == FreezeState::Active);
        if let Some(status) = active {
            return Ok(status.took_ms);
        }
        anyhow::ensure!(Instant::now() < deadline, "{} was not frozen within {within:?}", side.color);
    }
}

async fn first_deployment(side: &Side) -> Result<(String, String)> {
    use k8s_openapi::api::apps::v1::Deployment;
    use kube::ResourceExt;
    let deployments: Api<Deployment> = Api::all(side.client.clone());
    let list = deployments.list(&ListParams::default().labels("teal.dev/sync")).await?;
    let first = list.items.first().ok_or_else(|| anyhow::anyhow!("the fleet has no Deployment to try a freeze on"))?;
    Ok((first.namespace().unwrap_or_default(), first.name_any()))
}

/// Time from an instant to a wall-clock time, zero when it was before.
fn since(at: SystemTime, from: Instant) -> Duration {
    let ago = SystemTime::now().duration_since(at).unwrap_or_default();
    from.elapsed().saturating_sub(ago)
}
