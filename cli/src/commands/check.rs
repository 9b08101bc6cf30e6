//! `teal check`: all mistakes of files, as the daemons would tell them.

use std::path::PathBuf;

use anyhow::{Context, Result};
use teal_api::colors::Colors;
use teal_api::fleet::{Fleet, UnitSettings};
use teal_api::switch::Switch;
use teal_api::{Mistake, Mistakes};
use teal_targets::lane;
use teal_yaml::{Data, Node, Place};

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
        documents.first().and_then(|node| node.get("kind").and_then(Node::as_str).map(str::to_owned))
    });
    match kind.as_deref() {
        Some("Fleet") => {
            Fleet::parse(name, text).map(|fleet| format!("Fleet {} with {} layers", fleet.name, fleet.layers.len()))
        }
        Some("Colors") => Colors::parse(name, text).map(|colors| format!("Colors {}", names(&colors))),
        Some("UnitSettings") => UnitSettings::parse(name, text).map(|_| "UnitSettings".to_owned()),
        _ => {
            let switch = Switch::parse(name, text)?;
            way_back(name, text, &switch)?;
            Ok(format!("Switch {}, active: {}", switch.name, switch.active))
        }
    }
}

/// What a switcher would refuse because of the times of what is moved, in its words.
fn way_back(name: &str, text: &str, switch: &Switch) -> Result<(), Mistakes> {
    let mistake = |at: Place, field: String, message: String| Mistake { file: name.to_owned(), at, field, message };
    let start = Place { line: 1, column: 1 };
    let slow = lane::slow_as_declared(switch).map_err(|error| {
        Mistakes(vec![mistake(start, String::new(), format!("the way back can't be judged here: {error}"))])
    })?;
    if slow.is_empty() {
        return Ok(());
    }
    let documents = teal_yaml::read(text).unwrap_or_default();
    let targets = documents.first().and_then(|node| node.get("spec")?.get("targets"));
    let place = |index: usize| match targets.map(|node| &node.data) {
        Some(Data::Sequence(items)) => items.get(index).map_or(start, |item| item.at),
        _ => start,
    };
    let told =
        |slow: &lane::Slow| mistake(place(slow.index), format!("spec.targets[{}]", slow.index), slow.to_string());
    Err(Mistakes(slow.iter().map(told).collect()))
}

fn names(colors: &Colors) -> String {
    colors.colors.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW: &str = r#"apiVersion: teal.dev/v1alpha1
kind: Switch
metadata: {name: contoso}
spec:
  active: blue
  colors:
    blue:  {cluster: {kubeconfig: blue}, probe: {url: "https://10.1.0.4/"}}
    green: {cluster: {kubeconfig: green}, probe: {url: "https://10.2.0.4/"}}
  targets:
  - rfc2136: {server: 127.0.0.1, zone: contoso.com, record: web, tsig: {name: teal, algorithm: hmac-sha256, secret: dns}}
    to: {blue: {ip: 10.1.0.4}, green: {ip: 10.2.0.4}}
  - azureDns: {subscription: s, resourceGroup: rg, zone: contoso.com, record: aks}
    to: {blue: {ip: 10.1.0.4}, green: {ip: 10.2.0.4}}
  rollback: {objective: 30s}
"#;

    #[test]
    fn a_way_back_slower_than_promised_is_told_before_the_commit() {
        teal_daemon::install_crypto_provider();
        let said = parse("switch.yaml", SLOW).unwrap_err().to_string();
        assert_eq!(
            said,
            "switch.yaml:12:5: spec.targets[1]: aks.contoso.com: going back by azureDns takes up to 150 s (one write 80 s, or the provider's work 0 s with it; its propagation 60 s, TTL 10 s), longer than the declared rollback objective of 30 s"
        );
        let said = parse("switch.yaml", &SLOW.replace("objective: 30s", "objective: 150s"));
        assert_eq!(said.unwrap(), "Switch contoso, active: blue");
    }

    #[test]
    fn other_mistakes_are_told_first() {
        let said = parse("switch.yaml", &SLOW.replace("active: blue", "active: red")).unwrap_err();
        assert!(said.0.len() == 1 && said.to_string().contains("`red` is no color"), "{said}");
    }
}
