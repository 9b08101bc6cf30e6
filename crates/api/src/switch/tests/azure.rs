//! Azure's providers, the ledger's place, steps, and what the parts demand of one another.

use std::time::Duration;

use crate::switch::{
    Aggregation, AzureRecord, Cloud, Cluster, Credential, Destination, FrontDoorBy, Gate, Provider, RecordType, Stage,
    Switch,
};

const HEAD: &str = r#"apiVersion: teal.dev/v1alpha1
kind: Switch
metadata: {name: contoso}
spec:
  active: blue
  colors:
    blue:  {cluster: {aks: /subscriptions/S/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/Blue}, probe: {url: "https://10.1.0.4/"}}
    green: {cluster: {kubeconfig: green}, probe: {url: "https://10.2.0.4/"}}
"#;

const PLACE: &str = "subscription: s, resourceGroup: rg";

fn read(rest: &str) -> Switch {
    match Switch::parse("s", &format!("{HEAD}{rest}")) {
        Ok(switch) => switch,
        Err(mistakes) => panic!("{mistakes}\n{rest}"),
    }
}

/// What is said about a declaration, one line a mistake, without file and place.
fn said(rest: &str) -> Vec<String> {
    let Err(mistakes) = Switch::parse("s", &format!("{HEAD}{rest}")) else { return vec!["valid".to_owned()] };
    mistakes.0.iter().map(|mistake| format!("{}: {}", mistake.field, mistake.message)).collect()
}

fn target(provider: &str, blue: &str, green: &str) -> String {
    format!("  - {provider}\n    to: {{blue: {{{blue}}}, green: {{{green}}}}}\n")
}

fn dns(record: &str) -> String {
    target(&format!("azureDns: {{{PLACE}, zone: contoso.com, record: {record}}}"), "ip: 10.1.0.4", "ip: 10.2.0.4")
}

fn traffic_manager() -> String {
    target(&format!("trafficManager: {{{PLACE}, profile: contoso}}"), "endpoint: Blue", "endpoint: green")
}

fn route() -> String {
    let provider = format!("frontDoor: {{{PLACE}, profile: fd, endpoint: web, route: main, purge: [\"/*\"]}}");
    target(&provider, "originGroup: blue", "originGroup: green")
}

#[test]
fn every_provider_is_read() {
    let v6 = format!("azureDns: {{{PLACE}, zone: contoso.com, record: aks}}");
    let private = format!("azurePrivateDns: {{{PLACE}, zone: priv.contoso.com, record: '@'}}");
    let gateway = format!("applicationGateway: {{{PLACE}, gateway: gw, pool: web}}");
    let classic = format!("frontDoorClassic: {{{PLACE}, frontDoor: fd, pool: web}}");
    let alias =
        format!("azureDns: {{{PLACE}, zone: contoso.com, record: pip, recordType: A, nameservers: ['127.0.0.1:53']}}");
    let id = |name: &str| {
        format!("resourceId: /subscriptions/S/resourceGroups/RG/providers/Microsoft.Network/publicIPAddresses/{name}/")
    };
    let switch = read(&[
        "  targets:\n".to_owned(),
        dns("aks"),
        target(&v6, "ipv6: 'fd00::1'", "ipv6: ['fd00::3', 'fd00::2']"),
        target(&private, "ip: 10.1.0.4", "ip: 10.2.0.4"),
        route(),
        target(&classic, "cname: Blue.contoso.com.", "cname: green.contoso.com"),
        traffic_manager(),
        target(&gateway, "ip: 10.1.0.4", "ip: 10.2.0.4"),
        target(&alias, &id("blue"), &id("green")),
        "  azure: {cloud: usGovernment, tenant: contoso.com, clientId: 00000000-0000-0000-0000-00000000000A, credential: workloadIdentity}\n".to_owned(),
        "  rollback: {objective: 5m}\n".to_owned(),
    ]
    .concat());
    let kinds: Vec<&str> = switch.targets.iter().map(|target| target.provider.kind()).collect();
    let all = [
        "azureDns",
        "azureDns",
        "azurePrivateDns",
        "frontDoor",
        "frontDoorClassic",
        "trafficManager",
        "applicationGateway",
        "azureDns",
    ];
    assert_eq!(kinds, all);
    let to = |index: usize, color: &str| switch.targets[index].to[color].clone();
    assert_eq!(to(1, "green"), Destination::Ipv6(vec!["fd00::2".parse().unwrap(), "fd00::3".parse().unwrap()]));
    assert_eq!(to(4, "blue"), Destination::Cname("blue.contoso.com".to_owned()));
    assert_eq!(to(5, "blue"), Destination::Named("blue".to_owned()), "names in Azure have no case");
    let alias = "/subscriptions/s/resourcegroups/rg/providers/microsoft.network/publicipaddresses/blue";
    assert_eq!(to(7, "blue"), Destination::ResourceId(alias.to_owned()));
    let Provider::AzureDns(AzureRecord { record_type, nameservers, .. }) = &switch.targets[7].provider else {
        panic!()
    };
    assert_eq!((*record_type, nameservers.len()), (Some(RecordType::A), 1));
    let Provider::FrontDoor(front) = &switch.targets[3].provider else { panic!() };
    assert_eq!(front.by, FrontDoorBy::Groups { endpoint: "web".to_owned(), route: "main".to_owned() });
    assert_eq!(
        (switch.azure.cloud, switch.azure.credential),
        (Some(Cloud::UsGovernment), Credential::WorkloadIdentity)
    );
    assert_eq!(switch.azure.client_id.as_deref(), Some("00000000-0000-0000-0000-00000000000a"));
    assert_eq!(switch.rollback.objective, Some(Duration::from_secs(300)));
    let Cluster::Aks(id) = &switch.colors["blue"].cluster else { panic!() };
    assert_eq!(id, "/subscriptions/s/resourcegroups/rg/providers/microsoft.containerservice/managedclusters/blue");
}

