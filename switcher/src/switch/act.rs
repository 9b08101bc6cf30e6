//! Does what was decided: one compare-and-swap, or effects that run beside the loop and block nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use teal_api::freeze::{Exempt, FreezeSpec};
use teal_api::switch::FreezePolicy;
use teal_api::sync::Role as ApiRole;
use teal_gates::synced::Wanted;
use teal_switcher_core::step::{Effect, When};
use teal_switcher_core::{Ledger, Role, SealError};
use teal_targets::TargetError;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;

use super::followers::Aim;
use super::gates::{BEFORE, Course, DURING};
use super::kit::Kit;
use crate::cluster::{Cluster, ClusterError, Wish};
use crate::interrupt::Interrupt;
use crate::metrics::{Failure, Metrics};
use crate::wake::Wake;

/// Why a write did not land, as far as known.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The target said no, or nothing.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The ledger could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A color without a destination, which validation excludes.
    #[error("{color} has no destination at the record")]
    NoDestination {
        /// The color.
        color: String,
    },
    /// The system gives no random numbers.
    #[error("no random number for the ledger's seal; the system's entropy source fails")]
    Entropy,
}

impl WriteError {
    /// Closed set: metric label, Event reason and log field alike.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Target(error) => error.reason(),
            Self::Seal(error) => error.reason(),
            Self::NoDestination { .. } => "NoDestination",
            Self::Entropy => "NoEntropy",
        }
    }

    /// Someone else was faster: nothing is wrong, look again.
    #[must_use]
    pub fn raced(&self) -> bool {
        matches!(self, Self::Target(TargetError::Raced { .. }))
    }
}

/// What failed in a cluster, until it succeeds.
pub(crate) type Failures = BTreeMap<String, Why>;

/// Reason (closed set) and message.
pub(crate) type Why = (&'static str, String);

/// The same batch is not sent to a color again before this: the watch is to show what it did, or a server that refuses
/// is not to be asked at the pace of its answers.
const AGAIN: Duration = Duration::from_millis(500);

/// Effects under way, one batch a color at a time.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    running: JoinSet<Result<(), Why>>,
    batches: HashMap<Id, (String, Vec<Effect>)>,
    /// What ended last, by color, and when.
    ended: HashMap<String, (Vec<Effect>, Instant)>,
    /// By color.
    pub(crate) failures: Failures,
}

impl Effects {
    /// Takes in what has ended since the last look.
    pub(crate) fn reap(&mut self, switch: &str, metrics: &Metrics) {
        while let Some(done) = self.running.try_join_next_with_id() {
            let (id, result) = match done {
                Ok(done) => done,
                // A defect of ours; the color is asked again like after any other failure.
                Err(error) => (error.id(), Err(("Aborted", "the task ended before its effects".to_owned()))),
            };
            let Some((color, batch)) = self.batches.remove(&id) else { continue };
            self.ended.insert(color.clone(), (batch, Instant::now()));
            match result {
                Ok(()) => self.failures.remove(&color),
                Err(why) => {
                    let labels =
                        Failure { switch: switch.to_owned(), on: "cluster".to_owned(), reason: why.0.to_owned() };
                    metrics.failures.get_or_create(&labels).inc();
                    self.failures.insert(color, why)
                }
            };
        }
    }

    /// Starts what is asked for. A color whose last batch still runs, or has just ended, is left alone: the next look
    /// asks again.
    pub(crate) fn start(
        &mut self,
        kit: &mut Kit,
        ledger: Option<&Ledger>,
        effects: &[Effect],
        wake: &Wake,
        interrupt: &Interrupt,
    ) {
        let mut batches: BTreeMap<String, Vec<Effect>> = BTreeMap::new();
        for effect in effects {
            match color_of(effect) {
                None if of_target(kit, effect) => {}
                Some(color) => batches.entry(color.to_owned()).or_default().push(effect.clone()),
                None => run_gates(kit, ledger, effect),
            }
        }
        let freeze = kit.declared.switch.freeze.clone();
        for (color, batch) in batches {
            let Some(cluster) = kit.clusters.get(&color).cloned() else { continue };
            if self.leaves(&color, &batch, Instant::now()) {
                continue;
            }
            let (switch, freeze, wake, interrupt, run) =
                (kit.declared.switch.name.clone(), freeze.clone(), wake.clone(), interrupt.clone(), batch.clone());
            let running = self.running.spawn(async move {
                let result = run_batch(&cluster, &switch, &run, freeze.as_ref(), &interrupt).await;
                wake.ring();
                result
            });
            self.batches.insert(running.id(), (color, batch));
        }
    }

    /// Is this color left alone with this batch for now?
    fn leaves(&self, color: &str, batch: &[Effect], now: Instant) -> bool {
        let just = self.ended.get(color).filter(|(_, at)| now.duration_since(*at) < AGAIN);
        self.batches.values().any(|(busy, _)| busy == color) || just.is_some_and(|(last, _)| last == batch)
    }
}

fn color_of(effect: &Effect) -> Option<&str> {
    match effect {
        Effect::Freeze { color, .. }
        | Effect::Unfreeze { color, .. }
        | Effect::Pin { color, .. }
        | Effect::Unpin { color, .. }
        | Effect::SetRole { color, .. } => Some(color.as_str()),
        Effect::RunGates { .. } | Effect::Route { .. } | Effect::Clear { .. } => None,
    }
}

/// Hands what a target is to do to its own task, which does one thing after another.
fn of_target(kit: &Kit, effect: &Effect) -> bool {
    match effect {
        Effect::Route { target, split, ttl, op, back } => {
            kit.followers.aim(*target, Aim { split: split.clone(), ttl: *ttl, op: op.clone(), back: *back });
        }
        Effect::Clear { target, change } => kit.followers.clear(*target, change),
        _ => return false,
    }
    true
}

