//! What is told of a sync: `Sync.status`, `Unit` objects and metrics. Worked out from the engine's state, written only
//! when it differs from what was written last, on average at most once a second (G10): short work tells its end at once
//! and nothing before.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kube::api::{Api, Patch, PatchParams};
use kube::{Client, ResourceExt};
use serde::Serialize;
use serde_json::json;
use teal_agent_core::Digest;
use teal_api::names::AGENT_MANAGER;
use teal_api::sync::{LayerStatus, ParityFacts, SyncObject, SyncStatus};
use teal_api::unit::{UnitSpec, UnitStatus};
use teal_cluster::ApiError;
use tokio::time::Instant;

use crate::engine::Engine;
use crate::metrics::{ObjectState, Parity, Revision, Role, State};
use crate::remembering::Remembered;
use crate::standing::{UnitReport, conditions, sync_conditions};
use crate::units;

/// Most notices in a status.
const MAX_NOTICES: usize = 20;
/// Reports that may be ahead of the pace of one each `report_every`.
const BURST: u32 = 5;
/// Least time between two looks at whether a status differs.
const LOOK: Duration = Duration::from_millis(50);

/// Writes statuses and remembers what it wrote.
pub(crate) struct Reporter {
    pub(crate) client: Client,
    every: Duration,
    hold: Duration,
    written_sync: Option<SyncStatus>,
    /// By slug.
    pub(crate) written_units: BTreeMap<String, (UnitSpec, UnitStatus)>,
    /// Those among them that were written before the list under way was asked for.
    pub(crate) known_before: BTreeSet<String>,
    /// When the last report was written.
    last: Option<Instant>,
    /// Until when the reports written so far use up the pace.
    used_until: Option<Instant>,
    /// When it was last worked out whether anything differs.
    looked: Option<Instant>,
    /// Since when something may differ from what was written.
    news_since: Option<Instant>,
    /// Something was sent in the report under way.
    pub(crate) wrote: bool,
}

impl Reporter {
    pub(crate) fn new(client: Client, every: Duration, hold: Duration) -> Self {
        Self {
            client,
            every,
            hold,
            written_sync: None,
            written_units: BTreeMap::new(),
            known_before: BTreeSet::new(),
            last: None,
            used_until: None,
            looked: None,
            news_since: Some(Instant::now()),
            wrote: false,
        }
    }

    /// Takes in what stands in the cluster, so that a restart without changes writes nothing.
    pub(crate) async fn load(&mut self, sync: &SyncObject) -> Result<(), ApiError> {
        self.written_sync = Some(sync.status.clone().unwrap_or_default());
        self.written_units = units::of(&self.client, sync).await?;
        Ok(())
    }

    /// Something may differ from what was written.
    pub(crate) fn touch(&mut self) {
        self.news_since.get_or_insert_with(Instant::now);
    }

    /// What the statuses say of what an earlier process achieved.
    pub(crate) fn remembered(&self) -> Remembered {
        let units = self.written_units.iter().map(|(slug, (spec, status))| (slug.as_str(), spec, status));
        Remembered::of(&self.status(), units)
    }

    /// When the next write may happen; `None` when nothing is to be written. The last word on some work need not keep its
    /// distance from the write before it; only the pace as a whole holds it back, beyond a small burst.
    fn due(&self, under_way: bool) -> Option<Instant> {
        let since = self.news_since?;
        let (soonest, paced) = if under_way {
            (since + self.hold, self.last.map(|last| last + self.every))
        } else {
            (
                self.looked.map_or(since, |looked| looked + LOOK),
                self.used_until.and_then(|used| used.checked_sub(self.every * BURST)),
            )
        };
        Some(paced.map_or(soonest, |paced| paced.max(soonest)))
    }

    /// Remembers a report for its pace. A failed one is tried again at the usual pace, never at once.
    fn reported(&mut self, failed: bool) {
        let now = Instant::now();
        if failed {
            self.used_until = Some(now + self.every * (BURST + 1));
            self.last = Some(now);
            self.touch();
        } else if self.wrote {
            self.used_until = Some(self.used_until.map_or(now, |used| used.max(now)) + self.every);
            self.last = Some(now);
        }
    }

    /// What was written of the Sync last.
    pub(crate) fn status(&self) -> SyncStatus {
        self.written_sync.clone().unwrap_or_default()
    }

