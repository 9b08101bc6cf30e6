//! Server-side apply of a plan, rank by rank, everything of a rank at once. Each object succeeds or fails alone (G8).

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use serde_json::Value;
use teal_agent_core::inventory;
use teal_agent_core::kinds::is_blast_radius;
use teal_agent_core::plan::Action;
use teal_agent_core::prepared::Change;
use teal_agent_core::preserve::keep_live;
use teal_agent_core::scaled;
use teal_agent_core::takeover::is_predecessor;
use teal_agent_core::{ObjectId, Prepared};
use teal_cluster::shards::ShardError;
use teal_cluster::{Address, ApiError, Applied, Cluster};

use crate::engine::Engine;
use crate::ordering::problem;
use crate::planning::{Job, Plan, Trouble, unmet};

/// Longest that what decides about admission waits for everything else to be tried first.
const LAST_PATIENCE: Duration = Duration::from_secs(10);
/// Waits between tries of what passes by itself.
const SOON: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// Waits between tries of what only a person can change; the change itself is noticed at once where it can be seen.
const LATE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(600));
/// Warnings kept for the status.
const MAX_WARNINGS: usize = 10;

impl Engine {
    /// Announces every declared object before any is applied.
    pub(crate) async fn claim(&mut self) -> Result<(), ShardError> {
        let wanted: Vec<_> = self.wanted.objects().map(|(_, object)| (&object.id, &object.unit)).collect();
        if let Some(claimed) = self.inventory.claim(wanted, |_| false) {
            self.shards.write(&claimed).await?;
            self.inventory = claimed;
            self.inventory_dirty = false;
        }
        Ok(())
    }

    /// Writes what was applied into the inventory, in the shards that changed.
    pub(crate) async fn record(&mut self) -> Result<(), ShardError> {
        if self.inventory_dirty {
            self.shards.write(&self.inventory).await?;
            self.inventory_dirty = false;
        }
        Ok(())
    }

    /// The inventory was not written: nothing goes on without it, so it is told and tried again.
    pub(crate) fn hold_up(&mut self, error: &ShardError) {
        let reason = error.reason();
        tracing::warn!(error = error as &dyn std::error::Error, reason, "Inventory not written");
        self.held_up = Some((reason.to_owned(), error.to_string()));
        self.retry_at = Some(self.now() + self.patience.failed());
        self.reporter.touch();
    }

    /// Applies what the plan says. Returns whether anything was sent.
    pub(crate) async fn apply(&mut self, mut plan: Plan) -> bool {
        let mut jobs = std::mem::take(&mut plan.jobs);
        self.plan = plan;
        let (last, now): (Vec<_>, Vec<_>) = jobs.drain(..).partition(|job| job.step.last);
        let mut sent = false;
        let mut blocked = false;
        let mut ranks: Vec<Vec<Job>> = Vec::new();
        for job in now {
            let rank = job.step.rank as usize;
            if ranks.len() <= rank {
                ranks.resize_with(rank + 1, Vec::new);
            }
            if let Some(rank) = ranks.get_mut(rank) {
                rank.push(job);
            }
        }
        for rank in ranks {
            let (ready, held): (Vec<_>, Vec<_>) =
                rank.into_iter().partition(|job| unmet(&self.facts(), &job.step).is_none());
            blocked |= !held.is_empty();
            sent |= self.apply_rank(ready).await;
        }
        // What failed for a moment comes again soon.
        let is_last = |id: &ObjectId| last.iter().any(|job| job.step.object.id == *id);
        blocked |= self.troubles.iter().any(|(id, trouble)| trouble.passing && !is_last(id));
        let now = self.now();
        match turn_of_last(&mut self.last_since, !last.is_empty(), blocked, now) {
            Ok(()) => {
                let ready = last.into_iter().filter(|job| unmet(&self.facts(), &job.step).is_none()).collect();
                sent |= self.apply_rank(ready).await;
            }
            Err(at) => self.plan.wake(at),
        }
        sent
    }

    async fn apply_rank(&mut self, jobs: Vec<Job>) -> bool {
        let mut strangers = Vec::new();
        let sent = self.send(jobs, false, &mut strangers).await;
        if strangers.is_empty() {
            return sent;
        }
        // Objects that were there before us: recorded as adopted before their fields are taken over, because afterwards
        // nothing on the object tells that it was not us who made it.
        for job in &strangers {
            if let Some(entry) = self.inventory.entries.get_mut(&job.step.object.id) {
                entry.adopted = true;
            }
        }
        self.inventory_dirty = true;
        if let Err(error) = self.record().await {
            self.hold_up(&error);
            return sent;
        }
        self.send(strangers, true, &mut Vec::new()).await | sent
    }

