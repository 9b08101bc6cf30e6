//! All steps with their times, as `teal plan` and the page show them.

use std::time::Duration;

use crate::declaration::{Declaration, Follower, Stage};
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
            marked(forth(&course, ledger.ttl.largest, declared), None)
        }
        (Phase::RollingBack, Some(course)) => marked(back(course, ledger, declared), Some(ledger)),
        (_, Some(course)) => marked(forth(course, ledger.ttl.largest, declared), Some(ledger)),
    }
}

/// A line, where in the machine it is, and its declared time. A step of a gradual move has its number.
type Line = (String, (Phase, Task, Option<u8>), Option<Duration>);

fn forth(course: &Course, old_ttl: u32, declared: &Declaration) -> Vec<Line> {
    use Phase::{Draining, Preparing, Shifting, Soaking};
    let (Course { from, to }, policy) = (course, &declared.policy);
    let ttl = policy.ttl_moving.as_secs();
    let freeze = if policy.freeze.is_some() { format!("freeze {from}, and ") } else { String::new() };
    let forgets = Duration::from_secs(u64::from(old_ttl)).max(policy.ttl_steady) + policy.bound;
    let mut lines = vec![
        (
            format!("claim the move and lower the TTL to {ttl} s; {freeze}note what {from} has converged to"),
            (Preparing, Task::Freezing, None),
            None,
        ),
        (
            format!("pin both, make {to} equal, run the gates, and let caches forget the old TTL"),
            (Preparing, Task::Converging, None),
            Some(forgets),
        ),
    ];
    let gradual = matches!(declared.stages.first(), Some(Stage::Share(share, _)) if *share < 100);
    if gradual {
        lines.extend(steps(course, declared));
    }
    let stands_down = if gradual { Shifting } else { Preparing };
    lines.push((format!("{from} stands down from the active role"), (stands_down, Task::StandingDown, None), None));
    lines.extend(routes(course, declared));
    lines.extend([
        (
            format!("{to} has the active role, which it takes as traffic moves"),
            (Shifting, Task::StandingUp, None),
            None,
        ),
        (
            "old answers and connections run out".to_owned(),
            (Draining, Task::Watching, None),
            Some(policy.ttl_moving + policy.tail),
        ),
        (format!("{to} proves itself under traffic"), (Soaking, Task::Watching, None), Some(policy.soak)),
        ("lift freeze and pins, restore the TTL".to_owned(), (Soaking, Task::Finishing, None), None),
    ]);
    lines
}

/// The steps before all traffic moves.
fn steps(course: &Course, declared: &Declaration) -> Vec<Line> {
    let mut lines = Vec::new();
    for (number, stage) in (0_u8..).zip(&declared.stages) {
        let at = |task| (Phase::Shifting, task, Some(number));
        match stage {
            Stage::Share(share, hold) if *share < 100 => {
                let weighs: Vec<&Follower> = declared.followers.iter().filter(|one| one.weighs).collect();
                let names: Vec<&str> = weighs.iter().map(|one| one.name.as_str()).collect();
                let takes = weighs.iter().map(|one| one.settling).sum();
                let text = format!("{share} % of the traffic goes to {}, by {}", course.to, names.join(", then "));
                lines.push((text, at(Task::Routing), Some(takes)));
                lines.push(("the world learns it".to_owned(), at(Task::Propagating), Some(declared.policy.bound)));
                let text = format!("{} proves itself with {share} %", course.to);
                lines.push((text, at(Task::Holding), Some(*hold)));
            }
            Stage::Pause => lines.push(("wait for `teal promote`".to_owned(), at(Task::Holding), None)),
            Stage::Share(..) => {}
        }
    }
    lines
}

