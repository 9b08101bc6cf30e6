//! Azure Key Vault as a source of keys: the wrapped key goes there, the key of the file comes back.
//!
//! Rendering asks from a thread of its own and waits; what was unwrapped once is remembered in memory, so that a vault
//! hears of a file once in the life of a process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use teal_api::sync::AzureIdentity;
use teal_azure::client::{SettingsError, environment};
use teal_azure::vault::Algorithm;
use teal_azure::{Client, Settings};
use teal_sops::{DataKey, Unwrap, UnwrapError, WrappedKey};
use tokio::runtime::Handle;

/// Longest that one key is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// Most keys that are remembered.
const MOST: usize = 10_000;

/// Unwraps with keys that never leave their vault.
pub(crate) struct Vault {
    client: Client,
    runtime: Handle,
    known: Mutex<HashMap<WrappedBy, DataKey>>,
}

/// The key of the vault, and what it wrapped.
type WrappedBy = (String, Vec<u8>);

impl Vault {
    /// Makes a client as the environment says, but for the parts of the identity that are given. Nothing is sent.
    ///
    /// # Errors
    /// An environment that lacks something.
    pub(crate) fn new(identity: &AzureIdentity) -> Result<Self, SettingsError> {
        let given = |name: &str| match name {
            "AZURE_CLIENT_ID" => identity.client_id.clone().or_else(|| environment(name)),
            "AZURE_TENANT_ID" => identity.tenant_id.clone().or_else(|| environment(name)),
            _ => environment(name),
        };
        let client = Client::new(Settings::from_environment(&given)?)?;
        Ok(Self { client, runtime: Handle::current(), known: Mutex::default() })
    }
}

impl Unwrap for Vault {
    fn unwrap_key(&self, key: &WrappedKey) -> Option<Result<DataKey, UnwrapError>> {
        let WrappedKey::AzureKeyVault { vault, name, version, wrapped } = key else { return None };
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (key.to_string(), wrapped.clone());
        if let Some(key) = known().get(&place) {
            return Some(Ok(key.clone()));
        }
        let asked = self.client.unwrap_key(vault, name, version, Algorithm::RsaOaep256, wrapped);
        Some(match self.runtime.block_on(async { tokio::time::timeout(PATIENCE, asked).await }) {
            Ok(Ok(unwrapped)) => {
                let unwrapped = DataKey::new(unwrapped.expose().to_vec());
                let mut known = known();
                if known.len() >= MOST {
                    known.clear();
                }
                known.insert(place, unwrapped.clone());
                Ok(unwrapped)
            }
            Ok(Err(error)) => Err(UnwrapError(error.to_string())),
            Err(_) => Err(UnwrapError(format!("no answer within {} s", PATIENCE.as_secs()))),
        })
    }
}
