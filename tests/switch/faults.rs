//! Everything round the switcher fails: git, API servers, metrics, the name server, people.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use teal_switcher::secrets::Secrets;
use teal_switcher::status::SwitchStatus;
use teal_switcher::switch::Route;
use teal_switcher_core::Verb;
use teal_testkit::dns::Fault;
use teal_testkit::git_server::Fault as GitFault;
use teal_testkit::http::Mode;

use super::clusters::{pair, pair_alone, run};
use super::world::{PATIENCE, World, give, steady_on};

/// A metrics server that says that all is well; away when dropped.
struct Metrics {
    address: String,
    task: tokio::task::JoinHandle<()>,
}

impl Metrics {
    async fn start() -> Result<Self> {
        const BODY: &str = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}"#;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        let app = axum::Router::new().route("/api/v1/query", axum::routing::get(async || BODY));
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { address, task })
    }

    fn gate(&self) -> String {
        let Self { address, .. } = self;
        format!(
            "  gates: {{during: [{{prometheus: {{address: \"{address}\", query: up, success: \"value > 0\", interval: 200ms}}}}]}}\n"
        )
    }
}

impl Drop for Metrics {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn long_soak(declaration: &str) -> String {
    declaration.replace("soak: 2s", "soak: 10m")
}

#[test]
fn g4_going_back_needs_neither_git_nor_api_servers_nor_metrics() -> Result<()> {
    run(async {
        let pair = pair_alone().await?;
        let mut world = World::new(&pair).await?;
        let mut switcher = world.steady_on_blue("").await?;
        let metrics = Metrics::start().await?;
        let text = long_soak(&world.declaration(world.green_color(), &metrics.gate()));
        let head = world.repo.commit(&[("switch.yaml", Some(&text))], "Green")?;
        world.converge_to(&head);
        switcher.until("soaking", |one| one.phase == "Soaking").await?;
        world.git.fail(GitFault::Drop);
        drop(metrics);
        pair.blue.pause_api_server()?;
        pair.green.pause_api_server()?;
        let began = Instant::now();
        world.green_door.set(Mode::Errors).await?;
        let back = async {
            while world.answers().await? != [world.blue_door.ip()] {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            anyhow::Ok(began.elapsed())
        };
        let took = tokio::time::timeout(PATIENCE, back).await.context("traffic did not go back")??;
        println!("from the first bad answer to the record written: {took:?}");
        switcher.until("going back, roles owed", |one| one.phase == "RollingBack" || one.phase == "Parked").await?;
        pair.blue.resume_api_server()?;
        pair.green.resume_api_server()?;
        world.git.heal();
        let parked = switcher.until("parked on blue", |one| one.phase == "Parked").await?;
        ensure!(parked.live.as_deref() == Some(world.blue_color()));
        switcher.until("thawed", |one| !world.freezes(one)).await?;
        ensure!(world.blue.sync().await?.spec.pin.is_none() && world.green.sync().await?.spec.pin.is_none());
        switcher.end().await
    })
}

#[test]
fn a_key_that_the_server_refuses_is_named_and_nothing_moves() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let world = World::new(&pair).await?;
        world.secret("dns", "secret", "d3JvbmcgYnV0IGxvbmcgZW5vdWdoIGZvciBhIGtleQ==")?;
        world.commit(world.blue_color(), "")?;
        let mut switcher = world.start("one").await?;
        let told = switcher
            .until("told of the key", |one| one.attention.iter().any(|item| item.reason == "KeyRefused"))
            .await?;
        ensure!(told.attention.iter().any(|item| item.message.contains("switcher")), "{:?}", told.attention);
        ensure!(!switcher.told().contains("d3JvbmcgYnV0"), "the secret is shown");
        world.secret("dns", "secret", &world.key.base64())?;
        switcher.until("put right without a restart", steady_on(world.blue_color())).await?;
        switcher.end().await
    })
}

#[test]
fn a_server_that_is_down_or_loses_answers_only_delays() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let mut world = World::new(&pair).await?;
        let mut switcher = world.steady_on_blue("").await?;
        world.proxy.down().await;
        let blind = switcher.until("told that the record can't be read", |one| one.live.is_none()).await?;
        ensure!(blind.wait.as_ref().is_some_and(|wait| wait.reason == "blind"), "{:?}", blind.wait);
        world.commit(world.green_color(), "")?;
        // From here on every answer to a write is lost after it was done: each is decided by what is read back.
        world.proxy.set(Fault::HangUpAfterUpdate);
        world.proxy.up().await?;
        switcher.until("preparing", |one| one.phase == "Preparing").await?;
        switcher.until("steady on green", steady_on(world.green_color())).await?;
        ensure!(world.proxy.injected() > 3, "{}", world.proxy.injected());
        ensure!(world.answers().await? == [world.green_door.ip()]);
        switcher.end().await
    })
}

