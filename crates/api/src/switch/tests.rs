mod azure;
mod topology;
mod whole;

use std::time::Duration;

use super::*;

const GOOD: &str = r#"# The one word below moves the traffic.
apiVersion: teal.dev/v1alpha1
kind: Switch
metadata: {name: contoso}
spec:
  active: blue
  attempt: 2
  colors:
    blue:  {cluster: {kubeconfig: blue-access},  probe: {url: "https://10.1.0.4/healthz", host: aks.contoso.com}}
    green: {cluster: {kubeconfig: green-access}, probe: {url: "https://10.2.0.4/healthz", host: aks.contoso.com, status: [200, 204], contains: ok, timeout: 500ms}}
  targets:
  - rfc2136:
      server: ns1.contoso.com
      secondaries: [10.0.0.2:5353]
      zone: Contoso.com.
      record: aks
      tsig: {name: teal, algorithm: hmac-sha512, secret: dns-key}
    to: {blue: {ip: 10.1.0.4}, green: {ip: [10.2.0.5, 10.2.0.4]}}
  vantages: [{resolver: 10.0.0.10}]
  strategy: {ttl: {steady: 300s, moving: 10s}, soak: 30m, deadline: 1h}
  freeze: {max: 1h, exempt: {users: [ci], groups: ["ops:night"]}}
  gates:
    before: [{platform: {}}, {synced: {}}, {parity: {minimum: 99.5%}}, {http: {url: "http://10.2.0.4/"}}]
    during: [{prometheus: {address: "http://prometheus:9090", query: "errors{color=\"${color}\"}", success: "value < 0.01", interval: 15s, failureLimit: 1}}]
  rollback: {automatic: false, fallback: back, unknownDeadline: 2m, lastResort: other}
  failover: manual
  health: {freshness: 9s, threshold: 3, control: {url: "http://10.0.0.1/"}}
"#;

/// The mistakes after replacing one text of the good declaration by another.
fn mistakes(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    match Switch::parse("switch.yaml", &GOOD.replacen(from, to, 1)) {
        Ok(_) => "valid".to_owned(),
        Err(mistakes) => mistakes.to_string(),
    }
}

#[test]
fn everything_is_read() {
    let switch = Switch::parse("switch.yaml", GOOD).unwrap();
    assert_eq!(
        (switch.name.as_str(), switch.active.as_str(), switch.attempt, switch.with_fleet),
        ("contoso", "blue", 2, false)
    );
    assert_eq!(switch.colors["blue"].cluster, Cluster::Kubeconfig("blue-access".to_owned()));
    let probe = &switch.colors["green"].probe;
    assert_eq!(
        (probe.status.as_slice(), probe.contains.as_deref(), probe.timeout),
        ([200, 204].as_slice(), Some("ok"), Duration::from_millis(500))
    );
    let Provider::Rfc2136(provider) = &switch.targets[0].provider else { panic!("not rfc2136") };
    assert_eq!(
        (provider.zone.as_str(), provider.server.as_str(), provider.tsig.algorithm),
        ("contoso.com", "ns1.contoso.com", TsigAlgorithm::HmacSha512)
    );
    assert_eq!(provider.secondaries, ["10.0.0.2:5353"]);
    assert_eq!(
        switch.targets[0].to["green"],
        Destination::Ip(vec!["10.2.0.4".parse().unwrap(), "10.2.0.5".parse().unwrap()])
    );
    assert_eq!(switch.vantages, [Vantage::Resolver("10.0.0.10".to_owned())]);
    assert_eq!(switch.strategy.ttl_moving, Duration::from_secs(10));
    let freeze = switch.freeze.unwrap();
    assert_eq!(
        (freeze.max, freeze.exempt_users, freeze.exempt_groups),
        (Duration::from_secs(3600), vec!["ci".to_owned()], vec!["ops:night".to_owned()])
    );
    assert_eq!(switch.gates.before.len(), 4);
    assert_eq!(switch.gates.before[2], Gate::Parity { minimum: 99.5 });
    let Gate::Prometheus(prometheus) = &switch.gates.during[0] else { panic!("not prometheus") };
    assert_eq!(prometheus.success, Comparison { operator: Operator::Less, bound: 0.01 });
    assert_eq!((prometheus.interval, prometheus.failure_limit), (Duration::from_secs(15), 1));
    assert_eq!(
        switch.rollback,
        Rollback {
            automatic: false,
            fallback: Fallback::Back,
            unknown_deadline: Duration::from_secs(120),
            last_resort_other: true,
            objective: None
        }
    );
    assert_eq!(
        (switch.health.freshness, switch.health.interval, switch.health.threshold),
        (Duration::from_secs(9), Duration::from_secs(3), 3)
    );
    assert!(switch.health.control.is_some());
}

