//! `status`, `plan`, `explain`, `history`: what a switcher knows, for people.

use std::time::Duration;

use anyhow::Result;
use teal_switcher::status::{Mood, Status, StepState, SwitchStatus, Transition};

use crate::exit::{FINE, NOT_SO};
use crate::remote;
use crate::style::{Style, table, tame};

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// The switcher's own data, see `/api/status`.
    Json,
}

/// `teal status`: one screen a Switch. 0 when all are as wanted, 1 when something moves, waits or is wrong.
pub(crate) async fn status(url: &str, name: Option<&str>, watch: bool, output: Output, style: Style) -> Result<u8> {
    let mut last = String::new();
    loop {
        let status = remote::status(url).await?;
        let chosen = remote::chosen(&status, name)?;
        let text = match output {
            Output::Json => format!("{}\n", serde_json::to_string_pretty(&chosen)?),
            Output::Text => chosen.iter().map(|one| screen(one, &status, style)).collect::<Vec<_>>().join("\n"),
        };
        if text != last {
            print!("{text}");
            last = text;
        }
        if !watch {
            return Ok(if chosen.iter().all(|one| one.mood == Mood::Calm) { FINE } else { NOT_SO });
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn screen(one: &SwitchStatus, status: &Status, style: Style) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        text.push_str(&words);
        text.push('\n');
    };
    let sign = match one.mood {
        Mood::Calm => style.good("✔"),
        Mood::Busy => style.busy("…"),
        Mood::Alarm => style.bad("✖"),
    };
    line(format!("{sign} {}: {}", style.strong(&one.name), tame(&one.banner)));
    line(format!(
        "  {} · stage {} · live {} · wanted {}",
        one.phase,
        one.stage,
        one.live.as_deref().unwrap_or("unknown"),
        one.desired
    ));
    if let Some(wait) = &one.wait {
        let until = wait.until.map(|at| format!(", until {at:.0}")).unwrap_or_default();
        line(format!("  waits for {}: {}{until}", style.busy(&wait.reason), tame(&wait.message)));
    }
    if let Some(word) = &one.overridden {
        line(format!("  {}", style.busy(&format!("emergency lane: {}", tame(word)))));
    }
    let rows: Vec<Vec<String>> = one
        .colors
        .iter()
        .map(|color| {
            let cluster = &color.cluster;
            let sync = match (&cluster.unknown, cluster.sync_ready) {
                (Some(why), _) => format!("unknown: {}", tame(why)),
                (None, true) => format!("Ready at {}", short(&cluster.revision)),
                (None, false) => format!("not Ready: {}", tame(&cluster.sync_message)),
            };
            let live = if color.live { "yes" } else { "no" };
            let nodes = format!("{}/{}", cluster.nodes_ready, cluster.nodes);
            vec![
                format!("  {}", color.name),
                color.role.clone(),
                live.to_owned(),
                color.proof.clone(),
                cluster.version.clone(),
                nodes,
                sync,
            ]
        })
        .collect();
    line(String::new());
    text.push_str(&table(&["  COLOR", "ROLE", "LIVE", "PROOF", "VERSION", "NODES", "SYNC"], &rows));
    text.push_str(&facts(one, status, style));
    text
}

fn facts(one: &SwitchStatus, status: &Status, style: Style) -> String {
    let mut text = String::from("\n");
    let mut line = |words: String| {
        text.push_str(&words);
        text.push('\n');
    };
    if let Some(parity) = &one.parity {
        line(format!("  parity   {} – {}", parity.outcome, tame(&parity.message)));
    }
    if one.freezes.is_empty() {
        line("  freeze   none".to_owned());
    }
    for freeze in &one.freezes {
        line(format!(
            "  freeze   {} {} until {} ({})",
            freeze.color,
            freeze.state,
            tame(&freeze.until),
            tame(&freeze.reason)
        ));
    }
    let declared = &one.declaration;
    line(format!("  commit   {} {} by {}", short(&declared.revision), tame(&declared.subject), tame(&declared.author)));
    for seen in &one.dns {
        line(format!(
            "  seen     {} at {}: {}",
            seen.color.as_deref().unwrap_or("neither"),
            seen.vantage,
            tame(&seen.answer)
        ));
    }
    for target in &one.targets {
        if let Some(why) = &target.unproven {
            line(format!("  {} {}: {}", style.busy("unproven"), tame(&target.name), tame(why)));
        }
    }
    for gate in one.gates.iter().filter(|gate| !gate.report.passed()) {
        let when = if gate.at_shift { " at the shift" } else { "" };
        line(format!("  gate{when}     {}", style.busy(&tame(&gate.report.to_string()))));
    }
    for item in &one.attention {
        line(format!(
            "  {} {}: {} {}",
            style.bad("!"),
            item.reason,
            tame(&item.message),
            style.quiet(&tame(&item.hint))
        ));
    }
    for mistake in
        status.invalid.iter().filter(|file| file.keeps.as_ref() == Some(&one.name)).flat_map(|file| &file.mistakes)
    {
        line(format!("  {} {}", style.bad("!"), tame(mistake)));
    }
    for command in &one.commands {
        line(style.quiet(&format!("  you can type: {}", tame(command))));
    }
    text
}

/// `teal plan`: every step with its time, before anything starts.
pub(crate) async fn plan(url: &str, name: Option<&str>, style: Style) -> Result<u8> {
    let status = remote::status(url).await?;
    for one in remote::chosen(&status, name)? {
        println!("{}: {}", style.strong(&one.name), tame(&one.banner));
        if one.plan.is_empty() {
            println!("  {}", tame(&one.idle()));
        }
        for target in &one.targets {
            let lane = if target.rollback_lane { "" } else { ", no rollback lane by itself" };
            let facts = format!(
                "{}{}, back within {} s{lane}",
                if target.compares { "compares and sets" } else { "one writer by claim" },
                if target.weighs { ", weighs" } else { "" },
                target.way_back_seconds
            );
            let name = format!("{} {}", target.kind, tame(&target.name));
            println!(
                "  {name}: routes to {}, wanted {} {}",
                tame(&target.routes),
                tame(&target.wanted),
                style.quiet(&facts)
            );
            for warning in &target.warnings {
                println!("    {} {}", style.bad("!"), tame(warning));
            }
        }
        for step in &one.plan {
            let text = tame(&step.text);
            let text = match step.state {
                StepState::Done => style.quiet(&format!("✔ {text}")),
                StepState::Now => style.strong(&format!("▶ {text}")),
                StepState::Next => format!("○ {text}"),
            };
            println!("  {text} {}", style.quiet(&tame(&step.takes)));
        }
    }
    Ok(FINE)
}

/// `teal history`: transitions, newest first.
pub(crate) async fn history(url: &str, name: Option<&str>, output: Output) -> Result<u8> {
    let status = remote::status(url).await?;
    for one in remote::chosen(&status, name)? {
        if output == Output::Json {
            println!("{}", serde_json::to_string_pretty(&one.history)?);
            continue;
        }
        let row = |entry: &Transition| {
            vec![
                format!("{:.0}", entry.at),
                one.name.clone(),
                entry.to.clone(),
                entry.colors.clone(),
                entry.by.clone(),
                tame(&entry.why),
            ]
        };
        print!(
            "{}",
            table(
                &["WHEN", "SWITCH", "PHASE", "COLORS", "BY", "WHY"],
                &one.history.iter().map(row).collect::<Vec<_>>()
            )
        );
    }
    Ok(FINE)
}

/// `teal explain`: why the last steps were taken, with evidence.
pub(crate) async fn explain(url: &str, name: Option<&str>, steps: usize, style: Style) -> Result<u8> {
    let status = remote::status(url).await?;
    for one in remote::chosen(&status, name)? {
        println!("{}: {}", style.strong(&one.name), tame(&one.banner));
        for entry in one.history.iter().take(steps) {
            let revision =
                if entry.revision.is_empty() { String::new() } else { format!(", commit {}", short(&entry.revision)) };
            println!("\n  {:.0}  {} ({}), by {}{revision}", entry.at, style.strong(&entry.to), entry.colors, entry.by);
            println!("    because {}", tame(&entry.why));
            for line in &entry.evidence {
                println!("    {}", style.quiet(&tame(line)));
            }
        }
        for gate in &one.gates {
            let when = if gate.at_shift { "at the shift" } else { gate.when.as_str() };
            println!("    gate {when}: {}", tame(&gate.report.to_string()));
        }
    }
    Ok(FINE)
}

fn short(revision: &str) -> &str {
    revision.get(..8).unwrap_or(revision)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_nobody_outside_can_see_is_told_as_unproven() {
        let at = "2026-01-01T00:00:00Z";
        let target = |name: &str, unproven: Option<&str>| {
            json!({"name": name, "kind": "azurePrivateDns", "routes": "blue", "wanted": "blue", "compares": true, "weighs": false,
                "rollbackLane": true, "wayBackSeconds": 150, "unproven": unproven, "warnings": []})
        };
        let status: Status = serde_json::from_value(json!({
            "at": at, "switcher": {"identity": "a", "version": "1"}, "git": {"url": "", "branch": ""}, "invalid": [],
            "switches": [{"name": "contoso", "banner": "", "mood": "calm", "desired": "blue", "phase": "Steady", "stage": "T0",
                "declaration": {"file": "", "revision": "", "digest": "", "active": "blue", "valid": true},
                "colors": [], "freezes": [], "gates": [], "dns": [], "plan": [], "attention": [], "commands": [], "history": [],
                "targets": [target("seen.priv", None), target("aks.priv", Some("declare a resolver there"))], "doubleRunSeconds": 0}],
        }))
        .unwrap();
        let text = facts(&status.switches[0], &status, Style::plain());
        assert!(text.contains("  unproven aks.priv: declare a resolver there\n"), "{text}");
        assert!(!text.contains("seen.priv"), "{text}");
    }
}
