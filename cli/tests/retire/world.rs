//! An emulated Azure in which green is live and blue may go, with a switcher that keeps one of two ledgers.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use azure_emulator::{Emulator, Options, Running};
use serde_json::{Value, json};
use teal_api::colors::Colors;
use teal_api::switch::{AzureAccess, Switch};
use teal_azure::aks::Aks;
use teal_azure::credential::Hidden;
use teal_azure::{Client, Cloud, Credential, Settings};
use teal_retire::{Access, Pace, Retirement, Sources, documents};
use teal_switcher::azure::Azure;
use teal_switcher::secrets::Secrets;
use teal_switcher::switch::Route;
use teal_switcher::{GitConfig, Switcher, SwitcherConfig};
use teal_switcher_core::step::Write;
use teal_switcher_core::{Ledger, LedgerSeen};
use teal_testkit::git_server::{GitServer, Repo};
use teal_testkit::http::FrontDoor;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub(crate) const SUBSCRIPTION: &str = "11111111-1111-1111-1111-111111111111";
pub(crate) const TENANT: &str = "22222222-2222-2222-2222-222222222222";
/// The identity of whoever retires a color.
pub(crate) const RETIRER: &str = "33333333-3333-3333-3333-333333333333";
/// The identity that is always on.
pub(crate) const DAEMON: &str = "55555555-5555-5555-5555-555555555555";
const ZONE: &str = "contoso.example";
pub(crate) const AKS: &str = "Microsoft.ContainerService/managedClusters/aks-blue";
pub(crate) const GATEWAY: &str = "Microsoft.Network/applicationGateways/gw";

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) emulator: Running,
    admin: reqwest::Client,
    pub(crate) azure: Azure,
    pub(crate) repo: Repo,
    status: tokio::sync::watch::Receiver<teal_switcher::status::Status>,
    pub(crate) url: String,
    doors: Vec<FrontDoor>,
    pub(crate) git: GitServer,
}

/// A resource's id in the test's group.
pub(crate) fn id(path: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/{path}")
}

/// A resource's id in blue's node group.
pub(crate) fn node(path: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/MC_rg_aks-blue_westeurope/providers/{path}")
}

fn version(path: &str) -> &'static str {
    let low = path.to_ascii_lowercase();
    match () {
        () if low.contains("microsoft.cdn") => "2025-06-01",
        () if low.contains("microsoft.containerservice") => "2025-02-01",
        () if low.contains("/dnszones") => "2018-05-01",
        () if low.contains("trafficmanager") => "2022-04-01",
        () if low.contains("frontdoors") => "2021-06-01",
        () => "2024-05-01",
    }
}

