//! How a client is made: once a process, from flags and environment, never from git.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::http::policies::Policy;
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::{ClientOptions, Pipeline, RetryOptions, Transport, Url};
use tokio_util::sync::CancellationToken;

use super::{Client, Inner, NO_SKEW};
use crate::cloud::{Cloud, CloudError};
use crate::credential::{Credential, CredentialError, Environment};
use crate::retry::RetryPolicy;
use crate::watch::{Unwatched, Watch};

/// Longest time to establish a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an idle connection is kept; Azure's balancers cut them after four minutes.
const IDLE: Duration = Duration::from_secs(90);

/// Everything a client is made of.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which cloud.
    pub cloud: Cloud,
    /// Who we are there.
    pub credential: Credential,
    /// PEM of the only authorities to be trusted; the system's when `None`.
    pub ca: Option<Vec<u8>>,
    /// How patient.
    pub retry: RetryPolicy,
    /// Who is told what happens.
    pub watch: Arc<dyn Watch>,
}

/// Why a client can't be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The cloud.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// The identity.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The authorities.
    #[error("the CA file{}: {why}", path.as_ref().map(|path| format!(" {path}")).unwrap_or_default())]
    Ca {
        /// Which file, when it is one.
        path: Option<String>,
        /// What would be right.
        why: String,
    },
    /// The HTTP client.
    #[error("the HTTP client can't be made: {why}")]
    Http {
        /// The library's words.
        why: String,
    },
}

impl Settings {
    /// A cloud and an identity, with the usual patience and the system's authorities.
    #[must_use]
    pub fn new(cloud: Cloud, credential: Credential) -> Self {
        let (retry, watch) = (RetryPolicy::default(), Arc::new(Unwatched));
        Self { cloud, credential, ca: None, retry, watch }
    }

    /// What the environment says: `TEAL_AZURE_CLOUD` (`public` when unset; `custom` with `TEAL_AZURE_ARM_ENDPOINT`,
    /// `AZURE_AUTHORITY_HOST`, `TEAL_AZURE_AUDIENCE` and `TEAL_AZURE_VAULT_SUFFIX`), `TEAL_AZURE_CA_FILE`, and the
    /// credential in the order of [`crate::credential`].
    ///
    /// # Errors
    /// What is named and lacks something.
    pub fn from_environment(environment: Environment<'_>) -> Result<Self, SettingsError> {
        let mut settings = Self::new(cloud(environment)?, Credential::from_environment(environment)?);
        if let Some(path) = environment("TEAL_AZURE_CA_FILE") {
            let pem =
                std::fs::read(&path).map_err(|error| SettingsError::Ca { path: Some(path), why: error.to_string() })?;
            settings.ca = Some(pem);
        }
        Ok(settings)
    }

    /// Trusts only these authorities.
    #[must_use]
    pub fn trusting(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca = Some(pem.into());
        self
    }

    /// Tells `watch` what happens.
    #[must_use]
    pub fn watched(mut self, watch: Arc<dyn Watch>) -> Self {
        self.watch = watch;
        self
    }

    /// Is as patient as `retry`.
    #[must_use]
    pub fn patient(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }
}

/// The process's own environment, for [`Settings::from_environment`].
#[must_use]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn cloud(environment: Environment<'_>) -> Result<Cloud, CloudError> {
    let name = environment("TEAL_AZURE_CLOUD").or_else(|| environment("AZURE_ENVIRONMENT"));
    if name.as_deref().is_none_or(|name| !name.eq_ignore_ascii_case("custom")) {
        return name.map_or_else(|| Ok(Cloud::public()), |name| Cloud::named(&name));
    }
    let need = |variable, field| environment(variable).ok_or(CloudError::Missing { field });
    let arm = need("TEAL_AZURE_ARM_ENDPOINT", "TEAL_AZURE_ARM_ENDPOINT")?;
    let authority = need("AZURE_AUTHORITY_HOST", "AZURE_AUTHORITY_HOST")?;
    let suffix = environment("TEAL_AZURE_VAULT_SUFFIX").unwrap_or_default();
    Cloud::custom(&authority, &arm, environment("TEAL_AZURE_AUDIENCE").as_deref(), &suffix)
}

