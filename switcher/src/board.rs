//! Where every Switch puts its status, and where page, data and metrics read it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use crate::source::Declared;
use crate::status::{GitStatus, Status, SwitchStatus, SwitcherStatus};

/// Cheap to clone; every clone is the same board.
#[derive(Debug, Clone)]
pub(crate) struct Board {
    switches: Arc<Mutex<BTreeMap<String, SwitchStatus>>>,
    status: watch::Sender<Status>,
    listeners: Arc<Mutex<Vec<mpsc::UnboundedSender<Status>>>>,
}

impl Board {
    pub(crate) fn new(switcher: SwitcherStatus) -> Self {
        let empty = Status {
            at: Timestamp::now(),
            switcher,
            git: Default::default(),
            switches: Vec::new(),
            invalid: Vec::new(),
        };
        Self { switches: Arc::default(), status: watch::channel(empty).0, listeners: Arc::default() }
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Every status from now on, one after the other; what is not taken is kept.
    pub(crate) fn listen(&self) -> mpsc::UnboundedReceiver<Status> {
        let (listener, heard) = mpsc::unbounded_channel();
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(listener);
        heard
    }

    fn tell(&self, status: &Status) {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| listener.send(status.clone()).is_ok());
    }

    /// Shows a Switch; browsers are woken only when something differs.
    pub(crate) fn set(&self, one: SwitchStatus) {
        let mut switches = self.switches.lock().unwrap_or_else(PoisonError::into_inner);
        if switches.get(&one.name) == Some(&one) {
            return;
        }
        switches.insert(one.name.clone(), one);
        self.publish(&switches);
    }

    pub(crate) fn remove(&self, name: &str) {
        let mut switches = self.switches.lock().unwrap_or_else(PoisonError::into_inner);
        switches.remove(name);
        self.publish(&switches);
    }

    fn publish(&self, switches: &BTreeMap<String, SwitchStatus>) {
        self.status.send_modify(|status| {
            status.at = Timestamp::now();
            status.switches = switches.values().cloned().collect();
            self.tell(status);
        });
    }

    /// Shows how git stands.
    pub(crate) fn git(&self, declared: &Declared) {
        self.status.send_if_modified(|status| {
            // Another look that found nothing new is no news for a browser; page and metrics tell its time all the same.
            let seen = GitStatus { fetched_at: status.git.fetched_at, ..declared.git.clone() };
            let changed = status.git != seen || status.invalid != declared.invalid;
            status.git = declared.git.clone();
            status.invalid.clone_from(&declared.invalid);
            if changed {
                status.at = Timestamp::now();
                self.tell(status);
            }
            changed
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_found_nothing_new_wakes_nobody_and_its_time_is_told() {
        let switcher = SwitcherStatus { identity: "one".to_owned(), color: None, version: "1".to_owned() };
        let board = Board::new(switcher);
        let (mut watched, mut heard) = (board.watch(), board.listen());
        let mut declared = Declared::default();
        declared.git.fetched_at = Some(Timestamp::UNIX_EPOCH);
        board.git(&declared);
        assert!(!watched.has_changed().unwrap());
        assert_eq!(watched.borrow_and_update().git.fetched_at, Some(Timestamp::UNIX_EPOCH));
        declared.git.error = Some("no route".to_owned());
        board.git(&declared);
        assert!(watched.has_changed().unwrap());
        declared.git.error = None;
        board.git(&declared);
        let errors = [(); 2].map(|()| heard.try_recv().unwrap().git.error);
        assert_eq!(errors, [Some("no route".to_owned()), None], "who listens misses none");
        assert!(heard.try_recv().is_err());
    }
}
