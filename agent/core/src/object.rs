//! Objects as git declares them, brought to the one form that is digested and applied (SYNC §4).
//!
//! Beyond what the specification lists, server-set metadata (`uid`, `resourceVersion`, `generation`, `selfLink`,
//! `managedFields`) is dropped: manifests exported from a cluster carry it, and the API server refuses it in an apply.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::id::{GroupKind, ObjectId};
use crate::kinds::{self, Scope};
use crate::listmaps;

mod error;
mod normalise;

pub use error::ObjectError;
pub(crate) use normalise::json_size;
use normalise::{clean, fold_string_data, identify, shape};

/// Largest object the API server can store: etcd's default request limit, 1.5 MiB.
pub const MAX_OBJECT_BYTES: usize = 1_572_864;

/// Where in the fleet an object was declared.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// Path inside the repository.
    pub file: Arc<str>,
    /// Line the document begins on, from 1; 0 when it was generated.
    pub line: u32,
}

impl Origin {
    /// Makes one from its parts.
    pub fn new(file: impl Into<Arc<str>>, line: u32) -> Self {
        Self { file: file.into(), line }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 { f.write_str(&self.file) } else { write!(f, "{}:{}", self.file, self.line) }
    }
}

/// One declared object, normalised. Its `Debug` never shows the value (G9).
#[derive(Clone, PartialEq)]
pub struct Object {
    /// Its identity.
    pub id: ObjectId,
    /// `group/version`, or `v1`.
    pub api_version: String,
    /// The normalised value, without Teal's own label and annotation.
    pub value: Value,
    /// Where it was declared.
    pub origin: Origin,
    /// Its content is secret: a Secret, or anything that was given a secret value. Digested under a key, never quoted.
    pub secret: bool,
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("id", &self.id).field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl Object {
    /// Normalises `value`: `stringData` becomes `data`; `status`, null `creationTimestamp` and server-set metadata go.
    ///
    /// The namespace stays as written, since only the kind map knows the scope: see [`Object::scoped`].
    ///
    /// # Errors
    /// See [`ObjectError`]; missing fields are reported together.
    pub fn new(value: Value, origin: Origin) -> Result<Self, ObjectError> {
        let Value::Object(mut map) = value else {
            return Err(ObjectError::NotAnObject { origin, found: shape(&value) });
        };
        let (api_version, id) = identify(&map, &origin)?;
        clean(&mut map);
        let secret = kinds::is_secret(&id.group_kind());
        if secret {
            fold_string_data(&mut map).map_err(|(field, problem)| ObjectError::Invalid {
                origin: origin.clone(),
                what: id.to_string(),
                field,
                problem: problem.to_owned(),
            })?;
        }
        let value = Value::Object(map);
        if let Some((list, key)) = listmaps::first_duplicate(&id, &value) {
            return Err(ObjectError::DuplicateKey { origin, what: id.to_string(), list, key });
        }
        let bytes = json_size(&value);
        if bytes > MAX_OBJECT_BYTES {
            return Err(ObjectError::TooLarge { origin, what: id.to_string(), bytes });
        }
        Ok(Self { id, api_version, value, origin, secret })
    }

    /// The same object, known to hold secret values beside those of a Secret.
    #[must_use]
    pub fn holding_secrets(mut self, holds: bool) -> Self {
        self.secret |= holds;
        self
    }

    /// Brings the namespace in line with the kind's scope: none on cluster scope, `default` where one is needed and none
    /// is given. `None` (the kind is not known yet) changes nothing.
    #[must_use]
    pub fn scoped(mut self, scope: Option<Scope>) -> Self {
        let wanted = match scope {
            Some(Scope::Cluster) => "",
            Some(Scope::Namespaced) if self.id.namespace.is_empty() => "default",
            _ => return self,
        };
        if let Some(metadata) = self.value.get_mut("metadata").and_then(Value::as_object_mut) {
            if wanted.is_empty() {
                metadata.remove("namespace");
            } else {
                metadata.insert("namespace".into(), wanted.into());
            }
        }
        wanted.clone_into(&mut self.id.namespace);
        self
    }

    /// The kind that this object defines, if it is a CRD, and the scope of its instances.
    #[must_use]
    pub fn defines(&self) -> Option<(GroupKind, Scope)> {
        if !kinds::is_crd(&self.id.group_kind()) {
            return None;
        }
        let spec = self.value.get("spec")?;
        let kind = GroupKind::new(spec.get("group")?.as_str()?, spec.pointer("/names/kind")?.as_str()?);
        let scope = if spec.get("scope")?.as_str()? == "Cluster" { Scope::Cluster } else { Scope::Namespaced };
        Some((kind, scope))
    }
}

/// Two declarations of one object: an error that names both (SYNC §1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{id} is declared twice, at {first} and at {second}; keep one")]
pub struct DeclaredTwice {
    /// The object.
    pub id: ObjectId,
    /// Its first declaration.
    pub first: Origin,
    /// The other one.
    pub second: Origin,
}

/// Finds every object declared more than once. Call it after [`Object::scoped`], over all units of the fleet.
pub fn declared_twice<'a>(objects: impl IntoIterator<Item = (&'a ObjectId, &'a Origin)>) -> Vec<DeclaredTwice> {
    let mut seen = std::collections::HashMap::new();
    let mut twice = Vec::new();
    for (id, origin) in objects {
        match seen.entry(id) {
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(origin);
            }
            std::collections::hash_map::Entry::Occupied(first) => {
                twice.push(DeclaredTwice { id: id.clone(), first: (*first.get()).clone(), second: origin.clone() });
            }
        }
    }
    twice
}
