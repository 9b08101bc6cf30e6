//! What is sent to the API server: compact bytes, their digests, and the few links that decide the order.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::digest::{Digest, ParityKey};
use crate::id::{GroupKind, ObjectId};
use crate::kinds::{self, Scope};
use crate::mark::{
    AFTER_ANNOTATION, CHANGE_ANNOTATION, OWNER_ANNOTATION, OwnerMark, PRESERVE_ANNOTATION, SYNC_LABEL, WAVE_ANNOTATION,
};
use crate::object::{MAX_OBJECT_BYTES, Object, ObjectError, Origin};
use crate::preserve;

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
    /// Its content is secret: nothing that may quote it is shown.
    pub secret: bool,
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
    /// Where it stands among the objects of its unit; 0 unless `teal.dev/wave` says otherwise.
    pub wave: i32,
    /// JSON pointers of fields whose live value is kept.
    pub preserve: Vec<String>,
    /// How a change of its declaration is made.
    pub change: Change,
}

/// How a change of an object's declaration is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Change {
    /// In place; what can't be changed in place is an error.
    #[default]
    InPlace,
    /// What can't be changed in place is deleted and made anew.
    Recreate,
    /// Not at all: it was made once.
    Never,
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
        let secret = object.secret;
        let links = links(&object)?;
        let digest_of = |value: &Value| {
            let kept = (!links.preserve.is_empty()).then(|| preserve::without(value, &links.preserve));
            let value = kept.as_ref().unwrap_or(value);
            if secret { Digest::of_secret(value, key) } else { Digest::of_value(value) }
        };
        let digest = digest_of(&object.value);
        let comparable = !secret || key.is_shared();
        let parity = comparable.then(|| parity.map_or(digest, |parity| digest_of(&parity.value)));
        let Object { id, api_version, mut value, origin, .. } = object;
        if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
            put(metadata, "labels", SYNC_LABEL, mark.sync.to_string());
            put(metadata, "annotations", OWNER_ANNOTATION, mark.annotation(&id));
        }
        let bytes: Arc<[u8]> = value.to_string().into_bytes().into();
        if bytes.len() > MAX_OBJECT_BYTES {
            return Err(ObjectError::TooLarge { origin, what: id.to_string(), bytes: bytes.len() });
        }
        let (unit, lasting) = (mark.unit.clone(), comparable);
        Ok(Self { id, api_version, unit, bytes, digest, parity, lasting, secret, links, origin })
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
    Ok(Links {
        defines: object.defines(),
        services,
        after: after(object)?,
        expires,
        wave: wave(object)?,
        preserve: preserved(object)?,
        change: change(object)?,
    })
}

fn annotation<'o>(object: &'o Object, name: &str) -> Option<&'o str> {
    object.value.pointer("/metadata/annotations")?.get(name)?.as_str()
}

fn invalid(object: &Object, annotation: &str, problem: String) -> ObjectError {
    let field = format!("metadata.annotations[{annotation}]");
    ObjectError::Invalid { origin: object.origin.clone(), what: object.id.to_string(), field, problem }
}

fn wave(object: &Object) -> Result<i32, ObjectError> {
    let Some(text) = annotation(object, WAVE_ANNOTATION) else { return Ok(0) };
    text.parse().map_err(|_| invalid(object, WAVE_ANNOTATION, format!("is `{text}`; write a whole number")))
}

fn change(object: &Object) -> Result<Change, ObjectError> {
    match annotation(object, CHANGE_ANNOTATION) {
        None => Ok(Change::InPlace),
        Some("recreate") => Ok(Change::Recreate),
        Some("once") => Ok(Change::Never),
        Some(other) => Err(invalid(object, CHANGE_ANNOTATION, format!("is `{other}`; write `recreate` or `once`"))),
    }
}

fn preserved(object: &Object) -> Result<Vec<String>, ObjectError> {
    let mut pointers = Vec::new();
    let parts = annotation(object, PRESERVE_ANNOTATION).unwrap_or_default().split(',').map(str::trim);
    for part in parts.filter(|part| !part.is_empty()) {
        let identity = ["/apiVersion", "/kind", "/metadata", "/metadata/name", "/metadata/namespace"];
        if !part.starts_with('/') || identity.contains(&part) {
            let problem = format!("has `{part}`; write JSON pointers of fields such as `/data/password`");
            return Err(invalid(object, PRESERVE_ANNOTATION, problem));
        }
        pointers.push(part.to_owned());
    }
    pointers.sort();
    pointers.dedup();
    Ok(pointers)
}

fn after(object: &Object) -> Result<Vec<ObjectId>, ObjectError> {
    let annotation = annotation(object, AFTER_ANNOTATION);
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
                return Err(invalid(object, AFTER_ANNOTATION, problem));
            }
        }
    }
    Ok(ids)
}
