//! The last act, T4: blue is retired, once nothing needs it any more.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::ground::{Azure, Ground};
use crate::operator::Operator;
use crate::rates::Rates;
use crate::screen::Screen;
use crate::verdict::Outcome;
use crate::world::World;

/// Longest wait for what needs no waiting.
const SOON: Duration = Duration::from_secs(600);
/// Between two looks at what a metric has to show first.
const AGAIN: Duration = Duration::from_millis(500);
/// Refused, by `teal`'s exit codes.
const REFUSED: i32 = 4;
/// It has begun and goes on later.
const NOT_YET: i32 = 1;

/// Refused while anything points at blue; then stopped, screamed for, deleted. Only Azure has clusters that can be deleted.
pub(crate) async fn of_blue(screen: Screen, world: &World, outcome: &mut Outcome) -> Result<()> {
    let Ground::Azure(azure) = &world.ground else { return Ok(()) };
    screen.act("T4", "blue is not wanted any more");
    settle(screen, world).await?;
    let rates = Rates::start(&world.doors).await?;
    let colors = azure.colors(&world.doors, &rates.url);
    world.repo.commit(&[("colors.yaml", Some(&colors))], "Say how a color ends")?;
    let dana = Operator::new(world.clone_of_fleet("dana")?, azure.person(&world.scratch("keys")?)?)?;
    screen.say("colors.yaml is in git, and dana has a clone of the fleet");
    let before = world.clients.report();

    refused(screen, world, azure, &dana, outcome).await?;
    no_way_back(screen, world, azure, &dana, outcome).await?;

    let report = world.clients.report();
    let failed = report.failed - before.failed;
    outcome.expect("failed requests while blue was retired", failed.to_string(), "0", failed == 0);
    Ok(())
}

/// Git says what is true: the parked move ends.
async fn settle(screen: Screen, world: &World) -> Result<()> {
    world.commit_active("green").await?;
    world
        .watcher
        .until("the switch is settled", SOON, |status| {
            status.phase == "Steady" && status.live.as_deref() == Some("green")
        })
        .await?;
    screen.say("a commit says active: green, which is live: nothing is parked any more");
    Ok(())
}

async fn refused(screen: Screen, world: &World, azure: &Azure, dana: &Operator, outcome: &mut Outcome) -> Result<()> {
    azure.leave_things_behind(&world.doors[0]).await?;
    let stray = azure.stray(world.doors[0].address().port())?;
    screen.say("some things were left behind: a record, an alias record, an origin of Front Door, and a client that knows blue by name");
    let deadline = Instant::now() + SOON;
    // The rate of the stray client is known once a whole window has been measured.
    while !dana.quiet(&["retire", "blue", "--dry-run"]).await?.text.contains("live traffic")
        && Instant::now() < deadline
    {
        tokio::time::sleep(AGAIN).await;
    }
    let said = dana.teal(screen, &["retire", "blue", "--yes"]).await?;
    for (what, word) in [
        ("a record points at it", "A record legacy"),
        ("an alias record points at it", "old-shop"),
        ("an origin of Front Door points at it", "blue-direct"),
        ("a client calls it", "live traffic"),
    ] {
        let told = said.code == REFUSED && said.text.contains(word);
        outcome.expect(
            format!("retiring blue while {what}"),
            if told { "refused" } else { "let pass" },
            "refused",
            told,
        );
    }
    azure.clear_away().await?;
    let report = stray.stop().await;
    screen.say(format!("all that is taken away; the stray client had sent {} requests", report.total));
    Ok(())
}

async fn no_way_back(
    screen: Screen,
    world: &World,
    azure: &Azure,
    dana: &Operator,
    outcome: &mut Outcome,
) -> Result<()> {
    let deadline = Instant::now() + SOON;
    while dana.quiet(&["retire", "blue", "--dry-run"]).await?.code != 0 && Instant::now() < deadline {
        tokio::time::sleep(AGAIN).await;
    }
    let said = dana.teal(screen, &["retire", "blue", "--yes"]).await?;
    let state = azure.cluster_of_blue().await?;
    let stopped = said.code == NOT_YET && state.as_deref() == Some("Stopped");
    outcome.expect("blue after its scream time began", state.unwrap_or_else(|| "gone".to_owned()), "Stopped", stopped);

    let undo = dana.teal(screen, &["undo", "--secrets", ".", "--reason", "a second thought"]).await?;
    let word = if undo.code == 0 { "accepted" } else { "refused" };
    outcome.expect("undo after the point of no return", word, "refused", undo.code == REFUSED);

    let said = dana.teal(screen, &["retire", "blue", "--yes", "--wait"]).await?;
    let state = azure.cluster_of_blue().await?;
    let gone = said.code == 0 && state.is_none();
    outcome.expect("blue's cluster, says ARM", state.unwrap_or_else(|| "gone".to_owned()), "gone", gone);
    world
        .watcher
        .until("green serves alone", SOON, |status| status.phase == "Steady" && status.live.as_deref() == Some("green"))
        .await?;
    screen.say("blue is gone; green serves");
    Ok(())
}
