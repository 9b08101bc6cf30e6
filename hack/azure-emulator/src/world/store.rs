//! Resources with their past: what name servers and edges have not yet heard of is still there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::arm::{ResourceId, Scope};

/// One resource as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Resource {
    /// Its id, spelled as when it was made.
    pub(crate) id: ResourceId,
    /// Changes with every write.
    pub(crate) etag: String,
    /// What the caller sent and the service filled in: `location`, `tags`, `properties`, unknown fields. Without `id`,
    /// `name`, `type`, `etag`.
    pub(crate) body: Map<String, Value>,
    /// What the service keeps to itself.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) hidden: Map<String, Value>,
    /// When it was made.
    pub(crate) created: Timestamp,
    /// When it was last written.
    pub(crate) changed: Timestamp,
}

impl Resource {
    /// `properties`; an empty object when it has none.
    pub(crate) fn properties(&self) -> &Map<String, Value> {
        static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        self.body.get("properties").and_then(Value::as_object).unwrap_or(&EMPTY)
    }

    /// One value below `properties` by its name.
    pub(crate) fn property(&self, name: &str) -> &Value {
        self.properties().get(name).unwrap_or(&Value::Null)
    }

    /// The usual answer: `id`, `name`, `type`, `etag` when wanted, and the body.
    pub(crate) fn render(&self, kind: &str, etag: bool) -> Value {
        let mut shown = self.body.clone();
        shown.insert("id".to_owned(), Value::String(self.id.to_string()));
        shown.insert("name".to_owned(), Value::String(self.id.name().to_owned()));
        shown.insert("type".to_owned(), Value::String(kind.to_owned()));
        if etag {
            shown.insert("etag".to_owned(), Value::String(self.etag.clone()));
        }
        Value::Object(shown)
    }
}

/// A state that a resource had: `None` when it was gone.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Version {
    /// When the data plane begins to know it.
    effective: Timestamp,
    state: Option<Arc<Resource>>,
}

/// A resource group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Group {
    /// Subscription's id as spelled.
    pub(crate) subscription: String,
    /// Name as spelled.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) location: String,
    /// Its tags.
    #[serde(default)]
    pub(crate) tags: Map<String, Value>,
}

/// All resources.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    /// By lower-case id; the newest version is last.
    versions: BTreeMap<String, VecDeque<Version>>,
    /// By lower-case path.
    groups: BTreeMap<String, Group>,
    /// Keys of top-level resources that are or were, by lower-case type and name: for finding zones by name.
    #[serde(skip)]
    tops: BTreeMap<(String, String), BTreeSet<String>>,
    /// Reads see the state before the last change: the fault "stale read".
    #[serde(skip)]
    pub(crate) stale: bool,
    /// The slowest name server's lag: versions are kept so long.
    #[serde(skip)]
    pub(crate) keep: Duration,
}

impl Store {
    /// The resource as the resource manager knows it.
    pub(crate) fn get(&self, id: &ResourceId) -> Option<&Arc<Resource>> {
        self.by_key(&id.key())
    }

    /// The same by its stored key: the id in lower case.
    pub(crate) fn by_key(&self, key: &str) -> Option<&Arc<Resource>> {
        let versions = self.versions.get(key)?;
        let newest = versions.len().checked_sub(1)?;
        let at = if self.stale { newest.saturating_sub(1) } else { newest };
        versions.get(at)?.state.as_ref()
    }

    /// The resource as the data plane knows it: the last version that is effective at `now`, less a lag of the asker's
    /// own, such as a name server's.
    pub(crate) fn seen(&self, key: &str, now: Timestamp, lag: Duration) -> Option<&Arc<Resource>> {
        let point = now.checked_sub(lag).unwrap_or(Timestamp::MIN);
        let versions = self.versions.get(key)?;
        versions.iter().rev().find(|version| version.effective <= point)?.state.as_ref()
    }

    /// Writes a resource that the data plane hears of at `effective`. True when it is new.
    pub(crate) fn put(&mut self, resource: Resource, now: Timestamp, effective: Timestamp) -> bool {
        let key = resource.id.key();
        self.index(&resource.id, &key);
        let created = self.versions.get(&key).and_then(VecDeque::back).is_none_or(|version| version.state.is_none());
        self.push(key, Some(Arc::new(resource)), now, effective);
        created
    }

    fn index(&mut self, id: &ResourceId, key: &str) {
        if id.depth() == 1 {
            let top = (id.kind().to_ascii_lowercase(), id.name().to_ascii_lowercase());
            self.tops.entry(top).or_default().insert(key.to_owned());
        }
    }

    /// Makes the index anew, after the store was read from a file.
    pub(crate) fn reindex(&mut self) {
        self.tops.clear();
        let all: Vec<(ResourceId, String)> = self
            .versions
            .iter()
            .filter_map(|(key, versions)| {
                let id = versions.iter().find_map(|version| version.state.as_ref()).map(|state| state.id.clone());
                id.map(|id| (id, key.clone()))
            })
            .collect();
        for (id, key) in all {
            self.index(&id, &key);
        }
    }

    /// Keys of the top-level resources that have or had a lower-case type and name, in whatever group.
    pub(crate) fn tops(&self, kind: &str, name: &str) -> impl Iterator<Item = &str> {
        let found = self.tops.get(&(kind.to_owned(), name.to_owned()));
        found.into_iter().flatten().map(String::as_str)
    }

