//! What the process itself must know; everything else stands in its `Sync`.

use std::path::PathBuf;
use std::time::Duration;

use teal_api::names::TEAL_NAMESPACE;

/// Settings of one agent process.
#[derive(Clone)]
pub struct AgentConfig {
    /// Name of the `Sync` to follow; the only one there is when absent.
    pub sync: Option<String>,
    /// Directory for the git store; one process at a time.
    pub store: PathBuf,
    /// Namespace of the Secrets that the Sync names.
    pub namespace: String,
    /// How long a custom resource that its controller has said nothing about counts as in progress.
    pub grace: Duration,
    /// Least time between two writes of one status.
    pub report_every: Duration,
    /// How long a status that is not the last word is held back: what is done by then is told once, as done.
    pub report_hold: Duration,
    /// How freezes are realised; this agent realises none when absent.
    pub freeze: Option<FreezeConfig>,
    /// Name of this process in Events.
    pub instance: Option<String>,
    /// How charts are rendered.
    pub helm: HelmConfig,
    /// Who asks Azure's vaults for keys, whatever identity a `Sync` names; made from the environment when absent.
    pub azure: Option<teal_azure::Client>,
}

/// What rendering charts needs.
#[derive(Debug, Clone)]
pub struct HelmConfig {
    /// The `helm` binary; without one, units that are charts are errors that say so.
    pub program: Option<PathBuf>,
    /// A folder in memory, where each run of helm gets a home of its own.
    pub scratch: PathBuf,
}

impl Default for HelmConfig {
    fn default() -> Self {
        Self { program: None, scratch: PathBuf::from("/dev/shm") }
    }
}

/// What freezing needs.
#[derive(Clone)]
pub struct FreezeConfig {
    /// User names that pass besides the agent's own, which it asks for; the switcher's above all.
    pub users: Vec<String>,
    /// For probes on connections of their own; without it they share the agent's client.
    pub connections: Option<Box<kube::Config>>,
    /// How often an active freeze is probed.
    pub probe_every: Duration,
}

impl Default for FreezeConfig {
    fn default() -> Self {
        Self { users: Vec::new(), connections: None, probe_every: Duration::from_secs(30) }
    }
}

impl AgentConfig {
    /// Settings with every default, keeping the git store under `store`.
    #[must_use]
    pub fn new(store: impl Into<PathBuf>) -> Self {
        Self {
            sync: None,
            store: store.into(),
            namespace: TEAL_NAMESPACE.to_owned(),
            grace: Duration::from_secs(5),
            report_every: Duration::from_secs(1),
            report_hold: Duration::from_millis(300),
            freeze: Some(FreezeConfig::default()),
            instance: None,
            helm: HelmConfig::default(),
            azure: None,
        }
    }

    /// Follows the `Sync` of this name.
    #[must_use]
    pub fn following(mut self, sync: impl Into<String>) -> Self {
        self.sync = Some(sync.into());
        self
    }

    /// Probes freezes through connections made from `config`.
    #[must_use]
    pub fn probing_through(mut self, config: kube::Config) -> Self {
        self.freeze.get_or_insert_default().connections = Some(Box::new(config));
        self
    }
}
