//! Everything the story happens in: two colors, git, a name server, two front doors, a switcher, a client.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use teal_api::sync::Role;
use teal_switcher::{Switcher, SwitcherConfig};
use teal_testkit::dns::{DnsServer, Key, Zone};
use teal_testkit::git_server::{GitServer, Repo};
use teal_testkit::http::{FrontDoor, Load, LoadClient};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::repository::{self, Addresses, KEY_NAME, RECORD, STEADY_TTL, ZONE};
use crate::screen::{Screen, seconds};
use crate::side::Side;
use crate::watcher::Watcher;

/// The world; dropping it ends every process in it.
pub(crate) struct World {
    /// The two colors.
    pub(crate) blue: Side,
    /// The two colors.
    pub(crate) green: Side,
    /// The fleet's repository.
    pub(crate) repo: Repo,
    /// Front doors of blue and green, in this order.
    pub(crate) doors: Vec<FrontDoor>,
    /// Addresses as declared.
    pub(crate) addresses: Addresses,
    /// The follower of the switcher.
    pub(crate) watcher: Watcher,
    /// The steady load.
    pub(crate) client: LoadClient,
    /// First sync of each color: objects and time.
    pub(crate) first_sync: Vec<(&'static str, u32, Duration)>,
    /// Address of the status page.
    pub(crate) page: String,
    stop: CancellationToken,
    switcher: JoinHandle<()>,
    _git: GitServer,
    _dns: DnsServer,
    folder: tempfile::TempDir,
}

impl World {
    /// Builds it: clusters first, since they take longest; blue serves, green has just come up.
    pub(crate) async fn build(screen: Screen, fleet: &Path) -> Result<Self> {
        let folder = tempfile::tempdir().context("make a folder")?;
        let (store, secrets, tree) =
            (folder.path().join("store"), folder.path().join("secrets"), folder.path().join("fleet"));
        for path in [&store, &secrets, &tree] {
            std::fs::create_dir_all(path)?;
        }
        screen.say("starting two real control planes: etcd, kube-apiserver, controller-manager, scheduler, kwok nodes");
        let started = Instant::now();
        let (mut blue, mut green) = tokio::try_join!(Side::start("blue", 1, &store), Side::start("green", 2, &store))?;
        screen.say(format!("blue and green answer after {}", seconds(started.elapsed())));

        let doors = FrontDoor::start_all(&["blue", "green"]).await?;
        let key = Key::generate(KEY_NAME)?;
        let zone = Zone::new(ZONE).address(RECORD, STEADY_TTL, &[doors[0].ip()]);
        let dns = DnsServer::start_with_secondary(&zone, std::slice::from_ref(&key)).await?;
        screen.say(format!("{} is served by {}; it points to blue", repository::host(), dns.kind()));
        let addresses = Addresses {
            dns: dns.address(),
            secondaries: dns.secondaries(),
            blue: doors[0].address(),
            green: doors[1].address(),
        };

        let git = GitServer::start()?;
        let repo = git.repository("fleet")?;
        repository::copy_fleet(fleet, &tree)?;
        std::fs::write(tree.join("switch.yaml"), repository::switch_yaml("blue", &addresses))?;
        let revision = repo.commit_folder(&tree, "Start the fleet on blue")?;
        screen.say(format!("the fleet is in git: {}", repo.url));

        let first_sync = first_syncs(screen, &mut blue, &mut green, &repo.url, &revision).await?;
        put_secrets(&secrets, &key, &blue, &green)?;
        let stop = CancellationToken::new();
        let switcher = start_switcher(&repo, &secrets, &store).await?;
        let page = format!("http://{}", switcher.address());
        let watcher = Watcher::start(switcher.status());
        let switcher = tokio::spawn(switcher.serve(stop.clone()));
        watcher
            .until("the switcher adopts the record", Duration::from_secs(30), |status| {
                status.phase == "Steady" && status.live.as_deref() == Some("blue")
            })
            .await?;
        screen.say(format!("the switcher has adopted the record; its page: {page}"));
        let client = LoadClient::start(addresses.dns, Load::new(&repository::host(), addresses.blue.port()))?;
        Ok(Self {
            blue,
            green,
            repo,
            doors,
            addresses,
            watcher,
            client,
            first_sync,
            page,
            switcher,
            stop,
            _git: git,
            _dns: dns,
            folder,
        })
    }

