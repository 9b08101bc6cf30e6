//! Runs the declared gates in tasks of their own, again and again while their stage lasts, and keeps the last report of
//! each. The loop reads what is there and never waits.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use teal_api::switch::{Gate, HttpProbe, Topology};
use teal_gates::synced::{Side, Wanted};
use teal_gates::{Outcome, Report, aks, azure_monitor, http, parity, platform, prometheus, synced, topology};
use teal_switcher_core::gate::{GateSeen, Limits, Standing, Tally};
use teal_targets::lookup;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::status::{GateStatus, ParityStatus};

/// Time between two measurements of a gate that has no interval of its own.
const INTERVAL: Duration = Duration::from_secs(2);
/// Oldest view of a cluster that a gate may rest on.
const FRESH: Duration = Duration::from_secs(15);

/// The list of gates before the shift.
pub(crate) const BEFORE: &str = "before";
/// The list of gates from the shift on.
pub(crate) const DURING: &str = "during";

/// What is to be measured now.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Course {
    /// The move it belongs to: results of one never count for another.
    pub op: String,
    /// [`BEFORE`] or [`DURING`].
    pub when: &'static str,
    /// In the order of the declaration.
    pub gates: Vec<Gate>,
    /// The color that serves, or served until now.
    pub live: String,
    /// The color under test.
    pub other: String,
    /// F.
    pub wanted: Wanted,
}

/// The last measurement of a gate and what all of them add up to.
#[derive(Debug, Clone)]
struct Last {
    status: GateStatus,
    at: Instant,
    tally: Tally,
    limits: Limits,
    /// Since when it stands where it stands.
    since: Instant,
}

/// Results by place in the declaration, and the newest parity.
#[derive(Debug, Default)]
struct Board {
    /// Counts the courses: what an earlier one still measures while it is stopped is not taken in.
    run: u64,
    last: BTreeMap<usize, Last>,
    /// The gates before the shift, as they were when it was decided.
    at_shift: Vec<GateStatus>,
    parity: Option<ParityStatus>,
}

/// The runner of one Switch.
#[derive(Debug)]
pub(crate) struct Runner {
    clusters: Arc<BTreeMap<String, Arc<Cluster>>>,
    /// For metrics of Azure Monitor, where a gate asks for them.
    azure: Option<teal_azure::Client>,
    board: Arc<Mutex<Board>>,
    course: Option<Course>,
    tasks: JoinSet<()>,
    changed: watch::Sender<u64>,
}

impl Runner {
    pub(crate) fn new(clusters: Arc<BTreeMap<String, Arc<Cluster>>>, azure: Option<teal_azure::Client>) -> Self {
        Self {
            clusters,
            azure,
            board: Arc::default(),
            course: None,
            tasks: JoinSet::new(),
            changed: watch::channel(0).0,
        }
    }

    /// Changes whenever a gate was measured.
    pub(crate) fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Measures `course` from now on; the same course goes on undisturbed, another one starts afresh.
    pub(crate) fn follow(&mut self, course: Option<Course>) {
        if self.course == course {
            return;
        }
        let run = self.stop();
        if let Some(course) = &course {
            let mut board = lock(&self.board);
            board.last.clear();
            if course.when == BEFORE {
                board.at_shift.clear();
            }
            drop(board);
            for (index, gate) in course.gates.iter().enumerate() {
                let work = Work {
                    index,
                    name: name(&course.gates, index),
                    gate: gate.clone(),
                    course: course.clone(),
                    clusters: self.clusters.clone(),
                    azure: self.azure.clone(),
                    run,
                };
                self.tasks.spawn(measure_for_ever(work, self.board.clone(), self.changed.clone()));
            }
        }
        self.course = course;
    }

    /// Ends every measurement under way.
    fn stop(&mut self) -> u64 {
        self.tasks.abort_all();
        let mut board = lock(&self.board);
        board.run += 1;
        board.run
    }

    /// Traffic has moved: what had to pass before is measured no more, and stays as `seen` when that was decided.
    pub(crate) fn shifted(&mut self, seen: Vec<GateStatus>) {
        if self.course.as_ref().is_none_or(|course| course.when != BEFORE) {
            return;
        }
        self.stop();
        self.course = None;
        let mut board = lock(&self.board);
        board.last.clear();
        board.at_shift = seen.into_iter().map(|status| GateStatus { at_shift: true, ..status }).collect();
    }

