//! Who is probed when: each server at its own pace, on the emulated clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::Notify;

use super::{Ask, ask};
use crate::provider::Background;
use crate::world::World;

/// No server is probed more often than this in real time, however fast the clock.
const LEAST: Duration = Duration::from_millis(20);

/// What probing finds out of one server, and which servers there are.
pub(crate) trait Probing: Default + Send + 'static {
    /// What the service itself needs to know of a server.
    type Of: Send + 'static;

    /// Every server to probe now, and when there may be others although nobody wrote.
    fn servers(world: &mut World) -> (Vec<Job<Self::Of>>, Timestamp);

    /// Takes in how long a good answer took, or why it is bad.
    fn probed(&mut self, job: &Job<Self::Of>, outcome: &Result<Duration, String>);

    /// Counts a probe, also of a server that is another one by now.
    fn counted(_: &mut World, _: &Job<Self::Of>, _good: bool) {}
}

/// One server to probe.
#[derive(Clone, Debug)]
pub(crate) struct Job<D> {
    /// What its state is kept under.
    pub(crate) key: String,
    /// Host name or address.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) ask: Ask,
    /// In real time.
    pub(crate) timeout: Duration,
    /// From one probe's end to the next, on the emulated clock.
    pub(crate) interval: Duration,
    pub(crate) of: D,
}

impl<D> Job<D> {
    /// When this changes, probing starts anew.
    fn subject(&self) -> String {
        format!("{} {} {:?}", self.host, self.port, self.ask)
    }
}

/// What is known of a service's servers, by [`Job::key`].
#[derive(Debug)]
pub(crate) struct Known<P>(BTreeMap<String, State<P>>);

impl<P> Default for Known<P> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

#[derive(Debug)]
struct State<P> {
    subject: String,
    probing: P,
    due: Timestamp,
    running: bool,
}

impl<P: Probing> Known<P> {
    /// What was last known under a key.
    pub(crate) fn get(&self, key: &str) -> Option<&P> {
        self.0.get(key).map(|state| &state.probing)
    }

    /// What is known of this server as it is declared now.
    pub(crate) fn of(&self, job: &Job<P::Of>) -> Option<&P> {
        self.0.get(&job.key).filter(|state| state.subject == job.subject()).map(|state| &state.probing)
    }

    /// Those that are due, marked as running, and when the next will be.
    fn due(&mut self, servers: Vec<Job<P::Of>>, now: Timestamp) -> (Vec<Job<P::Of>>, Timestamp) {
        self.0.retain(|key, _| servers.iter().any(|job| job.key == *key));
        let mut next = Timestamp::MAX;
        let mut due = Vec::new();
        for job in servers {
            let subject = job.subject();
            let anew = |subject| State { subject, probing: P::default(), due: now, running: false };
            let state = self.0.entry(job.key.clone()).or_insert_with(|| anew(subject.clone()));
            if state.subject != subject {
                *state = anew(subject);
            }
            if state.running {
                continue;
            }
            if state.due <= now {
                state.running = true;
                due.push(job);
            } else {
                next = next.min(state.due);
            }
        }
        (due, next)
    }
}

/// Probes until the end.
pub(crate) async fn run<P: Probing>(background: Background) {
    let mut changed = background.shared.changed();
    let done = Arc::new(Notify::new());
    loop {
        let (jobs, next) = background.shared.with(|world| {
            let (servers, others) = P::servers(world);
            let now = world.now();
            let (jobs, next) = world.runtime::<Known<P>>().due(servers, now);
            (jobs, next.min(others))
        });
        for job in jobs {
            let (stop, done, probe) = (background.stop.clone(), done.clone(), make::<P>(background.clone(), job));
            background.tasks.spawn(async move {
                if stop.run_until_cancelled(probe).await.is_some() {
                    done.notify_one();
                }
            });
        }
        tokio::select! {
            () = background.stop.cancelled() => return,
            () = background.shared.sleep_until(next) => {}
            _ = changed.changed() => {}
            () = done.notified() => {}
        }
        // Whatever wakes this, it goes round a thousand times a second at most.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn make<P: Probing>(background: Background, job: Job<P::Of>) {
    let started = Instant::now();
    let outcome = match crate::hosts::reach(&background.shared, &job.host, job.port).await {
        Ok(address) => ask(address, &job.ask, job.timeout).await,
        Err(unknown) => Err(unknown.to_string()),
    };
    tokio::time::sleep(LEAST.saturating_sub(started.elapsed())).await;
    background.shared.with(|world| {
        let due = world.after(job.interval);
        let known = world.runtime::<Known<P>>().0.get_mut(&job.key);
        if let Some(state) = known.filter(|state| state.subject == job.subject()) {
            state.probing.probed(&job, &outcome);
            (state.running, state.due) = (false, due);
        }
        P::counted(world, &job, outcome.is_ok());
    });
    if let Err(why) = outcome {
        tracing::debug!(server = job.host, why, "a probe failed");
    }
}
