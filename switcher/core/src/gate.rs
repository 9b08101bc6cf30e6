//! What a gate's measurements add up to: pass, fail, inconclusive and error, each with its own limit.

use std::fmt;
use std::time::Duration;

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Measured and good.
    Pass,
    /// Measured, and neither good nor bad: empty, not a number, two revisions.
    Inconclusive,
    /// Could not be measured.
    Error,
    /// Measured and bad.
    Fail,
}

impl Outcome {
    /// Judges a number that should satisfy `good`. Nothing measured and *not a number* are never a pass.
    #[must_use]
    pub fn of_number(value: Option<f64>, good: impl FnOnce(f64) -> bool) -> Self {
        match value {
            Some(number) if number.is_nan() => Self::Inconclusive,
            Some(number) if good(number) => Self::Pass,
            Some(_) => Self::Fail,
            None => Self::Inconclusive,
        }
    }
}

/// How many measurements in a row may be bad before the gate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Fails in a row that are tolerated; default 0.
    pub failures: u32,
    /// Inconclusive ones in a row that are tolerated; default 0.
    pub inconclusive: u32,
    /// Errors in a row that are tolerated; default 4.
    pub errors: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { failures: 0, inconclusive: 0, errors: 4 }
    }
}

/// Where a gate stands after all its measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// No verdict yet: not measured, or within the limits without a pass.
    Pending,
    /// The last measurement passed.
    Pass,
    /// Failed more often in a row than is tolerated.
    Fail,
    /// Inconclusive more often in a row than is tolerated: a person should look.
    Inconclusive,
    /// Could not be measured more often in a row than is tolerated.
    Error,
}

impl Standing {
    /// The word used in metrics and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Counts the measurements of one gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    last: Option<Outcome>,
    /// Measurements in a row that agree with the last.
    streak: u32,
}

impl Tally {
    /// Adds one measurement. Each kind of bad is counted in a row; any other outcome starts its count anew.
    pub fn add(&mut self, outcome: Outcome) {
        self.streak = if self.last == Some(outcome) { self.streak.saturating_add(1) } else { 1 };
        self.last = Some(outcome);
    }

    /// Where the gate stands.
    #[must_use]
    pub fn standing(&self, limits: &Limits) -> Standing {
        let beyond = |limit: u32, standing| if self.streak > limit { standing } else { Standing::Pending };
        match self.last {
            None => Standing::Pending,
            Some(Outcome::Pass) => Standing::Pass,
            Some(Outcome::Fail) => beyond(limits.failures, Standing::Fail),
            Some(Outcome::Inconclusive) => beyond(limits.inconclusive, Standing::Inconclusive),
            Some(Outcome::Error) => beyond(limits.errors, Standing::Error),
        }
    }
}

/// One gate as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateSeen {
    /// Its name, such as `parity`.
    pub name: String,
    /// Where it stands.
    pub standing: Standing,
    /// What the last measurement found, one sentence without a full stop.
    pub message: String,
    /// How old the last measurement is; zero before the first.
    pub age: Duration,
    /// How long it has stood there without a break.
    pub since: Duration,
}

#[cfg(test)]
mod tests {
    use super::Outcome::{Error, Fail, Inconclusive, Pass};
    use super::*;

    #[test]
    fn each_kind_of_bad_has_its_own_limit_counted_in_a_row() {
        let strict = Limits::default();
        let lenient = Limits { failures: 1, inconclusive: 1, errors: 1 };
        for (rule, limits, outcomes, want) in [
            ("nothing measured is no pass", strict, vec![], Standing::Pending),
            ("a pass", strict, vec![Pass], Standing::Pass),
            ("the first fail, none tolerated", strict, vec![Pass, Fail], Standing::Fail),
            ("one fail of one tolerated", lenient, vec![Fail], Standing::Pending),
            ("the second in a row", lenient, vec![Fail, Fail], Standing::Fail),
            ("a pass between starts anew", lenient, vec![Fail, Pass, Fail], Standing::Pending),
            ("so does an error between", lenient, vec![Fail, Error, Fail], Standing::Pending),
            ("inconclusive is no pass", strict, vec![Pass, Inconclusive], Standing::Inconclusive),
            ("four errors are tolerated", strict, vec![Error; 4], Standing::Pending),
            ("the fifth is not", strict, vec![Error; 5], Standing::Error),
            ("a pass after errors", strict, vec![Error, Error, Pass], Standing::Pass),
        ] {
            let mut tally = Tally::default();
            outcomes.iter().for_each(|outcome| tally.add(*outcome));
            assert_eq!(tally.standing(&limits), want, "{rule}");
        }
    }

    #[test]
    fn an_empty_answer_and_not_a_number_never_pass() {
        for good in [true, false] {
            assert_eq!(Outcome::of_number(None, |_| good), Inconclusive);
            assert_eq!(Outcome::of_number(Some(f64::NAN), |_| good), Inconclusive);
        }
        assert_eq!(Outcome::of_number(Some(0.001), |value| value < 0.01), Pass);
        assert_eq!(Outcome::of_number(Some(f64::INFINITY), |value| value < 0.01), Fail);
    }
}
