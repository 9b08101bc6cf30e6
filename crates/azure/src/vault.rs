//! Key Vault keys, data plane: wrap and unwrap a small secret, such as a SOPS data key. Another audience than ARM's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::client::Client;
use crate::credential::Hidden;
use crate::error::AzureError;
use crate::request::{Condition, Effect, Method, Needs, Place, Plane, Request};
use crate::versions;

/// How a key wraps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA-OAEP with SHA-256, which SOPS uses.
    RsaOaep256,
    /// RSA-OAEP with SHA-1, of old files.
    RsaOaep,
}

impl Algorithm {
    /// As on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::RsaOaep => "RSA-OAEP",
        }
    }
}

/// What is told of a key; never the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its identifier with the version.
    pub id: String,
    /// `RSA`, `RSA-HSM`, …
    pub kind: String,
    /// What it may be used for.
    pub operations: Vec<String>,
    /// Whether it may be used now.
    pub enabled: bool,
}

/// The request behind [`Client::decrypt`]; an empty `version` means the newest.
///
/// # Errors
/// A name that no key has.
pub fn decrypt(
    vault: &str,
    name: &str,
    version: &str,
    algorithm: Algorithm,
    bytes: &[u8],
) -> Result<Request, AzureError> {
    action(vault, name, version, "decrypt", algorithm, bytes)
}

/// The request behind [`Client::unwrap_key`]; an empty `version` means the newest.
///
/// # Errors
/// A name that no key has.
pub fn unwrap(
    vault: &str,
    name: &str,
    version: &str,
    algorithm: Algorithm,
    bytes: &[u8],
) -> Result<Request, AzureError> {
    action(vault, name, version, "unwrapkey", algorithm, bytes)
}

/// The request behind [`Client::wrap_key`]; an empty `version` means the newest.
///
/// # Errors
/// A name that no key has.
pub fn wrap(vault: &str, name: &str, version: &str, algorithm: Algorithm, bytes: &[u8]) -> Result<Request, AzureError> {
    action(vault, name, version, "wrapkey", algorithm, bytes)
}

/// The request behind [`Client::key`].
///
/// # Errors
/// A name that no key has.
pub fn get(vault: &str, name: &str, version: &str) -> Result<Request, AzureError> {
    request(vault, name, version, "", Method::Get, None)
}

fn action(
    vault: &str,
    name: &str,
    version: &str,
    verb: &str,
    algorithm: Algorithm,
    bytes: &[u8],
) -> Result<Request, AzureError> {
    let body = json!({"alg": algorithm.as_str(), "value": URL_SAFE_NO_PAD.encode(bytes)});
    request(vault, name, version, verb, Method::Post, Some(body))
}

fn request(
    vault: &str,
    name: &str,
    version: &str,
    verb: &str,
    method: Method,
    body: Option<Value>,
) -> Result<Request, AzureError> {
    let vault = vault.trim_end_matches('/');
    let what = match verb {
        "" => format!("reading the key {name} of {vault}"),
        verb => format!("{verb} with the key {name} of {vault}"),
    };
    let plain = |text: &str| text.len() <= 127 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if name.is_empty() || !plain(name) || !plain(version) {
        let why = "a key's name and version are letters, digits and `-`".to_owned();
        return Err(AzureError::Refused { what, why });
    }
    let parts: Vec<&str> = [name, version, verb].into_iter().filter(|part| !part.is_empty()).collect();
    let url = format!("{vault}/keys/{}?api-version={}", parts.join("/"), versions::KEY_VAULT);
    let role = match verb {
        "wrapkey" | "unwrapkey" => "Key Vault Crypto Service Encryption User",
        _ => "Key Vault Crypto User",
    };
    let needs = Needs { role, scope: format!("{vault}/keys/{name}") };
    Ok(Request {
        method,
        place: Place::Verbatim(url),
        version: "",
        query: Vec::new(),
        body,
        condition: Condition::None,
        needs,
        // None of these changes anything.
        effect: Effect::Read,
        plane: Plane::Vault,
        service: "keyVault",
        what,
    })
}

