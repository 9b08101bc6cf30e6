//! How equal two clusters are, from what their agents report: `Sync.status`, the `Inventory` shards, the `Unit` problems.

use std::collections::{BTreeMap, BTreeSet};

use kube::Client;
use kube::api::{Api, ListParams};
use teal_agent_core::ObjectId;
use teal_agent_core::parity::{Class, ClusterFacts, FactState, ObjectFacts, Parity, compare};
use teal_api::inventory::{InventoryObject, InventorySpec};
use teal_api::sync::SyncObject;
use teal_api::unit::{UnitObject, UnitStatus};

use crate::report::{Outcome, Report, kube_error};

const GATE: &str = "parity";
/// Differing objects named in a report.
pub const NAMED: usize = 10;

/// A measurement: the gate's report and the numbers behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// For the gate.
    pub report: Report,
    /// Share of declared objects that are equal, 0 to 1; `None` when it would mean nothing.
    pub ratio: Option<f64>,
    /// Objects by class.
    pub objects: BTreeMap<&'static str, u64>,
    /// The first differing objects, worst first.
    pub differing: Vec<String>,
}

/// Reads what the agent of one cluster reports.
///
/// # Errors
/// Why it can't be read, for people.
pub async fn read(client: &Client, sync: &SyncObject) -> Result<ClusterFacts, String> {
    let all = ListParams::default();
    let (inventories, units) = (Api::<InventoryObject>::all(client.clone()), Api::<UnitObject>::all(client.clone()));
    let (inventories, units) =
        futures::try_join!(inventories.list(&all), units.list(&all)).map_err(|error| kube_error(&error))?;
    let name = sync.metadata.name.as_deref().unwrap_or_default();
    let shards: Vec<InventorySpec> =
        inventories.items.into_iter().map(|object| object.spec).filter(|spec| spec.sync == name).collect();
    let units: Vec<(String, UnitStatus)> = units
        .items
        .into_iter()
        .filter(|unit| unit.spec.sync == name)
        .map(|unit| (unit.metadata.name.unwrap_or_default(), unit.status.unwrap_or_default()))
        .collect();
    facts(sync, &shards, &units)
}

/// Puts the three sources together.
fn facts(sync: &SyncObject, shards: &[InventorySpec], units: &[(String, UnitStatus)]) -> Result<ClusterFacts, String> {
    let status = sync.status.clone().unwrap_or_default();
    if let (Some(uid), Some(shard)) = (&status.cluster_uid, shards.first())
        && *uid != shard.cluster_uid
    {
        return Err("its inventory was written in another cluster; the agent must rebuild it first".to_owned());
    }
    let versions: BTreeSet<u32> = shards.iter().map(|shard| shard.digest_version).collect();
    if versions.len() > 1 {
        return Err("its inventory is being rewritten by another release of the agent".to_owned());
    }
    let mut objects = BTreeMap::new();
    let mut members: BTreeMap<&str, Vec<ObjectId>> = BTreeMap::new();
    for entry in shards.iter().flat_map(|shard| &shard.entries) {
        let Some(id) = ObjectId::from_key(&entry.id) else {
            return Err(format!("its inventory has an entry {:?}", entry.id));
        };
        let state =
            if entry.uid.is_some() { FactState::Ready } else { FactState::NotReady("not applied yet".to_owned()) };
        let parity = Some(entry.parity.clone()).filter(|digest| !digest.is_empty());
        members.entry(entry.unit.as_str()).or_default().push(id.clone());
        objects.insert(id, ObjectFacts { digest: entry.digest.clone(), parity, state });
    }
    for (name, unit) in units {
        blame(&mut objects, members.get(name.as_str()).map_or(&[], Vec::as_slice), unit);
    }
    Ok(ClusterFacts {
        fleet_digest: status.fleet_digest.unwrap_or_default(),
        key_id: status.parity.map(|parity| parity.key_id).unwrap_or_default(),
        digest_version: versions.into_iter().next().unwrap_or(teal_agent_core::DIGEST_VERSION),
        objects,
    })
}

