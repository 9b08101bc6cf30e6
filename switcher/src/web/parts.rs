//! The parts of one Switch's section. A color is always told by its word and its shape, a verdict by its word and its sign.

use jiff::Timestamp;
use maud::{Markup, html};

use crate::status::{ColorStatus, StepState, SwitchStatus};

const SHAPES: [&str; 4] = ["●", "◆", "▲", "■"];

/// The first eight characters of a commit id.
pub(super) fn short(revision: &str) -> &str {
    revision.get(..8).unwrap_or(revision)
}

/// A time, to the second, for people and machines.
pub(super) fn time(at: Timestamp) -> Markup {
    let text = at.strftime("%H:%M:%S UTC").to_string();
    html! { time datetime=(at) title=(at) { (text) } }
}

fn word(one: &SwitchStatus, name: &str) -> Markup {
    let index = one.colors.iter().position(|color| color.name == name).unwrap_or(0);
    shaped(index, name)
}

fn shaped(index: usize, name: &str) -> Markup {
    html! { span class={"color-" (hue(index, name))} { span aria-hidden="true" { (SHAPES[index % SHAPES.len()]) " " } (name) } }
}

/// What a color looks like: the two that are named after one have it, others get one of two more by their place.
fn hue(index: usize, name: &str) -> String {
    if matches!(name, "blue" | "green") { name.to_owned() } else { (2 + index % 2).to_string() }
}

/// Which color is live, which should be.
pub(super) fn banner(one: &SwitchStatus, id: &str) -> Markup {
    html! {
        h2 id=(id) { (one.banner) }
        p { strong { (one.name) } " · " (one.phase) " · stage " (one.stage) " · live: "
            @match &one.live { Some(live) => (word(one, live)), None => span .busy { "unknown" } }
            " · wanted: " (word(one, &one.desired)) }
        @if let Some(word) = &one.overridden { p .busy { "⚠ Emergency lane: " (word) } }
        @if let Some(wait) = &one.wait {
            p { "Waits for " strong { (wait.reason) } ": " (wait.message) @if let Some(until) = wait.until { ", until " (time(until)) } }
        }
    }
}

/// One cluster.
pub(super) fn color(index: usize, color: &ColorStatus) -> Markup {
    let edge = if color.live { format!("card live edge-{}", hue(index, &color.name)) } else { "card".to_owned() };
    let cluster = &color.cluster;
    html! {
        article class=(edge) aria-label={"cluster " (color.name)} {
            h3 { (shaped(index, &color.name)) span .tag { (color.role) } @if color.live { span .tag.good { "has the traffic" } } }
            dl {
                dt { "Probe" } dd { (proof(&color.proof)) " " span .quiet { (color.proof_message) } }
                dt { "Address" } dd .mono { (color.addresses.join(", ")) }
                @if let Some(why) = &cluster.unknown { dt { "API server" } dd { span .busy { "? unknown" } " " (why) } }
                @if !cluster.version.is_empty() {
                    dt { "Version" } dd { (cluster.version) }
                    dt { "Nodes" } dd { (cluster.nodes_ready) " of " (cluster.nodes) " Ready" }
                }
                @if !cluster.sync.is_empty() {
                    dt { "Sync" } dd { @if cluster.sync_ready { span .good { "✔ Ready" } } @else { span .busy { "… not Ready" } }
                        " " span .quiet { (cluster.sync_message) } }
                    dt { "Commit" } dd { span .mono { (short(&cluster.revision)) }
                        @if !cluster.pin.is_empty() { " (pinned to " span .mono { (short(&cluster.pin)) } ")" } }
                    dt { "Objects" } dd { (cluster.objects) }
                    dt { "Agent's role" } dd { @if cluster.role.is_empty() { "not told" } @else { (cluster.role) } }
                }
            }
        }
    }
}

