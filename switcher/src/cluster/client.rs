//! A client from a mounted kubeconfig, made once and made anew when the file changes.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kube::Client;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};

use crate::secrets::{SecretError, Secrets};

/// Why a cluster could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The kubeconfig is not there.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The kubeconfig is there and can't be used.
    #[error("Secret {secret}: its kubeconfig can't be used: {problem}")]
    Kubeconfig {
        /// Name of the Secret.
        secret: String,
        /// What is wrong, without any value.
        problem: String,
    },
    /// ARM does not say how to reach it, or gives no token.
    #[error("Azure: {message}")]
    Azure {
        /// Closed set.
        reason: &'static str,
        /// What ARM said.
        message: String,
    },
    /// The API server answered with an error.
    #[error("the API server says {code}: {message}")]
    Answer {
        /// HTTP status.
        code: u16,
        /// Its message.
        message: String,
    },
    /// The API server gave no answer.
    #[error("the API server can't be reached: {0}")]
    Unreachable(String),
    /// The API server took too long.
    #[error("the API server gave no answer within {after:?}")]
    Timeout {
        /// The deadline.
        after: Duration,
    },
}

impl ClusterError {
    pub(super) fn api(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::Answer { code: status.code, message: status.message },
            kube::Error::Service(source) => Self::Unreachable(crate::chain(source.as_ref())),
            other => Self::Unreachable(crate::chain(&other)),
        }
    }

    /// Closed set: metric label, Event reason and log field alike.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Secret(_) | Self::Kubeconfig { .. } => "InvalidKubeconfig",
            Self::Azure { reason, .. } => reason,
            Self::Answer { code: 401 | 403, .. } => "Forbidden",
            Self::Answer { .. } => "ApiError",
            Self::Unreachable(_) => "Unreachable",
            Self::Timeout { .. } => "Timeout",
        }
    }

    /// Whether other credentials, or another address, may help.
    pub(super) fn is_credentials(&self) -> bool {
        matches!(
            self,
            Self::Secret(_) | Self::Kubeconfig { .. } | Self::Answer { code: 401 | 403, .. } | Self::Unreachable(_)
        )
    }
}

/// How to reach one cluster.
#[derive(Debug, Clone)]
pub enum Access {
    /// A mounted kubeconfig.
    Kubeconfig {
        /// Name of the Secret.
        secret: String,
        /// Where Secrets are.
        secrets: Secrets,
    },
    /// A managed cluster: endpoint and CA as ARM tells them, and a token of our identity.
    Aks {
        /// Its ARM id.
        id: String,
        /// Who we are.
        azure: teal_azure::Client,
    },
}

/// Makes clients, and keeps the last as long as it is good for.
pub(super) struct Connector {
    access: Access,
    client: Mutex<Option<(Client, Option<i64>)>>,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.access {
            Access::Kubeconfig { secret, .. } => write!(f, "Connector({secret})"),
            Access::Aks { id, .. } => write!(f, "Connector({id})"),
        }
    }
}

/// A token is replaced this long before it ends.
const EARLY: i64 = 300;

impl Connector {
    pub(super) fn new(access: Access) -> Self {
        Self { access, client: Mutex::default() }
    }

    pub(super) fn aks(&self) -> Option<(&str, &teal_azure::Client)> {
        match &self.access {
            Access::Aks { id, azure } => Some((id, azure)),
            Access::Kubeconfig { .. } => None,
        }
    }

