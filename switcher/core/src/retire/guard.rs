//! What speaks against letting a color go: everything at once, each with where it is and what to do.

mod pushed;
mod switches;

use serde::Serialize;

use super::facts::{ClusterSeen, DoomedKind, Drain, Facts, Policy, State, SwitchSeen, Weight};
use crate::ledger::{Retirement, Stage};

/// One thing that speaks against it, or that a person should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Does it refuse?
    pub severity: Severity,
    /// Closed CamelCase set.
    pub reason: &'static str,
    /// Where: a Switch, a zone, a profile, the cluster.
    pub place: String,
    /// What was found.
    pub what: String,
    /// What to do.
    pub todo: String,
}

/// Does a finding refuse?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is done while it stands.
    Refuses,
    /// A person should know it.
    Warns,
}

/// Collects findings.
struct Log(Vec<Finding>);

impl Log {
    fn refuse(&mut self, reason: &'static str, place: &str, what: impl Into<String>, todo: impl Into<String>) {
        let (place, what, todo) = (place.to_owned(), what.into(), todo.into());
        self.0.push(Finding { severity: Severity::Refuses, reason, place, what, todo });
    }

    fn warn(&mut self, reason: &'static str, place: &str, what: impl Into<String>, todo: impl Into<String>) {
        let (place, what, todo) = (place.to_owned(), what.into(), todo.into());
        self.0.push(Finding { severity: Severity::Warns, reason, place, what, todo });
    }
}

/// All that was found, what refuses first. A color may go when nothing refuses.
#[must_use]
pub fn guard(facts: &Facts, policy: &Policy) -> Vec<Finding> {
    let mut log = Log(Vec::new());
    if facts.switches.is_empty() {
        let what = format!("no Switch names the cluster of {}", facts.color);
        let todo = "its retirement is written into the ledgers of its Switches: name the folder with their switch.yaml by --switches";
        log.refuse("NoSwitch", facts.color.as_str(), what, todo);
    }
    for name in &facts.strangers {
        let what = format!("`switches` lists {name}, which is not there or does not name this cluster");
        log.refuse(
            "SwitchMissing",
            name,
            what,
            "take it from the list, or name the folder with its switch.yaml by --switches",
        );
    }
    for switch in &facts.switches {
        switches::look(facts, policy, switch, &mut log);
    }
    // Of what is gone only its Switches can still say anything.
    if !is_gone(facts) {
        pushed::branches(facts, &mut log);
        of_places(facts, &mut log);
        of_cluster(facts, &mut log);
        of_drain(facts, &mut log);
        of_doomed(facts, &mut log);
    }
    log.0.sort_by_key(|finding| finding.severity);
    log.0
}

fn of_places(facts: &Facts, log: &mut Log) {
    for place in &facts.places {
        let found = match &place.found {
            Ok(found) => found,
            Err(why) if !place.declared => {
                let todo = "it was searched besides what `inspect` lists; see that no alias record follows what dies";
                log.warn("Unsearched", &place.name, format!("it can't be searched: {why}"), todo);
                continue;
            }
            Err(why) => {
                let todo = "what can't be read counts as pointing at the color: grant the role, or take it from `inspect` if it is gone";
                log.refuse("Unreadable", &place.name, format!("it can't be read: {why}"), todo);
                continue;
            }
        };
        for pointer in found {
            let what = format!("{} points at {} ({})", pointer.what, facts.color, pointer.to);
            match pointer.weight {
                Weight::Live => {
                    log.refuse("PointsThere", &place.name, what, "let it point elsewhere, or take it away");
                }
                Weight::Idle => {
                    let what = format!("{what}, and is switched off or unused");
                    log.warn("IdlePointer", &place.name, what, "take it away: it leads nowhere once the color is gone");
                }
                Weight::Own => {
                    let what = format!("{what}: the color's own name");
                    let todo =
                        "take it away with the color: a name that leads to an address given back can be taken over";
                    log.warn("OwnName", &place.name, what, todo);
                }
            }
        }
    }
}

fn of_cluster(facts: &Facts, log: &mut Log) {
    let place = format!("cluster of {}", facts.color);
    match &facts.cluster {
        Err(why) => {
            let todo = "see that the identity may read it, and that ARM answers";
            log.refuse("ClusterUnreadable", &place, format!("it can't be read: {why}"), todo);
        }
        Ok(ClusterSeen::There { state: State::Running | State::Starting, told }) if any(facts, Stage::Deleting) => {
            let what = format!("its deletion had begun, and it runs ({told}): it was made again, or nobody deleted it");
            let todo = "`teal retire --revive` ends the retirement; a new one begins with its guard";
            log.refuse("StartedAgain", &place, what, todo);
        }
        Ok(ClusterSeen::There { told, .. }) if started_again(facts) => {
            let todo = "someone needs it: `teal retire --revive` ends the retirement; or run this again: it proves the drain anew, stops it and gives the whole scream time again";
            let what = format!("it was stopped, and someone has started it again ({told})");
            log.refuse("StartedAgain", &place, what, todo);
        }
        Ok(ClusterSeen::There { state: State::Busy | State::Starting, told }) => {
            let what = format!("something is at work on it ({told})");
            log.refuse("ClusterBusy", &place, what, "wait until that has ended");
        }
        Ok(_) => {}
    }
    match &facts.uid {
        Some((pinned, Ok(found))) if pinned != found => {
            let what = format!(
                "its kube-system has the UID {found}, and {pinned} is pinned: it is another cluster of the same name"
            );
            log.refuse("OtherCluster", &place, what, "see which cluster this is before anything is deleted");
        }
        // Once it is stopped nothing can show it any more; it was shown before the point of no return.
        Some((_, Err(why))) if runs(facts) || facts.switches.iter().any(|switch| stage(switch).is_none()) => {
            let todo = "a pinned cluster must show that it is the one: see that its API server answers from here";
            log.refuse("ClusterUnknown", &place, format!("its UID can't be read: {why}"), todo);
        }
        _ => {}
    }
    of_identity(facts, &place, log);
}

