//! Where every Switch puts its status, and where page, data and metrics read it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::source::Declared;
use crate::status::{Status, SwitchStatus, SwitcherStatus};

/// Cheap to clone; every clone is the same board.
#[derive(Debug, Clone)]
pub(crate) struct Board {
    switches: Arc<Mutex<BTreeMap<String, SwitchStatus>>>,
    status: watch::Sender<Status>,
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
        Self { switches: Arc::default(), status: watch::channel(empty).0 }
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
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
        });
    }

    /// Shows how git stands.
    pub(crate) fn git(&self, declared: &Declared) {
        self.status.send_if_modified(|status| {
            let changed = status.git != declared.git || status.invalid != declared.invalid;
            status.git = declared.git.clone();
            status.invalid.clone_from(&declared.invalid);
            if changed {
                status.at = Timestamp::now();
            }
            changed
        });
    }
}
