//! What `teal retire` says.

use serde_json::{Value, json};
use teal_api::colors::Executor;
use teal_retire::{End, Look, Retirement, Turn};
use teal_switcher_core::retire::{Act, ClusterSeen, Drain, Finding, Severity};

use crate::style::{Style, tame};

pub(super) fn at(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    time.map(|time| format!("{time:.0}")).unwrap_or_default()
}

/// `shown`: the findings that are on the screen already.
pub(super) fn farewell(color: &str, end: &End, idle: bool, shown: &[Finding], style: Style) -> String {
    match end {
        End::Done if idle => format!("{} nothing to do: ARM knows no cluster of {color}\n", style.good("✔")),
        End::Done => format!("{} {color} is retired: its cluster is gone\n", style.good("✔")),
        End::Revived => format!("{} {color} runs, and nothing is being retired\n", style.good("✔")),
        End::Refused { findings } => {
            let new: Vec<Finding> = findings.iter().filter(|one| !shown.contains(one)).cloned().collect();
            format!("{} {color} stays as it is\n{}", style.bad("✖"), lines(&new, style))
        }
        End::Screams { until_ms } => format!(
            "{} {color} is stopped; run `teal retire {color}` after {} to delete it, or `teal retire {color} --revive` to start it again\n",
            style.busy("…"),
            at(*until_ms)
        ),
        End::Unconfirmed { deletes } => format!(
            "{} {} was not asked for yet: run `teal retire {color}` again\n",
            style.busy("…"),
            if *deletes { "what comes next deletes the cluster, for ever, and" } else { "the point of no return" }
        ),
        End::YourTurn { turn, cluster } => {
            let verb = match turn {
                Turn::Stop => "stop",
                Turn::Delete => "delete",
                Turn::Start => "start",
            };
            format!(
                "{} the pipeline's turn: {verb} {cluster} (such as `az aks {verb} --ids {cluster}`), then run this again\n",
                style.busy("…")
            )
        }
    }
}

fn lines(findings: &[Finding], style: Style) -> String {
    let line = |one: &Finding| {
        let sign = if one.severity == Severity::Refuses { style.bad("✖") } else { style.busy("!") };
        format!("  {sign} {}: {}\n      {}\n", tame(&one.place), tame(&one.what), style.quiet(&tame(&one.todo)))
    };
    findings.iter().map(line).collect()
}

pub(super) fn screen(of: &Retirement, look: &Look, style: Style) -> String {
    let facts = &look.facts;
    let cluster = match &facts.cluster {
        Ok(ClusterSeen::Gone) => "gone".to_owned(),
        Ok(ClusterSeen::There { told, .. }) => told.clone(),
        Err(why) => format!("can't be read: {why}"),
    };
    let mut text = format!("{}: {} ({})\n", style.strong(facts.color.as_str()), of.cluster(), tame(&cluster));
    for switch in &facts.switches {
        let state = match &switch.ledger {
            Ok(ledger) => format!("{} ({}), {} is live", ledger.phase, ledger.task.as_str(), ledger.active),
            Err(why) => format!("unknown: {}", tame(why)),
        };
        text.push_str(&format!("  Switch {}: {state}\n", switch.name));
    }
    let searched: Vec<&str> = facts.places.iter().map(|place| place.name.as_str()).collect();
    text.push_str(&format!(
        "  searched: {}\n",
        if searched.is_empty() { "nothing".to_owned() } else { tame(&searched.join(", ")) }
    ));
    let drain = match &facts.drain {
        Drain::Proved(why) => format!("proved: {why}"),
        Drain::Live(why) => format!("live traffic: {why}"),
        Drain::Unknown(why) => format!("unknown: {why}"),
    };
    text.push_str(&format!("  drain: {}\n", tame(&drain)));
    text.push_str(&lines(&look.findings, style));
    for (step, now) in steps(of, &look.act) {
        let sign = if now { style.busy("→") } else { "·".to_owned() };
        text.push_str(&format!("  {sign} {step}\n"));
    }
    text
}

/// All steps; the one that comes next is marked.
fn steps(of: &Retirement, act: &Act) -> Vec<(String, bool)> {
    let policy = of.policy();
    let who = if of.executor() == Executor::Arm { "through ARM" } else { "by the pipeline" };
    let show = teal_api::duration::show;
    let switches = of.switches().collect::<Vec<_>>().join(", ");
    vec![
        (
            format!("guard, then the ledgers of {switches} to Retiring: no way back"),
            matches!(act, Act::Enter(_) | Act::Prove(_)),
        ),
        (format!("stop the cluster, {who}"), matches!(act, Act::Stop | Act::AwaitStopped | Act::NoteStopped { .. })),
        (format!("scream time: {}", show(policy.scream)), matches!(act, Act::Wait { .. })),
        (
            format!("guard again, then delete the cluster, {who}"),
            matches!(act, Act::Condemn(_) | Act::Delete | Act::AwaitGone),
        ),
        ("the ledgers to Steady, with nothing to undo".to_owned(), matches!(act, Act::Finish(_))),
    ]
}

pub(super) fn shown(of: &Retirement, look: &Look) -> Value {
    let steps: Vec<Value> =
        steps(of, &look.act).into_iter().map(|(step, next)| json!({"step": step, "next": next})).collect();
    let refused = super::refuses(&look.act);
    json!({
        "color": look.facts.color.as_str(),
        "cluster": of.cluster(),
        "refused": refused,
        "findings": look.findings,
        "searched": look.facts.places.iter().map(|place| &place.name).collect::<Vec<_>>(),
        "steps": steps,
    })
}
