//! The command itself, as a person runs it, against a real name server, a real git server and a real switcher.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use teal_switcher::{GitConfig, Switcher, SwitcherConfig};
use teal_testkit::dns::{DnsServer, Key, Zone};
use teal_testkit::git_server::{GitServer, Repo};
use teal_testkit::http::FrontDoor;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

struct World {
    folder: TempDir,
    switcher: String,
    status: tokio::sync::watch::Receiver<teal_switcher::status::Status>,
    repo: Repo,
    _git: GitServer,
    dns: DnsServer,
    _doors: Vec<FrontDoor>,
}

impl World {
    async fn new() -> Result<Self> {
        teal_daemon::install_crypto_provider();
        let folder = TempDir::new()?;
        let doors = FrontDoor::start_all(&["blue", "green"]).await?;
        let key = Key::generate("operator")?;
        let zone = Zone::new("contoso.test").address("shop", 5, &[doors[0].ip()]);
        let dns = DnsServer::start(&zone, std::slice::from_ref(&key)).await?;
        let secrets = folder.path().join("secrets/dns");
        std::fs::create_dir_all(&secrets)?;
        std::fs::write(secrets.join("secret"), key.base64())?;
        std::fs::write(secrets.join("ledger"), "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")?;
        let git = GitServer::start()?;
        let repo = git.repository("fleet")?;
        repo.commit(&[("switch.yaml", Some(&declaration(&doors, &dns)))], "Begin")?;
        let checkout = folder.path().join("checkout");
        shell("git", &["clone", "--quiet", &repo.url, &checkout.to_string_lossy()], folder.path())?;
        for (name, value) in [("user.name", "Kim"), ("user.email", "kim@contoso.test")] {
            shell("git", &["config", name, value], &checkout)?;
        }
        let mut config = GitConfig::new(teal_git::Options::new(&repo.url), "main", folder.path().join("store"));
        config.interval = Duration::from_millis(200);
        let mut config = SwitcherConfig::new("one", config, folder.path().join("secrets"));
        config.idle_interval = Duration::from_millis(200);
        let switcher = Switcher::start(config).await?;
        let (url, status) = (format!("http://{}", switcher.address()), switcher.status());
        tokio::spawn(switcher.serve(CancellationToken::new()));
        Ok(Self { folder, switcher: url, status, repo, _git: git, dns, _doors: doors })
    }

    async fn until(&mut self, what: &str, wanted: impl Fn(&teal_switcher::status::SwitchStatus) -> bool) -> Result<()> {
        let met = |status: &teal_switcher::status::Status| status.switches.first().is_some_and(&wanted);
        let waited = tokio::time::timeout(Duration::from_secs(180), self.status.wait_for(met)).await;
        waited.with_context(|| format!("never {what}"))??;
        Ok(())
    }

    /// Runs `teal` in the checkout, beside the run time that serves it.
    async fn teal(&self, arguments: &[&str]) -> Result<(i32, String)> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_teal"));
        command.args(arguments).current_dir(self.folder.path().join("checkout"));
        command.env("TEAL_SWITCHER", &self.switcher).env("TEAL_SECRETS", self.folder.path().join("secrets"));
        command.env("USER", "kim").env("NO_COLOR", "1");
        let output: Output = tokio::task::spawn_blocking(move || command.output()).await??;
        let text = [output.stdout, output.stderr].concat();
        Ok((output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned()))
    }
}

fn declaration(doors: &[FrontDoor], dns: &DnsServer) -> String {
    let color = |door: &FrontDoor| {
        let (name, url) = (door.color(), door.url("/healthz"));
        format!("    {name}: {{cluster: {{kubeconfig: {name}-access}}, probe: {{url: \"{url}\"}}}}\n")
    };
    format!(
        "# Who serves the shop.\napiVersion: teal.dev/v1alpha1\nkind: Switch\nmetadata: {{name: shop}}\nspec:\n  active: blue  # the word\n  \
         colors:\n{}{}  targets:\n  - rfc2136: {{server: \"{}\", zone: contoso.test, record: shop, tsig: {{name: operator, algorithm: hmac-sha256, secret: dns}}}}\n    \
         to: {{blue: {{ip: {}}}, green: {{ip: {}}}}}\n",
        color(&doors[0]),
        color(&doors[1]),
        dns.address(),
        doors[0].ip(),
        doors[1].ip(),
    )
}

