//! How a client is made: once a process, from flags and environment, never from git.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::policies::Policy;
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::{ClientOptions, Pipeline, RetryOptions, Transport, Url};
use tokio_util::sync::CancellationToken;

use super::{Client, Inner, NO_SKEW};
use crate::cloud::{ARM_ENDPOINT, AUTHORITY_HOST, Cloud, CloudError};
use crate::credential::{Credential, CredentialError, Environment};
use crate::retry::RetryPolicy;
use crate::watch::{Unwatched, Watch};

/// Longest time to establish a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Names the file of the only authorities to be trusted.
const CA_FILE: &str = "TEAL_AZURE_CA_FILE";
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
    /// Where a managed identity is asked for by this proxy, such as an emulator's `http://127.0.0.1:8080`, on a machine
    /// without a metadata service. The environment's proxies are never asked: they would answer as another machine.
    pub metadata: Option<String>,
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
    #[error("{CA_FILE}{}: {why}", path.as_ref().map(|path| format!(" is {path}")).unwrap_or_default())]
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
    /// More than one of them; all are told.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Several(Vec<SettingsError>),
}

impl SettingsError {
    /// One error of all that were found; there is at least one.
    fn of(mut found: Vec<Self>) -> Self {
        if found.len() == 1 { found.remove(0) } else { Self::Several(found) }
    }
}

impl Settings {
    /// A cloud and an identity, with the usual patience and the system's authorities.
    #[must_use]
    pub fn new(cloud: Cloud, credential: Credential) -> Self {
        let (retry, watch) = (RetryPolicy::default(), Arc::new(Unwatched));
        Self { cloud, credential, ca: None, retry, watch, metadata: None }
    }

    /// What the environment says: `TEAL_AZURE_CLOUD`, or without it `AZURE_ENVIRONMENT` (`public` when both are unset;
    /// `custom` with `TEAL_AZURE_ARM_ENDPOINT`, `AZURE_AUTHORITY_HOST`, `TEAL_AZURE_AUDIENCE` and
    /// `TEAL_AZURE_VAULT_SUFFIX`), `TEAL_AZURE_CA_FILE`, and the credential in the order of [`crate::credential`].
    ///
    /// # Errors
    /// Everything that is named and lacks something.
    pub fn from_environment(environment: Environment<'_>) -> Result<Self, SettingsError> {
        match (cloud(environment), Credential::from_environment(environment), authorities(environment)) {
            (Ok(cloud), Ok(credential), Ok(ca)) => Ok(Self { ca, ..Self::new(cloud, credential) }),
            (cloud, credential, ca) => {
                let clouds = cloud.err().into_iter().flatten().map(SettingsError::from);
                let credential = credential.err().map(SettingsError::from);
                Err(SettingsError::of(clouds.chain(credential).chain(ca.err()).collect()))
            }
        }
    }

    /// Who it is.
    #[must_use]
    pub fn credential(&self) -> &Credential {
        &self.credential
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

/// The cloud, or all that is wrong with it.
fn cloud(environment: Environment<'_>) -> Result<Cloud, Vec<CloudError>> {
    let mut said = ["TEAL_AZURE_CLOUD", "AZURE_ENVIRONMENT"].into_iter();
    let Some((variable, name)) = said.find_map(|variable| Some((variable, environment(variable)?))) else {
        return Ok(Cloud::public());
    };
    if !name.eq_ignore_ascii_case("custom") {
        return Cloud::named(variable, &name).map_err(|error| vec![error]);
    }
    let need = |field| environment(field).ok_or(CloudError::Missing { field });
    match (need(ARM_ENDPOINT), need(AUTHORITY_HOST)) {
        (Ok(arm), Ok(authority)) => {
            let suffix = environment("TEAL_AZURE_VAULT_SUFFIX").unwrap_or_default();
            Cloud::custom_or_all(&authority, &arm, environment("TEAL_AZURE_AUDIENCE").as_deref(), &suffix)
        }
        (arm, authority) => Err(arm.err().into_iter().chain(authority.err()).collect()),
    }
}

/// PEM of the only authorities to be trusted, where a file of them is named.
fn authorities(environment: Environment<'_>) -> Result<Option<Vec<u8>>, SettingsError> {
    let Some(path) = environment(CA_FILE) else { return Ok(None) };
    match std::fs::read(&path) {
        Ok(pem) => Ok(Some(pem)),
        Err(error) => Err(SettingsError::Ca { path: Some(path), why: error.to_string() }),
    }
}

impl Client {
    /// Makes a client. Nothing is sent. The process's crypto provider must have been chosen.
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let ca = settings.ca.as_deref();
        let http = built(trusting(builder(), ca)?)?;
        let tokens = match &settings.credential {
            Credential::ManagedIdentity { .. } => {
                built(trusting(beside(builder(), settings.metadata.as_deref())?, ca)?)?
            }
            _ => http.clone(),
        };
        Self::made(settings, http, &tokens)
    }

    /// A client that can send nothing: it has no identity and trusts nobody. For those who ask only what would be true.
    /// The process's crypto provider must have been chosen.
    ///
    /// # Errors
    /// [`SettingsError::Http`].
    pub fn unable() -> Result<Self, SettingsError> {
        let settings = Settings::new(Cloud::public(), Credential::Other(Arc::new(Nobody)));
        let http = built(builder().tls_certs_only([]))?;
        Self::made(settings, http.clone(), &http)
    }

    /// `tokens`: by which the credential asks for them.
    fn made(settings: Settings, http: reqwest::Client, tokens: &reqwest::Client) -> Result<Self, SettingsError> {
        let Settings { cloud, credential, ca: _, retry, watch, metadata: _ } = settings;
        let (who, identity) = (credential.kind(), credential.identity());
        let credential = credential.ready(&cloud, tokens)?;
        let pipeline = |scope: String| pipeline(&http, credential.clone(), scope);
        let arm = Url::parse(&cloud.arm)
            .map_err(|_| CloudError::NotHttps { field: ARM_ENDPOINT, value: cloud.arm.clone() })?;
        let (management, vault) = (pipeline(cloud.arm_scope()), pipeline(cloud.vault_scope()));
        let skew = AtomicI64::new(NO_SKEW);
        let inner = Inner {
            cloud,
            arm,
            management,
            vault,
            credential,
            who,
            identity,
            retry,
            watch,
            skew,
            holds: super::holds::Holds::default(),
        };
        Ok(Self { inner: Arc::new(inner), cancel: CancellationToken::new() })
    }
}

/// The identity of a client that has none.
#[derive(Debug)]
struct Nobody;

#[async_trait::async_trait]
impl TokenCredential for Nobody {
    async fn get_token(&self, _: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        Err(azure_core::Error::with_message(azure_core::error::ErrorKind::Credential, "this client has no identity"))
    }
}

fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .redirect(reqwest::redirect::Policy::none())
        // A request that was given up takes its connection with it, and nothing else.
        .http1_only()
        // Not even what HTTP/2 calls safe: the caller is told of every attempt.
        .retry(reqwest::retry::never())
}

