//! What speaks against beginning a move by a target: found by looking at it beside the loop, while nothing moves.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use teal_switcher_core::Inspected;
use teal_targets::{Finding, Target, TargetError};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::kit::Busy;
use crate::config::SwitcherConfig;

/// Time between two inspections at rest; one that objects is repeated sooner.
const INSPECTION: Duration = Duration::from_secs(300);
/// The same while something speaks against a move.
const OBJECTING: Duration = Duration::from_secs(15);
/// The same while no look has succeeded: a move waits for one.
const UNKNOWN: Duration = Duration::from_secs(3);

/// What an inspection found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Everything for which no move may begin by it.
    objections: Vec<String>,
    /// What a person should know besides.
    told: Vec<String>,
    /// Why the last look failed; what was found before stands.
    failed: Option<String>,
    /// A look has succeeded, or was refused for lack of a role: there is nothing to wait for.
    settled: bool,
}

impl Found {
    /// Looks at a target. What was not known before is logged, once.
    pub(crate) async fn at(&self, target: &Target) -> Self {
        let now = self.after(target.preflight().await);
        let known: Vec<String> = self.words().collect();
        for what in now.words().filter(|what| !known.contains(what)) {
            tracing::warn!(target = target.name(), what, "Target looked at");
        }
        now
    }

    fn after(&self, looked: Result<Vec<Finding>, TargetError>) -> Self {
        match looked {
            Ok(findings) => {
                let (objections, told): (Vec<_>, Vec<_>) = findings.into_iter().partition(|finding| finding.refuse);
                let words = |findings: Vec<Finding>| findings.into_iter().map(|finding| finding.what).collect();
                Self { objections: words(objections), told: words(told), failed: None, settled: true }
            }
            Err(error) => {
                let failed = Some(format!("it could not be looked at: {}", error.steady()));
                // Nobody here will see it go.
                let objections = if error.denied() { Vec::new() } else { self.objections.clone() };
                Self { objections, failed, settled: self.settled || error.denied(), told: self.told.clone() }
            }
        }
    }

    /// In the words of deciding.
    pub(crate) fn seen(&self) -> Inspected {
        match &self.failed {
            _ if !self.objections.is_empty() => Inspected::Objection(self.objections.join("; ")),
            _ if self.settled => Inspected::Clear,
            Some(why) => Inspected::Unknown(why.clone()),
            None => Inspected::Unknown("it has not been looked at yet".to_owned()),
        }
    }

    /// For people, each once.
    pub(crate) fn words(&self) -> impl Iterator<Item = String> {
        self.told.iter().chain(&self.objections).chain(&self.failed).cloned()
    }
}

/// When to look again.
#[derive(Debug, Default)]
pub(crate) struct Turn(Option<Instant>);

impl Turn {
    /// Is it time? While something moves there is other work, and what was found before it began still stands; but
    /// nothing is found before the first look that succeeds.
    pub(crate) fn is_due(&self, found: &Found, busy: &Busy) -> bool {
        let Some(last) = self.0 else { return true };
        let (pause, holds) = match found.seen() {
            Inspected::Unknown(_) => (UNKNOWN, true),
            Inspected::Objection(_) => (OBJECTING, true),
            Inspected::Clear => (INSPECTION, false),
        };
        (holds || !busy.is()) && last.elapsed() >= pause
    }

    pub(crate) fn taken(&mut self) {
        self.0 = Some(Instant::now());
    }
}

/// The target that keeps the ledger, which has no task of its own: the loop reads and writes it.
#[derive(Debug)]
pub(crate) struct Inspection {
    found: Arc<Mutex<Found>>,
    changed: watch::Receiver<u64>,
}

impl Inspection {
    /// Starts looking, in `tasks`.
    pub(crate) fn start(target: Target, busy: Busy, config: &SwitcherConfig, tasks: &mut JoinSet<()>) -> Self {
        let (sender, changed) = watch::channel(0);
        let found = Arc::<Mutex<Found>>::default();
        let (shared, pause) = (found.clone(), config.idle_interval);
        tasks.spawn(async move {
            let mut turn = Turn::default();
            loop {
                let before = lock(&shared).clone();
                if turn.is_due(&before, &busy) {
                    let now = before.at(&target).await;
                    turn.taken();
                    if now != before {
                        *lock(&shared) = now;
                        sender.send_modify(|count| *count += 1);
                    }
                }
                tokio::time::sleep(pause).await;
            }
        });
        Self { found, changed }
    }

    pub(crate) fn changed(&self) -> watch::Receiver<u64> {
        self.changed.clone()
    }

    /// What is known.
    pub(crate) fn found(&self) -> Found {
        lock(&self.found).clone()
    }
}

/// A poisoned lock still holds whole values: every critical section here only assigns.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> TargetError {
        TargetError::Unreachable { server: "ns1:53".to_owned(), why: "refused".to_owned() }
    }

    fn denied() -> TargetError {
        let (server, key) = ("ns1:53".to_owned(), "teal".to_owned());
        TargetError::Refused { server, key, action: "read".to_owned(), record: "shop.contoso.test".to_owned() }
    }

    #[test]
    fn what_was_found_stands_while_looks_fail_and_a_missing_role_is_told_and_waited_for_by_nobody() {
        let first = Found::default();
        assert!(matches!(first.seen(), Inspected::Unknown(why) if why.contains("not been looked at yet")));
        let failed = first.after(Err(away()));
        assert!(matches!(failed.seen(), Inspected::Unknown(why) if why.contains("can't be reached")));
        let refused = failed.after(Err(denied()));
        assert_eq!(refused.seen(), Inspected::Clear);
        assert!(refused.words().any(|word| word.contains("grant it in the server's policy")), "{refused:?}");
        let objects = first.after(Ok(vec![Finding { refuse: true, what: "owned".to_owned() }]));
        let away = objects.after(Err(away()));
        assert_eq!(away.seen(), Inspected::Objection("owned".to_owned()));
        assert_eq!(away.after(Err(denied())).seen(), Inspected::Clear, "whoever may not look would never see it go");
        let all = ["owned", "disabled"].map(|what| Finding { refuse: true, what: what.to_owned() });
        let told = Finding { refuse: false, what: "slow".to_owned() };
        let several = first.after(Ok(all.into_iter().chain([told]).collect()));
        assert_eq!(several.seen(), Inspected::Objection("owned; disabled".to_owned()), "all mistakes at once");
        assert_eq!(several.words().collect::<Vec<_>>(), ["slow", "owned", "disabled"]);
        let clear = first.after(Ok(Vec::new()));
        assert_eq!((clear.seen(), clear.after(Err(self::away())).seen()), (Inspected::Clear, Inspected::Clear));
    }
}
