//! What is switched: a record in an Azure zone, two front doors, two API servers with a stand-in for the agent in each.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use azure_emulator::{Emulator, Options, Running as Emulated};
use serde_json::{Value, json};
use teal_azure::credential::{Credential, Hidden};
use teal_azure::{Client, Cloud, Settings};
use teal_git::Options as GitOptions;
use teal_switcher::azure::Azure;
use teal_switcher::status::{Status, SwitchStatus};
use teal_switcher::{GitConfig, Switcher, SwitcherConfig};
use teal_testkit::control_plane::ControlPlane;
use teal_testkit::git_server::{GitServer, Repo};
use teal_testkit::http::FrontDoor;
use teal_testkit::install::install_kinds;
use teal_testkit::stand_in::StandIn;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const BLUE: &str = "blue";
pub(crate) const GREEN: &str = "green";
const SWITCH: &str = "bench";
const ZONE: &str = "contoso.test";
/// The record that moves.
const RECORD: &str = "shop";
const SUBSCRIPTION: &str = "11111111-1111-1111-1111-111111111111";
const DNS: &str = "2018-05-01";
/// The provider's 60 s are 1 s: the emulator shows a write at once.
const FASTER: u32 = 60;
/// Longest wait for a state.
const PATIENCE: Duration = Duration::from_secs(300);

/// Everything that one benchmark runs on.
pub(crate) struct Ground {
    pub(crate) emulator: Emulated,
    pub(crate) doors: Vec<FrontDoor>,
    http: reqwest::Client,
    azure: Azure,
    repo: Repo,
    agents: Vec<StandIn>,
    soak: Duration,
    secrets: TempDir,
    store: TempDir,
    _git: GitServer,
    _clusters: Vec<ControlPlane>,
}

/// A running switcher; dropped, it ends.
pub(crate) struct Running {
    status: watch::Receiver<Status>,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown.cancel();
        self.task.abort();
    }
}

impl Ground {
    /// Starts it, the record on blue. The soak outlasts the clients that keep answers for `keep`.
    pub(crate) async fn start(keep: Duration) -> Result<Self> {
        let doors = FrontDoor::start_all(&[BLUE, GREEN]).await?;
        let emulator = Emulator::start(Options::default()).await?;
        let root = reqwest::Certificate::from_pem(emulator.ca_pem.as_bytes())?;
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([root]).build()?;
        let git = GitServer::start()?;
        let repo = git.repository("fleet")?;
        repo.commit(&[("apps/web.yaml", Some("kind: ConfigMap\n"))], "A fleet")?;
        let (mut clusters, mut agents) = (Vec::new(), Vec::new());
        let secrets = TempDir::new()?;
        for color in [BLUE, GREEN] {
            let cluster = ControlPlane::start(&format!("bench-{color}")).await?;
            let client = cluster.client().await?;
            install_kinds(&client).await?;
            agents.push(StandIn::start(client, "fleet", color, SWITCH, &repo).await?);
            let folder = secrets.path().join(color);
            std::fs::create_dir_all(&folder)?;
            std::fs::write(folder.join("kubeconfig"), cluster.kubeconfig_yaml())?;
            clusters.push(cluster);
        }
        let azure = Azure::given(client(&emulator)?);
        let soak = keep + Duration::from_secs(3);
        let ground = Self {
            emulator,
            doors,
            http,
            azure,
            repo,
            agents,
            soak,
            secrets,
            store: TempDir::new()?,
            _git: git,
            _clusters: clusters,
        };
        ground.put("", json!({"location": "global"})).await?;
        for record in [RECORD, super::write::RECORD] {
            let body = json!({"properties": {"TTL": 5, "ARecords": [{"ipv4Address": ground.doors[0].ip()}]}});
            ground.put(&format!("/A/{record}"), body).await?;
        }
        ground.commit(BLUE)?;
        Ok(ground)
    }

    /// The name that clients resolve.
    pub(crate) fn host(&self) -> String {
        format!("{RECORD}.{ZONE}")
    }

    pub(crate) fn azure(&self) -> &Azure {
        &self.azure
    }

    pub(crate) fn secrets(&self) -> &std::path::Path {
        self.secrets.path()
    }

