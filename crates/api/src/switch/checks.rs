//! What the parts of a declaration demand of one another.

use std::time::Duration;

use super::azure::azure_record;
use super::providers::{AzureRecord, Destination, FrontDoor, FrontDoorBy, Provider};
use super::targets::secret_name;
use super::{Cluster, Color, LedgerPlace, LedgerRecord, Rollback, Stage, Target};
use crate::duration::show;
use crate::reader::{Fields, Spot};

/// Below this a Front Door alone can't go back in time: a change takes up to 45 minutes, and one that is under way
/// holds the next up.
const FRONT_DOOR_LANE: Duration = Duration::from_secs(90 * 60);

/// Targets with where they were read, in the order of the file; one that is wrong in itself is `None`.
pub(super) type Placed<'a> = [(Spot<'a>, Option<Target>)];

/// Two targets that are one and the same thing would fight over it.
pub(super) fn collisions(targets: &Placed<'_>) {
    for (index, (spot, target)) in targets.iter().enumerate() {
        let Some(target) = target else { continue };
        let same = targets[..index].iter().position(|(_, other)| {
            other.as_ref().is_some_and(|other| thing(&other.provider, &other.to) == thing(&target.provider, &target.to))
        });
        if let Some(other) = same {
            spot.wrong(format!("moves the same thing as targets[{other}]; each target is a thing of its own"));
        }
    }
}

/// What a target moves, in a form that can be compared; record sets of one name and several types are several things.
fn thing(provider: &Provider, to: &std::collections::BTreeMap<String, Destination>) -> String {
    let text = match provider {
        Provider::Rfc2136(one) => format!("rfc2136 {}.{}", one.record, one.zone),
        Provider::AzureDns(one) => format!("azureDns {}", set(one, to)),
        Provider::AzurePrivateDns(one) => format!("azurePrivateDns {}", set(one, to)),
        Provider::FrontDoor(FrontDoor { subscription, resource_group, profile, by, .. }) => {
            let by = match by {
                FrontDoorBy::Groups { endpoint, route } => format!("route {endpoint}/{route}"),
                FrontDoorBy::Origins { group } => format!("group {group}"),
            };
            format!("frontDoor {subscription}/{resource_group}/{profile} {by}")
        }
        Provider::FrontDoorClassic(one) => {
            format!("classic {}/{}/{} {}", one.subscription, one.resource_group, one.front_door, one.pool)
        }
        Provider::TrafficManager(one) => {
            format!("trafficManager {}/{}/{}", one.subscription, one.resource_group, one.profile)
        }
        Provider::ApplicationGateway(one) => {
            format!("gateway {}/{}/{} {}", one.subscription, one.resource_group, one.gateway, one.pool)
        }
    };
    text.to_ascii_lowercase()
}

fn set(record: &AzureRecord, to: &std::collections::BTreeMap<String, Destination>) -> String {
    let kind = match to.values().next() {
        Some(Destination::Ipv6(_)) => "AAAA".to_owned(),
        Some(Destination::Cname(_)) => "CNAME".to_owned(),
        Some(Destination::ResourceId(_)) => format!("{:?}", record.record_type),
        _ => "A".to_owned(),
    };
    format!("{}/{}/{} {} {kind}", record.subscription, record.resource_group, record.zone, record.record)
}

/// Steps by weight need targets that can weigh.
pub(super) fn weights(steps: Option<&Spot<'_>>, stages: &[Stage], targets: &Placed<'_>) {
    let gradual = stages.iter().any(|stage| matches!(stage, Stage::Weight { weight, .. } if *weight < 100));
    let mut some = false;
    for (spot, target) in targets {
        let Some(target) = target else {
            some = true;
            continue;
        };
        let kind = target.provider.kind();
        some |= target.provider.can_weigh() && !target.at_full;
        if target.at_full && stages.is_empty() {
            spot.wrong("`at: 100` means something only with `strategy.steps`; remove it");
        } else if gradual && !target.at_full && !target.provider.can_weigh() {
            spot.wrong(format!(
                "`{kind}` can't split traffic by weight; mark it `at: 100`, so that it moves with the last step"
            ));
        }
    }
    if let Some(steps) = steps.filter(|_| gradual && !some && !targets.is_empty()) {
        steps.wrong("no target can split traffic by weight; leave the steps out, or use one that can");
    }
}