fn built(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, SettingsError> {
    builder.build().map_err(|error| SettingsError::Http { why: error.to_string() })
}

fn trusting(builder: reqwest::ClientBuilder, ca: Option<&[u8]>) -> Result<reqwest::ClientBuilder, SettingsError> {
    let Some(pem) = ca else { return Ok(builder) };
    let refused = |why: &str| SettingsError::Ca { path: None, why: why.to_owned() };
    let roots = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| refused("it is no PEM"))?;
    if roots.is_empty() {
        return Err(refused("it has no `BEGIN CERTIFICATE`"));
    }
    Ok(builder.tls_certs_only(roots))
}

/// What answers a managed identity stands beside the process or its machine: no proxy of the environment is asked for it.
fn beside(builder: reqwest::ClientBuilder, proxy: Option<&str>) -> Result<reqwest::ClientBuilder, SettingsError> {
    let Some(proxy) = proxy else { return Ok(builder.no_proxy()) };
    let proxy = reqwest::Proxy::http(proxy).map_err(|error| SettingsError::Http { why: error.to_string() })?;
    Ok(builder.proxy(proxy))
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
        let both = [("AZURE_ENVIRONMENT", "AzureChinaCloud"), ("TEAL_AZURE_CLOUD", "usGovernment")];
        assert_eq!(settings(&both).unwrap().cloud, Cloud::us_government(), "ours is the more particular one");
        let custom = settings(&[
            ("TEAL_AZURE_CLOUD", "custom"),
            ("TEAL_AZURE_ARM_ENDPOINT", "https://arm.local"),
            ("AZURE_AUTHORITY_HOST", "https://login.local/"),
        ]);
        let custom = custom.unwrap().cloud;
        assert_eq!((custom.arm.as_str(), custom.authority.as_str()), ("https://arm.local", "https://login.local"));
    }

    #[test]
    fn what_is_wrong_is_told_by_its_variable_and_all_at_once() {
        let words = "write `public`, `usGovernment`, `china` or `custom`";
        for (variables, said) in [
            (vec![("TEAL_AZURE_CLOUD", "moon")], format!("TEAL_AZURE_CLOUD is `moon`, which is no cloud; {words}")),
            (vec![("AZURE_ENVIRONMENT", "moon")], format!("AZURE_ENVIRONMENT is `moon`, which is no cloud; {words}")),
            (
                vec![("TEAL_AZURE_CLOUD", "custom")],
                "a custom cloud needs TEAL_AZURE_ARM_ENDPOINT; a custom cloud needs AZURE_AUTHORITY_HOST".to_owned(),
            ),
            (
                vec![
                    ("TEAL_AZURE_CLOUD", "custom"),
                    ("TEAL_AZURE_ARM_ENDPOINT", "arm.local"),
                    ("AZURE_AUTHORITY_HOST", "http://login.local"),
                ],
                "AZURE_AUTHORITY_HOST is `http://login.local`: write `https://host[:port]`; tokens are never sent without TLS; \
                 TEAL_AZURE_ARM_ENDPOINT is `arm.local`: write `https://host[:port]`; tokens are never sent without TLS"
                    .to_owned(),
            ),
            (
                vec![("TEAL_AZURE_CLOUD", "moon"), ("AZURE_CLIENT_SECRET", "hunter2"), ("TEAL_AZURE_CA_FILE", "/no/ca")],
                format!(
                    "TEAL_AZURE_CLOUD is `moon`, which is no cloud; {words}; clientSecret needs AZURE_TENANT_ID, AZURE_CLIENT_ID; \
                     TEAL_AZURE_CA_FILE is /no/ca: No such file or directory (os error 2)"
                ),
            ),
        ] {
            assert_eq!(settings(&variables).unwrap_err(), said);
        }
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