#[test]
fn defaults_are_those_of_the_design() {
    let text = &GOOD[..GOOD.find("  vantages").unwrap()];
    let switch = Switch::parse("switch.yaml", &text.replace("  attempt: 2\n", "")).unwrap();
    assert_eq!(switch.attempt, 1);
    assert_eq!(
        switch.strategy,
        Strategy {
            ttl_steady: Duration::from_secs(300),
            ttl_moving: Duration::from_secs(10),
            soak: Duration::from_secs(1800),
            deadline: Duration::from_secs(3600),
            ttl_maximum: None,
            steps: Vec::new()
        }
    );
    assert_eq!(switch.freeze.unwrap().max, Duration::from_secs(7200), "on by default");
    assert_eq!(
        switch.rollback,
        Rollback {
            automatic: true,
            fallback: Fallback::Hold,
            unknown_deadline: Duration::from_secs(300),
            last_resort_other: false,
            objective: None
        }
    );
    assert_eq!(
        switch.health,
        Health { freshness: Duration::from_secs(15), interval: Duration::from_secs(5), threshold: 2, control: None }
    );
    assert_eq!((switch.gates, switch.failover), (Gates::default(), Failover::Manual));
}

#[test]
fn a_freeze_is_turned_off_by_one_word() {
    for off in ["freeze: off", "freeze: 'off'", "freeze: false"] {
        let text = GOOD.replace("freeze: {max: 1h, exempt: {users: [ci], groups: [\"ops:night\"]}}", off);
        assert_eq!(Switch::parse("switch.yaml", &text).unwrap().freeze, None, "{off}");
    }
}

#[test]
fn five_mistakes_are_five_messages() {
    let text = GOOD
        .replace("active: blue", "active: bleu")
        .replace("moving: 10s", "moving: 600s")
        .replace("green: {ip: [10.2.0.5, 10.2.0.4]}", "gren: {ip: 10.2.0}")
        .replace("failureLimit: 1", "failurelimit: 1");
    assert_eq!(
        Switch::parse("switch.yaml", &text).unwrap_err().to_string(),
        "switch.yaml:6:11: spec.active: `bleu` is no color of this Switch; did you mean `blue`?\n\
         switch.yaml:18:9: spec.targets[0].to: no address for `green`; every color needs one\n\
         switch.yaml:18:38: spec.targets[0].to.gren: `gren` is no color of this Switch; did you mean `green`?\n\
         switch.yaml:18:43: spec.targets[0].to.gren.ip: `10.2.0` is no IPv4 address; write one such as `10.1.0.4`\n\
         switch.yaml:20:42: spec.strategy.ttl.moving: `10m` is above `steady` (`5m`); the TTL is lowered for a move\n\
         switch.yaml:24:140: spec.gates.during[0].prometheus.failurelimit: unknown field; did you mean `failureLimit`?"
    );
}

