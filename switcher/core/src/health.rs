//! Proven now, or not, and what follows from it: the law of SWITCH §4 (G3, G4).

use std::fmt;
use std::time::Duration;

use crate::declaration::{Fallback, Rollback};

/// Whether a color is proven healthy *now*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Proof {
    /// Fresh answers as declared.
    Ok,
    /// Fresh evidence against it.
    Fail,
    /// No fresh evidence, not enough of it, or we may be the ones who are blind.
    Unknown,
}

impl Proof {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ok, Self::Fail, Self::Unknown];

    /// The word used in metrics and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The last answers that one vantage got from one color.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Who looked.
    pub vantage: String,
    /// Whether the last `streak` probes were answered as declared; a silent color is not.
    pub good: bool,
    /// Whether the color itself answered, well or badly: then silence of the network is no excuse.
    pub answered: bool,
    /// Probes in a row that agree with the last.
    pub streak: u32,
    /// Age of the last probe.
    pub age: Duration,
    /// Whether the control probe of this vantage answered: without it silence may be our own blindness.
    pub sighted: bool,
}

/// What counts as *now* and as *enough*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    /// Oldest probe that counts.
    pub freshness: Duration,
    /// Probes in a row that must agree.
    pub threshold: u32,
    /// Vantages that must agree; fewer where fewer exist.
    pub vantages: usize,
}

/// Judges one color from all vantages. Proven good or bad only when every vantage that has fresh, settled evidence
/// agrees and there are enough of them; anything else is unknown.
#[must_use]
pub fn prove(samples: &[Sample], evidence: &Evidence) -> Proof {
    let needed = evidence.vantages.min(samples.len()).max(1);
    let settled = |sample: &&Sample| sample.age <= evidence.freshness && sample.streak >= evidence.threshold.max(1);
    let good = samples.iter().filter(settled).filter(|sample| sample.good).count();
    let bad =
        samples.iter().filter(settled).filter(|sample| !sample.good && (sample.answered || sample.sighted)).count();
    match (good, bad) {
        (good, 0) if good >= needed => Proof::Ok,
        (0, bad) if bad >= needed => Proof::Fail,
        _ => Proof::Unknown,
    }
}

/// The health of the two colors of a move after the first shifted byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// The color that has the traffic.
    pub active: Proof,
    /// The color it could go back to.
    pub other: Proof,
    /// How long the active one has been unknown without a break.
    pub unknown_for: Duration,
}

/// What follows from health.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// All is well where the traffic is.
    Stay,
    /// Route to the other color, at once.
    GoBack,
    /// Stay, and tell a person: no color is proven better.
    Page,
    /// Wait: unknown is no reason to move, yet.
    Hold,
    /// The declared time for *unknown* is over and the declaration says stay: tell a person.
    HoldAndPage,
    /// Nothing can be seen: never act, whatever the deadline.
    Blind,
}

/// What follows from the colors' health once traffic has begun to move. Pure and total; the clock is in `seen`.
#[must_use]
pub fn verdict(seen: &Health, policy: &Rollback) -> Verdict {
    use Proof::{Fail, Ok, Unknown};
    match (seen.active, seen.other) {
        (Ok, _) => Verdict::Stay,
        (Fail, Ok) => Verdict::GoBack,
        (Fail, Unknown) if policy.last_resort_other => Verdict::GoBack,
        (Fail, _) | (Unknown, Fail) => Verdict::Page,
        (Unknown, Ok) if seen.unknown_for >= policy.unknown_deadline => fallback(policy.fallback),
        (Unknown, Ok) => Verdict::Hold,
        (Unknown, Unknown) => Verdict::Blind,
    }
}

fn fallback(declared: Fallback) -> Verdict {
    match declared {
        Fallback::Back => Verdict::GoBack,
        Fallback::Hold => Verdict::HoldAndPage,
    }
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;