    async fn put(&self, path: &str, body: Value) -> Result<()> {
        let id = format!(
            "/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/dnsZones/{ZONE}{path}"
        );
        let url = format!("{}{id}?api-version={DNS}", self.emulator.url());
        let answer = self.http.put(url).bearer_auth("bench").json(&body).send().await?;
        answer.error_for_status().with_context(|| format!("make {path}")).map(drop)
    }

    /// All calls so far: method, type and how many.
    pub(crate) async fn counts(&self) -> Result<Vec<(String, String, u64)>> {
        let url = format!("{}/_emulator/counts", self.emulator.url());
        let told: Value = self.http.get(url).send().await?.error_for_status()?.json().await?;
        let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
        let one = |one: &Value| (text(one, "method"), text(one, "type"), one["count"].as_u64().unwrap_or_default());
        Ok(told["value"].as_array().context("counts")?.iter().map(one).collect())
    }

    /// `switch.yaml`, which moves this record.
    pub(crate) fn declaration(&self, active: &str, record: &str) -> String {
        let color = |name: &str, door: &FrontDoor| {
            format!(
                "    {name}: {{cluster: {{kubeconfig: {name}}}, probe: {{url: \"{}\", timeout: 2s}}}}\n",
                door.url("/healthz")
            )
        };
        format!(
            "apiVersion: teal.dev/v1alpha1\nkind: Switch\nmetadata: {{name: {SWITCH}}}\nspec:\n  active: {active}\n  colors:\n{}{}  targets:\n  \
             - azureDns: {{subscription: {SUBSCRIPTION}, resourceGroup: rg, zone: {ZONE}, record: {record}, nameservers: [\"{}\"]}}\n    \
             to: {{{BLUE}: {{ip: {}}}, {GREEN}: {{ip: {}}}}}\n  strategy: {{ttl: {{steady: 5s, moving: 1s}}, soak: {}s}}\n",
            color(BLUE, &self.doors[0]),
            color(GREEN, &self.doors[1]),
            self.emulator.dns,
            self.doors[0].ip(),
            self.doors[1].ip(),
            self.soak.as_secs(),
        )
    }

    /// Makes a color the active one by a commit; the agents follow the branch.
    pub(crate) fn commit(&self, active: &str) -> Result<()> {
        let text = self.declaration(active, RECORD);
        let head = self.repo.commit(&[("switch.yaml", Some(&text))], &format!("Make {active} the active color"))?;
        for agent in &self.agents {
            agent.follows(&head);
        }
        Ok(())
    }

    /// Starts the switcher with its default intervals, and waits until it rests.
    pub(crate) async fn switcher(&self) -> Result<Running> {
        let mut git = GitConfig::new(GitOptions::new(&self.repo.url), "main", self.store.path());
        git.interval = Duration::from_secs(1);
        let mut config = SwitcherConfig::new("bench", git, self.secrets.path());
        config.azure = self.azure.clone();
        config.faster = FASTER;
        let switcher = Switcher::start(config).await?;
        let (status, shutdown) = (switcher.status(), CancellationToken::new());
        let task = tokio::spawn(switcher.serve(shutdown.clone()));
        let mut running = Running { status, shutdown, task };
        running.until(|one| one.phase == "Steady" && one.live.as_deref() == Some(BLUE)).await?;
        Ok(running)
    }
}

impl Running {
    /// Waits for a state of the Switch; tells what it was instead.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&SwitchStatus) -> bool) -> Result<SwitchStatus> {
        let found = async {
            loop {
                let now = self.status.borrow_and_update().switches.first().cloned();
                if let Some(one) = now.filter(&wanted) {
                    return Ok(one);
                }
                self.status.changed().await.context("the switcher ended")?;
            }
        };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(found) => found,
            Err(_) => bail!("the switcher does not go on:\n{}", serde_json::to_string_pretty(&*self.status.borrow())?),
        }
    }
}

fn client(emulator: &Emulated) -> Result<Client> {
    let url = emulator.url();
    let cloud = Cloud::custom(&url, &url, None, "vault.azure.net")?;
    let credential = Credential::ClientSecret {
        tenant: "contoso".to_owned(),
        client: "bench".to_owned(),
        secret: Hidden::new("the emulator takes any"),
    };
    Ok(Client::new(Settings::new(cloud, credential).trusting(emulator.ca_pem.clone()))?)
}
