//! The probes themselves: each endpoint at its own pace, on the emulated clock.

use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use serde_json::Value;

use super::health::Probing;
use super::view::{endpoint_key, target};
use super::{PROFILE, shape};
use crate::check::{is, list, number, text};
use crate::probe::{self, Ask, Job};
use crate::world::World;

impl probe::Probing for Probing {
    /// Failures in a row that an endpoint may have.
    type Of = u32;

    fn servers(world: &mut World) -> (Vec<Job<u32>>, Timestamp) {
        let scale = world.clock.scale();
        let profiles: Vec<_> = world.store.all().filter(|resource| resource.id.is(PROFILE)).cloned().collect();
        let mut servers = Vec::new();
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
                    servers.push(job(endpoint_key(&profile.id, endpoint), &body, endpoint, host, scale));
                }
            }
        }
        (servers, Timestamp::MAX)
    }

    fn probed(&mut self, job: &Job<u32>, outcome: &Result<Duration, String>) {
        let before = self.seen;
        self.noted(outcome.is_ok(), job.of);
        if self.seen != before {
            tracing::info!(endpoint = job.key, seen = ?self.seen, why = outcome.as_ref().err(), "endpoint changed");
        }
    }
}

fn job(key: String, profile: &Value, endpoint: &Value, host: String, scale: f64) -> Job<u32> {
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
        key,
        host,
        port,
        ask,
        timeout: real,
        interval: seconds("/intervalInSeconds", 30),
        of: number(monitor, "/toleratedNumberOfFailures").and_then(|n| u32::try_from(n).ok()).unwrap_or(3),
    }
}
