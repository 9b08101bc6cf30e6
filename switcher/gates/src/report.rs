//! What a gate answers.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The four outcomes of a gate. Only [`Outcome::Pass`] lets a move go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Measured and good.
    Pass,
    /// Measured, and neither good nor bad: empty, NaN, two revisions.
    Inconclusive,
    /// Could not be measured.
    Error,
    /// Measured and bad.
    Fail,
}

impl Outcome {
    /// Every outcome, for metrics that export one series a value.
    pub const ALL: [Self; 4] = [Self::Pass, Self::Inconclusive, Self::Error, Self::Fail];

    /// The word used in metrics, logs and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Error => "error",
            Self::Fail => "fail",
        }
    }
}

impl From<Outcome> for teal_switcher_core::Outcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Pass => Self::Pass,
            Outcome::Inconclusive => Self::Inconclusive,
            Outcome::Error => Self::Error,
            Outcome::Fail => Self::Fail,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One measurement of one gate: the outcome, one sentence for people, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Name of the gate, such as `parity`.
    pub gate: String,
    /// The outcome.
    pub outcome: Outcome,
    /// One sentence without a full stop: what was found, and what to do unless it passed.
    pub message: String,
    /// Facts the outcome rests on, one a line; never Secret data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// How long the measurement took.
    #[serde(default)]
    pub took: Duration,
}

impl Report {
    /// Makes a report without evidence.
    pub fn new(gate: &str, outcome: Outcome, message: impl Into<String>) -> Self {
        Self { gate: gate.to_owned(), outcome, message: message.into(), evidence: Vec::new(), took: Duration::ZERO }
    }

    /// Adds one line of evidence.
    #[must_use]
    pub fn with(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }

    /// Sets how long the measurement took.
    #[must_use]
    pub fn took(mut self, took: Duration) -> Self {
        self.took = took;
        self
    }

    /// Returns whether the gate lets the move go on.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.outcome == Outcome::Pass
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.gate, self.outcome, self.message)
    }
}

/// The whole chain of an error in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// What the API server, or the way to it, says; the library's own text repeats itself.
pub(crate) fn kube_error(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => format!("{} ({})", status.message, status.code),
        kube::Error::Service(source) => chain(source.as_ref()),
        other => chain(other),
    }
}