    /// Sends all of `jobs` at once, as far as the limiter lets them. What must be taken over first goes to `strangers`.
    async fn send(&mut self, jobs: Vec<Job>, taking_over: bool, strangers: &mut Vec<Job>) -> bool {
        if jobs.is_empty() {
            return false;
        }
        let (cluster, interrupted) = (self.cluster.clone(), self.interruption());
        let at_once = cluster.limiter().size();
        let mut answers = futures::stream::iter(jobs)
            // What is under way finishes; the rest is planned anew, if at all.
            .take_while(|_| std::future::ready(!interrupted()))
            .map(|job| {
                let cluster = cluster.clone();
                async move {
                    let outcome =
                        if taking_over { take_over(&cluster, &job).await } else { try_apply(&cluster, &job).await };
                    (job, outcome)
                }
            })
            .buffer_unordered(at_once);
        let mut sent = false;
        while let Some((job, outcome)) = answers.next().await {
            sent = true;
            match outcome {
                Outcome::Applied(applied) => self.succeeded(&job, &applied).await,
                Outcome::Stranger => strangers.push(job),
                Outcome::Failed(error) => self.failed(&job, &error).await,
            }
        }
        sent
    }

    async fn succeeded(&mut self, job: &Job, applied: &Applied) {
        let object = &job.step.object;
        let id = &object.id;
        self.world.applied(id, &applied.meta);
        let adopted = self.inventory.entries.get(id).is_some_and(|entry| entry.adopted);
        // Made by us right before a crash: claimed, there already, and nobody else ever wrote to it.
        let created = applied.created || !job.owned && !adopted && applied.meta.born_by_us();
        self.inventory_dirty |= self.inventory.own(
            id,
            inventory::Applied {
                uid: applied.meta.uid.as_str().into(),
                unit: object.unit.clone(),
                created,
                digest: object.lasting.then_some(object.digest),
                parity: object.parity,
                fields: applied.meta.own_fields(),
            },
        );
        if !object.lasting {
            self.volatile.insert(id.clone(), object.digest);
        }
        self.troubles.remove(id);
        let current = self.remembered.was_ready(&object.unit)
            || self.world.get(id).is_some_and(|standing| standing.health.is_current());
        self.gates.applied(id, &object.digest, applied.meta.generation, current);
        self.warn(object, &applied.warnings);
        if job.repairs {
            self.repaired(job).await;
        }
    }

    async fn repaired(&mut self, job: &Job) {
        let id = &job.step.object.id;
        let now = self.now();
        self.fights.repaired(id, now);
        self.metrics.repairs.inc();
        let writer = self.world.get(id).and_then(|standing| standing.writer.clone());
        let by = writer.map_or_else(String::new, |writer| format!("; {writer} changed it"));
        let note = match self.fights.rounds(id) {
            0 | 1 => format!("{id} differed from git and was put right{by}"),
            rounds => {
                format!("{id} was put right {rounds} times in a row{by} and does so again: one of the two must stop")
            }
        };
        tracing::info!(object = %id, "Drift repaired");
        self.events.normal_of(&self.about(), id, "DriftRepaired", &note).await;
    }

    async fn failed(&mut self, job: &Job, error: &ApiError) {
        let object = &job.step.object;
        let before = self.troubles.get(&object.id).filter(|trouble| trouble.digest == object.digest);
        let rounds = before.map_or(0, |trouble| trouble.rounds) + 1;
        let told = before.map(|trouble| trouble.problem.reason.clone());
        let passing = error.passes_by_itself();
        let (first, cap) = if passing { SOON } else { LATE };
        let wait = first.saturating_mul(2_u32.saturating_pow(rounds - 1)).min(cap);
        let trouble = Trouble {
            problem: problem(&object.id, error.reason(), format!("{error} ({})", object.origin)),
            digest: object.digest,
            retry_at: self.now() + wait,
            rounds,
            passing,
        };
        if told.as_deref() != Some(error.reason()) {
            tracing::warn!(object = %object.id, reason = error.reason(), %error, "Object not applied");
            self.events
                .warning_of(
                    &self.about(),
                    &object.id,
                    error.reason(),
                    &format!("{}: {}", object.id, trouble.problem.message),
                )
                .await;
        }
        self.plan.wake(trouble.retry_at);
        self.troubles.insert(object.id.clone(), trouble);
    }

    fn warn(&mut self, object: &Prepared, warnings: &[String]) {
        let id = &object.id;
        for warning in warnings {
            self.metrics.warnings.inc();
            // The server's words may quote what it warns of.
            let warning =
                if object.secret { "a warning that is not shown, because it may quote a secret" } else { warning };
            if self.warnings.len() < MAX_WARNINGS {
                self.warnings.insert(format!("{id}: {warning}"));
            }
        }
    }
}

/// What decides about admission starts when everything else was tried ([`teal_agent_core::order::Step::last`]); but something
/// that never gets its turn must not hold it for ever. `Err`: not before this time. `since` is when `any` began to wait.
fn turn_of_last(since: &mut Option<Duration>, any: bool, blocked: bool, now: Duration) -> Result<(), Duration> {
    if !any || !blocked {
        *since = None;
        return Ok(());
    }
    let at = *since.get_or_insert(now) + LAST_PATIENCE;
    if now < at { Err(at) } else { Ok(()) }
}

/// What came of one apply.
enum Outcome {
    Applied(Applied),
    /// It was there before us, with fields of a predecessor: they must be taken over first (SYNC §4).
    Stranger,
    Failed(ApiError),
}

