//! `teal-writer GROUP`: prepares resources in an Azure emulator as a person would, lets Teal's own targets change them, and
//! prints what was asked of them as JSON, for foreign clients to compare with what they read.
//!
//! The emulator is named by `AZURE_EMULATOR_URL` and `AZURE_EMULATOR_CA`, as for those clients.

mod prepared;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use teal_api::switch::{
    Affinity, ApplicationGateway, AzureRecord, Destination, FrontDoor, FrontDoorBy, FrontDoorClassic, Provider,
    TrafficManager,
};
use teal_azure::credential::Hidden;
use teal_azure::{Client, Cloud, Credential, Settings};
use teal_targets::{Access, Change, Op, Options, Split, Target, Written};

const SUBSCRIPTION: &str = "11111111-1111-1111-1111-111111111111";
const TENANT: &str = "22222222-2222-2222-2222-222222222222";
/// Kept beside the record, as text.
const LEDGER: &str = "teal1 a ledger of no Switch";
const TTL: u32 = 10;
/// What green gets where there are shares.
const SHARE: u32 = 10;
/// Most calls until a follower is done.
const MOST_CALLS: usize = 60;

#[tokio::main]
async fn main() -> Result<()> {
    teal_daemon::install_crypto_provider();
    let [group] = &std::env::args().skip(1).collect::<Vec<_>>()[..] else { bail!("usage: teal-writer GROUP") };
    let client = client()?;
    prepared::everything(&client, group).await?;
    let writer = Writer { client, group: group.clone() };
    let said = json!({
        "group": group,
        "dns": writer.record(false).await.context("Azure DNS")?,
        "privateDns": writer.record(true).await.context("Azure Private DNS")?,
        "frontDoor": writer.front_door().await.context("Front Door")?,
        "trafficManager": writer.traffic_manager().await.context("Traffic Manager")?,
        "frontDoorClassic": writer.classic().await.context("Front Door (classic)")?,
        "applicationGateway": writer.gateway().await.context("Application Gateway")?,
    });
    println!("{said:#}");
    Ok(())
}

fn client() -> Result<Client> {
    let variable = |name: &str| std::env::var(name).with_context(|| format!("{name} is not set"));
    let (url, ca) = (variable("AZURE_EMULATOR_URL")?, variable("AZURE_EMULATOR_CA")?);
    let pem = std::fs::read(&ca).with_context(|| ca.clone())?;
    let secret = Hidden::new("any secret");
    let credential = Credential::ClientSecret { tenant: TENANT.into(), client: "teal".into(), secret };
    Ok(Client::new(Settings::new(Cloud::custom(&url, &url, None, "")?, credential).trusting(pem))?)
}

struct Writer {
    client: Client,
    group: String,
}

impl Writer {
    fn target(&self, provider: &Provider, blue: Destination, green: Destination) -> Result<Target> {
        let to = BTreeMap::from([("blue".to_owned(), blue), ("green".to_owned(), green)]);
        let access = Access { secret: None, azure: Some(self.client.clone()) };
        Target::new(provider, &to, &access, Options::default()).map_err(|mistakes| anyhow::anyhow!("{mistakes}"))
    }

    /// Record and ledger in one write.
    async fn record(&self, private: bool) -> Result<Value> {
        let (zone, name) = (prepared::zone(private), prepared::RECORD);
        let record = AzureRecord {
            subscription: SUBSCRIPTION.into(),
            resource_group: self.group.clone(),
            zone: zone.into(),
            record: name.into(),
            record_type: None,
            nameservers: Vec::new(),
        };
        let provider = if private { Provider::AzurePrivateDns(record) } else { Provider::AzureDns(record) };
        let [blue, green] = colors();
        let target = self.target(&provider, blue, green.clone())?;
        let before = target.read().await?;
        target.commit(&before.tag, Some(&Change { to: green, ttl: TTL }), LEDGER.as_bytes()).await?;
        let metadata = json!({"costCenter": "42", "teal": LEDGER});
        Ok(json!({"zone": zone, "record": name, "addresses": ["10.2.0.4"], "ttl": TTL, "metadata": metadata}))
    }

