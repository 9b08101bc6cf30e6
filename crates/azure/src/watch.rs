//! What happened on the wire, for metrics.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Is told of every attempt, wait and remaining budget. Called in the middle of requests: must not block.
pub trait Watch: Send + Sync + std::fmt::Debug {
    /// One request was sent, or could not be.
    fn attempted(&self, attempt: &Attempt);
    /// The client waits before it tries again.
    fn waits(&self, service: &'static str, why: &'static str, wait: Duration);
    /// What `x-ms-ratelimit-remaining-*` said.
    fn remaining(&self, budget: &Budget<'_>, left: i64);
}

/// One of Azure's budgets: it counts them apart for every identity, and within a subscription or the whole tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget<'a> {
    /// The rest of the header's name: `subscription-reads`, `tenant-writes`, …
    pub name: &'a str,
    /// Whose requests are counted, in lower case; `None` for a budget of the tenant.
    pub subscription: Option<&'a str>,
    /// Who we are: the client id where it is known, else how we sign in.
    pub identity: &'a str,
}

/// One attempt of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// `dns`, `frontDoor`, …
    pub service: &'static str,
    /// `GET`, …
    pub method: &'static str,
    /// HTTP status; `None` when there was no answer.
    pub status: Option<u16>,
    /// From sending to the end of the answer.
    pub took: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAttempt {
    service: String,
    method: String,
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfService {
    service: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfWait {
    service: String,
    reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfBudget {
    budget: String,
    subscription: String,
    identity: String,
}

/// A [`Watch`] that counts for Prometheus.
#[derive(Debug, Clone)]
pub struct Metrics {
    requests: Family<OfAttempt, Counter>,
    duration: Family<OfService, Histogram, fn() -> Histogram>,
    waits: Family<OfWait, Counter<f64, std::sync::atomic::AtomicU64>>,
    remaining: Family<OfBudget, Gauge>,
}

/// Upper bounds of the duration's buckets in seconds.
const BUCKETS: [f64; 9] = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0];

impl Metrics {
    /// Registers everything.
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            requests: Family::default(),
            duration: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            waits: Family::default(),
            remaining: Family::default(),
        };
        registry.register(
            "teal_azure_requests",
            "Requests to Azure by service, method and status",
            metrics.requests.clone(),
        );
        registry.register(
            "teal_azure_request_duration_seconds",
            "Time of one request to Azure",
            metrics.duration.clone(),
        );
        registry.register(
            "teal_azure_wait_seconds",
            "Time waited before trying again, by what Azure had answered",
            metrics.waits.clone(),
        );
        registry.register(
            "teal_azure_ratelimit_remaining",
            "Requests left by Azure's own count for an identity in a subscription, as its last answer told",
            metrics.remaining.clone(),
        );
        metrics
    }
}

impl Watch for Metrics {
    fn attempted(&self, attempt: &Attempt) {
        let code = attempt.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        let service = attempt.service.to_owned();
        self.requests
            .get_or_create(&OfAttempt { service: service.clone(), method: attempt.method.to_owned(), code })
            .inc();
        self.duration.get_or_create(&OfService { service }).observe(attempt.took.as_secs_f64());
    }

    fn waits(&self, service: &'static str, why: &'static str, wait: Duration) {
        let labels = OfWait { service: service.to_owned(), reason: why.to_owned() };
        self.waits.get_or_create(&labels).inc_by(wait.as_secs_f64());
    }

    fn remaining(&self, budget: &Budget<'_>, left: i64) {
        let labels = OfBudget {
            budget: budget.name.to_owned(),
            subscription: budget.subscription.unwrap_or_default().to_owned(),
            identity: budget.identity.to_owned(),
        };
        self.remaining.get_or_create(&labels).set(left);
    }
}

/// A [`Watch`] that looks away.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn attempted(&self, _: &Attempt) {}
    fn waits(&self, _: &'static str, _: &'static str, _: Duration) {}
    fn remaining(&self, _: &Budget<'_>, _: i64) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_of_several_subscriptions_and_identities_stand_side_by_side() {
        let mut registry = Registry::default();
        let metrics = Metrics::new(&mut registry);
        for (name, subscription, identity, left) in [
            ("subscription-reads", Some("s1"), "a", 249),
            ("subscription-reads", Some("s2"), "a", 17),
            ("subscription-reads", Some("s1"), "b", 3),
            ("tenant-reads", None, "a", 99),
            ("subscription-reads", Some("s1"), "a", 248),
        ] {
            metrics.remaining(&Budget { name, subscription, identity }, left);
        }
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        let mut told: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("teal_azure_ratelimit_remaining")).collect();
        told.sort_unstable();
        assert_eq!(
            told,
            [
                r#"{budget="subscription-reads",subscription="s1",identity="a"} 248"#,
                r#"{budget="subscription-reads",subscription="s1",identity="b"} 3"#,
                r#"{budget="subscription-reads",subscription="s2",identity="a"} 17"#,
                r#"{budget="tenant-reads",subscription="",identity="a"} 99"#,
            ]
        );
    }
}