impl World {
    /// `spec`: what `colors.yaml` says beyond what every test needs, of all colors.
    pub(crate) async fn new(spec: &str) -> Result<Self> {
        teal_daemon::install_crypto_provider();
        let folder = TempDir::new()?;
        let emulator = Emulator::start(Options::default()).await?;
        let root = reqwest::Certificate::from_pem(emulator.ca_pem.as_bytes())?;
        let admin = reqwest::Client::builder().no_proxy().tls_certs_only([root]).build()?;
        std::fs::write(folder.path().join("ca.pem"), &emulator.ca_pem)?;
        let azure = Azure::given(Client::new(settings(&emulator, DAEMON)?)?);
        let doors = FrontDoor::start_all(&["blue", "green"]).await?;
        let git = GitServer::start()?;
        let repo = git.repository("fleet")?;
        let mut config = GitConfig::new(teal_git::Options::new(&repo.url), "main", folder.path().join("store"));
        config.interval = Duration::from_millis(200);
        // The other Switch has no switcher here.
        config.files = "contoso/switch.yaml".to_owned();
        let mut config = SwitcherConfig::new("one", config, folder.path().join("secrets"));
        config.idle_interval = Duration::from_millis(200);
        config.azure = azure.clone();
        let texts = [("contoso", true), ("shop", false)]
            .map(|(name, first)| (name, declaration(name, first, &doors, &emulator)));
        let files = texts.each_ref().map(|(name, text)| (format!("{name}/switch.yaml"), text.as_str()));
        repo.commit(&files.each_ref().map(|(path, text)| (path.as_str(), Some(*text))), "Begin")?;
        git_in(folder.path(), &["clone", "--quiet", "-c", "http.proxy=", &repo.url, "fleet"])?;
        let switcher = Switcher::start(config).await?;
        let (url, status) = (format!("http://{}", switcher.address()), switcher.status());
        let world = Self { folder, emulator, admin, azure, repo, status, url, doors, git };
        world.furnish().await?;
        world.colors(spec)?;
        world.push()?;
        tokio::spawn(switcher.serve(CancellationToken::new()));
        world.until("Steady on green", |one| one.phase == "Steady" && one.live.as_deref() == Some("green")).await?;
        // Its ledger is as a switcher would have made it.
        let (route, switch) = world.route("shop")?;
        let (routed, _) = route.read(false).await?;
        let declared = world.ledger("contoso").await?;
        let (lineage, owner) = ("shop".to_owned(), "shop".to_owned());
        let first = Ledger { lineage, owner, active: switch.active.as_str().into(), ..declared };
        route.write(&routed, &Write { next: first, change: None }).await?;
        Ok(world)
    }

    /// Zone with both records on green, both clusters, a gateway whose metrics tell of live traffic: none.
    async fn furnish(&self) -> Result<()> {
        let zone = id(&format!("Microsoft.Network/dnsZones/{ZONE}"));
        self.put(&zone, json!({"location": "global"})).await?;
        for name in ["contoso", "shop"] {
            self.record(name, "green").await?;
        }
        for color in ["blue", "green"] {
            let body = json!({"location": "westeurope", "properties": {"agentPoolProfiles": [{"name": "system", "count": 3}]}});
            self.put(&id(&format!("Microsoft.ContainerService/managedClusters/aks-{color}")), body).await?;
        }
        self.gateway(&[self.ip("green")]).await?;
        self.requests(0.0).await
    }

    pub(crate) fn ip(&self, color: &str) -> String {
        self.door(color).ip().to_string()
    }

    fn door(&self, color: &str) -> &FrontDoor {
        if color == "blue" { &self.doors[0] } else { &self.doors[1] }
    }

    /// An A record of the zone that leads to a color.
    pub(crate) async fn record(&self, name: &str, color: &str) -> Result<()> {
        let body = json!({"properties": {"TTL": 5, "ARecords": [{"ipv4Address": self.ip(color)}]}});
        self.put(&id(&format!("Microsoft.Network/dnsZones/{ZONE}/A/{name}")), body).await
    }

    /// The gateway, with one pool that a rule leads to.
    pub(crate) async fn gateway(&self, addresses: &[String]) -> Result<()> {
        let gw = id(GATEWAY);
        let part = |kind: &str, name: &str| json!({"id": format!("{gw}/{kind}/{name}")});
        let addresses: Vec<Value> = addresses.iter().map(|ip| json!({"ipAddress": ip})).collect();
        let body = json!({"location": "westeurope", "properties": {
            "sku": {"name": "Standard_v2", "tier": "Standard_v2", "capacity": 2},
            "gatewayIPConfigurations": [{"name": "ip", "properties": {"subnet": {"id": id("Microsoft.Network/virtualNetworks/net/subnets/gw")}}}],
            "frontendIPConfigurations": [{"name": "front", "properties": {"publicIPAddress": {"id": id("Microsoft.Network/publicIPAddresses/gw")}}}],
            "frontendPorts": [{"name": "http", "properties": {"port": 80}}],
            "backendAddressPools": [{"name": "web", "properties": {"backendAddresses": addresses}}],
            "backendHttpSettingsCollection": [{"name": "s", "properties": {"port": 80, "protocol": "Http"}}],
            "httpListeners": [{"name": "l", "properties": {"frontendIPConfiguration": part("frontendIPConfigurations", "front"), "frontendPort": part("frontendPorts", "http"), "protocol": "Http"}}],
            "requestRoutingRules": [{"name": "r", "properties": {"ruleType": "Basic", "priority": 10, "httpListener": part("httpListeners", "l"), "backendAddressPool": part("backendAddressPools", "web"), "backendHttpSettings": part("backendHttpSettingsCollection", "s")}}],
        }});
        self.put(&gw, body).await
    }

