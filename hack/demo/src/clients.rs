//! All clients together: what they sent, and what became of it.

use std::time::{Duration, SystemTime};

use teal_testkit::http::LoadClient;

/// Clients of several kinds under steady load.
pub(crate) struct Clients(Vec<(&'static str, LoadClient)>);

/// What has happened so far, to all of them.
pub(crate) struct Report {
    /// Requests that have ended.
    pub(crate) total: u64,
    /// Requests that have failed.
    pub(crate) failed: u64,
    /// Why, each with who told it.
    pub(crate) failures: Vec<String>,
}

impl Clients {
    /// Clients that are sending already.
    pub(crate) fn new(clients: Vec<(&'static str, LoadClient)>) -> Self {
        Self(clients)
    }

    /// What has happened so far.
    pub(crate) fn report(&self) -> Report {
        let mut all = Report { total: 0, failed: 0, failures: Vec::new() };
        for (who, client) in &self.0 {
            let report = client.report();
            all.total += report.total;
            all.failed += report.failed;
            all.failures.extend(report.failures.iter().map(|failure| format!("{who}: {failure}")));
        }
        all
    }

    /// The longest that any request took that was begun since then.
    pub(crate) fn slowest(&self, since: SystemTime) -> Duration {
        let of = |client: &LoadClient| {
            let started = client.report().started;
            client.requests().into_iter().filter(move |sent| started + sent.at >= since).map(|sent| sent.took).max()
        };
        self.0.iter().filter_map(|(_, client)| of(client)).max().unwrap_or_default()
    }

    /// When each kind of client was first answered by `color`.
    pub(crate) fn first(&self, color: &str) -> Vec<(&'static str, SystemTime)> {
        let first = |client: &LoadClient| {
            let report = client.report();
            report.colors.get(color).map(|seen| report.started + seen.first)
        };
        self.0.iter().filter_map(|(who, client)| Some((*who, first(client)?))).collect()
    }
}