    /// Makes the next [`Connector::client`] read the Secret again.
    pub(super) fn forget(&self) {
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(super) async fn client(&self) -> Result<Client, ClusterError> {
        let now = jiff::Timestamp::now().as_second();
        let good = |ends: &Option<i64>| ends.is_none_or(|ends| now < ends - EARLY);
        if let Some((client, ends)) = self.client.lock().unwrap_or_else(PoisonError::into_inner).clone()
            && good(&ends)
        {
            return Ok(client);
        }
        let (client, ends) = match &self.access {
            Access::Kubeconfig { secret, secrets } => (from_secret(secret, secrets).await?, None),
            Access::Aks { id, azure } => aks(id, azure).await?,
        };
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = Some((client.clone(), ends));
        Ok(client)
    }
}

async fn from_secret(secret: &str, secrets: &Secrets) -> Result<Client, ClusterError> {
    let wrong = |problem: String| ClusterError::Kubeconfig { secret: secret.to_owned(), problem };
    let bytes = secrets.read(secret, "kubeconfig")?;
    let parsed = parse(bytes.expose()).map_err(wrong)?;
    if let Some(plugin) = plugin(&parsed) {
        return Err(wrong(format!(
            "user {plugin} runs a program to log in; that is refused, use a token or a certificate"
        )));
    }
    connect(parsed).await.map_err(wrong)
}

/// The parser's own words may quote the file, tokens included: they are not repeated (G9).
fn parse(bytes: &[u8]) -> Result<Kubeconfig, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
    Kubeconfig::from_yaml(text).map_err(|_| "it is not a kubeconfig in YAML".to_owned())
}

async fn connect(kubeconfig: Kubeconfig) -> Result<Client, String> {
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    let mut config = config.map_err(|error| error.to_string())?;
    config.connect_timeout = Some(Duration::from_secs(3));
    Client::try_from(config).map_err(|error| crate::chain(&error))
}

/// Endpoint and CA from ARM. Where Entra ID guards the API server a token of ours replaces whatever the kubeconfig
/// would log in with; elsewhere its own certificate or token stays, and no program is ever run.
async fn aks(id: &str, azure: &teal_azure::Client) -> Result<(Client, Option<i64>), ClusterError> {
    let failed =
        |error: teal_azure::AzureError| ClusterError::Azure { reason: error.reason(), message: error.to_string() };
    let wrong =
        |problem: String| ClusterError::Azure { reason: "InvalidKubeconfig", message: format!("{id}: {problem}") };
    let resource = id.parse::<teal_azure::ResourceId>().map_err(|error| wrong(error.to_string()))?;
    let aks = teal_azure::aks::Aks::new(resource).map_err(failed)?;
    let kubeconfig = azure.user_kubeconfig(&aks).await.map_err(failed)?;
    let mut parsed = parse(kubeconfig.expose()).map_err(wrong)?;
    let guarded = plugin(&parsed).is_some();
    let mut ends = None;
    for user in parsed.auth_infos.iter_mut().filter(|_| guarded) {
        let token = azure.cluster_token().await.map_err(failed)?;
        let info = kube::config::AuthInfo { token: Some(token.expose().to_owned().into()), ..Default::default() };
        (user.auth_info, ends) = (Some(info), Some(token.expires));
    }
    Ok((connect(parsed).await.map_err(wrong)?, ends))
}

/// The first user that would run a program (CVE-2022-24817).
fn plugin(config: &Kubeconfig) -> Option<String> {
    let runs = |user: &&kube::config::NamedAuthInfo| {
        user.auth_info.as_ref().is_some_and(|auth| auth.exec.is_some() || auth.auth_provider.is_some())
    };
    config.auth_infos.iter().find(runs).map(|user| user.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn why(kubeconfig: &str) -> String {
        let dir = std::env::temp_dir().join(format!("teal-connector-{}-{}", std::process::id(), kubeconfig.len()));
        std::fs::create_dir_all(dir.join("green-access")).unwrap();
        std::fs::write(dir.join("green-access/kubeconfig"), kubeconfig).unwrap();
        let access = Access::Kubeconfig { secret: "green-access".to_owned(), secrets: Secrets::new(&dir) };
        let connector = Connector::new(access);
        let why = connector.client().await.err().map(|error| error.to_string()).unwrap_or_default();
        std::fs::remove_dir_all(dir).unwrap();
        why
    }

    #[tokio::test]
    async fn g9_a_kubeconfig_is_refused_without_being_quoted_and_never_runs_a_program() {
        let exec = "apiVersion: v1\nkind: Config\nusers:\n- name: u\n  user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/sh}}\n";
        assert!(why(exec).await.contains("runs a program"), "{}", why(exec).await);
        let text = why("token: s3cret: x").await;
        assert!(text.contains("not a kubeconfig") && !text.contains("s3cret"), "{text}");
        assert!(why("apiVersion: v1\nkind: Config\n").await.contains("can't be used"));
    }
}
