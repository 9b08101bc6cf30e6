//! Tells every transition once: log, history, metrics, Events on both clusters.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use teal_switcher_core::{Ledger, ParkedWhy, Phase, Step, Task};
use tokio::time::Instant;

use crate::cluster::{Cluster, Teller};
use crate::metrics::{Metrics, Move};
use crate::status::Transition;

/// Transitions that are kept.
const KEPT: usize = 200;

/// What was told, and the ledger it was told of.
#[derive(Debug, Default)]
pub(crate) struct Chronicle {
    last: Option<Ledger>,
    entries: VecDeque<Transition>,
    /// When the move under way was first seen.
    began: Option<(String, Instant)>,
}

/// Why the ledger is as it is: our own step, or nobody told us.
pub(crate) enum Cause<'a> {
    /// We wrote it.
    Ours(&'a Step, &'a str),
    /// Found.
    Found,
}

impl Chronicle {
    /// Newest first.
    pub(crate) fn entries(&self) -> Vec<Transition> {
        self.entries.iter().cloned().collect()
    }

    /// How long the move under way has lasted, as far as this process knows.
    pub(crate) fn lasting(&self) -> u64 {
        self.began.as_ref().map_or(0, |(_, since)| since.elapsed().as_secs())
    }

    /// Takes note of a ledger; returns what is to be told to the clusters when it is news.
    pub(crate) fn note(
        &mut self,
        switch: &str,
        ledger: &Ledger,
        cause: &Cause<'_>,
        metrics: &Metrics,
    ) -> Option<Teller> {
        let before = self.last.replace(ledger.clone());
        if before.as_ref().is_some_and(|before| same(before, ledger)) {
            return None;
        }
        let entry = entry(before.as_ref(), ledger, cause);
        tracing::info!(
            switch, from = entry.from, to = entry.to, colors = entry.colors, epoch = entry.epoch, by = entry.by,
            revision = entry.revision, evidence = ?entry.evidence, why = entry.why, "Switch moved on"
        );
        self.count(switch, before.as_ref(), ledger, metrics);
        let phase_changed = before.as_ref().is_none_or(|before| before.phase != ledger.phase);
        let told = Teller {
            reason: ledger.phase.as_str().to_owned(),
            note: format!("{switch}: {} ({}): {}", entry.to, entry.colors, entry.why),
            warning: matches!(ledger.phase, Phase::RollingBack | Phase::Parked),
        };
        // The first look of a process is no event.
        let news = phase_changed && before.is_some();
        self.entries.push_front(entry);
        self.entries.truncate(KEPT);
        news.then_some(told)
    }

    fn count(&mut self, switch: &str, before: Option<&Ledger>, ledger: &Ledger, metrics: &Metrics) {
        if !ledger.phase.at_rest() {
            if self.began.as_ref().is_none_or(|(op, _)| *op != ledger.op) {
                self.began = Some((ledger.op.clone(), Instant::now()));
            }
            return;
        }
        let began = self.began.take();
        let (Some(before), Some(course)) = (before, &ledger.course) else { return };
        if before.phase.at_rest() {
            return;
        }
        let result = match (ledger.phase, ledger.parked.as_ref().map(|parked| parked.why)) {
            (Phase::Steady, None) if ledger.active == course.to => "completed",
            (
                _,
                Some(
                    ParkedWhy::Aborted
                    | ParkedWhy::GateFailed
                    | ParkedWhy::Deadline
                    | ParkedWhy::FreezeExpired
                    | ParkedWhy::MixedCommit,
                ),
            ) => "aborted",
            (_, Some(ParkedWhy::ForeignWrite | ParkedWhy::Rewritten)) => "parked",
            _ => "rolled_back",
        };
        let labels = Move {
            switch: switch.to_owned(),
            from: course.from.to_string(),
            to: course.to.to_string(),
            result: result.to_owned(),
        };
        metrics.moves.get_or_create(&labels).inc();
        if let Some((_, since)) = began {
            metrics.duration.get_or_create(&labels).observe(since.elapsed().as_secs_f64());
        }
    }
}

/// Whether nothing happened that a person would call an event.
fn same(before: &Ledger, now: &Ledger) -> bool {
    before.lineage == now.lineage
        && before.phase == now.phase
        && before.task == now.task
        && before.active == now.active
        && before.op == now.op
        && before.routing.stage == now.routing.stage
        && before.order == now.order
        && before.parked == now.parked
}

/// Phase and task in one word or two.
pub(crate) fn place(ledger: &Ledger) -> String {
    match ledger.task {
        Task::Rest | Task::Watching => ledger.phase.to_string(),
        task => format!("{} · {}", ledger.phase, task.as_str()),
    }
}

fn entry(before: Option<&Ledger>, ledger: &Ledger, cause: &Cause<'_>) -> Transition {
    let (why, evidence, by) = match cause {
        Cause::Ours(step, identity) => (step.why.clone(), step.evidence.clone(), (*identity).to_owned()),
        Cause::Found => (found(before, ledger), Vec::new(), author(ledger)),
    };
    let colors = match &ledger.course {
        Some(course) if !ledger.phase.at_rest() => format!("{} → {}", course.from, course.to),
        _ => ledger.active.to_string(),
    };
    Transition {
        at: Timestamp::now(),
        from: before.map(place).unwrap_or_default(),
        to: place(ledger),
        colors,
        why,
        evidence,
        by,
        revision: ledger.revision.clone(),
        epoch: ledger.epoch,
    }
}

fn author(ledger: &Ledger) -> String {
    match (&ledger.order, &ledger.holder) {
        (Some(order), _) => order.actor.clone(),
        (None, Some(holder)) => holder.clone(),
        (None, None) => "an earlier run".to_owned(),
    }
}

fn found(before: Option<&Ledger>, ledger: &Ledger) -> String {
    let news = |order: &teal_switcher_core::Order| before.is_none_or(|before| before.order.as_ref() != Some(order));
    match (&ledger.order, &ledger.parked) {
        (Some(order), _) if news(order) => format!("{} ordered `{}`: {}", order.actor, order.verb, order.reason),
        (_, Some(parked)) => format!("found in the ledger: {}: {}", parked.why, parked.note),
        _ => "found in the ledger".to_owned(),
    }
}

/// Tells both clusters, beside the loop.
pub(crate) fn tell_clusters<'a>(clusters: impl Iterator<Item = &'a Arc<Cluster>>, what: &Teller) {
    for cluster in clusters {
        let (cluster, what) = (cluster.clone(), what.clone());
        tokio::spawn(async move { cluster.tell(&what).await });
    }
}
