//! The knobs. Their defaults make everything happen at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// All knobs, as `PUT /_emulator/settings` takes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Members of a list's page when the caller does not say; 0: all.
    pub(crate) page_size: usize,
    /// Region of groups that spring into being.
    pub(crate) location: String,
    /// Long-running operations.
    pub(crate) lro: PerKind<Lro>,
    /// How long the data plane takes to hear of a change.
    pub(crate) propagation: Propagation,
    /// Limits on calls; none unless set.
    pub(crate) throttle: Throttle,
    /// A group must exist before anything is put in it.
    pub(crate) strict_groups: bool,
    /// Only api-versions on the lists are taken.
    pub(crate) strict_versions: bool,
    /// Where names and addresses really are: `name`, `name:port`, `address` or `address:port` to `address[:port]`.
    pub(crate) hosts: BTreeMap<String, String>,
    /// The edge verifies the certificates of HTTPS origins.
    pub(crate) verify_origins: bool,
    /// Real seconds by which the `Date` of every answer is off: what a caller whose clock is wrong sees.
    pub(crate) date_offset: i32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            page_size: 100,
            location: "westeurope".to_owned(),
            lro: PerKind::default(),
            propagation: Propagation::default(),
            throttle: Throttle::default(),
            strict_groups: false,
            strict_versions: false,
            hosts: BTreeMap::new(),
            verify_origins: false,
            date_offset: 0,
        }
    }
}

impl Settings {
    /// All that is wrong with them, one sentence each.
    pub(crate) fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut seconds = |what: String, value: f64| {
            if !(0.0..=1e9).contains(&value) {
                wrong.push(format!("{what} is {value}; it must be a number of seconds from 0 to 1e9"));
            }
        };
        for (kind, lro) in self.lro.all() {
            seconds(format!("lro.{kind}.seconds"), lro.seconds);
        }
        for (kind, lag) in self.propagation.kinds.all() {
            seconds(format!("propagation.{kind}.seconds"), lag.seconds);
            seconds(format!("propagation.{kind}.jitter"), lag.jitter);
        }
        for (at, extra) in self.propagation.servers.iter().enumerate() {
            seconds(format!("propagation.servers[{at}]"), *extra);
        }
        wrong.extend(crate::hosts::check(&self.hosts));
        if self.location.trim().is_empty() {
            wrong.push("location is empty; give the region of groups that spring into being".to_owned());
        }
        wrong
    }
}

/// A setting for everything and others for single kinds (full types, compared without case; `*` stands for any text).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct PerKind<T> {
    /// For every kind without its own.
    pub(crate) default: T,
    /// By kind, the first match in alphabetical order wins.
    pub(crate) kinds: BTreeMap<String, T>,
}

impl<T: Clone> PerKind<T> {
    /// What holds for a kind.
    pub(crate) fn of(&self, kind: &str) -> T {
        let own = self.kinds.iter().find(|(pattern, _)| super::faults::matches(pattern, kind));
        own.map_or(&self.default, |(_, setting)| setting).clone()
    }

    fn all(&self) -> impl Iterator<Item = (&str, &T)> {
        std::iter::once(("default", &self.default)).chain(self.kinds.iter().map(|(kind, one)| (kind.as_str(), one)))
    }
}

/// How long operations run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Lro {
    /// So many polls see it running.
    pub(crate) polls: u32,
    /// Emulated seconds it takes at least.
    pub(crate) seconds: f64,
    /// `Retry-After`, in seconds; null leaves it out.
    pub(crate) retry_after: Option<u32>,
}

impl Default for Lro {
    fn default() -> Self {
        Self { polls: 0, seconds: 0.0, retry_after: Some(0) }
    }
}

/// What DNS, edges and proxies hear, and when.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Propagation {
    /// By kind.
    #[serde(flatten)]
    pub(crate) kinds: PerKind<Lag>,
    /// Further seconds for each of a public zone's four name servers; the main DNS listener is the first.
    pub(crate) servers: Vec<f64>,
}

impl Propagation {
    /// What holds for a kind.
    pub(crate) fn of(&self, kind: &str) -> Lag {
        self.kinds.of(kind)
    }

    /// The slowest server's extra seconds.
    pub(crate) fn slowest(&self) -> f64 {
        self.servers.iter().copied().fold(0.0, f64::max)
    }
}

/// A delay in emulated seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Lag {
    /// At least.
    pub(crate) seconds: f64,
    /// Up to so many more, by the dice.
    pub(crate) jitter: f64,
}

/// Calls per emulated minute; null: no limit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Throttle {
    /// Per zone and minute what Azure documents: public 200 creates, updates and deletes each, 2000 reads, 60 lists; private 60, 200,
    /// 100.
    pub(crate) azure_dns_limits: bool,
    /// Reads per subscription and principal.
    pub(crate) reads: Option<u32>,
    /// Writes per subscription and principal.
    pub(crate) writes: Option<u32>,
    /// Deletes per subscription and principal.
    pub(crate) deletes: Option<u32>,
}
