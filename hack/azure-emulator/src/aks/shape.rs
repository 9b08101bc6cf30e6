//! A managed cluster's body: what is filled in and what is refused.

use serde_json::{Value, json};

use crate::check::{Problems, default, list, set, text};
use crate::front_door::uuid;

/// The version a cluster gets that asks for none.
pub(crate) const DEFAULT_VERSION: &str = "1.34.2";
/// Versions on offer, oldest first: minor version and its patches.
pub(crate) const VERSIONS: [(&str, [&str; 2]); 4] = [
    ("1.33", ["1.33.4", "1.33.6"]),
    ("1.34", ["1.34.0", "1.34.2"]),
    ("1.35", ["1.35.0", "1.35.1"]),
    ("1.36", ["1.36.0", "1.36.1"]),
];

/// Fills in a cluster; `group` and `name` are those of its id, `label` tells its host name from others.
pub(crate) fn fill(body: &mut Value, group: &str, name: &str, label: &str) {
    default(body, "tags", json!({}));
    default(body, "sku", json!({"name": "Base", "tier": "Free"}));
    let location = text(body, "/location").unwrap_or("westeurope").replace(' ', "").to_ascii_lowercase();
    if body.get("properties").is_none_or(Value::is_null) {
        set(body, "properties", json!({}));
    }
    let properties = &mut body["properties"];
    // The Azure CLI sends an empty one when it wants the service's choice.
    if text(properties, "/kubernetesVersion").is_none_or(str::is_empty) {
        set(properties, "kubernetesVersion", DEFAULT_VERSION);
    }
    let version = text(properties, "/kubernetesVersion").unwrap_or(DEFAULT_VERSION).to_owned();
    let full = full_version(&version);
    set(properties, "currentKubernetesVersion", full.clone());
    default(properties, "dnsPrefix", name);
    let prefix = text(properties, "/dnsPrefix").unwrap_or(name).to_owned();
    let host = label.get(..8).unwrap_or(label);
    default(properties, "fqdn", format!("{prefix}-{host}.hcp.{location}.azmk8s.io"));
    default(properties, "azurePortalFQDN", format!("{prefix}-{host}.portal.hcp.{location}.azmk8s.io"));
    let mut node_group = format!("MC_{group}_{name}_{location}");
    node_group.truncate(80);
    default(properties, "nodeResourceGroup", node_group);
    default(properties, "enableRBAC", true);
    default(properties, "maxAgentPools", 100);
    default(properties, "powerState", json!({"code": "Running"}));
    default(
        properties,
        "networkProfile",
        json!({"networkPlugin": "azure", "loadBalancerSku": "standard", "outboundType": "loadBalancer",
            "serviceCidr": "10.0.0.0/16", "dnsServiceIP": "10.0.0.10", "ipFamilies": ["IPv4"]}),
    );
    default(properties, "agentPoolProfiles", json!([]));
    for pool in properties.get_mut("agentPoolProfiles").and_then(Value::as_array_mut).into_iter().flatten() {
        fill_pool(pool, &full);
    }
}

/// Fills in who a cluster with an identity of its own is, and who its nodes are; `id` is the cluster's.
pub(crate) fn fill_identity(body: &mut Value, id: &str, subscription: &str) {
    let Some(kind) = text(body, "/identity/type").map(str::to_owned) else { return };
    if kind.contains("SystemAssigned") {
        default(&mut body["identity"], "principalId", uuid(&format!("{id}/principal")));
        default(&mut body["identity"], "tenantId", crate::resources::DEFAULT_TENANT);
    }
    let name = id.rsplit('/').next().unwrap_or_default();
    let group = text(body, "/properties/nodeResourceGroup").unwrap_or_default();
    let nodes = format!(
        "/subscriptions/{subscription}/resourcegroups/{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}-agentpool"
    );
    let kubelet = json!({"kubeletidentity": {"resourceId": nodes, "clientId": uuid(&format!("{id}/client")),
        "objectId": uuid(&format!("{id}/nodes"))}});
    default(&mut body["properties"], "identityProfile", kubelet);
}

/// Fills in one node pool.
pub(crate) fn fill_pool(pool: &mut Value, version: &str) {
    default(pool, "count", 1);
    default(pool, "vmSize", "Standard_D2s_v5");
    default(pool, "osType", "Linux");
    default(pool, "mode", "System");
    default(pool, "type", "VirtualMachineScaleSets");
    default(pool, "maxPods", 110);
    if text(pool, "/orchestratorVersion").is_none_or(str::is_empty) {
        set(pool, "orchestratorVersion", version);
    }
    let wanted = text(pool, "/orchestratorVersion").unwrap_or(version).to_owned();
    set(pool, "currentOrchestratorVersion", full_version(&wanted));
    default(pool, "powerState", json!({"code": "Running"}));
    default(pool, "nodeImageVersion", "AKSUbuntu-2404gen2containerd-202611.10.0");
    default(pool, "provisioningState", "Succeeded");
}

