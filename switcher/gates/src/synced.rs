//! Both clusters' `Sync`s are Ready at F, the tree the live color has converged to, and pinned to it (SWITCH §5).

use teal_api::conditions;
use teal_api::sync::SyncObject;
use teal_switcher_core::Digest;

use crate::report::{Outcome, Report};

const GATE: &str = "synced";

/// F: what both clusters must have converged to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Commit that both Syncs are pinned to.
    pub revision: String,
    /// Digest of what it declares; another commit with the same digest is as good. Empty when not recorded.
    pub digest: Digest,
}

/// One color's Sync, or why it is not known.
#[derive(Debug, Clone)]
pub struct Side<'a> {
    /// The color.
    pub color: &'a str,
    /// Its Sync as last read.
    pub sync: Result<&'a SyncObject, String>,
}

/// How one Sync stands towards F.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Yes(String),
    /// On its way: worth waiting.
    NotYet(String),
    /// Nothing will move until a person acts.
    Stuck(String),
    Unknown(String),
}

/// Judges both sides. A Sync on its way is *inconclusive*, one that cannot get there a *fail*, one that can't be read an *error*.
#[must_use]
pub fn check(wanted: &Wanted, sides: &[Side<'_>]) -> Report {
    let states: Vec<(&str, State)> = sides.iter().map(|side| (side.color, state(wanted, side))).collect();
    let short = wanted.revision.get(..8).unwrap_or(&wanted.revision);
    let mut outcome = Outcome::Pass;
    let mut parts = Vec::new();
    for (color, state) in &states {
        let (this, text) = match state {
            State::Yes(text) => (Outcome::Pass, text),
            State::NotYet(text) => (Outcome::Inconclusive, text),
            State::Unknown(text) => (Outcome::Error, text),
            State::Stuck(text) => (Outcome::Fail, text),
        };
        if this != Outcome::Pass {
            parts.push(format!("{color}: {text}"));
        }
        outcome = outcome.max(this);
    }
    let message = if outcome == Outcome::Pass {
        format!(
            "{} are Ready at {short} and pinned to it",
            sides.iter().map(|side| side.color).collect::<Vec<_>>().join(" and ")
        )
    } else {
        parts.join("; ")
    };
    states.iter().fold(Report::new(GATE, outcome, message), |report, (color, state)| {
        let (State::Yes(text) | State::NotYet(text) | State::Stuck(text) | State::Unknown(text)) = state;
        report.with(format!("{color}: {text}"))
    })
}

fn state(wanted: &Wanted, side: &Side<'_>) -> State {
    let sync = match &side.sync {
        Ok(sync) => sync,
        Err(why) => return State::Unknown(why.clone()),
    };
    if sync.spec.suspend {
        return State::Stuck("the Sync is suspended; resume it".to_owned());
    }
    let short = |text: &str| text.get(..8).unwrap_or(text).to_owned();
    match sync.spec.pin.as_deref() {
        Some(pin) if pin == wanted.revision => {}
        Some(other) => {
            return State::NotYet(format!("pinned to {} instead of {}", short(other), short(&wanted.revision)));
        }
        None => return State::NotYet(format!("not pinned to {} yet", short(&wanted.revision))),
    }
    let Some(status) = &sync.status else { return State::NotYet("its agent has not reported yet".to_owned()) };
    if Some(status.observed_generation) != sync.metadata.generation {
        return State::NotYet("its agent has not seen the pin yet".to_owned());
    }
    let at = status.revision.as_deref().unwrap_or_default();
    let digest = status.fleet_digest.as_deref().unwrap_or_default();
    let recorded = !wanted.digest.as_str().is_empty();
    let same = Digest::of(digest) == wanted.digest;
    let there = at == wanted.revision || (recorded && same);
    let said = |kind: &str| {
        let found = status.conditions.iter().find(|condition| condition.type_ == kind);
        found.map(|condition| condition.message.clone()).unwrap_or_default()
    };
    if conditions::holds(&status.conditions, conditions::STALLED) {
        return State::Stuck(format!("stalled: {}", said(conditions::STALLED)));
    }
    if !conditions::holds(&status.conditions, conditions::READY) {
        return State::NotYet(format!("not Ready: {}", said(conditions::READY)));
    }
    if !there {
        return State::NotYet(format!("Ready at {}, not at {}", short(at), short(&wanted.revision)));
    }
    if recorded && !same {
        return State::Stuck(format!("the same commit has digest {} instead of {}", short(digest), wanted.digest));
    }
    State::Yes(format!("Ready at {}, digest {}", short(at), short(digest)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Outcome::{Error, Fail, Inconclusive, Pass};
    use serde_json::json;

    const F: &str = "ffffffffffffffffffffffffffffffffffffffff";

    fn sync(spec: serde_json::Value, status: serde_json::Value) -> SyncObject {
        let mut whole = json!({"color": "green", "pin": F, "source": {"url": "https://git/x"}});
        whole.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        let status = if status.is_null() { json!({}) } else { json!({"status": status}) };
        let mut object = json!({"apiVersion": "teal.dev/v1alpha1", "kind": "Sync", "metadata": {"name": "fleet", "generation": 3}, "spec": whole});
        object.as_object_mut().unwrap().extend(status.as_object().unwrap().clone());
        serde_json::from_value(object).unwrap()
    }

    fn status(generation: i64, revision: &str, digest: &str, ready: &str, stalled: &str) -> serde_json::Value {
        let condition = |kind: &str, status: &str| json!({"type": kind, "status": status, "reason": "X", "message": format!("{kind} message"), "lastTransitionTime": "2026-01-01T00:00:00Z"});
        json!({"observedGeneration": generation, "revision": revision, "fleetDigest": digest,
               "conditions": [condition("Ready", ready), condition("Stalled", stalled)]})
    }

    #[test]
    fn a_sync_is_there_only_when_its_agent_says_so_of_the_pin() {
        let wanted = Wanted { revision: F.to_owned(), digest: Digest::of("d1") };
        let old = "0000000000000000000000000000000000000000";
        for (rule, spec, status, want, words) in [
            ("ready at F", json!({}), status(3, F, "d1", "True", "False"), Pass, "green are Ready at ffffffff"),
            ("another commit with the same tree", json!({}), status(3, old, "d1", "True", "False"), Pass, "Ready"),
            ("not pinned", json!({"pin": null}), status(3, F, "d1", "True", "False"), Inconclusive, "not pinned"),
            (
                "pinned elsewhere",
                json!({"pin": old}),
                status(3, F, "d1", "True", "False"),
                Inconclusive,
                "pinned to 00000000",
            ),
            (
                "the pin is not seen yet",
                json!({}),
                status(2, F, "d1", "True", "False"),
                Inconclusive,
                "not seen the pin",
            ),
            (
                "ready at something older",
                json!({}),
                status(3, old, "d0", "True", "False"),
                Inconclusive,
                "not at ffffffff",
            ),
            ("on its way", json!({}), status(3, F, "d1", "False", "False"), Inconclusive, "not Ready: Ready message"),
            ("stalled", json!({}), status(3, F, "d1", "False", "True"), Fail, "stalled: Stalled message"),
            ("suspended", json!({"suspend": true}), status(3, F, "d1", "True", "False"), Fail, "suspended"),
            ("one commit, two digests", json!({}), status(3, F, "d2", "True", "False"), Fail, "digest d2"),
            ("no agent", json!({}), json!(null), Inconclusive, "not reported"),
        ] {
            let sync = sync(spec, status);
            let report = check(&wanted, &[Side { color: "green", sync: Ok(&sync) }]);
            assert_eq!(report.outcome, want, "{rule}: {report}");
            assert!(report.message.contains(words), "{rule}: {report}");
        }
    }

    #[test]
    fn a_cluster_that_cannot_be_read_is_an_error_and_never_a_pass() {
        let wanted = Wanted { revision: F.to_owned(), digest: Digest::default() };
        let good = sync(json!({}), status(3, F, "d1", "True", "False"));
        let sides = [
            Side { color: "blue", sync: Err("no answer within 5 s".to_owned()) },
            Side { color: "green", sync: Ok(&good) },
        ];
        let report = check(&wanted, &sides);
        assert_eq!((report.outcome, report.message.as_str()), (Error, "blue: no answer within 5 s"));
    }
}
