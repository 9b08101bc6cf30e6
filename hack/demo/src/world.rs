//! Everything the story happens in: two colors, git, names, two front doors, a switcher, clients.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use teal_api::sync::Role;
use teal_switcher::{Switcher, SwitcherConfig};
use teal_testkit::git_server::{GitServer, Repo};
use teal_testkit::http::FrontDoor;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clients::Clients;
use crate::ground::{Ground, On, put_secret};
use crate::repository;
use crate::screen::{Screen, seconds};
use crate::side::Side;
use crate::watcher::Watcher;

/// Longest wait for what a busy machine takes its time for.
const LONGEST: Duration = Duration::from_secs(900);

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
    /// What the names stand on.
    pub(crate) ground: Ground,
    /// The follower of the switcher.
    pub(crate) watcher: Watcher,
    /// The steady load.
    pub(crate) clients: Clients,
    /// First sync of each color: objects and time.
    pub(crate) first_sync: Vec<(&'static str, u32, Duration)>,
    /// Address of the status page.
    pub(crate) page: String,
    stop: CancellationToken,
    switcher: JoinHandle<()>,
    _git: GitServer,
    folder: tempfile::TempDir,
}

impl World {
    /// Builds it: clusters first, since they take longest; blue serves, green has just come up.
    pub(crate) async fn build(screen: Screen, fleet: &Path, on: On, faster: u32) -> Result<Self> {
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
        let ground = Ground::start(on, screen, &doors, faster).await?;

        let git = GitServer::start()?;
        let repo = git.repository("fleet")?;
        repository::copy_fleet(fleet, &tree)?;
        std::fs::write(tree.join("switch.yaml"), repository::switch_yaml("blue", &ground, &doors))?;
        let revision = repo.commit_folder(&tree, "Start the fleet on blue")?;
        screen.say(format!("the fleet is in git: {}", repo.url));

        let first_sync = first_syncs(screen, &mut blue, &mut green, &repo.url, &revision).await?;
        give_access(&ground, &secrets, [&blue, &green]).await?;
        let stop = CancellationToken::new();
        let switcher = start_switcher(&ground, &repo, &secrets, &store).await?;
        let page = format!("http://{}", switcher.address());
        let watcher = Watcher::start(screen, switcher.status());
        let switcher = tokio::spawn(switcher.serve(stop.clone()));
        watcher
            .until("the switcher adopts the record", LONGEST, |status| {
                status.phase == "Steady" && status.live.as_deref() == Some("blue")
            })
            .await?;
        screen.say(format!("the switcher has adopted the record; its page: {page}"));
        let clients = Clients::new(ground.clients(doors[0].address().port())?);
        Ok(Self {
            blue,
            green,
            repo,
            doors,
            ground,
            watcher,
            clients,
            first_sync,
            page,
            switcher,
            stop,
            _git: git,
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
        let text = repository::switch_yaml(color, &self.ground, &self.doors);
        let commit = self.repo.commit(&[("switch.yaml", Some(&text))], &format!("Make {color} live"))?;
        let hook = format!("{}/hook/git", self.page);
        // It is on this machine, whatever proxy leads out of it.
        let client = reqwest::Client::builder().no_proxy().build()?;
        client.post(hook).send().await.context("call the webhook")?;
        Ok(commit)
    }

    /// A new folder that goes with the world.
    pub(crate) fn scratch(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder.path().join(name);
        std::fs::create_dir(&path).with_context(|| format!("make the folder {name}"))?;
        Ok(path)
    }

    /// A person's clone of the fleet's repository.
    pub(crate) fn clone_of_fleet(&self, whose: &str) -> Result<PathBuf> {
        let path = self.folder.path().join(whose);
        // It is on this machine, whatever proxy leads out of it.
        let mut git = std::process::Command::new("git");
        git.args(["clone", "--quiet", "-c", "http.proxy=", &self.repo.url]).arg(&path);
        let output = git.output().context("run git clone")?;
        ensure!(output.status.success(), "git clone: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(path)
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
        let status = side.ready(revision, LONGEST).await?;
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

/// What a cluster would mount for the switcher: the ground's keys, and a way to both API servers.
async fn give_access(ground: &Ground, folder: &Path, sides: [&Side; 2]) -> Result<()> {
    for (secret, key, text) in ground.secrets()? {
        put_secret(folder, secret, key, &text)?;
    }
    for side in sides {
        let access = side.cluster.kubeconfig_for("teal-switcher", &["system:masters"])?;
        put_secret(folder, &format!("{}-access", side.color), "kubeconfig", &access)?;
        ground.introduce(side.color, &access).await?;
    }
    Ok(())
}

async fn start_switcher(ground: &Ground, repo: &Repo, secrets: &Path, store: &Path) -> Result<Switcher> {
    let git = teal_switcher::GitConfig {
        interval: Duration::from_secs(1),
        ..teal_switcher::GitConfig::new(teal_git::Options::new(&repo.url), "main", store.join("switcher"))
    };
    let config = SwitcherConfig {
        busy_interval: Duration::from_millis(200),
        idle_interval: Duration::from_secs(1),
        ..SwitcherConfig::new("demo", git, secrets)
    };
    Ok(Switcher::start(ground.equip(config)?).await?)
}
