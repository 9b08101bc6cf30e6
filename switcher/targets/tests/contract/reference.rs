//! The table of truths in `docs/reference/targets.md` is what the code says. `TEAL_WRITE_REFERENCE=1` writes it.

use std::collections::BTreeMap;
use std::time::Duration;

use teal_api::switch::{
    Affinity, ApplicationGateway, AzureRecord, Destination, FrontDoor, FrontDoorBy, FrontDoorClassic, Provider,
    Rfc2136, TrafficManager, Tsig, TsigAlgorithm,
};
use teal_azure::{Client, Cloud, Credential, Settings};
use teal_targets::{Access, Options, Secret, Target, Truths};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/targets.md");
const TTL: Duration = Duration::from_secs(10);

fn providers() -> Vec<(&'static str, Provider, Destination)> {
    let text = str::to_owned;
    let record = || AzureRecord {
        subscription: text("s"),
        resource_group: text("g"),
        zone: text("contoso.com"),
        record: text("aks"),
        record_type: None,
        nameservers: Vec::new(),
    };
    let front = |by| {
        let (purge, affinity) = (Vec::new(), Affinity::Refuse);
        Provider::FrontDoor(FrontDoor {
            subscription: text("s"),
            resource_group: text("g"),
            profile: text("p"),
            by,
            purge,
            affinity,
        })
    };
    let ip = || Destination::Ip(vec![std::net::Ipv4Addr::new(10, 1, 0, 4)]);
    let named = || Destination::Named(text("blue"));
    let tsig = Tsig { name: text("k"), algorithm: TsigAlgorithm::HmacSha256, secret: text("dns") };
    let rfc2136 =
        Rfc2136 { server: text("ns1"), secondaries: Vec::new(), zone: text("contoso.com"), record: text("aks"), tsig };
    let (subscription, resource_group) = (text("s"), text("g"));
    let here = || (subscription.clone(), resource_group.clone());
    let ((s1, g1), (s2, g2), (s3, g3)) = (here(), here(), here());
    vec![
        ("`rfc2136`", Provider::Rfc2136(rfc2136), ip()),
        ("`azureDns`", Provider::AzureDns(record()), ip()),
        ("`azurePrivateDns`", Provider::AzurePrivateDns(record()), ip()),
        (
            "`trafficManager`",
            Provider::TrafficManager(TrafficManager { subscription: s1, resource_group: g1, profile: text("p") }),
            named(),
        ),
        ("`frontDoor`, a route", front(FrontDoorBy::Groups { endpoint: text("e"), route: text("r") }), named()),
        ("`frontDoor`, origins", front(FrontDoorBy::Origins { group: text("g") }), named()),
        (
            "`frontDoorClassic`",
            Provider::FrontDoorClassic(FrontDoorClassic {
                subscription: s2,
                resource_group: g2,
                front_door: text("f"),
                pool: text("p"),
            }),
            ip(),
        ),
        (
            "`applicationGateway`",
            Provider::ApplicationGateway(ApplicationGateway {
                subscription: s3,
                resource_group: g3,
                gateway: text("g"),
                pool: text("p"),
            }),
            ip(),
        ),
    ]
}

fn row(name: &str, truths: &Truths) -> String {
    let seconds = |time: Duration| format!("{} s", time.as_secs());
    let ledger = if truths.ledger_limit > 0 { format!("{} bytes", truths.ledger_limit) } else { "–".to_owned() };
    let weights = truths.weights.map_or("–".to_owned(), |weights| format!("{} to {}", weights.least, weights.most));
    let yes = |is: bool| if is { "yes" } else { "–" };
    format!(
        "| {name} | {} | {ledger} | {weights} | {} | {} | {} | {} | {} | {} |",
        yes(truths.cas),
        seconds(truths.settling),
        seconds(truths.propagation_bound),
        seconds(truths.request_life),
        seconds(truths.late_write),
        seconds(truths.way_back(TTL)),
        yes(truths.rollback_lane),
    )
}

#[test]
fn the_page_says_what_the_code_says() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let azure = Client::new(Settings::new(Cloud::public(), Credential::AzureCli { tenant: None })).unwrap();
    let access = Access { secret: Some(Secret::new([7; 32])), azure: Some(azure) };
    let mut table = String::from(
        "| target | compares | ledger | weights | settling | propagation | one write | late write | way back at TTL 10 s | rollback lane |\n|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for (name, provider, to) in providers() {
        let to = BTreeMap::from([("blue".to_owned(), to)]);
        let target = Target::new(&provider, &to, &access, Options::default()).unwrap();
        table.push_str(&row(name, &target.truths()));
        table.push('\n');
    }
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once("<!-- truths: begin -->\n").unwrap();
    let (old, after) = rest.split_once("<!-- truths: end -->").unwrap();
    if std::env::var_os("TEAL_WRITE_REFERENCE").is_some() {
        std::fs::write(PAGE, format!("{before}<!-- truths: begin -->\n{table}<!-- truths: end -->{after}")).unwrap();
        return;
    }
    assert_eq!(old, table, "run this test with TEAL_WRITE_REFERENCE=1");
}
