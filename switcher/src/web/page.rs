//! The page: DESIGN §9's six questions in their order, one section a Switch.

use maud::{DOCTYPE, Markup, html};

use super::parts;
use crate::status::{Mood, Status, SwitchStatus};

/// Renders the whole page.
pub(super) fn render(status: &Status) -> Markup {
    let worst = status.switches.iter().map(|one| one.mood).max_by_key(|mood| *mood as u8);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title(status, worst)) }
                link rel="stylesheet" href="/page.css";
                script type="module" src="/page.js" {}
            }
            body {
                a .skip href="#switches" { "Skip to the switches" }
                header data-part="header" { (head(status)) }
                main #switches {
                    div data-part="invalid" { (invalid(status)) }
                    @if status.switches.is_empty() {
                        section .switch { div .banner.mood-busy { h2 { "No Switch is declared" }
                            p { "The files that this switcher reads from git hold none yet." } } }
                    }
                    @for one in &status.switches { (switch(one)) }
                }
                footer {
                    p { "Read-only: to change something, commit it. Data: " a href="/api/status" { "/api/status" } ", "
                        a href="/metrics" { "/metrics" } ". This page is " span #connection { "as of its loading" } "." }
                }
            }
        }
    }
}

fn title(status: &Status, worst: Option<Mood>) -> String {
    let sign = match worst {
        Some(Mood::Alarm) => "! ",
        Some(Mood::Busy) => "… ",
        _ => "",
    };
    let names: Vec<String> = status
        .switches
        .iter()
        .map(|one| format!("{}: {}", one.name, one.live.as_deref().unwrap_or("unknown")))
        .collect();
    format!("{sign}{} – Teal", names.join(", "))
}

fn head(status: &Status) -> Markup {
    let git = &status.git;
    html! {
        h1 { "Teal" }
        p { "git " span .mono { (git.url) } ", branch " span .mono { (git.branch) }
            @if let Some(revision) = &git.revision { ", at " span .mono { (parts::short(revision)) } }
            @if let Some(at) = git.fetched_at { ", fetched " (parts::time(at)) } }
        @if let Some(error) = &git.error { p .bad { "✖ git can't be fetched: " (error) } }
        p { "told by " (status.switcher.identity) @if let Some(color) = &status.switcher.color { ", which runs in " (color) }
            ", version " (status.switcher.version) }
    }
}

fn invalid(status: &Status) -> Markup {
    html! {
        @for file in &status.invalid {
            section .card.attention.wide-card {
                h3 { span .bad { "✖ " (file.file) " is not valid at " span .mono { (parts::short(&file.revision)) } } }
                ul { @for mistake in &file.mistakes { li .mono { (mistake) } } }
                @match &file.keeps {
                    Some(name) => p { "Nothing changed: the last valid declaration of " strong { (name) } " stays in force." },
                    None => p { "It declares no Switch until it is put right." },
                }
            }
        }
    }
}

fn switch(one: &SwitchStatus) -> Markup {
    let part = |name: &str| format!("{}-{name}", one.name);
    let mood = match one.mood {
        Mood::Calm => "mood-calm",
        Mood::Busy => "mood-busy",
        Mood::Alarm => "mood-alarm",
    };
    html! {
        section .switch aria-labelledby=(part("title")) {
            div class={"banner " (mood)} role="status" aria-live="polite" data-part=(part("banner")) {
                (parts::banner(one, &part("title")))
            }
            div .grid data-part=(part("colors")) {
                @for (index, color) in one.colors.iter().enumerate() { (parts::color(index, color)) }
            }
            div data-part=(part("attention")) { (parts::attention(one)) }
            div .grid.facts data-part=(part("facts")) {
                (parts::parity(one)) (parts::freeze(one)) (parts::commit(one)) (parts::targets(one)) (parts::dns(one))
            }
            div data-part=(part("next")) { (parts::next(one)) }
            div data-part=(part("gates")) { (parts::gates(one)) }
            div data-part=(part("history")) { (parts::history(one)) }
        }
    }
}
