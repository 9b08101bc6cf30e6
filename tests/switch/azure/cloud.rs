//! One test's Azure, and the world that it routes traffic in.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use azure_emulator::{Emulator, Options, Running as Emulated};
use reqwest::Method;
use serde_json::{Value, json};
use teal_api::switch::Switch;
use teal_azure::credential::{Credential, Hidden};
use teal_azure::retry::RetryPolicy;
use teal_azure::{Client, Cloud, Settings};
use teal_switcher::SwitcherConfig;
use teal_switcher::azure::Azure as Access;
use teal_switcher::secrets::Secrets;
use teal_switcher::switch::Route;
use teal_switcher_core::{Ledger, LedgerSeen, Verb};

use crate::switch::clusters::Pair;
use crate::switch::world::{self, Running, World, steady_on};

pub(crate) const DNS: &str = "2018-05-01";
pub(crate) const PRIVATE_DNS: &str = "2024-06-01";
pub(crate) const ZONE: &str = "contoso.test";
const SUBSCRIPTION: &str = "11111111-1111-1111-1111-111111111111";
const GROUP: &str = "rg";

/// How much faster than Azure the emulator is waited for: a Front Door's 45 minutes are 4.5 s.
pub(crate) const FASTER: u32 = 600;
/// A strategy quick enough for a test.
pub(crate) const QUICK: &str = "{ttl: {steady: 2s, moving: 1s}, soak: 2s}";

/// The emulator, and everything else of a test's world.
pub(crate) struct Azure {
    pub(crate) world: World,
    pub(crate) emulator: Emulated,
    http: reqwest::Client,
    client: Client,
}

/// What is declared besides colors and probes.
pub(crate) struct Shape {
    pub(crate) targets: String,
    pub(crate) strategy: &'static str,
    pub(crate) more: String,
}

impl Shape {
    pub(crate) fn of(targets: String) -> Self {
        Self { targets, strategy: QUICK, more: String::new() }
    }

    pub(crate) fn by(self, strategy: &'static str) -> Self {
        Self { strategy, ..self }
    }

    pub(crate) fn and(self, more: impl Into<String>) -> Self {
        Self { more: more.into(), ..self }
    }
}

/// The id of a resource of the test's group, from its provider on.
pub(crate) fn id(path: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/{path}")
}

/// Where a declaration's target is.
pub(crate) fn place() -> String {
    format!("subscription: {SUBSCRIPTION}, resourceGroup: {GROUP}")
}

impl Azure {
    /// A zone whose record `shop` routes to blue; Front Door's edge listens.
    pub(crate) async fn new(pair: &Pair) -> Result<Self> {
        let world = World::new(pair).await?;
        let options = Options { front_door: Some(([127, 0, 0, 1], 0).into()), ..Options::default() };
        let emulator = Emulator::start(options).await?;
        let root = reqwest::Certificate::from_pem(emulator.ca_pem.as_bytes())?;
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([root]).build()?;
        let client = client(&emulator)?;
        let azure = Self { world, emulator, http, client };
        azure.put(&format!("Microsoft.Network/dnsZones/{ZONE}"), DNS, json!({"location": "global"})).await?;
        azure.write_record(azure.world.blue_door.ip()).await?;
        Ok(azure)
    }

    /// The record as Terraform writes it: whole, and without metadata of anybody's.
    pub(crate) async fn write_record(&self, to: std::net::Ipv4Addr) -> Result<()> {
        let body = json!({"properties": {"TTL": 2, "ARecords": [{"ipv4Address": to}]}});
        self.put(&format!("Microsoft.Network/dnsZones/{ZONE}/A/shop"), DNS, body).await.map(drop)
    }

    /// The record as ARM has it.
    pub(crate) async fn record(&self) -> Result<Value> {
        self.get(&format!("Microsoft.Network/dnsZones/{ZONE}/A/shop"), DNS).await
    }

