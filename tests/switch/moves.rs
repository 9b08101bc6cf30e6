//! The main path: a commit, the move, the way back.

use anyhow::{Context, Result, ensure};
use teal_switcher::status::{Status, SwitchStatus};
use teal_testkit::http::Mode;

use super::clusters::{pair, run};
use super::world::{self, World, steady_on};

const GATES: &str = "  gates: {before: [{platform: {}}, {synced: {}}, {parity: {minimum: 100%}}]}\n";

#[test]
fn one_commit_moves_traffic() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let world = World::new(&pair).await?;
        let mut switcher = world.steady_on_blue(GATES).await?;
        let head = world.commit(world.green_color(), GATES)?;
        switcher.until("frozen", |one| one.freezes.iter().any(|freeze| freeze.state == "Active")).await?;
        let soaking = switcher.until("soaking on green", |one| one.phase == "Soaking").await?;
        ensure!(soaking.gates.iter().all(|gate| gate.report.passed()), "{:#?}", soaking.gates);
        ensure!(world.answers().await? == [world.green_door.ip()]);
        let steady = switcher.until("steady on green", steady_on(world.green_color())).await?;
        ensure!(soaking.gates.len() == 3 && soaking.gates.iter().all(|gate| gate.at_shift), "{:#?}", soaking.gates);
        ensure!(soaking.gates == steady.gates, "measured again after the shift: {:#?}", steady.gates);
        ensure!(steady.declaration.revision == head && steady.declaration.subject.contains("green"));
        for stand_in in [&world.blue, &world.green] {
            ensure!(stand_in.frozen(&world.name).await?.is_empty(), "still frozen");
            ensure!(stand_in.sync().await?.spec.pin.is_none(), "still pinned");
        }
        let roles = (world.blue.sync().await?.spec.role, world.green.sync().await?.spec.role);
        ensure!(roles == (Some(teal_api::sync::Role::Standby), Some(teal_api::sync::Role::Active)), "{roles:?}");
        for phase in ["Preparing", "Shifting", "Draining", "Soaking", "Steady"] {
            ensure!(
                steady.history.iter().any(|entry| entry.to.starts_with(phase)),
                "no {phase} in {:#?}",
                steady.history
            );
        }
        switcher.end().await
    })
}

#[test]
fn g5_a_bad_green_is_rolled_back_by_itself_and_stays_parked() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let mut world = World::new(&pair).await?;
        let mut switcher = world.steady_on_blue("").await?;
        // A soak that outlasts whatever comes between the shift and the first error.
        let text = world.declaration(world.green_color(), "").replace("soak: 2s", "soak: 10m");
        world.commit_text(world.green_color(), &text)?;
        switcher.until("shifted", |one| one.live.as_deref() == Some(world.green_door.color())).await?;
        world.green_door.set(Mode::Errors).await?;
        let parked = switcher.until("parked on blue", |one| one.phase == "Parked").await?;
        ensure!(parked.live.as_deref() == Some(world.blue_color()), "{:?}", parked.live);
        let idle = parked.idle();
        ensure!(idle.contains(&format!("teal retry {}", world.name)) && idle.contains("git asks for"), "{idle}");
        ensure!(world.answers().await? == [world.blue_door.ip()]);
        world.green_door.set(Mode::Good).await?;
        // A commit elsewhere in the repository does not unpark; one that changes this Switch does.
        let head = world.repo.commit(&[("README.md", Some("hello\n"))], "Something else")?;
        let seen = |status: &Status| status.git.revision.as_ref() == Some(&head);
        let still = switcher.until_all("seen the other commit", seen).await?;
        ensure!(still.switches[0].phase == "Parked", "{}", still.switches[0].phase);
        world.converge_to(&head);
        world.commit(world.green_color(), "  attempt: 2\n")?;
        switcher.until("steady on green", steady_on(world.green_color())).await?;
        switcher.end().await
    })
}

#[test]
fn g3_an_unequal_green_gets_no_traffic_and_the_object_is_named() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let world = World::new(&pair).await?;
        world.green.declares(&["web"]).await?;
        let mut switcher = world.steady_on_blue(GATES).await?;
        world.commit(world.green_color(), GATES)?;
        let told = |one: &SwitchStatus| {
            one.parity.as_ref().is_some_and(|parity| parity.outcome == "fail") && one.phase != "Steady"
        };
        let unequal = switcher.until("told that green lacks something", told).await?;
        let parity = unequal.parity.context("parity")?;
        ensure!(parity.ratio == Some(0.5) && parity.differing[0].contains("Deployment shop/api"), "{parity:?}");
        ensure!(unequal.live.as_deref() == Some(world.blue_color()));
        ensure!(world.answers().await? == [world.blue_door.ip()]);
        switcher.end().await
    })
}

#[test]
fn a_push_is_seen_at_once_by_its_hook_and_the_page_serves_it_all() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let mut world = World::new(&pair).await?;
        world.commit(world.blue_color(), "")?;
        let mut config = world.config("one");
        // Nothing but the hook makes it look in time.
        config.git.interval = std::time::Duration::from_secs(3600);
        let mut switcher = world::run(config).await?;
        switcher.until("steady on blue", steady_on(world.blue_color())).await?;
        // An unproven color is prepared for as long as the page is looked at.
        world.green_door.set(Mode::Errors).await?;
        world.commit(world.green_color(), "")?;
        let began = std::time::Instant::now();
        reqwest::Client::new().post(format!("{}/hook/git", switcher.url)).send().await?.error_for_status()?;
        switcher.until("preparing", |one| one.phase == "Preparing").await?;
        println!("from the hook to the ledger: {:?}", began.elapsed());
        let page = reqwest::get(&switcher.url).await?.error_for_status()?.text().await?;
        ensure!(page.contains("is being made ready, as git wants it"), "{page}");
        let metrics = reqwest::get(format!("{}/metrics", switcher.url)).await?.text().await?;
        ensure!(
            metrics.contains(&format!("teal_switch_phase{{switch=\"{}\",phase=\"Preparing\"}} 1.0", world.name)),
            "{metrics}"
        );
        switcher.end().await
    })
}

#[test]
fn g3_an_unproven_green_gets_no_traffic() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let mut world = World::new(&pair).await?;
        world.green_door.set(Mode::Errors).await?;
        let mut switcher = world.steady_on_blue("").await?;
        world.commit(world.green_color(), "")?;
        let held = switcher
            .until("preparing, and waiting for a proof", |one| {
                one.phase == "Preparing"
                    && one.wait.as_ref().is_some_and(|wait| wait.message.contains(world.green_door.color()))
            })
            .await?;
        ensure!(held.live.as_deref() == Some(world.blue_color()));
        world.green_door.set(Mode::Good).await?;
        switcher.until("steady on green", steady_on(world.green_color())).await?;
        switcher.end().await
    })
}
