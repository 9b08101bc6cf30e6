//! Probing origins: what the edge knows of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use http::Method;
use jiff::Timestamp;

use crate::front_door::choose::{Candidate, Window};
use crate::front_door::rules::Action;
use crate::front_door::{Group, Origin, Profile, rollout};
use crate::probe::{self, Ask};
use crate::provider::Background;
use crate::world::World;

/// No origin is probed more often than this in real time, however fast the clock.
const LEAST: Duration = Duration::from_millis(20);
/// How long a probe may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What is known of origins, by [`key`].
#[derive(Debug, Default)]
struct Known(BTreeMap<String, State>);

#[derive(Debug, Default)]
struct State {
    subject: String,
    window: Window,
    due: Timestamp,
    running: bool,
}

#[derive(Debug)]
struct Job {
    key: String,
    subject: String,
    host: String,
    port: u16,
    ask: Ask,
    interval: Duration,
    keep: usize,
    profile: String,
    group: String,
    origin: String,
}

fn key(group: &Group, origin: &Origin) -> String {
    format!("{}|{}", group.id, origin.id)
}

/// An origin as choosing sees it. One that was never probed counts as healthy.
pub(super) fn candidate(world: &mut World, group: &Group, origin: &Origin) -> Candidate {
    let window = world.runtime::<Known>().0.get(&key(group, origin)).map(|state| &state.window);
    let probed = window.filter(|_| group.probe.is_some());
    Candidate {
        enabled: origin.enabled,
        healthy: probed.is_none_or(|window| window.healthy(group.sample_size, group.required)),
        priority: origin.priority,
        weight: origin.weight,
        latency: probed.map(Window::latency).unwrap_or_default(),
    }
}

/// Each probed origin's health as the admin API shows it: group, origin, healthy, good probes and all kept ones, latency.
pub(crate) fn origin_health(world: &mut World) -> Vec<(String, String, bool, usize, usize, Duration)> {
    let mut found = Vec::new();
    for profile in rollout::profiles(world).iter() {
        for group in profile.groups.values() {
            for origin in &group.origins {
                let seen = candidate(world, group, origin);
                let counts = world.runtime::<Known>().0.get(&key(group, origin)).map(|state| state.window.counts());
                let (good, all) = counts.unwrap_or_default();
                found.push((
                    group.id.clone(),
                    origin.name.clone(),
                    seen.enabled && seen.healthy,
                    good,
                    all,
                    seen.latency,
                ));
            }
        }
    }
    found
}

/// Probes until the end.
pub(super) async fn run(background: Background) {
    probe::until_the_end(&background, due, make).await;
}

/// Groups that routes or their rules name.
fn used(profile: &Profile) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for route in &profile.routes {
        all.insert(route.group.clone());
        for action in route.rules.iter().flat_map(|rule| rule.actions()) {
            if let Action::Group { group, .. } = action {
                all.insert(group.clone());
            }
        }
    }
    all
}

fn due(world: &mut World) -> (Vec<Job>, Timestamp) {
    let now = world.now();
    let profiles = rollout::profiles(world);
    let mut wanted = Vec::new();
    for profile in profiles.iter() {
        for group in used(profile).iter().filter_map(|id| profile.groups.get(id)) {
            let Some(settings) = &group.probe else { continue };
            for origin in group.origins.iter().filter(|origin| origin.enabled) {
                wanted.push(job(profile, group, origin, settings));
            }
        }
    }
    // A profile whose configuration has yet to arrive changes nothing before it does.
    let arrives = world.store.next_effective("/subscriptions/", now).unwrap_or(Timestamp::MAX);
    let known = &mut world.runtime::<Known>().0;
    known.retain(|key, _| wanted.iter().any(|job| job.key == *key));
    let mut next = arrives;
    let mut jobs = Vec::new();
    for job in wanted {
        let state = known.entry(job.key.clone()).or_default();
        if state.subject != job.subject {
            *state = State { subject: job.subject.clone(), due: now, ..State::default() };
        }
        if state.running {
            continue;
        }
        if state.due <= now {
            state.running = true;
            jobs.push(job);
        } else {
            next = next.min(state.due);
        }
    }
    (jobs, next)
}

fn job(profile: &Profile, group: &Group, origin: &Origin, settings: &crate::front_door::Probe) -> Job {
    let ask = Ask::Http {
        https: settings.https,
        method: if settings.get { Method::GET } else { Method::HEAD },
        host: origin.header.clone().unwrap_or_else(|| origin.host.clone()),
        path: settings.path.clone(),
        headers: vec![("User-Agent".to_owned(), "Edge Health Probe".to_owned())],
        good: vec![(200, 200)],
    };
    let port = if settings.https { origin.https_port } else { origin.http_port };
    Job {
        key: key(group, origin),
        subject: format!("{} {port} {ask:?}", origin.host),
        host: origin.host.clone(),
        port,
        ask,
        interval: settings.interval,
        keep: group.sample_size,
        profile: profile.id.clone(),
        group: group.name.clone(),
        origin: origin.host.clone(),
    }
}

async fn make(background: Background, job: Job) {
    let started = std::time::Instant::now();
    let outcome = match crate::hosts::reach(&background.shared, &job.host, job.port).await {
        Ok(address) => probe::ask(address, &job.ask, TIMEOUT).await,
        Err(unknown) => Err(unknown.to_string()),
    };
    tokio::time::sleep(LEAST.saturating_sub(started.elapsed())).await;
    background.shared.with(|world| {
        let (now, due) = (world.now(), world.after(job.interval));
        if let Some(state) = world.runtime::<Known>().0.get_mut(&job.key)
            && state.subject == job.subject
        {
            state.window.probed(outcome.as_ref().ok().copied(), job.keep);
            state.running = false;
            state.due = due;
        }
        crate::metrics::probed(world, now, &job.profile, &job.group, &job.origin, outcome.is_ok());
    });
    if let Err(why) = outcome {
        tracing::debug!(origin = job.host, why, "a probe failed");
    }
}
