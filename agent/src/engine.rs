//! The state of one sync, and one turn of it read top-down.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::{Resource, ResourceExt};
use teal_agent_core::backoff::Fights;
use teal_agent_core::latch::{Event, Gates};
use teal_agent_core::order::Catalog;
use teal_agent_core::prepared::Change;
use teal_agent_core::{Digest, GroupKind, Inventory, ObjectId};
use teal_api::sync::{DriftMode, Role, SyncObject};
use teal_api::unit::Problem;
use teal_cluster::shards::{ShardError, Shards};
use teal_cluster::{Cluster, Kind, KindMap, Sighting, Watches};
use teal_daemon::Backoff;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::AgentConfig;
use crate::events::Events;
use crate::following::Followed;
use crate::metrics::{Metrics, Outcome};
use crate::ordering::{Ordered, catalog};
use crate::planning::{Facts, Plan, Trouble, plan};
use crate::remembering::Remembered;
use crate::reporting::Reporter;
use crate::settling::Pruning;
use crate::source::Sourced;
use crate::wanted::Wanted;
use crate::world::{News, World};

/// Longest time after the start that a status is held back until the first look at everything.
const WAKING: Duration = Duration::from_secs(15);
/// Shortest sleep between two turns without news.
const SHORTEST: Duration = Duration::from_millis(10);
/// Longest run of turns without looking at the outside; a turn that did something is followed by another.
const MAX_TURNS: usize = 50;

/// One cluster following one fleet.
pub(crate) struct Engine {
    pub(crate) config: AgentConfig,
    pub(crate) cluster: Cluster,
    pub(crate) metrics: Metrics,
    pub(crate) events: Events,
    pub(crate) reporter: Reporter,
    pub(crate) sync: Arc<SyncObject>,
    pub(crate) cluster_uid: String,
    /// The role in force: the Sync's, else the last known one.
    pub(crate) role: Role,
    pub(crate) sourced: watch::Receiver<Option<Sourced>>,
    pub(crate) syncs: watch::Receiver<Followed>,
    pub(crate) shutdown: CancellationToken,
    /// What stops everything until a person acts: reason and message.
    pub(crate) stalled: Option<(String, String)>,
    /// Why the last commit's declaration was refused; the one before stays in force.
    pub(crate) rejected: Option<(String, String)>,
    /// Id of the key that digests Secrets; empty without one.
    pub(crate) parity_key_id: String,
    pub(crate) shards: Shards,
    pub(crate) inventory: Inventory,
    pub(crate) inventory_dirty: bool,
    pub(crate) kinds: KindMap,
    pub(crate) watches: Watches,
    pub(crate) world: World,
    pub(crate) wanted: Wanted,
    pub(crate) catalog: Catalog,
    pub(crate) gates: Gates,
    pub(crate) remembered: Remembered,
    pub(crate) ordered: Ordered,
    pub(crate) order_stale: bool,
    pub(crate) plan: Plan,
    pub(crate) settled: HashSet<ObjectId>,
    pub(crate) troubles: HashMap<ObjectId, Trouble>,
    pub(crate) volatile: HashMap<ObjectId, Digest>,
    pub(crate) fights: Fights,
    pub(crate) pruning: Pruning,
    pub(crate) warnings: BTreeSet<String>,
    /// Since when what decides about admission waits for everything else.
    pub(crate) last_since: Option<Duration>,
    /// An API server that does not take the inventory: when to try again.
    pub(crate) retry_at: Option<Duration>,
    /// What the API server did not take, in reason and message.
    pub(crate) held_up: Option<(String, String)>,
    /// A turn was made.
    pub(crate) looked: bool,
    /// Waits between such tries.
    pub(crate) patience: Backoff,
    pub(crate) started: Instant,
}