    /// Changes the newest version where it stands: what the data plane hears of, and when, stays as it was.
    pub(crate) fn amend(&mut self, resource: Resource) {
        if let Some(newest) = self.versions.get_mut(&resource.id.key()).and_then(VecDeque::back_mut)
            && newest.state.is_some()
        {
            newest.state = Some(Arc::new(resource));
        }
    }

    /// Deletes a resource with everything below it. True when it was there.
    pub(crate) fn delete(&mut self, id: &ResourceId, now: Timestamp, effective: Timestamp) -> bool {
        let key = id.key();
        let below: Vec<String> = self.keys_below(&format!("{key}/")).map(str::to_owned).collect();
        let there = self.versions.get(&key).and_then(VecDeque::back).is_some_and(|version| version.state.is_some());
        for key in below.into_iter().chain(there.then_some(key)) {
            self.push(key, None, now, effective);
        }
        there
    }

    fn push(&mut self, key: String, state: Option<Arc<Resource>>, now: Timestamp, effective: Timestamp) {
        let versions = self.versions.entry(key).or_default();
        versions.push_back(Version { effective, state });
        // What the slowest server sees now must stay, and one before the newest for stale reads.
        let point = now.checked_sub(self.keep).unwrap_or(Timestamp::MIN);
        while versions.len() > 2 && versions.get(1).is_some_and(|next| next.effective <= point) {
            versions.pop_front();
        }
    }

    /// Keys of what exists below a lower-case prefix.
    fn keys_below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.versions
            .range(prefix.to_owned()..)
            .take_while(move |(key, _)| key.starts_with(prefix))
            .filter(|(_, versions)| versions.back().is_some_and(|version| version.state.is_some()))
            .map(|(key, _)| key.as_str())
    }

    /// What exists in a scope of a full type, compared without case, in the order of ids.
    pub(crate) fn list(&self, scope: &Scope, kind: &str) -> Vec<&Arc<Resource>> {
        self.below(scope).filter(|resource| resource.id.is(kind)).collect()
    }

    /// Everything that exists in a scope, children included.
    pub(crate) fn below<'a>(&'a self, scope: &Scope) -> impl Iterator<Item = &'a Arc<Resource>> + use<'a> {
        let prefix = format!("{}/", scope.path().to_ascii_lowercase());
        self.versions
            .range(prefix.clone()..)
            .take_while(move |(key, _)| key.starts_with(&prefix))
            .filter_map(|(key, _)| self.by_key(key))
    }

    /// All versions' newest states, those of other scopes too.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.versions.keys().filter_map(|key| self.by_key(key))
    }

    /// Keys with a lower-case prefix whatever their state: for views of the data plane.
    pub(crate) fn known_below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.versions
            .range(prefix.to_owned()..)
            .map(|(key, _)| key.as_str())
            .take_while(move |key| key.starts_with(prefix))
    }

    /// When the last change of a resource and all below it becomes effective; `key` is its id in lower case.
    pub(crate) fn last_effective(&self, key: &str) -> Option<Timestamp> {
        self.family(key).map(|version| version.effective).max()
    }

    /// When the next change below a prefix becomes effective after `now`.
    pub(crate) fn next_effective(&self, prefix: &str, now: Timestamp) -> Option<Timestamp> {
        let below = self.versions.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix));
        below.flat_map(|(_, versions)| versions).map(|version| version.effective).filter(|time| *time > now).min()
    }

    /// How many changes of a resource and all below it the data plane has not heard of.
    pub(crate) fn coming(&self, key: &str, now: Timestamp) -> usize {
        self.family(key).filter(|version| version.effective > now).count()
    }

    /// Versions of a resource and of all below it.
    fn family<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Version> {
        let near = self.versions.range(key.to_owned()..).take_while(move |(other, _)| other.starts_with(key));
        let related =
            near.filter(move |(other, _)| other.len() == key.len() || other.as_bytes().get(key.len()) == Some(&b'/'));
        related.flat_map(|(_, versions)| versions)
    }

    /// A group.
    pub(crate) fn group(&self, subscription: &str, name: &str) -> Option<&Group> {
        self.groups.get(&group_key(subscription, name))
    }

    /// Makes or replaces a group. True when it is new.
    pub(crate) fn put_group(&mut self, group: Group) -> bool {
        self.groups.insert(group_key(&group.subscription, &group.name), group).is_none()
    }

    /// Removes a group; what is in it must be deleted apart.
    pub(crate) fn delete_group(&mut self, subscription: &str, name: &str) -> bool {
        self.groups.remove(&group_key(subscription, name)).is_some()
    }

    /// All groups of a subscription, or all when `None`.
    pub(crate) fn groups(&self, subscription: Option<&str>) -> impl Iterator<Item = &Group> {
        self.groups
            .values()
            .filter(move |group| subscription.is_none_or(|wanted| group.subscription.eq_ignore_ascii_case(wanted)))
    }
}

fn group_key(subscription: &str, name: &str) -> String {
    format!("/subscriptions/{subscription}/resourcegroups/{name}").to_ascii_lowercase()
}
