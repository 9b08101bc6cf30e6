//! Keys and their versions, kept as resources of the tenant.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::crypto::Key;
use crate::arm::{ResourceId, Scope};
use crate::check::{set, text};
use crate::world::{Resource, World};

/// The type of a version.
const VERSION: &str = "Microsoft.KeyVault/vaults/keys/versions";
/// The type of a key that was deleted.
const DELETED: &str = "Microsoft.KeyVault/vaults/deletedKeys/versions";
/// Where the private key is kept.
const PEM: &str = "pem";

/// A vault, and how its callers reach it.
#[derive(Clone, Debug)]
pub(super) struct Vault {
    /// Its name.
    pub(super) name: String,
    /// Its URL, without a slash at its end.
    pub(super) url: String,
}

pub(super) fn id(vault: &Vault, deleted: bool, key: &str, version: &str) -> ResourceId {
    let list = if deleted { "deletedKeys" } else { "keys" };
    ResourceId::new(Scope::Tenant, "Microsoft.KeyVault", "vaults", &vault.name)
        .child(list, key)
        .child("versions", version)
}

/// All versions of a key, the oldest first; of all keys without a name.
pub(super) fn versions(world: &World, vault: &Vault, deleted: bool, key: Option<&str>) -> Vec<Arc<Resource>> {
    let kind = if deleted { DELETED } else { VERSION };
    let mut found: Vec<Arc<Resource>> = world
        .store
        .all()
        .filter(|one| one.id.is(kind))
        .filter(|one| {
            let names = one.id.names();
            names.first().is_some_and(|name| name.eq_ignore_ascii_case(&vault.name))
                && key.is_none_or(|key| names.get(1).is_some_and(|name| name.eq_ignore_ascii_case(key)))
        })
        .cloned()
        .collect();
    let order = |one: &Resource| one.hidden.get("order").and_then(Value::as_u64).unwrap_or(0);
    found.sort_by_key(|one| order(one));
    found
}

/// A version of a key; the newest without one.
pub(super) fn find(world: &World, vault: &Vault, key: &str, version: &str) -> Option<Arc<Resource>> {
    if version.is_empty() {
        return versions(world, vault, false, Some(key)).pop();
    }
    world.store.get(&id(vault, false, key, version)).cloned()
}

/// Adds a version: what it may be used for, its attributes and tags come from the body.
///
/// # Errors
/// When the key can't be written down.
pub(super) fn add(
    world: &mut World,
    vault: &Vault,
    name: &str,
    key: &Key,
    body: &Value,
) -> Result<Arc<Resource>, String> {
    let version = world.uuid().replace('-', "");
    let order = versions(world, vault, false, Some(name)).len() as u64;
    let now = world.now().as_second();
    let operations = body.pointer("/key_ops").or_else(|| body.pointer("/key/key_ops")).cloned();
    let operations = operations.filter(|ops| ops.is_array()).unwrap_or_else(|| key.operations());
    let mut attributes = json!({"enabled": true, "created": now, "updated": now, "recoveryLevel": "Recoverable+Purgeable", "recoverableDays": 90, "exportable": false});
    for given in ["enabled", "nbf", "exp"] {
        if let Some(value) = body.pointer(&format!("/attributes/{given}")).filter(|value| !value.is_null()) {
            set(&mut attributes, given, value.clone());
        }
    }
    let mut stored = Map::new();
    let kty = text(body, "/kty").or_else(|| text(body, "/key/kty")).unwrap_or_else(|| key.kty());
    let mut shown = key.public();
    set(&mut shown, "kty", kty);
    set(&mut shown, "key_ops", operations);
    stored.insert("key".to_owned(), shown);
    stored.insert("attributes".to_owned(), attributes);
    stored.insert(
        "tags".to_owned(),
        body.get("tags").filter(|tags| tags.is_object()).cloned().unwrap_or_else(|| json!({})),
    );
    let mut hidden = Map::new();
    hidden.insert(PEM.to_owned(), Value::String(key.to_text()?));
    hidden.insert("order".to_owned(), order.into());
    Ok(world.save(&id(vault, false, name, &version), stored, hidden).0)
}

/// The private key of a version.
///
/// # Errors
/// When it can't be read.
pub(super) fn private(version: &Resource) -> Result<Key, String> {
    Key::from_text(version.hidden.get(PEM).and_then(Value::as_str).unwrap_or_default())
}

/// Moves all versions of a key to the deleted ones, or back. False when there is none.
pub(super) fn shift(world: &mut World, vault: &Vault, key: &str, to_deleted: bool) -> bool {
    let all = versions(world, vault, !to_deleted, Some(key));
    for one in &all {
        world.remove(&one.id);
        let names = one.id.names();
        let (name, version) = (names.get(1).copied().unwrap_or_default(), one.id.name());
        world.save(&id(vault, to_deleted, name, version), one.body.clone(), one.hidden.clone());
    }
    !all.is_empty()
}

/// Removes a deleted key for good, and its policy. False when there is none.
pub(super) fn purge(world: &mut World, vault: &Vault, key: &str) -> bool {
    let all = versions(world, vault, true, Some(key));
    if !all.is_empty() {
        world.remove(&super::lifetime::id(vault, key));
    }
    for one in &all {
        world.remove(&one.id);
    }
    !all.is_empty()
}

/// `https://vault/keys/name[/version]`.
pub(super) fn kid(vault: &Vault, one: &Resource, with_version: bool) -> String {
    let name = one.id.names().get(1).copied().unwrap_or_default().to_owned();
    let version = if with_version { format!("/{}", one.id.name()) } else { String::new() };
    format!("{}/keys/{name}{version}", vault.url)
}

/// A version as answers show it.
pub(super) fn bundle(vault: &Vault, one: &Resource) -> Value {
    let mut shown = Value::Object(one.body.clone());
    set(&mut shown["key"], "kid", kid(vault, one, true));
    shown
}

/// What is known of a deleted key beyond what it was: for how long it can still be brought back.
pub(super) fn deletion(vault: &Vault, one: &Resource, shown: &mut Value) {
    let name = one.id.names().get(1).copied().unwrap_or_default();
    let deleted = one.changed.as_second();
    set(shown, "recoveryId", format!("{}/deletedkeys/{name}", vault.url));
    set(shown, "deletedDate", deleted);
    set(shown, "scheduledPurgeDate", deleted + 90 * 86_400);
}

/// A version as lists show it.
pub(super) fn item(vault: &Vault, one: &Resource, with_version: bool) -> Value {
    json!({
        "kid": kid(vault, one, with_version),
        "attributes": one.body.get("attributes").cloned().unwrap_or_default(),
        "tags": one.body.get("tags").cloned().unwrap_or_default(),
    })
}
