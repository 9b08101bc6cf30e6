//! Azure Monitor's metrics: what the edge really served, and what the admin API puts in for other resources.

mod admin;
mod answer;
mod definitions;
mod query;
mod series;

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;

pub(crate) use answer::batch;
pub(crate) use series::{Dimensions, Metric, MetricError};

use crate::arm::{ArmError, Call, ErrorStyle, Reply, ResourceType, Target};
use crate::provider::{OtherCall, Provider};
use crate::world::World;

const VERSIONS: &[&str] = &[
    "2016-09-01",
    "2017-05-01-preview",
    "2017-12-01-preview",
    "2018-01-01",
    "2019-07-01",
    "2021-05-01",
    "2023-10-01",
    "2024-02-01",
    "2026-01-01",
];

const fn kind(name: &'static str) -> ResourceType {
    ResourceType { name, versions: VERSIONS, errors: ErrorStyle::Wrapped }
}

const TYPES: &[ResourceType] = &[
    kind("Microsoft.Insights/metrics"),
    kind("Microsoft.Insights/metricDefinitions"),
    kind("Microsoft.Insights/metricNamespaces"),
];

/// The service.
#[derive(Debug)]
pub(crate) struct Metrics;

/// All metrics, by resource (id in lower case) and name (as first spelled).
#[derive(Debug, Default)]
pub(crate) struct Kept(pub(crate) BTreeMap<String, BTreeMap<String, Metric>>);

impl Provider for Metrics {
    fn name(&self) -> &'static str {
        "Monitor metrics"
    }

    fn types(&self) -> &'static [ResourceType] {
        TYPES
    }

    fn handle(&self, world: &mut World, call: &Call) -> Result<Reply, ArmError> {
        let Target::Below { scope, last, .. } = &call.target else {
            return Err(ArmError::method(&call.method, &call.target.kind()));
        };
        match (&call.method, last.to_ascii_lowercase().as_str()) {
            (&Method::GET | &Method::POST, "metrics") => answer::metrics(world, call, scope),
            (&Method::GET, "metricdefinitions") => answer::definitions(world, call, scope),
            (&Method::GET, "metricnamespaces") => answer::namespaces(call, scope),
            _ => Err(ArmError::method(&call.method, &call.target.kind())),
        }
    }

    fn other(&self, world: &mut World, call: &OtherCall<'_>) -> Option<Reply> {
        admin::other(world, call)
    }
}

/// One request that the edge served.
#[derive(Clone, Debug, Default)]
pub(crate) struct Served {
    /// The profile's id, lower case.
    pub(crate) profile: String,
    /// The endpoint's name.
    pub(crate) endpoint: String,
    /// The origin's host name; `None` if the edge answered itself.
    pub(crate) origin: Option<String>,
    /// What the client got.
    pub(crate) status: u16,
    /// What the origin answered, if it did.
    pub(crate) origin_status: Option<u16>,
    /// From the request's arrival to the answer's end.
    pub(crate) total: Duration,
    /// Bytes of the request, headers and body.
    pub(crate) request_size: u64,
    /// Bytes of the answer, headers and body.
    pub(crate) response_size: u64,
    /// Until the origin's answer began.
    pub(crate) origin_latency: Duration,
}

/// Counts a request.
pub(crate) fn served(world: &mut World, served: Served) {
    let at = world.now();
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let status =
        |code: u16| [pair("HttpStatus", &code.to_string()), pair("HttpStatusGroup", &format!("{}XX", code / 100))];
    let mut client: Dimensions = status(served.status).to_vec();
    client.extend([pair("Endpoint", &served.endpoint), pair("ClientRegion", "Local"), pair("ClientCountry", "Local")]);
    let endpoint =
        vec![pair("Endpoint", &served.endpoint), pair("ClientRegion", "Local"), pair("ClientCountry", "Local")];
    let share = |class: u16| if served.status / 100 == class { 100.0 } else { 0.0 };
    measure(world, &served.profile, "RequestCount", at, client.clone(), 1.0);
    // Sizes are far below what a float can tell apart.
    #[allow(clippy::cast_precision_loss)]
    let sizes = [("RequestSize", served.request_size as f64), ("ResponseSize", served.response_size as f64)];
    for (name, size) in sizes {
        measure(world, &served.profile, name, at, client.clone(), size);
    }
    measure(world, &served.profile, "TotalLatency", at, client, ms(served.total));
    measure(world, &served.profile, "Percentage4XX", at, endpoint.clone(), share(4));
    measure(world, &served.profile, "Percentage5XX", at, endpoint, share(5));
    let Some(origin) = served.origin else { return };
    let own = [pair("Origin", &origin), pair("Endpoint", &served.endpoint)];
    // An origin that gave no answer counts with status 0, as the service's logs show it.
    let mut all: Dimensions = status(served.origin_status.unwrap_or(0)).to_vec();
    all.extend(own.clone());
    measure(world, &served.profile, "OriginRequestCount", at, all, 1.0);
    measure(world, &served.profile, "OriginLatency", at, own.to_vec(), ms(served.origin_latency));
}

/// Counts a probe of an origin.
pub(crate) fn probed(world: &mut World, at: Timestamp, profile: &str, group: &str, origin: &str, good: bool) {
    let dimensions = vec![("Origin".to_owned(), origin.to_owned()), ("OriginGroup".to_owned(), group.to_owned())];
    measure(world, profile, "OriginHealthPercentage", at, dimensions, if good { 100.0 } else { 0.0 });
}

/// Keeps one value.
pub(crate) fn measure(
    world: &mut World,
    resource: &str,
    metric: &str,
    at: Timestamp,
    dimensions: Dimensions,
    value: f64,
) {
    let of_resource = world.runtime::<Kept>().0.entry(resource.to_ascii_lowercase()).or_default();
    let name = of_resource.keys().find(|known| known.eq_ignore_ascii_case(metric)).cloned();
    of_resource.entry(name.unwrap_or_else(|| metric.to_owned())).or_default().add(at.as_second(), dimensions, value);
}
