//! What a Switch and its targets say against it.

use super::{Log, is_gone, millis, pushed};
use crate::ledger::RetireRefusal;
use crate::observation::Value;
use crate::retire::facts::{Facts, Policy, SwitchSeen};

pub(super) fn look(facts: &Facts, policy: &Policy, switch: &SwitchSeen, log: &mut Log) {
    let (place, color) = (format!("Switch {}", switch.name), &switch.color);
    if !switch.listed {
        let what = format!("it names this cluster as {color}, and `switches` does not list it");
        log.refuse("SwitchNotListed", &place, what, format!("add {} to the color's `switches`", switch.name));
    }
    if switch.same_identity {
        let todo = "give the retirement an identity of its own: the one that is always on must not be able to delete a cluster";
        log.refuse("SameIdentity", &place, "its switcher's identity is the one that would delete the cluster", todo);
    }
    pushed::of(switch, &place, log);
    match &switch.ledger {
        Err(why) => {
            let todo = "what can't be read counts as in use: see that its target answers and the Secret is right";
            log.refuse("LedgerUnreadable", &place, format!("its ledger can't be read: {why}"), todo);
        }
        Ok(ledger) => {
            if let Err(refusal) = ledger.lets_go(color) {
                log.refuse(reason(&refusal), &place, refusal.to_string(), todo(&refusal));
            } else if ledger.retirement().is_none() && !is_gone(facts) {
                let since = ledger.times.entered_ms.max(ledger.times.shifted_ms);
                let left = since.saturating_add(millis(policy.retention)).saturating_sub(facts.now_ms);
                if left > 0 {
                    let what = format!("traffic left {color} too recently: {} of the retention are left", span(left));
                    log.refuse("Retention", &place, what, "wait, or lower `retention`");
                }
            }
        }
    }
    targets(&place, switch, log);
}

/// Where its targets route to.
fn targets(place: &str, switch: &SwitchSeen, log: &mut Log) {
    let color = &switch.color;
    for target in &switch.targets {
        let name = &target.name;
        let (reason, what, todo) = match &target.value {
            Ok(Value::Color(found)) if found != color => continue,
            Ok(Value::LedgerOnly) => continue,
            Ok(Value::Split(shares)) if !shares.contains_key(color) => continue,
            Ok(Value::Color(_) | Value::Split(_) | Value::Mixed) => {
                let todo =
                    "move it away by the Switch; a target that was left behind is put right with `teal reassert`";
                ("StillRouted", format!("{name} routes to {color}"), todo)
            }
            Ok(Value::Foreign(found)) => {
                let todo = "see who wrote it; then `teal adopt` or `teal reassert`";
                ("Foreign", format!("{name} routes to {found}, which no color declares"), todo)
            }
            Ok(Value::Gone) => ("Foreign", format!("{name} is not there"), "see who took it away, and make it again"),
            Ok(Value::Unreadable(why)) | Err(why) => {
                ("TargetUnreadable", format!("{name} can't be read: {why}"), "what can't be read counts as in use")
            }
        };
        log.refuse(reason, place, what, todo);
    }
}

fn reason(refusal: &RetireRefusal) -> &'static str {
    match refusal {
        RetireRefusal::NotSteady { .. } => "NotSteady",
        RetireRefusal::Live { .. } => "Live",
        RetireRefusal::Ordered { .. } => "Ordered",
        RetireRefusal::Another { .. } => "AnotherRetires",
    }
}

fn todo(refusal: &RetireRefusal) -> &'static str {
    match refusal {
        RetireRefusal::NotSteady { .. } => "wait until the move has ended, or settle what it is parked for",
        RetireRefusal::Live { .. } => "move its traffic away first: `teal switch <the other color>`",
        RetireRefusal::Ordered { .. } => "settle it first; a hold ends with `teal hold --end`",
        RetireRefusal::Another { .. } => "end that retirement first",
    }
}

/// A time for people, to the second or the minute.
fn span(ms: u64) -> String {
    let seconds = ms.div_ceil(1000);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, _) => format!("{} min", m + 1),
        (h, m, _) => format!("{h} h {m} min"),
    }
}
