//! Azure Monitor metrics. A metric that fails is told inside a 200.

use serde::Deserialize;
use serde_json::Value;

use crate::client::{Client, needs};
use crate::error::AzureError;
use crate::id::ResourceId;
use crate::request::{Request, read};
use crate::versions;

/// How the values of a span are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregation {
    /// Mean.
    Average,
    /// Sum.
    Total,
    /// Number of samples.
    Count,
    /// Smallest.
    Minimum,
    /// Largest.
    Maximum,
}

impl Aggregation {
    /// As in queries.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Average => "Average",
            Self::Total => "Total",
            Self::Count => "Count",
            Self::Minimum => "Minimum",
            Self::Maximum => "Maximum",
        }
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Whose metric.
    pub resource: ResourceId,
    /// Its name.
    pub metric: String,
    /// Its namespace, where a resource has several.
    pub namespace: Option<String>,
    /// How values are put together.
    pub aggregation: Aggregation,
    /// First and last moment, RFC 3339, `start/end`.
    pub timespan: String,
    /// ISO 8601 grain such as `PT1M`.
    pub interval: String,
    /// Dimensions, such as `Origin eq 'blue'`.
    pub filter: Option<String>,
}

impl Query {
    /// The request.
    #[must_use]
    pub fn get(&self) -> Request {
        let scope = &self.resource;
        let what = format!("reading the metric {} of {scope}", self.metric);
        let mut request = Request::get("monitor", scope, versions::METRICS, needs("Monitoring Reader", scope))
            .at(&["providers", "Microsoft.Insights", "metrics"])
            .with("metricnames", &self.metric)
            .with("aggregation", self.aggregation.as_str())
            .with("timespan", &self.timespan)
            .with("interval", &self.interval)
            .told(what);
        if let Some(namespace) = &self.namespace {
            request = request.with("metricnamespace", namespace);
        }
        if let Some(filter) = &self.filter {
            request = request.with("$filter", filter);
        }
        request
    }
}

/// One metric's answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// Such as `Count`, `Percent`, `MilliSeconds`.
    pub unit: String,
    /// One a combination of dimensions.
    pub series: Vec<Series>,
    /// Code and message, when this metric failed although the answer is a 200.
    pub failed: Option<(String, String)>,
}

/// One series.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Series {
    /// Dimensions.
    #[serde(rename = "metadatavalues")]
    pub dimensions: Vec<Dimension>,
    /// Oldest first.
    pub data: Vec<Point>,
}

/// One dimension's value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Dimension {
    /// Name.
    pub name: Name,
    /// Value.
    pub value: String,
}

/// A name that can be localised.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Name {
    /// Not localised.
    pub value: String,
}

/// One span's values; absent where nothing was measured.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Point {
    /// Its begin.
    pub time_stamp: String,
    /// Mean.
    pub average: Option<f64>,
    /// Sum.
    pub total: Option<f64>,
    /// Samples.
    pub count: Option<f64>,
    /// Smallest.
    pub minimum: Option<f64>,
    /// Largest.
    pub maximum: Option<f64>,
}

impl Point {
    /// The value of an aggregation.
    #[must_use]
    pub fn value(&self, aggregation: Aggregation) -> Option<f64> {
        match aggregation {
            Aggregation::Average => self.average,
            Aggregation::Total => self.total,
            Aggregation::Count => self.count,
            Aggregation::Minimum => self.minimum,
            Aggregation::Maximum => self.maximum,
        }
    }
}

#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[derive(Default)]
struct Raw {
    name: Name,
    unit: String,
    timeseries: Vec<Series>,
    error_code: Option<String>,
    error_message: Option<String>,
}

/// Reads an answer.
///
/// # Errors
/// [`AzureError::Odd`].
pub fn metrics(body: &Value, what: &str) -> Result<Vec<Metric>, AzureError> {
    let list = body.get("value").and_then(Value::as_array).cloned();
    let list = list.ok_or_else(|| AzureError::Odd { what: what.to_owned(), why: "it has no `value`".into() })?;
    let metric = |value: &Value| -> Result<Metric, AzureError> {
        let raw: Raw = read(value, what)?;
        let code = raw.error_code.filter(|code| !code.eq_ignore_ascii_case("Success"));
        let failed = code.map(|code| (code, raw.error_message.unwrap_or_default()));
        Ok(Metric { name: raw.name.value, unit: raw.unit, series: raw.timeseries, failed })
    };
    list.iter().map(metric).collect()
}

impl Client {
    /// Reads one metric.
    ///
    /// # Errors
    /// See [`AzureError`]; a metric that failed inside a 200 is no error here: see [`Metric::failed`].
    pub async fn metric(&self, query: &Query) -> Result<Metric, AzureError> {
        let request = query.get();
        let answer = self.send(&request).await?;
        let mut found = metrics(&answer.body, &request.what)?;
        match found.iter().position(|metric| metric.name.eq_ignore_ascii_case(&query.metric)) {
            Some(at) => Ok(found.swap_remove(at)),
            None => Err(AzureError::Odd { what: request.what, why: format!("it lacks the metric {}", query.metric) }),
        }
    }
}
