//! Everything one declaration needs at run time, made from it once: target, key, probes, clusters, gates.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use teal_api::switch::{Cluster as Reach, Destination, Fallback, Provider, Switch, Target as DeclaredTarget};
use teal_gates::health::Monitor;
use teal_gates::http::ProbeError;
use teal_switcher_core as core;
use teal_switcher_core::{Color, LedgerKey, LedgerSeen, SealError, Value};
use teal_targets::{Access, ConfigMistake, ConfigMistakes, Options, Routed, Secret, Target, TargetError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::gates::Runner;
use super::observe::open;
use super::outside::{Outside, value_of};
use crate::cluster::Cluster;
use crate::config::SwitcherConfig;
use crate::secrets::{SecretError, Secrets};
use crate::source::DeclaredSwitch;
use crate::wake::Wake;

/// Clients keep answers longer than they should; waited for after the new TTL: twice the TTL, at most this.
const TAIL: Duration = Duration::from_secs(20);

/// Why a declaration that is valid can't be acted on.
#[derive(Debug, thiserror::Error)]
pub enum KitError {
    /// A Secret is missing or malformed.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The TSIG secret is no key.
    #[error("Secret {secret}: {source}")]
    Tsig {
        /// Name of the Secret.
        secret: String,
        /// What is wrong.
        #[source]
        source: ConfigMistake,
    },
    /// The ledger's key is no key.
    #[error("Secret {secret}: {source}")]
    Key {
        /// Name of the Secret.
        secret: String,
        /// What is wrong.
        #[source]
        source: SealError,
    },
    /// The target can't be made.
    #[error("the target can't be used: {0}")]
    Target(#[from] ConfigMistakes),
    /// A probe can't be made.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// A way to reach a cluster that is not built yet.
    #[error("{color}: `aks` can't be reached yet by this version; use `kubeconfig`")]
    Cluster {
        /// The color.
        color: String,
    },
    /// More than this version can move.
    #[error("{count} targets are declared; this version moves one at a time: declare a Switch for each")]
    Targets {
        /// How many.
        count: usize,
    },
}

impl KitError {
    /// Closed set: metric label, Event reason and log field alike.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Secret(_) | Self::Tsig { .. } | Self::Key { .. } => "InvalidSecret",
            Self::Target(_) | Self::Targets { .. } | Self::Cluster { .. } => "InvalidTarget",
            Self::Probe(_) => "InvalidProbe",
        }
    }
}

/// The traffic of a Switch, for whoever holds its Secrets: the daemon, and an operator in the emergency lane.
#[derive(Debug, Clone)]
pub struct Route {
    /// The target, which keeps the ledger too.
    pub target: Target,
    /// The key that opens the ledger.
    pub key: LedgerKey,
    /// What the target points to for each color.
    pub to: BTreeMap<String, Destination>,
}

impl Route {
    /// Makes the route of a declaration.
    ///
    /// # Errors
    /// See [`KitError`].
    pub fn new(switch: &Switch, secrets: &Secrets) -> Result<Self, KitError> {
        let [DeclaredTarget { provider, to, .. }] = switch.targets.as_slice() else {
            return Err(KitError::Targets { count: switch.targets.len() });
        };
        let Provider::Rfc2136(declared) = provider else {
            return Err(KitError::Target(ConfigMistakes(vec![ConfigMistake::NoAzure { kind: provider.kind() }])));
        };
        let secret = &declared.tsig.secret;
        let text = |key: &str| -> Result<String, KitError> {
            let bytes = secrets.read(secret, key)?;
            Ok(String::from_utf8_lossy(bytes.expose()).into_owned())
        };
        let tsig = Secret::from_base64(&text("secret")?)
            .map_err(|source| KitError::Tsig { secret: secret.clone(), source })?;
        let key = LedgerKey::from_base64(&text("ledger")?)
            .map_err(|source| KitError::Key { secret: secret.clone(), source })?;
        let access = Access { secret: Some(tsig), azure: None };
        Ok(Self { target: Target::new(provider, to, &access, Options::default())?, key, to: to.clone() })
    }

    /// Reads the record and opens the ledger beside it, in one consistent view. `ever`: one is known to have existed.
    ///
    /// # Errors
    /// When the authority can't be asked; nothing was changed.
    pub async fn read(&self, ever: bool) -> Result<(Routed, LedgerSeen), TargetError> {
        let routed = self.target.read().await?;
        let ledger = open(&self.key, &routed, self.target.name(), ever);
        Ok((routed, ledger))
    }

    /// Where the record routes to.
    #[must_use]
    pub fn value(&self, routed: &Routed) -> Value {
        value_of(self, routed.value.as_ref())
    }

    /// What a color's traffic points to, for people; empty for a color that has nothing, which validation excludes.
    #[must_use]
    pub fn addresses(&self, color: &str) -> Vec<String> {
        self.to.get(color).map(|to| to.to_string().split(", ").map(str::to_owned).collect()).unwrap_or_default()
    }
}