/// A Front Door is no rollback lane unless that is said to be good enough.
pub(super) fn lane(spec: &Spot<'_>, rollback: &Rollback, targets: &Placed<'_>) {
    let slow = |target: &Option<Target>| {
        matches!(
            target.as_ref().map(|target| &target.provider),
            Some(Provider::FrontDoor(_) | Provider::FrontDoorClassic(_))
        )
    };
    if targets.is_empty() || !targets.iter().all(|(_, target)| slow(target)) {
        return;
    }
    if rollback.objective.is_none_or(|objective| objective < FRONT_DOOR_LANE) {
        let said = rollback.objective.map_or("not declared".to_owned(), |objective| format!("`{}`", show(objective)));
        let (spot, _) = targets.first().unwrap_or(&(spec.clone(), None)).clone();
        spot.wrong(format!(
            "a Front Door takes up to 90 minutes to go back, and nothing else here can: move the DNS record behind it, or declare `rollback: {{objective: 90m}}` (it is {said})"
        ));
    }
}

/// Reads `ledger`, and says what must hold of where it is.
pub(super) fn ledger(fields: &Fields<'_>, colors: &[(&str, &Color)], targets: &Placed<'_>) -> LedgerPlace {
    let place = fields.get("ledger").and_then(|spot| place(&spot, colors, targets)).unwrap_or_default();
    if place.own.is_some() {
        return place;
    }
    if let Some((spot, Some(first))) = targets.first()
        && !first.provider.is_dns()
    {
        let kind = first.provider.kind();
        let later = targets.iter().flat_map(|(_, target)| target).any(|target| target.provider.is_dns());
        let cure = if later {
            "put the DNS target first, which keeps it, or give it a record of its own"
        } else {
            "give it a record of its own"
        };
        spot.wrong(format!(
            "`{kind}` can't keep the ledger: {cure}: `ledger: {{azureDns: {{subscription: …, resourceGroup: …, zone: …, record: _teal}}}}`"
        ));
    }
    place
}

fn place(spot: &Spot<'_>, colors: &[(&str, &Color)], targets: &Placed<'_>) -> Option<LedgerPlace> {
    let fields = spot.fields(&["azureDns", "azurePrivateDns", "key", "configMap", "blob"], &[])?;
    if let Some(inside) = fields.get("configMap") {
        inside.wrong("a ConfigMap dies with its cluster; keep the ledger outside every color, in a DNS record");
    }
    if let Some(blob) = fields.get("blob") {
        blob.wrong("not supported yet by this version; use a TXT record: `azureDns: {…, record: _teal}`");
    }
    let key = fields.get("key").and_then(|spot| secret_name(&spot));
    let own = match (fields.get("azureDns"), fields.get("azurePrivateDns")) {
        (None, None) => None,
        (Some(_), Some(second)) => {
            second.wrong("two places for one ledger; write one of them");
            None
        }
        (Some(public), None) => own(&public, false, colors, targets),
        (None, Some(private)) => own(&private, true, colors, targets),
    };
    if spot.map()?.is_empty() {
        spot.wrong("says nothing; write where the ledger is, such as `azureDns: {…, record: _teal}`, or its `key`");
    }
    Some(LedgerPlace { own, key })
}

fn own(spot: &Spot<'_>, private: bool, colors: &[(&str, &Color)], targets: &Placed<'_>) -> Option<LedgerRecord> {
    let record = azure_record(spot, !private)?;
    if record.record_type.is_some() {
        spot.wrong("the ledger is a TXT record; leave `recordType` out");
    }
    let dies = record.resource_group.to_ascii_lowercase();
    if dies.starts_with("mc_") {
        spot.wrong(format!(
            "`{}` is a cluster's node group and dies with it; the ledger must outlive every color",
            record.resource_group
        ));
    }
    for (name, color) in colors {
        if let Cluster::Aks(id) = &color.cluster
            && id.contains(&format!("/resourcegroups/{dies}/"))
        {
            spot.wrong(format!(
                "is in `{}`, the resource group of the cluster `{name}`; who deletes the color may delete the group: keep the ledger elsewhere",
                record.resource_group
            ));
        }
    }
    let beside = |target: &Target| match (&target.provider, private) {
        (Provider::AzureDns(other), false) | (Provider::AzurePrivateDns(other), true) => {
            other.zone == record.zone && other.record == record.record
        }
        _ => false,
    };
    for target in targets.iter().filter_map(|(_, target)| target.as_ref()).filter(|target| beside(target)) {
        if matches!(target.to.values().next(), Some(Destination::Cname(_))) {
            let better = format!("_teal.{}", record.record);
            spot.wrong(format!("a CNAME allows no TXT record beside it; write `record: {better}`"));
        }
    }
    Some(LedgerRecord { record, private })
}
