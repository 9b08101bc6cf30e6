//! One object on its way through the build, with what kustomize remembers about it.

use crate::id::{self, Scopes};
use crate::links::Link;
use crate::load::{Quotes, Spelled};
use crate::provenance::Provenance;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use teal_yaml::{Map, Value};

/// Where an object comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file, relative to the tree's root; the kustomization file for generated objects.
    pub file: Arc<str>,
    /// The line the document (or the generator) begins on, from 1; 0 where there is none.
    pub line: u32,
    /// Which document of the file, from 0.
    pub document: u32,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What was not read from a file has no line.
        if self.line == 0 { f.write_str(&self.file) } else { write!(f, "{}:{}", self.file, self.line) }
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
    /// Made by a generator of this build.
    pub(crate) is_generated: bool,
    /// Made by Helm, which was told the namespace.
    pub(crate) is_of_helm: bool,
    /// Places of keys that have nothing behind them, which a strategic merge drops.
    pub(crate) blanks: Vec<Vec<String>>,
    /// Annotations that were written as numbers, booleans or null, with these values.
    pub(crate) odd: Vec<(String, Value)>,
    /// Scalars that were not written as JSON prints them.
    pub(crate) spelled: Vec<Spelled>,
    pub(crate) quotes: Quotes,
    /// Names of `vars` that read from this object.
    pub(crate) vars: Vec<String>,
    /// Known only when the build is asked for metadata.
    pub(crate) provenance: Option<Rc<Provenance>>,
    pub(crate) transformations: Vec<Rc<Provenance>>,
    /// Fields that hold one value.
    pub(crate) links: Vec<Link>,
    scopes: Rc<Scopes>,
}

impl Resource {
    pub(crate) fn new(value: Value, origin: Origin, scopes: &Rc<Scopes>) -> Self {
        Self {
            value,
            origin,
            previous: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            behavior: Behavior::Create,
            needs_hash: false,
            is_generated: false,
            is_of_helm: false,
            blanks: Vec::new(),
            odd: Vec::new(),
            spelled: Vec::new(),
            quotes: Quotes::default(),
            vars: Vec::new(),
            provenance: None,
            transformations: Vec::new(),
            links: Vec::new(),
            scopes: Rc::clone(scopes),
        }
    }

    pub(crate) fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// Whether kustomize keeps notes about the object among its annotations by now, which makes the field be there.
    pub(crate) fn has_notes(&self) -> bool {
        self.is_generated
            || self.is_of_helm
            || self.provenance.is_some()
            || !(self.previous.is_empty() && self.prefixes.is_empty() && self.suffixes.is_empty())
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
        self.scopes.effective_namespace(self.api_version(), self.kind(), self.namespace())
    }

    pub(crate) fn is_cluster_scoped(&self) -> bool {
        self.scopes.is_cluster_scoped(self.api_version(), self.kind())
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
        // The same identity twice in a row says nothing more.
        if self.previous.last() != Some(&previous) {
            self.previous.push(previous);
        }
    }

    /// The name the object had at first.
    pub(crate) fn original_name(&self) -> &str {
        self.previous.first().map_or_else(|| self.name(), |previous| &previous.name)
    }

    /// Namespace, name and kind of now and of before.
    pub(crate) fn ids(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let former = self.previous.iter().map(|id| (id.namespace.as_str(), id.name.as_str(), id.kind.as_str()));
        std::iter::once((self.namespace(), self.name(), self.kind())).chain(former)
    }

    /// Returns `metadata`, made when it is missing.
    pub(crate) fn metadata_mut(&mut self) -> Option<&mut Map> {
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

    /// How a scalar of this object was written, where that is not as JSON prints it.
    pub(crate) fn written(&self, value: &Value) -> Option<&str> {
        let is_it = |spelled: &&Spelled| spelled.find(&self.value).is_some_and(|found| std::ptr::eq(found, value));
        self.spelled.iter().find(is_it).map(|spelled| spelled.text.as_str())
    }

    /// A text map of `metadata`: labels or annotations.
    pub(crate) fn metadata_map(&self, field: &str) -> Option<&Map> {
        self.value.get("metadata")?.get(field)?.as_object()
    }

    /// A patch took everything away.
    pub(crate) fn is_deleted(&self) -> bool {
        self.value.is_null() || self.value.as_object().is_some_and(Map::is_empty)
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
