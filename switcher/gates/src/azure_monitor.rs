//! A metric of Azure Monitor over a window, judged by a comparison, against the live color's, or both. Azure tells a
//! metric that failed inside a 200, and leaves minutes out in which nothing happened: neither ever passes.

use std::time::{Duration, Instant};

use jiff::{RoundMode, SignedDuration, Timestamp, TimestampRound, Unit};
use teal_api::switch::{Aggregation, AzureMonitor, Baseline, Comparison};
use teal_azure::Client;
use teal_azure::monitor::{self, Metric, Query};

use crate::prometheus::{holds, show};
use crate::report::{Outcome, Report};

const GATE: &str = "azureMonitor";
/// The grain that is asked for: the finest Azure keeps.
const GRAIN: &str = "PT1M";

/// Asks once. `color` replaces `${color}` of the gate, `live` that of its baseline.
pub async fn check(client: &Client, gate: &AzureMonitor, color: &str, live: &str) -> Report {
    let (began, now) = (Instant::now(), Timestamp::now());
    let measured = measure(client, gate, &gate.resource, color, now).await;
    let value = match measured {
        Ok(value) => value,
        Err(report) => return report.took(began.elapsed()),
    };
    let baseline = match &gate.baseline {
        None => None,
        Some(baseline) => {
            let resource = baseline.resource.as_ref().unwrap_or(&gate.resource);
            match measure(client, gate, resource, live, now).await {
                Ok(value) => Some((baseline, value)),
                Err(report) => return report.took(began.elapsed()),
            }
        }
    };
    judge(gate, value, baseline, color, live).took(began.elapsed())
}

/// One metric over the window; `None` when nothing was measured.
async fn measure(
    client: &Client,
    gate: &AzureMonitor,
    resource: &str,
    color: &str,
    now: Timestamp,
) -> Result<Option<f64>, Report> {
    let error = |why: String| Report::new(GATE, Outcome::Error, why);
    let query = query(gate, resource, color, now).map_err(error)?;
    let evidence = format!("{} of {}", query.metric, query.resource);
    match client.metric(&query).await {
        Ok(Metric { failed: Some((code, message)), .. }) => {
            Err(error(format!("Azure can't tell the metric {} ({code}: {message})", gate.metric)).with(evidence))
        }
        Ok(metric) => Ok(value(&metric, gate.aggregation)),
        Err(why) => Err(error(why.to_string()).with(evidence)),
    }
}

fn query(gate: &AzureMonitor, resource: &str, color: &str, now: Timestamp) -> Result<Query, String> {
    let resource = resource.replace("${color}", color);
    let window = SignedDuration::try_from(gate.window).map_err(|error| error.to_string())?;
    let from = now.checked_sub(window).map_err(|error| error.to_string())?;
    // Whole seconds, Azure's own form; up to the end of this one: an end is excluded, and with it in a minute's first second all
    // of that minute.
    let to = now
        .round(TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Ceil))
        .map_err(|error| error.to_string())?;
    let text = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    Ok(Query {
        resource: resource.parse().map_err(|error: teal_azure::id::IdError| error.to_string())?,
        metric: gate.metric.clone(),
        namespace: gate.namespace.clone(),
        aggregation: azures(gate.aggregation),
        timespan: format!("{}/{}", text(from), text(to)),
        interval: GRAIN.to_owned(),
        filter: gate.filter.as_ref().map(|filter| filter.replace("${color}", color)),
    })
}

fn azures(aggregation: Aggregation) -> monitor::Aggregation {
    match aggregation {
        Aggregation::Average => monitor::Aggregation::Average,
        Aggregation::Total => monitor::Aggregation::Total,
        Aggregation::Count => monitor::Aggregation::Count,
        Aggregation::Minimum => monitor::Aggregation::Minimum,
        Aggregation::Maximum => monitor::Aggregation::Maximum,
    }
}

/// All minutes of all series as one value; `None` when no minute has one.
fn value(metric: &Metric, aggregation: Aggregation) -> Option<f64> {
    let points = metric.series.iter().flat_map(|series| &series.data);
    let values: Vec<f64> =
        points.filter_map(|point| point.value(azures(aggregation))).filter(|one| one.is_finite()).collect();
    if values.is_empty() {
        return None;
    }
    let sum = || values.iter().sum::<f64>();
    Some(match aggregation {
        Aggregation::Average => sum() / values.iter().map(|_| 1.0).sum::<f64>(),
        Aggregation::Total | Aggregation::Count => sum(),
        Aggregation::Minimum => values.iter().copied().fold(f64::INFINITY, f64::min),
        Aggregation::Maximum => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    })
}

/// What the values mean: everything declared must hold, and what was not measured never does.
fn judge(
    gate: &AzureMonitor,
    found: Option<f64>,
    baseline: Option<(&Baseline, Option<f64>)>,
    color: &str,
    live: &str,
) -> Report {
    let report = |outcome, message: String| Report::new(GATE, outcome, message);
    let nothing = |whose: &str| {
        let window = minutes(gate.window);
        report(
            Outcome::Inconclusive,
            format!("{} has no values for {whose} in the last {window}; is there traffic?", gate.metric),
        )
    };
    let Some(found) = found else { return nothing(color) };
    if let Some(bound) = gate.success.filter(|bound: &Comparison| !holds(*bound, found)) {
        return report(Outcome::Fail, format!("{} is {found} for {color}, not {}", gate.metric, show(bound)));
    }
    let mut words = vec![format!("{} is {found} for {color}", gate.metric)];
    if let Some((baseline, theirs)) = baseline {
        let Some(theirs) = theirs else { return nothing(live) };
        let most = theirs + theirs.abs() * baseline.within / 100.0;
        if found > most {
            let message = format!(
                "{} is {found} for {color}, more than {} % above the {theirs} of {live}",
                gate.metric, baseline.within
            );
            return report(Outcome::Fail, message);
        }
        words.push(format!("within {} % of the {theirs} of {live}", baseline.within));
    }
    report(Outcome::Pass, words.join(", "))
}

fn minutes(window: Duration) -> String {
    format!("{} s", window.as_secs())
}

#[cfg(test)]
#[path = "azure_monitor_tests.rs"]
mod tests;