impl From<Result<Applied, ApiError>> for Outcome {
    fn from(answer: Result<Applied, ApiError>) -> Self {
        answer.map_or_else(Self::Failed, Self::Applied)
    }
}

async fn try_apply(cluster: &Cluster, job: &Job) -> Outcome {
    let newcomer = !job.owned;
    if job.action == Action::Adopt && newcomer {
        return Outcome::Stranger;
    }
    match apply(cluster, job, job.action.forces()).await {
        Err(ApiError::Immutable(fields)) => recreate(cluster, job, ApiError::Immutable(fields)).await,
        Err(ApiError::Conflict(fields)) if newcomer && fields.iter().all(|field| is_predecessor(&field.manager)) => {
            Outcome::Stranger
        }
        Ok(applied) if newcomer && !applied.created && applied.meta.has_predecessor() => Outcome::Stranger,
        answer => answer.into(),
    }
}

/// Deletes what can't be changed in place and makes it anew, where git says so (`teal.dev/change: recreate`). Only what is
/// ours by UID, and nothing whose deletion takes more with it.
async fn recreate(cluster: &Cluster, job: &Job, refused: ApiError) -> Outcome {
    let object = &job.step.object;
    let ours = job.owned && matches!(job.action, Action::Update | Action::Repair);
    if !ours || object.links.change != Change::Recreate || is_blast_radius(&object.group_kind()) {
        return Outcome::Failed(refused);
    }
    let at = address(job);
    let uid = match cluster.metadata(at).await {
        Ok(Some(meta)) if meta.own_fields().is_some() => meta.uid,
        Ok(_) => return Outcome::Failed(refused),
        Err(error) => return Outcome::Failed(error),
    };
    match cluster.delete(at, &uid).await {
        // One that still has finalizers is waited for, and made anew then.
        Ok(_) => apply(cluster, job, false).await.into(),
        Err(error) => Outcome::Failed(error),
    }
}

/// Merges a predecessor's fields into our entry, then applies: what git dropped goes, and nothing else.
async fn take_over(cluster: &Cluster, job: &Job) -> Outcome {
    let at = address(job);
    let taken = match cluster.take_over(at).await {
        // Somebody wrote in between; once more with what is there now.
        Err(ApiError::Raced | ApiError::Invalid { .. }) => cluster.take_over(at).await,
        answer => answer,
    };
    match taken {
        Ok(_) | Err(ApiError::NotFound) => apply(cluster, job, false).await.into(),
        Err(error) => Outcome::Failed(error),
    }
}

/// Applies, and leaves replicas to a scaler that holds them (SYNC §4), forced or not.
async fn apply(cluster: &Cluster, job: &Job, force: bool) -> Result<Applied, ApiError> {
    let (at, whole) = (address(job), body(cluster, job).await?);
    // Force would take replicas from their scaler as well, so it is asked first who holds what.
    let conflicts = match cluster.apply(at, whole.clone(), force && !at.kind.scalable).await {
        Err(ApiError::Conflict(conflicts)) if at.kind.scalable => conflicts,
        answer => return answer,
    };
    let scaled = conflicts.iter().any(|conflict| scaled::are_scaled(std::slice::from_ref(conflict)));
    match scaled::without_replicas(&whole).filter(|_| scaled) {
        Some(rest) => cluster.apply(at, rest.into(), force).await,
        None if force => cluster.apply(at, whole, true).await,
        None => Err(ApiError::Conflict(conflicts)),
    }
}

fn address(job: &Job) -> Address<'_> {
    let object = &job.step.object;
    Address { kind: &job.step.kind, namespace: &object.id.namespace, name: &object.id.name, secret: object.secret }
}

/// The bytes themselves, shared and not copied; with the live values of fields that are preserved.
async fn body(cluster: &Cluster, job: &Job) -> Result<Bytes, ApiError> {
    let object = &job.step.object;
    let whole = || Bytes::from_owner(object.bytes.clone());
    if object.links.preserve.is_empty() {
        return Ok(whole());
    }
    let Some(live) = cluster.object(address(job)).await? else { return Ok(whole()) };
    let read: Result<Value, _> = serde_json::from_slice(&object.bytes);
    // Made by us from a value, so it is one.
    let Ok(mut value) = read else { return Ok(whole()) };
    keep_live(&mut value, &live, &object.links.preserve);
    Ok(value.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_decides_about_admission_waits_for_the_rest_and_for_each_its_own_time() {
        let (mut since, at) = (None, Duration::from_secs);
        let mut turn = |any, blocked, now| turn_of_last(&mut since, any, blocked, at(now));
        // Something else has been in trouble for an hour: that is no time that a policy has waited.
        assert_eq!(turn(false, true, 0), Ok(()));
        assert_eq!(turn(true, true, 3600), Err(at(3610)));
        assert_eq!(turn(true, true, 3605), Err(at(3610)));
        assert_eq!(turn(true, true, 3610), Ok(()), "it is not held for ever");
        // The next one has its own time; what is free starts at once.
        assert_eq!((turn(false, true, 3611), turn(true, true, 3700)), (Ok(()), Err(at(3710))));
        assert_eq!(turn(true, false, 3701), Ok(()));
    }
}
