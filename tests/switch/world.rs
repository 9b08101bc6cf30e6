//! One test's world: a zone on real BIND behind a proxy that can fail, a git server, two front doors, Secrets, and
//! stand-ins for the agents in the two shared clusters. Names carry a number, so that tests share clusters in peace.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use teal_git::Options;
use teal_switcher::status::{Status, SwitchStatus};
use teal_switcher::switch::Route;
use teal_switcher::{GitConfig, Switcher, SwitcherConfig};
use teal_switcher_core::step::Write;
use teal_switcher_core::{Digest, LedgerSeen, Order, Verb};
use teal_testkit::control_plane::ControlPlane;
use teal_testkit::dns::{DnsServer, Key, Proxy, Zone};
use teal_testkit::git_server::{GitServer, Repo};
use teal_testkit::http::FrontDoor;
use teal_testkit::stand_in::StandIn;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::clusters::Pair;

/// Longest wait for anything: many times what a quiet machine needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(240);
/// Between two commands of somebody whose first was not answered.
const TYPING: Duration = Duration::from_millis(100);

pub(crate) struct World {
    pub(crate) name: String,
    pub(crate) dns: DnsServer,
    pub(crate) proxy: Proxy,
    pub(crate) git: GitServer,
    pub(crate) repo: Repo,
    pub(crate) blue_door: FrontDoor,
    pub(crate) green_door: FrontDoor,
    pub(crate) blue: StandIn,
    pub(crate) green: StandIn,
    pub(crate) secrets: TempDir,
    stores: TempDir,
    pub(crate) key: Key,
}

/// A running switcher; dropped, it is as dead as after `kill -9`.
pub(crate) struct Running {
    /// How it is now.
    status: watch::Receiver<Status>,
    /// How it was, one after the other, since the last that was waited for.
    statuses: mpsc::UnboundedReceiver<Status>,
    last: Status,
    pub(crate) url: String,
    pub(crate) shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

static NUMBER: AtomicU32 = AtomicU32::new(1);

impl World {
    pub(crate) async fn new(pair: &Pair) -> Result<Self> {
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let (name, blue_color, green_color) =
            (format!("t{number}"), format!("blue-{number}"), format!("green-{number}"));
        let mut doors = FrontDoor::start_all(&[&blue_color, &green_color]).await?;
        let (green_door, blue_door) = (doors.pop().context("green")?, doors.pop().context("blue")?);
        let key = Key::generate("switcher")?;
        let zone = Zone::new("contoso.test").address("shop", 5, &[blue_door.ip()]);
        let dns = DnsServer::start(&zone, std::slice::from_ref(&key)).await?;
        let proxy = Proxy::start(dns.address()).await?;
        let git = GitServer::start()?;
        let repo = git.repository("fleet")?;
        repo.commit(&[("apps/web.yaml", Some("kind: ConfigMap\n"))], "A fleet")?;
        let sync = format!("fleet-{number}");
        let blue = StandIn::start(pair.blue.client().await?, &sync, &blue_color, &name, &repo).await?;
        let green = StandIn::start(pair.green.client().await?, &sync, &green_color, &name, &repo).await?;
        let (secrets, stores) = (TempDir::new()?, TempDir::new()?);
        let world = Self { name, dns, proxy, git, repo, blue_door, green_door, blue, green, secrets, stores, key };
        world.secret("dns", "secret", &world.key.base64())?;
        world.secret("dns", "ledger", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")?;
        world.kubeconfig("blue-access", &pair.blue)?;
        world.kubeconfig("green-access", &pair.green)?;
        Ok(world)
    }

    pub(crate) fn secret(&self, name: &str, key: &str, text: &str) -> Result<()> {
        let folder = self.secrets.path().join(name);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(key), text)?;
        Ok(())
    }

    fn kubeconfig(&self, name: &str, cluster: &ControlPlane) -> Result<()> {
        self.secret(name, "kubeconfig", cluster.kubeconfig_yaml())
    }

