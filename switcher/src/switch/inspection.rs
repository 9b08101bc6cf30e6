//! What speaks against beginning a move by a target: found by looking at it beside the loop, while nothing moves.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use teal_targets::Target;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::kit::Busy;
use crate::config::SwitcherConfig;

/// Time between two inspections at rest; one that objects is repeated sooner.
const INSPECTION: Duration = Duration::from_secs(300);
/// The same while something speaks against a move, or could not be looked at.
const OBJECTING: Duration = Duration::from_secs(15);

/// What an inspection found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Why no move may begin by it.
    pub(crate) objection: Option<String>,
    /// What a person should know besides.
    pub(crate) told: Vec<String>,
    /// Why it could not be looked at; what was found before stands.
    failed: Option<String>,
}

impl Found {
    /// Looks at a target.
    pub(crate) async fn at(&self, target: &Target) -> Self {
        match target.preflight().await {
            Ok(findings) => Self {
                objection: findings.iter().find(|finding| finding.refuse).map(|finding| finding.what.clone()),
                told: findings.into_iter().filter(|finding| !finding.refuse).map(|finding| finding.what).collect(),
                failed: None,
            },
            Err(error) => Self { failed: Some(format!("it could not be looked at: {error}")), ..self.clone() },
        }
    }

    /// For people, each once.
    pub(crate) fn words(&self) -> impl Iterator<Item = String> {
        self.told.iter().chain(&self.objection).chain(&self.failed).cloned()
    }
}

/// When to look again.
#[derive(Debug, Default)]
pub(crate) struct Turn(Option<Instant>);

impl Turn {
    /// Is it time? While something moves there is other work, and what was found before it began still stands; but
    /// nothing is found before the first look.
    pub(crate) fn is_due(&self, found: &Found, busy: &Busy) -> bool {
        let Some(last) = self.0 else { return true };
        let objects = found.objection.is_some();
        let soon = objects || found.failed.is_some();
        (objects || !busy.is()) && last.elapsed() >= if soon { OBJECTING } else { INSPECTION }
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
