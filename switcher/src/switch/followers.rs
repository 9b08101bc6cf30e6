//! The targets besides the ledger's record: each is read and written by a task of its own, one request at a time, so
//! that no old write of ours overtakes a new one. The loop only takes what is known (G4).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use teal_switcher_core::{Color, TargetSeen, Value};
use teal_targets::{Op, Retry, RoutedNow, Settled, Split, Target, TargetError, Written};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::copies::Copies;
use super::inspection::{Found, Turn};
use super::kit::Busy;
use super::operation::{Ended, Operation};
use super::pace::Pace;
use crate::config::SwitcherConfig;
use crate::metrics::{Failure, Metrics};
use crate::wake::Wake;

/// An aim older than this is no longer sent: what it was decided on may have changed.
pub(super) const AIM_LIFE: Duration = Duration::from_secs(5);

/// What a target is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Aim {
    /// Percent by color.
    pub split: BTreeMap<Color, u8>,
    /// Seconds.
    pub ttl: Option<u32>,
    /// The move's opId.
    pub op: String,
    /// Traffic goes back.
    pub back: bool,
}

/// What is known of one target.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// The newest reading and when it began; an error when it failed.
    pub(crate) read: Option<(Instant, Result<RoutedNow, String>)>,
    /// When that was, for people.
    pub(crate) at: Option<Timestamp>,
    /// What was last asked of it, and why that can't be had.
    failed: Option<(Aim, String)>,
    /// What the provider took last.
    took: Option<Aim>,
    /// The provider's operation for it, while nobody knows how it ends.
    operation: Option<Operation>,
    /// What inspecting it found.
    found: Found,
    aim: Option<(Instant, Aim)>,
    copies: Copies,
}

/// One target and its task.
#[derive(Debug)]
struct One {
    target: Target,
    known: Arc<Mutex<Known>>,
    look: Wake,
}

/// All of them, in declared order.
#[derive(Debug)]
pub(crate) struct Followers {
    all: Vec<One>,
    changed: watch::Receiver<u64>,
}

/// What every task needs.
#[derive(Clone)]
pub(crate) struct Round {
    pub(crate) switch: String,
    pub(crate) busy: Busy,
    pub(crate) often: Duration,
    pub(crate) seldom: Duration,
    pub(crate) metrics: Metrics,
}

impl Round {
    pub(crate) fn new(switch: &str, busy: Busy, config: &SwitcherConfig, metrics: Metrics) -> Self {
        let (often, seldom) = (config.busy_interval, config.idle_interval);
        Self { switch: switch.to_owned(), busy, often, seldom, metrics }
    }

    /// What a target did not do for us, counted and told.
    pub(super) fn failed(&self, target: &Target, error: &TargetError, what: &str) {
        let labels =
            Failure { switch: self.switch.clone(), on: "target".to_owned(), reason: error.reason().to_owned() };
        self.metrics.failures.get_or_create(&labels).inc();
        tracing::warn!(
            switch = self.switch,
            target = target.name(),
            error = error as &dyn std::error::Error,
            reason = error.reason(),
            "{what}"
        );
    }
}

impl Followers {
    /// Starts a task for each, in `tasks`.
    pub(crate) fn start(targets: &[Target], round: &Round, tasks: &mut JoinSet<()>) -> Self {
        let (sender, changed) = watch::channel(0);
        let mut all = Vec::new();
        for target in targets {
            let known = Known { copies: Copies::of(target.truths().copies), ..Known::default() };
            let one = One { target: target.clone(), known: Arc::new(Mutex::new(known)), look: Wake::default() };
            let (target, known, look) = (one.target.clone(), one.known.clone(), one.look.clone());
            tasks.spawn(follow(target, known, look, round.clone(), sender.clone()));
            all.push(one);
        }
        Self { all, changed }
    }

    pub(crate) fn changed(&self) -> watch::Receiver<u64> {
        self.changed.clone()
    }

    /// Reads all again at once.
    pub(crate) fn look_now(&self) {
        self.all.iter().for_each(|one| one.look.ring());
    }