/// Puts the unit's problems on its objects. The list is cut at 50, the counts never are: what is counted and not
/// listed is put on objects of the unit that look well, so that a long list never makes a cluster look better.
fn blame(objects: &mut BTreeMap<ObjectId, ObjectFacts>, members: &[ObjectId], unit: &UnitStatus) {
    let by_name: BTreeMap<String, &ObjectId> = members.iter().map(|id| (id.to_string(), id)).collect();
    let mut named = 0;
    for problem in &unit.problems {
        let Some(facts) = by_name.get(&problem.subject).and_then(|id| objects.get_mut(*id)) else { continue };
        named += 1;
        let why = format!("{}: {}", problem.reason, problem.message);
        facts.state = match problem.reason.as_str() {
            "Drifted" => FactState::Drifted,
            "Foreign" | "ForeignFields" => FactState::Foreign(problem.message.clone()),
            "UnknownKind" | "Stale" => FactState::Unknown,
            _ => FactState::NotReady(why),
        };
    }
    let listed_in_full = unit.problems.len() < teal_api::unit::MAX_PROBLEMS;
    let counted = usize::try_from(unit.objects.saturating_sub(unit.ready)).unwrap_or(usize::MAX);
    let mut unnamed = if listed_in_full { 0 } else { counted.saturating_sub(named) };
    for id in members {
        if unnamed == 0 {
            break;
        }
        if let Some(facts) = objects.get_mut(id).filter(|facts| facts.state == FactState::Ready) {
            facts.state = FactState::NotReady("one of many that are not ready in its unit".to_owned());
            unnamed -= 1;
        }
    }
}

/// Compares the live color with the other one and judges the share against `minimum` (percent).
#[must_use]
pub fn judge(live: (&str, &ClusterFacts), other: (&str, &ClusterFacts), minimum: f64) -> Measured {
    let parity = compare(live.1, other.1);
    let objects = Class::ALL.iter().map(|class| (class.as_str(), parity.count(*class) as u64)).collect();
    let differing: Vec<String> = parity
        .examples
        .iter()
        .map(|one| format!("{} {}: {}", one.class, one.id, sides(&one.detail, live.0, other.0)))
        .collect();
    let report = verdict(&parity, live.0, other.0, minimum);
    let report = differing.iter().take(NAMED).fold(report, |report, line| report.with(line.clone()));
    let ratio = parity.inconclusive.is_none().then_some(parity.ratio);
    Measured { report, ratio, objects, differing }
}

fn verdict(parity: &Parity, live: &str, other: &str, minimum: f64) -> Report {
    if let Some(why) = &parity.inconclusive {
        return Report::new(GATE, Outcome::Inconclusive, sides(&why.to_string(), live, other));
    }
    let good = parity.equal + parity.declared_difference;
    // Floored to a tenth, so that 100 % is shown only when it is.
    let percent = (parity.ratio * 1000.0).floor() / 10.0;
    let counts =
        format!("{good} of {} declared objects are equal on {live} and {other} ({percent} %)", parity.declared);
    // The ratio is exactly 1 only when all are equal, so 100 % demands every object.
    if parity.ratio * 100.0 >= minimum {
        return Report::new(GATE, Outcome::Pass, counts);
    }
    let rest: Vec<String> = Class::ALL
        .iter()
        .filter(|class| !matches!(class, Class::Equal | Class::DeclaredDifference) && parity.count(**class) > 0)
        .map(|class| format!("{} {class}", parity.count(*class)))
        .collect();
    let message = format!("{counts}, {minimum} % are asked for: {}", rest.join(", "));
    // What its agent is still working on says nothing about equality yet: it holds the move and does not refuse it.
    let settling = parity.not_ready + parity.drifted;
    let settled = (good + settling) as f64 / parity.declared.max(1) as f64;
    if settled * 100.0 >= minimum {
        return Report::new(GATE, Outcome::Inconclusive, format!("{message}; they are still settling"));
    }
    Report::new(GATE, Outcome::Fail, message)
}

/// The comparison calls the serving side blue and the other green, always as its first word; here they have their own
/// names. What follows is an agent's or a person's own text, and stays as it is.
fn sides(text: &str, live: &str, other: &str) -> String {
    let name = |side: &str, name: &str| {
        let rest = text.strip_prefix(side).filter(|rest| rest.starts_with([' ', ':']))?;
        Some(format!("{name}{rest}"))
    };
    name("blue", live).or_else(|| name("green", other)).unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
#[path = "parity_tests.rs"]
mod tests;
