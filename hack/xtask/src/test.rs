//! `cargo xtask test`: everything that CI checks, each phase with its time.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::suites::{INTEGRATION, unit_test_arguments, unproved};
use crate::{conformance, foreign, generate, layers, prerequisites, run, tools, workspace};

/// Runs all phases and prints what each took. Arguments that are no flag filter the tests by name; then only
/// what running them needs is done.
pub(crate) fn main(args: &[String]) -> Result<()> {
    let fast = args.iter().any(|arg| arg == "--fast");
    let (seed, args) = seeded(args)?;
    let filter: Vec<&str> = args.into_iter().filter(|arg| *arg != "--fast").collect();
    if let Some(flag) = filter.iter().find(|arg| arg.starts_with('-')) {
        bail!("there is no flag `{flag}`; usage: cargo xtask test [--fast] [--seed N] [FILTER]");
    }
    prerequisites::check_all()?;

    let mut phases = Phases::default();
    let everything = filter.is_empty();
    let mut assets = None;
    phases.must("tools", || {
        assets = Some(tools::control_plane()?);
        if everything {
            tools::helm()?;
            tools::kustomize()?;
            tools::sops()?;
        }
        Ok(())
    })?;
    let with_assets = |mut command: Command| {
        command.envs(assets.iter().map(|bin| ("TEAL_ASSETS", bin)));
        command
    };
    if everything {
        phases.run("format", || run::run(&mut run::cargo(&["fmt", "--all", "--check"])));
        phases.run("layers", || layers::main(&[]));
    }
    phases.must("build", || run::run(&mut run::cargo(&["build", "--workspace", "--all-targets"])))?;
    if everything {
        phases.run("generated files", generate::check);
    }
    unproved(|folder| workspace::shared(folder).is_some()).iter().for_each(|line| println!("{line}"));
    phases.run("unit tests", || {
        let arguments = unit_test_arguments()?;
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run::run(with_assets(run::cargo(&arguments)).arg("--").args(&filter))
    });
    phases.run("integration tests", || {
        let mut cargo = with_assets(run::cargo(&["test", "--workspace", "--test", INTEGRATION, "--"]));
        run::run(cargo.args(&filter))
    });
    if everything {
        phases.run("conformance", conformance::check);
        phases.run("differential", conformance::differ_shortly);
        phases.run("real fleet", conformance::real_fleet);
        phases.run("fuzz", || conformance::fuzz_shortly(seed));
    }
    if everything {
        phases.run("foreign clients", foreign::quick);
    }
    if everything && !fast {
        // One on each ground: the default on Azure, whose declared bounds take minutes, and real manifests on BIND.
        phases.run("demo", || demo(assets.as_deref(), &[]));
        match workspace::shared("fleets/contoso") {
            Some(fleet) => phases.run("demo on real input", || {
                demo(assets.as_deref(), &["--on".as_ref(), "bind".as_ref(), "--fleet".as_ref(), fleet.as_os_str()])
            }),
            None => println!("skipped: the demo on real input; there is no ../shared/fleets/contoso beside this clone"),
        }
        // Last, because it compiles for itself what every other phase shares.
        let clippy = ["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"];
        phases.run("clippy", || run::run(&mut run::cargo(&clippy)));
    }
    phases.finish()
}

/// The seed to fuzz with, where one is given, and the other arguments.
fn seeded(args: &[String]) -> Result<(Option<u64>, Vec<&str>)> {
    let mut rest: Vec<&str> = args.iter().map(String::as_str).collect();
    let Some(at) = rest.iter().position(|arg| *arg == "--seed") else { return Ok((None, rest)) };
    match rest.get(at + 1).and_then(|text| text.parse().ok()) {
        Some(seed) => {
            rest.drain(at..at + 2);
            Ok((Some(seed), rest))
        }
        None => bail!("--seed needs a number"),
    }
}

/// Runs the whole story once; it exits non-zero when anything was not as told.
fn demo(assets: Option<&Path>, args: &[&OsStr]) -> Result<()> {
    let mut demo = run::command(workspace::built("teal-demo")?);
    demo.arg("--once").args(args).envs(assets.map(|bin| ("TEAL_ASSETS", bin)));
    run::run(&mut demo)
}

/// What ran, how long it took and how it went.
#[derive(Default)]
struct Phases {
    done: Vec<(&'static str, Duration, bool)>,
}

impl Phases {
    /// Runs a phase; a failure is kept for the end, so that one run shows everything that is wrong.
    fn run(&mut self, name: &'static str, phase: impl FnOnce() -> Result<()>) {
        eprintln!("── {name}");
        let started = Instant::now();
        let outcome = phase();
        if let Err(error) = &outcome {
            eprintln!("── {name} failed: {error:#}");
        }
        self.done.push((name, started.elapsed(), outcome.is_ok()));
    }

    /// Runs a phase without which the later ones mean nothing.
    fn must(&mut self, name: &'static str, phase: impl FnOnce() -> Result<()>) -> Result<()> {
        self.run(name, phase);
        match self.done.last() {
            Some((.., false)) => self.finish(),
            _ => Ok(()),
        }
    }

    /// Prints the table.
    ///
    /// # Errors
    /// Names the phases that failed.
    fn finish(&self) -> Result<()> {
        println!("\n{:<20} {:>9}", "phase", "seconds");
        for (name, took, ok) in &self.done {
            println!("{name:<20} {:>9.1}{}", took.as_secs_f64(), if *ok { "" } else { "  FAILED" });
        }
        let total: Duration = self.done.iter().map(|(_, took, _)| *took).sum();
        println!("{:<20} {:>9.1}", "total", total.as_secs_f64());
        let failed: Vec<&str> = self.done.iter().filter(|(.., ok)| !ok).map(|(name, ..)| *name).collect();
        if failed.is_empty() {
            return Ok(());
        }
        bail!("failed: {}", failed.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::Phases;

    #[test]
    fn every_failed_phase_is_named_and_the_others_still_run() {
        let mut phases = Phases::default();
        phases.run("one", || anyhow::bail!("broken"));
        phases.run("two", || Ok(()));
        phases.run("three", || anyhow::bail!("broken too"));
        assert_eq!(phases.finish().unwrap_err().to_string(), "failed: one, three");
    }

    #[test]
    fn a_seed_is_taken_out_of_the_arguments() {
        let args = |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
        assert_eq!(super::seeded(&args("--fast --seed 7 g4")).unwrap(), (Some(7), vec!["--fast", "g4"]));
        assert_eq!(super::seeded(&args("g4")).unwrap(), (None, vec!["g4"]));
        assert!(super::seeded(&args("--seed")).is_err() && super::seeded(&args("--seed x")).is_err());
    }

    #[test]
    fn a_phase_that_must_pass_ends_the_run() {
        let mut phases = Phases::default();
        assert!(phases.must("build", || anyhow::bail!("broken")).is_err());
    }
}