#[test]
fn a_record_changed_by_hand_parks_and_is_never_overwritten() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let world = World::new(&pair).await?;
        let mut switcher = world.steady_on_blue("").await?;
        let foreign = "203.0.113.9".parse()?;
        world.dns.change_by_hand("shop", 60, &[foreign]).await?;
        let parked = switcher.until("parked for a foreign write", |one| one.phase == "Parked").await?;
        ensure!(parked.banner.contains("203.0.113.9"), "{}", parked.banner);
        let head = world.commit(world.green_color(), "")?;
        let waits = |one: &SwitchStatus| one.wait.as_ref().is_some_and(|wait| wait.reason == "foreign-write");
        switcher
            .until("waiting for a person, whatever git asks for", |one| {
                one.declaration.revision == head && waits(one) && one.banner.contains("203.0.113.9")
            })
            .await?;
        ensure!(world.answers().await? == [foreign], "someone else's record was overwritten");
        world.dns.change_by_hand("shop", 60, &[world.green_door.ip()]).await?;
        switcher.until("the record is as git asks", steady_on(world.green_color())).await?;
        world.dns.change_by_hand("shop", 60, &[world.blue_door.ip()]).await?;
        switcher
            .until("parked on blue", |one| one.live.as_deref() == Some(world.blue_color()) && one.phase == "Parked")
            .await?;
        order(&world, Verb::Adopt).await?;
        let adopted = switcher.until("adopted", |one| one.banner.contains("adopted")).await?;
        ensure!(
            adopted.live.as_deref() == Some(world.blue_color()),
            "git asks for the other, and a person has decided"
        );
        switcher.end().await
    })
}

/// The emergency lane as the command line has it: the operator's keys, the declaration, nothing else.
async fn order(world: &World, verb: Verb) -> Result<()> {
    let switch = teal_api::switch::Switch::parse("switch.yaml", &world.declaration(world.green_color(), ""))?;
    let route = Route::new(&switch, &Secrets::new(world.secrets()), &teal_switcher::azure::Azure::default())?;
    give(&route, verb, "by hand").await
}

#[test]
fn undo_takes_back_a_finished_move_without_git() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let world = World::new(&pair).await?;
        let mut switcher = world.steady_on_blue("").await?;
        world.commit(world.green_color(), "")?;
        switcher.until("steady on green", steady_on(world.green_color())).await?;
        world.git.fail(GitFault::Drop);
        order(&world, Verb::Undo).await?;
        let undone = switcher
            .until("back on blue", |one| one.live.as_deref() == Some(world.blue_color()) && one.phase == "Parked")
            .await?;
        ensure!(undone.history.iter().any(|entry| entry.why.contains("kim")), "{:#?}", undone.history);
        world.git.heal();
        world.commit(world.blue_color(), "")?;
        switcher.until("git and traffic agree", steady_on(world.blue_color())).await?;
        switcher.end().await
    })
}

#[test]
fn five_mistakes_are_told_at_once_and_change_nothing() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let world = World::new(&pair).await?;
        let mut switcher = world.steady_on_blue("").await?;
        let wrong = world
            .declaration("grene", "  attempt: none\n  failover: sometimes\n")
            .replace("soak: 2s", "soak: long")
            .replace("threshold: 2", "threshold: many");
        world.repo.commit(&[("switch.yaml", Some(&wrong))], "Five mistakes")?;
        let told = switcher.until("told of the mistakes", |one| !one.declaration.valid).await?;
        let mistakes = &told.declaration.mistakes;
        for field in ["active", "attempt", "failover", "soak", "threshold"] {
            ensure!(
                mistakes.iter().any(|mistake| mistake.starts_with("switch.yaml:") && mistake.contains(field)),
                "no {field} in {mistakes:#?}"
            );
        }
        ensure!(told.live.as_deref() == Some(world.blue_color()) && told.phase == "Steady", "{}", told.banner);
        world.commit(world.green_color(), "")?;
        switcher.until("steady on green", steady_on(world.green_color())).await?;
        switcher.end().await
    })
}

