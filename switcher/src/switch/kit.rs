//! Everything one declaration needs at run time, made from it once: target, key, probes, clusters, gates.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use teal_api::switch::{
    Affinity, Cluster as Reach, Fallback, Gate, Provider, Stage, Switch, Target as DeclaredTarget, Tsig, TsigAlgorithm,
};
use teal_gates::health::Monitor;
use teal_gates::http::ProbeError;
use teal_switcher_core as core;
use teal_switcher_core::{Color, Ledger, LedgerError, SealError};
use teal_targets::lane::{self, Slow};
use teal_targets::{ConfigMistake, ConfigMistakes, Target};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::followers::{Followers, Round};
use super::gates::Runner;
use super::inspection::Inspection;
use super::outside::Outside;
use super::route::Route;
use crate::cluster::{Access, Cluster};
use crate::config::SwitcherConfig;
use crate::metrics::Metrics;
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
    /// Azure can't be reached with what is declared and what the environment offers.
    #[error("Azure: {0}")]
    Azure(#[from] teal_azure::client::SettingsError),
    /// Going back would take longer than declared, or so long that it must be declared.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    TooSlow(Vec<Slow>),
    /// The ledger of such a declaration has no room where it is to be kept.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Nothing is declared, which validation excludes.
    #[error("no target is declared")]
    NoTarget,
}

impl KitError {
    /// Closed set: metric label, Event reason and log field alike.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Secret(_) | Self::Tsig { .. } | Self::Key { .. } => "InvalidSecret",
            Self::Target(_) | Self::NoTarget => "InvalidTarget",
            Self::Azure(_) => "InvalidAzureIdentity",
            Self::TooSlow(_) => "RollbackTooSlow",
            Self::Ledger(error) => error.reason(),
            Self::Probe(_) => "InvalidProbe",
        }
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
    pub followers: Followers,
    /// Of the target that keeps the ledger.
    pub inspection: Inspection,
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
        metrics: &Metrics,
    ) -> Result<Self, KitError> {
        let secrets = Secrets::new(&config.secrets);
        let switch = declared.switch.clone();
        let route = Route::new(&switch, &secrets, &config.azure)?;
        fits(&declared, &route, config)?;
        let monitor = Monitor::start(&switch.health, &switch.colors)?;
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let mut clusters = BTreeMap::new();
        for (name, color) in &switch.colors {
            let access = match &color.cluster {
                Reach::Kubeconfig(secret) => Access::Kubeconfig { secret: secret.clone(), secrets: secrets.clone() },
                Reach::Aks(id) => Access::Aks { id: id.clone(), azure: config.azure.client(&switch.azure)? },
            };
            let cluster = Arc::new(Cluster::new(name, access, config.cluster_deadline));
            let (followed, busy, token, limits) = (cluster.clone(), busy.clone(), stop.clone(), config.clone());
            tasks.spawn(async move {
                let interval = || if busy.is() { limits.busy_interval } else { limits.idle_interval * 2 };
                followed.follow(interval, token).await;
            });
            forward(&mut tasks, cluster.watch(), wake.clone());
            clusters.insert(name.clone(), cluster);
        }
        let clusters = Arc::new(clusters);
        let gates = Runner::new(clusters.clone(), asker(&switch, config)?);
        let asked: Vec<_> = route.routing().cloned().zip(&switch.targets).collect();
        let asked = asked.into_iter().filter(|(_, one)| one.provider.is_dns()).map(|(target, _)| target).collect();
        let outside = Outside::start(asked, &switch.vantages, busy.clone(), config, &mut tasks);
        let inspection = Inspection::start(route.target.clone(), busy.clone(), config, &mut tasks);
        let round = Round::new(&switch.name, busy, config, metrics.clone());
        let followers = Followers::start(&route.followers, &round, &mut tasks);
        forward(&mut tasks, followers.changed(), wake.clone());
        forward(&mut tasks, inspection.changed(), wake.clone());
        forward(&mut tasks, monitor.changed(), wake.clone());
        forward(&mut tasks, gates.changed(), wake.clone());
        forward(&mut tasks, outside.changed(), wake.clone());
        Ok(Self { declared, route, monitor, clusters, gates, outside, followers, inspection, tasks, stop })
    }

    /// Whether the same kit serves another declaration: only words that decide have changed, nothing that is measured.
    pub(crate) fn serves(&self, next: &Switch) -> bool {
        let now = &self.declared.switch;
        now.colors == next.colors
            && now.targets == next.targets
            && now.ledger == next.ledger
            && now.azure == next.azure
            && promise(now) == promise(next)
            && now.vantages == next.vantages
            && now.health == next.health
            && asks_azure(now) == asks_azure(next)
    }

    /// Whether a move goes on in the same places: the same clusters and addresses, the same record and ledger. The key
    /// and the servers may change under it.
    pub(crate) fn same_ground(&self, next: &Switch) -> bool {
        let now = &self.declared.switch;
        let places = |switch: &Switch| {
            let one = |target: &DeclaredTarget| (place(&target.provider), target.to.clone(), target.at_full);
            (switch.targets.iter().map(one).collect::<Vec<_>>(), switch.ledger.own.clone())
        };
        let clusters = |switch: &Switch| {
            switch.colors.iter().map(|(name, color)| (name.clone(), color.cluster.clone())).collect::<Vec<_>>()
        };
        places(now) == places(next) && clusters(now) == clusters(next)
    }
}

