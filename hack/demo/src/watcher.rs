//! Follows what the switcher says of its Switch and remembers when each phase began.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use teal_switcher::status::{Status, SwitchStatus};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::screen::Screen;

/// One phase and when it was first seen.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Name of the phase.
    pub(crate) phase: String,
    /// When.
    pub(crate) at: Instant,
}

/// A wait that lasts so long is told, so that nobody wonders.
const LONG: Duration = Duration::from_secs(3);

/// A follower of one switcher. Dropped, it stops.
pub(crate) struct Watcher {
    screen: Screen,
    latest: watch::Receiver<Option<SwitchStatus>>,
    phases: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Watcher {
    /// Starts to follow the first Switch of `statuses`.
    pub(crate) fn start(screen: Screen, mut statuses: watch::Receiver<Status>) -> Self {
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
        Self { screen, latest, phases, task }
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
        let found = latest.wait_for(|status| status.as_ref().is_some_and(&wanted));
        tokio::select! {
            Ok(found) = found => found.clone().context("a status was waited for"),
            () = self.tell_waits() => bail!("the switcher has ended before: {what}"),
            () = tokio::time::sleep(within) => bail!("not within {within:?}: {what}; the switcher says: {}", self.tell()),
        }
    }

    /// Says what is awaited, once for each long wait. Ends with the switcher.
    async fn tell_waits(&self) {
        let mut latest = self.latest.clone();
        // What is parked waits for a person: the story tells that itself.
        let waits = |status: &Option<SwitchStatus>| {
            let status = status.as_ref().filter(|status| status.phase != "Parked")?;
            status.wait.as_ref().map(|wait| wait.reason.clone())
        };
        loop {
            let reason = waits(&latest.borrow_and_update());
            let same = latest.wait_for(|status| waits(status) != reason);
            match tokio::time::timeout(LONG, same).await {
                Ok(Ok(_)) => continue,
                Ok(Err(_)) => return,
                Err(_) => {}
            }
            if let Some(wait) = self.now().and_then(|status| status.wait).filter(|_| reason.is_some()) {
                let left = wait.until.map_or_else(String::new, |until| {
                    let left = until.duration_since(jiff::Timestamp::now()).as_secs().max(0);
                    format!(", {left} s more")
                });
                self.screen.say(format!("… waits for {}{left}: {}", wait.reason, wait.message));
            }
            if latest.wait_for(|status| waits(status) != reason).await.is_err() {
                return;
            }
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
