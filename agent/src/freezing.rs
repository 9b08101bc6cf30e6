//! Freezes: `Freeze` objects in, an admission policy that holds out (G7). Runs beside the sync, because a freeze must not
//! wait for an apply.
//!
//! A freeze is called active only after the barrier, is probed while it lasts, and is lifted in every path: at its
//! `until`, when its object goes, and at the start when nothing asks for one any more.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Client, Resource, ResourceExt};
use serde_json::json;
use teal_api::conditions::{READY, set};
use teal_api::freeze::{FreezeObject, FreezeState, FreezeStatus};
use teal_api::names::{AGENT_MANAGER, FREEZE_POLICY};
use teal_cluster::Kind;
use teal_cluster::freeze::{FreezeError, Freezer, Hold, Probe};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::events::Events;
use crate::metrics::Metrics;
use crate::reporting::status_of_this;

/// Keeps a deleted `Freeze` until it is lifted.
const FINALIZER: &str = "teal.dev/freeze";
/// How soon something that failed is tried again.
const RETRY: Duration = Duration::from_secs(2);

/// Everything the freeze loop works with.
pub(crate) struct Freezing {
    pub(crate) client: Client,
    pub(crate) freezer: Freezer,
    pub(crate) events: Events,
    pub(crate) metrics: Metrics,
    /// How often an active freeze is probed.
    pub(crate) probe_every: Duration,
    /// Kinds the fleet declares.
    pub(crate) kinds: watch::Receiver<Vec<Kind>>,
}

/// What is held at the moment.
struct Held {
    hold: Hold,
    since: Timestamp,
    probed_at: Timestamp,
    next_probe: Instant,
    round: u32,
}

