//! Objects as git declares them, brought to the one form that is digested and applied (SYNC §4).
//!
//! Beyond what the specification lists, server-set metadata (`uid`, `resourceVersion`, `generation`, `selfLink`,
//! `managedFields`) is dropped: manifests exported from a cluster carry it, and the API server refuses it in an apply.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use base64::Engine;
use serde_json::{Map, Value};

use crate::id::{GroupKind, ObjectId};
use crate::kinds::{self, Scope};
use crate::listmaps;

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

/// Why an object of the fleet can't be used. Never shows values: it may be a Secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// The document is a list or a scalar.
    #[error(
        "{origin}: expected a Kubernetes object, found {found}; every document needs apiVersion, kind and metadata.name"
    )]
    NotAnObject {
        /// Where.
        origin: Origin,
        /// What stands there instead.
        found: &'static str,
    },
    /// Fields every object needs are absent, empty or no strings.
    #[error("{origin}: {what} has no {fields}; add it (each must be a non-empty string)")]
    Missing {
        /// Where.
        origin: Origin,
        /// As much of the identity as is known.
        what: String,
        /// The missing fields, comma-separated.
        fields: String,
    },
    /// A field has the wrong shape.
    #[error("{origin}: {what}: {field} {problem}")]
    Invalid {
        /// Where.
        origin: Origin,
        /// The object.
        what: String,
        /// Path of the field.
        field: String,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// `metadata.generateName` names a new object at each apply.
    #[error(
        "{origin}: {what} uses metadata.generateName, which would make a new object at each apply; give it a metadata.name"
    )]
    GenerateName {
        /// Where.
        origin: Origin,
        /// The kind.
        what: String,
    },
    /// Two items of a list that the API server merges by key have the same key.
    #[error("{origin}: {id}: {list} holds {key} more than once; the API server merges this list by that key, keep one")]
    DuplicateKey {
        /// Where.
        origin: Origin,
        /// The object.
        id: ObjectId,
        /// Path of the list, such as `spec.template.spec.containers[0].env`.
        list: String,
        /// The key, such as `name=PORT`.
        key: String,
    },
    /// More than [`MAX_OBJECT_BYTES`].
    #[error("{origin}: {id} has {bytes} bytes as JSON; the API server stores at most {MAX_OBJECT_BYTES}, split it")]
    TooLarge {
        /// Where.
        origin: Origin,
        /// The object.
        id: ObjectId,
        /// Its size.
        bytes: usize,
    },
}

impl ObjectError {
    /// Closed set: metric label, Event reason and log field alike.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotAnObject { .. } => "NotAnObject",
            Self::Missing { .. } => "MissingField",
            Self::Invalid { .. } => "InvalidField",
            Self::GenerateName { .. } => "GenerateName",
            Self::DuplicateKey { .. } => "DuplicateKey",
            Self::TooLarge { .. } => "TooLarge",
        }
    }

    /// Where the object was declared.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        match self {
            Self::NotAnObject { origin, .. }
            | Self::Missing { origin, .. }
            | Self::Invalid { origin, .. }
            | Self::GenerateName { origin, .. }
            | Self::DuplicateKey { origin, .. }
            | Self::TooLarge { origin, .. } => origin,
        }
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
        if kinds::is_secret(&id.group_kind()) {
            fold_string_data(&mut map).map_err(|(field, problem)| ObjectError::Invalid {
                origin: origin.clone(),
                what: id.to_string(),
                field,
                problem: problem.to_owned(),
            })?;
        }
        let value = Value::Object(map);
        if let Some((list, key)) = listmaps::first_duplicate(&id, &value) {
            return Err(ObjectError::DuplicateKey { origin, id, list, key });
        }
        let bytes = json_size(&value);
        if bytes > MAX_OBJECT_BYTES {
            return Err(ObjectError::TooLarge { origin, id, bytes });
        }
        Ok(Self { id, api_version, value, origin })
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