/// Everything that runs for one declaration.
pub(crate) struct Kit {
    pub declared: DeclaredSwitch,
    pub route: Route,
    pub monitor: Monitor,
    pub clusters: Arc<BTreeMap<String, Arc<Cluster>>>,
    pub gates: Runner,
    pub outside: Outside,
    /// Ends with the kit.
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl Kit {
    /// Makes everything and starts what runs beside the loop; whatever changes rings `wake`.
    pub(crate) fn new(
        declared: DeclaredSwitch,
        config: &SwitcherConfig,
        busy: Busy,
        wake: &Wake,
    ) -> Result<Self, KitError> {
        let secrets = Secrets::new(&config.secrets);
        let switch = declared.switch.clone();
        let route = Route::new(&switch, &secrets)?;
        let monitor = Monitor::start(&switch.health, &switch.colors)?;
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let mut clusters = BTreeMap::new();
        for (name, color) in &switch.colors {
            let Reach::Kubeconfig(secret) = &color.cluster else {
                return Err(KitError::Cluster { color: name.clone() });
            };
            let cluster = Arc::new(Cluster::new(name, secret, secrets.clone(), config.cluster_deadline));
            let (followed, busy, token, limits) = (cluster.clone(), busy.clone(), stop.clone(), config.clone());
            tasks.spawn(async move {
                let interval = || if busy.is() { limits.busy_interval } else { limits.idle_interval * 2 };
                followed.follow(interval, token).await;
            });
            forward(&mut tasks, cluster.watch(), wake.clone());
            clusters.insert(name.clone(), cluster);
        }
        let clusters = Arc::new(clusters);
        let gates = Runner::new(clusters.clone());
        let outside = Outside::start(route.target.clone(), &switch.vantages, busy, config, &mut tasks);
        forward(&mut tasks, monitor.changed(), wake.clone());
        forward(&mut tasks, gates.changed(), wake.clone());
        forward(&mut tasks, outside.changed(), wake.clone());
        Ok(Self { declared, route, monitor, clusters, gates, outside, tasks, stop })
    }

    /// Whether the same kit serves another declaration: only words that decide have changed, nothing that is measured.
    pub(crate) fn serves(&self, next: &Switch) -> bool {
        let now = &self.declared.switch;
        now.colors == next.colors
            && now.targets == next.targets
            && now.vantages == next.vantages
            && now.health == next.health
    }

    /// Whether a move goes on in the same places: the same clusters and addresses, the same record and ledger. The key
    /// and the servers may change under it.
    pub(crate) fn same_ground(&self, next: &Switch) -> bool {
        let now = &self.declared.switch;
        let record = |switch: &Switch| {
            let Provider::Rfc2136(target) = &switch.targets.first()?.provider else { return None };
            Some((target.zone.clone(), target.record.clone(), switch.targets.len(), switch.targets[0].to.clone()))
        };
        let clusters = |switch: &Switch| {
            switch.colors.iter().map(|(name, color)| (name.clone(), color.cluster.clone())).collect::<Vec<_>>()
        };
        record(now) == record(next) && clusters(now) == clusters(next)
    }
}

impl Drop for Kit {
    fn drop(&mut self) {
        self.stop.cancel();
        self.tasks.abort_all();
    }
}

/// Whether something moves: then everything is looked at more often.
#[derive(Debug, Clone, Default)]
pub(crate) struct Busy(Arc<std::sync::atomic::AtomicBool>);

impl Busy {
    pub(crate) fn set(&self, busy: bool) {
        self.0.store(busy, std::sync::atomic::Ordering::Relaxed);
    }

    pub(crate) fn is(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// Rings `wake` at every change of `watched`.
fn forward<T: Send + Sync + 'static>(
    tasks: &mut JoinSet<()>,
    mut watched: tokio::sync::watch::Receiver<T>,
    wake: Wake,
) {
    tasks.spawn(async move {
        while watched.changed().await.is_ok() {
            wake.ring();
        }
    });
}

/// The declaration in the words of deciding.
pub(crate) fn declaration(declared: &DeclaredSwitch, route: &Route, config: &SwitcherConfig) -> core::Declaration {
    let switch = &declared.switch;
    let strategy = &switch.strategy;
    core::Declaration {
        name: switch.name.clone(),
        active: Color::new(&switch.active),
        attempt: switch.attempt,
        with_fleet: switch.with_fleet,
        digest: core::Digest::of(&switch.digest),
        revision: declared.revision.to_string(),
        colors: switch.colors.keys().map(Color::new).collect(),
        leads: true,
        followers: Vec::new(),
        stages: Vec::new(),
        asking: core::Asking::Authority,
        policy: core::Policy {
            ttl_steady: strategy.ttl_steady,
            ttl_moving: strategy.ttl_moving,
            ttl_max: strategy.ttl_steady,
            bound: route.target.truths().propagation_bound,
            tail: (strategy.ttl_moving * 2).min(TAIL),
            soak: strategy.soak,
            deadline: strategy.deadline,
            step: config.step,
            grace: config.grace,
            freeze: switch.freeze.as_ref().map(|freeze| freeze.max),
            rollback: core::Rollback {
                automatic: switch.rollback.automatic,
                fallback: match switch.rollback.fallback {
                    Fallback::Hold => core::Fallback::Hold,
                    Fallback::Back => core::Fallback::Back,
                },
                unknown_deadline: switch.rollback.unknown_deadline,
                last_resort_other: switch.rollback.last_resort_other,
            },
            ..core::Policy::default()
        },
    }
}
