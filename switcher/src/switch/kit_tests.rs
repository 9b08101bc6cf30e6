use super::*;
use crate::GitConfig;
use crate::azure::Azure;
use crate::source::Head;
use crate::status::{GitStatus, Status, SwitcherStatus};
use prometheus_client::registry::Registry;
use teal_azure::Client;

const DNS: &str = "rfc2136: {server: 127.0.0.1, zone: contoso.com, record: aks, tsig: {name: teal, algorithm: hmac-sha256, secret: dns}}";
const GATEWAY: &str = "applicationGateway: {subscription: s, resourceGroup: rg, gateway: gw, pool: web}";
const LEDGER: &str =
    "  ledger: {azureDns: {subscription: s, resourceGroup: state, zone: contoso.com, record: _teal}}\n";

fn declared(target: &str, rest: &str) -> DeclaredSwitch {
    let text = format!(
        "apiVersion: teal.dev/v1alpha1\nkind: Switch\nmetadata: {{name: contoso}}\nspec:\n  active: blue\n  colors:\n    \
         blue: {{cluster: {{kubeconfig: b}}, probe: {{url: \"http://127.0.0.1:9/\"}}}}\n    \
         green: {{cluster: {{kubeconfig: g}}, probe: {{url: \"http://127.0.0.1:9/\"}}}}\n  \
         targets:\n  - {target}\n    to: {{blue: {{ip: 10.1.0.4}}, green: {{ip: 10.2.0.4}}}}\n{rest}"
    );
    let revision: teal_git::CommitId = "0".repeat(40).parse().unwrap();
    DeclaredSwitch {
        switch: Arc::new(Switch::parse("switch.yaml", &text).unwrap()),
        file: "switch.yaml".to_owned(),
        commit: Head { id: revision.clone(), subject: String::new(), author: String::new() },
        revision,
        mistakes: Vec::new(),
    }
}

/// What the switcher says of a declaration before it does anything for it.
fn said(target: &str, rest: &str) -> Result<(), (&'static str, String)> {
    teal_daemon::install_crypto_provider();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("dns")).unwrap();
    for key in ["secret", "ledger"] {
        std::fs::write(folder.path().join("dns").join(key), "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=").unwrap();
    }
    let git = GitConfig::new(teal_git::Options::new("http://127.0.0.1:9/fleet"), "main", folder.path().join("store"));
    let mut config = SwitcherConfig::new("one", git, folder.path());
    config.azure = Azure::given(Client::unable().unwrap());
    let switcher = SwitcherStatus { identity: "one".to_owned(), color: None, version: String::new() };
    let (at, git) = (jiff::Timestamp::UNIX_EPOCH, GitStatus::default());
    let status = Status { at, switcher, git, switches: Vec::new(), invalid: Vec::new() };
    let metrics = Metrics::register(&mut Registry::default(), tokio::sync::watch::channel(status).1);
    let made = Kit::new(declared(target, rest), &config, Busy::default(), &Wake::default(), &metrics);
    made.map(|_| ()).map_err(|error| (error.reason(), error.to_string()))
}

#[tokio::test]
async fn a_declaration_whose_way_back_is_slower_than_promised_is_refused() {
    for (target, rest, want) in [
        (DNS, String::new(), None),
        (DNS, "  rollback: {objective: 30s}\n".to_owned(), None),
        (
            DNS,
            "  rollback: {objective: 5s}\n".to_owned(),
            Some("aks.contoso.com: going back by rfc2136 takes up to 14 s"),
        ),
        (
            DNS,
            "  rollback: {objective: 30s}\n  strategy: {ttl: {moving: 60s}}\n".to_owned(),
            Some("longer than the declared rollback objective of 30 s"),
        ),
        (GATEWAY, LEDGER.to_owned(), Some("nothing else here is faster")),
        (GATEWAY, format!("{LEDGER}  rollback: {{objective: 90m}}\n"), None),
    ] {
        match (said(target, &rest), want) {
            (Ok(()), None) => {}
            (Err((reason, text)), Some(want)) => {
                assert!(reason == "RollbackTooSlow" && text.contains(want), "{reason}: {text}");
            }
            (said, want) => panic!("{target} {rest}: {said:?}, and not {want:?}"),
        }
    }
}

#[test]
fn a_longer_ttl_is_held_against_the_promise_anew() {
    let with = |rest: &str| declared(DNS, rest).switch;
    let short = with("  rollback: {objective: 30s}\n");
    assert_eq!(promise(&short), promise(&with("  rollback: {objective: 30s}\n  strategy: {soak: 5m}\n")));
    let longer = with("  rollback: {objective: 30s}\n  strategy: {ttl: {moving: 60s}}\n");
    assert_ne!(promise(&short), promise(&longer));
    let nothing = with("  strategy: {ttl: {moving: 60s}}\n");
    assert_eq!(promise(&nothing), promise(&with("")), "nothing is promised: the same parts serve");
}
