//! `/_emulator/metrics`: metrics of resources that the emulator doesn't serve itself, and errors inside a 200.

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

use super::{Kept, MetricError, measure};
use crate::arm::{Reply, ResourceId};
use crate::provider::OtherCall;
use crate::world::World;

/// What is put in.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Put {
    /// The resource's id.
    resource: ResourceId,
    /// The metric's name.
    metric: String,
    /// Values.
    #[serde(default)]
    values: Vec<One>,
    /// What the metric fails with from now on; null ends it.
    #[serde(default, deserialize_with = "given")]
    error: Option<Option<Failure>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct One {
    /// When it was measured; now, if left out.
    #[serde(default)]
    at: Option<Timestamp>,
    value: f64,
    #[serde(default)]
    dimensions: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct Failure {
    code: String,
    message: String,
}

/// Tells null from absent.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Failure>>, D::Error> {
    Option::<Failure>::deserialize(deserializer).map(Some)
}

/// Answers calls of the admin API; `None` for other paths.
pub(super) fn other(world: &mut World, call: &OtherCall<'_>) -> Option<Reply> {
    if call.path != "/_emulator/metrics" {
        return None;
    }
    let refuse = |status, text: String| Reply::json(status, json!({"error": {"code": "BadRequest", "message": text}}));
    Some(match *call.method {
        Method::GET => {
            let kept = &world.runtime::<Kept>().0;
            let names: BTreeMap<&String, Vec<&String>> =
                kept.iter().map(|(id, all)| (id, all.keys().collect())).collect();
            let health = json!(names);
            let probed: Vec<_> = crate::edge::origin_health(world)
                .into_iter()
                .map(|(group, origin, healthy, good, probes, latency)| {
                    json!({"group": group, "origin": origin, "healthy": healthy, "goodProbes": good, "probes": probes,
                        "latencyMilliseconds": latency.as_secs_f64() * 1_000.0})
                })
                .collect();
            Reply::ok(json!({"metrics": health, "originHealth": probed}))
        }
        Method::PUT | Method::POST => match serde_json::from_slice::<Put>(call.body) {
            Err(why) => refuse(StatusCode::BAD_REQUEST, format!("The body is no metric: {why}.")),
            Ok(put) => {
                take(world, put);
                Reply::empty(StatusCode::NO_CONTENT)
            }
        },
        Method::DELETE => {
            world.runtime::<Kept>().0.clear();
            Reply::empty(StatusCode::NO_CONTENT)
        }
        _ => refuse(StatusCode::METHOD_NOT_ALLOWED, "/_emulator/metrics takes GET, PUT and DELETE.".to_owned()),
    })
}

fn take(world: &mut World, put: Put) {
    let key = put.resource.key();
    let now = world.now();
    for one in put.values {
        measure(world, &key, &put.metric, one.at.unwrap_or(now), one.dimensions.into_iter().collect(), one.value);
    }
    if let Some(error) = put.error {
        let all = world.runtime::<Kept>().0.entry(key).or_default();
        let name = all.keys().find(|known| known.eq_ignore_ascii_case(&put.metric)).cloned().unwrap_or(put.metric);
        all.entry(name).or_default().error = error.map(|e| MetricError { code: e.code, message: e.message });
    }
}