#[test]
fn steps_and_the_ledgers_own_place_are_read() {
    let switch = read(&format!(
        "  targets:\n{}  ledger: {{azureDns: {{{PLACE}-state, zone: contoso.com, record: _teal}}, key: sealing}}\n  strategy: {{steps: [{{weight: 10, hold: 10m}}, {{pause: {{}}}}, {{weight: 100}}], ttl: {{maximum: 1h}}}}\n",
        traffic_manager()
    ));
    let ten = Stage::Weight { weight: 10, hold: Duration::from_secs(600) };
    assert_eq!(switch.strategy.steps, [ten, Stage::Pause, Stage::Weight { weight: 100, hold: Duration::ZERO }]);
    assert_eq!(switch.strategy.ttl_maximum, Some(Duration::from_secs(3600)));
    let own = switch.ledger.own.unwrap();
    assert_eq!(
        (own.record.record.as_str(), own.private, switch.ledger.key.as_deref()),
        ("_teal", false, Some("sealing"))
    );
}

#[test]
fn a_metric_of_azure_monitor_is_a_gate() {
    let gate =
        |fields: &str| format!("  targets:\n{}  gates: {{during: [{{azureMonitor: {{{fields}}}}}]}}\n", dns("aks"));
    let id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/applicationGateways/${color}";
    let switch = read(&gate(&format!(
        "resource: '{id}', metric: FailedRequests, aggregation: total, filter: \"A eq '${{color}}'\", baseline: {{within: 10%}}"
    )));
    let Gate::AzureMonitor(read) = &switch.gates.during[0] else { panic!() };
    assert_eq!((read.aggregation, read.window), (Aggregation::Total, Duration::from_secs(300)));
    assert_eq!(read.baseline.as_ref().map(|baseline| baseline.within), Some(10.0));
    assert_eq!(
        said(&gate("resource: web, metric: x, aggregation: mean")),
        [
            "spec.gates.during[0].azureMonitor: judges nothing; write `success: \"value < 1\"`, or `baseline: {within: 10%}`",
            "spec.gates.during[0].azureMonitor.resource: `web` is no resource id; it begins with `/subscriptions/` and names a provider",
            "spec.gates.during[0].azureMonitor.aggregation: is `mean`; known are average, total, count, minimum, maximum",
        ]
    );
}

