//! How each unit and the whole sync stand, in words and counts. Pure: the reporter writes what this works out.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use teal_agent_core::latch::UnitGate;
use teal_agent_core::{Digest, Health, ObjectId, Prepared};
use teal_api::conditions::{READY, RECONCILING, STALLED, set};
use teal_api::unit::{MAX_PROBLEMS, Problem, UnitState};

use teal_render::helm::ChartError;

use crate::engine::Engine;
use crate::metrics::ObjectState;
use crate::ordering::problem;
use crate::source::Sourced;
use crate::wanted::Unit;

/// Reason of problems that keep nothing from being ready.
const FOREIGN: &str = "ForeignFields";

/// One unit as it stands.
pub(crate) struct UnitReport {
    pub(crate) slug: Arc<str>,
    pub(crate) path: String,
    pub(crate) layer: String,
    pub(crate) digest: Digest,
    pub(crate) state: UnitState,
    /// Everything of it is applied.
    pub(crate) whole: bool,
    pub(crate) objects: u32,
    pub(crate) ready: u32,
    pub(crate) failed: u32,
    pub(crate) drifted: u32,
    pub(crate) problems: Vec<Problem>,
    /// Why it waits, timed out, or nothing.
    pub(crate) why: Option<String>,
    pub(crate) states: BTreeMap<&'static str, u32>,
}

impl UnitReport {
    pub(crate) fn is_ready(&self) -> bool {
        self.state == UnitState::Ready
    }

    /// The first thing that keeps the unit from being ready; fields of others do not.
    fn worst(&self) -> Option<&Problem> {
        self.problems.iter().find(|problem| problem.reason != FOREIGN)
    }

    /// One line for people.
    fn message(&self) -> String {
        let share = format!("{} of {} objects are ready", self.ready, self.objects);
        match (self.worst(), &self.why) {
            (Some(first), _) => {
                let all = self.problems.iter().filter(|problem| problem.reason != FOREIGN).count();
                let more = if all > 1 { format!(" (and {} more)", all - 1) } else { String::new() };
                format!("{}: {}{more}; {share}", first.subject, first.message)
            }
            (None, Some(why)) => why.clone(),
            (None, None) => share,
        }
    }
}

impl ObjectState {
    /// The word in metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ready => "ready",
            Self::progressing => "progressing",
            Self::waiting => "waiting",
            Self::failed => "failed",
        }
    }
}

impl Engine {
    pub(crate) fn unit_reports(&self) -> Vec<UnitReport> {
        self.wanted.units.iter().map(|unit| self.unit_report(unit)).collect()
    }

    fn unit_report(&self, unit: &Unit) -> UnitReport {
        let gate = self.gates.unit(&unit.slug).unwrap_or(UnitGate::Shut);
        let mut report = UnitReport {
            slug: unit.slug.clone(),
            path: unit.path.clone(),
            layer: self.wanted.layers.get(unit.layer).map(|layer| layer.name.clone()).unwrap_or_default(),
            digest: unit.digest,
            state: UnitState::Progressing,
            whole: unit.errors.is_empty(),
            objects: u32::try_from(unit.objects.len()).unwrap_or(u32::MAX),
            ready: 0,
            failed: 0,
            drifted: 0,
            problems: Vec::new(),
            why: None,
            states: BTreeMap::new(),
        };
        let (mut milder, mut foreign) = (Vec::new(), Vec::new());
        for object in unit.objects.iter() {
            let (state, told) = self.object_state(unit, object, gate);
            *report.states.entry(state.as_str()).or_default() += 1;
            report.whole &= self.settled.contains(&object.id);
            match state {
                ObjectState::ready => report.ready += 1,
                ObjectState::failed => report.failed += 1,
                ObjectState::progressing | ObjectState::waiting => {}
            }
            if self.plan.drifted.contains(&object.id) {
                report.drifted += 1;
            }
            if let Some(told) = told {
                if state == ObjectState::failed { report.problems.push(told) } else { milder.push(told) }
            } else if let Some(told) = self.foreign_fields(&object.id) {
                foreign.push(told);
            }
        }
        report.problems.splice(0..0, unit.errors.iter().cloned());
        report.problems.extend(milder.into_iter().chain(foreign));
        report.problems.truncate(MAX_PROBLEMS);
        self.judge(unit, gate, &mut report);
        report
    }

