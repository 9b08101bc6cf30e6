//! `cargo xtask demo`: the product's main job on one machine, on real parts, in plain words.

mod clients;
mod ground;
mod operator;
mod ordinary;
mod rates;
mod repository;
mod retirement;
mod screen;
mod side;
mod story;
mod verdict;
mod watcher;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use crate::ground::On;
use crate::screen::{Screen, seconds};
use crate::verdict::Outcome;
use crate::world::World;

/// One commit moves traffic between two real clusters.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask demo")]
struct Arguments {
    /// End after the story; exit 1 when anything was not as told.
    #[arg(long)]
    once: bool,
    /// Folder of the fleet to run; our own example when absent.
    #[arg(long, value_name = "DIR")]
    fleet: Option<PathBuf>,
    /// Where the names are.
    #[arg(long, value_enum, default_value = "azure")]
    on: On,
    /// On Azure: how many times faster than Azure declares its bounds are waited out, and the emulator spreads changes.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    faster: u32,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    teal_daemon::install_crypto_provider();
    if std::env::var_os("RUST_LOG").is_some() {
        teal_daemon::init_log(teal_daemon::LogFormat::Text);
    }
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests/examples/contoso");
    let fleet = arguments.fleet.clone().unwrap_or(example);
    let fleet = fleet
        .canonicalize()
        .with_context(|| format!("--fleet {}: give the folder that holds teal.yaml", fleet.display()))?;

    let screen = Screen::new();
    let mut outcome = Outcome::default();
    screen.act("", "Teal: one commit moves traffic between two real clusters");
    let mut world = World::build(screen, &fleet, arguments.on, arguments.faster).await?;
    for (color, objects, time) in &world.first_sync {
        outcome.note(format!("first sync of {color}"), format!("{objects} objects, {}", seconds(*time)));
    }
    story::one_commit(screen, &mut world, &mut outcome).await?;
    story::bad_side(screen, &mut world, &mut outcome).await?;
    retirement::of_blue(screen, &world, &mut outcome).await?;

    screen.act("", "What was told and what came");
    outcome.print(screen);
    if !arguments.once {
        stay(screen, &world).await?;
    }
    world.end().await?;
    Ok(if outcome.all_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Stays up until a signal and says what one can try.
async fn stay(screen: Screen, world: &World) -> Result<()> {
    let [blue, green] = world.kubeconfigs();
    let url = &world.page;
    screen.act("", "Everything stays up; try");
    let clusters = [
        format!("kubectl --kubeconfig {} get syncs,units,freezes", blue.display()),
        format!("kubectl --kubeconfig {} get syncs,units,freezes", green.display()),
        format!("{url}/            the status page"),
        format!("{url}/metrics     for Prometheus; the agents' are {} and {}", world.blue.metrics, world.green.metrics),
    ];
    for line in clusters.into_iter().chain(world.ground.hints(&world.repo.url)) {
        screen.print(&format!("  {line}"));
    }
    screen.print("  Ctrl-C ends everything.");
    teal_daemon::shutdown_on_signal()?.cancelled().await;
    Ok(())
}
