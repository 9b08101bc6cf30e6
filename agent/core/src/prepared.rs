//! What is sent to the API server: compact bytes, their digests, and the few links that decide the order.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::digest::{Digest, ParityKey};
use crate::id::{GroupKind, ObjectId};
use crate::kinds::{self, Scope};
use crate::mark::{AFTER_ANNOTATION, OWNER_ANNOTATION, OwnerMark, SYNC_LABEL};
use crate::object::{MAX_OBJECT_BYTES, Object, ObjectError, Origin};

/// One object ready to be applied. Its `Debug` never shows the bytes (G9).
#[derive(Clone)]
pub struct Prepared {
    /// Its identity.
    pub id: ObjectId,
    /// `group/version`, or `v1`.
    pub api_version: String,
    /// Slug of the unit that declares it.
    pub unit: Arc<str>,
    /// Body of the server-side apply: compact JSON with Teal's label and annotation.
    pub bytes: Arc<[u8]>,
    /// Digest of the declared object *without* Teal's label and annotation, as this cluster shall have it.
    pub digest: Digest,
    /// Digest of the same object without declared differences (colors, roles). Equal to `digest` where there are none.
    /// `None` when it can't be compared with another cluster: a Secret without a shared parity key.
    pub parity: Option<Digest>,
    /// Whether `digest` may be stored: false for a Secret digested under an ephemeral key.
    pub lasting: bool,
    /// What the order depends on.
    pub links: Links,
    /// Where it was declared.
    pub origin: Origin,
}

/// What of an object's content decides when it can be applied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Links {
    /// The kind a CRD defines.
    pub defines: Option<(GroupKind, Scope)>,
    /// Services an APIService or a webhook configuration calls.
    pub services: Vec<ObjectId>,
    /// Objects named by `teal.dev/after`.
    pub after: Vec<ObjectId>,
    /// A Job that its TTL removes when it is finished: its absence is no drift (SYNC §4).
    pub expires: bool,
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared")
            .field("id", &self.id)
            .field("unit", &self.unit)
            .field("digest", &self.digest)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl Prepared {
    /// Marks, digests and serialises `object`. `parity` is the same object without declared differences, `None` when it
    /// has none. Both must be [scoped](Object::scoped).
    ///
    /// # Errors
    /// A malformed `teal.dev/after`, or an object that has become too large with its mark.
    pub fn new(
        object: Object,
        parity: Option<&Object>,
        mark: &OwnerMark,
        key: &ParityKey,
    ) -> Result<Self, ObjectError> {
        let secret = kinds::is_secret(&object.id.group_kind());
        let digest_of = |value: &Value| if secret { Digest::of_secret(value, key) } else { Digest::of_value(value) };
        let digest = digest_of(&object.value);
        let comparable = !secret || key.is_shared();
        let parity = comparable.then(|| parity.map_or(digest, |parity| digest_of(&parity.value)));
        let links = links(&object)?;
        let Object { id, api_version, mut value, origin } = object;
        if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
            put(metadata, "labels", SYNC_LABEL, mark.sync.to_string());
            put(metadata, "annotations", OWNER_ANNOTATION, mark.annotation(&id));
        }
        let bytes: Arc<[u8]> = value.to_string().into_bytes().into();
        if bytes.len() > MAX_OBJECT_BYTES {
            return Err(ObjectError::TooLarge { origin, what: id.to_string(), bytes: bytes.len() });
        }
        Ok(Self { id, api_version, unit: mark.unit.clone(), bytes, digest, parity, lasting: comparable, links, origin })
    }

    /// Group and kind.
    #[must_use]
    pub fn group_kind(&self) -> GroupKind {
        self.id.group_kind()
    }

    /// Version without the group.
    #[must_use]
    pub fn version(&self) -> &str {
        self.api_version.rsplit('/').next().unwrap_or_default()
    }
}

fn put(metadata: &mut Map<String, Value>, map: &str, key: &str, value: String) {
    let entry = metadata.entry(map).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(entry) = entry {
        entry.insert(key.to_owned(), value.into());
    }
}

fn links(object: &Object) -> Result<Links, ObjectError> {
    let value = &object.value;
    let kind = object.id.group_kind();
    let service = |reference: &Value| {
        let part = |name: &str| reference.get(name).and_then(Value::as_str).map(str::to_owned);
        let (namespace, name) = (part("namespace")?, part("name")?);
        Some(ObjectId { group: String::new(), kind: "Service".to_owned(), namespace, name })
    };
    let services = if kind.group == "apiregistration.k8s.io" && kind.kind == "APIService" {
        value.pointer("/spec/service").and_then(service).into_iter().collect()
    } else if kinds::is_webhook_configuration(&kind) {
        let hooks = value.get("webhooks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut services: Vec<_> =
            hooks.iter().filter_map(|hook| hook.pointer("/clientConfig/service").and_then(service)).collect();
        services.sort();
        services.dedup();
        services
    } else {
        Vec::new()
    };
    let expires = kind.group == "batch"
        && kind.kind == "Job"
        && value.pointer("/spec/ttlSecondsAfterFinished").is_some_and(Value::is_number);
    Ok(Links { defines: object.defines(), services, after: after(object)?, expires })
}

fn after(object: &Object) -> Result<Vec<ObjectId>, ObjectError> {
    let annotation =
        object.value.pointer("/metadata/annotations").and_then(|map| map.get(AFTER_ANNOTATION)).and_then(Value::as_str);
    let mut ids = Vec::new();
    for part in annotation.unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match ObjectId::from_key(part).filter(|id| !id.kind.is_empty() && !id.name.is_empty()) {
            Some(id) if id != object.id => ids.push(id),
            other => {
                let problem = if other.is_some() {
                    format!("names the object itself (`{part}`); remove it")
                } else {
                    format!("has `{part}`; write `group/Kind/namespace/name`, group and namespace may be empty")
                };
                let field = format!("metadata.annotations[{AFTER_ANNOTATION}]");
                return Err(ObjectError::Invalid {
                    origin: object.origin.clone(),
                    what: object.id.to_string(),
                    field,
                    problem,
                });
            }
        }
    }
    Ok(ids)
}