/// Is it the cluster that was judged at the point of no return, or a later one of the same id?
fn of_identity(facts: &Facts, place: &str, log: &mut Log) {
    if !matches!(facts.cluster, Ok(ClusterSeen::There { .. })) {
        return;
    }
    let other = |switch: &SwitchSeen| {
        let judged = retirement(switch)?.cluster().map(str::to_owned)?;
        (facts.fingerprint.as_ref() != Some(&judged)).then_some(judged)
    };
    let Some(judged) = facts.switches.iter().find_map(other) else { return };
    let todo = "`teal retire --revive` ends the retirement of the one that was judged; a new one begins with its guard";
    match &facts.fingerprint {
        Some(found) => {
            let what =
                format!("it was made again under the same id: by ARM's word it is {found}, and {judged} was judged");
            log.refuse("OtherCluster", place, what, todo);
        }
        None => {
            log.refuse("ClusterUnknown", place, format!("ARM does not tell any more whether it is {judged}"), todo);
        }
    }
}

fn runs(facts: &Facts) -> bool {
    matches!(&facts.cluster, Ok(ClusterSeen::There { state: State::Running, .. }))
}

/// Does a ledger say that it is stopped, and it runs, or is to?
pub(super) fn started_again(facts: &Facts) -> bool {
    let up = matches!(&facts.cluster, Ok(ClusterSeen::There { state: State::Running | State::Starting, .. }));
    up && facts.switches.iter().any(|switch| stage(switch) >= Some(Stage::Screaming))
}

/// Does any ledger say this?
pub(super) fn any(facts: &Facts, wanted: Stage) -> bool {
    facts.switches.iter().any(|switch| stage(switch) == Some(wanted))
}

fn is_gone(facts: &Facts) -> bool {
    facts.cluster == Ok(ClusterSeen::Gone)
}

/// Do all ledgers say that it is stopped?
fn screaming(facts: &Facts) -> bool {
    !facts.switches.is_empty() && facts.switches.iter().all(|switch| stage(switch) >= Some(Stage::Screaming))
}

/// How far a Switch's ledger is with this color.
pub(super) fn stage(switch: &SwitchSeen) -> Option<Stage> {
    retirement(switch).map(|one| one.stage)
}

/// What a Switch's ledger says of this color's retirement.
pub(super) fn retirement(switch: &SwitchSeen) -> Option<Retirement> {
    switch.ledger.as_ref().ok()?.retirement().filter(|one| one.color == switch.color)
}

fn of_drain(facts: &Facts, log: &mut Log) {
    let place = format!("drain of {}", facts.color);
    let off = matches!(&facts.cluster, Ok(ClusterSeen::There { state: State::Stopped | State::Deleting, .. }));
    match &facts.drain {
        Drain::Proved(_) => {}
        Drain::Live(why) => {
            log.refuse(
                "LiveTraffic",
                &place,
                format!("live traffic: {why}"),
                "see who still calls it, and wait until they have gone",
            );
        }
        // The drain was proved before it was stopped, and what stood in the cluster has stopped with it.
        Drain::Unknown(why) if off && screaming(facts) => {
            let todo = "it was proved before the cluster was stopped; nothing is served by a stopped cluster";
            log.warn("DrainUnknown", &place, format!("can't be measured: {why}"), todo);
        }
        Drain::Unknown(why) if off && any(facts, Stage::Proving) => {
            let what = format!(
                "it was started again and then stopped by hand, and that nobody used it meanwhile can't be measured: {why}"
            );
            let todo = "start it and run this again: it proves the drain, and stops it; or `teal retire --revive` ends the retirement";
            log.refuse("DrainUnknown", &place, what, todo);
        }
        Drain::Unknown(why) => {
            let todo = "what is not measured counts as not drained: see that the `drain` source answers";
            log.refuse("DrainUnknown", &place, format!("can't be measured: {why}"), todo);
        }
    }
}

fn of_doomed(facts: &Facts, log: &mut Log) {
    let place = "node resource group";
    let doomed = match &facts.doomed {
        Ok(doomed) => doomed,
        Err(why) => {
            let todo = "it goes with the cluster: grant `Reader` on it, so that nothing dies unannounced";
            return log.refuse("Unreadable", place, format!("it can't be read: {why}"), todo);
        }
    };
    for one in doomed {
        let id = &one.id;
        match (one.kind, one.announced) {
            (DoomedKind::Data, false) => {
                let todo = "keep what is on it, or list it under `resources`: then it goes";
                log.refuse("DataDies", place, format!("{id} goes with the cluster"), todo);
            }
            (DoomedKind::Data, true) => {
                log.warn("DataDies", place, format!("{id} goes with the cluster, as announced"), "nothing");
            }
            (DoomedKind::Address, _) => {
                log.warn("AddressDies", place, format!("{id} goes with the cluster"), "nobody gets this address back");
            }
            (DoomedKind::Other, _) => {}
        }
    }
}

pub(super) fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
