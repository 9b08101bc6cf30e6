//! The gate `topology`: what it takes from the rest of the Switch, and what is wrong with it.

use super::*;

const GATE: &str = "{topology: {resolver: \"10.0.0.10:53\", official: shop.contoso.com, cluster: aks.contoso.com, colors: {blue: aks-blue.contoso.com, green: AKS-green.contoso.com.}, frontDoors: [/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Cdn/profiles/contoso]}}";

fn with(from: &str, to: &str) -> Result<Switch, crate::Mistakes> {
    assert!(GATE.contains(from), "{from}");
    let text = GOOD.replacen("{platform: {}}", &GATE.replacen(from, to, 1), 1);
    Switch::parse("switch.yaml", &text)
}

#[test]
fn it_has_probes_and_addresses_from_the_rest_of_the_switch() {
    let switch = with("topology", "topology").unwrap();
    let Gate::Topology(gate) = &switch.gates.before[0] else { panic!("{:?}", switch.gates.before[0]) };
    assert_eq!((gate.cluster.as_str(), gate.colors["green"].as_str()), ("aks.contoso.com", "aks-green.contoso.com"));
    assert_eq!(gate.probes["blue"].url, "https://10.1.0.4/healthz");
    let green: Vec<String> = gate.addresses["green"].iter().map(ToString::to_string).collect();
    assert_eq!(green, ["10.2.0.4", "10.2.0.5"]);
}

#[test]
fn each_mistake_in_it_is_told() {
    for (from, to, told) in [
        ("resolver: \"10.0.0.10:53\", ", "", "`resolver: 10.0.0.10`"),
        ("cluster: aks.contoso.com, ", "", "the name that moves"),
        ("green: AKS-green", "gren: AKS-green", "`gren` is no color of this Switch"),
        ("blue: aks-blue.contoso.com, ", "", "`blue` is missing"),
        ("AKS-green.contoso.com.", "aks-blue.contoso.com", "is the name of `blue`, too"),
        ("Microsoft.Cdn/profiles", "Microsoft.Network/frontDoors", "Microsoft.Cdn/profiles"),
    ] {
        let mistakes = with(from, to).unwrap_err().to_string();
        assert!(mistakes.contains(told), "{to}: {mistakes}");
    }
    let during = GOOD.replacen("during: [", &format!("during: [{GATE}, "), 1);
    let mistakes = Switch::parse("switch.yaml", &during).unwrap_err().to_string();
    assert!(mistakes.contains("write it under `before`"), "{mistakes}");
}
