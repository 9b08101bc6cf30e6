//! The agent as a library: finds its Sync, loads what the cluster knows, and runs until shutdown.

use std::sync::Arc;
use std::time::Duration;

use kube::{Client, ResourceExt};
use teal_api::sync::{Role, SyncObject};
use teal_cluster::counting::counted;
use teal_cluster::freeze::{Connections, Freezer};
use teal_cluster::shards::{ShardError, Shards, cluster_uid};
use teal_cluster::{ApiError, Cluster, Kind, KindMap, Sighting, Watches};
use teal_daemon::Backoff;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::asking::Asking;
use crate::charts::ClusterCharts;
use crate::config::{AgentConfig, FreezeConfig};
use crate::engine::Engine;
use crate::events::Events;
use crate::following::{self, Followed};
use crate::freezing::Freezing;
use crate::inputs::Inputs;
use crate::metrics::Metrics;
use crate::rendering::Renderer;
use crate::reporting::Reporter;
use crate::running::Running;
use crate::settling::Pruning;
use crate::source;

/// Sightings that wait to be taken in; a full channel slows the watches down, nothing is lost.
const SIGHTINGS: usize = 1024;
/// Longest that the end waits for a freeze that is being written.
const LAST_TURN: Duration = Duration::from_secs(10);
/// Longest that what was begun for a Sync may take to end once it is gone. Ended then as by a crash, which loses nothing.
const OUTLIVES: Duration = Duration::from_secs(15);

/// Why the agent ended.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// What Teal keeps in the cluster can't be used.
    #[error(transparent)]
    Inventory(#[from] ShardError),
    /// The API server does not do what every start needs.
    #[error("{0}")]
    Api(#[from] ApiError),
}

/// The agent as a library: one process, one cluster, one `Sync`.
pub struct Agent;

impl Agent {
    /// Makes the cluster behind `client` equal to git until `shutdown`; applies in flight finish then.
    ///
    /// The caller holds the Lease, and has installed Teal's CRDs.
    ///
    /// # Errors
    /// Only what makes a start pointless; everything else is told in the Sync's status and tried again.
    pub async fn run(config: AgentConfig, client: Client, shutdown: CancellationToken) -> Result<(), AgentError> {
        Self::run_with(config, client, Metrics::unregistered(), shutdown).await
    }

    /// [`Agent::run`] with metrics that somebody reads.
    ///
    /// # Errors
    /// As there.
    pub async fn run_with(
        config: AgentConfig,
        client: Client,
        metrics: Metrics,
        shutdown: CancellationToken,
    ) -> Result<(), AgentError> {
        let client = counted(client, metrics.request_hook());
        let syncs = following::start(client.clone(), config.sync.clone(), shutdown.clone());
        let (declared, kinds) = watch::channel(Vec::new());
        let stop = shutdown.child_token();
        let _stop_with_us = stop.clone().drop_guard();
        let freezing = config.freeze.clone().map(|wish| {
            let events = Events::new(client.clone(), config.instance.clone());
            tokio::spawn(freeze(wish, client.clone(), events, metrics.clone(), kinds, stop.clone()))
        });
        let mut process = Process { config, client, metrics, declared, shutdown };
        let followed = process.follow(syncs).await;
        stop.cancel();
        // Whoever takes over must not find us still holding or lifting.
        if let Some(freezing) = freezing
            && tokio::time::timeout(LAST_TURN, freezing).await.is_err()
        {
            tracing::warn!("A freeze was still being written at the end");
        }
        followed
    }
}

/// Realises freezes, as soon as the API server says who we are.
async fn freeze(
    wish: FreezeConfig,
    client: Client,
    events: Events,
    metrics: Metrics,
    kinds: watch::Receiver<Vec<Kind>>,
    shutdown: CancellationToken,
) {
    let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));
    let freezer = loop {
        let connections = match wish.connections.clone() {
            Some(config) => Connections::Fresh(config),
            None => Connections::Pooled(client.clone()),
        };
        match Freezer::new(client.clone(), connections, wish.users.clone()).await {
            Ok(freezer) => break freezer,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "No freeze can be realised yet; tried again");
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(backoff.failed()) => {}
        }
    };
    Freezing { client, freezer, events, metrics, probe_every: wish.probe_every, kinds }.run(shutdown).await;
}

struct Process {
    config: AgentConfig,
    client: Client,
    metrics: Metrics,
    /// Kinds the fleet declares, for freezes.
    declared: watch::Sender<Vec<Kind>>,
    shutdown: CancellationToken,
}

impl Process {
    /// Follows one Sync after the other, as they come and go.
    async fn follow(&mut self, mut syncs: watch::Receiver<Followed>) -> Result<(), AgentError> {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
        while !self.shutdown.is_cancelled() {
            let now = syncs.borrow_and_update().clone();
            match now {
                Followed::One(sync) if sync.metadata.deletion_timestamp.is_none() => {
                    match self.sync(sync, syncs.clone()).await {
                        Ok(()) => backoff.succeeded(),
                        Err(error) => {
                            tracing::error!(error = &error as &dyn std::error::Error, "Sync not begun; tried again");
                            tokio::select! {
                                () = self.shutdown.cancelled() => {}
                                () = tokio::time::sleep(backoff.failed()) => {}
                            }
                        }
                    }
                    continue;
                }
                Followed::Several(names) => {
                    tracing::error!(?names, "Several Syncs exist; name one with --sync");
                }
                _ => {}
            }
            tokio::select! {
                () = self.shutdown.cancelled() => {}
                changed = syncs.changed() => if changed.is_err() { return Ok(()) },
            }
        }
        Ok(())
    }