#[test]
fn every_mistake_of_the_identity_is_told_at_once() {
    let azure = |fields: &str| said(&format!("  targets:\n{}  azure: {{{fields}}}\n", dns("aks")));
    assert_eq!(
        azure("cloud: mooncake, tenant: 'a/b', clientId: hunter2, credential: password, secret: x"),
        [
            "spec.azure.cloud: is `mooncake`; known are public, usGovernment, china, custom",
            "spec.azure.tenant: `a/b` is no name in Azure; use letters, digits, `-`, `_`, `.` and brackets, at most 90",
            "spec.azure.clientId: is no client id, such as `00000000-0000-0000-0000-000000000000`; a client's secret never belongs into git",
            "spec.azure.credential: is `password`; known are environment, workloadIdentity, managedIdentity, clientSecret, clientCertificate, azureCli",
            "spec.azure.secret: unknown field; known are cloud, tenant, clientId, credential",
        ]
    );
}

#[test]
fn each_wrong_target_is_told_what_would_be_right() {
    let one = |text: String| said(&format!("  targets:\n{text}"));
    let cname = format!("azureDns: {{{PLACE}, zone: contoso.com, record: aks}}");
    let steps = |targets: String| {
        said(&format!("  targets:\n{targets}  strategy: {{steps: [{{weight: 10}}, {{weight: 100}}]}}\n"))
    };
    for (rule, found, want) in [
        (
            "A and CNAME",
            one(target(&cname, "ip: 10.1.0.4", "cname: green.contoso.com")),
            "spec.targets[0].to.green: is `cname` where `blue` is `ip`: a change of kind has a gap in which nothing answers; use one kind for all colors",
        ),
        (
            "of another provider",
            one(dns("aks").replace("ip: 10.2.0.4", "endpoint: green")),
            "spec.targets[0].to.green.endpoint: unknown field; known are ip, ipv6, cname, resourceId",
        ),
        (
            "no type for an alias",
            one(target(
                &cname,
                "resourceId: /subscriptions/s/resourceGroups/r/providers/a.b/c/d",
                "resourceId: /subscriptions/s/resourceGroups/r/providers/a.b/c/e",
            )),
            "spec.targets[0]: an alias record needs its type: write `recordType: A`, `AAAA` or `CNAME`",
        ),
        (
            "the wrong type",
            one(dns("aks, recordType: CNAME")),
            "spec.targets[0]: `recordType` is not `A`, which its destinations need; leave it out",
        ),
        (
            "no provider",
            one("  - to: {blue: {ip: 10.1.0.4}, green: {ip: 10.2.0.4}}\n".to_owned()),
            "spec.targets[0]: names nothing that is moved; write one of rfc2136, azureDns, azurePrivateDns, frontDoor, frontDoorClassic, trafficManager, applicationGateway",
        ),
        (
            "a typo",
            one(dns("aks").replace("azureDns", "azureDNS")),
            "spec.targets[0].azureDNS: unknown field; did you mean `azureDns`?",
        ),
        (
            "the same thing twice",
            one(dns("aks") + &dns("AKS")),
            "spec.targets[1]: moves the same thing as targets[0]; each target is a thing of its own",
        ),
        (
            "a Front Door alone",
            one(route()).into_iter().filter(|line| line.contains("90")).collect(),
            "spec.targets[0]: a Front Door takes up to 90 minutes to go back, and nothing else here can: move the DNS record behind it, or declare `rollback: {objective: 90m}` (it is not declared)",
        ),
        (
            "a purge without an endpoint",
            one(dns("aks")
                + &target(
                    &format!("frontDoor: {{{PLACE}, profile: fd, originGroup: web, purge: [\"/*\"]}}"),
                    "origin: blue",
                    "origin: green",
                )),
            "spec.targets[1].frontDoor.purge: an endpoint's cache is what is purged, and `originGroup` names none: move the group by `endpoint` and `route`, or leave `purge` out",
        ),
        (
            "no place for the ledger",
            one(traffic_manager()),
            "spec.targets[0]: `trafficManager` can't keep the ledger: give it a record of its own: `ledger: {azureDns: {subscription: …, resourceGroup: …, zone: …, record: _teal}}`",
        ),
        (
            "the DNS target comes later",
            one(traffic_manager() + &dns("aks")),
            "spec.targets[0]: `trafficManager` can't keep the ledger: put the DNS target first, which keeps it, or give it a record of its own: `ledger: {azureDns: {subscription: …, resourceGroup: …, zone: …, record: _teal}}`",
        ),
        (
            "endpoints that collide",
            one(dns("aks") + &traffic_manager().replace("green}", "BLUE}")),
            "spec.targets[1].to.green: is the same address as `blue`'s; nothing would move",
        ),
        (
            "weights by DNS",
            steps(dns("aks") + &traffic_manager()),
            "spec.targets[0]: `azureDns` can't split traffic by weight; mark it `at: 100`, so that it moves with the last step",
        ),
        (
            "nobody weighs",
            steps(dns("aks") + "    at: 100\n"),
            "spec.strategy.steps: no target can split traffic by weight; leave the steps out, or use one that can",
        ),
        (
            "at without steps",
            one(dns("aks") + "    at: 100\n"),
            "spec.targets[0]: `at: 100` means something only with `strategy.steps`; remove it",
        ),
        (
            "at something else",
            steps(dns("aks") + "    at: 50\n" + &traffic_manager()).into_iter().take(1).collect(),
            "spec.targets[0]: `azureDns` can't split traffic by weight; mark it `at: 100`, so that it moves with the last step",
        ),
    ] {
        assert_eq!(found, [want], "{rule}");
    }
    assert_eq!(steps(dns("aks") + "    at: 100\n" + &traffic_manager()), ["valid"]);
    let patient = format!(
        "  targets:\n{}  rollback: {{objective: 90m}}\n  ledger: {{azureDns: {{{PLACE}-state, zone: z.com, record: _teal}}}}\n",
        route()
    );
    assert_eq!(said(&patient), ["valid"]);
}

