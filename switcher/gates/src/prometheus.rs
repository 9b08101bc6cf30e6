//! A Prometheus instant query, judged by a comparison. Empty and NaN never pass: they are *inconclusive*,
//! so that a dead exporter is told from a bad color (traffic-switch.md §7).

use std::time::{Duration, Instant};

use reqwest::{Client, redirect};
use serde::Deserialize;
use teal_api::switch::{Comparison, Operator, Prometheus};

use crate::report::{Outcome, Report, chain};

const GATE: &str = "prometheus";
/// Most bytes of an answer that are read: thousands of series, far more than a gate has use for.
pub const BODY_LIMIT: usize = 1024 * 1024;
/// Characters that are kept of what the server says of a query it refuses.
const SAID: usize = 300;
/// Longest wait for one query.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// Asks the server once. `color` replaces `${color}` in the query; `bearer` is sent when given and never shown.
pub async fn check(gate: &Prometheus, color: &str, bearer: Option<&str>) -> Report {
    let began = Instant::now();
    let query = gate.query.replace("${color}", color);
    let report = match ask(&gate.address, &query, bearer).await {
        Ok(samples) => judge(&samples, gate.success),
        Err(why) => Report::new(GATE, Outcome::Error, format!("{}: {why}", gate.address)),
    };
    report.with(format!("query {query}")).took(began.elapsed())
}

#[derive(Deserialize)]
struct Response {
    status: String,
    #[serde(default)]
    data: Option<Data>,
    #[serde(default, rename = "errorType")]
    error_type: String,
    #[serde(default)]
    error: String,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Vector(Vec<Series>),
    Scalar((f64, String)),
    Matrix(serde::de::IgnoredAny),
    String(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Series {
    #[serde(default)]
    metric: std::collections::BTreeMap<String, String>,
    value: (f64, String),
}

/// One value with the labels it came with.
#[derive(Debug, Clone, PartialEq)]
struct Sample {
    labels: String,
    value: f64,
}

async fn ask(address: &str, query: &str, bearer: Option<&str>) -> Result<Vec<Sample>, String> {
    let client =
        Client::builder().redirect(redirect::Policy::none()).timeout(TIMEOUT).build().map_err(|error| chain(&error))?;
    let url = format!("{}/api/v1/query", address.trim_end_matches('/'));
    let mut request = client.get(url).query(&[("query", query)]);
    if let Some(token) = bearer {
        request = request.bearer_auth(token);
    }
    let mut response = request.send().await.map_err(|error| chain(&error.without_url()))?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| chain(&error.without_url()))? {
        body.extend_from_slice(&chunk);
        if body.len() > BODY_LIMIT {
            return Err(format!("the answer is larger than {BODY_LIMIT} bytes; aggregate in the query"));
        }
    }
    let parsed: Response = serde_json::from_slice(&body).map_err(|_| {
        format!("status {} and no Prometheus answer in the body; is this the server's base URL?", status.as_u16())
    })?;
    if parsed.status != "success" {
        let said: String = parsed.error.chars().take(SAID).collect();
        return Err(format!("the query was refused ({}): {said}", parsed.error_type));
    }
    match parsed.data {
        Some(Data::Vector(series)) => series.into_iter().map(|one| sample(labels(&one.metric), &one.value.1)).collect(),
        Some(Data::Scalar((_, value))) => Ok(vec![sample("scalar".to_owned(), &value)?]),
        Some(Data::Matrix(_)) => Err("the query gives a range, not an instant; drop the [..]".to_owned()),
        Some(Data::String(_)) | None => Err("the query gives no number".to_owned()),
    }
}

fn sample(labels: String, value: &str) -> Result<Sample, String> {
    // Prometheus writes NaN, +Inf and -Inf; Rust reads all three.
    let value = value.parse().map_err(|_| format!("{value:?} is no number"))?;
    Ok(Sample { labels, value })
}

fn labels(metric: &std::collections::BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = metric.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{{{}}}", pairs.join(", "))
}

/// Every series must satisfy the comparison: one bad replica is a bad color.
fn judge(samples: &[Sample], success: Comparison) -> Report {
    let shown = show(success);
    if samples.is_empty() {
        return Report::new(GATE, Outcome::Inconclusive, "the query gives no data; is the exporter scraped?");
    }
    let line = |sample: &Sample| format!("{} {}", sample.labels, sample.value);
    let (outcome, message) =
        if let Some(bad) = samples.iter().find(|one| !one.value.is_nan() && !holds(success, one.value)) {
            (Outcome::Fail, format!("value {} of {} is not {shown}", bad.value, bad.labels))
        } else if let Some(nan) = samples.iter().find(|one| one.value.is_nan()) {
            (Outcome::Inconclusive, format!("{} is NaN; a division by nothing, most likely no traffic", nan.labels))
        } else {
            (Outcome::Pass, format!("{} of {} series {shown}", samples.len(), samples.len()))
        };
    samples.iter().take(5).fold(Report::new(GATE, outcome, message), |report, one| report.with(line(one)))
}

pub(crate) fn holds(comparison: Comparison, value: f64) -> bool {
    let bound = comparison.bound;
    match comparison.operator {
        Operator::Less => value < bound,
        Operator::LessOrEqual => value <= bound,
        Operator::Greater => value > bound,
        Operator::GreaterOrEqual => value >= bound,
        Operator::Equal => value == bound,
        Operator::NotEqual => value != bound,
    }
}

pub(crate) fn show(comparison: Comparison) -> String {
    let operator = match comparison.operator {
        Operator::Less => "<",
        Operator::LessOrEqual => "<=",
        Operator::Greater => ">",
        Operator::GreaterOrEqual => ">=",
        Operator::Equal => "==",
        Operator::NotEqual => "!=",
    };
    format!("{operator} {}", comparison.bound)
}

#[cfg(test)]
#[path = "prometheus_tests.rs"]
mod tests;