    pub(crate) fn blue_color(&self) -> &str {
        self.blue_door.color()
    }

    pub(crate) fn green_color(&self) -> &str {
        self.green_door.color()
    }

    /// `switch.yaml` with this color as `active`, quick enough for a test; `more` is added to the spec.
    pub(crate) fn declaration(&self, active: &str, more: &str) -> String {
        let targets = format!(
            "  - rfc2136: {{server: \"{}\", zone: contoso.test, record: shop, tsig: {{name: {}, algorithm: hmac-sha256, secret: dns}}}}\n    \
             to: {{{}: {{ip: {}}}, {}: {{ip: {}}}}}\n",
            self.proxy.address(),
            self.key.name,
            self.blue_color(),
            self.blue_door.ip(),
            self.green_color(),
            self.green_door.ip(),
        );
        self.spec(active, &targets, "{ttl: {steady: 2s, moving: 1s}, soak: 2s}", more)
    }

    /// The same with other targets and another strategy.
    pub(crate) fn spec(&self, active: &str, targets: &str, strategy: &str, more: &str) -> String {
        let Self { name, blue_door, green_door, .. } = self;
        let (blue, green) = (blue_door.color(), green_door.color());
        let probe =
            |door: &FrontDoor| format!("{{url: \"{}\", host: shop.contoso.test, timeout: 20s}}", door.url("/healthz"));
        format!(
            "apiVersion: teal.dev/v1alpha1\nkind: Switch\nmetadata: {{name: {name}}}\nspec:\n  active: {active}\n  colors:\n    \
             {blue}: {{cluster: {{kubeconfig: blue-access}}, probe: {}}}\n    {green}: {{cluster: {{kubeconfig: green-access}}, probe: {}}}\n  \
             targets:\n{targets}  strategy: {strategy}\n  health: {{freshness: 30s, interval: 100ms, threshold: 2}}\n{more}",
            probe(blue_door),
            probe(green_door),
        )
    }

    /// Commits the declaration; stand-ins are told of the new head, as agents that follow the branch would be.
    pub(crate) fn commit(&self, active: &str, more: &str) -> Result<String> {
        self.commit_text(active, &self.declaration(active, more))
    }

    /// Commits this text, which makes this color the active one.
    pub(crate) fn commit_text(&self, active: &str, text: &str) -> Result<String> {
        let head = self.repo.commit(&[("switch.yaml", Some(text))], &format!("Make {active} the active color"))?;
        self.converge_to(&head);
        Ok(head)
    }

    pub(crate) fn converge_to(&self, head: &str) {
        for stand_in in [&self.blue, &self.green] {
            stand_in.follows(head);
        }
    }

    pub(crate) fn config(&self, identity: &str) -> SwitcherConfig {
        let store = self.stores.path().join(identity);
        let mut git = GitConfig::new(Options::new(&self.repo.url), "main", store);
        git.interval = Duration::from_millis(300);
        let mut config = SwitcherConfig::new(identity, git, self.secrets.path());
        config.busy_interval = Duration::from_millis(200);
        config.idle_interval = Duration::from_millis(300);
        config.step = Duration::from_secs(2);
        config.grace = Duration::from_secs(1);
        config
    }

    pub(crate) async fn start(&self, identity: &str) -> Result<Running> {
        run(self.config(identity)).await
    }

    /// Commits blue, with `more` in the spec, and starts a switcher that has come to rest there.
    pub(crate) async fn steady_on_blue(&self, more: &str) -> Result<Running> {
        self.commit(self.blue_color(), more)?;
        let mut switcher = self.start("one").await?;
        switcher.until("steady on blue", steady_on(self.blue_color())).await?;
        Ok(switcher)
    }

    /// The addresses BIND answers with right now.
    pub(crate) async fn answers(&self) -> Result<Vec<Ipv4Addr>> {
        let resolver = teal_testkit::dns::Resolver::new(self.dns.address());
        Ok(resolver.resolve("shop.contoso.test").await?.addresses)
    }

