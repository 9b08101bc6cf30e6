//! What a load client saw.

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime};

/// How many failures are kept in words.
const EXAMPLES: usize = 10;

/// One request.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Since the client's start, when it was begun.
    pub at: Duration,
    /// Where it went; `None` when the name did not resolve.
    pub address: Option<Ipv4Addr>,
    /// Who answered, in its own words.
    pub color: Option<String>,
    /// HTTP status; `None` without an answer.
    pub status: Option<u16>,
    /// From beginning to end, name resolution included.
    pub took: Duration,
    /// Why it failed; `None` when 200 came from a color.
    pub failure: Option<String>,
}

/// What was seen of one color.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColorSeen {
    /// Requests it answered, in whatever way.
    pub requests: u64,
    /// Since the client's start: the first of them.
    pub first: Duration,
    /// And the last.
    pub last: Duration,
}

/// A summary of all requests that have ended.
#[derive(Debug, Clone)]
pub struct Report {
    /// When the client started.
    pub started: SystemTime,
    /// Requests that ended.
    pub total: u64,
    /// Those among them that failed.
    pub failed: u64,
    /// The first failures, with when and why.
    pub failures: Vec<String>,
    /// By color.
    pub colors: BTreeMap<String, ColorSeen>,
    /// For each second since the start: requests by color, and failures under `failed`.
    pub timeline: BTreeMap<u64, BTreeMap<String, u64>>,
    /// Half of the requests took no longer.
    pub median: Duration,
    /// 99 of 100 requests took no longer.
    pub p99: Duration,
    /// The slowest one.
    pub slowest: Duration,
}

impl Report {
    pub(super) fn of(started: SystemTime, sent: &[Sent]) -> Self {
        let mut report = Self {
            started,
            total: sent.len() as u64,
            failed: 0,
            failures: Vec::new(),
            colors: BTreeMap::new(),
            timeline: BTreeMap::new(),
            median: Duration::ZERO,
            p99: Duration::ZERO,
            slowest: Duration::ZERO,
        };
        sent.iter().for_each(|request| report.add(request));
        let mut took: Vec<Duration> = sent.iter().map(|request| request.took).collect();
        took.sort_unstable();
        let at = |share: usize| took.get((took.len() * share / 100).min(took.len().saturating_sub(1))).copied();
        report.median = at(50).unwrap_or_default();
        report.p99 = at(99).unwrap_or_default();
        report.slowest = took.last().copied().unwrap_or_default();
        report
    }

    fn add(&mut self, request: &Sent) {
        let second = self.timeline.entry(request.at.as_secs()).or_default();
        if let Some(color) = &request.color {
            let seen = ColorSeen { requests: 0, first: request.at, last: request.at };
            let seen = self.colors.entry(color.clone()).or_insert(seen);
            seen.requests += 1;
            seen.first = seen.first.min(request.at);
            seen.last = seen.last.max(request.at);
            *second.entry(color.clone()).or_default() += 1;
        }
        if let Some(why) = &request.failure {
            *second.entry("failed".to_owned()).or_default() += 1;
            self.failed += 1;
            if self.failures.len() < EXAMPLES {
                let place = request.address.map_or_else(|| "no address".to_owned(), |address| address.to_string());
                self.failures.push(format!("at {:.3} s, {place}: {why}", request.at.as_secs_f64()));
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests, {} failed", self.total, self.failed)?;
        for (color, seen) in &self.colors {
            let (first, last) = (seen.first.as_secs_f64(), seen.last.as_secs_f64());
            write!(f, "; {color} {} ({first:.1} s to {last:.1} s)", seen.requests)?;
        }
        let [median, p99, slowest] = [self.median, self.p99, self.slowest].map(|took| took.as_secs_f64() * 1000.0);
        write!(f, "; median {median:.1} ms, p99 {p99:.1} ms, slowest {slowest:.1} ms")?;
        for failure in &self.failures {
            write!(f, "\n  {failure}")?;
        }
        Ok(())
    }
}