#[test]
fn each_wrong_switch_is_told_what_would_be_right() {
    for (from, to, said) in [
        (
            "active: blue",
            "active: purple",
            "switch.yaml:6:11: spec.active: `purple` is no color of this Switch; known are blue, green",
        ),
        ("  active: blue\n", "", "switch.yaml:6:3: spec.active: missing; write the color that serves, such as `blue`"),
        ("attempt: 2", "attempt: 0", "switch.yaml:7:12: spec.attempt: write a whole number from 1"),
        ("attempt: 2", "atempt: 2", "switch.yaml:7:3: spec.atempt: unknown field; did you mean `attempt`?"),
        (
            "attempt: 2",
            "capacity: {hold: 100%}",
            "switch.yaml:7:3: spec.capacity: not supported yet by this version; remove it",
        ),
        ("attempt: 2", "withFleet: perhaps", "switch.yaml:7:14: spec.withFleet: a text where true or false belongs"),
        (
            "{kubeconfig: green-access}",
            "{kubeconfig: blue-access}",
            "switch.yaml:10:12: spec.colors.green: has the same cluster as `blue`; each color is a cluster of its own",
        ),
        (
            "{kubeconfig: green-access}",
            "{aks: /subscriptions/x}",
            "switch.yaml:10:28: spec.colors.green.cluster.aks: `/subscriptions/x` is no resource id; write `/subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.ContainerService/managedClusters/<name>`",
        ),
        (
            "{kubeconfig: green-access}",
            "{}",
            "switch.yaml:10:22: spec.colors.green.cluster: nothing where one way to reach the cluster belongs; write one of kubeconfig, aks",
        ),
        (
            "url: \"https://10.2.0.4/healthz\"",
            "url: 10.2.0.4/healthz",
            "switch.yaml:10:63: spec.colors.green.probe.url: `10.2.0.4/healthz` is no address; it begins with `http://` or `https://`",
        ),
        (
            "server: ns1.contoso.com",
            "server: 'ns1:dns'",
            "switch.yaml:13:15: spec.targets[0].rfc2136.server: `ns1:dns` is no server; write `host`, `host:port` or `[ipv6]:port`",
        ),
        (
            "record: aks",
            "record: aks.contoso.com",
            "switch.yaml:16:15: spec.targets[0].rfc2136.record: has the zone in it; write `aks`",
        ),
        (
            "hmac-sha512",
            "hmac-md5",
            "switch.yaml:17:37: spec.targets[0].rfc2136.tsig.algorithm: is `hmac-md5`; known are hmac-sha256, hmac-sha384, hmac-sha512",
        ),
        (
            "secret: dns-key",
            "secret: c2VjcmV0IQ==",
            "switch.yaml:17:58: spec.targets[0].rfc2136.tsig.secret: is no name of a Secret; the key itself never belongs into git",
        ),
        (
            "green: {ip: [10.2.0.5, 10.2.0.4]}",
            "green: {ip: 10.1.0.4}",
            "switch.yaml:18:39: spec.targets[0].to.green: is the same address as `blue`'s; nothing would move",
        ),
        (
            "green: {ip: [10.2.0.5, 10.2.0.4]}",
            "green: {cname: a.b}",
            "switch.yaml:18:40: spec.targets[0].to.green.cname: unknown field; known are ip",
        ),
        (
            "green: {ip: [10.2.0.5, 10.2.0.4]}",
            "green: {ip: 'fd00::1'}",
            "switch.yaml:18:44: spec.targets[0].to.green.ip: `fd00::1` is IPv6, which belongs under `ipv6`; write an IPv4 address",
        ),
        (
            "{resolver: 10.0.0.10}",
            "{agent: green}",
            "switch.yaml:19:15: spec.vantages[0].agent: not supported yet by this version; remove it",
        ),
        (
            "steady: 300s",
            "steady: 300",
            "switch.yaml:20:28: spec.strategy.ttl.steady: a number without a unit; write `300s` for seconds",
        ),
        (
            "steady: 300s",
            "steady: 1500ms",
            "switch.yaml:20:28: spec.strategy.ttl.steady: a TTL is whole seconds, from `1s` to `168h`",
        ),
        (
            "soak: 30m",
            "steps: []",
            "switch.yaml:20:55: spec.strategy.steps: no steps; leave it out to move all traffic at once",
        ),
        (
            "freeze: {max: 1h,",
            "freeze: {max: 1s,",
            "switch.yaml:21:17: spec.freeze.max: too short; write at least `1m`",
        ),
        (
            "{platform: {}}",
            "{platfrom: {}}",
            "switch.yaml:23:15: spec.gates.before[0].platfrom: unknown field; did you mean `platform`?",
        ),
        (
            "{platform: {}}",
            "platform",
            "switch.yaml:23:14: spec.gates.before[0]: a word where a mapping belongs; write `platform: {}`",
        ),
        (
            "{platform: {}}",
            "{load: {}}",
            "switch.yaml:23:15: spec.gates.before[0].load: not supported yet by this version; remove it",
        ),
        (
            "{platform: {}}",
            "{platform: {}, synced: {}}",
            "switch.yaml:23:14: spec.gates.before[0]: several keys where one gate belongs; write one of platform, synced, parity, http, prometheus, azureMonitor, topology",
        ),
        (
            "99.5%",
            "101%",
            "switch.yaml:23:63: spec.gates.before[2].parity.minimum: write a share from `0%` to `100%`, with the percent sign",
        ),
        (
            "value < 0.01",
            "errors < 1",
            "switch.yaml:24:109: spec.gates.during[0].prometheus.success: `errors < 1` is no comparison; write `value`, one of < <= > >= == != and a number, such as `value < 0.01`",
        ),
        (
            "fallback: back",
            "fallback: wait",
            "switch.yaml:25:42: spec.rollback.fallback: is `wait`; known are hold, back",
        ),
        (
            "failover: manual",
            "failover: automatic",
            "switch.yaml:26:13: spec.failover: `automatic` is not supported yet by this version; write `manual`",
        ),
        (
            "freshness: 9s",
            "freshness: 9s, interval: 10s",
            "switch.yaml:27:37: spec.health.interval: `10s` is above `freshness` (`9s`); evidence would be outdated before the next probe",
        ),
    ] {
        assert_eq!(mistakes(from, to), said, "{from} → {to}");
    }
}

