//! Azure's management plane for every Switch of this process: one client for each way to reach it, made when it is
//! first needed. Secrets come from the environment; a declaration only says which identity.

use std::sync::{Arc, Mutex, PoisonError};

use teal_api::switch::{AzureAccess, Cloud, Credential};
use teal_azure::client::{SettingsError, environment};
use teal_azure::{Client, Settings, Watch};

/// Makes clients and keeps them. Cheap to clone; every clone has the same.
#[derive(Clone, Default)]
pub struct Azure(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// For all: given by whoever starts the switcher.
    given: Option<Client>,
    watch: Mutex<Option<Arc<dyn Watch>>>,
    made: Mutex<Vec<(AzureAccess, Client)>>,
}

impl std::fmt::Debug for Azure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.given.is_some() { "Azure(given)" } else { "Azure(environment)" })
    }
}

impl Azure {
    /// This client for everything, whatever a declaration says of its identity.
    #[must_use]
    pub fn given(client: Client) -> Self {
        Self(Arc::new(Inner { given: Some(client), ..Inner::default() }))
    }

    /// Tells `watch` what the clients made from now on do.
    pub(crate) fn watched(&self, watch: Arc<dyn Watch>) {
        *lock(&self.0.watch) = Some(watch);
    }

    /// The client for this access; nothing is sent.
    ///
    /// # Errors
    /// What the declaration names and the environment lacks.
    pub fn client(&self, access: &AzureAccess) -> Result<Client, SettingsError> {
        if let Some(client) = &self.0.given {
            return Ok(client.clone());
        }
        let mut made = lock(&self.0.made);
        if let Some((_, client)) = made.iter().find(|(known, _)| known == access) {
            return Ok(client.clone());
        }
        let mut settings =
            Settings::from_environment(&|name: &str| declared(access, name).or_else(|| environment(name)))?;
        if let Some(watch) = lock(&self.0.watch).clone() {
            settings = settings.watched(watch);
        }
        let client = Client::new(settings)?;
        made.push((access.clone(), client.clone()));
        Ok(client)
    }
}

/// What a declaration says, as the variable that would say it.
fn declared(access: &AzureAccess, name: &str) -> Option<String> {
    let word = |word: &str| Some(word.to_owned());
    match name {
        "TEAL_AZURE_CLOUD" => match access.cloud? {
            Cloud::Public => word("public"),
            Cloud::UsGovernment => word("usGovernment"),
            Cloud::China => word("china"),
            Cloud::Custom => word("custom"),
        },
        "TEAL_AZURE_CREDENTIAL" => match access.credential {
            Credential::Environment => None,
            Credential::WorkloadIdentity => word("workloadIdentity"),
            Credential::ManagedIdentity => word("managedIdentity"),
            Credential::ClientSecret => word("clientSecret"),
            Credential::ClientCertificate => word("clientCertificate"),
            Credential::AzureCli => word("azureCli"),
        },
        "AZURE_TENANT_ID" => access.tenant.clone(),
        "AZURE_CLIENT_ID" => access.client_id.clone(),
        _ => None,
    }
}

/// A poisoned lock still holds whole values: every critical section here only assigns.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_wins_over_the_environment_in_what_it_says_alone() {
        let access = AzureAccess {
            cloud: Some(Cloud::China),
            tenant: None,
            client_id: Some("c".to_owned()),
            credential: Credential::ManagedIdentity,
        };
        let said = |name| declared(&access, name);
        assert_eq!(said("TEAL_AZURE_CLOUD").as_deref(), Some("china"));
        assert_eq!(said("TEAL_AZURE_CREDENTIAL").as_deref(), Some("managedIdentity"));
        assert_eq!(said("AZURE_CLIENT_ID").as_deref(), Some("c"));
        assert_eq!((said("AZURE_TENANT_ID"), said("AZURE_CLIENT_SECRET")), (None, None));
        assert!(AzureAccess::default() == AzureAccess { cloud: None, ..AzureAccess::default() });
    }
}
