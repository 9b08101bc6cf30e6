//! How one gets at the key of a file.

use std::fmt;

use zeroize::Zeroizing;

use crate::SopsError;
use crate::metadata::Metadata;
use crate::shamir;

/// Bytes of an AES-256 key.
const KEY_BYTES: usize = 32;

/// A file's key as one recipient can unwrap it. Everything in it stands in the file, so nothing is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WrappedKey {
    /// For an age recipient.
    Age {
        /// Such as `age1…`.
        recipient: String,
        /// An armored age file.
        armored: String,
    },
    /// For an RSA key in Azure Key Vault, by RSA-OAEP-256.
    AzureKeyVault {
        /// Address of the vault, without a slash at the end.
        vault: String,
        /// Name of the key.
        name: String,
        /// Its version.
        version: String,
        /// The wrapped key.
        wrapped: Vec<u8>,
    },
    /// Of a sort that nothing here can unwrap.
    Other {
        /// The name of its list in the metadata, such as `pgp`.
        kind: String,
        /// What it is called there.
        name: String,
    },
}

impl fmt::Display for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Age { recipient, .. } => write!(f, "{recipient}"),
            Self::AzureKeyVault { vault, name, version, .. } => write!(f, "{vault}/keys/{name}/{version}"),
            Self::Other { kind, name } => write!(f, "{kind} {name}"),
        }
    }
}

/// The key that a file's values are encrypted with. Wiped when dropped; its `Debug` shows nothing.
#[derive(Clone)]
pub struct DataKey(Zeroizing<Vec<u8>>);

impl DataKey {
    /// Takes the bytes over.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(…)")
    }
}

/// Why a source that should have unwrapped a key did not. Its text goes to people: no key, no plaintext in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnwrapError(pub String);

/// A source of keys: identities at hand, or a service that is asked.
pub trait Unwrap: Send + Sync {
    /// Unwraps a key; `None` when this source has nothing to do with it, so that the next one is asked.
    fn unwrap_key(&self, key: &WrappedKey) -> Option<Result<DataKey, UnwrapError>>;
}

impl<T: Unwrap + ?Sized> Unwrap for &T {
    fn unwrap_key(&self, key: &WrappedKey) -> Option<Result<DataKey, UnwrapError>> {
        (**self).unwrap_key(key)
    }
}

impl<T: Unwrap + ?Sized> Unwrap for std::sync::Arc<T> {
    fn unwrap_key(&self, key: &WrappedKey) -> Option<Result<DataKey, UnwrapError>> {
        (**self).unwrap_key(key)
    }
}

/// Gets at the key of a file by whichever recipient opens first; identities at hand come before services.
pub(crate) fn unlock(metadata: &Metadata, sources: &dyn Unwrap) -> Result<DataKey, SopsError> {
    let mut tried = Vec::new();
    let mut parts = Vec::new();
    for group in &metadata.groups {
        let age_first = group.iter().filter(|key| matches!(key, WrappedKey::Age { .. }));
        let others = group.iter().filter(|key| !matches!(key, WrappedKey::Age { .. }));
        for key in age_first.chain(others) {
            match sources.unwrap_key(key) {
                Some(Ok(part)) => {
                    parts.push(part);
                    break;
                }
                Some(Err(error)) => tried.push(format!("{key}: {error}")),
                None => {}
            }
        }
    }
    let needed = if metadata.groups.len() > 1 { metadata.threshold } else { 1 };
    if parts.len() < needed {
        let mut wanted: Vec<String> = metadata.groups.iter().flatten().map(ToString::to_string).collect();
        if needed > 1 {
            wanted.push(format!("keys of {needed} of {} groups are needed", metadata.groups.len()));
        }
        return Err(SopsError::NoKey { wanted, tried });
    }
    let key = if metadata.groups.len() > 1 { shamir::combine(&parts) } else { parts.into_iter().next() };
    key.filter(|key| key.bytes().len() == KEY_BYTES)
        .ok_or_else(|| SopsError::metadata("enc", format!("unwraps to no key of {KEY_BYTES} bytes")))
}