    /// Forgets what was measured, and measures so many requests for blue.
    pub(crate) async fn requests(&self, count: f64) -> Result<()> {
        self.tell("DELETE", "metrics", Value::Null).await?;
        let body = json!({"resource": id(GATEWAY), "metric": "TotalRequests", "values": [{"value": count, "dimensions": {"BackendSettingsPool": "blue"}}]});
        self.tell("PUT", "metrics", body).await
    }

    /// Writes `colors.yaml`.
    pub(crate) fn colors(&self, spec: &str) -> Result<()> {
        let text = format!(
            "apiVersion: teal.dev/v1alpha1\nkind: Colors\nspec:\n  azure: {{cloud: custom}}\n  inspect:\n  - {zone}\n  - {gw}\n  \
             retention: 0s\n  drain: {{azureMonitor: {{resource: {gw}, metric: TotalRequests, aggregation: total, filter: \"BackendSettingsPool eq '${{color}}'\", success: \"value < 1\"}}}}\n\
             {spec}  colors:\n    blue:\n      cluster: {aks}\n      switches: [contoso, shop]\n      addresses: [{ip}, aks-blue.{ZONE}]\n",
            zone = id(&format!("Microsoft.Network/dnsZones/{ZONE}")),
            gw = id(GATEWAY),
            aks = id(AKS),
            ip = self.ip("blue"),
        );
        Ok(std::fs::write(self.folder.path().join("fleet/colors.yaml"), text)?)
    }

