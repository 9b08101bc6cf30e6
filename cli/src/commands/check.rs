//! `teal check`: all mistakes of files, as the daemons would tell them.

use std::path::PathBuf;

use anyhow::{Context, Result};
use teal_api::Mistakes;
use teal_api::colors::Colors;
use teal_api::fleet::{Fleet, UnitSettings};
use teal_api::switch::Switch;

use crate::exit::{FINE, NOT_SO};
use crate::style::{Style, tame};

/// Reads every file and prints all mistakes. 0 when there are none, 1 otherwise.
pub(crate) fn check(files: &[PathBuf], style: Style) -> Result<u8> {
    let mut worst = FINE;
    for file in files {
        let text = std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
        let name = file.display().to_string();
        match parse(&name, &text) {
            Ok(what) => println!("{} {name}: {what}", style.good("✔")),
            Err(mistakes) => {
                worst = NOT_SO;
                for mistake in &mistakes.0 {
                    println!("{} {}", style.bad("✖"), tame(&mistake.to_string()));
                }
            }
        }
    }
    Ok(worst)
}

/// The file's kind decides; a file that names none is read as the Switch it most likely should be.
fn parse(name: &str, text: &str) -> Result<String, Mistakes> {
    let kind = teal_yaml::read(text).ok().and_then(|documents| {
        documents.first().and_then(|node| node.get("kind").and_then(teal_yaml::Node::as_str).map(str::to_owned))
    });
    match kind.as_deref() {
        Some("Fleet") => {
            Fleet::parse(name, text).map(|fleet| format!("Fleet {} with {} layers", fleet.name, fleet.layers.len()))
        }
        Some("Colors") => Colors::parse(name, text).map(|colors| format!("Colors {}", names(&colors))),
        Some("UnitSettings") => UnitSettings::parse(name, text).map(|_| "UnitSettings".to_owned()),
        _ => Switch::parse(name, text).map(|switch| format!("Switch {}, active: {}", switch.name, switch.active)),
    }
}

fn names(colors: &Colors) -> String {
    colors.colors.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}
