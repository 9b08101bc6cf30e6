//! One object on its way through the build, with what kustomize remembers about it.

use crate::id;
use serde_json::{Map, Value};
use std::fmt;
use std::sync::Arc;

/// Where an object comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file, relative to the tree's root; the kustomization file for generated objects.
    pub file: Arc<str>,
    /// The line the document (or the generator) begins on, from 1.
    pub line: u32,
    /// Which document of the file, from 0.
    pub document: u32,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// An identity the object had before a transformer changed it; group and version are today's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PreviousId {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) kind: String,
}

/// What happens when a generated object meets one of its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Behavior {
    #[default]
    Create,
    Replace,
    Merge,
}

#[derive(Clone)]
pub(crate) struct Resource {
    /// The object; `Null` once a patch deleted it.
    pub(crate) value: Value,
    pub(crate) origin: Origin,
    pub(crate) previous: Vec<PreviousId>,
    pub(crate) prefixes: Vec<String>,
    pub(crate) suffixes: Vec<String>,
    pub(crate) behavior: Behavior,
    pub(crate) needs_hash: bool,
}

impl Resource {
    pub(crate) fn new(value: Value, origin: Origin) -> Self {
        Self {
            value,
            origin,
            previous: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            behavior: Behavior::Create,
            needs_hash: false,
        }
    }

    pub(crate) fn api_version(&self) -> &str {
        text(&self.value, "apiVersion")
    }

    pub(crate) fn kind(&self) -> &str {
        text(&self.value, "kind")
    }

    pub(crate) fn name(&self) -> &str {
        self.value.get("metadata").map_or("", |metadata| text(metadata, "name"))
    }

    pub(crate) fn namespace(&self) -> &str {
        self.value.get("metadata").map_or("", |metadata| text(metadata, "namespace"))
    }

    pub(crate) fn effective_namespace(&self) -> &str {
        id::effective_namespace(self.api_version(), self.kind(), self.namespace())
    }

    pub(crate) fn is_cluster_scoped(&self) -> bool {
        id::is_cluster_scoped(self.api_version(), self.kind())
    }

    pub(crate) fn key(&self) -> String {
        id::key(self.api_version(), self.kind(), self.effective_namespace(), self.name())
    }

    pub(crate) fn previous_key(&self, previous: &PreviousId) -> String {
        id::key(self.api_version(), &previous.kind, &previous.namespace, &previous.name)
    }

    /// The kind the object had at first.
    pub(crate) fn original_kind(&self) -> &str {
        self.previous.first().map_or_else(|| self.kind(), |previous| &previous.kind)
    }

    /// Writes down the identity of now, before it changes.
    pub(crate) fn remember_id(&mut self) {
        let previous = PreviousId {
            namespace: self.effective_namespace().to_owned(),
            name: self.name().to_owned(),
            kind: self.kind().to_owned(),
        };
        self.previous.push(previous);
    }

    /// Returns `metadata`, made when it is missing.
    pub(crate) fn metadata_mut(&mut self) -> Option<&mut Map<String, Value>> {
        let object = self.value.as_object_mut()?;
        object.entry("metadata").or_insert_with(|| Value::Object(Map::new())).as_object_mut()
    }

    pub(crate) fn set_name(&mut self, name: &str) {
        if let Some(metadata) = self.metadata_mut() {
            metadata.insert("name".to_owned(), Value::String(name.to_owned()));
        }
    }

    /// Sets the namespace; an empty one takes the field away.
    pub(crate) fn set_namespace(&mut self, namespace: &str) {
        let Some(metadata) = self.metadata_mut() else { return };
        if namespace.is_empty() {
            metadata.remove("namespace");
        } else {
            metadata.insert("namespace".to_owned(), Value::String(namespace.to_owned()));
        }
    }

    /// A text map of `metadata`: labels or annotations.
    pub(crate) fn metadata_map(&self, field: &str) -> Option<&Map<String, Value>> {
        self.value.get("metadata")?.get(field)?.as_object()
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.value.is_null()
    }

    /// For people: `apps/v1 Deployment shop/web`.
    pub(crate) fn describe(&self) -> String {
        describe(&self.value)
    }
}

/// For people: `apps/v1 Deployment shop/web`, as far as the parts are there.
pub(crate) fn describe(value: &Value) -> String {
    let metadata = value.get("metadata").unwrap_or(&Value::Null);
    let (namespace, name) = (text(metadata, "namespace"), text(metadata, "name"));
    let slash = if namespace.is_empty() { "" } else { "/" };
    format!("{} {} {namespace}{slash}{name}", text(value, "apiVersion"), text(value, "kind")).trim().to_owned()
}

/// The text under `key`; `""` when there is none.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}
