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

/// Makes clients from one Secret.
pub(super) struct Connector {
    secret: String,
    secrets: Secrets,
    client: Mutex<Option<Client>>,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connector({})", self.secret)
    }
}

impl Connector {
    pub(super) fn new(secret: &str, secrets: Secrets) -> Self {
        Self { secret: secret.to_owned(), secrets, client: Mutex::default() }
    }

    /// Makes the next [`Connector::client`] read the Secret again.
    pub(super) fn forget(&self) {
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(super) async fn client(&self) -> Result<Client, ClusterError> {
        if let Some(client) = self.client.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Ok(client);
        }
        let wrong = |problem: String| ClusterError::Kubeconfig { secret: self.secret.clone(), problem };
        let bytes = self.secrets.read(&self.secret, "kubeconfig")?;
        let text = std::str::from_utf8(bytes.expose()).map_err(|_| wrong("it is not text".to_owned()))?;
        // The parser's own words may quote the file, tokens included: they are not repeated (G9).
        let parsed = Kubeconfig::from_yaml(text).map_err(|_| wrong("it is not a kubeconfig in YAML".to_owned()))?;
        if let Some(plugin) = plugin(&parsed) {
            return Err(wrong(format!(
                "user {plugin} runs a program to log in; that is refused, use a token or a certificate"
            )));
        }
        let config = Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default()).await;
        let mut config = config.map_err(|error| wrong(error.to_string()))?;
        config.connect_timeout = Some(Duration::from_secs(3));
        let client = Client::try_from(config).map_err(|error| wrong(crate::chain(&error)))?;
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = Some(client.clone());
        Ok(client)
    }
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
        let connector = Connector::new("green-access", Secrets::new(&dir));
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