    /// Takes the stand-ins away: real agents report from now on.
    pub(crate) async fn retire_stand_ins(&self) -> Result<()> {
        tokio::try_join!(self.blue.retire(), self.green.retire())?;
        Ok(())
    }

    /// Does this world's own Switch freeze anything? Both clusters are shared with other tests.
    pub(crate) fn freezes(&self, one: &SwitchStatus) -> bool {
        let own = format!(" {} ", self.name);
        one.freezes.iter().any(|freeze| freeze.reason.contains(&own))
    }

    pub(crate) fn secrets(&self) -> &Path {
        self.secrets.path()
    }
}

/// Starts a switcher in this process.
pub(crate) async fn run(config: SwitcherConfig) -> Result<Running> {
    let switcher = Switcher::start(config).await?;
    let (status, statuses, url) = (switcher.status(), switcher.statuses(), format!("http://{}", switcher.address()));
    let (shutdown, last) = (CancellationToken::new(), status.borrow().clone());
    let task = tokio::spawn(switcher.serve(shutdown.clone()));
    Ok(Running { status, statuses, last, url, shutdown, task })
}

impl Running {
    /// Waits until the Switch's status satisfies `wanted`; tells what it was instead. Every status since the one that was
    /// waited for before is looked at, that one too: however slow a test is, nothing passes by unseen.
    pub(crate) async fn until(&mut self, what: &str, wanted: impl Fn(&SwitchStatus) -> bool) -> Result<SwitchStatus> {
        let found = self.until_all(what, |status| status.switches.first().is_some_and(&wanted)).await?;
        found.switches.into_iter().next().context("a Switch")
    }

    /// Waits until the whole status satisfies `wanted`, likewise.
    pub(crate) async fn until_all(&mut self, what: &str, wanted: impl Fn(&Status) -> bool) -> Result<Status> {
        let found = tokio::time::timeout(PATIENCE, async {
            while !wanted(&self.last) {
                self.last = self.statuses.recv().await.context("the switcher ended")?;
            }
            Ok(self.last.clone())
        })
        .await;
        match found {
            Ok(found) => found,
            Err(_) => bail!("never came to: {what}; last:\n{}", self.told()),
        }
    }

    /// The whole status, for a failed test.
    pub(crate) fn told(&self) -> String {
        serde_json::to_string_pretty(&*self.status.borrow()).unwrap_or_default()
    }

    /// Ends it in good order.
    pub(crate) async fn end(mut self) -> Result<()> {
        self.shutdown.cancel();
        tokio::time::timeout(PATIENCE, &mut self.task).await.context("it did not end")??;
        Ok(())
    }
}

/// Steady on this color, as declared.
pub(crate) fn steady_on(color: &str) -> impl Fn(&SwitchStatus) -> bool {
    let color = color.to_owned();
    move |one| one.phase == "Steady" && one.live.as_deref() == Some(&color) && one.desired == color
}

/// Gives an order as the command line does, again and again while nobody answers or somebody else writes first.
pub(crate) async fn give(route: &Route, verb: Verb, reason: &str) -> Result<()> {
    let began = Instant::now();
    let mut last = None;
    while began.elapsed() < PATIENCE {
        let (routed, found) = match route.read(true).await {
            Ok(read) => read,
            Err(error) => {
                last = Some(error);
                tokio::time::sleep(TYPING).await;
                continue;
            }
        };
        let LedgerSeen::Known(ledger) = found else { bail!("{found:?}") };
        let order = Order {
            verb,
            actor: "kim".to_owned(),
            reason: reason.to_owned(),
            expires_ms: u64::MAX / 2,
            set_aside: Digest::default(),
        };
        let next = ledger.ordered(order, None, 0)?;
        if route.write(&routed, &Write { next, change: None }).await.is_ok() {
            return Ok(());
        }
    }
    bail!("the order lost every race, or could not be given: {last:?}")
}