impl Freezing {
    /// Realises freezes until `shutdown`. A freeze in force stays in force then: the next process goes on with it.
    pub(crate) async fn run(mut self, shutdown: CancellationToken) {
        let mut events =
            pin!(watcher(Api::<FreezeObject>::all(self.client.clone()), watcher::Config::default()).default_backoff());
        let mut all: BTreeMap<String, FreezeObject> = BTreeMap::new();
        let mut listed = false;
        let mut held: Option<Held> = None;
        let mut wake = Instant::now();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                event = events.next() => match event {
                    Some(Ok(Event::Init)) => all.clear(),
                    Some(Ok(Event::InitApply(freeze) | Event::Apply(freeze))) => {
                        all.insert(freeze.name_any(), freeze);
                    }
                    Some(Ok(Event::Delete(freeze))) => {
                        all.remove(&freeze.name_any());
                    }
                    Some(Ok(Event::InitDone)) => listed = true,
                    Some(Err(error)) => tracing::debug!(%error, "Freezes not watched; tried again"),
                    None => return,
                },
                changed = self.kinds.changed() => if changed.is_err() { return },
                () = tokio::time::sleep_until(wake) => {}
            }
            if listed {
                wake = self.turn(&mut all, &mut held).await;
            }
        }
    }

    /// One turn: install, lift what is over, hold what is asked for, probe what holds. Returns when the next one is due.
    async fn turn(&mut self, all: &mut BTreeMap<String, FreezeObject>, held: &mut Option<Held>) -> Instant {
        let now = Timestamp::now();
        let kinds = self.kinds.borrow_and_update().clone();
        if let Err(error) = self.freezer.install(&kinds).await {
            self.shout(None, &error).await;
            return Instant::now() + RETRY;
        }
        let asked: Vec<FreezeObject> = all.values().filter(|freeze| asks(freeze, now)).cloned().collect();
        for freeze in &asked {
            self.guard(freeze).await;
        }
        let done = match wanted(&asked) {
            Some(hold) => self.keep(&hold, &asked, held).await,
            None => self.release(held).await,
        };
        if let Err(error) = done {
            self.shout(asked.first(), &error).await;
            for freeze in &asked {
                self.tell(all, freeze, |status| {
                    status.state = FreezeState::Pending;
                    set(&mut status.conditions, READY, false, "NotProven", &error.to_string(), generation(freeze), now);
                })
                .await;
            }
            return Instant::now() + RETRY;
        }
        if let Some(held) = held.as_ref() {
            for freeze in &asked {
                self.tell_active(all, freeze, held).await;
            }
        }
        self.finish(all, now).await;
        self.next_turn(all, held.as_ref(), now)
    }

    /// Holds, and proves it; probes again when it is time.
    async fn keep(&mut self, hold: &Hold, asked: &[FreezeObject], held: &mut Option<Held>) -> Result<(), FreezeError> {
        let now = Instant::now();
        match held {
            Some(held) if held.hold == *hold && held.next_probe > now => Ok(()),
            Some(held) if held.hold == *hold => {
                held.round += 1;
                held.next_probe = now + self.probe_every;
                match self.freezer.probe(held.round).await {
                    Probe::Denied(_) => {
                        held.probed_at = Timestamp::now();
                        Ok(())
                    }
                    Probe::Unclear(why) => {
                        tracing::warn!(why, "Freeze probe unclear");
                        held.next_probe = now + RETRY;
                        Ok(())
                    }
                    Probe::Admitted => self.leaked(hold, asked, held).await,
                }
            }
            _ => {
                self.freezer.hold(hold).await?;
                let passed = self.freezer.barrier().await?;
                let took = now.elapsed();
                self.metrics.freeze_seconds.set(took.as_secs_f64());
                let since = held.as_ref().map_or_else(Timestamp::now, |held| held.since);
                tracing::info!(probes = passed.probes, took = ?took, "Freeze active");
                *held = Some(Held {
                    hold: hold.clone(),
                    since,
                    probed_at: Timestamp::now(),
                    next_probe: Instant::now() + self.probe_every,
                    round: passed.probes,
                });
                self.metrics.freeze_active.set(1);
                self.metrics.freeze_since.set(since.as_second());
                for freeze in asked {
                    let note = format!("no ordinary change is admitted any more; proven in {} ms", took.as_millis());
                    self.events.normal(&freeze.object_ref(&()), "Frozen", &note).await;
                }
                Ok(())
            }
        }
    }

    /// A probe got through: alarm, hold again, prove again.
    async fn leaked(&self, hold: &Hold, asked: &[FreezeObject], held: &mut Held) -> Result<(), FreezeError> {
        self.metrics.freeze_leaks.inc();
        self.metrics.freeze_active.set(0);
        for freeze in asked {
            let note =
                "an ordinary change would have been admitted although the freeze was active; it is enforced again";
            self.events.warning(&freeze.object_ref(&()), "FreezeLeaked", note).await;
        }
        held.next_probe = Instant::now();
        self.freezer.hold(hold).await?;
        self.freezer.barrier().await?;
        (held.since, held.probed_at) = (Timestamp::now(), Timestamp::now());
        held.next_probe = Instant::now() + self.probe_every;
        self.metrics.freeze_active.set(1);
        Ok(())
    }

    /// Lifts, also what an earlier process left behind.
    async fn release(&self, held: &mut Option<Held>) -> Result<(), FreezeError> {
        let left_behind = match held {
            Some(_) => true,
            None => self.freezer.is_held().await.unwrap_or(true),
        };
        if left_behind {
            self.freezer.lift().await?;
            tracing::info!("Freeze lifted");
        }
        *held = None;
        self.metrics.freeze_active.set(0);
        self.metrics.freeze_since.set(0);
        Ok(())
    }

    /// Lets go of Freezes that are over: tells those past their time, frees those being deleted.
    async fn finish(&self, all: &mut BTreeMap<String, FreezeObject>, now: Timestamp) {
        let over: Vec<FreezeObject> = all.values().filter(|freeze| !asks(freeze, now)).cloned().collect();
        for freeze in over {
            if freeze.metadata.deletion_timestamp.is_some() {
                self.unguard(&freeze).await;
                continue;
            }
            let problem = until(&freeze).err();
            self.tell(all, &freeze, |status| {
                let (state, reason, message) = match &problem {
                    Some(problem) => (FreezeState::Pending, "InvalidUntil", problem.clone()),
                    None => (FreezeState::Lifted, "Lifted", format!("its time was over at {}", freeze.spec.until)),
                };
                status.state = state;
                set(&mut status.conditions, READY, false, reason, &message, generation(&freeze), now);
            })
            .await;
        }
    }

    fn next_turn(&self, all: &BTreeMap<String, FreezeObject>, held: Option<&Held>, now: Timestamp) -> Instant {
        let far = Instant::now() + Duration::from_secs(3600);
        let ends = all.values().filter_map(|freeze| until(freeze).ok()).filter(|until| *until > now);
        let next_end = ends.map(|until| Instant::now() + until.duration_since(now).unsigned_abs()).min();
        [held.map(|held| held.next_probe), next_end].into_iter().flatten().min().map_or(far, |at| at.min(far))
    }

    async fn tell_active(&self, all: &mut BTreeMap<String, FreezeObject>, freeze: &FreezeObject, held: &Held) {
        let took = (self.metrics.freeze_seconds.get() * 1000.0).round().max(0.0);
        self.tell(all, freeze, |status| {
            let since = held.since.to_string();
            if status.state != FreezeState::Active || status.since.as_deref() != Some(&since) {
                // Seconds, as measured: far below where a float loses whole milliseconds.
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "see above")]
                let took_ms = took as u64;
                status.took_ms = Some(took_ms);
            }
            status.state = FreezeState::Active;
            status.since = Some(since);
            status.enforced_by = Some(format!("ValidatingAdmissionPolicy {FREEZE_POLICY}"));
            status.probes = teal_cluster::freeze::PROBES;
            status.probed_at = Some(held.probed_at.to_string());
            set(
                &mut status.conditions,
                READY,
                true,
                "Active",
                "no ordinary change is admitted",
                generation(freeze),
                Timestamp::now(),
            );
        })
        .await;
    }

    /// Writes a status if it differs.
    async fn tell(
        &self,
        all: &mut BTreeMap<String, FreezeObject>,
        freeze: &FreezeObject,
        change: impl FnOnce(&mut FreezeStatus),
    ) {
        let before = freeze.status.clone().unwrap_or_default();
        let mut status = before.clone();
        status.observed_generation = generation(freeze);
        change(&mut status);
        if status == before {
            return;
        }
        let name = freeze.name_any();
        let api: Api<FreezeObject> = Api::all(self.client.clone());
        let params = PatchParams { field_manager: Some(AGENT_MANAGER.to_owned()), ..PatchParams::default() };
        let written = match status_of_this(freeze, &status) {
            Ok(patch) => api.patch_status(&name, &params, &patch).await,
            Err(error) => Err(error),
        };
        match written {
            Ok(written) => {
                all.insert(name, written);
            }
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => tracing::warn!(freeze = name, %error, "Freeze status not written"),
        }
    }

    async fn guard(&self, freeze: &FreezeObject) {
        if freeze.finalizers().iter().any(|finalizer| finalizer == FINALIZER)
            || freeze.metadata.deletion_timestamp.is_some()
        {
            return;
        }
        let mut finalizers: BTreeSet<String> = freeze.finalizers().iter().cloned().collect();
        finalizers.insert(FINALIZER.to_owned());
        self.write_finalizers(freeze, &finalizers).await;
    }

    async fn unguard(&self, freeze: &FreezeObject) {
        let finalizers: BTreeSet<String> =
            freeze.finalizers().iter().filter(|finalizer| *finalizer != FINALIZER).cloned().collect();
        if finalizers.len() != freeze.finalizers().len() {
            self.write_finalizers(freeze, &finalizers).await;
        }
    }

    async fn write_finalizers(&self, freeze: &FreezeObject, finalizers: &BTreeSet<String>) {
        let version = freeze.resource_version();
        let patch = json!({"metadata": {"finalizers": finalizers, "resourceVersion": version}});
        let api: Api<FreezeObject> = Api::all(self.client.clone());
        // A lost race is no harm: the newer object comes by the watch and is treated then.
        if let Err(error) = api.patch(&freeze.name_any(), &PatchParams::default(), &Patch::Merge(&patch)).await {
            tracing::debug!(%error, "Finalizer not written");
        }
    }

    async fn shout(&self, freeze: Option<&FreezeObject>, error: &FreezeError) {
        tracing::warn!(%error, "Freeze not in force");
        if let Some(freeze) = freeze {
            self.events.warning(&freeze.object_ref(&()), "FreezeFailed", &error.to_string()).await;
        }
    }
}