    /// Asks a target to throw away its copies of before `change`.
    pub(crate) fn clear(&self, index: usize, change: &str) {
        let Some(one) = self.all.get(index) else { return };
        lock(&one.known).copies.ask(change);
        one.look.ring();
    }

    /// Asks a target to route so; an aim that is under way is not repeated.
    pub(crate) fn aim(&self, index: usize, aim: Aim) {
        let Some(one) = self.all.get(index) else { return };
        lock(&one.known).aim = Some((Instant::now(), aim));
        one.look.ring();
    }

    /// What is known, for deciding.
    pub(crate) fn seen(&self) -> Vec<TargetSeen> {
        self.all.iter().map(|one| lock(&one.known).seen()).collect()
    }

    /// What is known, for people.
    pub(crate) fn known(&self) -> Vec<(Target, Known)> {
        self.all.iter().map(|one| (one.target.clone(), lock(&one.known).clone())).collect()
    }
}

impl Known {
    fn seen(&self) -> TargetSeen {
        let unread = |why: &str| TargetSeen {
            value: Value::Unreadable(why.to_owned()),
            ttl: None,
            age: Duration::ZERO,
            working: None,
            failed: self.failed.as_ref().map(|(_, why)| why.clone()),
            inspected: self.found.seen(),
            cleared: self.copies.gone(),
        };
        let now = match &self.read {
            None => return unread("not read yet"),
            Some((_, Err(why))) => return unread(why),
            Some((began, Ok(now))) => (began, now),
        };
        let (began, now) = now;
        let refused = match (&now.settled, &self.took) {
            // An older failure, of before we asked, says nothing.
            (Settled::Failed { why }, Some(_)) => Some(why.clone()),
            _ => None,
        };
        // Its operation is asked first: it has the provider's own words.
        let refused = refused.filter(|_| self.operation.is_none());
        TargetSeen {
            value: value(now),
            ttl: now.ttl,
            age: began.elapsed(),
            working: match &now.settled {
                Settled::Working { what, .. } => Some(what.clone()),
                Settled::Failed { why } if self.operation.is_some() => Some(why.clone()),
                Settled::Yes | Settled::Failed { .. } => None,
            },
            failed: self.failed.as_ref().map(|(_, why)| why.clone()).or(refused),
            inspected: self.found.seen(),
            cleared: self.copies.gone(),
        }
    }
}

/// Where a target routes to, in the words of deciding.
pub(crate) fn value(now: &RoutedNow) -> Value {
    if let Some(what) = &now.foreign {
        return Value::Foreign(what.clone());
    }
    let share = |(color, share): (&String, &u32)| (Color::new(color), u8::try_from(*share).unwrap_or(100));
    Value::of(now.shares.iter().map(share).collect())
}

async fn follow(target: Target, known: Arc<Mutex<Known>>, look: Wake, round: Round, sender: watch::Sender<u64>) {
    let (mut turn, mut writes) = (Turn::default(), Pace::new());
    loop {
        let before = lock(&known).seen();
        let aim = lock(&known).aim.take().filter(|(asked, _)| asked.elapsed() <= AIM_LIFE);
        let aim = aim.filter(|(_, aim)| writes.left(aim.back).is_none());
        let clear = lock(&known).copies.take_asked().filter(|_| writes.left(false).is_none());
        match (aim, clear) {
            (Some((_, aim)), _) => write(&target, &known, aim, &round, &mut writes).await,
            (None, Some(change)) => clear_copies(&target, &known, change, &round, &mut writes).await,
            (None, None) => {
                poll(&target, &known, &round).await;
                read(&target, &known).await;
            }
        }
        let found = lock(&known).found.clone();
        if turn.is_due(&found, &round.busy) {
            let found = found.at(&target).await;
            lock(&known).found = found;
            turn.taken();
        }
        let after = lock(&known).seen();
        let ageless = |seen: TargetSeen| TargetSeen { age: Duration::ZERO, ..seen };
        if round.busy.is() || ageless(before) != ageless(after) {
            sender.send_modify(|count| *count += 1);
        }
        let pause = if round.busy.is() { round.often } else { round.seldom };
        tokio::select! { () = tokio::time::sleep(pause) => {} () = look.rung() => {} }
    }
}

