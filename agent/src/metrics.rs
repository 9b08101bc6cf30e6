//! What Prometheus sees of the agent. Labels are closed sets, but for the revision and digests of the `_info` gauges, of
//! which one series each exists at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use teal_cluster::counting::RequestHook;

/// The agent's metrics; cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    /// Time of one pass that did something, fetch excluded.
    pub reconcile_seconds: Histogram,
    /// Units rendered, because something they read changed.
    pub units_rendered: Counter,
    /// Passes by outcome.
    pub reconciles: Family<Outcome, Counter>,
    /// Objects by where they stand.
    pub objects: Family<State, Gauge>,
    /// Objects that differ from git right now.
    pub drift_objects: Gauge,
    /// Drift put right.
    pub repairs: Counter,
    /// Objects deleted because git dropped them.
    pub pruned: Counter,
    /// Prunes refused or held, by reason.
    pub prune_refused: Family<Reason, Counter>,
    /// When everything was last as declared.
    pub last_success: Gauge,
    /// 1 for the commit in force.
    pub revision: Family<Revision, Gauge>,
    /// Requests to the API server.
    pub requests: Family<Request, Counter>,
    /// Time of one fetch.
    pub fetch_seconds: Histogram,
    /// Failed fetches by reason.
    pub fetch_failures: Family<Reason, Counter>,
    /// 1 while a freeze is proven to hold.
    pub freeze_active: Gauge,
    /// When the active freeze began; 0 without one.
    pub freeze_since: Gauge,
    /// Probes that were admitted although a freeze should hold.
    pub freeze_leaks: Counter,
    /// Time from seeing a freeze to proving it.
    pub freeze_seconds: Gauge<f64, AtomicU64>,
    /// 1 for the parity digest in force.
    pub parity: Family<Parity, Gauge>,
    /// Objects that count as equal to git, of those declared.
    pub parity_equal: Gauge,
    /// 1 for the color and role in force.
    pub role: Family<Role, Gauge>,
    /// Watches that run.
    pub watches: Gauge,
    /// Warnings the API server gave.
    pub warnings: Counter,
}

macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type),* }
    )*};
}

labels! {
    /// Outcome of a pass.
    Outcome {
        /// `success` or `failure`.
        result: &'static str
    }
    /// Where an object stands.
    State {
        /// The word.
        state: ObjectState
    }
    /// A closed reason.
    Reason {
        /// CamelCase.
        reason: &'static str
    }
    /// The commit in force.
    Revision {
        /// Full commit id.
        revision: String
    }
    /// A request.
    Request {
        /// What was asked for.
        verb: &'static str,
        /// HTTP status, 0 without an answer.
        code: u16
    }
    /// The parity digest in force.
    Parity {
        /// Digest over every object.
        digest: String,
        /// Digest of the fleet.
        fleet: String,
        /// Id of the parity key.
        key: String
    }
    /// What this cluster is.
    Role {
        /// Its color.
        color: String,
        /// Its role.
        role: &'static str
    }
}

/// Where an object stands, for `teal_objects{state}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(non_camel_case_types, reason = "the label's words")]
pub enum ObjectState {
    /// Applied and Current.
    ready,
    /// Applied, not Current yet.
    progressing,
    /// Not released by its layer, or its kind is not served yet.
    waiting,
    /// Could not be applied, or its health is Failed.
    failed,
}

impl ObjectState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::ready, Self::progressing, Self::waiting, Self::failed];
}