    /// Puts a resource as a person would, and waits until its operation has ended.
    pub(crate) async fn put(&self, path: &str, version: &str, body: Value) -> Result<Value> {
        self.send(Method::PUT, &format!("{}?api-version={version}", id(path)), Some(body)).await?;
        let began = Instant::now();
        while began.elapsed() < world::PATIENCE {
            let now = self.get(path, version).await?;
            match now.pointer("/properties/provisioningState").and_then(Value::as_str) {
                Some("Failed") => bail!("{path} failed: {now}"),
                None | Some("Succeeded") => return Ok(now),
                // ARM has nothing to wait on but asking again.
                Some(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        bail!("{path} never came to its end")
    }

    pub(crate) async fn get(&self, path: &str, version: &str) -> Result<Value> {
        self.send(Method::GET, &format!("{}?api-version={version}", id(path)), None).await
    }

    /// Deletes a resource as a person would.
    pub(crate) async fn delete(&self, path: &str, version: &str) -> Result<()> {
        self.send(Method::DELETE, &format!("{}?api-version={version}", id(path)), None).await.map(drop)
    }

    /// The emulator's own administration.
    pub(crate) async fn admin(&self, method: Method, path: &str, body: Value) -> Result<Value> {
        self.send(method, &format!("/_emulator/{path}"), Some(body)).await
    }

    /// Lets time pass in the emulator: what it works on or spreads for no longer than that is done. The dates that it tells
    /// stay right.
    pub(crate) async fn pass(&self, time: Duration) -> Result<()> {
        self.admin(Method::POST, "clock", json!({"advanceSeconds": time.as_secs()})).await.map(drop)
    }

    /// What shall go wrong.
    pub(crate) async fn fault(&self, rule: Value) -> Result<()> {
        self.admin(Method::POST, "faults", rule).await.map(drop)
    }

    /// How often rules have struck.
    pub(crate) async fn struck(&self) -> Result<u64> {
        let told = self.admin(Method::GET, "faults", Value::Null).await?;
        let rules = told["value"].as_array().context("rules")?;
        Ok(rules.iter().filter_map(|rule| rule["struck"].as_u64()).sum())
    }

    /// How many calls of a method and a type have been made.
    pub(crate) async fn asked(&self, method: &str, kind: &str) -> Result<usize> {
        Ok(self.types_asked(method, kind).await?.len())
    }

    /// The types of all calls of a method whose type matches, as of one moment.
    pub(crate) async fn types_asked(&self, method: &str, kind: &str) -> Result<Vec<String>> {
        let calls = self.calls(method, kind).await?;
        Ok(calls.iter().map(|call| call["type"].as_str().unwrap_or_default().to_owned()).collect())
    }

    /// When each call of a method came whose type matches.
    pub(crate) async fn asked_at(&self, method: &str, kind: &str) -> Result<Vec<jiff::Timestamp>> {
        let calls = self.calls(method, kind).await?;
        calls.iter().map(|call| Ok(call["time"].as_str().context("time")?.parse()?)).collect()
    }

    /// The calls of a method whose type matches, as the emulator logged them.
    async fn calls(&self, method: &str, kind: &str) -> Result<Vec<Value>> {
        let mut told = self.admin(Method::GET, &format!("requests?method={method}&type={kind}"), Value::Null).await?;
        let Value::Array(calls) = told["value"].take() else { bail!("no requests: {told}") };
        Ok(calls)
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let url = format!("{}{path}", self.emulator.url());
        let mut request = self.http.request(method.clone(), &url).bearer_auth("a-person");
        if let Some(body) = body.filter(|body| !body.is_null()) {
            request = request.json(&body);
        }
        let answer = request.send().await.with_context(|| format!("{method} {path}"))?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            bail!("{method} {path} was refused with {status}: {text}");
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub(crate) fn text(&self, active: &str, shape: &Shape) -> String {
        self.world.spec(active, &shape.targets, shape.strategy, &shape.more)
    }

    pub(crate) fn commit(&self, active: &str, shape: &Shape) -> Result<String> {
        self.world.commit_text(active, &self.text(active, shape))
    }

    pub(crate) fn config(&self, identity: &str) -> SwitcherConfig {
        let mut config = self.world.config(identity);
        config.azure = Access::given(self.client.clone());
        config.faster = FASTER;
        config
    }

    pub(crate) async fn start(&self, identity: &str) -> Result<Running> {
        world::run(self.config(identity)).await
    }

    /// Commits blue and starts a switcher that has come to rest there.
    pub(crate) async fn steady_on_blue(&self, shape: &Shape) -> Result<Running> {
        self.commit(self.world.blue_color(), shape)?;
        let mut switcher = self.start("one").await?;
        switcher.until("steady on blue", steady_on(self.world.blue_color())).await?;
        Ok(switcher)
    }

    fn route(&self, shape: &Shape) -> Result<Route> {
        let switch = Switch::parse("switch.yaml", &self.text(self.world.green_color(), shape))?;
        Ok(Route::new(&switch, &Secrets::new(self.world.secrets()), &Access::given(self.client.clone()))?)
    }

    /// The ledger, where the declaration keeps it.
    pub(crate) async fn ledger(&self, shape: &Shape) -> Result<Ledger> {
        match self.route(shape)?.read(true).await?.1 {
            LedgerSeen::Known(ledger) => Ok(*ledger),
            other => bail!("{other:?}"),
        }
    }

    /// The emergency lane: the operator's identity and the declaration, nothing else.
    pub(crate) async fn order(&self, shape: &Shape, verb: Verb) -> Result<()> {
        world::give(&self.route(shape)?, verb, "it looks well").await
    }
}

/// A client as the switcher has it, as patient as a test can be: a pause of ten seconds makes it ask no second time, and
/// who goes on for a dead one waits for as long as that one's last request may live.
fn client(emulator: &Emulated) -> Result<Client> {
    let url = emulator.url();
    let cloud = Cloud::custom(&url, &url, None, "vault.azure.net")?;
    let credential = Credential::ClientSecret {
        tenant: "22222222-2222-2222-2222-222222222222".to_owned(),
        client: "33333333-3333-3333-3333-333333333333".to_owned(),
        secret: Hidden::new("s"),
    };
    let patience = RetryPolicy {
        attempts: 3,
        first_wait: Duration::from_millis(5),
        longest_wait: Duration::from_secs(2),
        attempt: Duration::from_secs(12),
        deadline: Duration::from_secs(15),
    };
    Ok(Client::new(Settings::new(cloud, credential).trusting(emulator.ca_pem.clone()).patient(patience))?)
}