fn shell(program: &str, arguments: &[&str], folder: &Path) -> Result<()> {
    let status = Command::new(program).args(arguments).current_dir(folder).status()?;
    ensure!(status.success(), "{program} {arguments:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_looks_switches_holds_and_takes_back() -> Result<()> {
    let mut world = World::new().await?;
    world.until("steady on blue", |one| one.phase == "Steady" && one.live.as_deref() == Some("blue")).await?;

    let (code, text) = world.teal(&["check", "switch.yaml"]).await?;
    ensure!(code == 0 && text.contains("Switch shop, active: blue"), "{code} {text}");
    let (code, text) = world.teal(&["status"]).await?;
    // Both API servers are unknown here, which someone should look at.
    ensure!(
        code == 1 && text.contains("blue is live, as git wants it") && text.contains("green-access"),
        "{code} {text}"
    );
    let (code, text) = world.teal(&["status", "-o", "json"]).await?;
    ensure!(code == 1 && serde_json::from_str::<serde_json::Value>(&text)?[0]["live"] == "blue", "{code} {text}");
    let (code, text) = world.teal(&["ledger", "show"]).await?;
    ensure!(code == 0 && text.contains("Steady") && text.contains("blue"), "{code} {text}");

    let (code, text) = world.teal(&["abort", "--reason", "nothing to stop"]).await?;
    ensure!(code == 4 && text.contains("no move is under way"), "{code} {text}");
    let (code, text) = world.teal(&["hold", "--reason", "a storm"]).await?;
    ensure!(code == 0, "{code} {text}");
    world.until("held", |one| one.overridden.as_ref().is_some_and(|word| word.contains("kim: a storm"))).await?;
    let (code, text) = world.teal(&["hold", "--end"]).await?;
    ensure!(code == 0, "{code} {text}");
    world.until("released", |one| one.overridden.is_none()).await?;

    let (code, text) = world.teal(&["switch", "grene"]).await?;
    ensure!(code == 2 && text.contains("it has blue, green"), "{code} {text}");
    let (code, text) = world.teal(&["switch", "green"]).await?;
    ensure!(code == 0 && text.contains("active: blue → green") && text.contains("pushed"), "{code} {text}");
    let pushed = world.repo.git(&["show", "main:switch.yaml"])?;
    ensure!(pushed.contains("  active: green  # the word\n") && pushed.starts_with("# Who serves"), "{pushed}");
    world.until("preparing green", |one| one.phase == "Preparing").await?;

    let (code, text) = world.teal(&["abort", "--reason", "not today", "--push"]).await?;
    ensure!(code == 0 && text.contains("pushed"), "{code} {text}");
    world.until("steady on blue", |one| one.phase == "Steady" && one.desired == "blue").await?;
    let (code, text) = world.teal(&["explain", "--steps", "9"]).await?;
    ensure!(code == 0 && text.contains("not today"), "{code} {text}");
    let (code, text) = world.teal(&["history"]).await?;
    ensure!(code == 0 && text.contains("Preparing"), "{code} {text}");
    let (code, text) = world.teal(&["retry", "--no-push"]).await?;
    ensure!(code == 0 && text.contains("attempt"), "{code} {text}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn g1_a_word_for_a_wiped_ledger_tells_what_is_known_and_what_to_do() -> Result<()> {
    let mut world = World::new().await?;
    world.until("steady on blue", |one| one.phase == "Steady" && one.live.as_deref() == Some("blue")).await?;
    world.dns.change_text_by_hand("_teal.shop", None).await?;
    world.until("the ledger is gone", |one| one.attention.iter().any(|item| item.reason == "LedgerGone")).await?;
    for arguments in [&["adopt", "--reason", "x"][..], &["reassert", "--reason", "x"], &["hold", "--end"]] {
        let (code, text) = world.teal(arguments).await?;
        ensure!(code == 4, "{arguments:?}: {code} {text}");
        for words in [
            "no ledger at shop.contoso.test; the record itself: blue. Nothing was written.",
            "the ledger was wiped",
            "put it back as it was noted, or restart the switchers",
        ] {
            ensure!(text.contains(words), "{arguments:?}: {words}: {text}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_away_is_told_with_its_own_exit_code() -> Result<()> {
    let run = |arguments: &[&str]| -> Result<(i32, String)> {
        let output = Command::new(env!("CARGO_BIN_EXE_teal")).args(arguments).output()?;
        Ok((output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned()))
    };
    let (code, text) = run(&["status", "--switcher", "http://127.0.0.1:1"])?;
    ensure!(code == 3 && text.contains("no switcher answers at http://127.0.0.1:1"), "{code} {text}");
    let (code, text) = run(&["undo", "--reason", "x", "--secrets", "/nowhere", "--file", "/nowhere/switch.yaml"])?;
    ensure!(code == 2 && text.contains("name it with --file"), "{code} {text}");
    let help = Command::new(env!("CARGO_BIN_EXE_teal")).arg("--help").output()?;
    ensure!(String::from_utf8_lossy(&help.stdout).contains("Exit codes:"));
    Ok(())
}