async fn read(target: &Target, known: &Mutex<Known>) {
    let began = Instant::now();
    let found = target.now().await;
    let mut known = lock(known);
    known.at = Some(Timestamp::now());
    match found {
        Ok(now) => known.take(began, now),
        Err(error) => known.read = Some((began, Err(error.to_string()))),
    }
}

impl Known {
    fn take(&mut self, began: Instant, now: RoutedNow) {
        self.read = Some((began, Ok(now)));
    }

    /// What a person should know of it.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let now = self.read.iter().flat_map(|(_, read)| read).flat_map(|now| now.warnings.clone());
        let mut all: Vec<String> = now.chain(self.found.words()).chain(self.copies.kept()).collect();
        all.sort();
        all.dedup();
        all
    }
}

/// Asks how the provider's operations are, when it is time.
async fn poll(target: &Target, known: &Mutex<Known>, round: &Round) {
    let (operation, going) = {
        let known = lock(known);
        (known.operation.clone(), known.copies.going())
    };
    if let Some(mut operation) = operation {
        let ended = operation.ask(target, round).await;
        let mut known = lock(known);
        if known.operation.as_ref().is_some_and(|old| old.is(&operation)) {
            known.operation = ended.is_none().then_some(operation);
            if let (Some(Ended::Failed(why)), Some(aim)) = (ended, known.took.clone()) {
                known.failed = Some((aim, why));
            }
        }
    }
    if let Some((change, mut operation)) = going {
        match operation.ask(target, round).await {
            Some(ended) => lock(known).copies.ended(change, ended),
            None => lock(known).copies.goes_on(change, operation),
        }
    }
}

const UNWRITTEN: &str = "Target not written";

/// One write at most, with its read-back; whatever comes of it is seen by the next reading.
async fn write(target: &Target, known: &Mutex<Known>, aim: Aim, round: &Round, pace: &mut Pace) {
    let parts = aim.split.iter().map(|(color, share)| (color.as_str(), u32::from(*share)));
    let Some(split) = Split::of(parts) else { return };
    {
        let mut known = lock(known);
        if known.failed.as_ref().is_some_and(|(old, _)| *old != aim) {
            known.failed = None;
        }
        if known.took.as_ref().is_some_and(|old| *old != aim) {
            known.took = None;
        }
    }
    let began = Instant::now();
    let op = Op { id: aim.op.clone(), ttl: aim.ttl, back: aim.back };
    match target.route(&split, &op).await {
        Ok(Written::Done(now)) => {
            pace.succeeded();
            tracing::info!(switch = round.switch, target = target.name(), %split, "Target routes so");
            let mut known = lock(known);
            (known.failed, known.took, known.at) = (None, Some(aim), Some(Timestamp::now()));
            known.operation = None;
            known.take(began, now);
        }
        Ok(Written::Working { operation, now }) => {
            pace.succeeded();
            let mut known = lock(known);
            let operation = operation.map(Operation::new);
            known.operation =
                operation.or_else(|| known.operation.take().filter(|_| known.took.as_ref() == Some(&aim)));
            (known.took, known.at) = (Some(aim), Some(Timestamp::now()));
            known.take(began, now);
        }
        Err(error) => {
            round.failed(target, &error, UNWRITTEN);
            if error.retry() != Retry::AfterRead {
                pace.failed();
            }
            if error.retry() == Retry::WhenConfigChanges {
                lock(known).failed = Some((aim, error.to_string()));
            }
            read(target, known).await;
        }
    }
}

/// Has a target throw its copies away; one that may not is not asked again.
async fn clear_copies(target: &Target, known: &Mutex<Known>, change: String, round: &Round, pace: &mut Pace) {
    match target.clear().await {
        Ok(operation) => {
            pace.succeeded();
            tracing::info!(switch = round.switch, target = target.name(), "Old copies are thrown away");
            lock(known).copies.started(change, operation);
        }
        Err(error) => {
            round.failed(target, &error, UNWRITTEN);
            pace.failed();
            if error.retry() == Retry::WhenConfigChanges {
                lock(known).copies.ended(change, Ended::Failed(error.to_string()));
            }
        }
    }
}

/// A poisoned lock still holds whole values: every critical section here only assigns.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
