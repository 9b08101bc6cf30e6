//! The agent's main loop: news in, turns of the engine, reports out.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, ResourceExt};
use teal_api::sync::{Role, SyncObject};
use teal_api::unit::UnitObject;
use teal_cluster::counting::counted;
use teal_cluster::freeze::{Connections, Freezer};
use teal_cluster::shards::{ShardError, Shards, cluster_uid};
use teal_cluster::watch::kind_changes;
use teal_cluster::{ApiError, Cluster, Kind, KindMap, Lookup, Sighting, Watches};
use teal_daemon::Backoff;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::AgentConfig;
use crate::engine::Engine;
use crate::events::Events;
use crate::following::{self, Followed};
use crate::freezing::Freezing;
use crate::metrics::Metrics;
use crate::rendering::{Renderer, Request};
use crate::reporting::Reporter;
use crate::settling::Pruning;
use crate::source::{self, Follow};

/// Sightings that wait to be taken in; a full channel slows the watches down, nothing is lost.
const SIGHTINGS: usize = 1024;
/// After news, this long is waited for more of it.
const GATHER: Duration = Duration::from_millis(10);
/// Looks at discovery after a CRD or an APIService changed: the API server needs a moment to publish what it accepted.
const REFRESHES: [Duration; 4] =
    [Duration::from_millis(50), Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(3)];
/// How often discovery is looked at while somebody waits for a kind or a group does not answer.
const REFRESH_WAITING: Duration = Duration::from_secs(15);

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
        if let Some(freezing) = freezing(&config, &client, &metrics, kinds).await {
            tokio::spawn(freezing.run(shutdown.clone()));
        }
        let mut process = Process { config, client, metrics, declared, shutdown };
        process.follow(syncs).await
    }
}