#[test]
fn a_provider_of_another_version_is_told_so_and_nothing_else() {
    let text = GOOD.replace(
        "  - rfc2136:\n      server: ns1.contoso.com\n      secondaries: [10.0.0.2:5353]\n      zone: Contoso.com.\n      record: aks\n      tsig: {name: teal, algorithm: hmac-sha512, secret: dns-key}\n",
        "  - httpRoute: {namespace: web, name: aks}\n",
    );
    let said = Switch::parse("switch.yaml", &text).unwrap_err().to_string();
    assert_eq!(said, "switch.yaml:12:5: spec.targets[0].httpRoute: not supported yet by this version; remove it");
}

#[test]
fn one_color_is_not_enough() {
    let text = "apiVersion: teal.dev/v1alpha1\nkind: Switch\nmetadata: {name: a}\nspec:\n  active: blue\n  colors:\n    blue: {}\n  targets: []\n";
    assert_eq!(
        Switch::parse("s.yaml", text).unwrap_err().to_string(),
        "s.yaml:7:5: spec.colors: one color only; a Switch needs at least two\n\
         s.yaml:7:11: spec.colors.blue.cluster: missing; write `cluster: {kubeconfig: <Secret>}` or `cluster: {aks: <ARM id>}`\n\
         s.yaml:7:11: spec.colors.blue.probe: missing; write `probe: {url: …, host: …}`: health is proved without the API server\n\
         s.yaml:8:12: spec.targets: no targets; write at least one"
    );
}
