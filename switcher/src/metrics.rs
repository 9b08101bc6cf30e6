//! Metrics by the conventions of reference/ecosystem.md §1. Gauges are read from the status at each scrape, so that they
//! can never say something else than the page; only what happened is counted as it happens.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tokio::sync::watch;

use crate::status::{Status, SwitchStatus};

/// Every phase, so that each is a series of 0 or 1.
pub const PHASES: [&str; 9] =
    ["Unknown", "Steady", "Preparing", "Shifting", "Draining", "Soaking", "RollingBack", "Parked", "Retiring"];
/// Every wait reason of SWITCH §11.
pub const WAITS: [&str; 13] = [
    "approval",
    "ttl",
    "propagation",
    "gate",
    "capacity",
    "blind",
    "stale-git",
    "foreign-write",
    "parked",
    "claim",
    "drain",
    "soak",
    "freeze-rehearsal",
];
const OUTCOMES: [&str; 4] = ["pass", "fail", "inconclusive", "error"];
const PROOFS: [&str; 3] = ["ok", "fail", "unknown"];

/// Labels of a finished move.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Move {
    /// Name of the Switch.
    pub switch: String,
    /// The color that was live.
    pub from: String,
    /// The color that should have become it.
    pub to: String,
    /// `completed`, `rolled_back`, `aborted`.
    pub result: String,
}

/// Labels of a failed effect or request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Failure {
    /// Name of the Switch.
    pub switch: String,
    /// `target` or `cluster`.
    pub on: String,
    /// Closed set of CamelCase reasons.
    pub reason: String,
}

/// Labels of things counted for each Switch.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Of {
    /// Name of the Switch.
    pub switch: String,
}

/// What is counted as it happens.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Moves that ended.
    pub moves: Family<Move, Counter>,
    /// How long they took.
    pub duration: Family<Move, Histogram>,
    /// Writes that landed.
    pub writes: Family<Of, Counter>,
    /// From the decision to the record written.
    pub write_seconds: Family<Of, Histogram>,
    /// What failed.
    pub failures: Family<Failure, Counter>,
}

fn move_histogram() -> Histogram {
    Histogram::new([5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0])
}

fn write_histogram() -> Histogram {
    Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0])
}

impl Metrics {
    /// Makes them and puts them into `registry`, with the gauges that read `status`.
    pub fn register(registry: &mut Registry, status: watch::Receiver<Status>) -> Self {
        let metrics = Self {
            moves: Family::default(),
            duration: Family::new_with_constructor(move_histogram),
            writes: Family::default(),
            write_seconds: Family::new_with_constructor(write_histogram),
            failures: Family::default(),
        };
        registry.register("teal_switch", "Moves that ended, by result", metrics.moves.clone());
        registry.register(
            "teal_switch_duration_seconds",
            "Time from the first step of a move to its end",
            metrics.duration.clone(),
        );
        registry.register("teal_switch_writes", "Compare-and-swap writes that landed", metrics.writes.clone());
        registry.register(
            "teal_switch_write_seconds",
            "Time from a decision to its record written",
            metrics.write_seconds.clone(),
        );
        registry.register(
            "teal_switch_failures",
            "Requests and effects that failed, by reason",
            metrics.failures.clone(),
        );
        registry.register_collector(Box::new(Gauges(status)));
        metrics
    }
}

/// Reads the status at each scrape.
#[derive(Debug)]
struct Gauges(watch::Receiver<Status>);

/// One series: labels and value.
type Series = (Vec<(&'static str, String)>, f64);

impl Collector for Gauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let status = self.0.borrow().clone();
        let mut gauge = |name: &str, help: &str, series: Vec<Series>| -> fmt::Result {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (labels, value) in series {
                family.encode_family(&labels)?.encode_gauge(&value)?;
            }
            Ok(())
        };
        gauge(
            "teal_build_info",
            "Version of this process",
            vec![(vec![("version", status.switcher.version.clone())], 1.0)],
        )?;
        let fetched = status.git.fetched_at.map(|at| (Vec::new(), seconds(at)));
        gauge(
            "teal_git_last_fetch_timestamp_seconds",
            "When git was last read with success",
            fetched.into_iter().collect(),
        )?;
        gauge("teal_declaration_valid", "1 while the newest commit holds a valid declaration", valid(&status))?;
        for (name, help, series) in GAUGES {
            gauge(name, help, status.switches.iter().flat_map(series).collect())?;
        }
        Ok(())
    }
}

type Reading = fn(&SwitchStatus) -> Vec<Series>;

