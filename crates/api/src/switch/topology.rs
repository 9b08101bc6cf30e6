//! Reads the gate `topology`: the host names round a Switch, and what they have to lead to.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Color, Destination, Gate, Gates, HttpProbe, Target};
use crate::reader::{Spot, nearest};

/// The host names of the topology, as people type them and as certificates hold them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    /// The recursive resolver that is asked, `host[:port]`.
    pub resolver: String,
    /// The name that users type; leads through whatever stands before the clusters.
    pub official: Option<String>,
    /// The name that moves.
    pub cluster: String,
    /// Each color's own name.
    pub colors: BTreeMap<String, String>,
    /// ARM ids of Front Door profiles, in lower case, whose origins must be no color's own name.
    pub front_doors: Vec<String>,
    /// The colors' probes: every name is asked for at their addresses.
    pub probes: BTreeMap<String, HttpProbe>,
    /// What the targets declare for each color.
    pub addresses: BTreeMap<String, Vec<IpAddr>>,
}

/// Reads the gate; what the rest of the Switch says is put in by [`complete`].
pub(super) fn topology(spot: &Spot<'_>, names: &[&str]) -> Option<Topology> {
    let fields = spot.fields(&["resolver", "official", "cluster", "colors", "frontDoors"], &["certificates"])?;
    let resolver = fields.need("resolver", "who is asked: `resolver: 10.0.0.10`").and_then(|spot| spot.host_port());
    let official = fields.get("official").and_then(|spot| spot.dns_name());
    let cluster =
        fields.need("cluster", "the name that moves: `cluster: aks.contoso.com`").and_then(|spot| spot.dns_name());
    let colors = fields
        .need("colors", "each color's own name: `colors: {blue: aks-blue.contoso.com, …}`")
        .and_then(|spot| colors(&spot, names));
    let doors = |spot: &Spot<'_>| {
        Some(spot.list()?.iter().filter_map(|one| one.resource_id("Microsoft.Cdn/profiles")).collect())
    };
    let front_doors = fields.or("frontDoors", doors, Vec::new());
    let (probes, addresses) = (BTreeMap::new(), BTreeMap::new());
    Some(Topology { resolver: resolver?, official, cluster: cluster?, colors: colors?, front_doors, probes, addresses })
}

fn colors(spot: &Spot<'_>, names: &[&str]) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for (entry, value) in spot.map()? {
        if !names.is_empty() && !names.contains(&entry.key.as_str()) {
            value.wrong(format!("`{}` is no color of this Switch; {}", entry.key, nearest(&entry.key, names)));
        }
        let Some(host) = value.dns_name() else { continue };
        if let Some((other, _)) = found.iter().find(|(_, other)| **other == host) {
            value.wrong(format!("is the name of `{other}`, too; each color has a name of its own"));
        }
        found.insert(entry.key.clone(), host);
    }
    for name in names.iter().filter(|name| !found.contains_key(**name)) {
        spot.wrong(format!("`{name}` is missing; write the name that leads to {name} alone"));
    }
    Some(found)
}

/// Gives every `topology` gate what the rest of the declaration says of the colors.
pub(super) fn complete(gates: &mut Gates, colors: &BTreeMap<String, Color>, targets: &[Target]) {
    for gate in &mut gates.before {
        let Gate::Topology(topology) = gate else { continue };
        for (name, color) in colors {
            topology.probes.insert(name.clone(), color.probe.clone());
            let declared = targets.iter().filter_map(|target| target.to.get(name)).flat_map(addresses);
            topology.addresses.insert(name.clone(), declared.collect());
        }
    }
}

fn addresses(to: &Destination) -> Vec<IpAddr> {
    match to {
        Destination::Ip(all) => all.iter().map(|ip| IpAddr::V4(*ip)).collect(),
        Destination::Ipv6(all) => all.iter().map(|ip| IpAddr::V6(*ip)).collect(),
        Destination::Cname(_) | Destination::ResourceId(_) | Destination::Named(_) => Vec::new(),
    }
}