impl Engine {
    /// Time since the start, the only clock that decisions see.
    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Whether work is to be done at all.
    pub(crate) fn is_working(&self) -> bool {
        !self.sync.spec.suspend && self.stalled.is_none() && !self.wanted.revision.is_empty()
    }

    /// Turns until there is nothing to do without news, or a newer commit came.
    pub(crate) async fn settle(&mut self) {
        if !self.is_working() || self.retry_at.is_some_and(|at| at > self.now()) {
            return;
        }
        self.retry_at = None;
        self.looked = true;
        let begun = Instant::now();
        let mut did_something = false;
        let mut turns = 0;
        loop {
            turns += 1;
            match self.sync_once().await {
                Ok(true) if turns == MAX_TURNS => {
                    // The outside gets a look in; there may be more to do right after.
                    self.plan.wake_at = Some(self.now());
                    break;
                }
                Ok(true) => did_something = true,
                Ok(false) => break,
                Err(error) => {
                    self.hold_up(&error);
                    break;
                }
            }
            if self.is_interrupted() {
                break;
            }
        }
        if self.retry_at.is_none() {
            self.patience.succeeded();
            self.held_up = None;
        }
        if did_something {
            let now = self.now();
            self.fights.forget_quiet(now);
            self.metrics.reconcile_seconds.observe(begun.elapsed().as_secs_f64());
            let result = if self.troubles.is_empty() { "success" } else { "failure" };
            self.metrics.reconciles.get_or_create(&Outcome { result }).inc();
        }
    }

    /// One turn. Returns whether it changed anything, so that another may find more to do.
    async fn sync_once(&mut self) -> Result<bool, ShardError> {
        self.claim().await?; //                 inventory := old ∪ new, so a crash orphans nothing
        let doubts = self.resolve_doubts().await; // what left a watch: gone, or only its label?
        let plan = self.decide(); //            pure: what to apply, what to wait for
        let applied = self.apply(plan).await; // every object succeeds or fails alone
        self.record().await?; //                UIDs, digests and field hashes of what was applied
        let pruned = self.prune().await?; //    only what is owned by UID; only if all of it rendered
        let released = self.open_gates().await; // layers whose objects have all been Current once
        Ok(doubts || applied || pruned || released)
    }

    /// Whether this process has just started and does not know yet how things stand: telling now would only tell so, and
    /// a restart without changes would write statuses twice (G10). `None` when it knows; else until when it may wait.
    pub(crate) fn waking_until(&self) -> Option<Instant> {
        let failed = self.sourced.borrow().as_ref().is_some_and(|sourced| sourced.fetched.is_none());
        let stopped = self.sync.spec.suspend || self.stalled.is_some() || self.rejected.is_some();
        let until = self.started + WAKING;
        let knows = failed || stopped || self.looked && self.plan.unknown == 0;
        (!knows && until > Instant::now()).then_some(until)
    }

