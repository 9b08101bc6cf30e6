//! Reads gates and probes.

use std::time::Duration;

use super::topology::topology;
use super::{Aggregation, AzureMonitor, Baseline, Comparison, Gate, Gates, HttpProbe, Operator, Prometheus};
use crate::reader::Spot;

/// Gates of the design that this version lacks.
const LATER: &[&str] = &["compatible", "singletons", "load", "job", "drain", "capacity", "exec", "webhook"];

/// Reads both lists; `colors` are the Switch's.
pub(super) fn gates(spot: &Spot<'_>, colors: &[&str]) -> Option<Gates> {
    let fields = spot.fields(&["before", "during"], &["after"])?;
    let list = |spot: &Spot<'_>| Some(spot.list()?.iter().filter_map(|one| gate(one, colors)).collect());
    let during = |spot: &Spot<'_>| {
        let gates: Vec<Gate> = list(spot)?;
        if gates.iter().any(|gate| matches!(gate, Gate::Topology(_))) {
            spot.wrong("`topology` looks at names before they move; write it under `before`");
        }
        Some(gates)
    };
    Some(Gates { before: fields.or("before", list, Vec::new()), during: fields.or("during", during, Vec::new()) })
}

fn gate(spot: &Spot<'_>, colors: &[&str]) -> Option<Gate> {
    let known = ["platform", "synced", "parity", "http", "prometheus", "azureMonitor", "topology"];
    let (name, value) = spot.one_of("gate", &known, LATER)?;
    match name {
        "platform" => value.fields(&[], &["nodes", "workloads", "addons", "versions"]).map(|_| Gate::Platform),
        "synced" => value.fields(&[], &["maxAge"]).map(|_| Gate::Synced),
        "parity" => {
            let fields = value.fields(&["minimum"], &["maxAge", "ignore"])?;
            Some(Gate::Parity { minimum: fields.or("minimum", Spot::percent, 100.0) })
        }
        "http" => probe(&value).map(Gate::Http),
        "azureMonitor" => azure_monitor(&value).map(Gate::AzureMonitor),
        "topology" => topology(&value, colors).map(Gate::Topology),
        _ => prometheus(&value).map(Gate::Prometheus),
    }
}

/// Reads an HTTP probe.
pub(super) fn probe(spot: &Spot<'_>) -> Option<HttpProbe> {
    let fields =
        spot.fields(&["url", "host", "status", "contains", "timeout"], &["headers", "method", "ca", "insecure"])?;
    let url = fields.need("url", "an address such as `https://10.1.0.4/healthz`").and_then(|spot| spot.url());
    let host = fields.get("host").and_then(|spot| spot.host_port());
    let status = fields.or("status", statuses, Vec::new());
    let contains = fields.get("contains").and_then(|spot| spot.text());
    let timeout = fields.or("timeout", |spot| spot.duration_from(Duration::from_millis(1)), Duration::from_secs(2));
    Some(HttpProbe { url: url?, host, status, contains, timeout })
}

/// Reads one status or a list of them.
fn statuses(spot: &Spot<'_>) -> Option<Vec<u16>> {
    let one = |spot: &Spot<'_>| spot.whole(100, 599).and_then(|code| u16::try_from(code).ok());
    match spot.node.data {
        teal_yaml::Data::Sequence(_) => Some(spot.list()?.iter().filter_map(one).collect()),
        _ => one(spot).map(|code| vec![code]),
    }
}

pub(crate) fn prometheus(spot: &Spot<'_>) -> Option<Prometheus> {
    let fields = spot.fields(
        &["address", "query", "success", "interval", "failureLimit"],
        &["auth", "secretRef", "range", "inconclusive"],
    )?;
    let address = fields.need("address", "the server: `address: http://prometheus:9090`").and_then(|spot| spot.url());
    let query = fields.need("query", "a PromQL query").and_then(|spot| spot.text());
    let success = fields.need("success", "a comparison such as `\"value < 0.01\"`").and_then(|spot| comparison(&spot));
    let interval =
        fields.or("interval", |spot| spot.duration_from(Duration::from_millis(100)), Duration::from_secs(30));
    let failure_limit = fields.or("failureLimit", |spot| spot.whole(0, 1000), 0);
    Some(Prometheus { address: address?, query: query?, success: success?, interval, failure_limit })
}