impl Client {
    /// Decrypts bytes with a key that never leaves its vault; with RSA the same as [`Client::unwrap_key`], by another
    /// permission.
    ///
    /// # Errors
    /// See [`AzureError`]; bytes that another key encrypted are [`AzureError::Rejected`].
    pub async fn decrypt(
        &self,
        vault: &str,
        name: &str,
        version: &str,
        algorithm: Algorithm,
        bytes: &[u8],
    ) -> Result<Hidden, AzureError> {
        self.transform(&decrypt(vault, name, version, algorithm, bytes)?).await
    }

    /// Unwraps bytes with a key that never leaves its vault. `vault`: `https://name.vault.azure.net`; an empty
    /// `version` means the newest.
    ///
    /// # Errors
    /// See [`AzureError`]; bytes that another key wrapped are [`AzureError::Rejected`].
    pub async fn unwrap_key(
        &self,
        vault: &str,
        name: &str,
        version: &str,
        algorithm: Algorithm,
        bytes: &[u8],
    ) -> Result<Hidden, AzureError> {
        self.transform(&unwrap(vault, name, version, algorithm, bytes)?).await
    }

    /// Wraps bytes with a key that never leaves its vault; see [`Client::unwrap_key`].
    ///
    /// # Errors
    /// See [`AzureError`].
    pub async fn wrap_key(
        &self,
        vault: &str,
        name: &str,
        version: &str,
        algorithm: Algorithm,
        bytes: &[u8],
    ) -> Result<Vec<u8>, AzureError> {
        Ok(self.transform(&wrap(vault, name, version, algorithm, bytes)?).await?.expose().to_vec())
    }

    /// What is told of a key.
    ///
    /// # Errors
    /// See [`AzureError`].
    pub async fn key(&self, vault: &str, name: &str, version: &str) -> Result<Key, AzureError> {
        let answer = self.send(&get(vault, name, version)?).await?;
        let text = |path: &str| answer.body.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let operations = answer.body.pointer("/key/key_ops").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(Key {
            id: text("/key/kid"),
            kind: text("/key/kty"),
            operations: operations.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            enabled: answer.body.pointer("/attributes/enabled").and_then(Value::as_bool).unwrap_or(true),
        })
    }

    async fn transform(&self, request: &Request) -> Result<Hidden, AzureError> {
        let answer = self.send(request).await?;
        let value = answer.body.get("value").and_then(Value::as_str);
        let bytes = value.and_then(|value| URL_SAFE_NO_PAD.decode(value.trim_end_matches('=')).ok());
        // The body is not repeated: it may be the secret.
        bytes.map(Hidden::new).ok_or_else(|| AzureError::Odd {
            what: request.what.clone(),
            why: "it has no base64url `value`".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_name_key_version_and_algorithm() {
        let request =
            unwrap("https://v.vault.azure.net/", "sops", "0123", Algorithm::RsaOaep256, &[0xFB, 0xFF]).unwrap();
        assert_eq!(request.path(), "https://v.vault.azure.net/keys/sops/0123/unwrapkey?api-version=7.4");
        assert_eq!(request.body.unwrap(), json!({"alg": "RSA-OAEP-256", "value": "-_8"}));
        assert_eq!((request.plane, request.effect), (Plane::Vault, Effect::Read));
        let newest = wrap("https://v.vault.azure.net", "sops", "", Algorithm::RsaOaep, b"x").unwrap();
        assert_eq!(newest.path(), "https://v.vault.azure.net/keys/sops/wrapkey?api-version=7.4");
        assert_eq!(get("https://v.vault.azure.net", "sops", "1").unwrap().method, Method::Get);
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        for name in ["", "../secrets/x", "a/b", "a?b", "a b"] {
            let error = unwrap("https://v.vault.azure.net", name, "", Algorithm::RsaOaep256, b"x").unwrap_err();
            assert_eq!(error.reason(), "Refused", "{name}");
        }
    }
}
