//! Kubernetes Events about the Sync, its units and freezes: what a person should hear of without looking.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use teal_agent_core::ObjectId;
use teal_api::names::AGENT_MANAGER;

/// Longest note; the API server refuses more than 1 KiB.
const NOTE_LIMIT: usize = 1000;

/// Publishes Events; the same one again within minutes is counted, not repeated.
#[derive(Clone)]
pub(crate) struct Events {
    recorder: Recorder,
}

impl Events {
    /// Publishes as the agent.
    #[must_use]
    pub(crate) fn new(client: Client, instance: Option<String>) -> Self {
        let reporter = Reporter { controller: AGENT_MANAGER.to_owned(), instance };
        Self { recorder: Recorder::new(client, reporter) }
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