/// `1.34` becomes the newest patch on offer; a full version stays.
fn full_version(version: &str) -> String {
    VERSIONS.iter().find(|(minor, _)| *minor == version).map_or(version, |(_, patches)| patches[1]).to_owned()
}

/// What is wrong with a filled-in cluster.
pub(crate) fn check(body: &Value, name: &str) -> Problems {
    let mut problems = Problems::default();
    problems.required(body, "/location");
    let good = name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !good {
        problems.add(
            "InvalidParameter",
            "/name",
            format!("'{name}' is no name for a cluster: letters, digits, hyphens and underscores, at most 63, ending in a letter or digit."),
        );
    }
    if text(body, "/properties/kubernetesVersion")
        .is_some_and(|version| !version.starts_with(|c: char| c.is_ascii_digit()))
    {
        problems.add("K8sVersionNotSupported", "/properties/kubernetesVersion", "kubernetesVersion is no version.");
    }
    for (i, pool) in list(body, "/properties/agentPoolProfiles").iter().enumerate() {
        check_pool(body, pool, &format!("/properties/agentPoolProfiles/{i}"), &mut problems);
    }
    problems
}

/// What is wrong with the node pool at a pointer of a body.
fn check_pool(body: &Value, pool: &Value, at: &str, problems: &mut Problems) {
    problems.int_in(body, &format!("{at}/count"), 0, 1000);
    problems.one_of(body, &format!("{at}/mode"), &["System", "User", "Gateway"]);
    problems.one_of(body, &format!("{at}/osType"), &["Linux", "Windows"]);
    let name = text(pool, "/name").unwrap_or_default();
    let good = (1..=12).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if !good {
        problems.add(
            "InvalidParameter",
            format!("{at}/name"),
            format!("'{name}' is no name for a node pool: lower-case letters and digits, at most 12, starting with a letter."),
        );
    }
}

/// The upgrades on offer from `version`: newer patches of its minor version and all of the next.
pub(crate) fn upgrades(version: &str) -> Vec<&'static str> {
    let minor = version.rsplitn(2, '.').last().filter(|minor| minor.contains('.')).unwrap_or(version);
    let at = VERSIONS.iter().position(|(known, _)| *known == minor);
    let Some(at) = at else { return Vec::new() };
    let newer = |candidate: &&&str| patch(candidate) > patch(version);
    let same = VERSIONS[at].1.iter().filter(newer).copied();
    same.chain(VERSIONS.get(at + 1).into_iter().flat_map(|(_, patches)| patches.iter().copied())).collect()
}

fn patch(version: &str) -> u64 {
    version.rsplit('.').next().and_then(|patch| patch.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_body_becomes_a_whole_cluster() {
        let mut body = json!({"location": "West Europe", "properties": {"kubernetesVersion": "1.35", "agentPoolProfiles": [{"name": "sys"}], "novel": 1}});
        fill(&mut body, "rg", "blue", "abcdefghijklmnop");
        assert_eq!(check(&body, "blue"), Problems::default());
        for (pointer, expected) in [
            ("/properties/currentKubernetesVersion", json!("1.35.1")),
            ("/properties/nodeResourceGroup", json!("MC_rg_blue_westeurope")),
            ("/properties/fqdn", json!("blue-abcdefgh.hcp.westeurope.azmk8s.io")),
            ("/properties/powerState/code", json!("Running")),
            ("/properties/agentPoolProfiles/0/currentOrchestratorVersion", json!("1.35.1")),
            ("/properties/novel", json!(1)),
        ] {
            assert_eq!(body.pointer(pointer), Some(&expected), "{pointer}");
        }
    }

    #[test]
    fn what_is_refused() {
        for (name, properties, expected) in [
            ("-a", json!({}), "no name for a cluster"),
            ("a", json!({"kubernetesVersion": "latest"}), "no version"),
            ("a", json!({"agentPoolProfiles": [{"name": "Sys"}]}), "no name for a node pool"),
            ("a", json!({"agentPoolProfiles": [{"name": "s", "count": 1001}]}), "0 to 1000"),
        ] {
            let mut body = json!({"location": "x", "properties": properties});
            fill(&mut body, "rg", name, "abcdefgh");
            assert!(check(&body, name).mention(expected), "{name} {body}");
        }
    }

    #[test]
    fn upgrades_go_one_minor_at_a_time() {
        assert_eq!(upgrades("1.33.4"), ["1.33.6", "1.34.0", "1.34.2"]);
        assert_eq!(upgrades("1.36.1"), Vec::<&str>::new());
        assert_eq!(upgrades("1.20.0"), Vec::<&str>::new());
    }
}