    /// Whether applies in flight finish and no new ones begin: see [`Engine::interruption`].
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interruption()()
    }

    /// Tells whether work should stop where it is: a newer commit waits, the Sync was suspended or went, or the process
    /// ends. Other changes of the Sync wait for the end of the turn, so that a stream of them stops nothing for ever.
    pub(crate) fn interruption(&self) -> impl Fn() -> bool + use<> {
        let (sourced, syncs, shutdown) = (self.sourced.clone(), self.syncs.clone(), self.shutdown.clone());
        let uid = self.sync.uid();
        let stops = move || match &*syncs.borrow() {
            Followed::One(sync) => sync.spec.suspend || sync.uid() != uid || sync.metadata.deletion_timestamp.is_some(),
            Followed::None | Followed::Several(_) => true,
        };
        move || sourced.has_changed().unwrap_or(false) || shutdown.is_cancelled() || stops()
    }

    /// Whether the last word on what is wanted is still to come: applies, or objects that have not been Current yet. What
    /// is told meanwhile may be held back a little, because short work then tells its end only.
    pub(crate) fn is_under_way(&self) -> bool {
        let failed = self.rejected.is_some() || !self.troubles.is_empty() || !self.ordered.failed.is_empty();
        self.is_working() && !failed && !self.gates.all_ready()
    }

    /// Swaps what is wanted; keeps what is achieved.
    pub(crate) fn want(&mut self, wanted: Wanted) {
        self.gates.want(wanted.gates());
        self.remembered.keep(&wanted);
        self.catalog = catalog(&wanted);
        self.wanted = wanted;
        let ids = self.wanted.ids();
        self.troubles.retain(|id, _| ids.contains(id));
        self.volatile.retain(|id, _| ids.contains(id));
        self.warnings.clear();
        self.order_stale = true;
        self.pruning.stale = true;
        self.follow_kinds();
    }

    /// Takes in a new kind map.
    pub(crate) fn learn_kinds(&mut self, kinds: KindMap) {
        if kinds != self.kinds {
            self.kinds = kinds;
            self.order_stale = true;
            self.pruning.stale = true;
            self.follow_kinds();
        }
    }

    /// Watches every kind of the inventory and of what is wanted, at the version git speaks.
    pub(crate) fn follow_kinds(&mut self) {
        let mut kinds: HashMap<GroupKind, Kind> = HashMap::new();
        for (_, object) in self.wanted.objects() {
            if let teal_cluster::Lookup::Served(kind) =
                self.kinds.lookup(&object.id.group, object.version(), &object.id.kind)
            {
                kinds.entry(kind.group_kind()).or_insert_with(|| kind.clone());
            }
        }
        for id in self.inventory.entries.keys() {
            let kind = id.group_kind();
            if !kinds.contains_key(&kind)
                && let Some(served) = self.kinds.preferred(&kind)
            {
                kinds.insert(kind, served.clone());
            }
        }
        self.world.keep_kinds(&kinds.keys().cloned().collect());
        self.watches.follow(kinds.into_values().collect());
        self.metrics.watches.set(i64::try_from(self.watches.len()).unwrap_or(i64::MAX));
    }

    /// Takes in what a watch saw.
    pub(crate) fn sight(&mut self, sighting: Sighting) {
        let now = self.now();
        if let News::Changed(ids) = self.world.take(sighting, now) {
            for id in ids {
                self.tell_gates(&id);
                // A failed object that changed may be appliable now; its own doing does not count as such.
                if let Some(trouble) = self.troubles.get_mut(&id) {
                    trouble.retry_at = trouble.retry_at.min(now + Duration::from_secs(1));
                }
                if !self.pruning.stale && !self.is_wanted(&id) {
                    self.pruning.stale = true;
                }
            }
        }
    }

    /// Lets the gates know how a live object is.
    pub(crate) fn tell_gates(&mut self, id: &ObjectId) {
        if let Some(standing) = self.world.get(id).filter(|standing| standing.live.is_some()) {
            self.gates.seen(id, standing.generation, standing.health.is_current());
        }
    }

    fn is_wanted(&self, id: &ObjectId) -> bool {
        self.wanted.objects().any(|(_, object)| object.id == *id)
    }

    /// Decides what to do now.
    fn decide(&mut self) -> Plan {
        if self.order_stale {
            self.ordered = Ordered::of(&self.wanted, &self.catalog, &self.gates, &self.kinds);
            self.order_stale = false;
        }
        let mut fights = std::mem::take(&mut self.fights);
        let plan = plan(&self.facts(), &mut fights);
        self.fights = fights;
        self.settled = plan.settled.iter().cloned().collect();
        // What was applied by an earlier process, or needs nothing now, has its latch told as well.
        for id in &plan.settled {
            self.troubles.remove(id);
        }
        let settled: Vec<_> = self
            .ordered
            .steps
            .iter()
            .map(|step| &step.object)
            .filter(|object| self.settled.contains(&object.id))
            .collect();
        for object in settled {
            let made = object.links.change == Change::Never && self.world.get(&object.id).is_none();
            if made && !self.gates.is_latched(&object.id) {
                // It was made once, and did what it was there for.
                self.gates.applied(&object.id, &object.digest, 0, true);
            } else if let Some(standing) = self.world.get(&object.id).filter(|_| !self.gates.is_latched(&object.id)) {
                let current = standing.health.is_current() || self.remembered.was_ready(&object.unit);
                self.gates.applied(&object.id, &object.digest, standing.generation, current);
            }
        }
        plan
    }

    pub(crate) fn facts(&self) -> Facts<'_> {
        Facts {
            ordered: &self.ordered,
            inventory: &self.inventory,
            world: &self.world,
            gates: &self.gates,
            troubles: &self.troubles,
            volatile: &self.volatile,
            drift: self.drift_mode(),
            now: self.now(),
        }
    }

    fn drift_mode(&self) -> DriftMode {
        self.sync.spec.drift
    }

    /// Reads the metadata of objects that left their watch. Returns whether anything was learnt.
    async fn resolve_doubts(&mut self) -> bool {
        let unsure = self.world.unsure();
        let mut learnt = false;
        for id in &unsure {
            let Some(kind) = self.kinds.preferred(&id.group_kind()).cloned() else {
                // The kind itself is gone, and its objects with it.
                self.world.read(id, None);
                learnt = true;
                continue;
            };
            let at = teal_cluster::Address { kind: &kind, namespace: &id.namespace, name: &id.name, secret: false };
            match self.cluster.metadata(at).await {
                Ok(meta) => {
                    self.world.read(id, meta.as_ref());
                    learnt = true;
                }
                Err(error) => tracing::warn!(object = %id, reason = error.reason(), "Object not read"),
            }
        }
        learnt
    }

    /// Opens gates whose time has come, and says so.
    async fn open_gates(&mut self) -> bool {
        let events = self.gates.settle(self.now());
        for event in &events {
            match event {
                Event::Released(_) => self.order_stale = true,
                Event::TimedOut(slug, late) => {
                    let late: Vec<_> = late.iter().map(ToString::to_string).collect();
                    let unit = self.wanted.units.iter().find(|unit| unit.slug == *slug);
                    let path = unit.map_or("", |unit| unit.path.as_str());
                    let note = format!("unit {path} was not ready in time; it waits for {}", late.join(", "));
                    self.events.warning(&self.about(), "Timeout", &note).await;
                }
                Event::Opened(layer) => tracing::info!(layer, "Layer opened"),
                Event::Ready(slug) => tracing::debug!(unit = %slug, "Unit ready"),
            }
        }
        !events.is_empty()
    }

    /// When there is something to do without any news. Never in the past, so that what can't be done now is no busy loop.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        let maturity = self.world.next_maturity();
        let times = if !self.is_working() {
            [maturity, None, None, None]
        } else if self.retry_at.is_some() {
            [maturity, self.retry_at, None, None]
        } else {
            [maturity, self.plan.wake_at, self.gates.deadline(), self.pruning.not_before]
        };
        let soonest = self.now() + SHORTEST;
        times.into_iter().flatten().min().map(|at| self.started + at.max(soonest))
    }

    /// What Events are about.
    pub(crate) fn about(&self) -> ObjectReference {
        self.sync.object_ref(&())
    }

    /// Problems of an object, wherever they come from.
    pub(crate) fn problem_of(&self, id: &ObjectId, digest: &Digest) -> Option<(bool, &Problem)> {
        if let Some(problem) = self.ordered.failed.get(id) {
            return Some((true, problem));
        }
        if let Some(trouble) = self.troubles.get(id).filter(|trouble| trouble.digest == *digest) {
            return Some((true, &trouble.problem));
        }
        self.ordered.waiting.get(id).map(|problem| (false, problem))
    }
}