fn run_gates(kit: &mut Kit, ledger: Option<&Ledger>, effect: &Effect) {
    let (Effect::RunGates { when, color }, Some(ledger)) = (effect, ledger) else { return };
    let live = ledger
        .course
        .as_ref()
        .map_or(&ledger.active, |course| if course.to == *color { &course.from } else { &course.to });
    let switch = &kit.declared.switch;
    let (when, gates) = match when {
        When::Before => (BEFORE, switch.gates.before.clone()),
        When::During => (DURING, switch.gates.during.clone()),
    };
    let wanted =
        ledger.fleet.as_ref().map(|fleet| Wanted { revision: fleet.commit.clone(), digest: fleet.digest.clone() });
    let wanted = wanted.unwrap_or_else(|| Wanted { revision: String::new(), digest: Default::default() });
    let course =
        Course { op: ledger.op.clone(), when, gates, live: live.to_string(), other: color.to_string(), wanted };
    kit.gates.follow(Some(course));
}

/// Every effect fails alone; the first failure is told.
async fn run_batch(
    cluster: &Arc<Cluster>,
    switch: &str,
    batch: &[Effect],
    policy: Option<&FreezePolicy>,
    interrupt: &Interrupt,
) -> Result<(), Why> {
    let mut first = Ok(());
    let mut note = |effect: &str, result: Result<(), ClusterError>| match result {
        Ok(()) => tracing::info!(switch, effect, "Effect done"),
        Err(error) => {
            tracing::warn!(
                switch,
                effect,
                error = &error as &dyn std::error::Error,
                reason = error.reason(),
                "Effect failed"
            );
            if first.is_ok() {
                first = Err((error.reason(), format!("{effect}: {error}")));
            }
        }
    };
    if batch.iter().any(is_of_sync) {
        interrupt.at(&format!("before {}", told(batch))).await;
        note("set role and pin", set_sync(cluster, batch).await);
        interrupt.at(&format!("after {}", told(batch))).await;
    }
    for effect in batch {
        match effect {
            Effect::Freeze { op, until_ms, .. } => {
                interrupt.at("before freeze").await;
                let spec = spec(switch, *until_ms, policy);
                note("freeze", cluster.freeze(switch, op, &spec).await);
                interrupt.at("after freeze").await;
            }
            Effect::Unfreeze { op, .. } => {
                interrupt.at("before unfreeze").await;
                note("unfreeze", cluster.thaw(switch, op).await);
                interrupt.at("after unfreeze").await;
            }
            Effect::Pin { .. }
            | Effect::Unpin { .. }
            | Effect::SetRole { .. }
            | Effect::Route { .. }
            | Effect::Clear { .. }
            | Effect::RunGates { .. } => {}
        }
    }
    first
}

fn is_of_sync(effect: &Effect) -> bool {
    matches!(effect, Effect::Pin { .. } | Effect::Unpin { .. } | Effect::SetRole { .. })
}

fn told(batch: &[Effect]) -> String {
    let words = batch.iter().filter_map(|effect| match effect {
        Effect::Pin { color, .. } => Some(format!("pin {color}")),
        Effect::Unpin { color, .. } => Some(format!("unpin {color}")),
        Effect::SetRole { color, role } => Some(format!("role {color} {role}")),
        _ => None,
    });
    words.collect::<Vec<_>>().join(" and ")
}

/// All wishes for one Sync in one request, on top of what it has.
async fn set_sync(cluster: &Cluster, batch: &[Effect]) -> Result<(), ClusterError> {
    let known = cluster.known();
    let Some(view) = known.view else { return Err(ClusterError::Unreachable("not read yet".to_owned())) };
    let mut wish = view.sync.as_ref().map(Wish::of).unwrap_or_default();
    for effect in batch {
        match effect {
            Effect::Pin { commit, .. } => wish.pin = Some(commit.clone()),
            Effect::Unpin { commit, .. } if wish.pin.as_ref() == Some(commit) => wish.pin = None,
            Effect::SetRole { role: Role::Active, .. } => wish.role = Some(ApiRole::Active),
            Effect::SetRole { role: Role::Standby, .. } => wish.role = Some(ApiRole::Standby),
            _ => {}
        }
    }
    cluster.apply(&view, &wish).await
}

fn spec(switch: &str, until_ms: u64, policy: Option<&FreezePolicy>) -> FreezeSpec {
    let until = i64::try_from(until_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let exempt =
        policy.map(|policy| Exempt { users: policy.exempt_users.clone(), groups: policy.exempt_groups.clone() });
    FreezeSpec {
        reason: format!("the traffic of {switch} is being moved to another cluster"),
        until: until.unwrap_or_else(jiff::Timestamp::now).to_string(),
        exempt: exempt.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use teal_switcher_core::Color;

    use super::*;

    #[test]
    fn what_has_just_been_done_is_given_time_to_be_seen() {
        let of = |op: &str| vec![Effect::Unfreeze { color: Color::new("blue"), op: op.to_owned() }];
        let ended = Instant::now();
        let effects = Effects { ended: HashMap::from([("blue".to_owned(), (of("a"), ended))]), ..Effects::default() };
        assert!(effects.leaves("blue", &of("a"), ended), "the watch has not shown it yet");
        assert!(!effects.leaves("blue", &of("a"), ended + AGAIN), "it has not, for long");
        assert!(!effects.leaves("blue", &of("b"), ended), "something else");
        assert!(!effects.leaves("green", &of("a"), ended), "another color");
    }
}
