//! What a retirement does next. Level-based: ledgers and cluster tell where it is, so whoever runs it again goes on.

use super::facts::{ClusterSeen, Facts, Policy, State};
use super::guard::{Finding, Severity, any, guard, millis, retirement, stage, started_again};
use crate::ledger::Stage;

/// What is to be done now, and all that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// What is to be done now.
    pub act: Act,
    /// See [`guard`].
    pub findings: Vec<Finding>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Nothing: something refuses.
    Refuse,
    /// Swap these Switches' ledgers to Retiring: the point of no return.
    Enter(Vec<String>),
    /// Note in these Switches' ledgers that the cluster was started again, so that the stop before does not count any
    /// more. Then nothing else: whoever runs it again decides.
    Reopen(Vec<String>),
    /// Note in these Switches' ledgers that the drain is proved anew, so that the next stop counts.
    Prove(Vec<String>),
    /// Stop the cluster.
    Stop,
    /// Wait until it is stopped.
    AwaitStopped,
    /// Note in these Switches' ledgers that it is stopped, and until when it stays so.
    NoteStopped {
        /// Whose.
        switches: Vec<String>,
        /// Unix milliseconds.
        until_ms: u64,
    },
    /// Nothing until then: whoever needs it has time to scream.
    Wait {
        /// Unix milliseconds.
        until_ms: u64,
    },
    /// Note in these Switches' ledgers that it is about to be deleted.
    Condemn(Vec<String>),
    /// Delete the cluster.
    Delete,
    /// Wait until it is gone.
    AwaitGone,
    /// Take these Switches' ledgers back to Steady: the cluster is gone.
    Finish(Vec<String>),
    /// Nothing is left to do.
    Done,
}

/// Judges the facts and says what is to be done next. Total: every state of ledgers and cluster has an answer.
#[must_use]
pub fn next(facts: &Facts, policy: &Policy) -> Next {
    let findings = guard(facts, policy);
    let refused = findings.iter().any(|finding| finding.severity == Severity::Refuses);
    let act = match &facts.cluster {
        Err(_) => Act::Refuse,
        Ok(ClusterSeen::Gone) => gone(facts, refused),
        Ok(ClusterSeen::There { state, .. }) => there(facts, policy, *state, refused),
    };
    Next { act, findings }
}

/// What is gone needs no guard. But a color that is live, or that no Switch names, was never retired: its id may be wrong.
fn gone(facts: &Facts, refused: bool) -> Act {
    let retiring = those(facts, |stage| stage.is_some());
    let unread = facts.switches.iter().any(|switch| switch.ledger.is_err());
    match (retiring.is_empty(), refused) {
        (false, _) if !unread => Act::Finish(retiring),
        (true, false) => Act::Done,
        _ => Act::Refuse,
    }
}

fn there(facts: &Facts, policy: &Policy, state: State, refused: bool) -> Act {
    let guarded = |act: Act| if refused { Act::Refuse } else { act };
    if facts.switches.is_empty() {
        return Act::Refuse;
    }
    if started_again(facts) {
        // Past the deletion's beginning it may be a new cluster: only `revive` ends that.
        let begun = those(facts, |stage| stage >= Some(Stage::Screaming));
        return if any(facts, Stage::Deleting) { Act::Refuse } else { Act::Reopen(begun) };
    }
    let behind = those(facts, |stage| stage.is_none());
    if !behind.is_empty() {
        return guarded(Act::Enter(behind));
    }
    let unproven = those(facts, |stage| stage == Some(Stage::Proving));
    if !unproven.is_empty() {
        return match state {
            // Stopped by hand or not: what was proved before it was started again says nothing of who used it since.
            State::Running | State::Stopped => guarded(Act::Prove(unproven)),
            State::Stopping => Act::AwaitStopped,
            State::Deleting => Act::AwaitGone,
            State::Starting | State::Busy => Act::Refuse,
        };
    }
    let running = those(facts, |stage| stage == Some(Stage::Stopping));
    if !running.is_empty() {
        return match state {
            State::Stopped => note_stopped(facts, policy),
            State::Stopping => Act::AwaitStopped,
            State::Deleting => Act::AwaitGone,
            State::Running => guarded(Act::Stop),
            State::Starting | State::Busy => Act::Refuse,
        };
    }
    match state {
        State::Deleting => return Act::AwaitGone,
        State::Stopping => return Act::AwaitStopped,
        State::Running | State::Starting | State::Busy => return Act::Refuse,
        State::Stopped => {}
    }
    let screaming = those(facts, |stage| stage == Some(Stage::Screaming));
    if screaming.is_empty() {
        return guarded(Act::Delete);
    }
    let until_ms = latest(facts);
    if facts.now_ms < until_ms { Act::Wait { until_ms } } else { guarded(Act::Condemn(screaming)) }
}