    fn closes_a_layer(&self, status: &SyncStatus) -> bool {
        let still_open = |name: &str| status.layers.iter().any(|layer| layer.open && layer.name == name);
        let before = self.written_sync.iter().flat_map(|before| &before.layers);
        before.filter(|layer| layer.open).any(|layer| !still_open(&layer.name))
    }

    /// Writes the status of this very Sync: what it achieved is none of a later namesake's.
    async fn write_sync(&mut self, sync: &SyncObject, status: SyncStatus) -> Result<(), ApiError> {
        if self.written_sync.as_ref() == Some(&status) {
            return Ok(());
        }
        self.wrote = true;
        let patch = status_of_this(sync, &status)?;
        let params = PatchParams { field_manager: Some(AGENT_MANAGER.to_owned()), ..PatchParams::default() };
        let api: Api<SyncObject> = Api::all(self.client.clone());
        api.patch_status(&sync.name_any(), &params, &patch).await?;
        self.written_sync = Some(status);
        Ok(())
    }
}

/// A status for this very object: one of the same name that was made since has another UID and takes none of it (422).
pub(crate) fn status_of_this(object: &impl ResourceExt, status: &impl Serialize) -> kube::Result<Patch<()>> {
    // Server-side apply takes any UID; this kind of patch alone is refused for another one.
    let patch = json!([
        {"op": "test", "path": "/metadata/uid", "value": object.uid()},
        {"op": "add", "path": "/status", "value": status},
    ]);
    serde_json::from_value(patch).map(Patch::Json).map_err(kube::Error::SerdeError)
}

impl Engine {
    /// Writes what differs, if it is time. Failures are tried again a little later.
    pub(crate) async fn report(&mut self) {
        if self.waking_until().is_some() || self.report_due().is_none_or(|due| due > Instant::now()) {
            return;
        }
        (self.reporter.looked, self.reporter.news_since) = (Some(Instant::now()), None);
        self.reporter.wrote = false;
        let written = self.write_report().await;
        self.reporter.reported(written.is_err());
        if let Err(error) = written {
            tracing::warn!(error = &error as &dyn std::error::Error, reason = error.reason(), "Status not written");
        }
    }

    /// When the next report may be written; `None` when nothing is to be written.
    pub(crate) fn report_due(&self) -> Option<Instant> {
        self.reporter.due(self.is_under_way())
    }

    async fn write_report(&mut self) -> Result<(), ApiError> {
        let now = jiff::Timestamp::now();
        let sync = self.sync.clone();
        let mut seen = BTreeSet::new();
        let reports = self.unit_reports();
        let status = self.sync_status(&reports, now);
        self.measure(&reports, &status);
        // Which layers had opened at which digests must be read together after a restart: see `remembering`. A layer that
        // closes is told before the digests it closed for; one that opens, after those it opened at.
        if self.reporter.closes_a_layer(&status) {
            self.reporter.write_sync(&sync, status.clone()).await?;
        }
        for report in &reports {
            let before = self.reporter.written_units.get(&*report.slug).map(|(_, status)| status);
            let status = self.unit_status(report, before, now);
            let spec = UnitSpec { sync: sync.name_any(), layer: report.layer.clone(), path: report.path.clone() };
            seen.insert(report.slug.to_string());
            self.reporter.write_unit(&sync, &report.slug, spec, status).await?;
        }
        // While nothing is known, nothing is taken away.
        if !self.wanted.revision.is_empty() {
            let gone: Vec<_> =
                self.reporter.written_units.keys().filter(|slug| !seen.contains(*slug)).cloned().collect();
            for slug in gone {
                self.reporter.delete_unit(&slug).await?;
            }
        }
        self.reporter.write_sync(&sync, status).await
    }

    fn unit_status(&self, report: &UnitReport, before: Option<&UnitStatus>, now: jiff::Timestamp) -> UnitStatus {
        let mut status = before.cloned().unwrap_or_default();
        conditions(&mut status.conditions, report, now);
        let digest = report.digest.to_string();
        // The commit stays what it was while the content is: a commit elsewhere is no news of this unit.
        if report.whole && (status.revision.is_none() || status.digest.as_deref() != Some(&digest)) {
            status.revision = Some(self.wanted.revision.clone());
        }
        status.digest = Some(digest);
        status.state = report.state;
        (status.objects, status.ready, status.failed, status.drifted) =
            (report.objects, report.ready, report.failed, report.drifted);
        status.problems.clone_from(&report.problems);
        status
    }