/// Every gauge of a Switch.
const GAUGES: [(&str, &str, Reading); 15] = [
    ("teal_color_active", "1 for the color that the record points to", |one| {
        one.colors.iter().map(|color| (of(one, "color", &color.name), flag(color.live))).collect()
    }),
    ("teal_color_desired", "1 for the color that should be live", |one| {
        one.colors.iter().map(|color| (of(one, "color", &color.name), flag(color.name == one.desired))).collect()
    }),
    ("teal_switch_phase", "1 for the phase the switch is in", |one| each(one, "phase", &PHASES, &one.phase)),
    ("teal_switch_wait", "1 for what is awaited", |one| {
        each(one, "reason", &WAITS, one.wait.as_ref().map_or("", |wait| wait.reason.as_str()))
    }),
    (
        "teal_parity_ratio",
        "Share of declared objects that are equal on both clusters; absent when inconclusive",
        |one| {
            let ratio = one.parity.as_ref().and_then(|parity| parity.ratio);
            ratio.map(|ratio| (vec![("switch", one.name.clone())], ratio)).into_iter().collect()
        },
    ),
    ("teal_parity_objects", "Declared objects by how they compare", |one| {
        let objects = one.parity.iter().flat_map(|parity| &parity.objects);
        objects.map(|(state, count)| (of(one, "state", state), number(*count))).collect()
    }),
    ("teal_dns_observed_color", "1 for the color whose address a vantage sees", |one| {
        let colors = |seen: &crate::status::VantageStatus| {
            let seen = seen.clone();
            one.colors.iter().map(move |color| {
                let mut labels = of(one, "vantage", &seen.vantage);
                labels.push(("color", color.name.clone()));
                (labels, flag(seen.color.as_ref() == Some(&color.name)))
            })
        };
        one.dns.iter().flat_map(colors).collect()
    }),
    ("teal_target_as_wanted", "1 while a target routes as the ledger says", |one| {
        let target =
            |seen: &crate::status::TargetStatus| (of(one, "target", &seen.name), flag(seen.routes == seen.wanted));
        one.targets.iter().map(target).collect()
    }),
    ("teal_target_way_back_seconds", "Longest until users that obey the TTL are back by this target", |one| {
        let target =
            |seen: &crate::status::TargetStatus| (of(one, "target", &seen.name), number(seen.way_back_seconds));
        one.targets.iter().map(target).collect()
    }),
    ("teal_target_unproven", "1 while nobody outside can tell whether a change of a target is seen", |one| {
        let target =
            |seen: &crate::status::TargetStatus| (of(one, "target", &seen.name), flag(seen.unproven.is_some()));
        one.targets.iter().map(target).collect()
    }),
    ("teal_color_health", "1 for the proof a color has now", |one| {
        let proofs = |color: &crate::status::ColorStatus| {
            let color = color.clone();
            PROOFS.iter().map(move |proof| {
                let mut labels = of(one, "color", &color.name);
                labels.push(("proof", (*proof).to_owned()));
                (labels, flag(color.proof == *proof))
            })
        };
        one.colors.iter().flat_map(proofs).collect()
    }),
    ("teal_freeze_active", "1 while a color is frozen", |one| {
        let frozen = |name: &str| one.freezes.iter().any(|freeze| freeze.color == name && freeze.state == "Active");
        one.colors.iter().map(|color| (of(one, "color", &color.name), flag(frozen(&color.name)))).collect()
    }),
    ("teal_gate_outcome", "1 for the last outcome of a gate", |one| {
        let outcomes = |gate: &crate::status::GateStatus| {
            let gate = gate.clone();
            OUTCOMES.iter().map(move |outcome| {
                let mut labels = of(one, "gate", &gate.report.gate);
                labels.extend([("when", gate.when.clone()), ("outcome", (*outcome).to_owned())]);
                (labels, flag(gate.report.outcome.as_str() == *outcome))
            })
        };
        one.gates.iter().flat_map(outcomes).collect()
    }),
    ("teal_ledger_epoch", "Epoch of the ledger", |one| {
        one.epoch.map(|epoch| (vec![("switch", one.name.clone())], number(epoch))).into_iter().collect()
    }),
    ("teal_double_run_seconds", "How long both clusters have run beside each other for this switch", |one| {
        vec![(vec![("switch", one.name.clone())], number(one.double_run_seconds))]
    }),
];

fn of(one: &SwitchStatus, label: &'static str, value: &str) -> Vec<(&'static str, String)> {
    vec![("switch", one.name.clone()), (label, value.to_owned())]
}

fn each(one: &SwitchStatus, label: &'static str, all: &[&str], is: &str) -> Vec<Series> {
    all.iter().map(|value| (of(one, label, value), flag(*value == is))).collect()
}

fn flag(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

fn seconds(at: jiff::Timestamp) -> f64 {
    number(at.as_millisecond().unsigned_abs()) / 1000.0
}

/// Counts, seconds and epochs are far below 2^52, where every integer is a float.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn number(count: u64) -> f64 {
    count as f64
}

/// One series a Switch, and one a file that never was valid.
fn valid(status: &Status) -> Vec<Series> {
    let switches = status.switches.iter().map(|one| (vec![("switch", one.name.clone())], flag(one.declaration.valid)));
    let files = status.invalid.iter().filter(|file| file.keeps.is_none());
    switches.chain(files.map(|file| (vec![("switch", file.file.clone())], 0.0))).collect()
}