#[test]
fn each_wrong_step_and_ledger_is_told_what_would_be_right() {
    let steps = |steps: &str| {
        said(&format!("  targets:\n{}    at: 100\n{}  strategy: {{steps: [{steps}]}}\n", dns("aks"), traffic_manager()))
    };
    let ledger = |ledger: &str| said(&format!("  targets:\n{}  ledger: {{{ledger}}}\n", dns("aks")));
    let other = "subscription: s, resourceGroup: other, zone: contoso.com";
    for (rule, found, want) in [
        (
            "zero",
            steps("{weight: 0}, {weight: 100}"),
            "spec.strategy.steps[0].weight: write a whole number from 1 to 100",
        ),
        (
            "falling",
            steps("{weight: 50}, {weight: 20}, {weight: 100}"),
            "spec.strategy.steps[1]: `weight: 20` does not rise above the step before (`50`)",
        ),
        (
            "no end",
            steps("{weight: 50}, {pause: {}}"),
            "spec.strategy.steps[1]: the last step brings all traffic: write `{weight: 100}` after it",
        ),
        (
            "both",
            steps("{weight: 50, pause: {}}, {weight: 100}"),
            "spec.strategy.steps[0]: a weight and a pause at once; write two steps: `{weight: …}` and `{pause: {}}`",
        ),
        (
            "in a color",
            ledger("configMap: {name: x}"),
            "spec.ledger.configMap: a ConfigMap dies with its cluster; keep the ledger outside every color, in a DNS record",
        ),
        (
            "in a node group",
            ledger("azureDns: {subscription: s, resourceGroup: MC_rg_blue, zone: contoso.com, record: _teal}"),
            "spec.ledger.azureDns: `MC_rg_blue` is a cluster's node group and dies with it; the ledger must outlive every color",
        ),
        (
            "in a color's group",
            ledger("azureDns: {subscription: s, resourceGroup: RG, zone: contoso.com, record: _teal}"),
            "spec.ledger.azureDns: is in `RG`, the resource group of the cluster `blue`; who deletes the color may delete the group: keep the ledger elsewhere",
        ),
        (
            "empty",
            ledger(""),
            "spec.ledger: says nothing; write where the ledger is, such as `azureDns: {…, record: _teal}`, or its `key`",
        ),
        (
            "two",
            ledger(&format!("azureDns: {{{other}, record: a}}, azurePrivateDns: {{{other}, record: a}}")),
            "spec.ledger.azurePrivateDns: two places for one ledger; write one of them",
        ),
    ] {
        assert_eq!(found, [want], "{rule}");
    }
    let beside = said(&format!(
        "  targets:\n{}  ledger: {{azureDns: {{{other}, record: aks}}}}\n",
        dns("aks").replace("ip: 10.1.0.4", "cname: b.x.com").replace("ip: 10.2.0.4", "cname: g.x.com")
    ));
    assert_eq!(beside, ["spec.ledger.azureDns: a CNAME allows no TXT record beside it; write `record: _teal.aks`"]);
}
