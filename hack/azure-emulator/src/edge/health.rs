//! Probing origins: what the edge knows of them.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;

use crate::front_door::choose::{Candidate, Window};
use crate::front_door::rules::Action;
use crate::front_door::{Group, Origin, Profile, rollout};
use crate::probe::{Ask, Job, Known, Probing};
use crate::world::World;

/// How long a probe may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What is known of an origin, by [`key`].
#[derive(Debug, Default)]
pub(super) struct Health(Window);

/// Whose origin it is.
#[derive(Debug)]
pub(super) struct Of {
    keep: usize,
    profile: String,
    group: String,
}

fn key(group: &Group, origin: &Origin) -> String {
    format!("{}|{}", group.id, origin.id)
}

/// An origin as choosing sees it. One that was never probed counts as healthy.
pub(super) fn candidate(world: &mut World, group: &Group, origin: &Origin) -> Candidate {
    let window = world.runtime::<Known<Health>>().get(&key(group, origin)).map(|health| &health.0);
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
                let counts = world.runtime::<Known<Health>>().get(&key(group, origin)).map(|health| health.0.counts());
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

impl Probing for Health {
    type Of = Of;

    fn servers(world: &mut World) -> (Vec<Job<Of>>, Timestamp) {
        let profiles = rollout::profiles(world);
        let mut servers = Vec::new();
        for profile in profiles.iter() {
            for group in used(profile).iter().filter_map(|id| profile.groups.get(id)) {
                let Some(settings) = &group.probe else { continue };
                for origin in group.origins.iter().filter(|origin| origin.enabled) {
                    servers.push(job(profile, group, origin, settings));
                }
            }
        }
        // A profile whose configuration has yet to arrive changes nothing before it does.
        let now = world.now();
        (servers, world.store.next_effective("/subscriptions/", now).unwrap_or(Timestamp::MAX))
    }

    fn probed(&mut self, job: &Job<Of>, outcome: &Result<Duration, String>) {
        self.0.probed(outcome.as_ref().ok().copied(), job.of.keep);
    }

    fn counted(world: &mut World, job: &Job<Of>, good: bool) {
        let now = world.now();
        crate::metrics::probed(world, now, &job.of.profile, &job.of.group, &job.host, good);
    }
}

fn job(profile: &Profile, group: &Group, origin: &Origin, settings: &crate::front_door::Probe) -> Job<Of> {
    let ask = Ask::Http {
        https: settings.https,
        method: if settings.get { Method::GET } else { Method::HEAD },
        host: origin.header.clone().unwrap_or_else(|| origin.host.clone()),
        path: settings.path.clone(),
        headers: vec![("User-Agent".to_owned(), "Edge Health Probe".to_owned())],
        good: vec![(200, 200)],
    };
    Job {
        key: key(group, origin),
        host: origin.host.clone(),
        port: if settings.https { origin.https_port } else { origin.http_port },
        ask,
        timeout: TIMEOUT,
        interval: settings.interval,
        of: Of { keep: group.sample_size, profile: profile.id.clone(), group: group.name.clone() },
    }
}
