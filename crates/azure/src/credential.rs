//! Who we are: named explicitly, or by what the environment offers.
//!
//! The order of [`Credential::from_environment`]; the first whose variables are there is taken, and none is tried after
//! it has failed, so that nobody acts as someone else by accident:
//!
//! 1. `TEAL_AZURE_CREDENTIAL` = `workloadIdentity | managedIdentity | clientSecret | clientCertificate | azureCli`: that one;
//! 2. `AZURE_FEDERATED_TOKEN_FILE`: workload identity, as AKS injects it;
//! 3. `AZURE_CLIENT_SECRET`: client secret;
//! 4. `AZURE_CLIENT_CERTIFICATE_PATH`: client certificate, a PEM file with certificate and RSA key;
//! 5. `IDENTITY_ENDPOINT`: managed identity by the App Service protocol;
//! 6. an `az` on `PATH`: the Azure CLI's login;
//! 7. else managed identity by the metadata service.

mod failure;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::{ClientOptions, RetryOptions, Transport};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredential, ClientAssertionCredentialOptions,
    ClientSecretCredential, ClientSecretCredentialOptions, ManagedIdentityCredential, ManagedIdentityCredentialOptions,
    UserAssignedId, WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};

use crate::body::tame;
use crate::certificate::Certificate;
use crate::cloud::Cloud;

pub use failure::CredentialError;
pub(crate) use failure::{chain, failed};

/// Bytes that are never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(Vec<u8>);

impl Hidden {
    /// From the bytes themselves.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes themselves; the caller keeps them hidden.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(…)")
    }
}

/// Who we are. What is `None` comes from the environment, as Azure's own tools read it.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A Kubernetes service account token that Entra ID trusts.
    WorkloadIdentity {
        /// Directory.
        tenant: Option<String>,
        /// Application or managed identity.
        client: Option<String>,
        /// File with the projected token; read again every ten minutes.
        token_file: Option<PathBuf>,
    },
    /// The identity of the machine or App Service we run on.
    ManagedIdentity {
        /// Which one; the system-assigned one when `None`.
        client: Option<String>,
    },
    /// An application's password.
    ClientSecret {
        /// Directory.
        tenant: String,
        /// Application.
        client: String,
        /// Its password.
        secret: Hidden,
    },
    /// An application's certificate. The assertion is signed here, by *ring*: azure_identity would need OpenSSL.
    ClientCertificate {
        /// Directory.
        tenant: String,
        /// Application.
        client: String,
        /// PEM: one certificate (or a chain, the leaf first) and its RSA private key, unencrypted.
        pem: Hidden,
        /// Send the whole chain, for applications that trust an issuer and a subject.
        send_chain: bool,
    },
    /// Whoever is logged in to the Azure CLI.
    AzureCli {
        /// Directory; the CLI's default when `None`.
        tenant: Option<String>,
    },
    /// Any other credential.
    Other(Arc<dyn TokenCredential>),
}