/// Prepares freezes; without them when the API server does not say who we are.
async fn freezing(
    config: &AgentConfig,
    client: &Client,
    metrics: &Metrics,
    kinds: watch::Receiver<Vec<Kind>>,
) -> Option<Freezing> {
    let wish = config.freeze.clone()?;
    let connections = match wish.connections {
        Some(config) => Connections::Fresh(config),
        None => Connections::Pooled(client.clone()),
    };
    let events = Events::new(client.clone(), config.instance.clone());
    match Freezer::new(client.clone(), connections, wish.users).await {
        Ok(freezer) => Some(Freezing {
            client: client.clone(),
            freezer,
            events,
            metrics: metrics.clone(),
            probe_every: wish.probe_every,
            kinds,
        }),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "No freeze is realised by this process");
            None
        }
    }
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
        let stop = self.shutdown.child_token();
        let _stop_with_us = stop.clone().drop_guard();
        let (sight, sightings) = mpsc::channel(SIGHTINGS);
        let (follow, followed) = watch::channel(None);
        let sourced = source::start(self.config.store.clone(), followed, self.metrics.clone(), stop);
        let engine = self.begin(sync, sight, sourced).await?;
        let mut running = Running {
            engine,
            syncs,
            follow,
            sightings,
            declared: self.declared.clone(),
            renderer: Some(Renderer::new()),
            refreshes: Vec::new(),
            must_render: false,
            rendered: None,
            shutdown: self.shutdown.clone(),
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
    ) -> Result<Engine, AgentError> {
        let client = self.client.clone();
        let name = sync.name_any();
        let uid = cluster_uid(&client).await?;
        let kinds = KindMap::discover(&client).await?;
        let mut reporter = Reporter::new(client.clone(), self.config.report_every);
        reporter.load(&sync).await?;
        let loaded = Shards::load(client.clone(), &name, &uid).await;
        let (shards, inventory, stalled) = match loaded {
            Ok((shards, inventory)) => (shards, inventory, None),
            // Another cluster's inventory: nothing is touched until a person acts.
            Err(ShardError::Stored(error)) => {
                let stalled = Some((error.reason().to_owned(), error.to_string()));
                (Shards::empty(client.clone(), &name, &uid), None, stalled)
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

/// The Sync's role, else the one in force, else standby: a cluster that nobody gave a role does nothing that only one may.
pub(crate) fn role_of(sync: &SyncObject, in_force: Option<Role>) -> Role {
    sync.spec.role.or(in_force).or(sync.status.as_ref().and_then(|status| status.role)).unwrap_or(Role::Standby)
}

/// One Sync being followed.
struct Running {
    engine: Engine,
    syncs: watch::Receiver<Followed>,
    follow: watch::Sender<Option<Follow>>,
    sightings: mpsc::Receiver<Sighting>,
    declared: watch::Sender<Vec<Kind>>,
    renderer: Option<Renderer>,
    /// When discovery is looked at again, earliest last.
    refreshes: Vec<Instant>,
    must_render: bool,
    /// What was rendered last; the same again is no work.
    rendered: Option<Inputs>,
    shutdown: CancellationToken,
}

/// Everything that what is wanted depends on.
#[derive(PartialEq)]
struct Inputs {
    commit: String,
    source: teal_api::sync::Source,
    color: String,
    role: (Role, bool),
    key: String,
}

/// What woke the loop.
enum Wake {
    Shutdown,
    Sync,
    Source,
    Sightings(Vec<Sighting>),
    Kinds,
    UnitGone(String),
    Time,
}

impl Running {
    async fn run(&mut self) {
        let client = self.engine.cluster.client().clone();
        let mut kind_events = std::pin::pin!(kind_changes(&client));
        let units = watcher(Api::<UnitObject>::all(client.clone()), watcher::Config::default()).default_backoff();
        let mut gone_units = std::pin::pin!(units.filter_map(|event| async move {
            match event {
                Ok(Event::Delete(unit)) => Some(unit.name_any()),
                _ => None,
            }
        }));
        loop {
            let wake = self.next_time();
            let news = tokio::select! {
                biased;
                () = self.shutdown.cancelled() => Wake::Shutdown,
                changed = self.syncs.changed() => if changed.is_ok() { Wake::Sync } else { Wake::Shutdown },
                changed = self.engine.sourced.changed() => if changed.is_ok() { Wake::Source } else { Wake::Shutdown },
                Some(first) = self.sightings.recv() => Wake::Sightings(vec![first]),
                Some(()) = kind_events.next() => Wake::Kinds,
                Some(slug) = gone_units.next() => Wake::UnitGone(slug),
                () = tokio::time::sleep_until(wake) => Wake::Time,
            };
            if !self.take_in(news).await {
                self.end().await;
                return;
            }
            self.refresh_kinds().await;
            self.render().await;
            self.engine.settle().await;
            self.engine.report().await;
        }
    }

    /// Takes news in. Returns whether to go on.
    async fn take_in(&mut self, news: Wake) -> bool {
        // Time alone is no news for the status; everything else may be.
        match news {
            Wake::Shutdown => return false,
            Wake::Sync => return self.sync_changed().await,
            Wake::Source => self.must_render = true,
            Wake::Sightings(mut batch) => {
                tokio::time::sleep(GATHER).await;
                while let Ok(more) = self.sightings.try_recv() {
                    batch.push(more);
                }
                for sighting in batch {
                    self.engine.sight(sighting);
                }
            }
            Wake::Kinds => {
                let now = Instant::now();
                self.refreshes = REFRESHES.iter().rev().map(|after| now + *after).collect();
                return true;
            }
            Wake::UnitGone(slug) => self.engine.reporter.forget_unit(&slug),
            Wake::Time => {
                let now = self.engine.now();
                for id in self.engine.world.mature(now) {
                    self.engine.tell_gates(&id);
                }
            }
        }
        self.engine.reporter.dirty = true;
        true
    }

    fn next_time(&self) -> Instant {
        let far = Instant::now() + Duration::from_secs(3600);
        let report = self.engine.waking_until().or_else(|| self.engine.reporter.due());
        let times = [self.engine.wake_at(), report, self.refreshes.last().copied()];
        times.into_iter().flatten().min().map_or(far, |at| at.min(far))
    }

    /// The Sync changed, or went.
    async fn sync_changed(&mut self) -> bool {
        let now = self.syncs.borrow_and_update().clone();
        match now {
            Followed::One(sync)
                if sync.uid() == self.engine.sync.uid() && sync.metadata.deletion_timestamp.is_none() =>
            {
                self.engine.sync = sync;
                self.read_sync().await;
                true
            }
            _ => false,
        }
    }

    /// Acts on the Sync's spec: source, pin, role, keys.
    async fn read_sync(&mut self) {
        let (client, namespace) = (self.engine.cluster.client().clone(), self.engine.config.namespace.clone());
        let sync = self.engine.sync.clone();
        self.engine.role = role_of(&sync, Some(self.engine.role));
        self.engine.pruning.stale = true;
        self.engine.reporter.dirty = true;
        self.must_render = true;
        match following::follow(&client, &namespace, &sync).await {
            Ok(follow) => {
                self.engine.rejected = None;
                self.follow.send_if_modified(|last| {
                    let news = last.as_ref() != Some(&follow);
                    *last = Some(follow);
                    news
                });
            }
            Err(error) => self.engine.reject(error.reason(), error.to_string()).await,
        }
    }

    /// Renders what changed, if anything asked for it.
    async fn render(&mut self) {
        if !self.must_render {
            return;
        }
        self.must_render = false;
        self.reread_credentials().await;
        let Some(fetched) =
            self.engine.sourced.borrow_and_update().as_ref().and_then(|sourced| sourced.fetched.clone())
        else {
            return;
        };
        if !self.is_what_was_asked_for() {
            return;
        }
        let (client, namespace) = (self.engine.cluster.client().clone(), self.engine.config.namespace.clone());
        let key = match following::parity_key(&client, &namespace, &self.engine.sync).await {
            Ok(key) => key,
            Err(error) => return self.engine.reject(error.reason(), error.to_string()).await,
        };
        self.engine.parity_key_id = key.as_ref().map(|key| key.id().to_owned()).unwrap_or_default();
        let inputs = Inputs {
            commit: fetched.commit.id.to_string(),
            source: self.engine.sync.spec.source.clone(),
            color: self.engine.sync.spec.color.clone(),
            role: (self.engine.role, self.engine.sync.spec.role.is_some()),
            key: self.engine.parity_key_id.clone(),
        };
        let kinds_matter = self.renderer.as_ref().is_some_and(Renderer::has_unknown_kinds);
        if self.rendered.as_ref() == Some(&inputs) && !kinds_matter {
            return;
        }
        let request = Request {
            fetched,
            sync: self.engine.sync_name().to_owned(),
            path: self.engine.sync.spec.source.path.clone(),
            color: self.engine.sync.spec.color.clone(),
            role: self.engine.role,
            role_is_given: self.engine.sync.spec.role.is_some(),
            key,
            kinds: self.engine.kinds.clone(),
        };
        let Some(mut renderer) = self.renderer.take() else { return };
        let rendered = tokio::task::spawn_blocking(move || {
            let wanted = renderer.render(&request);
            (renderer, wanted)
        });
        match rendered.await {
            Ok((renderer, Ok(wanted))) => {
                self.renderer = Some(renderer);
                self.engine.rejected = None;
                self.rendered = Some(inputs);
                tracing::info!(revision = %wanted.revision, units = wanted.units.len(), "Revision rendered");
                self.engine.want(wanted);
                self.declare_kinds();
            }
            Ok((renderer, Err(rejected))) => {
                self.renderer = Some(renderer);
                self.rendered = None;
                self.engine.reject(rejected.reason, rejected.message).await;
            }
            Err(panicked) => {
                self.renderer = Some(Renderer::new());
                self.engine.reject("RenderFailed", format!("rendering stopped: {panicked}")).await;
            }
        }
        self.engine.reporter.dirty = true;
    }

    /// A commit that came from another reference than the one asked for now (a pin was set) is not acted on.
    fn is_what_was_asked_for(&self) -> bool {
        let asked = self.follow.borrow();
        let sourced = self.engine.sourced.borrow();
        match (asked.as_ref(), sourced.as_ref()) {
            (Some(asked), Some(sourced)) => match &asked.reference {
                teal_git::Reference::Commit(id) => {
                    sourced.fetched.as_ref().is_some_and(|fetched| fetched.commit.id == *id)
                }
                reference => *reference == sourced.reference,
            },
            _ => false,
        }
    }

    /// Credentials that were refused may have been put right in the Secret since.
    async fn reread_credentials(&mut self) {
        let refused = self
            .engine
            .sourced
            .borrow()
            .as_ref()
            .is_some_and(|sourced| sourced.error.as_ref().is_some_and(source::wants_credentials));
        if !refused {
            return;
        }
        let (client, namespace) = (self.engine.cluster.client().clone(), self.engine.config.namespace.clone());
        if let Ok(follow) = following::follow(&client, &namespace, &self.engine.sync).await {
            self.follow.send_if_modified(|last| {
                let news = last.as_ref() != Some(&follow);
                *last = Some(follow);
                news
            });
        }
    }

    /// Tells freezes which kinds the fleet declares.
    fn declare_kinds(&self) {
        let mut kinds: Vec<Kind> = Vec::new();
        for (_, object) in self.engine.wanted.objects() {
            if let Lookup::Served(kind) = self.engine.kinds.lookup(&object.id.group, object.version(), &object.id.kind)
                && !kinds.contains(kind)
            {
                kinds.push(kind.clone());
            }
        }
        kinds.sort_by_key(Kind::group_kind);
        self.declared.send_if_modified(|last| {
            let news = *last != kinds;
            *last = kinds;
            news
        });
    }

    /// Looks at discovery when it is due.
    async fn refresh_kinds(&mut self) {
        let now = Instant::now();
        if self.refreshes.last().is_none_or(|due| *due > now) {
            return;
        }
        self.refreshes.retain(|due| *due > now);
        match KindMap::discover(self.engine.cluster.client()).await {
            Ok(kinds) => {
                if kinds != self.engine.kinds {
                    self.must_render |= self.renderer.as_ref().is_some_and(Renderer::has_unknown_kinds);
                    self.engine.learn_kinds(kinds);
                    self.declare_kinds();
                    self.engine.reporter.dirty = true;
                }
            }
            Err(error) => tracing::debug!(reason = error.reason(), "Discovery failed; tried again"),
        }
        let waits = !self.engine.ordered.waiting.is_empty() || !self.engine.kinds.stale().is_empty();
        if self.refreshes.is_empty() && waits {
            self.refreshes.push(now + REFRESH_WAITING);
        }
    }

    /// The last word before the end.
    async fn end(&mut self) {
        if let Err(error) = self.engine.record().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "Inventory not written at the end");
        }
    }
}