    /// Commits and pushes all that was changed in the operator's clone.
    pub(crate) fn push(&self) -> Result<()> {
        let fleet = self.file("");
        git_in(&fleet, &["add", "--all"])?;
        git_in(&fleet, &["commit", "--quiet", "-m", "Change what is declared"])?;
        git_in(&fleet, &["push", "--quiet", "origin", "main"])
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_teal"));
        command.args(arguments).current_dir(self.folder.path().join("fleet")).env_clear();
        let url = self.emulator.url();
        let ca = self.folder.path().join("ca.pem");
        for (name, value) in [
            ("TEAL_AZURE_ARM_ENDPOINT", url.as_str()),
            ("AZURE_AUTHORITY_HOST", &url),
            ("TEAL_AZURE_CA_FILE", &ca.to_string_lossy()),
            ("TEAL_AZURE_CLOUD", "custom"),
            ("AZURE_TENANT_ID", TENANT),
            ("AZURE_CLIENT_ID", RETIRER),
            ("AZURE_CLIENT_SECRET", "s"),
            ("TEAL_SWITCHER", &self.url),
            ("TEAL_SECRETS", "."),
            ("USER", "ada"),
            ("PATH", &std::env::var("PATH").unwrap_or_default()),
            ("HOME", &self.folder.path().to_string_lossy()),
        ] {
            command.env(name, value);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs `teal` to its end: exit code, and all that it said.
    pub(crate) async fn teal(&self, arguments: &[&str]) -> Result<(i32, String)> {
        let mut command = self.command(arguments);
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        let text = [output.stdout, output.stderr].concat();
        Ok((output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned()))
    }

    /// Blue's retirement as the program prepares it, to be run in steps.
    pub(crate) fn retirement(&self) -> Result<Retirement> {
        let colors = Colors::parse("colors.yaml", &std::fs::read_to_string(self.file("colors.yaml"))?)?;
        let switches = documents::switches(&[self.file("")])?;
        let azure = Azure::given(Client::new(settings(&self.emulator, RETIRER)?)?);
        let secrets = Secrets::new(self.folder.path());
        let places = vec![self.file("")];
        let git = Some(Sources { colors: self.file("colors.yaml"), places: places.clone(), branch: None });
        let access = Access { secrets, azure, client_id: Some(RETIRER.to_owned()), by: "ada".to_owned(), git };
        let pace = Pace { every: Duration::from_millis(20), ..Pace::default() };
        Ok(Retirement::new(&colors, "blue", switches, access)?.paced(pace))
    }

    /// Runs `teal`, to be killed.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Result<Child> {
        Ok(self.command(arguments).spawn()?)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("fleet").join(name)
    }

    pub(crate) fn route(&self, name: &str) -> Result<(Route, Switch)> {
        let text = std::fs::read_to_string(self.file(&format!("{name}/switch.yaml")))?;
        let switch = Switch::parse("switch.yaml", &text)?;
        Ok((Route::new(&switch, &Secrets::new(self.folder.path()), &self.azure)?, switch))
    }

    pub(crate) async fn ledger(&self, name: &str) -> Result<Ledger> {
        match self.route(name)?.0.read(true).await?.1 {
            LedgerSeen::Known(ledger) => Ok(*ledger),
            other => anyhow::bail!("{name}: {other:?}"),
        }
    }

    /// Writes a ledger as something else than this program would.
    pub(crate) async fn rewrite(&self, name: &str, change: impl Fn(&Ledger) -> Ledger) -> Result<()> {
        let (route, _) = self.route(name)?;
        for _ in 0..20 {
            let (routed, found) = route.read(true).await?;
            let LedgerSeen::Known(ledger) = found else { anyhow::bail!("{name}: {found:?}") };
            match route.write(&routed, &Write { next: change(&ledger), change: None }).await {
                Ok(_) => return Ok(()),
                Err(error) if error.raced() => {}
                Err(error) => return Err(error.into()),
            }
        }
        anyhow::bail!("{name} is written all the time")
    }

    /// Waits for what the switcher says of `contoso`.
    pub(crate) async fn until(
        &self,
        what: &str,
        wanted: impl Fn(&teal_switcher::status::SwitchStatus) -> bool,
    ) -> Result<()> {
        let met = |status: &teal_switcher::status::Status| status.switches.first().is_some_and(&wanted);
        let mut status = self.status.clone();
        let waited = tokio::time::timeout(Duration::from_secs(180), status.wait_for(met)).await;
        waited.with_context(|| format!("never {what}: {:?}", self.status.borrow().switches.first()))??;
        Ok(())
    }

    /// Puts a resource and waits until its operation has ended.
    pub(crate) async fn put(&self, id: &str, body: Value) -> Result<()> {
        self.send("PUT", id, Some(body)).await?;
        for _ in 0..200 {
            match self.read(id).await?.pointer("/properties/provisioningState").and_then(Value::as_str) {
                None | Some("Succeeded") => return Ok(()),
                _ => tokio::task::yield_now().await,
            }
        }
        anyhow::bail!("{id} is never done")
    }

    /// Puts a resource, and does not wait.
    pub(crate) async fn put_only(&self, id: &str, body: Value) -> Result<()> {
        self.send("PUT", id, Some(body)).await.map(drop)
    }

    /// Asks for an action.
    pub(crate) async fn post(&self, id: &str) -> Result<()> {
        self.send("POST", id, None).await.map(drop)
    }

    pub(crate) async fn delete(&self, id: &str) -> Result<()> {
        self.send("DELETE", id, None).await.map(drop)
    }

    /// A resource as ARM tells it; null when it is not there.
    pub(crate) async fn read(&self, id: &str) -> Result<Value> {
        self.send("GET", id, None).await
    }

    /// What ARM says of blue's cluster: `Succeeded, Running`; `gone` when it is not there.
    pub(crate) async fn cluster(&self) -> Result<String> {
        let client = self.azure.client(&AzureAccess::default())?;
        let found = client.cluster(&Aks::new(id(AKS).parse()?)?).await?;
        Ok(found.map_or("gone".to_owned(), |found| format!("{}, {}", found.provisioning_state, found.power_state.code)))
    }

    async fn send(&self, method: &str, id: &str, body: Option<Value>) -> Result<Value> {
        let url = format!("{}{id}?api-version={}", self.emulator.url(), version(id));
        let mut request = self.admin.request(method.parse()?, url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if status == reqwest::StatusCode::NOT_FOUND && method == "GET" {
            return Ok(Value::Null);
        }
        ensure!(status.is_success(), "{method} {id}: {status} {text}");
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Calls the emulator's own administration.
    pub(crate) async fn tell(&self, method: &str, path: &str, body: Value) -> Result<()> {
        let url = format!("{}/_emulator/{path}", self.emulator.url());
        let request = self.admin.request(method.parse()?, url);
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{path}: {status} {text}");
        Ok(())
    }

    /// How often a method was called at the cluster, or at an action of it.
    pub(crate) async fn asked(&self, method: &str, end: &str) -> Result<usize> {
        let url = format!("{}/_emulator/requests", self.emulator.url());
        let value: Value = self.admin.get(url).query(&[("method", method)]).send().await?.json().await?;
        let all = value["value"].as_array().context("no log")?;
        let hit = |one: &&Value| one["path"].as_str().is_some_and(|path| path.to_ascii_lowercase().ends_with(end));
        Ok(all.iter().filter(hit).count())
    }
}

/// Runs git as a person would.
pub(crate) fn git_in(folder: &Path, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["-c", "user.name=Ada", "-c", "user.email=ada@contoso.example"]);
    let output =
        command.args(arguments).env("HOME", folder).output().context("git does not start; is it installed?")?;
    ensure!(output.status.success(), "git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    Ok(())
}

pub(crate) fn settings(emulator: &Running, who: &str) -> Result<Settings> {
    let url = emulator.url();
    let cloud = Cloud::custom(&url, &url, None, "localhost")?;
    let credential =
        Credential::ClientSecret { tenant: TENANT.to_owned(), client: who.to_owned(), secret: Hidden::new("s") };
    Ok(Settings::new(cloud, credential).trusting(emulator.ca_pem.clone()))
}

fn declaration(name: &str, by_id: bool, doors: &[FrontDoor], emulator: &Running) -> String {
    let dns: SocketAddr = emulator.dns;
    let cluster = |color: &str| match by_id {
        true => format!("aks: {}", id(&format!("Microsoft.ContainerService/managedClusters/aks-{color}"))),
        false => format!("kubeconfig: {color}-access"),
    };
    let color = |door: &FrontDoor| {
        let (name, url) = (door.color(), door.url("/healthz"));
        format!("    {name}: {{cluster: {{{}}}, probe: {{url: \"{url}\"}}}}\n", cluster(name))
    };
    format!(
        "apiVersion: teal.dev/v1alpha1\nkind: Switch\nmetadata: {{name: {name}}}\nspec:\n  active: green\n  azure: {{cloud: custom, clientId: {DAEMON}}}\n  colors:\n{}{}  targets:\n  \
         - azureDns: {{subscription: {SUBSCRIPTION}, resourceGroup: rg, zone: {ZONE}, record: {name}, nameservers: [\"{dns}\"]}}\n    to: {{blue: {{ip: {}}}, green: {{ip: {}}}}}\n",
        color(&doors[0]),
        color(&doors[1]),
        doors[0].ip(),
        doors[1].ip(),
    )
}
