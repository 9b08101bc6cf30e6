use super::*;
use crate::Mistakes;

const GOOD: &str = r#"# How a color ends.
apiVersion: teal.dev/v1alpha1
kind: Colors
spec:
  azure: {credential: azureCli}
  inspect:
  - /subscriptions/S/resourceGroups/dns/providers/Microsoft.Network/dnsZones/contoso.com
  - /subscriptions/s/resourceGroups/dns/providers/Microsoft.Cdn/profiles/front
  retention: 48h
  executor: arm
  drain:
    prometheus: {address: "http://prometheus:9090", query: "requests{color=\"${color}\"}", success: "value < 1"}
  colors:
    blue:
      cluster: /subscriptions/s/resourceGroups/blue/providers/Microsoft.ContainerService/managedClusters/AKS-blue
      uid: 11111111-2222-3333-4444-55555555AAAA
      switches: [contoso, shop]
      addresses: [10.1.0.4, "fd00::4", AKS-blue.contoso.com.]
      resources: [/subscriptions/s/resourceGroups/mc/providers/Microsoft.Compute/disks/data]
      inspect: [/subscriptions/s/resourceGroups/net/providers/Microsoft.Network/applicationGateways/gw]
      scream: 1h
    green:
      cluster: /subscriptions/s/resourceGroups/green/providers/Microsoft.ContainerService/managedClusters/aks-green
      switches: [contoso]
      addresses: [10.2.0.4]
      executor: pipeline
      drain:
        azureMonitor: {resource: /subscriptions/s/resourceGroups/net/providers/Microsoft.Network/applicationGateways/gw, metric: TotalRequests, aggregation: total, success: "value < 1"}
"#;

fn mistakes(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    match Colors::parse("colors.yaml", &GOOD.replacen(from, to, 1)) {
        Ok(_) => "valid".to_owned(),
        Err(mistakes) => mistakes.to_string(),
    }
}

#[test]
fn everything_is_read_and_what_is_shared_counts_for_all() {
    let colors = Colors::parse("colors.yaml", GOOD).unwrap();
    let (blue, green) = (&colors.colors["blue"], &colors.colors["green"]);
    assert!(blue.cluster.ends_with("/managedclusters/aks-blue"));
    assert_eq!(blue.uid.as_deref(), Some("11111111-2222-3333-4444-55555555aaaa"));
    assert_eq!(blue.ips, ["10.1.0.4".parse::<IpAddr>().unwrap(), "fd00::4".parse().unwrap()]);
    assert_eq!(
        (blue.hosts.as_slice(), blue.switches.as_slice()),
        (["aks-blue.contoso.com".to_owned()].as_slice(), ["contoso".to_owned(), "shop".to_owned()].as_slice())
    );
    let kinds: Vec<InspectKind> = blue.inspect.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [InspectKind::Zone, InspectKind::FrontDoor, InspectKind::ApplicationGateway]);
    assert_eq!(green.inspect.len(), 2);
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    assert_eq!((blue.retention, blue.scream, green.scream), (hours(48), hours(1), hours(24)));
    assert_eq!((blue.executor, green.executor), (Executor::Arm, Executor::Pipeline));
    assert!(matches!(blue.drain, DrainSource::Prometheus(_)) && matches!(green.drain, DrainSource::AzureMonitor(_)));
}

#[test]
fn a_mistake_is_told_with_its_place_and_what_would_be_right() {
    for (from, to, want) in [
        ("kind: Colors", "kind: Colours", "colors.yaml:3:7: kind: is `Colours`; write `Colors`"),
        (
            "managedClusters/AKS-blue",
            "clusters/AKS-blue",
            "write that of a `Microsoft.ContainerService/managedClusters`",
        ),
        ("uid: 11111111-2222", "uid: 1111", "is no UID; `kubectl get namespace kube-system"),
        ("switches: [contoso, shop]", "switches: []", "no Switches"),
        ("addresses: [10.2.0.4]", "addresses: []", "without one nothing can be found"),
        ("addresses: [10.2.0.4]", "addresses: [\"no name!\"]", "is no DNS name"),
        ("Microsoft.Cdn/profiles/front", "Microsoft.Web/sites/front", "is nothing that is searched"),
        ("Microsoft.Cdn/profiles/front", "Microsoft.Cdn/profiles/front/originGroups/g", "is nothing that is searched"),
        ("executor: pipeline", "executor: terraform", "`terraform`"),
        ("scream: 1h", "scream: 1d", "is no time"),
        ("retention: 48h", "retentions: 48h", "unknown field; did you mean `retention`?"),
        (
            "green:\n      cluster: /subscriptions/s/resourceGroups/green/providers/Microsoft.ContainerService/managedClusters/aks-green",
            "green:\n      cluster: /subscriptions/s/resourceGroups/blue/providers/Microsoft.ContainerService/managedClusters/aks-blue",
            "has the same cluster as `blue`",
        ),
        (
            "metric: TotalRequests, aggregation: total, success: \"value < 1\"",
            "metric: TotalRequests, baseline: {within: 10%}",
            "a baseline proves no drain",
        ),
        (
            "  drain:\n    prometheus: {address: \"http://prometheus:9090\", query: \"requests{color=\\\"${color}\\\"}\", success: \"value < 1\"}\n",
            "",
            "`drain` is missing, here and for all colors",
        ),
    ] {
        let told = mistakes(from, to);
        assert!(told.contains(want), "{to}: {told}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = GOOD
        .replace("executor: pipeline", "executor: x")
        .replace("scream: 1h", "scream: x")
        .replace("uid: 1", "uid: x");
    let Err(Mistakes(all)) = Colors::parse("colors.yaml", &text) else { panic!("valid") };
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(all.windows(2).all(|pair| pair[0].at < pair[1].at), "in the order of the file");
}