    /// Follows one Sync until it goes, or shutdown.
    async fn sync(&mut self, sync: Arc<SyncObject>, syncs: watch::Receiver<Followed>) -> Result<(), AgentError> {
        let gone = following::gone_for(OUTLIVES, syncs.clone(), sync.uid());
        tokio::select! {
            ended = self.keep(sync, syncs) => ended,
            () = gone => {
                // A request that is never answered is waited for by nobody: there may be another Sync of this name by now.
                tracing::warn!("Sync is gone, and what was begun for it does not end: left where it is");
                Ok(())
            }
        }
    }

    async fn keep(&mut self, sync: Arc<SyncObject>, syncs: watch::Receiver<Followed>) -> Result<(), AgentError> {
        let stop = self.shutdown.child_token();
        let _stop_with_us = stop.clone().drop_guard();
        let (sight, sightings) = mpsc::channel(SIGHTINGS);
        let (follow, followed) = watch::channel(None);
        let sourced = source::start(self.config.store.clone(), followed, self.metrics.clone(), stop);
        let engine = self.begin(sync, sight, sourced, syncs).await?;
        let inputs = Inputs::new(self.client.clone());
        let mut running = Running {
            inputs,
            vault: None,
            asking: Asking::default(),
            engine,
            follow,
            sightings,
            declared: self.declared.clone(),
            renderer: Some(Renderer::new()),
            refreshes: Vec::new(),
            must_render: false,
            rendered: None,
            charts: ClusterCharts::new(
                &self.config.helm,
                &self.config.store,
                self.client.clone(),
                &self.config.namespace,
            ),
            version: server_version(&self.client).await,
        };
        running.read_sync().await;
        running.run().await;
        Ok(())
    }

    /// Loads what the cluster knows: kinds, inventory, statuses.
    async fn begin(
        &self,
        sync: Arc<SyncObject>,
        sight: mpsc::Sender<Sighting>,
        sourced: watch::Receiver<Option<source::Sourced>>,
        syncs: watch::Receiver<Followed>,
    ) -> Result<Engine, AgentError> {
        let client = self.client.clone();
        let name = sync.name_any();
        let uid = cluster_uid(&client).await?;
        let kinds = KindMap::discover(&client).await?;
        let mut reporter = Reporter::new(client.clone(), self.config.report_every, self.config.report_hold);
        reporter.load(&sync).await?;
        let remembered = reporter.remembered();
        let loaded = Shards::load(client.clone(), &sync, &uid).await;
        let (shards, inventory, stalled) = match loaded {
            Ok((shards, inventory)) => (shards, inventory, None),
            // Another cluster's inventory: nothing is touched until a person acts.
            Err(ShardError::Stored(error)) => {
                let stalled = Some((error.reason().to_owned(), error.to_string()));
                (Shards::empty(client.clone(), &sync, &uid), None, stalled)
            }
            Err(error) => return Err(error.into()),
        };
        let role = role_of(&sync, None);
        let cluster = Cluster::new(client.clone());
        let mut engine = Engine {
            watches: Watches::new(client.clone(), &name, self.config.grace, sight),
            events: Events::new(client.clone(), self.config.instance.clone()),
            config: self.config.clone(),
            metrics: self.metrics.clone(),
            cluster,
            reporter,
            sync,
            cluster_uid: uid,
            role,
            sourced,
            syncs,
            shutdown: self.shutdown.clone(),
            stalled,
            rejected: None,
            parity_key_id: String::new(),
            shards,
            inventory: inventory.clone().unwrap_or_default(),
            inventory_dirty: false,
            kinds,
            world: Default::default(),
            wanted: Default::default(),
            catalog: Default::default(),
            gates: Default::default(),
            remembered,
            ordered: Default::default(),
            order_stale: true,
            plan: Default::default(),
            settled: Default::default(),
            troubles: Default::default(),
            volatile: Default::default(),
            fights: Default::default(),
            pruning: Pruning::default(),
            warnings: Default::default(),
            last_since: None,
            retry_at: None,
            held_up: None,
            looked: false,
            patience: Backoff::new(Duration::from_millis(200), Duration::from_secs(30)),
            started: Instant::now(),
        };
        if inventory.is_none() && engine.stalled.is_none() {
            engine.rebuild_inventory().await;
        }
        engine.follow_kinds();
        Ok(engine)
    }
}

/// The version of Kubernetes that charts are told; nothing while the API server does not say.
pub(crate) async fn server_version(client: &Client) -> Option<String> {
    client.apiserver_version().await.ok().map(|version| version.git_version)
}

/// The Sync's role, else the one in force, else standby: a cluster that nobody gave a role does nothing that only one may.
pub(crate) fn role_of(sync: &SyncObject, in_force: Option<Role>) -> Role {
    sync.spec.role.or(in_force).or(sync.status.as_ref().and_then(|status| status.role)).unwrap_or(Role::Standby)
}