fn those(facts: &Facts, wanted: impl Fn(Option<Stage>) -> bool) -> Vec<String> {
    facts.switches.iter().filter(|switch| wanted(stage(switch))).map(|switch| switch.name.clone()).collect()
}

/// The end of the scream time, for the ledgers of one retirement: what another of its ledgers says already stands, so that a
/// crash between two of them prolongs nothing. What another retirement's says is of another stop.
fn note_stopped(facts: &Facts, policy: &Policy) -> Act {
    let of = |wanted: fn(Stage) -> bool| {
        facts.switches.iter().filter_map(move |switch| {
            retirement(switch).filter(|one| wanted(one.stage)).map(|one| (switch.name.clone(), one))
        })
    };
    let stopping: Vec<_> = of(|stage| stage == Stage::Stopping).collect();
    let op = stopping.first().map(|(_, one)| one.op.clone()).unwrap_or_default();
    let known =
        of(|stage| stage >= Stage::Screaming).filter(|(_, one)| one.op == op).map(|(_, one)| one.until_ms).max();
    let until_ms = known.unwrap_or_else(|| facts.now_ms.saturating_add(millis(policy.scream)));
    let switches = stopping.into_iter().filter(|(_, one)| one.op == op).map(|(name, _)| name).collect();
    Act::NoteStopped { switches, until_ms }
}

/// The latest end of the scream time that a ledger tells; `0` when none does.
fn latest(facts: &Facts) -> u64 {
    let ledgers = facts.switches.iter().filter_map(retirement);
    ledgers.filter(|one| one.stage >= Stage::Screaming).map(|one| one.until_ms).max().unwrap_or(0)
}

/// What is to be done next when someone has screamed: the cluster is started again, and its Switches leave Retiring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revive {
    /// Nothing is being retired.
    Nothing,
    /// It can't be done; with why.
    Refuse(String),
    /// Note in these Switches' ledgers that the stop does not count any more, before it is started: whoever would delete
    /// it at the same time loses that race.
    Reopen(Vec<String>),
    /// Start the cluster.
    Start,
    /// Wait until it is stopped, or runs.
    Await,
    /// Take these Switches' ledgers back to Steady: the cluster runs.
    Finish(Vec<String>),
}

/// What reviving a color does next. It is too late once ARM deletes the cluster.
#[must_use]
pub fn revive(facts: &Facts) -> Revive {
    if let Some(why) = facts.switches.iter().find_map(|switch| switch.ledger.as_ref().err()) {
        return Revive::Refuse(format!("a ledger can't be read: {why}"));
    }
    let retiring = those(facts, |stage| stage.is_some());
    let (state, told) = match &facts.cluster {
        Err(why) => return Revive::Refuse(format!("the cluster can't be read: {why}")),
        Ok(ClusterSeen::Gone) if retiring.is_empty() => {
            return Revive::Refuse("the cluster is gone, and nothing is being retired".to_owned());
        }
        Ok(ClusterSeen::Gone) => {
            return Revive::Refuse("the cluster is gone; end the retirement without --revive".into());
        }
        Ok(ClusterSeen::There { state, told }) => (*state, told),
    };
    if retiring.is_empty() {
        return match state {
            State::Running => Revive::Nothing,
            _ => Revive::Refuse(format!(
                "nothing is being retired, and the cluster does not run ({told}): start it by hand"
            )),
        };
    }
    match state {
        State::Deleting => Revive::Refuse("its deletion has begun: there is no way back any more".to_owned()),
        State::Running => Revive::Finish(retiring),
        State::Stopping | State::Starting | State::Busy => Revive::Await,
        State::Stopped => {
            let begun = those(facts, |stage| stage >= Some(Stage::Screaming));
            if begun.is_empty() { Revive::Start } else { Revive::Reopen(begun) }
        }
    }
}