/// All traffic: the ledger's record, then every other target.
fn routes(course: &Course, declared: &Declaration) -> Vec<Line> {
    let (to, bound) = (&course.to, Some(declared.policy.bound));
    let here = (Phase::Shifting, Task::Propagating, None);
    if declared.followers.is_empty() {
        return vec![(format!("route to {to}, and see that every server answers so"), here, bound)];
    }
    let names: Vec<&str> = declared.followers.iter().map(|one| one.name.as_str()).collect();
    let first = if declared.leads { "the record, then by " } else { "" };
    let takes = declared.followers.iter().map(|one| one.settling).sum();
    let text = format!("route to {to} by {first}{}, each read back before the next", names.join(", then "));
    vec![
        (text, (Phase::Shifting, Task::Routing, None), Some(takes)),
        ("see that every server answers so".to_owned(), here, bound),
    ]
}

fn back(course: &Course, ledger: &Ledger, declared: &Declaration) -> Vec<Line> {
    let left = if ledger.active == course.from { &course.to } else { &course.from };
    let spreading = Some(declared.policy.ttl_moving + declared.policy.bound);
    let active = &ledger.active;
    let mut lines = Vec::new();
    let mut first = format!("route to {active} again, away from {left}, and see that every server answers so");
    if !declared.followers.is_empty() {
        let names: Vec<&str> = declared.followers.iter().rev().map(|one| one.name.as_str()).collect();
        let record = if declared.leads { "the record at once, then by " } else { "" };
        let takes = declared.followers.iter().map(|one| one.settling).sum();
        let text = format!("route to {active} again, away from {left}, by {record}{}", names.join(", then "));
        lines.push((text, (Phase::RollingBack, Task::Routing, None), Some(takes)));
        first = "see that every server answers so".to_owned();
    }
    lines.extend([
        (first, (Phase::RollingBack, Task::Propagating, None), spreading),
        ("put roles, freeze and pins back".to_owned(), (Phase::RollingBack, Task::Restoring, None), None),
        ("stay parked until this Switch changes".to_owned(), (Phase::Parked, Task::Rest, None), None),
    ]);
    lines
}

fn marked(lines: Vec<Line>, ledger: Option<&Ledger>) -> Vec<PlanStep> {
    let here = ledger.and_then(|ledger| {
        let stage = (ledger.routing.share < 100 && ledger.task != Task::StandingDown).then_some(ledger.routing.stage);
        lines.iter().position(|(_, at, _)| *at == (ledger.phase, ledger.task, stage))
    });
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
        Now: green has the active role, which it takes as traffic moves
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
    fn a_plan_names_every_target_and_every_step() {
        let mut declared = declaration("green");
        let one = |name: &str, weighs: bool| Follower {
            name: name.to_owned(),
            cas: !weighs,
            weighs,
            settling: Duration::from_secs(60),
            late: Duration::ZERO,
        };
        declared.followers = vec![one("aks.priv.contoso.com", false), one("trafficManager contoso", true)];
        declared.stages =
            vec![Stage::Share(10, Duration::from_secs(600)), Stage::Pause, Stage::Share(100, Duration::ZERO)];
        let mut ledger = steady().enter(Phase::Shifting, Task::Holding, None);
        ledger.course = Some(Course { from: "blue".into(), to: "green".into() });
        ledger.active = "green".into();
        ledger.routing = crate::ledger::Routing { share: 10, stage: 1, ..Default::default() };
        insta::assert_snapshot!(shown(&plan(&declared, Some(&ledger))), @r"
        Done: claim the move and lower the TTL to 10 s; freeze blue, and note what blue has converged to
        Done: pin both, make green equal, run the gates, and let caches forget the old TTL (300 s)
        Done: 10 % of the traffic goes to green, by trafficManager contoso (60 s)
        Done: the world learns it (0 s)
        Done: green proves itself with 10 % (600 s)
        Now: wait for `teal promote`
        Next: blue stands down from the active role
        Next: route to green by the record, then by aks.priv.contoso.com, then trafficManager contoso, each read back before the next (120 s)
        Next: see that every server answers so (0 s)
        Next: green has the active role, which it takes as traffic moves
        Next: old answers and connections run out (30 s)
        Next: green proves itself under traffic (1800 s)
        Next: lift freeze and pins, restore the TTL
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
