//! Two switchers at once, and switchers that die between every two effects.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use teal_switcher::interrupt::Interrupt;
use tokio::sync::mpsc;

use super::clusters::{pair, run};
use super::world::{self, Running, World, steady_on};

const GATES: &str = "  gates: {before: [{synced: {}}, {parity: {minimum: 100%}}]}\n";

/// Notes every change of the record as the name server tells it.
struct Observer {
    seen: Arc<Mutex<Vec<Vec<Ipv4Addr>>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Observer {
    /// Has seen how it is when this returns.
    async fn start(world: &World) -> Result<Self> {
        let seen = Arc::new(Mutex::new(vec![world.answers().await?]));
        let (address, notes) = (world.dns.address(), seen.clone());
        let task = tokio::spawn(async move {
            loop {
                let asked = teal_testkit::dns::Resolver::new(address).resolve("shop.contoso.test").await;
                if let Ok(resolved) = asked {
                    let mut notes = notes.lock().expect("notes");
                    if notes.last() != Some(&resolved.addresses) {
                        notes.push(resolved.addresses);
                    }
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        Ok(Self { seen, task })
    }

    /// What it has seen, how it is now included.
    async fn end(self, world: &World) -> Result<Vec<Vec<Ipv4Addr>>> {
        let now = world.answers().await?;
        self.task.abort();
        let mut seen = self.seen.lock().expect("notes").clone();
        if seen.last() != Some(&now) {
            seen.push(now);
        }
        Ok(seen)
    }
}

#[test]
fn g1_two_switchers_make_one_move() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let world = World::new(&pair).await?;
        world.commit(world.blue_color(), GATES)?;
        let (mut in_blue, mut in_green) = (world.config("in-blue"), world.config("in-green"));
        // No pause of this machine is a death that the other one takes over after.
        for config in [&mut in_blue, &mut in_green] {
            (config.step, config.grace) = (Duration::from_secs(120), Duration::from_secs(60));
        }
        in_blue.color = Some(world.blue_color().to_owned());
        in_green.color = Some(world.green_color().to_owned());
        let (mut blue, mut green) = (world::run(in_blue).await?, world::run(in_green).await?);
        for switcher in [&mut blue, &mut green] {
            switcher.until("steady on blue", steady_on(world.blue_color())).await?;
        }
        let observer = Observer::start(&world).await?;
        world.commit(world.green_color(), GATES)?;
        let mut epochs = Vec::new();
        for switcher in [&mut blue, &mut green] {
            let steady = switcher.until("steady on green", steady_on(world.green_color())).await?;
            epochs.push(steady.epoch.context("an epoch")?);
            let holders: BTreeSet<&str> = steady
                .history
                .iter()
                .filter(|entry| ["Shifting", "Draining", "Soaking"].iter().any(|phase| entry.to.starts_with(phase)))
                .map(|entry| entry.by.as_str())
                .collect();
            ensure!(holders == BTreeSet::from(["in-green"]), "the destination's switcher drives: {holders:?}");
        }
        ensure!(
            observer.end(&world).await? == [vec![world.blue_door.ip()], vec![world.green_door.ip()]],
            "one change of the record"
        );
        ensure!(epochs[0] == epochs[1], "{epochs:?}");
        blue.end().await?;
        green.end().await
    })
}

#[test]
fn g1_two_switchers_that_both_drive_never_fight() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let world = World::new(&pair).await?;
        world.commit(world.blue_color(), "")?;
        // Neither has a color: each takes itself for the only one, the worst mistake in a configuration.
        let (mut one, mut two) = (world.start("one").await?, world.start("two").await?);
        for switcher in [&mut one, &mut two] {
            switcher.until("steady on blue", steady_on(world.blue_color())).await?;
        }
        let observer = Observer::start(&world).await?;
        world.commit(world.green_color(), "")?;
        for switcher in [&mut one, &mut two] {
            switcher.until("steady on green", steady_on(world.green_color())).await?;
        }
        ensure!(
            observer.end(&world).await? == [vec![world.blue_door.ip()], vec![world.green_door.ip()]],
            "one change of the record"
        );
        one.end().await?;
        two.end().await
    })
}

/// Kills a switcher at the first point that no switcher was killed at before.
#[derive(Clone)]
struct Executioner {
    seen: Arc<Mutex<BTreeSet<String>>>,
    dead: Arc<Mutex<bool>>,
    told: mpsc::UnboundedSender<String>,
}

impl Executioner {
    fn interrupt(&self) -> Interrupt {
        *self.dead.lock().expect("dead") = false;
        let this = self.clone();
        Interrupt::by(Arc::new(move |point| this.passes(point)))
    }

    /// Epochs are no part of a point: a second try writes at another one.
    fn passes(&self, point: &str) -> bool {
        let mut dead = self.dead.lock().expect("dead");
        let point = point.split(" epoch ").next().unwrap_or(point).to_owned();
        if !*dead && self.seen.lock().expect("seen").insert(point.clone()) {
            *dead = true;
            let _ = self.told.send(point);
        }
        *dead
    }
}

async fn start_armed(world: &World, identity: &str, executioner: &Executioner) -> Result<Running> {
    let mut config = world.config(identity);
    (config.step, config.grace) = (Duration::from_millis(400), Duration::from_millis(200));
    config.interrupt = executioner.interrupt();
    world::run(config).await
}

#[test]
fn g2_killed_between_every_two_effects_it_goes_on_elsewhere() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let world = World::new(&pair).await?;
        world.commit(world.blue_color(), GATES)?;
        let mut first = world.start("first").await?;
        first.until("steady on blue", steady_on(world.blue_color())).await?;
        drop(first);
        let observer = Observer::start(&world).await?;
        world.commit(world.green_color(), GATES)?;
        let (told, mut deaths) = mpsc::unbounded_channel();
        let executioner = Executioner { seen: Arc::default(), dead: Arc::default(), told };
        let mut died_at = Vec::new();
        let end = loop {
            let mut switcher = start_armed(&world, &format!("life-{}", died_at.len()), &executioner).await?;
            let arrived = tokio::select! {
                point = deaths.recv() => Err(point.context("a point")?),
                steady = switcher.until("steady on green, nothing left behind", |one| {
                    steady_on(world.green_color())(one) && !world.freezes(one) && one.colors.iter().all(|color| color.cluster.pin.is_empty() && !color.cluster.sync.is_empty())
                }) => Ok(steady?),
            };
            drop(switcher);
            match arrived {
                Ok(steady) => break steady,
                Err(point) => died_at.push(point),
            }
            ensure!(died_at.len() < 60, "never comes to an end: {died_at:#?}");
        };
        println!("died {} times: {died_at:#?}", died_at.len());
        // Not `after freeze`: who dies at an effect beside it, when it was sent, dies there too, and no later life repeats it.
        for wanted in ["before freeze", "before write Shifting", "after write Shifting", "before write Steady"] {
            ensure!(died_at.iter().any(|point| point.starts_with(wanted)), "never died {wanted}: {died_at:#?}");
        }
        ensure!(end.epoch.is_some(), "{end:?}");
        for stand_in in [&world.blue, &world.green] {
            ensure!(stand_in.frozen(&world.name).await?.is_empty(), "a freeze was left behind");
        }
        ensure!(
            observer.end(&world).await? == [vec![world.blue_door.ip()], vec![world.green_door.ip()]],
            "one change of the record"
        );
        Ok(())
    })
}