pub(crate) fn azure_monitor(spot: &Spot<'_>) -> Option<AzureMonitor> {
    let known = [
        "resource",
        "metric",
        "namespace",
        "aggregation",
        "filter",
        "window",
        "success",
        "baseline",
        "interval",
        "failureLimit",
    ];
    let fields = spot.fields(&known, &["inconclusive"])?;
    let resource = fields.need("resource", "the ARM id of what is measured").and_then(|spot| any_resource(&spot));
    let metric = fields.need("metric", "the metric's name, such as `Percentage5XX`").and_then(|spot| spot.text());
    let namespace = fields.get("namespace").and_then(|spot| spot.text());
    let words = ["average", "total", "count", "minimum", "maximum"];
    let aggregation = match fields.get("aggregation").and_then(|spot| spot.word(&words)) {
        Some("total") => Aggregation::Total,
        Some("count") => Aggregation::Count,
        Some("minimum") => Aggregation::Minimum,
        Some("maximum") => Aggregation::Maximum,
        _ => Aggregation::Average,
    };
    let filter = fields.get("filter").and_then(|spot| spot.text());
    let minute = Duration::from_secs(60);
    // One minute is the finest grain that every metric has.
    let window = fields.or("window", |spot| spot.duration_from(minute), 5 * minute);
    let success = fields.get("success").and_then(|spot| comparison(&spot));
    let baseline = fields.get("baseline").and_then(|spot| {
        let fields = spot.fields(&["resource", "within"], &[])?;
        let within = fields.need("within", "how far above the live color, such as `within: 10%`")?.percent();
        Some(Baseline { resource: fields.get("resource").and_then(|spot| any_resource(&spot)), within: within? })
    });
    if fields.get("success").is_none() && fields.get("baseline").is_none() {
        spot.wrong("judges nothing; write `success: \"value < 1\"`, or `baseline: {within: 10%}`");
    }
    let interval = fields.or("interval", |spot| spot.duration_from(Duration::from_secs(1)), minute);
    let failure_limit = fields.or("failureLimit", |spot| spot.whole(0, 1000), 0);
    Some(AzureMonitor {
        resource: resource?,
        metric: metric?,
        namespace,
        aggregation,
        filter,
        window,
        success,
        baseline,
        interval,
        failure_limit,
    })
}

/// An ARM id in which `${color}` may stand for a color.
fn any_resource(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text()?;
    if text.to_ascii_lowercase().starts_with("/subscriptions/") && text.contains("/providers/") {
        return Some(text);
    }
    spot.wrong(format!("`{text}` is no resource id; it begins with `/subscriptions/` and names a provider"));
    None
}

fn comparison(spot: &Spot<'_>) -> Option<Comparison> {
    let text = spot.text()?;
    let parsed = text.trim().strip_prefix("value").and_then(|rest| {
        let rest = rest.trim_start();
        let end = rest.find(|c: char| !"<>=!".contains(c))?;
        let (operator, bound) = rest.split_at(end);
        let operator = match operator {
            "<" => Operator::Less,
            "<=" => Operator::LessOrEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterOrEqual,
            "==" => Operator::Equal,
            "!=" => Operator::NotEqual,
            _ => return None,
        };
        let bound = bound.trim().parse::<f64>().ok().filter(|bound| bound.is_finite())?;
        Some(Comparison { operator, bound })
    });
    if parsed.is_none() {
        spot.wrong(format!(
            "`{text}` is no comparison; write `value`, one of < <= > >= == != and a number, such as `value < 0.01`"
        ));
    }
    parsed
}