impl Client {
    /// Makes a client. Nothing is sent. The process's crypto provider must have been chosen.
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let Settings { cloud, credential, ca, retry, watch } = settings;
        let http = http(ca.as_deref())?;
        let who = credential.kind();
        let credential = credential.ready(&cloud, &http)?;
        let pipeline = |scope: String| pipeline(&http, credential.clone(), scope);
        let arm =
            Url::parse(&cloud.arm).map_err(|_| CloudError::NotHttps { field: "arm", value: cloud.arm.clone() })?;
        let (management, vault) = (pipeline(cloud.arm_scope()), pipeline(cloud.vault_scope()));
        let skew = AtomicI64::new(NO_SKEW);
        let inner = Inner {
            cloud,
            arm,
            management,
            vault,
            credential,
            who,
            retry,
            watch,
            skew,
            holds: super::holds::Holds::default(),
        };
        Ok(Self { inner: Arc::new(inner), cancel: CancellationToken::new() })
    }
}

fn http(ca: Option<&[u8]>) -> Result<reqwest::Client, SettingsError> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .redirect(reqwest::redirect::Policy::none())
        // A request that was given up takes its connection with it, and nothing else.
        .http1_only()
        // Not even what HTTP/2 calls safe: the caller is told of every attempt.
        .retry(reqwest::retry::never());
    if let Some(pem) = ca {
        let refused = |why: &str| SettingsError::Ca { path: None, why: why.to_owned() };
        let roots = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| refused("it is no PEM"))?;
        if roots.is_empty() {
            return Err(refused("it has no `BEGIN CERTIFICATE`"));
        }
        builder = builder.tls_certs_only(roots);
    }
    builder.build().map_err(|error| SettingsError::Http { why: error.to_string() })
}

fn pipeline(http: &reqwest::Client, credential: Arc<dyn TokenCredential>, scope: String) -> Pipeline {
    let options = ClientOptions {
        retry: RetryOptions::none(),
        transport: Some(Transport::new(Arc::new(http.clone()))),
        ..Default::default()
    };
    let bearer: Arc<dyn Policy> = Arc::new(BearerTokenAuthorizationPolicy::new(credential, [scope]));
    Pipeline::new(
        option_env!("CARGO_PKG_NAME"),
        option_env!("CARGO_PKG_VERSION"),
        options,
        Vec::new(),
        vec![bearer],
        None,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let environment =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Settings::from_environment(&environment).map_err(|error| error.to_string())
    }

    #[test]
    fn the_cloud_comes_from_the_environment() {
        assert_eq!(settings(&[]).unwrap().cloud, Cloud::public());
        assert_eq!(settings(&[("AZURE_ENVIRONMENT", "AzureChinaCloud")]).unwrap().cloud, Cloud::china());
        assert!(settings(&[("TEAL_AZURE_CLOUD", "moon")]).unwrap_err().contains("unknown cloud `moon`"));
        assert!(settings(&[("TEAL_AZURE_CLOUD", "custom")]).unwrap_err().contains("TEAL_AZURE_ARM_ENDPOINT"));
        let custom = settings(&[
            ("TEAL_AZURE_CLOUD", "custom"),
            ("TEAL_AZURE_ARM_ENDPOINT", "https://arm.local"),
            ("AZURE_AUTHORITY_HOST", "https://login.local/"),
        ]);
        let custom = custom.unwrap().cloud;
        assert_eq!((custom.arm.as_str(), custom.authority.as_str()), ("https://arm.local", "https://login.local"));
    }

    #[test]
    fn a_ca_that_is_none_is_told() {
        let missing = settings(&[("TEAL_AZURE_CA_FILE", "/no/such/ca.pem")]).unwrap_err();
        assert!(missing.contains("/no/such/ca.pem"), "{missing}");
        rustls::crypto::ring::default_provider().install_default().ok();
        let cli = Credential::AzureCli { tenant: None };
        let error = Client::new(Settings::new(Cloud::public(), cli).trusting("nonsense")).unwrap_err();
        assert!(error.to_string().contains("BEGIN CERTIFICATE") || error.to_string().contains("no PEM"), "{error}");
    }
}
