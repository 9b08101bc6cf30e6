//! Follows what the switcher says of its Switch and remembers when each phase began.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use teal_switcher::status::{Status, SwitchStatus};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// One phase and when it was first seen.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Name of the phase.
    pub(crate) phase: String,
    /// When.
    pub(crate) at: Instant,
}

/// A follower of one switcher. Dropped, it stops.
pub(crate) struct Watcher {
    latest: watch::Receiver<Option<SwitchStatus>>,
    phases: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Watcher {
    /// Starts to follow the first Switch of `statuses`.
    pub(crate) fn start(mut statuses: watch::Receiver<Status>) -> Self {
        let (sender, latest) = watch::channel(None);
        let phases: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let kept = Arc::clone(&phases);
        let task = tokio::spawn(async move {
            loop {
                let first = statuses.borrow_and_update().switches.first().cloned();
                if let Some(status) = first {
                    remember(&kept, &status.phase);
                    sender.send_replace(Some(status));
                }
                if statuses.changed().await.is_err() {
                    return;
                }
            }
        });
        Self { latest, phases, task }
    }

    /// What was seen last.
    pub(crate) fn now(&self) -> Option<SwitchStatus> {
        self.latest.borrow().clone()
    }

    /// Waits until `wanted` holds; the error says what the Switch was doing instead.
    pub(crate) async fn until(
        &self,
        what: &str,
        within: Duration,
        wanted: impl Fn(&SwitchStatus) -> bool,
    ) -> Result<SwitchStatus> {
        let mut latest = self.latest.clone();
        match tokio::time::timeout(within, latest.wait_for(|status| status.as_ref().is_some_and(&wanted))).await {
            Ok(Ok(found)) => found.clone().context("a status was waited for"),
            _ => bail!("not within {within:?}: {what}; the switcher says: {}", self.tell()),
        }
    }

    /// When `phase` last began, if that was after `since`.
    pub(crate) fn began(&self, phase: &str, since: Instant) -> Option<Instant> {
        let phases = self.phases.lock().unwrap_or_else(PoisonError::into_inner);
        phases.iter().rev().find(|seen| seen.phase == phase && seen.at > since).map(|seen| seen.at)
    }

    /// One line on what the switcher does and waits for.
    pub(crate) fn tell(&self) -> String {
        let Some(status) = self.now() else { return "nothing yet".to_owned() };
        let wait =
            status.wait.map_or_else(String::new, |wait| format!(", waiting for {}: {}", wait.reason, wait.message));
        let attention: String =
            status.attention.iter().map(|one| format!("; {}: {}", one.reason, one.message)).collect();
        format!("{} ({}){wait}{attention}", status.banner, status.phase)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn remember(phases: &Mutex<Vec<Seen>>, phase: &str) {
    let mut phases = phases.lock().unwrap_or_else(PoisonError::into_inner);
    if phases.last().is_none_or(|last| last.phase != phase) {
        phases.push(Seen { phase: phase.to_owned(), at: Instant::now() });
    }
}
