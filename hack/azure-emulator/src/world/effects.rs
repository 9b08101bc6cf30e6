//! What an operation does when it ends: data, so that it survives in a state file.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::World;
use super::store::{Group, Resource};
use crate::arm::{ResourceId, Scope};

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Effect {
    /// A resource becomes this.
    Put {
        /// Which.
        id: ResourceId,
        /// Its body.
        body: Map<String, Value>,
        /// What the service keeps to itself.
        hidden: Map<String, Value>,
    },
    /// One value in a resource's body changes, if the resource is still there. The etag stays.
    Set {
        /// Which.
        id: ResourceId,
        /// JSON pointer into its body, such as `/properties/provisioningState`.
        pointer: String,
        /// The new value.
        value: Value,
    },
    /// A resource goes, with all below it.
    Delete {
        /// Which.
        id: ResourceId,
    },
    /// The service is told.
    Provider {
        /// About what.
        id: ResourceId,
        /// Anything.
        note: Value,
    },
}

impl World {
    /// Writes a resource with a new etag; the data plane hears of it after the propagation time of its kind. A group
    /// that is missing springs into being. True when the resource is new.
    pub(crate) fn save(
        &mut self,
        id: &ResourceId,
        body: Map<String, Value>,
        hidden: Map<String, Value>,
    ) -> (Arc<Resource>, bool) {
        let lag = self.propagation(&id.kind());
        let effective = self.after(lag);
        self.save_at(id, body, hidden, effective)
    }

    /// The same with the time at which the data plane hears of it.
    pub(crate) fn save_at(
        &mut self,
        id: &ResourceId,
        body: Map<String, Value>,
        hidden: Map<String, Value>,
        effective: Timestamp,
    ) -> (Arc<Resource>, bool) {
        let (now, etag) = (self.now(), self.uuid());
        let old = self.store.get(id).cloned();
        let spelled = old.as_ref().map_or_else(|| id.clone(), |old| old.id.clone());
        let created = old.as_ref().map_or(now, |old| old.created);
        let resource = Resource { id: spelled, etag, body, hidden, created, changed: now };
        self.need_group(id);
        let shared = Arc::new(resource.clone());
        let created = self.store.put(resource, now, effective);
        self.touch();
        (shared, created)
    }

    /// Deletes a resource and all below it; the data plane hears of it after the propagation time. True when it was
    /// there.
    pub(crate) fn remove(&mut self, id: &ResourceId) -> bool {
        let lag = self.propagation(&id.kind());
        let (now, effective) = (self.now(), self.after(lag));
        let mut gone: HashSet<ResourceId> =
            self.store.below(&Scope::Resource(Box::new(id.clone()))).map(|one| one.id.clone()).collect();
        gone.insert(id.clone());
        let there = self.store.delete(id, now, effective);
        self.touch();
        crate::dns_records::lists::empty_aliases(self, &gone);
        there
    }

    /// How long the data plane takes to hear of a change of a kind: as configured, with dice when there is a spread.
    pub(crate) fn propagation(&mut self, kind: &str) -> Duration {
        let setting = self.settings.propagation.of(kind);
        let jitter = if setting.jitter > 0.0 { self.random.unit() * setting.jitter } else { 0.0 };
        Duration::try_from_secs_f64(setting.seconds + jitter).unwrap_or(Duration::MAX)
    }

    fn need_group(&mut self, id: &ResourceId) {
        let (Some(subscription), Some(group)) = (id.subscription(), id.group()) else { return };
        if self.store.group(subscription, group).is_none() {
            self.store.put_group(Group {
                subscription: subscription.to_owned(),
                name: group.to_owned(),
                location: self.settings.location.clone(),
                tags: Map::new(),
            });
        }
    }

    /// Lets effects happen; what services must be told waits in [`World::take_notes`].
    pub(super) fn apply(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Put { id, body, hidden } => drop(self.save(&id, body, hidden)),
                Effect::Delete { id } => drop(self.remove(&id)),
                Effect::Provider { id, note } => self.notes.push((id, note)),
                Effect::Set { id, pointer, value } => self.set(&id, &pointer, value),
            }
        }
    }

    /// Changes one value of a resource where it stands: etag and propagation stay as they are.
    pub(crate) fn set(&mut self, id: &ResourceId, pointer: &str, value: Value) {
        let Some(old) = self.store.get(id) else { return };
        let mut resource = Resource::clone(old);
        let mut body = Value::Object(std::mem::take(&mut resource.body));
        let (above, last) = pointer.rsplit_once('/').unwrap_or(("", pointer));
        if let Some(Value::Object(map)) = body.pointer_mut(above) {
            map.insert(last.to_owned(), value);
        }
        if let Value::Object(body) = body {
            resource.body = body;
        }
        self.store.amend(resource);
        self.touch();
    }
}
