use super::*;

const HEAD: &str = r#"apiVersion: teal.dev/v1alpha1
kind: Switch
metadata: {name: contoso}
spec:
  active: blue
  colors:
    blue:  {cluster: {kubeconfig: blue}, probe: {url: "https://10.1.0.4/"}}
    green: {cluster: {kubeconfig: green}, probe: {url: "https://10.2.0.4/"}}
  ledger: {azureDns: {subscription: s, resourceGroup: state, zone: contoso.com, record: _teal}}
  targets:
"#;
const TO: &str = "    to: {blue: {ip: 10.1.0.4}, green: {ip: 10.2.0.4}}\n";

fn target(provider: &str) -> String {
    format!("  - {provider}\n{TO}")
}

fn dns() -> String {
    target("azureDns: {subscription: s, resourceGroup: rg, zone: contoso.com, record: aks}")
}

fn gateway() -> String {
    target("applicationGateway: {subscription: s, resourceGroup: rg, gateway: gw, pool: web}")
}

fn told(rest: &str) -> Vec<(usize, String)> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let switch = Switch::parse("s", &format!("{HEAD}{rest}")).unwrap();
    slow_as_declared(&switch).unwrap().into_iter().map(|slow| (slow.index, slow.to_string())).collect()
}

#[test]
fn an_objective_is_held_against_every_target() {
    let objective = |time: &str| format!("  rollback: {{objective: {time}}}\n");
    assert_eq!(told(&(dns() + &objective("150s"))), [], "one write, Azure's bound, the TTL");
    let record = (
        0,
        "aks.contoso.com: going back by azureDns takes up to 150 s (one write 80 s, or the provider's work 0 s with it; its propagation 60 s, TTL 10 s), longer than the declared rollback objective of 30 s".to_owned(),
    );
    assert_eq!(told(&(dns() + &objective("30s"))), std::slice::from_ref(&record));
    let both = told(&(dns() + &gateway() + &objective("30s")));
    assert_eq!(both.first(), Some(&record));
    assert!(both.len() == 2 && both[1].0 == 1 && both[1].1.contains("applicationGateway takes up to"), "{both:?}");
    let long = told(&(dns() + &objective("150s") + "  strategy: {ttl: {moving: 60s}}\n"));
    assert!(long.len() == 1 && long[0].1.contains("TTL 60 s"), "the TTL is part of the way: {long:?}");
}

#[test]
fn what_is_slow_alone_needs_a_declared_objective() {
    let alone = told(&gateway());
    assert!(alone.len() == 1 && alone[0].0 == 0, "{alone:?}");
    let asked = alone[0].1.split("objective: ").nth(1).unwrap().trim_end_matches("}`").to_owned();
    assert!(alone[0].1.contains("nothing else here is faster: move a DNS record instead"), "{alone:?}");
    assert_eq!(told(&format!("{}  rollback: {{objective: {asked}}}\n", gateway())), [], "what it asks for is enough");
    assert_eq!(told(&(dns() + &gateway())), [], "the record is the way back");
}
