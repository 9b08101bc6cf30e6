//! The gate `topology` (SWITCH §10): the host names round a Switch resolve as declared, both colors answer for each of
//! them, and no color's own name is an origin of a Front Door.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use teal_api::switch::{HttpProbe, Topology};
use teal_azure::front_door::{Found, Origin, OriginGroup, Profile};
use teal_azure::{AzureError, Client};

use crate::http::{Answer, Prober};
use crate::report::{Outcome, Report, chain};

const GATE: &str = "topology";
/// Longest wait for a resolver.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// Everything that was looked at.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Each host name with its addresses, or why there are none.
    pub names: Vec<(String, Result<BTreeSet<IpAddr>, String>)>,
    /// What each color answered for each host name.
    pub answers: Vec<(String, String, Answer)>,
    /// Each Front Door with the host names of its origins, or why they can't be read.
    pub origins: Vec<(String, Result<Vec<String>, String>)>,
}

/// What speaks against it, and what could not be seen.
#[derive(Default)]
struct Findings {
    wrong: Vec<String>,
    unknown: Vec<String>,
}

/// The host names that are resolved and asked for: official, cluster, and each color's own.
pub fn hosts(declared: &Topology) -> Vec<&str> {
    let own = declared.colors.values().map(String::as_str);
    declared.official.as_deref().into_iter().chain([declared.cluster.as_str()]).chain(own).collect()
}

/// Judges what was seen while `live` serves. Everything wrong is told at once.
pub fn judge(declared: &Topology, live: &str, seen: &Seen) -> Report {
    let mut findings = Findings::default();
    for (host, answer) in &seen.names {
        match answer {
            Err(why) => findings.unknown.push(format!("{host} can't be resolved: {why}")),
            Ok(found) if found.is_empty() => findings.wrong.push(format!("{host} has no address")),
            Ok(found) => resolves(declared, live, host, found, seen, &mut findings),
        }
    }
    for (color, host, answer) in &seen.answers {
        match answer {
            Answer::Good => {}
            Answer::Bad(why) => findings.wrong.push(format!("{color} does not serve {host}: {why}")),
            Answer::Silent(why) => findings.unknown.push(format!("{color} does not answer for {host}: {why}")),
        }
    }
    for (profile, hosts) in &seen.origins {
        match hosts {
            Err(why) => findings.unknown.push(format!("the origins of {profile} can't be read: {why}")),
            Ok(hosts) => {
                let own =
                    declared.colors.values().filter(|own| hosts.iter().any(|host| host.eq_ignore_ascii_case(own)));
                findings.wrong.extend(own.map(|own| {
                    format!(
                        "{own} is an origin of {profile}: it would not follow the switch; let the origin be {}",
                        declared.cluster
                    )
                }));
            }
        }
    }
    let outcome = match (findings.wrong.is_empty(), findings.unknown.is_empty()) {
        (false, _) => Outcome::Fail,
        (true, false) => Outcome::Error,
        (true, true) => Outcome::Pass,
    };
    let all: Vec<String> = findings.wrong.into_iter().chain(findings.unknown).collect();
    let good = || format!("{} names lead where they should, and every color serves each", seen.names.len());
    Report::new(GATE, outcome, if all.is_empty() { good() } else { all.join("; ") })
}

/// A color's own name leads to that color, the name that moves to the one that serves. Where the targets declare no
/// addresses (names, endpoints, resources), the moving name has to be where the live color's own name is, and no other
/// color's name may be there too.
fn resolves(
    declared: &Topology,
    live: &str,
    host: &str,
    found: &BTreeSet<IpAddr>,
    seen: &Seen,
    findings: &mut Findings,
) {
    let own = declared.colors.iter().find(|(_, own)| *own == host).map(|(color, _)| color.as_str());
    let Some(color) = own.or((host == declared.cluster).then_some(live)) else { return };
    let known = declared.addresses.get(color).filter(|known| !known.is_empty());
    let named = |color: &str| {
        let name = declared.colors.get(color)?;
        seen.names.iter().find(|(host, _)| host == name)?.1.as_ref().ok()
    };
    let wanted: BTreeSet<IpAddr> = match (known, own) {
        (Some(known), _) => known.iter().copied().collect(),
        (None, None) => named(color).cloned().unwrap_or_default(),
        (None, Some(_)) => {
            let others = declared.colors.keys().filter(|other| other.as_str() != color);
            for other in others.filter(|other| named(other).is_some_and(|theirs| !theirs.is_disjoint(found))) {
                findings.wrong.push(format!("{host} leads to {}, where {other} is", shown(found)));
            }
            return;
        }
    };
    let strange: BTreeSet<IpAddr> = found.difference(&wanted).copied().collect();
    if !strange.is_empty() {
        findings.wrong.push(format!("{host} leads to {}, and {color} is at {}", shown(&strange), shown(&wanted)));
    }
}

fn shown(addresses: &BTreeSet<IpAddr>) -> String {
    if addresses.is_empty() {
        return "no known address".to_owned();
    }
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Asks every color, at its own address, for every host name: listener, ingress rule and certificate answer for each.
pub async fn ask(declared: &Topology) -> Vec<(String, String, Answer)> {
    let every = declared.probes.iter().flat_map(|(color, probe)| {
        let own = declared.colors.get(color).map(String::as_str);
        let shared = declared.official.as_deref().into_iter().chain([declared.cluster.as_str()]);
        shared.chain(own).map(move |host| (color.clone(), host.to_owned(), probe))
    });
    futures::future::join_all(every.map(async |(color, host, probe)| {
        let answer = one(probe, &host).await;
        (color, host, answer)
    }))
    .await
}

async fn one(probe: &HttpProbe, host: &str) -> Answer {
    match Prober::new(&HttpProbe { host: Some(host.to_owned()), ..probe.clone() }) {
        Ok(prober) => prober.ask().await.0,
        Err(error) => Answer::Silent(chain(&error)),
    }
}

/// Reads the host names of the declared Front Doors' origins.
pub async fn origins(declared: &Topology, azure: Option<&Client>) -> Vec<(String, Result<Vec<String>, String>)> {
    let every = declared.front_doors.iter().map(async |id| {
        let name = id.rsplit('/').next().unwrap_or(id).to_owned();
        let hosts = match (azure, id.parse()) {
            (None, _) => Err("there is no Azure identity to ask with".to_owned()),
            (_, Err(error)) => Err(format!("{error}")),
            (Some(client), Ok(id)) => read(client, &Profile { id }).await.map_err(|error| chain(&error)),
        };
        (format!("Front Door {name}"), hosts)
    });
    futures::future::join_all(every).await
}

async fn read(client: &Client, profile: &Profile) -> Result<Vec<String>, AzureError> {
    let groups: Vec<Found<OriginGroup>> = client.find_all(&profile.list_groups()).await?;
    let mut hosts = Vec::new();
    for group in groups {
        let origins: Vec<Found<Origin>> = client.find_all(&profile.list_origins(&group.name)).await?;
        hosts.extend(origins.into_iter().map(|origin| origin.facts.host_name));
    }
    Ok(hosts)
}

#[cfg(test)]
#[path = "topology_tests.rs"]
mod tests;