#[test]
fn a_wrong_kubeconfig_is_told_and_stops_only_the_move() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let world = World::new(&pair).await?;
        let right = std::fs::read_to_string(world.secrets().join("green-access/kubeconfig"))?;
        world.secret("green-access", "kubeconfig", "not: [a kubeconfig")?;
        world.commit(world.blue_color(), "")?;
        let mut switcher = world.start("one").await?;
        switcher
            .until("steady on blue, told of green", |one| {
                one.phase == "Steady"
                    && one
                        .colors
                        .iter()
                        .any(|color| color.cluster.unknown.as_ref().is_some_and(|why| why.contains("green-access")))
            })
            .await?;
        world.commit(world.green_color(), "  gates: {before: [{platform: {}}, {synced: {}}]}\n")?;
        let told = |one: &SwitchStatus| {
            one.phase == "Preparing" && one.attention.iter().any(|item| item.message.contains("green-access"))
        };
        let held = switcher.until("preparing, and told why it waits", told).await?;
        ensure!(held.live.as_deref() == Some(world.blue_color()));
        world.secret("green-access", "kubeconfig", &right)?;
        switcher.until("steady on green", steady_on(world.green_color())).await?;
        switcher.end().await
    })
}

#[test]
fn a_commit_that_changes_color_and_fleet_is_refused_unless_it_says_so() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let world = World::new(&pair).await?;
        let mut switcher = world.steady_on_blue("").await?;
        let both = |more: &str, fleet: &str| -> Result<()> {
            let text = world.declaration(world.green_color(), more);
            let files = [("switch.yaml", Some(text.as_str())), ("apps/web.yaml", Some(fleet))];
            let head = world.repo.commit(&files, "Color and fleet at once")?;
            world.converge_to(&head);
            Ok(())
        };
        both("", "kind: ConfigMap\ndata: {version: two}\n")?;
        let parked = switcher.until("parked", |one| one.phase == "Parked").await?;
        ensure!(parked.banner.contains("mixed-commit"), "{}", parked.banner);
        ensure!(parked.live.as_deref() == Some(world.blue_color()));
        // Back, and then the same as two commits that are seen at once: neither of them is mixed.
        world.commit(world.blue_color(), "  attempt: 2\n")?;
        switcher.until("steady on blue again", steady_on(world.blue_color())).await?;
        world.git.fail(GitFault::Drop);
        world.repo.commit(&[("apps/web.yaml", Some("kind: ConfigMap\ndata: {version: three}\n"))], "Fleet")?;
        world.commit(world.green_color(), "  attempt: 3\n")?;
        world.git.heal();
        switcher.until("steady on green", steady_on(world.green_color())).await?;
        switcher.end().await
    })
}

/// A commit can't take the ground from under a move: rollback stands on what the move began with.
#[test]
fn g4_a_commit_that_can_not_be_acted_on_takes_no_way_back() -> Result<()> {
    run(async {
        let pair = pair().await?;
        let mut world = World::new(&pair).await?;
        let mut switcher = world.steady_on_blue("").await?;
        let green = long_soak(&world.declaration(world.green_color(), ""));
        let commit = |text: &str| -> Result<()> {
            let head = world.repo.commit(&[("switch.yaml", Some(text))], "Change the declaration")?;
            world.converge_to(&head);
            Ok(())
        };
        let told = |reason: &'static str| {
            move |one: &SwitchStatus| one.phase == "Soaking" && one.attention.iter().any(|item| item.reason == reason)
        };
        commit(&green)?;
        switcher.until("soaking", |one| one.phase == "Soaking").await?;
        commit(&green.replace("secret: dns", "secret: missing"))?;
        switcher.until("told of the Secret", told("InvalidSecret")).await?;
        commit(&green.replace("record: shop", "record: elsewhere"))?;
        switcher.until("told of the record", told("GroundChanged")).await?;
        world.green_door.set(Mode::Errors).await?;
        let parked = |one: &SwitchStatus| one.history.iter().any(|entry| entry.to == "Parked");
        switcher.until("gone back", parked).await?;
        ensure!(world.answers().await? == [world.blue_door.ip()]);
        // Only now the commit counts, and the record it names does not exist.
        switcher.until("at the other record", |one| one.phase == "Unknown" && one.live.is_none()).await?;
        ensure!(world.answers().await? == [world.blue_door.ip()]);
        switcher.end().await
    })
}