    /// The side of a color.
    pub(crate) fn side(&self, color: &str) -> &Side {
        if color == "blue" { &self.blue } else { &self.green }
    }

    /// The front door of a color.
    pub(crate) fn door(&mut self, color: &str) -> &mut FrontDoor {
        &mut self.doors[usize::from(color != "blue")]
    }

    /// Commits `active: color` and calls the switcher's webhook, as a git host does; returns the commit.
    pub(crate) async fn commit_active(&self, color: &str) -> Result<String> {
        let text = repository::switch_yaml(color, &self.addresses);
        let commit = self.repo.commit(&[("switch.yaml", Some(&text))], &format!("Make {color} live"))?;
        let hook = format!("{}/hook/git", self.page);
        reqwest::Client::new().post(hook).send().await.context("call the webhook")?;
        Ok(commit)
    }

    /// Where the clusters' kubeconfigs are.
    pub(crate) fn kubeconfigs(&self) -> [PathBuf; 2] {
        [self.blue.cluster.kubeconfig().to_owned(), self.green.cluster.kubeconfig().to_owned()]
    }

    /// Ends everything in order and deletes the files.
    pub(crate) async fn end(mut self) -> Result<()> {
        self.stop.cancel();
        let _ = self.switcher.await;
        self.blue.stop().await;
        self.green.stop().await;
        self.folder.close().context("delete the demo's folder")
    }
}

async fn first_syncs(
    screen: Screen,
    blue: &mut Side,
    green: &mut Side,
    url: &str,
    revision: &str,
) -> Result<Vec<(&'static str, u32, Duration)>> {
    let mut times = Vec::new();
    for (side, role) in [(blue, Role::Active), (green, Role::Standby)] {
        let started = Instant::now();
        side.follow(url, role).await?;
        let status = side.ready(revision, Duration::from_secs(240)).await?;
        let objects = status.layers.iter().map(|layer| layer.objects).sum();
        let layers: Vec<_> = status.layers.iter().map(|layer| format!("{} {}", layer.name, layer.objects)).collect();
        screen.say(format!(
            "{} is equal to git: {objects} objects, all healthy, in {} ({})",
            side.color,
            seconds(started.elapsed()),
            layers.join(", ")
        ));
        times.push((side.color, objects, started.elapsed()));
    }
    Ok(times)
}

/// What a cluster would mount for the switcher: two kubeconfigs, the TSIG key and the ledger's key.
fn put_secrets(folder: &Path, key: &Key, blue: &Side, green: &Side) -> Result<()> {
    let put = |secret: &str, name: &str, text: &str| -> Result<()> {
        std::fs::create_dir_all(folder.join(secret))?;
        std::fs::write(folder.join(secret).join(name), text).with_context(|| format!("write the secret {secret}"))
    };
    put("dns-key", "secret", &key.base64())?;
    // Any 32 bytes will do; a key of the same length has just been made for TSIG.
    put("dns-key", "ledger", &Key::generate("ledger")?.base64())?;
    for side in [blue, green] {
        let access = side.cluster.kubeconfig_for("teal-switcher", &["system:masters"])?;
        put(&format!("{}-access", side.color), "kubeconfig", &access)?;
    }
    Ok(())
}

async fn start_switcher(repo: &Repo, secrets: &Path, store: &Path) -> Result<Switcher> {
    let git = teal_switcher::GitConfig {
        interval: Duration::from_secs(1),
        ..teal_switcher::GitConfig::new(teal_git::Options::new(&repo.url), "main", store.join("switcher"))
    };
    let config = SwitcherConfig {
        busy_interval: Duration::from_millis(200),
        idle_interval: Duration::from_secs(1),
        ..SwitcherConfig::new("demo", git, secrets)
    };
    Ok(Switcher::start(config).await?)
}