impl Metrics {
    /// Registers everything under `teal_…`.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::unregistered();
        let r = registry.sub_registry_with_prefix("teal");
        let m = metrics.clone();
        r.register("reconcile_duration_seconds", "Time of one pass that did something", m.reconcile_seconds);
        r.register("reconcile", "Passes that did something, by result", m.reconciles);
        r.register("units_rendered", "Units rendered because something they read changed", m.units_rendered);
        r.register("objects", "Declared objects by where they stand", m.objects);
        r.register("drift_objects", "Objects that differ from git right now", m.drift_objects);
        r.register("drift_repairs", "Drift put right", m.repairs);
        r.register("pruned_objects", "Objects deleted because git dropped them", m.pruned);
        r.register("prune_refused", "Prunes refused or held back, by reason", m.prune_refused);
        r.register("last_success_timestamp_seconds", "When everything was last as declared", m.last_success);
        r.register("source_revision_info", "The commit in force", m.revision);
        r.register("api_requests", "Requests to the API server", m.requests);
        r.register("git_fetch_duration_seconds", "Time of one fetch", m.fetch_seconds);
        r.register("git_fetch_failures", "Failed fetches by reason", m.fetch_failures);
        r.register("freeze_active", "1 while a freeze is proven to hold", m.freeze_active);
        r.register("freeze_since_timestamp_seconds", "When the active freeze began, 0 without one", m.freeze_since);
        r.register("freeze_probes_admitted", "Probes admitted although a freeze should hold", m.freeze_leaks);
        r.register("freeze_barrier_seconds", "Time from seeing the last freeze to proving it", m.freeze_seconds);
        r.register("parity_digest_info", "The parity digest in force", m.parity);
        r.register("parity_equal_objects", "Declared objects that are applied, Current and undrifted", m.parity_equal);
        r.register("role_info", "Color and role in force", m.role);
        r.register("watches", "Watches that run", m.watches);
        r.register("api_warnings", "Warnings the API server gave", m.warnings);
        metrics
    }

    /// Metrics that nobody reads.
    #[must_use]
    pub fn unregistered() -> Self {
        let seconds = || Histogram::new([0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0]);
        Self {
            reconcile_seconds: seconds(),
            units_rendered: Counter::default(),
            reconciles: Family::default(),
            objects: Family::default(),
            drift_objects: Gauge::default(),
            repairs: Counter::default(),
            pruned: Counter::default(),
            prune_refused: Family::default(),
            last_success: Gauge::<i64, AtomicI64>::default(),
            revision: Family::default(),
            requests: Family::default(),
            fetch_seconds: seconds(),
            fetch_failures: Family::default(),
            freeze_active: Gauge::default(),
            freeze_since: Gauge::default(),
            freeze_leaks: Counter::default(),
            freeze_seconds: Gauge::default(),
            parity: Family::default(),
            parity_equal: Gauge::default(),
            role: Family::default(),
            watches: Gauge::default(),
            warnings: Counter::default(),
        }
    }

    /// Counts requests; for [`teal_cluster::counting::counted`].
    #[must_use]
    pub fn request_hook(&self) -> RequestHook {
        let requests = self.requests.clone();
        Arc::new(move |verb, _path, code| {
            requests.get_or_create(&Request { verb: verb.as_str(), code }).inc();
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_dashboards_and_alerts_read() {
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        metrics.request_hook()(teal_cluster::counting::Verb::Apply, "/api/v1", 201);
        metrics.objects.get_or_create(&State { state: ObjectState::ready }).set(3);
        metrics.reconciles.get_or_create(&Outcome { result: "success" }).inc();
        metrics.revision.get_or_create(&Revision { revision: "c".into() }).set(1);
        metrics.parity.get_or_create(&Parity { digest: "d".into(), fleet: "f".into(), key: "k".into() }).set(1);
        metrics.role.get_or_create(&Role { color: "blue".into(), role: "active" }).set(1);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for name in [
            "teal_reconcile_duration_seconds",
            "teal_reconcile",
            "teal_units_rendered",
            "teal_drift_objects",
            "teal_objects",
            "teal_last_success_timestamp_seconds",
            "teal_source_revision_info",
            "teal_api_requests",
            "teal_git_fetch_duration_seconds",
            "teal_freeze_active",
            "teal_freeze_since_timestamp_seconds",
            "teal_parity_digest_info",
            "teal_role_info",
        ] {
            assert!(text.contains(&format!("# TYPE {name} ")), "{name} is missing in\n{text}");
        }
        assert!(text.contains("teal_api_requests_total{verb=\"apply\",code=\"201\"} 1"), "{text}");
        assert!(text.contains("teal_objects{state=\"ready\"} 3"), "{text}");
    }
}
