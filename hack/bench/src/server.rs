//! What the API server says it did: requests by verb and its own CPU.

use anyhow::{Context, Result};
use kube::Client;

/// Counters of one API server at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counters {
    /// Requests that write, Leases and Events excepted.
    pub(crate) writes: f64,
    /// Writes of Leases and Events.
    pub(crate) upkeep: f64,
    /// All requests but watches.
    pub(crate) requests: f64,
    /// Seconds of CPU.
    pub(crate) cpu: f64,
}

impl Counters {
    /// Reads `/metrics` of the API server.
    pub(crate) async fn read(client: &Client) -> Result<Self> {
        let request = http::Request::get("/metrics").body(Vec::new()).context("build the request")?;
        let text = client.request_text(request).await.context("read the API server's metrics")?;
        let mut counters = Self::default();
        for line in text.lines() {
            let Some((series, value)) = line.rsplit_once(' ') else { continue };
            let value: f64 = value.parse().unwrap_or(0.0);
            if series.starts_with("apiserver_request_total{") {
                counters.count(series, value);
            } else if series == "process_cpu_seconds_total" {
                counters.cpu = value;
            }
        }
        Ok(counters)
    }

    fn count(&mut self, series: &str, value: f64) {
        let verb = label(series, "verb");
        if verb == "WATCH" || verb == "CONNECT" {
            return;
        }
        self.requests += value;
        if matches!(verb, "POST" | "PUT" | "PATCH" | "APPLY" | "DELETE" | "DELETECOLLECTION") {
            match label(series, "resource") {
                "leases" | "events" => self.upkeep += value,
                _ => self.writes += value,
            }
        }
    }

    /// What happened between `earlier` and now.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            writes: self.writes - earlier.writes,
            upkeep: self.upkeep - earlier.upkeep,
            requests: self.requests - earlier.requests,
            cpu: self.cpu - earlier.cpu,
        }
    }
}

fn label<'a>(series: &'a str, name: &str) -> &'a str {
    let Some((_, rest)) = series.split_once(&format!("{name}=\"")) else { return "" };
    rest.split('"').next().unwrap_or("")
}
