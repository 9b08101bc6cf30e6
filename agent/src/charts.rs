//! Helm charts for this cluster: the engine that fetches and renders them, what it may, and what charts may ask.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use teal_api::sync::HelmSettings;
use teal_cluster::KindMap;
use teal_helm::{Helm, Policy, ReadSecret, Settings};
use teal_render::helm::Capabilities;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::config::HelmConfig;

/// Longest that one rendering of a commit waits for all charts together; what is not there then is told as pending.
const PATIENCE: Duration = Duration::from_secs(3);
/// Longest wait for a Secret with credentials.
const READ: Duration = Duration::from_secs(10);

/// What charts are rendered with in one cluster. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ClusterCharts {
    pub(crate) helm: Helm,
    /// Told when an answer is there that was waited for.
    pub(crate) news: Arc<Notify>,
}

impl ClusterCharts {
    /// Must be called inside the runtime.
    pub(crate) fn new(config: &HelmConfig, store: &Path, client: Client, namespace: &str) -> Self {
        let news = Arc::new(Notify::new());
        let reader = Reader { client, namespace: namespace.to_owned(), handle: Handle::current() };
        let secrets: ReadSecret = Arc::new(move |name: &str| match reader.secret(name) {
            Ok(Some(data)) => Ok(data),
            Ok(None) => Err(format!("there is no Secret {name} in {}; create it", reader.namespace)),
            Err(problem) => Err(format!("Secret {name} can't be read: {problem}")),
        });
        let settings = Settings {
            program: config.program.clone(),
            scratch: config.scratch.clone(),
            shelf: Some(store.join("charts")),
            secrets: Some(secrets),
            ..Settings::default()
        };
        let told = news.clone();
        let helm = Helm::new(settings, move || told.notify_one());
        Self { helm, news }
    }

    /// The engine for one rendering, as the Sync allows.
    pub(crate) fn engine(&self, allowed: Option<&HelmSettings>) -> teal_helm::Patient {
        let policy = allowed.map(|allowed| Policy { hosts: allowed.hosts.clone(), unconfined: allowed.unconfined });
        self.helm.patient(policy.unwrap_or_default(), Some(PATIENCE))
    }
}

/// Reads Secrets from threads that may block.
struct Reader {
    client: Client,
    namespace: String,
    handle: Handle,
}

impl Reader {
    fn secret(&self, name: &str) -> Result<Option<BTreeMap<String, Vec<u8>>>, String> {
        let api: Api<Secret> = Api::namespaced(self.client.clone(), &self.namespace);
        let found = self.wait(api.get_opt(name))?;
        Ok(found.map(|secret| secret.data.unwrap_or_default().into_iter().map(|(key, value)| (key, value.0)).collect()))
    }

    fn wait<T>(&self, asked: impl Future<Output = kube::Result<T>>) -> Result<T, String> {
        match self.handle.block_on(async { tokio::time::timeout(READ, asked).await }) {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(kube::Error::Api(status))) => Err(format!("the API server says {}", status.reason)),
            // Whatever else is said of a Secret's request is not for people's eyes.
            Ok(Err(_)) | Err(_) => Err("the API server does not answer".to_owned()),
        }
    }
}

/// What charts may ask about this cluster.
pub(crate) fn capabilities(kinds: &KindMap, version: Option<&str>) -> Capabilities {
    Capabilities { kube_version: version.map(str::to_owned), api_versions: Arc::new(kinds.api_versions()) }
}
