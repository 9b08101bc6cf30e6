//! The probes themselves: each endpoint at its own pace, on the emulated clock.

use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use serde_json::Value;

use super::view::{Probed, Probes, endpoint_key, target};
use super::{PROFILE, shape};
use crate::check::{is, list, number, text};
use crate::probe::{self, Ask};
use crate::provider::Background;
use crate::world::World;

/// No endpoint is probed more often than this in real time, however fast the clock.
const LEAST: Duration = Duration::from_millis(20);

/// One probe to make.
#[derive(Clone, Debug)]
struct Job {
    key: String,
    subject: String,
    host: String,
    port: u16,
    ask: Ask,
    timeout: Duration,
    interval: Duration,
    tolerated: u32,
}

/// Probes until the end.
pub(super) async fn run(background: Background) {
    probe::until_the_end(&background, due, make).await;
}

/// The probes that are due now, marked as running, and when the next will be.
fn due(world: &mut World) -> (Vec<Job>, Timestamp) {
    let now = world.now();
    let scale = world.clock.scale();
    let profiles: Vec<_> = world.store.all().filter(|resource| resource.id.is(PROFILE)).cloned().collect();
    let mut wanted: Vec<Job> = Vec::new();
    for profile in profiles {
        let body = Value::Object(profile.body.clone());
        if is(&body, "/properties/profileStatus", "Disabled") {
            continue;
        }
        for endpoint in list(&body, "/properties/endpoints") {
            let nested = text(endpoint, "/type").and_then(shape::kind) == Some("nestedEndpoints");
            let off = is(endpoint, "/properties/endpointStatus", "Disabled")
                || is(endpoint, "/properties/alwaysServe", "Enabled");
            if let Some(host) = target(world, endpoint).filter(|_| !nested && !off) {
                wanted.push(job(endpoint_key(&profile.id, endpoint), &body, endpoint, host, scale));
            }
        }
    }
    let probes = &mut world.runtime::<Probes>().0;
    probes.retain(|key, _| wanted.iter().any(|job| job.key == *key));
    let mut next = Timestamp::MAX;
    let mut jobs = Vec::new();
    for job in wanted {
        let state = probes.entry(job.key.clone()).or_default();
        if state.subject != job.subject {
            *state = Probed { subject: job.subject.clone(), due: now, ..Probed::default() };
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

fn job(key: String, profile: &Value, endpoint: &Value, host: String, scale: f64) -> Job {
    let monitor = profile.pointer("/properties/monitorConfig").unwrap_or(&Value::Null);
    let seconds = |pointer: &str, otherwise| Duration::from_secs(number(monitor, pointer).unwrap_or(otherwise));
    let ask = if is(monitor, "/protocol", "TCP") {
        Ask::Tcp
    } else {
        let mut headers: Vec<(String, String)> = Vec::new();
        for source in [list(monitor, "/customHeaders"), list(endpoint, "/properties/customHeaders")] {
            for header in source {
                let (name, value) =
                    (text(header, "/name").unwrap_or_default(), text(header, "/value").unwrap_or_default());
                // An endpoint's own header takes the place of its profile's.
                headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
                headers.push((name.to_owned(), value.to_owned()));
            }
        }
        let range =
            |r: &Value| Some((u16::try_from(number(r, "/min")?).ok()?, u16::try_from(number(r, "/max")?).ok()?));
        let ranges: Vec<(u16, u16)> = list(monitor, "/expectedStatusCodeRanges").iter().filter_map(range).collect();
        Ask::Http {
            https: is(monitor, "/protocol", "HTTPS"),
            method: Method::GET,
            host: host.clone(),
            path: text(monitor, "/path").unwrap_or("/").to_owned(),
            headers,
            good: if ranges.is_empty() { vec![(200, 200)] } else { ranges },
        }
    };
    let port = number(monitor, "/port").and_then(|port| u16::try_from(port).ok()).unwrap_or(80);
    let timeout = seconds("/timeoutInSeconds", 10);
    let real = if scale > 1.0 { timeout.div_f64(scale).max(Duration::from_millis(500)) } else { timeout };
    Job {
        subject: format!("{host} {port} {ask:?}"),
        key,
        host,
        port,
        ask,
        timeout: real,
        interval: seconds("/intervalInSeconds", 30),
        tolerated: number(monitor, "/toleratedNumberOfFailures").and_then(|n| u32::try_from(n).ok()).unwrap_or(3),
    }
}

async fn make(background: Background, job: Job) {
    let started = std::time::Instant::now();
    let outcome = match crate::hosts::reach(&background.shared, &job.host, job.port).await {
        Ok(address) => probe::ask(address, &job.ask, job.timeout).await,
        Err(unknown) => Err(unknown.to_string()),
    };
    tokio::time::sleep(LEAST.saturating_sub(started.elapsed())).await;
    background.shared.with(|world| {
        let due = world.after(job.interval);
        if let Some(state) = world.runtime::<Probes>().0.get_mut(&job.key)
            && state.subject == job.subject
        {
            let before = state.probing.seen;
            state.probing.probed(outcome.is_ok(), job.tolerated);
            state.running = false;
            state.due = due;
            if state.probing.seen != before {
                tracing::info!(endpoint = job.key, seen = ?state.probing.seen, why = outcome.err(), "endpoint changed");
            }
        }
    });
}