    /// A route to another origin group, and shares of origins within a group.
    async fn front_door(&self) -> Result<Value> {
        let front = |by| {
            Provider::FrontDoor(FrontDoor {
                subscription: SUBSCRIPTION.into(),
                resource_group: self.group.clone(),
                profile: prepared::PROFILE.into(),
                by,
                purge: Vec::new(),
                affinity: Affinity::Refuse,
            })
        };
        let by = FrontDoorBy::Groups { endpoint: "web".into(), route: "all".into() };
        let route = self.target(&front(by), named("g-blue"), named("g-green"))?;
        driven(&route, &Split::all("green")).await?;
        let origins =
            self.target(&front(FrontDoorBy::Origins { group: "both".into() }), named("o-blue"), named("o-green"))?;
        driven(&origins, &shares()?).await?;
        Ok(json!({
            "profile": prepared::PROFILE, "endpoint": "web", "route": "all", "originGroup": "g-green",
            "group": "both", "shares": {"o-blue": 100 - SHARE, "o-green": SHARE},
        }))
    }

    /// Shares of endpoints.
    async fn traffic_manager(&self) -> Result<Value> {
        let provider = Provider::TrafficManager(TrafficManager {
            subscription: SUBSCRIPTION.into(),
            resource_group: self.group.clone(),
            profile: prepared::PROFILE.into(),
        });
        driven(&self.target(&provider, named("ep-blue"), named("ep-green"))?, &shares()?).await?;
        Ok(json!({"profile": prepared::PROFILE, "shares": {"ep-blue": 100 - SHARE, "ep-green": SHARE}}))
    }

    /// Shares of backends in a pool of a whole.
    async fn classic(&self) -> Result<Value> {
        let provider = Provider::FrontDoorClassic(FrontDoorClassic {
            subscription: SUBSCRIPTION.into(),
            resource_group: self.group.clone(),
            front_door: self.group.clone(),
            pool: prepared::POOL.into(),
        });
        let [blue, green] = ["be-blue.written.example", "be-green.written.example"];
        let to = |name: &str| Destination::Cname(name.to_owned());
        driven(&self.target(&provider, to(blue), to(green))?, &shares()?).await?;
        Ok(json!({"frontDoor": self.group, "pool": prepared::POOL, "shares": {blue: 100 - SHARE, green: SHARE}}))
    }

    /// What a pool of a whole holds.
    async fn gateway(&self) -> Result<Value> {
        let provider = Provider::ApplicationGateway(ApplicationGateway {
            subscription: SUBSCRIPTION.into(),
            resource_group: self.group.clone(),
            gateway: prepared::GATEWAY.into(),
            pool: prepared::POOL.into(),
        });
        let [blue, green] = colors();
        driven(&self.target(&provider, blue, green)?, &Split::all("green")).await?;
        Ok(json!({"gateway": prepared::GATEWAY, "pool": prepared::POOL, "addresses": ["10.2.0.4"], "draining": 30,
            "tags": {"owner": "team"}}))
    }
}

/// Addresses of blue and green.
fn colors() -> [Destination; 2] {
    [prepared::BLUE, [10, 2, 0, 4]].map(|ip| Destination::Ip(vec![Ipv4Addr::from(ip)]))
}

fn named(name: &str) -> Destination {
    Destination::Named(name.to_owned())
}

fn shares() -> Result<Split> {
    Split::of([("blue", 100 - SHARE), ("green", SHARE)]).context("shares sum to 100")
}

/// Calls until it is done, as the switcher does.
async fn driven(target: &Target, split: &Split) -> Result<()> {
    let op = Op { id: "written".to_owned(), ttl: None, back: false };
    for _ in 0..MOST_CALLS {
        match target.route(split, &op).await? {
            Written::Done(_) => return Ok(()),
            Written::Working { operation: Some(operation), .. } => drop(target.poll(&operation).await?),
            Written::Working { operation: None, .. } => {}
        }
    }
    bail!("{} is not done after {MOST_CALLS} calls", target.name())
}