    /// What others put on an object beside what git declares: no drift, but another cluster would lack it (SYNC §5).
    fn foreign_fields(&self, id: &ObjectId) -> Option<Problem> {
        let foreign = self.world.get(id)?.foreign.as_ref()?;
        Some(problem(id, FOREIGN, format!("{foreign}; git does not declare it, so another cluster would lack it")))
    }

    fn judge(&self, unit: &Unit, gate: UnitGate, report: &mut UnitReport) {
        let all_ready = report.ready == report.objects && unit.errors.is_empty();
        let pending = |problem: &Problem| problem.reason == ChartError::PENDING;
        report.state = match gate {
            _ if !unit.errors.is_empty() && report.failed == 0 && unit.errors.iter().all(pending) => {
                UnitState::Progressing
            }
            _ if !unit.errors.is_empty() || report.failed > 0 => UnitState::Failed,
            UnitGate::Shut => {
                report.why = Some(format!("waits for {}", self.gates.waits_for(&unit.slug).join(", ")));
                UnitState::Waiting
            }
            _ if all_ready => UnitState::Ready,
            UnitGate::TimedOut => {
                report.why = Some(format!("not ready within {} s", unit.timeout.as_secs()));
                UnitState::Failed
            }
            _ => UnitState::Progressing,
        };
    }

    fn why_not_settled(&self, id: &ObjectId) -> Option<Problem> {
        if let Some(need) = self.plan.blocked.get(id) {
            return Some(problem(id, "Waiting", format!("waits for {need}")));
        }
        let live = self.world.get(id).and_then(|standing| standing.live.as_ref());
        if live.is_some_and(|live| live.terminating) {
            let message = "is being deleted; it is made anew as soon as its finalizers let it go";
            return Some(problem(id, "Terminating", message));
        }
        let why = self.world.failing().get(&id.group_kind()).filter(|_| live.is_none())?;
        Some(problem(id, "Unknown", format!("its kind can't be watched, so nobody knows how it is: {why}")))
    }

    fn object_state(&self, unit: &Unit, object: &Prepared, gate: UnitGate) -> (ObjectState, Option<Problem>) {
        if gate == UnitGate::Shut {
            return (ObjectState::waiting, None);
        }
        let id = &object.id;
        if let Some((failed, told)) = self.problem_of(id, &object.digest) {
            return (if failed { ObjectState::failed } else { ObjectState::waiting }, Some(told.clone()));
        }
        if self.plan.drifted.contains(id) {
            let message = "differs from git right now".to_owned();
            return (ObjectState::progressing, Some(problem(id, "Drifted", message)));
        }
        if !self.settled.contains(id) {
            return (ObjectState::progressing, self.why_not_settled(id));
        }
        let Some(standing) = self.world.get(id) else { return (ObjectState::ready, None) };
        if standing.health.is_current() || !unit.counts(id) {
            return (ObjectState::ready, None);
        }
        let told = standing.health.why().map(|(reason, message)| problem(id, reason, message));
        match standing.health {
            Health::Failed(_) => (ObjectState::failed, told),
            _ => (ObjectState::progressing, told),
        }
    }
}

/// Sets a unit's conditions.
pub(crate) fn conditions(list: &mut Vec<Condition>, report: &UnitReport, now: jiff::Timestamp) {
    let reason = match report.state {
        UnitState::Ready => "Ready",
        UnitState::Waiting => "Waiting",
        UnitState::Progressing => "Progressing",
        UnitState::Failed => report.worst().map_or("Timeout", |problem| known(&problem.reason)),
    };
    let message = report.message();
    let failed = report.state == UnitState::Failed;
    set(list, READY, report.is_ready(), reason, &message, 1, now);
    let moving = matches!(report.state, UnitState::Progressing | UnitState::Waiting);
    set(list, RECONCILING, moving, reason, if moving { &message } else { "" }, 1, now);
    set(list, STALLED, failed, reason, if failed { &message } else { "" }, 1, now);
}

/// A condition's reason must be one CamelCase word; health reasons come from other people's controllers.
fn known(reason: &str) -> &str {
    let fits = !reason.is_empty() && reason.len() <= 100 && reason.chars().all(|c| c.is_ascii_alphanumeric());
    if fits && reason.starts_with(|c: char| c.is_ascii_alphabetic()) { reason } else { "Failed" }
}

