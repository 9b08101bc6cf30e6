//! Makers of what tests speak about.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{Digest, Entry, Inventory, Object, ObjectId, Origin, OwnerMark, ParityKey, Prepared, State};

pub(super) const SYNC: &str = "main";

pub(super) fn id(key: &str) -> ObjectId {
    ObjectId::from_key(key).expect(key)
}

pub(super) fn origin() -> Origin {
    Origin::new("apps/shop/all.yaml", 7)
}

pub(super) fn key() -> ParityKey {
    ParityKey::shared(b"both clusters know this")
}

/// `group/Kind/namespace/name` as a manifest, version v1.
pub(super) fn manifest(of: &str) -> Value {
    let id = id(of);
    let api_version = if id.group.is_empty() { "v1".to_owned() } else { format!("{}/v1", id.group) };
    let mut value = json!({"apiVersion": api_version, "kind": id.kind, "metadata": {"name": id.name}});
    if !id.namespace.is_empty() {
        value["metadata"]["namespace"] = id.namespace.into();
    }
    value
}

pub(super) fn object(value: Value) -> Object {
    Object::new(value, origin()).expect("a valid object")
}

pub(super) fn prepared_in(unit: &str, value: Value) -> Prepared {
    Prepared::new(object(value), None, &OwnerMark::new(SYNC, unit), &key()).expect("a valid object")
}

pub(super) fn prepared(value: Value) -> Prepared {
    prepared_in("unit-00000000", value)
}

/// A CRD of `group` with `kind`, called `<kind in lower case>s.<group>`.
pub(super) fn crd(group: &str, kind: &str) -> Value {
    let mut value =
        manifest(&format!("apiextensions.k8s.io/CustomResourceDefinition//{}s.{group}", kind.to_lowercase()));
    value["spec"] = json!({"group": group, "scope": "Namespaced", "names": {"kind": kind}});
    value
}

pub(super) fn digest(of: &str) -> Digest {
    Digest::of_parts([of.as_bytes()])
}

pub(super) fn owned(unit: &str, uid: &str) -> Entry {
    Entry { state: State::Owned(uid.into()), ..Entry::claimed(Arc::from(unit)) }
}

/// An inventory of owned objects of one unit; UIDs are `uid of <key>`.
pub(super) fn inventory<'a>(unit: &str, keys: impl IntoIterator<Item = &'a str>) -> Inventory {
    let entries = keys.into_iter().map(|key| (id(key), owned(unit, &format!("uid of {key}")))).collect();
    Inventory { entries }
}
