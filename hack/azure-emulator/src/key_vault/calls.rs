//! The data plane's calls: by the vault's own host, below `/vault/NAME`, or at the root for the vault `default`.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::crypto::Key;
use super::guard;
use super::keys::{self, Vault};
use super::lifetime;
use super::operate::operate;
use crate::arm::Reply;
use crate::check::merge;
use crate::provider::OtherCall;
use crate::resources::DEFAULT_TENANT;
use crate::world::World;

/// Longest page of a list.
const LONGEST_PAGE: usize = 25;
/// Hosts of vaults end so.
const SUFFIXES: [&str; 4] = [".vault.azure.net", ".vault.usgovcloudapi.net", ".vault.azure.cn", ".vault.localhost"];

/// Answers a call; `None` when it is no vault's.
pub(super) fn other(world: &mut World, call: &OtherCall<'_>) -> Option<Reply> {
    let (vault, path) = route(call)?;
    let bearer = call.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if !bearer.is_some_and(|value| value.to_ascii_lowercase().starts_with("bearer ")) {
        return Some(*challenge(world, call));
    }
    Some(guard::pass(world, call, &vault, &path, |world| match serve(world, call, &vault, &path) {
        Ok(reply) => reply,
        Err(reply) => *reply,
    }))
}

/// The vault that a call is for, and the path within it.
fn route(call: &OtherCall<'_>) -> Option<(Vault, Vec<String>)> {
    let words: Vec<String> = call.path.split('/').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let is_keys = |word: Option<&String>| {
        word.is_some_and(|w| w.eq_ignore_ascii_case("keys") || w.eq_ignore_ascii_case("deletedkeys"))
    };
    if let Some(name) = SUFFIXES.iter().find_map(|suffix| call.host.strip_suffix(suffix)) {
        return is_keys(words.first()).then(|| (Vault { name: name.to_owned(), url: call.base.to_owned() }, words));
    }
    if words.first().is_some_and(|word| word == "vault") && is_keys(words.get(2)) {
        let name = words.get(1)?.clone();
        let url = format!("{}/vault/{name}", call.base);
        return Some((Vault { name, url }, words.into_iter().skip(2).collect()));
    }
    is_keys(words.first()).then(|| (Vault { name: "default".to_owned(), url: call.base.to_owned() }, words))
}

pub(super) type Answer = Result<Reply, Box<Reply>>;

pub(super) fn refuse(status: StatusCode, code: &str, text: impl Into<String>) -> Box<Reply> {
    Box::new(Reply::json(status, json!({"error": {"code": code, "message": text.into()}})))
}

pub(super) fn bad(text: impl Into<String>) -> Box<Reply> {
    refuse(StatusCode::BAD_REQUEST, "BadParameter", text)
}

pub(super) fn absent(vault: &Vault, key: &str) -> Box<Reply> {
    let text = format!(
        "A key with (name/id) {key} was not found in this key vault. If you recently deleted this key you may be able to recover it \
         using the correct recovery command. (vault {})",
        vault.name
    );
    refuse(StatusCode::NOT_FOUND, "KeyNotFound", text)
}

/// 401 with the challenge: where to get a token, and for what. Clients compare the resource with the end of the host that they
/// called, so it is that host without its first label, or the public cloud's when there is only one.
fn challenge(world: &World, call: &OtherCall<'_>) -> Box<Reply> {
    let authority = call.base.trim_start_matches("https://");
    let resource = match authority.split_once('.') {
        Some((_, rest)) if !authority.starts_with(|c: char| c.is_ascii_digit()) => format!("https://{rest}"),
        _ => "https://vault.azure.net".to_owned(),
    };
    let reply = Reply::json(
        StatusCode::UNAUTHORIZED,
        json!({"error": {"code": "Unauthorized", "message": "AKV10000: Request is missing a Bearer or PoP token."}}),
    );
    let words = format!("Bearer authorization=\"{}/{}\", resource=\"{resource}\"", call.base, tenant(world, call));
    Box::new(reply.with("www-authenticate", words))
}