fn proof(word: &str) -> Markup {
    match word {
        "ok" => html! { span .good { "✔ proven healthy" } },
        "fail" => html! { span .bad { "✖ fails" } },
        _ => html! { span .busy { "? unknown" } },
    }
}

fn outcome(word: &str) -> Markup {
    match word {
        "pass" => html! { span .good { "✔ pass" } },
        "fail" => html! { span .bad { "✖ fail" } },
        "error" => html! { span .bad { "! error" } },
        other => html! { span .busy { "? " (other) } },
    }
}

/// What a person should look at.
pub(super) fn attention(one: &SwitchStatus) -> Markup {
    html! {
        @if !one.attention.is_empty() {
            section .card.attention.wide-card {
                h3 { "Needs attention" }
                ul { @for item in &one.attention { li { strong { (item.reason) } ": " (item.message)
                    @if !item.hint.is_empty() { " – " (item.hint) } } } }
            }
        }
    }
}

/// Is the other equal?
pub(super) fn parity(one: &SwitchStatus) -> Markup {
    html! {
        section .card {
            h3 { "Is the other equal?" }
            @match &one.parity {
                None => p .quiet { "Not measured yet." },
                Some(parity) => {
                    p { (outcome(&parity.outcome)) " "
                        @if let Some(ratio) = parity.ratio { strong { (percent(ratio)) } ". " } (parity.message) }
                    dl { @for (state, count) in &parity.objects { dt { (state) } dd { (count) } } }
                    @if !parity.differing.is_empty() { ul { @for line in &parity.differing { li .mono { (line) } } } }
                    p .quiet { "measured " (time(parity.at)) }
                },
            }
        }
    }
}

/// Never rounds up to 100 %.
fn percent(ratio: f64) -> String {
    format!("{} %", (ratio * 1000.0).floor() / 10.0)
}

/// Is it frozen?
pub(super) fn freeze(one: &SwitchStatus) -> Markup {
    html! {
        section .card {
            h3 { "Is it frozen?" }
            @let dark: Vec<&ColorStatus> = one.colors.iter().filter(|color| color.cluster.unknown.is_some()).collect();
            @if one.freezes.is_empty() && dark.is_empty() { p { "No. Changes are admitted everywhere." } }
            @for color in dark { p { (word(one, &color.name)) ": " span .busy { "? unknown" } ", its API server does not tell" } }
            @for freeze in &one.freezes {
                p { (word(one, &freeze.color)) ": " strong { (freeze.state) } " – " (freeze.reason) }
                dl { @if !freeze.since.is_empty() { dt { "Since" } dd { (freeze.since) } } dt { "Until" } dd { (freeze.until) } }
            }
        }
    }
}

/// Which commit did it?
pub(super) fn commit(one: &SwitchStatus) -> Markup {
    let declared = &one.declaration;
    html! {
        section .card {
            h3 { "Which commit did it?" }
            p { span .mono { (short(&declared.revision)) } " " (declared.subject) }
            dl {
                dt { "Says" } dd { "active: " (word(one, &declared.active)) }
                @if !declared.author.is_empty() { dt { "Author" } dd { (declared.author) } }
                dt { "File" } dd .mono { (declared.file) }
                @if let Some(epoch) = one.epoch { dt { "Ledger" } dd { "epoch " (epoch)
                    @if let Some(holder) = &one.holder { ", held by " (holder) } } }
            }
            @if !declared.valid {
                p .bad { "✖ The newest commit is not valid; the declaration above stays in force." }
                ul { @for mistake in &declared.mistakes { li .mono { (mistake) } } }
            }
        }
    }
}