/// Reads a variable; `None` when it is unset or empty.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Credential {
    /// The credential that the environment offers; see the module's page for the order.
    ///
    /// # Errors
    /// One that is named or begun, and lacks something.
    pub fn from_environment(environment: Environment<'_>) -> Result<Self, CredentialError> {
        let has = |name: &str| environment(name).is_some();
        let kind = match environment("TEAL_AZURE_CREDENTIAL") {
            Some(named) => named,
            None if has("AZURE_FEDERATED_TOKEN_FILE") => "workloadIdentity".to_owned(),
            None if has("AZURE_CLIENT_SECRET") => "clientSecret".to_owned(),
            None if has("AZURE_CLIENT_CERTIFICATE_PATH") => "clientCertificate".to_owned(),
            None if has("IDENTITY_ENDPOINT") => "managedIdentity".to_owned(),
            None if environment("PATH").is_some_and(|path| has_az(&path)) => "azureCli".to_owned(),
            None => "managedIdentity".to_owned(),
        };
        Self::named(&kind, environment)
    }

    /// A credential by name, its parts from the environment.
    ///
    /// # Errors
    /// Another name, or the parts that are missing.
    pub fn named(name: &str, environment: Environment<'_>) -> Result<Self, CredentialError> {
        match name {
            "workloadIdentity" => {
                let [tenant, client, token] =
                    all("workloadIdentity", [TENANT, CLIENT, "AZURE_FEDERATED_TOKEN_FILE"], environment)?;
                let token_file = Some(PathBuf::from(token));
                Ok(Self::WorkloadIdentity { tenant: Some(tenant), client: Some(client), token_file })
            }
            "managedIdentity" => Ok(Self::ManagedIdentity { client: environment(CLIENT) }),
            "clientSecret" => {
                let [tenant, client, secret] =
                    all("clientSecret", [TENANT, CLIENT, "AZURE_CLIENT_SECRET"], environment)?;
                Ok(Self::ClientSecret { tenant, client, secret: Hidden::new(secret) })
            }
            "clientCertificate" => {
                let [tenant, client, path] =
                    all("clientCertificate", [TENANT, CLIENT, "AZURE_CLIENT_CERTIFICATE_PATH"], environment)?;
                let path = PathBuf::from(path);
                let pem = std::fs::read(&path).map_err(|error| CredentialError::File {
                    kind: "clientCertificate",
                    path,
                    cause: error.to_string(),
                })?;
                Ok(Self::ClientCertificate {
                    tenant,
                    client,
                    pem: Hidden::new(pem),
                    send_chain: environment("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN")
                        .is_some_and(|text| text == "1" || text.eq_ignore_ascii_case("true")),
                })
            }
            "azureCli" => Ok(Self::AzureCli { tenant: environment(TENANT) }),
            _ => Err(CredentialError::Unknown { name: name.to_owned() }),
        }
    }

    /// For people and metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::WorkloadIdentity { .. } => "workloadIdentity",
            Self::ManagedIdentity { .. } => "managedIdentity",
            Self::ClientSecret { .. } => "clientSecret",
            Self::ClientCertificate { .. } => "clientCertificate",
            Self::AzureCli { .. } => "azureCli",
            Self::Other(_) => "other",
        }
    }

    /// Whose budgets Azure counts: the client id where it is known, else how we sign in. Neither is a secret.
    pub(crate) fn identity(&self) -> String {
        let client = match self {
            Self::WorkloadIdentity { client, .. } | Self::ManagedIdentity { client } => client.as_deref(),
            Self::ClientSecret { client, .. } | Self::ClientCertificate { client, .. } => Some(client.as_str()),
            Self::AzureCli { .. } | Self::Other(_) => None,
        };
        client.map_or_else(|| self.kind().to_owned(), str::to_ascii_lowercase)
    }

    /// Makes it ready to fetch tokens; nothing is sent.
    pub(crate) fn ready(
        self,
        cloud: &Cloud,
        http: &reqwest::Client,
    ) -> Result<Arc<dyn TokenCredential>, CredentialError> {
        let kind = self.kind();
        let refused = |error: azure_core::Error| CredentialError::Refused { kind, why: tame(&error.to_string()) };
        let client_options = || options(cloud, http);
        match self {
            Self::WorkloadIdentity { tenant, client, token_file } => {
                if let Some(path) = &token_file {
                    readable(kind, path)?;
                }
                let credential_options = ClientAssertionCredentialOptions { client_options: client_options() };
                let options = WorkloadIdentityCredentialOptions {
                    credential_options,
                    tenant_id: tenant,
                    client_id: client,
                    token_file_path: token_file,
                };
                Ok(WorkloadIdentityCredential::new(Some(options)).map_err(refused)?)
            }
            Self::ManagedIdentity { client } => {
                let options = ManagedIdentityCredentialOptions {
                    user_assigned_id: client.map(UserAssignedId::ClientId),
                    client_options: client_options(),
                };
                Ok(ManagedIdentityCredential::new(Some(options)).map_err(refused)?)
            }
            Self::ClientSecret { tenant, client, secret } => {
                let secret = Secret::new(String::from_utf8_lossy(secret.expose()).trim().to_owned());
                let options = ClientSecretCredentialOptions { client_options: client_options() };
                Ok(ClientSecretCredential::new(&tenant, client, secret, Some(options)).map_err(refused)?)
            }
            Self::ClientCertificate { tenant, client, pem, send_chain } => {
                let audience = format!("{}/{tenant}/oauth2/v2.0/token", cloud.authority);
                let certificate = Certificate::read(pem.expose(), &client, audience, send_chain)
                    .map_err(|why| CredentialError::Certificate { why })?;
                let options = ClientAssertionCredentialOptions { client_options: client_options() };
                let made = ClientAssertionCredential::new(tenant, client, certificate, Some(options));
                Ok(made.map_err(refused)?)
            }
            Self::AzureCli { tenant } => {
                let options = AzureCliCredentialOptions { tenant_id: tenant, ..Default::default() };
                Ok(AzureCliCredential::new(Some(options)).map_err(refused)?)
            }
            Self::Other(credential) => Ok(credential),
        }
    }
}

/// The variable with the directory.
const TENANT: &str = "AZURE_TENANT_ID";
/// The variable with the application or managed identity.
const CLIENT: &str = "AZURE_CLIENT_ID";

/// The values of variables that a credential can't do without; all that are missing are told.
fn all<const N: usize>(
    kind: &'static str,
    variables: [&'static str; N],
    environment: Environment<'_>,
) -> Result<[String; N], CredentialError> {
    let missing: Vec<&'static str> = variables.into_iter().filter(|name| environment(name).is_none()).collect();
    if missing.is_empty() {
        return Ok(variables.map(|name| environment(name).unwrap_or_default()));
    }
    Err(CredentialError::Missing { kind, variables: missing })
}

/// Options of a credential's own HTTP pipeline: our transport, our cloud, and no repeating behind our back.
fn options(cloud: &Cloud, http: &reqwest::Client) -> ClientOptions {
    let mut custom = CustomConfiguration::default();
    custom.authority_host = cloud.authority.clone();
    ClientOptions {
        retry: RetryOptions::none(),
        transport: Some(Transport::new(Arc::new(http.clone()))),
        cloud: Some(Arc::new(CloudConfiguration::Custom(custom))),
        ..Default::default()
    }
}

fn readable(kind: &'static str, path: &Path) -> Result<(), CredentialError> {
    let cause = match std::fs::read_to_string(path) {
        Ok(text) if text.trim().is_empty() => "it is empty".to_owned(),
        Ok(_) => return Ok(()),
        Err(error) => error.to_string(),
    };
    Err(CredentialError::File { kind, path: path.to_owned(), cause })
}

fn has_az(path: &str) -> bool {
    std::env::split_paths(path).any(|folder| folder.join("az").is_file())
}

#[cfg(test)]
mod tests;