fn identify(map: &Map<String, Value>, origin: &Origin) -> Result<(String, ObjectId), ObjectError> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let metadata = map.get("metadata");
    let (api_version, kind) = (text(map.get("apiVersion")), text(map.get("kind")));
    let name = text(metadata.and_then(|metadata| metadata.get("name")));
    let what = match (&kind, &name) {
        (Some(kind), Some(name)) => format!("{kind} {name}"),
        (Some(kind), None) => kind.clone(),
        (None, Some(name)) => format!("object {name}"),
        (None, None) => "object".to_owned(),
    };
    if name.is_none() && metadata.and_then(|metadata| metadata.get("generateName")).is_some() {
        return Err(ObjectError::GenerateName { origin: origin.clone(), what });
    }
    let (Some(api_version), Some(kind), Some(name)) = (&api_version, &kind, &name) else {
        let fields = [("apiVersion", &api_version), ("kind", &kind), ("metadata.name", &name)];
        let fields: Vec<_> = fields.iter().filter(|(_, value)| value.is_none()).map(|(field, _)| *field).collect();
        return Err(ObjectError::Missing { origin: origin.clone(), what, fields: fields.join(", ") });
    };
    let invalid = |field: &str, problem: &str| ObjectError::Invalid {
        origin: origin.clone(),
        what: what.clone(),
        field: field.to_owned(),
        problem: problem.to_owned(),
    };
    let namespace = match metadata.and_then(|metadata| metadata.get("namespace")) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(namespace)) => namespace.clone(),
        Some(_) => return Err(invalid("metadata.namespace", "must be a string; quote it")),
    };
    for (field, value) in [("kind", kind), ("metadata.name", name), ("metadata.namespace", &namespace)] {
        if value.contains('/') {
            return Err(invalid(field, "must not contain `/`"));
        }
    }
    for field in ["labels", "annotations"] {
        check_strings(metadata.and_then(|metadata| metadata.get(field)))
            .map_err(|problem| invalid(&format!("metadata.{field}"), problem))?;
    }
    let group = match api_version.split_once('/') {
        None => String::new(),
        Some((group, version)) if !group.is_empty() && !version.is_empty() && !version.contains('/') => {
            group.to_owned()
        }
        Some(_) => return Err(invalid("apiVersion", "must be `version` or `group/version`")),
    };
    Ok((api_version.clone(), ObjectId { group, kind: kind.clone(), namespace, name: name.clone() }))
}

fn check_strings(map: Option<&Value>) -> Result<(), &'static str> {
    match map {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Object(map)) if map.values().all(Value::is_string) => Ok(()),
        Some(Value::Object(_)) => Err("must have strings as values; quote numbers and booleans"),
        Some(_) => Err("must be a map of strings"),
    }
}

fn clean(map: &mut Map<String, Value>) {
    map.remove("status");
    if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in ["uid", "resourceVersion", "generation", "selfLink", "managedFields", "creationTimestamp"] {
            metadata.remove(field);
        }
        metadata.retain(|_, value| !value.is_null());
    }
    map.values_mut().for_each(drop_null_timestamps);
}

/// `metadata.creationTimestamp: null` is what Go tools print into every template.
fn drop_null_timestamps(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
                if metadata.get("creationTimestamp").is_some_and(Value::is_null) {
                    metadata.remove("creationTimestamp");
                }
            }
            map.values_mut().for_each(drop_null_timestamps);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_null_timestamps),
        _ => {}
    }
}

/// `stringData` wins over `data`, as in the API server.
fn fold_string_data(map: &mut Map<String, Value>) -> Result<(), (String, &'static str)> {
    let plain = match map.remove("stringData") {
        None | Some(Value::Null) => return check_secret_data(map),
        Some(Value::Object(plain)) => plain,
        Some(_) => return Err(("stringData".to_owned(), "must be a map of strings")),
    };
    let data = map.entry("data").or_insert_with(|| Value::Object(Map::new()));
    if data.is_null() {
        *data = Value::Object(Map::new());
    }
    let Value::Object(data) = data else { return Err(("data".to_owned(), "must be a map of base64 strings")) };
    for (key, value) in plain {
        let Value::String(text) = value else {
            return Err((format!("stringData.{key}"), "must be a string; quote it"));
        };
        data.insert(key, base64::engine::general_purpose::STANDARD.encode(text).into());
    }
    check_secret_data(map)
}

fn check_secret_data(map: &Map<String, Value>) -> Result<(), (String, &'static str)> {
    let Some(data) = map.get("data").and_then(Value::as_object) else { return Ok(()) };
    for (key, value) in data {
        let fine = match value {
            Value::Null => true,
            Value::String(text) => {
                let packed: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
                base64::engine::general_purpose::STANDARD.decode(packed).is_ok()
            }
            _ => false,
        };
        if !fine {
            return Err((format!("data.{key}"), "must be base64; put plain text under stringData"));
        }
    }
    Ok(())
}

fn shape(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// Size as compact JSON, counted without keeping it.
pub(crate) fn json_size(value: &Value) -> usize {
    struct Count(usize);
    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Neither a Value nor the counter can fail; were it to, the object would simply not be refused here.
    let _infallible = serde_json::to_writer(&mut count, value);
    count.0
}