    fn sync_status(&self, reports: &[UnitReport], now: jiff::Timestamp) -> SyncStatus {
        let mut status = self.reporter.status();
        let generation = self.sync.metadata.generation.unwrap_or(0);
        let sourced = self.sourced.borrow().clone();
        let converged = self.is_working() && reports.iter().all(|report| report.is_ready());
        status.observed_generation = generation;
        status.role = Some(self.role);
        status.cluster_uid = Some(self.cluster_uid.clone());
        if !self.wanted.revision.is_empty() {
            status.attempted_revision = Some(self.wanted.revision.clone());
            status.layers = self.layer_counts(reports);
            status.parity = Some(self.parity(reports));
            if converged {
                status.revision = Some(self.wanted.revision.clone());
                status.fleet_digest = Some(self.wanted.fleet_digest.clone());
            }
        }
        if let Some(handled) = sourced.as_ref().and_then(|sourced| sourced.handled.clone()) {
            status.last_handled_reconcile_at = Some(handled);
        }
        let notices = self.wanted.notices.iter().cloned();
        let kept = self.pruning.refused.iter().chain(&self.pruning.leaving).map(|problem| problem.message.clone());
        let warnings = self.warnings.iter().map(|warning| format!("API server: {warning}"));
        let mut blind: Vec<_> = self.world.failing().iter().collect();
        blind.sort();
        let blind =
            blind.into_iter().map(|(kind, why)| format!("{kind} can't be watched, so drift of it is not seen: {why}"));
        status.notices = kept.chain(blind).chain(notices).chain(warnings).take(MAX_NOTICES).collect();
        sync_conditions(&mut status.conditions, self, reports, sourced.as_ref(), generation, now);
        status
    }

    fn layer_counts(&self, reports: &[UnitReport]) -> Vec<LayerStatus> {
        let count = |layer: &crate::wanted::Layer| {
            let mut counts = LayerStatus {
                name: layer.name.clone(),
                open: self.gates.is_open(&layer.name),
                ..LayerStatus::default()
            };
            for report in reports.iter().filter(|report| report.layer == layer.name) {
                counts.units += 1;
                counts.objects += report.objects;
                counts.ready += report.ready;
                counts.failed += report.failed;
                counts.drifted += report.drifted;
            }
            counts
        };
        self.wanted.layers.iter().map(count).collect()
    }

    fn parity(&self, reports: &[UnitReport]) -> ParityFacts {
        let objects = self.wanted.objects().filter_map(|(_, object)| Some((&object.id, object.parity.as_ref()?)));
        ParityFacts {
            digest: Digest::rolled_up(objects).to_string(),
            key_id: self.parity_key_id.clone(),
            objects: reports.iter().map(|report| report.objects).sum(),
            equal: reports.iter().map(|report| report.ready).sum(),
        }
    }

    fn measure(&self, reports: &[UnitReport], status: &SyncStatus) {
        let metrics = &self.metrics;
        let mut states: BTreeMap<&'static str, i64> = BTreeMap::new();
        for report in reports {
            for (state, count) in &report.states {
                *states.entry(state).or_default() += i64::from(*count);
            }
        }
        for state in ObjectState::ALL {
            let count = states.get(state.as_str()).copied().unwrap_or(0);
            metrics.objects.get_or_create(&State { state }).set(count);
        }
        metrics.drift_objects.set(reports.iter().map(|report| i64::from(report.drifted)).sum());
        if teal_api::conditions::holds(&status.conditions, teal_api::conditions::READY) {
            metrics.last_success.set(jiff::Timestamp::now().as_second());
        }
        metrics.revision.clear();
        if let Some(revision) = &status.revision {
            metrics.revision.get_or_create(&Revision { revision: revision.clone() }).set(1);
        }
        metrics.parity.clear();
        if let Some(parity) = &status.parity {
            let (digest, key) = (parity.digest.clone(), parity.key_id.clone());
            let fleet = self.wanted.fleet_digest.clone();
            metrics.parity.get_or_create(&Parity { digest, fleet, key }).set(1);
            metrics.parity_equal.set(i64::from(parity.equal));
        }
        metrics.role.clear();
        let role = Role { color: self.sync.spec.color.clone(), role: self.role.as_str() };
        metrics.role.get_or_create(&role).set(1);
    }
}

#[cfg(test)]
#[path = "reporting_tests.rs"]
mod tests;
