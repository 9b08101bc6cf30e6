//! All steps with their times, as `teal plan` and the page show them.

use std::time::Duration;

use crate::declaration::{Declaration, Policy};
use crate::ledger::{Course, Ledger, Phase, Task};

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
///
/// Without a ledger the plan is the first start's.
#[must_use]
pub fn plan(declared: &Declaration, ledger: Option<&Ledger>) -> Vec<PlanStep> {
    let Some(ledger) = ledger else {
        let text = "make the first ledger beside a record that routes to one of the colors".to_owned();
        return vec![PlanStep { text, state: PlanState::Next, takes: None }];
    };
    match (ledger.phase, &ledger.course) {
        (Phase::Parked | Phase::Retiring, _) => Vec::new(),
        (Phase::Steady, _) if declared.active == ledger.active => Vec::new(),
        (Phase::Steady, _) | (_, None) => {
            let course = Course { from: ledger.active.clone(), to: declared.active.clone() };
            marked(forth(&course, ledger.ttl.largest, &declared.policy), None)
        }
        (Phase::RollingBack, Some(course)) => marked(back(course, ledger, &declared.policy), Some(ledger)),
        (_, Some(course)) => marked(forth(course, ledger.ttl.largest, &declared.policy), Some(ledger)),
    }
}

/// A line, where in the machine it is, and its declared time.
type Line = (String, (Phase, Task), Option<Duration>);

fn forth(course: &Course, old_ttl: u32, policy: &Policy) -> Vec<Line> {
    use Phase::{Draining, Preparing, Shifting, Soaking};
    let Course { from, to } = course;
    let ttl = policy.ttl_moving.as_secs();
    let freeze = if policy.freeze.is_some() { format!("freeze {from}, and ") } else { String::new() };
    let forgets = Duration::from_secs(u64::from(old_ttl)).max(policy.ttl_steady) + policy.bound;
    vec![
        (
            format!("claim the move and lower the TTL to {ttl} s; {freeze}note what {from} has converged to"),
            (Preparing, Task::Freezing),
            None,
        ),
        (
            format!("pin both, make {to} equal, run the gates, and let caches forget the old TTL"),
            (Preparing, Task::Converging),
            Some(forgets),
        ),
        (format!("{from} stands down from the active role"), (Preparing, Task::StandingDown), None),
        (
            format!("route to {to}, and see that every server answers so"),
            (Shifting, Task::Propagating),
            Some(policy.bound),
        ),
        (format!("{to} takes the active role"), (Shifting, Task::StandingUp), None),
        (
            "old answers and connections run out".to_owned(),
            (Draining, Task::Watching),
            Some(policy.ttl_moving + policy.tail),
        ),
        (format!("{to} proves itself under traffic"), (Soaking, Task::Watching), Some(policy.soak)),
        ("lift freeze and pins, restore the TTL".to_owned(), (Soaking, Task::Finishing), None),
    ]
}

fn back(course: &Course, ledger: &Ledger, policy: &Policy) -> Vec<Line> {
    let left = if ledger.active == course.from { &course.to } else { &course.from };
    let spreading = Some(policy.ttl_moving + policy.bound);
    vec![
        (
            format!("route to {} again, away from {left}, and see that every server answers so", ledger.active),
            (Phase::RollingBack, Task::Propagating),
            spreading,
        ),
        ("put roles, freeze and pins back".to_owned(), (Phase::RollingBack, Task::Restoring), None),
        ("stay parked until this Switch changes".to_owned(), (Phase::Parked, Task::Rest), None),
    ]
}

fn marked(lines: Vec<Line>, ledger: Option<&Ledger>) -> Vec<PlanStep> {
    let here = ledger.and_then(|ledger| lines.iter().position(|(_, at, _)| *at == (ledger.phase, ledger.task)));
    let state = |index: usize| match here {
        Some(here) if index < here => PlanState::Done,
        Some(here) if index == here => PlanState::Now,
        _ => PlanState::Next,
    };
    let step = |(index, (text, _, takes))| PlanStep { text, state: state(index), takes };
    lines.into_iter().enumerate().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::Color;
    use crate::decide::samples::declaration;

    fn steady() -> Ledger {
        Ledger::first("l", Color::from("blue"), &declaration("blue"), 300, 0)
    }

    fn shown(steps: &[PlanStep]) -> String {
        let line = |step: &PlanStep| {
            let takes = step.takes.map_or(String::new(), |takes| format!(" ({} s)", takes.as_secs()));
            format!("{:?}: {}{takes}", step.state, step.text)
        };
        steps.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_plan_tells_every_step_with_its_declared_time() {
        let mut moving = steady().enter(Phase::Shifting, Task::StandingUp, None);
        moving.course = Some(Course { from: "blue".into(), to: "green".into() });
        insta::assert_snapshot!(shown(&plan(&declaration("green"), Some(&moving))), @r"
        Done: claim the move and lower the TTL to 10 s; freeze blue, and note what blue has converged to
        Done: pin both, make green equal, run the gates, and let caches forget the old TTL (300 s)
        Done: blue stands down from the active role
        Done: route to green, and see that every server answers so (0 s)
        Now: green takes the active role
        Next: old answers and connections run out (30 s)
        Next: green proves itself under traffic (1800 s)
        Next: lift freeze and pins, restore the TTL
        ");
        moving.phase = Phase::RollingBack;
        moving.task = Task::Propagating;
        insta::assert_snapshot!(shown(&plan(&declaration("green"), Some(&moving))), @r"
        Now: route to blue again, away from green, and see that every server answers so (10 s)
        Next: put roles, freeze and pins back
        Next: stay parked until this Switch changes
        ");
    }

    #[test]
    fn a_plan_is_empty_exactly_when_nothing_is_to_do() {
        for (rule, declared, ledger, steps) in [
            ("git says what is", "blue", Some(steady()), 0),
            ("git asks for another", "green", Some(steady()), 8),
            ("parked", "green", Some(steady().rest(Phase::Parked)), 0),
            ("first start", "blue", None, 1),
        ] {
            assert_eq!(plan(&declaration(declared), ledger.as_ref()).len(), steps, "{rule}");
        }
    }
}