/// Where does each target route to?
pub(super) fn targets(one: &SwitchStatus) -> Markup {
    html! {
        @if one.targets.len() > 1 || one.targets.iter().any(|one| !one.warnings.is_empty() || one.unproven.is_some()) {
            section .card {
                h3 { "Where does each target route to?" }
                div .table { table {
                    thead { tr { th scope="col" { "Target" } th scope="col" { "Routes to" } th scope="col" { "Way back" } } }
                    tbody { @for target in &one.targets { tr {
                        th scope="row" .mono { (target.kind) " " (target.name) }
                        td {
                            @if target.routes == target.wanted { (target.routes) }
                            @else { span .busy { (target.routes) " (wanted: " (target.wanted) ")" } }
                        }
                        td { "≤ " (target.way_back_seconds) " s" }
                    } } }
                } }
                @for target in &one.targets { @if let Some(why) = &target.unproven {
                    p .busy { "? " (target.name) " is unproven: " (why) }
                } }
                @for target in &one.targets { @for warning in &target.warnings {
                    p .busy { "! " (target.name) ": " (warning) }
                } }
            }
        }
    }
}

/// What the outside sees.
pub(super) fn dns(one: &SwitchStatus) -> Markup {
    html! {
        section .card {
            h3 { "What does the outside see?" }
            @if one.dns.is_empty() { p .quiet { "Nobody was asked yet." } }
            @else {
                div .table { table {
                    thead { tr { th scope="col" { "Asked" } th scope="col" { "Color" } th scope="col" { "Answer" } } }
                    tbody { @for seen in &one.dns { tr {
                        th scope="row" .mono { (seen.vantage) @if !seen.authoritative { " (resolver)" } }
                        td { @match &seen.color { Some(name) => (word(one, name)), None => span .busy { "? neither" } } }
                        td { (seen.answer) }
                    } } }
                } }
            }
        }
    }
}

/// What happens next?
pub(super) fn next(one: &SwitchStatus) -> Markup {
    html! {
        section .card.wide-card {
            h3 { "What happens next?" }
            @if one.plan.is_empty() { p { (one.idle()) } }
            @else { ol .steps { @for step in &one.plan {
                @let (class, sign, told) = match step.state {
                    StepState::Done => ("done", "✔", "done: "),
                    StepState::Now => ("now", "▶", "now: "),
                    StepState::Next => ("next", "○", "next: "),
                };
                li class=(class) { span aria-hidden="true" { (sign) } span { span .skip { (told) } (step.text) } span .quiet { (step.takes) } }
            } } }
            @if !one.commands.is_empty() {
                p { "You can type:" }
                ul { @for command in &one.commands { li { code { (command) } } } }
            }
        }
    }
}

/// The gates, as last measured.
pub(super) fn gates(one: &SwitchStatus) -> Markup {
    html! {
        @if !one.gates.is_empty() {
            section .card.wide-card {
                h3 { "Gates" }
                div .table { table {
                    thead { tr { th scope="col" { "Gate" } th scope="col" { "When" } th scope="col" { "Outcome" } th scope="col" { "Found" } th scope="col" { "Measured" } } }
                    tbody { @for gate in &one.gates { tr {
                        th scope="row" { (gate.report.gate) } td { @if gate.at_shift { "at the shift" } @else { (gate.when) } } td { (outcome(gate.report.outcome.as_str())) }
                        td .wide { (gate.report.message) } td { (time(gate.at)) }
                    } } }
                } }
            }
        }
    }
}

/// Every transition with why.
pub(super) fn history(one: &SwitchStatus) -> Markup {
    html! {
        @if !one.history.is_empty() {
            section .card.wide-card {
                h3 { "What happened" }
                div .table { table {
                    thead { tr { th scope="col" { "When" } th scope="col" { "To" } th scope="col" { "Colors" } th scope="col" { "Why" } th scope="col" { "By" } } }
                    tbody { @for entry in &one.history { tr {
                        th scope="row" { (time(entry.at)) } td { (entry.to) } td { (entry.colors) }
                        td .wide { (entry.why) @if !entry.evidence.is_empty() { ul { @for line in &entry.evidence { li .quiet { (line) } } } } }
                        td { (entry.by) @if !entry.revision.is_empty() { ", commit " span .mono { (short(&entry.revision)) } } }
                    } } }
                } }
            }
        }
    }
}
