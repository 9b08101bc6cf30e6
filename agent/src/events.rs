//! Kubernetes Events about the Sync, its units and freezes: what a person should hear of without looking.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use teal_agent_core::ObjectId;
use teal_api::names::AGENT_MANAGER;
use tokio::time::Instant;

/// Longest note; the API server refuses more than 1 KiB.
const NOTE_LIMIT: usize = 1000;
/// Events about single objects that may come at once, and how soon there may be one more: a thousand objects that fail for
/// one reason are one story, which the Sync's status tells.
const BURST: u32 = 50;
const ONE_MORE: Duration = Duration::from_secs(2);

/// Publishes Events; the same one again within minutes is counted, not repeated.
#[derive(Clone)]
pub(crate) struct Events {
    recorder: Recorder,
    budget: Arc<Mutex<Budget>>,
}

/// How many Events about single objects may still be published.
struct Budget {
    left: u32,
    since: Instant,
}

impl Budget {
    fn take(&mut self, now: Instant) -> bool {
        let earned = (now - self.since).as_secs() / ONE_MORE.as_secs();
        if earned > 0 {
            self.left = self.left.saturating_add(u32::try_from(earned).unwrap_or(BURST)).min(BURST);
            self.since = now;
        }
        let some = self.left > 0;
        self.left = self.left.saturating_sub(1);
        some
    }
}

impl Events {
    /// Publishes as the agent.
    #[must_use]
    pub(crate) fn new(client: Client, instance: Option<String>) -> Self {
        let reporter = Reporter { controller: AGENT_MANAGER.to_owned(), instance };
        let budget = Arc::new(Mutex::new(Budget { left: BURST, since: Instant::now() }));
        Self { recorder: Recorder::new(client, reporter), budget }
    }

    /// Tells of something that went as it should.
    pub(crate) async fn normal(&self, about: &ObjectReference, reason: &str, note: &str) {
        self.publish(EventType::Normal, about, None, reason, note).await;
    }

    /// Tells of something a person should look at.
    pub(crate) async fn warning(&self, about: &ObjectReference, reason: &str, note: &str) {
        self.publish(EventType::Warning, about, None, reason, note).await;
    }

    /// As [`Events::normal`], about one object of the Sync: the same reason for two objects is two Events.
    pub(crate) async fn normal_of(&self, about: &ObjectReference, object: &ObjectId, reason: &str, note: &str) {
        self.publish(EventType::Normal, about, Some(object), reason, note).await;
    }

    /// As [`Events::warning`], about one object of the Sync.
    pub(crate) async fn warning_of(&self, about: &ObjectReference, object: &ObjectId, reason: &str, note: &str) {
        self.publish(EventType::Warning, about, Some(object), reason, note).await;
    }

    async fn publish(
        &self,
        type_: EventType,
        about: &ObjectReference,
        object: Option<&ObjectId>,
        reason: &str,
        note: &str,
    ) {
        if object.is_some() && !self.budget.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now()) {
            tracing::debug!(reason, note, "Event not published: too many at once");
            return;
        }
        let secondary = object.map(|id| ObjectReference {
            kind: Some(id.kind.clone()),
            name: Some(id.name.clone()),
            namespace: Some(id.namespace.clone()).filter(|namespace| !namespace.is_empty()),
            ..ObjectReference::default()
        });
        let event =
            Event { type_, reason: reason.to_owned(), note: Some(clip(note)), action: "Sync".to_owned(), secondary };
        // An Event is a courtesy; status and metrics say the same.
        if let Err(error) = self.recorder.publish(&event, about).await {
            tracing::debug!(%error, reason, "Event not published");
        }
    }
}

fn clip(note: &str) -> String {
    if note.len() <= NOTE_LIMIT {
        return note.to_owned();
    }
    let end = (0..NOTE_LIMIT).rev().find(|&index| note.is_char_boundary(index)).unwrap_or(0);
    format!("{}…", &note[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_events_ends_and_trickles_on() {
        let begun = Instant::now();
        let mut budget = Budget { left: BURST, since: begun };
        let published = (0..1000).filter(|_| budget.take(begun)).count();
        assert_eq!(published, BURST as usize);
        assert!(budget.take(begun + ONE_MORE) && !budget.take(begun + ONE_MORE));
        assert!((0..1000).filter(|_| budget.take(begun + ONE_MORE * 10_000)).count() <= BURST as usize);
    }
}