fn generation(freeze: &FreezeObject) -> i64 {
    freeze.metadata.generation.unwrap_or(0)
}

fn until(freeze: &FreezeObject) -> Result<Timestamp, String> {
    let text = &freeze.spec.until;
    text.parse().map_err(|_| format!("spec.until `{text}` is no time; write one such as 2026-11-21T18:00:00Z"))
}

/// Whether a Freeze asks to be held now.
fn asks(freeze: &FreezeObject, now: Timestamp) -> bool {
    freeze.metadata.deletion_timestamp.is_none() && until(freeze).is_ok_and(|until| until > now)
}

/// What several Freezes ask for together: the strictest exemptions, the latest end, the reason of the one that lasts longest.
fn wanted(asked: &[FreezeObject]) -> Option<Hold> {
    let longest = asked.iter().max_by_key(|freeze| until(freeze).ok())?;
    let common = |list: fn(&FreezeObject) -> &Vec<String>| {
        let mut lists = asked.iter().map(|freeze| list(freeze).iter().cloned().collect::<BTreeSet<_>>());
        let first = lists.next().unwrap_or_default();
        lists.fold(first, |common, list| common.intersection(&list).cloned().collect()).into_iter().collect()
    };
    Some(Hold {
        reason: longest.spec.reason.clone(),
        until: longest.spec.until.clone(),
        users: common(|freeze| &freeze.spec.exempt.users),
        groups: common(|freeze| &freeze.spec.exempt.groups),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use teal_api::freeze::{Exempt, FreezeSpec};

    fn freeze(until: &str, users: &[&str]) -> FreezeObject {
        let exempt = Exempt { users: users.iter().map(|&user| user.to_owned()).collect(), groups: Vec::new() };
        FreezeObject::new("x", FreezeSpec { reason: format!("until {until}"), until: until.to_owned(), exempt })
    }

    #[test]
    fn several_freezes_are_as_strict_as_all_of_them() {
        let hold = wanted(&[freeze("2026-11-21T10:00:00Z", &["a", "b"]), freeze("2026-11-21T12:00:00Z", &["b", "c"])])
            .unwrap();
        assert_eq!((hold.until.as_str(), hold.users), ("2026-11-21T12:00:00Z", vec!["b".to_owned()]));
        assert_eq!(wanted(&[]), None);
    }

    #[test]
    fn a_freeze_without_a_readable_end_never_begins() {
        let now: Timestamp = "2026-11-21T09:00:00Z".parse().unwrap();
        assert!(asks(&freeze("2026-11-21T10:00:00Z", &[]), now));
        assert!(!asks(&freeze("2026-11-21T08:00:00Z", &[]), now), "its time is over");
        assert!(!asks(&freeze("tomorrow", &[]), now));
    }
}