    /// The gates as they were at the shift, then the last measurement of every gate that was measured since, each in
    /// the order of the declaration.
    pub(crate) fn statuses(&self) -> Vec<GateStatus> {
        let board = lock(&self.board);
        board.at_shift.iter().chain(board.last.values().map(|last| &last.status)).cloned().collect()
    }

    /// Where every gate of one list stands; gates that are not measured are pending.
    pub(crate) fn standings(&self, op: &str, when: &str, gates: &[Gate]) -> Vec<GateSeen> {
        let ours = self.course.as_ref().is_some_and(|course| course.op == op && course.when == when);
        let board = lock(&self.board);
        let seen = |index: usize| match board.last.get(&index).filter(|_| ours) {
            Some(last) => GateSeen {
                name: name(gates, index),
                standing: last.tally.standing(&last.limits),
                message: last.status.report.message.clone(),
                age: last.at.elapsed(),
                since: last.since.elapsed(),
            },
            None => GateSeen {
                name: name(gates, index),
                standing: Standing::Pending,
                message: "not measured yet".to_owned(),
                age: Duration::ZERO,
                since: Duration::ZERO,
            },
        };
        (0..gates.len()).map(seen).collect()
    }

    /// The newest parity.
    pub(crate) fn parity(&self) -> Option<ParityStatus> {
        lock(&self.board).parity.clone()
    }

    /// Measures parity once, for the page, outside of any move.
    pub(crate) fn look_at_parity(&mut self, live: &str, other: &str) {
        let (board, clusters, changed) = (self.board.clone(), self.clusters.clone(), self.changed.clone());
        let (live, other) = (live.to_owned(), other.to_owned());
        self.tasks.spawn(async move {
            let (_, status) = measure_parity(&clusters, &live, &other, 100.0).await;
            lock(&board).parity = Some(status);
            changed.send_modify(|count| *count += 1);
        });
        while self.tasks.try_join_next().is_some() {}
    }
}

struct Work {
    index: usize,
    name: String,
    gate: Gate,
    course: Course,
    clusters: Arc<BTreeMap<String, Arc<Cluster>>>,
    azure: Option<teal_azure::Client>,
    run: u64,
}

async fn measure_for_ever(work: Work, board: Arc<Mutex<Board>>, changed: watch::Sender<u64>) {
    let (interval, limits) = match &work.gate {
        Gate::Prometheus(gate) => (gate.interval, Limits { failures: gate.failure_limit, ..Limits::default() }),
        Gate::AzureMonitor(gate) => (gate.interval, Limits { failures: gate.failure_limit, ..Limits::default() }),
        _ => (INTERVAL, Limits::default()),
    };
    let (mut tally, mut since) = (Tally::default(), Instant::now());
    loop {
        let (began, at) = (Instant::now(), Timestamp::now());
        let (mut report, parity) = work.measure().await;
        work.name.clone_into(&mut report.gate);
        let before = tally.standing(&limits);
        tally.add(report.outcome.into());
        let changes = tally.standing(&limits) != before;
        if changes {
            since = began;
        }
        let status = GateStatus { when: work.course.when.to_owned(), at_shift: false, at, report };
        {
            let mut board = lock(&board);
            if board.run != work.run {
                return;
            }
            board.last.insert(work.index, Last { status, at: began, tally, limits, since });
            if parity.is_some() {
                board.parity = parity;
            }
        }
        changed.send_modify(|count| *count += 1);
        tokio::time::sleep_until(began + interval).await;
    }
}

impl Work {
    async fn measure(&self) -> (Report, Option<ParityStatus>) {
        let course = &self.course;
        match &self.gate {
            Gate::Platform => (self.platform().await, None),
            Gate::Synced => (self.synced(), None),
            Gate::Http(probe) => (http::check(&for_color(probe, &course.other)).await, None),
            Gate::Prometheus(gate) => (prometheus::check(gate, &course.other, None).await, None),
            Gate::AzureMonitor(gate) => match &self.azure {
                Some(azure) => (azure_monitor::check(azure, gate, &course.other, &course.live).await, None),
                None => (Report::new("azureMonitor", Outcome::Error, "there is no Azure identity to ask with"), None),
            },
            Gate::Topology(declared) => (measure_topology(declared, &course.live, self.azure.as_ref()).await, None),
            Gate::Parity { minimum } => {
                let (report, status) = measure_parity(&self.clusters, &course.live, &course.other, *minimum).await;
                (report, Some(status))
            }
        }
    }