/// Sets the Sync's conditions: is it fine, and if not, why.
pub(crate) fn sync_conditions(
    list: &mut Vec<Condition>,
    engine: &Engine,
    reports: &[UnitReport],
    sourced: Option<&Sourced>,
    generation: i64,
    now: jiff::Timestamp,
) {
    let word = verdict(engine, reports, sourced);
    set(list, READY, word.ready, &word.reason, &word.message, generation, now);
    set(list, RECONCILING, word.moving, &word.reason, if word.moving { &word.message } else { "" }, generation, now);
    set(list, STALLED, word.stalled, &word.reason, if word.stalled { &word.message } else { "" }, generation, now);
}

struct Verdict {
    ready: bool,
    moving: bool,
    stalled: bool,
    reason: String,
    message: String,
}

impl Verdict {
    fn ready(reason: &str, message: String) -> Self {
        Self { ready: true, moving: false, stalled: false, reason: reason.to_owned(), message }
    }
    fn moving(reason: &str, message: String) -> Self {
        Self { ready: false, moving: true, stalled: false, reason: reason.to_owned(), message }
    }
    fn stalled(reason: &str, message: String) -> Self {
        Self { ready: false, moving: false, stalled: true, reason: reason.to_owned(), message }
    }
}

/// The first thing a person should know.
fn verdict(engine: &Engine, reports: &[UnitReport], sourced: Option<&Sourced>) -> Verdict {
    let in_force = match engine.wanted.revision.get(..12) {
        Some(revision) => format!("; commit {revision} stays in force"),
        None => String::new(),
    };
    if engine.sync.spec.suspend {
        return Verdict::stalled(
            "Suspended",
            "spec.suspend is true: nothing is applied and nothing is deleted".to_owned(),
        );
    }
    if let Some((reason, message)) = &engine.stalled {
        return Verdict::stalled(reason, format!("{message}{in_force}"));
    }
    if let Some(sourced) = sourced
        && let Some(error) = &sourced.error
        && (sourced.failures > 1 || sourced.fetched.is_none() || !error.is_transient())
    {
        let message = format!("{error}{in_force}");
        let word = if error.is_transient() { Verdict::moving } else { Verdict::stalled };
        return word(error.reason(), message);
    }
    if let Some((reason, message)) = &engine.rejected {
        return Verdict::stalled(reason, format!("{message}{in_force}"));
    }
    if let Some((reason, message)) = &engine.held_up {
        let message = format!("nothing is applied while Teal can't record it, which is tried again: {message}");
        return Verdict::moving(reason, message);
    }
    if engine.wanted.revision.is_empty() {
        return Verdict::moving("Fetching", "the first commit is being fetched".to_owned());
    }
    if let Some(hold) = engine.pruning.hold.as_ref().filter(|hold| matters(hold)) {
        return Verdict::stalled(hold.reason(), hold.to_string());
    }
    units_verdict(engine, reports)
}

fn units_verdict(engine: &Engine, reports: &[UnitReport]) -> Verdict {
    let not_ready: Vec<_> = reports.iter().filter(|report| !report.is_ready()).collect();
    let revision = engine.wanted.revision.get(..12).unwrap_or_default();
    let worst = not_ready.iter().find(|report| report.state == UnitState::Failed);
    let worst =
        worst.or_else(|| not_ready.iter().find(|report| report.state == UnitState::Progressing)).or(not_ready.first());
    let Some(worst) = worst else {
        let objects: u32 = reports.iter().map(|report| report.objects).sum();
        return Verdict::ready(
            "Synced",
            format!("{objects} objects in {} units are as commit {revision} declares", reports.len()),
        );
    };
    let path = if worst.path.is_empty() { "." } else { &worst.path };
    let message = format!(
        "{} of {} units are not ready at {revision}: {path}: {}",
        not_ready.len(),
        reports.len(),
        worst.message()
    );
    if worst.state == UnitState::Failed {
        let others_move = not_ready.iter().any(|report| report.state == UnitState::Progressing);
        return Verdict {
            ready: false,
            moving: others_move,
            stalled: !others_move,
            reason: "UnitsFailed".to_owned(),
            message,
        };
    }
    Verdict::moving("Progressing", message)
}

/// Whether a hold on pruning means that the cluster is not as declared; others are wished for, or told of already.
fn matters(hold: &teal_agent_core::prune::Hold) -> bool {
    use teal_agent_core::prune::Hold;
    matches!(hold, Hold::EmptySource { .. } | Hold::Share { .. } | Hold::UnknownKind { .. })
}
