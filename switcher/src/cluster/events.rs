//! Kubernetes Events on both clusters' `Sync`, best effort: the log, the history and the metrics do not depend on them.

use kube::Resource;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use teal_api::names::SWITCHER_MANAGER;

use super::Cluster;

/// Longest note the API server takes, in bytes.
const NOTE_LIMIT: usize = 1000;

/// Tells one thing to a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Teller {
    /// CamelCase, such as `Shifting`.
    pub reason: String,
    /// One sentence.
    pub note: String,
    /// Whether someone should look.
    pub warning: bool,
}

impl Cluster {
    /// Writes an Event about this color's Sync; silence is fine.
    pub async fn tell(&self, what: &Teller) {
        let known = self.known();
        let Some(Ok(sync)) = known.view.as_ref().map(|view| view.sync.as_ref()) else { return };
        let Ok(client) = self.client().await else { return };
        let reporter = Reporter { controller: SWITCHER_MANAGER.to_owned(), instance: None };
        let event = Event {
            type_: if what.warning { EventType::Warning } else { EventType::Normal },
            reason: what.reason.clone(),
            note: Some(clip(&what.note)),
            action: "Switch".to_owned(),
            secondary: None,
        };
        let told = Recorder::new(client, reporter).publish(&event, &sync.object_ref(&())).await;
        if let Err(error) = told {
            tracing::debug!(color = self.color, %error, "Event not written");
        }
    }
}

fn clip(note: &str) -> String {
    let end = (0..=NOTE_LIMIT.min(note.len())).rev().find(|&index| note.is_char_boundary(index)).unwrap_or(0);
    note[..end].to_owned()
}
