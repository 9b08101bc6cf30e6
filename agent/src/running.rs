//! The main loop of one Sync: news in, turns of the engine, reports out.

use std::time::Duration;

use futures::StreamExt;
use teal_api::sync::{AzureIdentity, Decryption, HelmSettings, Role};
use teal_cluster::watch::kind_changes;
use teal_cluster::{Kind, KindMap, Sighting};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::agent::server_version;
use crate::asking::Asking;
use crate::charts::ClusterCharts;
use crate::engine::Engine;
use crate::inputs::Inputs;
use crate::keys::Service;
use crate::rendering::Renderer;
use crate::source::Follow;
use crate::units::{self, UnitNews};

/// After news, this long is waited for more of it.
const GATHER: Duration = Duration::from_millis(10);
/// Looks at discovery after a CRD or an APIService changed: the API server needs a moment to publish what it accepted.
const REFRESHES: [Duration; 4] =
    [Duration::from_millis(50), Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(3)];
/// How often discovery is looked at while somebody waits for a kind or a group does not answer.
const REFRESH_WAITING: Duration = Duration::from_secs(15);

/// One Sync being followed.
pub(crate) struct Running {
    pub(crate) engine: Engine,
    pub(crate) follow: watch::Sender<Option<Follow>>,
    pub(crate) sightings: mpsc::Receiver<Sighting>,
    pub(crate) declared: watch::Sender<Vec<Kind>>,
    pub(crate) renderer: Option<Renderer>,
    /// When discovery is looked at again, earliest last.
    pub(crate) refreshes: Vec<Instant>,
    pub(crate) must_render: bool,
    /// What was rendered last; the same again is no work.
    pub(crate) rendered: Option<Rendered>,
    pub(crate) charts: ClusterCharts,
    /// Version of Kubernetes here.
    pub(crate) version: Option<String>,
    /// Objects in the cluster that rendering reads.
    pub(crate) inputs: Inputs,
    /// The key service that the Sync names, and for whom it was made.
    pub(crate) vault: Option<(AzureIdentity, Service)>,
    /// When a key service that gave no key is asked again.
    pub(crate) asking: Asking,
}

/// Everything that what is wanted depends on.
#[derive(PartialEq)]
pub(crate) struct Rendered {
    pub(crate) commit: String,
    pub(crate) source: teal_api::sync::Source,
    pub(crate) color: String,
    pub(crate) role: (Role, bool),
    pub(crate) key: String,
    pub(crate) helm: Option<HelmSettings>,
    /// Which state of the cluster's objects, and how keys are come by.
    pub(crate) given: (u64, Option<Decryption>),
}

/// What woke the loop.
enum Wake {
    Shutdown,
    Sync,
    Source,
    Sightings(Vec<Sighting>),
    Kinds,
    Charts,
    Inputs,
    Units(UnitNews),
    Time,
}

impl Running {
    pub(crate) async fn run(&mut self) {
        let client = self.engine.cluster.client().clone();
        let mut kind_events = std::pin::pin!(kind_changes(&client));
        let mut unit_news = std::pin::pin!(units::news(&client));
        loop {
            let wake = self.next_time();
            let news = tokio::select! {
                biased;
                () = self.engine.shutdown.cancelled() => Wake::Shutdown,
                changed = self.engine.syncs.changed() => if changed.is_ok() { Wake::Sync } else { Wake::Shutdown },
                changed = self.engine.sourced.changed() => if changed.is_ok() { Wake::Source } else { Wake::Shutdown },
                Some(first) = self.sightings.recv() => Wake::Sightings(vec![first]),
                Some(()) = kind_events.next() => Wake::Kinds,
                () = self.inputs.changed() => Wake::Inputs,
                Some(news) = unit_news.next() => Wake::Units(news),
                () = self.charts.news.notified() => Wake::Charts,
                () = tokio::time::sleep_until(wake) => Wake::Time,
            };
            if !self.take_in(news).await {
                self.end().await;
                return;
            }
            self.refresh_kinds().await;
            // A chart that asks for what is known already, or refused, is told at once: no news of that would come.
            while self.must_render {
                self.render().await;
            }
            self.engine.settle().await;
            self.engine.report().await;
        }
    }

    /// Takes news in. Returns whether to go on.
    async fn take_in(&mut self, news: Wake) -> bool {
        match news {
            Wake::Shutdown => return false,
            Wake::Sync => return self.sync_changed().await,
            Wake::Source | Wake::Charts | Wake::Inputs => self.must_render = true,
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
            Wake::Units(news) => {
                self.engine.reporter.hear(news);
                return true;
            }
            Wake::Time => {
                self.must_render |= self.asking.take(Instant::now());
                let now = self.engine.now();
                for id in self.engine.world.mature(now) {
                    self.engine.tell_gates(&id);
                }
            }
        }
        self.engine.reporter.touch();
        true
    }

    fn next_time(&self) -> Instant {
        let far = Instant::now() + Duration::from_secs(3600);
        let report = self.engine.waking_until().or_else(|| self.engine.report_due());
        let times = [self.engine.wake_at(), report, self.refreshes.last().copied(), self.asking.due()];
        times.into_iter().flatten().min().map_or(far, |at| at.min(far))
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
                    // Whoever upgrades a cluster changes what it serves.
                    self.version = server_version(self.engine.cluster.client()).await.or(self.version.take());
                    self.must_render |= self.renderer.as_ref().is_some_and(Renderer::depends_on_kinds);
                    self.engine.learn_kinds(kinds);
                    self.declare_kinds();
                    self.engine.reporter.touch();
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
