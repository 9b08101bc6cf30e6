//! `cargo xtask prove clients`: clients that nobody here wrote live whole lives against the Azure emulator.

mod clients;
mod emulator;
mod table;

use std::time::Instant;

use anyhow::{Result, bail};

use crate::{run, workspace};
use clients::{CLIENTS, Client};
use table::Step;

/// Where the results of a whole run are kept.
const PAGE: &str = "docs/foreign-clients.md";

/// Runs all clients, or those that are named; a whole run that is all well writes the table.
pub(crate) fn main(args: &[String]) -> Result<()> {
    let chosen = choose(args)?;
    eprintln!("building the emulator");
    run::run(&mut run::cargo(&["build", "--workspace", "--bins"]))?;
    let steps = lives(&chosen)?;
    if args.is_empty() {
        let page = workspace::root().join(PAGE);
        std::fs::write(&page, table::page(&steps))?;
        eprintln!("wrote {PAGE}");
    }
    Ok(())
}

/// The clients that are installed in seconds: what `cargo xtask test` runs. A machine without what installs them says so
/// and goes on, unless nothing may be skipped.
///
/// # Errors
/// When a step failed.
pub(crate) fn quick() -> Result<()> {
    let quick: Vec<&Client> = CLIENTS.iter().filter(|client| client.quick).collect();
    let strict = std::env::var("TEAL_REQUIRE").is_ok_and(|value| value == "all");
    let mut here = Vec::new();
    for client in quick {
        match client.missing() {
            Some(lack) if strict => bail!("{}: {lack}, and TEAL_REQUIRE=all forbids to skip", client.name),
            Some(lack) => println!("skipped: {}: {lack}", client.name),
            None => match client.ensure() {
                Ok(_) => here.push(client),
                Err(error) if strict => return Err(error),
                Err(error) => println!("skipped: {}: it could not be installed: {error:#}", client.name),
            },
        }
    }
    lives(&here).map(drop)
}

fn choose(names: &[String]) -> Result<Vec<&'static Client>> {
    if names.is_empty() {
        return Ok(CLIENTS.iter().collect());
    }
    let known = || CLIENTS.iter().map(|client| client.name).collect::<Vec<_>>().join(", ");
    let find = |name: &String| CLIENTS.iter().find(|client| client.name == *name);
    match names.iter().find(|name| find(name).is_none()) {
        Some(wrong) => bail!("there is no client `{wrong}`; there are {}", known()),
        None => Ok(names.iter().filter_map(find).collect()),
    }
}

/// Installs what is missing and runs everything, each program against an emulator of its own.
///
/// # Errors
/// When a step failed; all others are run and shown first.
fn lives(clients: &[&Client]) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    let mut broken = Vec::new();
    for client in clients {
        if let Some(lack) = client.missing() {
            bail!("{}: {lack}", client.name);
        }
        let home = client.ensure()?;
        for program in client.programs()? {
            let started = Instant::now();
            let emulator = emulator::Emulator::start()?;
            let told = client.run(&home, &program, &emulator)?;
            let name = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let failed = told.steps.iter().filter(|step| !step.ok).count();
            eprintln!(
                "{}/{name}: {} steps, {failed} failed, {:.1} s",
                client.name,
                told.steps.len(),
                started.elapsed().as_secs_f64()
            );
            let panicked = emulator.panicked();
            if let Some(line) = &panicked {
                eprintln!("{}/{name}: the emulator: {line}", client.name);
            }
            if failed > 0 || !told.ended_well || told.steps.is_empty() || panicked.is_some() {
                eprint!("{}", told.said);
                broken.push(format!("{}/{name}", client.name));
            }
            steps.extend(told.steps);
        }
    }
    print!("{}", table::text(&steps));
    if broken.is_empty() {
        return Ok(steps);
    }
    bail!("failed: {}", broken.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{CLIENTS, choose};

    #[test]
    fn a_client_that_is_not_there_is_named_with_those_that_are() {
        let error = choose(&["python".to_owned(), "cobol".to_owned()]).err().unwrap().to_string();
        assert!(error.contains("cobol") && error.contains("octodns"), "{error}");
        assert_eq!(choose(&[]).unwrap().len(), CLIENTS.len());
    }

    #[test]
    fn every_client_has_its_requirements_and_a_program() {
        for client in CLIENTS {
            assert!(client.folder().join(client.requirements).is_file(), "{}", client.name);
            assert!(!client.programs().unwrap().is_empty(), "{}", client.name);
        }
    }
}
