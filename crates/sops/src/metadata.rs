//! The stanza that SOPS writes beside the values: for whom, by which rules, and the MAC.

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use crate::rules::Rule;
use crate::{SopsError, WrappedKey};

/// Top-level lists of the stanza that are no keys.
const NO_KEYS: [&str; 1] = ["key_groups"];

/// What the stanza says.
pub(crate) struct Metadata {
    /// Recipients; several groups share a split key.
    pub(crate) groups: Vec<Vec<WrappedKey>>,
    /// How many groups are needed when there are several.
    pub(crate) threshold: usize,
    /// As written: the MAC is bound to it.
    pub(crate) last_modified: String,
    /// Encrypted.
    pub(crate) mac: String,
    /// Whether the MAC leaves out what is in the clear.
    pub(crate) mac_only_encrypted: bool,
    /// Which values are encrypted.
    pub(crate) rule: Rule,
}

impl Metadata {
    /// Reads the stanza.
    pub(crate) fn read(stanza: &Value) -> Result<Self, SopsError> {
        let Some(stanza) = stanza.as_object() else {
            return Err(SopsError::metadata("sops", "is no mapping"));
        };
        let mac = text(stanza, "mac");
        if mac.is_empty() {
            return Err(SopsError::NoMac);
        }
        let last_modified = text(stanza, "lastmodified");
        if last_modified.is_empty() {
            return Err(SopsError::metadata("lastmodified", "is missing, and the MAC is bound to it"));
        }
        let own = keys(stanza)?;
        let groups = match stanza.get("key_groups").and_then(Value::as_array) {
            Some(groups) if own.is_empty() => {
                let groups = groups.iter().filter_map(Value::as_object).map(keys);
                groups.collect::<Result<Vec<_>, _>>()?
            }
            _ => vec![own],
        };
        if groups.iter().all(Vec::is_empty) {
            return Err(SopsError::metadata("age", "and its like name nobody the file is encrypted for"));
        }
        // Without a threshold every group is needed, as when SOPS splits the key.
        let threshold = match number(stanza, "shamir_threshold")? {
            0 => groups.len(),
            threshold => threshold,
        };
        let mac_only_encrypted = match stanza.get("mac_only_encrypted") {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::Bool(true)) => true,
            Some(Value::String(word)) => word == "true",
            Some(_) => return Err(SopsError::metadata("mac_only_encrypted", "is neither true nor false")),
        };
        Ok(Self { groups, threshold, last_modified, mac, mac_only_encrypted, rule: Rule::read(stanza)? })
    }
}

/// A text, or a number that somebody forgot to quote; empty when absent.
pub(crate) fn text(map: &Map<String, Value>, key: &str) -> String {
    match map.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn number(map: &Map<String, Value>, key: &str) -> Result<usize, SopsError> {
    let text = text(map, key);
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| SopsError::metadata(key, "is no number"))
}

/// Every key in the lists of one group, in the order of their names.
fn keys(group: &Map<String, Value>) -> Result<Vec<WrappedKey>, SopsError> {
    let mut found = Vec::new();
    for (kind, list) in group.iter().filter(|(kind, _)| !NO_KEYS.contains(&kind.as_str())) {
        for entry in list.as_array().into_iter().flatten().filter_map(Value::as_object) {
            found.push(key(kind, entry)?);
        }
    }
    Ok(found)
}

fn key(kind: &str, entry: &Map<String, Value>) -> Result<WrappedKey, SopsError> {
    Ok(match kind {
        "age" => WrappedKey::Age { recipient: text(entry, "recipient"), armored: text(entry, "enc") },
        "azure_kv" => {
            let vault = text(entry, "vault_url").trim_end_matches('/').to_owned();
            let (name, version, enc) = (text(entry, "name"), text(entry, "version"), text(entry, "enc"));
            if vault.is_empty() || name.is_empty() {
                return Err(SopsError::metadata("azure_kv", "has an entry without `vault_url` or `name`"));
            }
            let wrapped = URL_SAFE_NO_PAD.decode(&enc).or_else(|_| URL_SAFE.decode(&enc));
            let wrapped = wrapped.map_err(|_| SopsError::metadata("azure_kv", "has an `enc` that is no base64"))?;
            WrappedKey::AzureKeyVault { vault, name, version, wrapped }
        }
        _ => {
            let names = ["arn", "resource_id", "key_name", "fp", "key_id"];
            let name = names.iter().map(|name| text(entry, name)).find(|name| !name.is_empty());
            WrappedKey::Other { kind: kind.to_owned(), name: name.unwrap_or_default() }
        }
    })
}
