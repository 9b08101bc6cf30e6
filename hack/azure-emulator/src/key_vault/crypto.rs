//! The private keys of a vault: RSA and elliptic curves, told apart by their JSON web keys.

mod ec;
mod rsa;

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::check::text;
use ec::EcKey;
use rsa::RsaKey;

/// A private key. It shows itself to nobody.
pub(super) enum Key {
    /// For everything.
    Rsa(RsaKey),
    /// For signatures.
    Ec(EcKey),
}

impl Key {
    /// A new key as a body asks for it: `kty`, and `key_size` or `crv`.
    ///
    /// # Errors
    /// A sentence, for a type, a size or a curve that there is not.
    pub(super) fn generate(body: &Value) -> Result<Self, String> {
        match text(body, "/kty").unwrap_or("RSA") {
            "RSA" | "RSA-HSM" => {
                let bits = body.get("key_size").and_then(Value::as_u64).unwrap_or(2048);
                if !rsa::SIZES.contains(&bits) {
                    return Err(format!("{bits} is no size of an RSA key: 2048, 3072 or 4096."));
                }
                RsaKey::generate(bits).map(Self::Rsa)
            }
            "EC" | "EC-HSM" => EcKey::generate(text(body, "/crv").unwrap_or("P-256")).map(Self::Ec),
            other => Err(format!("Unsupported kty '{other}': a vault makes RSA, RSA-HSM, EC and EC-HSM keys.")),
        }
    }

    /// Another one of the same type and size.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn like(&self) -> Result<Self, String> {
        match self {
            Self::Rsa(key) => RsaKey::generate(key.bits()).map(Self::Rsa),
            Self::Ec(key) => EcKey::generate(key.curve()).map(Self::Ec),
        }
    }

    /// A key from the parts of a JSON web key.
    ///
    /// # Errors
    /// A sentence that says which part is wrong, and not what it holds.
    pub(super) fn import(jwk: &Value) -> Result<Self, String> {
        match text(jwk, "/kty").unwrap_or("RSA") {
            "EC" | "EC-HSM" => EcKey::import(jwk).map(Self::Ec),
            _ => RsaKey::import(jwk).map(Self::Rsa),
        }
    }

    /// As it is stored: PEM, or a curve and a number.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn to_text(&self) -> Result<String, String> {
        match self {
            Self::Rsa(key) => key.to_pem(),
            Self::Ec(key) => Ok(key.to_text()),
        }
    }

    /// As it was stored.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn from_text(text: &str) -> Result<Self, String> {
        match text.starts_with("-----") {
            true => RsaKey::from_pem(text).map(Self::Rsa),
            false => EcKey::from_text(text).map(Self::Ec),
        }
    }

    /// What of its JSON web key anybody may see: `n` and `e`, or `crv`, `x` and `y`.
    pub(super) fn public(&self) -> Value {
        match self {
            Self::Rsa(key) => {
                let (n, e) = key.public();
                json!({"n": n, "e": e})
            }
            Self::Ec(key) => {
                let (x, y) = key.public();
                json!({"crv": key.curve(), "x": encode(&x), "y": encode(&y)})
            }
        }
    }

    /// What it is for when nothing else is said.
    pub(super) fn operations(&self) -> Value {
        match self {
            Self::Rsa(_) => json!(["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"]),
            Self::Ec(_) => json!(["sign", "verify"]),
        }
    }

    /// Its type when nothing else is said.
    pub(super) const fn kty(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RSA",
            Self::Ec(_) => "EC",
        }
    }

    /// Encrypts a value.
    ///
    /// # Errors
    /// A sentence, for an unknown algorithm or a value that is too long.
    pub(super) fn encrypt(&self, algorithm: &str, value: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Self::Rsa(key) => key.encrypt(algorithm, value),
            Self::Ec(key) => Err(key.unfit(algorithm)),
        }
    }

    /// Decrypts a value.
    ///
    /// # Errors
    /// A sentence, for an unknown algorithm or a value that this key didn't encrypt.
    pub(super) fn decrypt(&self, algorithm: &str, value: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Self::Rsa(key) => key.decrypt(algorithm, value),
            Self::Ec(key) => Err(key.unfit(algorithm)),
        }
    }

    /// Signs a digest.
    ///
    /// # Errors
    /// A sentence, for an unknown algorithm or a digest of another length.
    pub(super) fn sign(&self, algorithm: &str, digest: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Self::Rsa(key) => key.sign(algorithm, digest),
            Self::Ec(key) => key.sign(algorithm, digest),
        }
    }

    /// Is it this key's signature of a digest?
    ///
    /// # Errors
    /// A sentence, for an unknown algorithm.
    pub(super) fn verify(&self, algorithm: &str, digest: &[u8], signature: &[u8]) -> Result<bool, String> {
        match self {
            Self::Rsa(key) => key.verify(algorithm, digest, signature),
            Self::Ec(key) => key.verify(algorithm, digest, signature),
        }
    }
}

/// Base64url without padding.
pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Base64url with or without padding.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}
