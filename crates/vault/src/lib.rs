//! Azure Key Vault as a source of keys: the wrapped key goes there, the key of the file comes back.
//!
//! Whoever decrypts asks from a thread of its own and waits; what was unwrapped once is remembered in memory, so that a
//! vault hears of a file once in the life of a process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use teal_azure::client::{SettingsError, environment};
use teal_azure::credential::Hidden;
use teal_azure::vault::Algorithm;
use teal_azure::{AzureError, Client, Settings};
use teal_sops::{DataKey, Unwrap, UnwrapError, WrappedKey};
use tokio::runtime::Handle;

/// Longest that one key is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// Most keys that are remembered.
const MOST: usize = 10_000;

/// Unwraps with keys that never leave their vault.
pub struct Vault {
    client: Client,
    runtime: Handle,
    known: Mutex<HashMap<WrappedBy, DataKey>>,
}

/// The key of the vault, and what it wrapped.
type WrappedBy = (String, Vec<u8>);

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("client", &self.client).finish_non_exhaustive()
    }
}

impl Vault {
    /// Asks with this client, on `runtime`, which must have more threads than the one that waits.
    #[must_use]
    pub fn new(client: Client, runtime: Handle) -> Self {
        Self { client, runtime, known: Mutex::default() }
    }

    /// Makes a client as the process's environment says, but for the parts of the identity that are given. Nothing is
    /// sent. The process's crypto provider must have been chosen.
    ///
    /// # Errors
    /// An environment that lacks something.
    pub fn from_environment(
        client: Option<&str>,
        tenant: Option<&str>,
        runtime: Handle,
    ) -> Result<Self, SettingsError> {
        let given = |name: &str| match name {
            "AZURE_CLIENT_ID" => client.map(str::to_owned).or_else(|| environment(name)),
            "AZURE_TENANT_ID" => tenant.map(str::to_owned).or_else(|| environment(name)),
            _ => environment(name),
        };
        Ok(Self::new(Client::new(Settings::from_environment(&given)?)?, runtime))
    }

    /// As SOPS does: `decrypt`. Where the identity may not, `unwrapKey`, which is the same with an RSA key and a
    /// permission of its own: a role that is enough for `sops` is enough here, and so is the narrower one.
    async fn open(&self, vault: &str, name: &str, version: &str, wrapped: &[u8]) -> Result<Hidden, AzureError> {
        let algorithm = Algorithm::RsaOaep256;
        match self.client.decrypt(vault, name, version, algorithm, wrapped).await {
            Err(AzureError::Denied { .. }) => self.client.unwrap_key(vault, name, version, algorithm, wrapped).await,
            outcome => outcome,
        }
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
        let asked = self.open(vault, name, version, wrapped);
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
            Ok(Err(error)) => {
                // What support asks for is here alone: a refusal that stays must stay the same text.
                let request = error.said().and_then(|said| said.request_id.as_deref()).unwrap_or_default();
                tracing::info!(key = %key, request, reason = error.reason(), "Key Vault gave no key");
                Err(UnwrapError(error.steady()))
            }
            Err(_) => Err(UnwrapError(format!("no answer within {} s", PATIENCE.as_secs()))),
        })
    }
}