/// The tenant that the challenge names: the one declared. Where any will do none is named, so that credentials stay with their
/// own; but the clients for Java and .NET cannot read that, and are told the tenant that last got a token here.
fn tenant(world: &World, call: &OtherCall<'_>) -> String {
    if let [only] = world.access.tenants.as_slice() {
        return only.id.clone();
    }
    let agent = call.headers.get("user-agent").and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    if !["azsdk-java", "azsdk-net"].iter().any(|client| agent.starts_with(client)) {
        return String::new();
    }
    let last = world.log.newest().find(|entry| entry.kind == "token" && entry.status == 200);
    let last = last.and_then(|entry| entry.path.split('/').nth(1));
    last.unwrap_or(DEFAULT_TENANT).to_owned()
}

fn serve(world: &mut World, call: &OtherCall<'_>, vault: &Vault, path: &[String]) -> Answer {
    if !call.query.contains_key("api-version") {
        return Err(bad("The query parameter api-version is required."));
    }
    let body: Value = if call.body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(call.body)
            .map_err(|error| bad(format!("The body is no JSON at line {}.", error.line())))?
    };
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    let deleted = words.first().is_some_and(|word| word.eq_ignore_ascii_case("deletedkeys"));
    let last = words.last().copied().unwrap_or_default().to_ascii_lowercase();
    match (call.method, words.get(1..).unwrap_or_default()) {
        (&Method::GET, []) => list(world, call, vault, deleted, None),
        (&Method::GET, [key]) if deleted => deleted_bundle(world, vault, key),
        (&Method::DELETE, [key]) if deleted => match keys::purge(world, vault, key) {
            true => Ok(Reply::empty(StatusCode::NO_CONTENT)),
            false => Err(absent(vault, key)),
        },
        (&Method::POST, [key, _]) if deleted && last == "recover" => {
            if !keys::shift(world, vault, key, false) {
                return Err(absent(vault, key));
            }
            read(world, vault, key, "")
        }
        _ if deleted => Err(method(call)),
        (&Method::POST, [key, _]) if last == "create" => create(world, vault, key, &body),
        (&Method::POST, [key, _]) if last == "rotate" => {
            let old = keys::find(world, vault, key, "").ok_or_else(|| absent(vault, key))?;
            let new = keys::private(&old).and_then(|old| old.like()).map_err(bad)?;
            let one = keys::add(world, vault, key, &new, &Value::Object(old.body.clone())).map_err(bad)?;
            Ok(Reply::ok(keys::bundle(vault, &one)))
        }
        (&Method::POST, [key, _]) if last == "backup" => lifetime::backup(world, vault, key),
        (&Method::POST, ["restore"]) => lifetime::restore(world, vault, &body),
        (&Method::GET, [key, _]) if last == "rotationpolicy" => lifetime::policy(world, vault, key),
        (&Method::PUT, [key, _]) if last == "rotationpolicy" => lifetime::set_policy(world, vault, key, &body),
        (&Method::PUT, [key]) => {
            recoverable(world, vault, key)?;
            let made = Key::import(body.get("key").unwrap_or(&Value::Null)).map_err(bad)?;
            let one = keys::add(world, vault, key, &made, &body).map_err(bad)?;
            Ok(Reply::ok(keys::bundle(vault, &one)))
        }
        (&Method::GET, [key, _]) if last == "versions" => list(world, call, vault, false, Some(key)),
        (&Method::GET, [key]) => read(world, vault, key, ""),
        (&Method::GET, [key, version]) => read(world, vault, key, version),
        (&Method::PATCH, [key, version @ ..]) if version.len() <= 1 => {
            update(world, vault, key, version.first().copied().unwrap_or_default(), &body)
        }
        (&Method::DELETE, [key]) => {
            if !keys::shift(world, vault, key, true) {
                return Err(absent(vault, key));
            }
            deleted_bundle(world, vault, key)
        }
        (&Method::POST, [key, _]) => operate(world, vault, key, "", &last, &body),
        (&Method::POST, [key, version, _]) => operate(world, vault, key, version, &last, &body),
        _ => Err(method(call)),
    }
}

