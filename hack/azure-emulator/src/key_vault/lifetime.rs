//! What outlives a version of a key: policies of rotation, and backups.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::calls::{Answer, absent, bad, recoverable, refuse};
use super::crypto::{decode, encode};
use super::keys::{self, Vault};
use crate::arm::{Reply, ResourceId, Scope};
use crate::check::{list, set, text};
use crate::world::World;

/// What a backup begins with, before its number.
const BACKUP: &str = "azure-emulator backup ";

/// What a backup is kept as, out of everybody's sight.
const KEPT: &str = "backup";

/// Where the policy of a key is kept.
pub(super) fn id(vault: &Vault, key: &str) -> ResourceId {
    ResourceId::new(Scope::Tenant, "Microsoft.KeyVault", "vaults", &vault.name)
        .child("keys", key)
        .child("rotationPolicies", "policy")
}

/// Answers with the policy of a key, which is to notify a month before the end unless told otherwise.
pub(super) fn policy(world: &World, vault: &Vault, key: &str) -> Answer {
    keys::find(world, vault, key, "").ok_or_else(|| absent(vault, key))?;
    let mut shown = match world.store.get(&id(vault, key)) {
        Some(kept) => Value::Object(kept.body.clone()),
        None => json!({
            "lifetimeActions": [{"trigger": {"timeBeforeExpiry": "P30D"}, "action": {"type": "Notify"}}],
            "attributes": {"expiryTime": null, "created": null, "updated": null},
        }),
    };
    set(&mut shown, "id", format!("{}/keys/{key}/rotationpolicy", vault.url));
    Ok(Reply::ok(shown))
}

/// Keeps a policy. Nothing rotates by itself: time here is what the clock is told.
pub(super) fn set_policy(world: &mut World, vault: &Vault, key: &str, body: &Value) -> Answer {
    keys::find(world, vault, key, "").ok_or_else(|| absent(vault, key))?;
    check(body).map_err(bad)?;
    let now = world.now().as_second();
    let created = world.store.get(&id(vault, key)).and_then(|old| old.body.get("attributes")?.get("created").cloned());
    let mut kept = Map::new();
    kept.insert("lifetimeActions".to_owned(), Value::Array(list(body, "/lifetimeActions").to_vec()));
    kept.insert(
        "attributes".to_owned(),
        json!({
            "expiryTime": body.pointer("/attributes/expiryTime"),
            "created": created.unwrap_or_else(|| now.into()),
            "updated": now,
        }),
    );
    world.save(&id(vault, key), kept, Map::new());
    policy(world, vault, key)
}

/// What is wrong with a policy, in one sentence.
fn check(policy: &Value) -> Result<(), String> {
    let span = |text: &str| text.starts_with('P') && text.parse::<jiff::Span>().is_ok();
    if text(policy, "/attributes/expiryTime").is_some_and(|time| !span(time)) {
        return Err("attributes.expiryTime must be an ISO 8601 duration such as P90D.".to_owned());
    }
    for action in list(policy, "/lifetimeActions") {
        let kind = text(action, "/action/type").unwrap_or_default();
        if !["rotate", "notify"].contains(&kind.to_ascii_lowercase().as_str()) {
            return Err(format!("'{kind}' is no action of a policy: Rotate or Notify."));
        }
        let times = [text(action, "/trigger/timeAfterCreate"), text(action, "/trigger/timeBeforeExpiry")];
        match times.into_iter().flatten().collect::<Vec<_>>().as_slice() {
            [one] if span(one) => {}
            _ => {
                return Err("A trigger is one ISO 8601 duration: timeAfterCreate or timeBeforeExpiry.".to_owned());
            }
        }
    }
    Ok(())
}

/// Where a backup is kept: what its owner gets is its number, and no key.
fn place(number: &str) -> ResourceId {
    ResourceId::new(Scope::Tenant, "Microsoft.KeyVault", "backups", number)
}

/// Backs up all versions of a key.
pub(super) fn backup(world: &mut World, vault: &Vault, key: &str) -> Answer {
    let all = keys::versions(world, vault, false, Some(key));
    let Some(first) = all.first() else { return Err(absent(vault, key)) };
    let name = first.id.names().get(1).copied().unwrap_or_default().to_owned();
    let versions: Vec<Value> =
        all.iter().map(|one| json!({"version": one.id.name(), "body": one.body, "hidden": one.hidden})).collect();
    let number = world.uuid();
    let mut hidden = Map::new();
    hidden.insert(KEPT.to_owned(), json!({"name": name, "versions": versions}));
    world.save(&place(&number), Map::new(), hidden);
    Ok(Reply::ok(json!({"value": encode(format!("{BACKUP}{number}").as_bytes())})))
}

/// Brings back a key that was backed up; 409 while there is one of its name.
pub(super) fn restore(world: &mut World, vault: &Vault, body: &Value) -> Answer {
    let given = text(body, "/value").and_then(decode).and_then(|bytes| String::from_utf8(bytes).ok());
    let kept = given
        .as_deref()
        .and_then(|text| text.strip_prefix(BACKUP))
        .and_then(|number| world.store.get(&place(number)).cloned())
        .ok_or_else(|| bad("The backup is not one that this emulator made, or it has been reset since."))?;
    let kept = kept.hidden.get(KEPT).unwrap_or(&Value::Null);
    let name = text(kept, "/name").unwrap_or_default();
    recoverable(world, vault, name)?;
    if keys::find(world, vault, name, "").is_some() {
        let text = format!("The key '{name}' already exists in the vault '{}'.", vault.name);
        return Err(refuse(StatusCode::CONFLICT, "Conflict", text));
    }
    for one in list(kept, "/versions") {
        let part = |name: &str| one.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
        let id = keys::id(vault, false, name, text(one, "/version").unwrap_or_default());
        world.save(&id, part("body"), part("hidden"));
    }
    let newest = keys::find(world, vault, name, "").ok_or_else(|| absent(vault, name))?;
    Ok(Reply::ok(keys::bundle(vault, &newest)))
}