/// What is promised of the way back, and the TTL that is part of it.
fn promise(switch: &Switch) -> Option<(Duration, Duration)> {
    switch.rollback.objective.map(|objective| (objective, switch.strategy.ttl_moving))
}

/// Who asks Azure, when a gate does.
fn asker(switch: &Switch, config: &SwitcherConfig) -> Result<Option<teal_azure::Client>, KitError> {
    if asks_azure(switch) { Ok(Some(config.azure.client(&switch.azure)?)) } else { Ok(None) }
}

fn asks_azure(switch: &Switch) -> bool {
    let mut gates = switch.gates.before.iter().chain(&switch.gates.during);
    gates.any(|gate| match gate {
        Gate::AzureMonitor(_) => true,
        Gate::Topology(names) => !names.front_doors.is_empty(),
        Gate::Platform | Gate::Synced | Gate::Parity { .. } | Gate::Http(_) | Gate::Prometheus(_) => false,
    })
}

/// What a provider moves: servers and keys, identities and purges may change under a move.
fn place(provider: &Provider) -> Provider {
    let mut place = provider.clone();
    match &mut place {
        Provider::Rfc2136(one) => {
            one.server.clear();
            one.secondaries.clear();
            one.tsig = Tsig { name: String::new(), algorithm: TsigAlgorithm::HmacSha256, secret: String::new() };
        }
        Provider::AzureDns(one) | Provider::AzurePrivateDns(one) => one.nameservers.clear(),
        Provider::FrontDoor(one) => {
            one.purge.clear();
            one.affinity = Affinity::default();
        }
        Provider::FrontDoorClassic(_) | Provider::TrafficManager(_) | Provider::ApplicationGateway(_) => {}
    }
    place
}

/// Refuses what could not go back in time, or whose ledger would have no room: before a move, not in the middle of one.
fn fits(declared: &DeclaredSwitch, route: &Route, config: &SwitcherConfig) -> Result<(), KitError> {
    let switch = &declared.switch;
    let targets: Vec<_> = route.routing().map(|target| (target.name(), target.truths())).collect();
    let slow = lane::slow(&targets, switch.strategy.ttl_moving, switch.rollback.objective);
    if !slow.is_empty() {
        return Err(KitError::TooSlow(slow));
    }
    let (size, limit) = (Ledger::most(&declaration(declared, route, config), &config.identity)?, route.room());
    if size > limit { Err(LedgerError::TooLarge { size, limit }.into()) } else { Ok(()) }
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
        leads: route.leads,
        followers: followers(switch, route, config.faster),
        stages: strategy.steps.iter().map(stage).collect(),
        asking: asking(switch),
        policy: core::Policy {
            ttl_steady: strategy.ttl_steady,
            ttl_moving: strategy.ttl_moving,
            ttl_max: strategy.ttl_steady,
            ttl_limit: strategy.ttl_maximum,
            bound: route.routing().map(|one| one.truths().propagation_bound).max().unwrap_or_default()
                / config.faster.max(1),
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

fn followers(switch: &Switch, route: &Route, faster: u32) -> Vec<core::Follower> {
    let declared = switch.targets.iter().skip(usize::from(route.leads));
    let follower = |(declared, target): (&DeclaredTarget, &Target)| {
        let truths = target.truths();
        core::Follower {
            name: format!("{} {}", truths.kind, target.name()),
            cas: truths.cas,
            weighs: truths.weights.is_some() && !declared.at_full,
            settling: truths.settling / faster.max(1) + truths.request_life,
            late: truths.late_write / faster.max(1),
        }
    };
    declared.zip(&route.followers).map(follower).collect()
}

fn stage(stage: &Stage) -> core::Stage {
    match stage {
        Stage::Weight { weight, hold } => core::Stage::Share(*weight, *hold),
        Stage::Pause => core::Stage::Pause,
    }
}

/// Private zones have no servers that can be asked from everywhere, and other targets none at all.
fn asking(switch: &Switch) -> core::Asking {
    let public = |target: &DeclaredTarget| matches!(target.provider, Provider::Rfc2136(_) | Provider::AzureDns(_));
    if switch.targets.iter().any(public) { core::Asking::Authority } else { core::Asking::Anyone }
}

#[cfg(test)]
#[path = "kit_tests.rs"]
mod tests;
