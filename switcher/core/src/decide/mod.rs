//! `observe → decide → record and act (one compare-and-swap) → verify`: this is *decide*.

#[cfg(test)]
pub(crate) mod samples;

use crate::declaration::Declaration;
use crate::observation::Observation;
use crate::step::{Reason, Step, Wait};

/// What follows from what is declared and what is seen. Pure and total: every observation has an answer.
///
/// A [`Write`](crate::Action::Write) is to be swapped in against exactly what was observed, and the world is then
/// observed again, whether it succeeded, was refused, or its answer was lost. Effects are asked for as long as the
/// world differs from what the ledger demands.
#[must_use]
pub fn decide(declared: &Declaration, seen: &Observation) -> Step {
    let _ = seen;
    Step::hold(Wait::new(Reason::Blind, format!("{} is not decided yet", declared.name)))
}