fn method(call: &OtherCall<'_>) -> Box<Reply> {
    let text = format!("The emulator's vault knows no {} of {}.", call.method, call.path);
    refuse(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", text)
}

fn list(world: &World, call: &OtherCall<'_>, vault: &Vault, deleted: bool, key: Option<&str>) -> Answer {
    let all = keys::versions(world, vault, deleted, key);
    let mut shown: Vec<Value> = Vec::new();
    match key {
        Some(key) if all.is_empty() => return Err(absent(vault, key)),
        Some(_) => shown.extend(all.iter().map(|one| keys::item(vault, one, true))),
        None => {
            // The newest version stands for its key.
            let mut seen = std::collections::BTreeMap::new();
            for one in &all {
                seen.insert(one.id.names().get(1).copied().unwrap_or_default().to_ascii_lowercase(), one);
            }
            shown.extend(seen.into_values().map(|one| {
                let mut item = keys::item(vault, one, false);
                if deleted {
                    keys::deletion(vault, one, &mut item);
                }
                item
            }));
        }
    }
    page(call, shown)
}

/// One page of a list, `maxresults` long (25 unless told), from where `$skiptoken` says.
fn page(call: &OtherCall<'_>, all: Vec<Value>) -> Answer {
    let number = |name: &str, least: usize| match call.query.get(name) {
        None => Ok(None),
        Some(text) => match text.parse().ok().filter(|number| *number >= least) {
            Some(number) => Ok(Some(number)),
            None => Err(bad(format!("{name} is '{text}'; it must be a number from {least}."))),
        },
    };
    let most = number("maxresults", 1)?.unwrap_or(LONGEST_PAGE).min(LONGEST_PAGE);
    let start = number("$skiptoken", 0)?.unwrap_or(0);
    let next = (start.saturating_add(most) < all.len()).then(|| {
        let version = call.query.get("api-version").map_or("", String::as_str);
        format!("{}{}?api-version={version}&$skiptoken={}&maxresults={most}", call.base, call.path, start + most)
    });
    let shown: Vec<Value> = all.into_iter().skip(start).take(most).collect();
    Ok(Reply::ok(json!({"value": shown, "nextLink": next})))
}

fn read(world: &World, vault: &Vault, key: &str, version: &str) -> Answer {
    let one = keys::find(world, vault, key, version).ok_or_else(|| absent(vault, key))?;
    Ok(Reply::ok(keys::bundle(vault, &one)))
}

fn deleted_bundle(world: &World, vault: &Vault, key: &str) -> Answer {
    let one = keys::versions(world, vault, true, Some(key)).pop().ok_or_else(|| absent(vault, key))?;
    let mut shown = keys::bundle(vault, &one);
    keys::deletion(vault, &one, &mut shown);
    Ok(Reply::ok(shown))
}

fn create(world: &mut World, vault: &Vault, name: &str, body: &Value) -> Answer {
    let good = !name.is_empty() && name.len() <= 127 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !good {
        return Err(bad(format!("'{name}' is no name for a key: letters, digits and hyphens, at most 127.")));
    }
    recoverable(world, vault, name)?;
    let key = Key::generate(body).map_err(bad)?;
    let one = keys::add(world, vault, name, &key, body).map_err(bad)?;
    Ok(Reply::ok(keys::bundle(vault, &one)))
}

/// A name whose key was deleted is free again once that key was recovered or purged.
pub(super) fn recoverable(world: &World, vault: &Vault, name: &str) -> Result<(), Box<Reply>> {
    if keys::versions(world, vault, true, Some(name)).is_empty() {
        return Ok(());
    }
    let text = format!(
        "Key {name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the key can only \
         be recovered or purged."
    );
    let error = json!({"code": "Conflict", "message": text, "innererror": {"code": "ObjectIsDeletedButRecoverable"}});
    Err(Box::new(Reply::json(StatusCode::CONFLICT, json!({ "error": error }))))
}

fn update(world: &mut World, vault: &Vault, key: &str, version: &str, patch: &Value) -> Answer {
    let one = keys::find(world, vault, key, version).ok_or_else(|| absent(vault, key))?;
    let mut body = Value::Object(one.body.clone());
    for part in ["attributes", "tags"] {
        if let Some(new) = patch.get(part).filter(|new| new.is_object()) {
            merge(&mut body[part], new);
        }
    }
    if let Some(operations) = patch.get("key_ops").filter(|ops| ops.is_array()) {
        body["key"]["key_ops"] = operations.clone();
    }
    body["attributes"]["updated"] = world.now().as_second().into();
    let (saved, _) = world.save(&one.id, body.as_object().cloned().unwrap_or_default(), one.hidden.clone());
    Ok(Reply::ok(keys::bundle(vault, &saved)))
}
