//! An object as the watches decode it: a few facts, and status or spec only for kinds whose health is in there.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use kube::Resource;
use kube::core::{ApiResource, DynamicResourceScope, ObjectMeta};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use teal_agent_core::health::health;
use teal_agent_core::kinds::{is_built_in, needs_status};
use teal_agent_core::{Digest, GroupKind, Health, ObjectId};

use crate::kinds::Kind;
use crate::meta::Meta;
use crate::watch::Seen;

/// Metadata only; the server sends no more.
pub(crate) const METADATA: u8 = 0;
/// Metadata and status.
pub(crate) const STATUS: u8 = 1;
/// Metadata, spec and status.
pub(crate) const SPEC: u8 = 2;

/// How much of a kind's objects its health needs.
pub(crate) fn depth_of(kind: &GroupKind) -> u8 {
    match (kind.group.as_str(), kind.kind.as_str()) {
        _ if !needs_status(kind) => METADATA,
        ("", "Namespace" | "PersistentVolume" | "PersistentVolumeClaim") => STATUS,
        ("apiextensions.k8s.io" | "apiregistration.k8s.io" | "autoscaling", _) => STATUS,
        (group, _) if is_built_in(group) => SPEC,
        _ => STATUS,
    }
}

/// A reduced object; `DEPTH` is [`METADATA`], [`STATUS`] or [`SPEC`].
#[derive(Clone)]
pub(crate) struct Reduced<const DEPTH: u8> {
    /// For kube's watcher, which looks at the resource version.
    object_meta: ObjectMeta,
    pub(crate) facts: Meta,
    own_fields: Option<Digest>,
    applied_at: Option<jiff::Timestamp>,
    last_writer: Option<String>,
    foreign: Option<String>,
    spec: Option<Value>,
    status: Option<Value>,
}

/// Objects may hold secrets; only their names are shown.
impl<const DEPTH: u8> fmt::Debug for Reduced<DEPTH> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.facts.namespace, self.facts.name)
    }
}

impl<const DEPTH: u8> Reduced<DEPTH> {
    pub(crate) fn id(&self, kind: &Kind) -> ObjectId {
        ObjectId {
            group: kind.group.clone(),
            kind: kind.kind.clone(),
            namespace: self.facts.namespace.clone(),
            name: self.facts.name.clone(),
        }
    }

    /// The facts. `grace` is how long a custom resource without a word from its controller is not Current.
    pub(crate) fn seen(self, kind: &Kind, now: jiff::Timestamp, grace: Duration) -> Seen {
        let id = self.id(kind);
        let (mut state, mut matures) = (Health::Current, None);
        if self.facts.deletion_timestamp.is_some() {
            state = Health::Terminating;
        } else if DEPTH != METADATA {
            let object = self.as_object(kind);
            let age = self.applied_at.map_or(grace, |at| now.duration_since(at).unsigned_abs());
            state = health(&object, age, grace);
            if !state.is_current() && age < grace && health(&object, grace, grace).is_current() {
                matures = Some(grace - age);
            }
        }
        Seen {
            id,
            health: state,
            matures,
            version: self.facts.version(),
            generation: self.facts.generation,
            uid: self.facts.uid,
            own_fields: self.own_fields,
            last_writer: self.last_writer,
            foreign: self.foreign,
        }
    }

    /// The object as far as health looks at it.
    fn as_object(&self, kind: &Kind) -> Value {
        let mut object = Map::new();
        object.insert("apiVersion".to_owned(), kind.api_version().into());
        object.insert("kind".to_owned(), kind.kind.clone().into());
        object.insert("metadata".to_owned(), self.metadata());
        for (key, part) in [("spec", &self.spec), ("status", &self.status)] {
            if let Some(part) = part {
                object.insert(key.to_owned(), part.clone());
            }
        }
        Value::Object(object)
    }

    fn metadata(&self) -> Value {
        let facts = &self.facts;
        let mut metadata = json!({"name": facts.name, "namespace": facts.namespace});
        if facts.generation > 0 {
            metadata["generation"] = facts.generation.into();
        }
        for (key, time) in
            [("creationTimestamp", &facts.creation_timestamp), ("deletionTimestamp", &facts.deletion_timestamp)]
        {
            if let Some(time) = time {
                metadata[key] = time.clone().into();
            }
        }
        metadata
    }
}

impl<'de, const DEPTH: u8> Deserialize<'de> for Reduced<DEPTH> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Shallow {
            #[serde(default)]
            metadata: Meta,
        }
        #[derive(Deserialize)]
        struct WithStatus {
            #[serde(default)]
            metadata: Meta,
            #[serde(default)]
            status: Option<Value>,
        }
        #[derive(Deserialize)]
        struct Whole {
            #[serde(default)]
            metadata: Meta,
            #[serde(default)]
            spec: Option<Value>,
            #[serde(default)]
            status: Option<Value>,
        }
        let (mut facts, spec, status) = match DEPTH {
            METADATA => (Shallow::deserialize(deserializer)?.metadata, None, None),
            STATUS => {
                let object = WithStatus::deserialize(deserializer)?;
                (object.metadata, None, object.status)
            }
            _ => {
                let object = Whole::deserialize(deserializer)?;
                (object.metadata, object.spec, object.status)
            }
        };
        let (own_fields, applied_at) = (facts.own_fields(), facts.applied_at());
        let last_writer = facts.last_other_writer().map(str::to_owned);
        let foreign = facts.foreign();
        facts.managed_fields = Vec::new();
        facts.annotations.clear();
        let object_meta = ObjectMeta {
            name: Some(facts.name.clone()),
            namespace: Some(facts.namespace.clone()).filter(|namespace| !namespace.is_empty()),
            resource_version: Some(facts.resource_version.clone()).filter(|version| !version.is_empty()),
            uid: Some(facts.uid.clone()),
            ..ObjectMeta::default()
        };
        Ok(Self { object_meta, facts, own_fields, applied_at, last_writer, foreign, spec, status })
    }
}

impl<const DEPTH: u8> Resource for Reduced<DEPTH> {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    fn kind(dt: &ApiResource) -> Cow<'_, str> {
        dt.kind.as_str().into()
    }
    fn group(dt: &ApiResource) -> Cow<'_, str> {
        dt.group.as_str().into()
    }
    fn version(dt: &ApiResource) -> Cow<'_, str> {
        dt.version.as_str().into()
    }
    fn plural(dt: &ApiResource) -> Cow<'_, str> {
        dt.plural.as_str().into()
    }
    fn metadata_api() -> bool {
        DEPTH == METADATA
    }
    fn meta(&self) -> &ObjectMeta {
        &self.object_meta
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.object_meta
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_follows_what_health_needs() {
        for (group, kind, want) in [
            ("", "ConfigMap", METADATA),
            ("", "Secret", METADATA),
            ("apps", "Deployment", SPEC),
            ("apiextensions.k8s.io", "CustomResourceDefinition", STATUS),
            ("rbac.authorization.k8s.io", "ClusterRole", METADATA),
            ("gateway.networking.k8s.io", "Gateway", STATUS),
            ("monitoring.coreos.com", "Prometheus", STATUS),
        ] {
            assert_eq!(depth_of(&GroupKind::new(group, kind)), want, "{group}/{kind}");
        }
    }

    #[test]
    fn a_crd_is_decoded_without_its_schema() {
        let crd =
            json!({"metadata": {"name": "x", "uid": "u"}, "spec": {"versions": []}, "status": {"conditions": []}});
        let reduced: Reduced<STATUS> = serde_json::from_value(crd).unwrap();
        assert!(reduced.spec.is_none() && reduced.status.is_some());
    }
}