    async fn platform(&self) -> Report {
        let unknown = |why: String| Report::new("platform", Outcome::Error, format!("{}: {why}", self.course.other));
        let Some(cluster) = self.clusters.get(&self.course.other) else { return unknown("has no cluster".to_owned()) };
        let inside = async {
            match cluster.client().await {
                Ok(client) => platform::check(&client).await,
                Err(error) => unknown(error.to_string()),
            }
        };
        match cluster.aks() {
            None => inside.await,
            Some((id, azure)) => {
                let (arm, inside) = tokio::join!(aks::check(azure, id), inside);
                aks::together(arm, inside)
            }
        }
    }

    fn synced(&self) -> Report {
        let known: Vec<_> = [&self.course.live, &self.course.other]
            .map(|color| (color, self.clusters.get(color).map(|cluster| cluster.known()).unwrap_or_default()))
            .into();
        let sides: Vec<Side<'_>> = known
            .iter()
            .map(|(color, known)| {
                let sync = known.fresh(FRESH).and_then(|view| view.sync.as_ref().map_err(Clone::clone));
                Side { color, sync }
            })
            .collect();
        synced::check(&self.course.wanted, &sides)
    }
}

async fn measure_topology(declared: &Topology, live: &str, azure: Option<&teal_azure::Client>) -> Report {
    let began = Instant::now();
    let names = topology::hosts(declared)
        .into_iter()
        .map(async |host| (host.to_owned(), lookup::addresses(&declared.resolver, host, topology::TIMEOUT).await));
    let (names, answers, origins) =
        tokio::join!(futures::future::join_all(names), topology::ask(declared), topology::origins(declared, azure));
    topology::judge(declared, live, &topology::Seen { names, answers, origins }).took(began.elapsed())
}

async fn measure_parity(
    clusters: &BTreeMap<String, Arc<Cluster>>,
    live: &str,
    other: &str,
    minimum: f64,
) -> (Report, ParityStatus) {
    let began = Instant::now();
    let read = async |color: &str| -> Result<_, String> {
        let cluster = clusters.get(color).ok_or_else(|| format!("{color} has no cluster"))?;
        let known = cluster.known();
        let told = |why: String| format!("{color}: {why}");
        let sync = known.fresh(FRESH).and_then(|view| view.sync.clone()).map_err(told)?;
        let client = cluster.client().await.map_err(|error| told(error.to_string()))?;
        let reading = tokio::time::timeout(platform::TIMEOUT, parity::read(&client, &sync)).await;
        reading.unwrap_or_else(|_| Err("the API server took too long".to_owned())).map_err(told)
    };
    let (ours, theirs) = tokio::join!(read(live), read(other));
    let measured = match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => parity::judge((live, &ours), (other, &theirs), minimum),
        (ours, theirs) => {
            let why: Vec<String> = [ours.err(), theirs.err()].into_iter().flatten().collect();
            let report = Report::new("parity", Outcome::Error, why.join("; "));
            parity::Measured { report, ratio: None, objects: BTreeMap::new(), differing: Vec::new() }
        }
    };
    let report = measured.report.took(began.elapsed());
    let status = ParityStatus {
        outcome: report.outcome.as_str().to_owned(),
        ratio: measured.ratio,
        message: report.message.clone(),
        objects: measured.objects.into_iter().map(|(state, count)| (state.to_owned(), count)).collect(),
        differing: measured.differing.into_iter().take(parity::NAMED).collect(),
        at: Timestamp::now(),
    };
    (report, status)
}

/// `${color}` in a URL is the color under test.
fn for_color(probe: &HttpProbe, color: &str) -> HttpProbe {
    HttpProbe { url: probe.url.replace("${color}", color), ..probe.clone() }
}

/// The kind of a gate, with a number from the second of its kind on: every gate has a name of its own.
fn name(gates: &[Gate], index: usize) -> String {
    let kind = |gate: &Gate| match gate {
        Gate::Platform => "platform",
        Gate::Synced => "synced",
        Gate::Parity { .. } => "parity",
        Gate::Http(_) => "http",
        Gate::Prometheus(_) => "prometheus",
        Gate::AzureMonitor(_) => "azureMonitor",
        Gate::Topology(_) => "topology",
    };
    let Some(own) = gates.get(index).map(kind) else { return String::new() };
    match gates.iter().take(index).filter(|gate| kind(gate) == own).count() {
        0 => own.to_owned(),
        before => format!("{own}-{}", before + 1),
    }
}

/// A poisoned lock still holds whole values: every critical section here only assigns.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "gates_tests.rs"]
mod tests;
