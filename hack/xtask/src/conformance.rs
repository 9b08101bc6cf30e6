//! `cargo xtask conformance` and `cargo xtask prove`: `teal build` beside kustomize.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};

use crate::{fuzz, prerequisites, run, tools, workspace};

/// Where the table is kept.
const PAGE: &str = "docs/conformance.md";
/// What `cargo xtask test` tries: the same kustomizations on every machine.
const SEEDS_IN_TEST: &str = "3";
const CASES_IN_TEST: &str = "60";
/// How long each target is fuzzed in `cargo xtask test`.
const FUZZED_IN_TEST: u64 = 5;
/// How many targets there are without guidance.
const FUZZ_TARGETS: u64 = 5;
/// Seconds of a day: every day fuzzes with another seed.
const DAY: u64 = 86_400;

/// What is done with the page of results.
enum Page {
    None,
    Write,
    Check,
}

/// Runs every case of kustomize's suite, prints the table and writes it into `docs/conformance.md`.
pub(crate) fn main(args: &[String]) -> Result<()> {
    let filter = match args {
        [] => None,
        [filter] if !filter.starts_with('-') => Some(filter.as_str()),
        _ => bail!("usage: cargo xtask conformance [FILTER]"),
    };
    run::run(&mut run::cargo(&["build", "--workspace", "--bins"]))?;
    cases(filter, if filter.is_none() { Page::Write } else { Page::None })
}

/// The suite; the page must say what it finds.
pub(crate) fn check() -> Result<()> {
    cases(None, Page::Check)
}

fn cases(filter: Option<&str>, page: Page) -> Result<()> {
    let Some(folder) = workspace::shared("kustomize-cases") else {
        println!("skipped: kustomize's cases; there is no ../shared/kustomize-cases beside this clone");
        return Ok(());
    };
    let mut command = program()?;
    command.arg("cases").arg("--teal").arg(workspace::built("teal")?).arg("--cases").arg(folder);
    match page {
        Page::None => {}
        Page::Write => drop(command.arg("--write").arg(workspace::root().join(PAGE))),
        Page::Check => drop(command.arg("--check").arg(workspace::root().join(PAGE))),
    }
    run::run(command.args(filter))
}

/// Generated kustomizations through ours and the real one: few, and the same ones every time.
pub(crate) fn differ_shortly() -> Result<()> {
    let mut command = program()?;
    command.arg("differ").arg("--kustomize").arg(tools::kustomize()?.join("kustomize"));
    run::run(command.args(["--seeds", SEEDS_IN_TEST, "--cases", CASES_IN_TEST]))
}

/// Every kustomization of the real fleet through both commands.
pub(crate) fn real_fleet() -> Result<()> {
    let Some(fleet) = workspace::shared("fleets/contoso") else {
        println!(
            "skipped: rendering the real fleet as kustomize does; there is no ../shared/fleets/contoso beside this clone"
        );
        return Ok(());
    };
    let mut command = program()?;
    command.arg("same").arg("--teal").arg(workspace::built("teal")?);
    run::run(command.arg("--kustomize").arg(tools::kustomize()?.join("kustomize")).arg(fleet))
}

/// Inputs nobody would write through whatever reads other people's files: others every day, unless a seed is given.
/// The guided fuzzer's lock, which nothing else looks at, must fit.
pub(crate) fn fuzz_shortly(seed: Option<u64>) -> Result<()> {
    fuzz::check()?;
    let today = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs() / DAY);
    let seed = seed.unwrap_or_else(today);
    println!("fuzzing {FUZZED_IN_TEST} s a target with seed {seed}; once more: cargo xtask test --seed {seed}");
    fuzz(FUZZED_IN_TEST, seed)
}

fn fuzz(seconds: u64, seed: u64) -> Result<()> {
    let mut command = program()?;
    command.arg("fuzz").arg("--corpus").arg(workspace::root().join("hack/conformance/corpus"));
    command.arg("--keep").arg(workspace::built("fuzz-findings")?);
    run::run(command.args(["--seconds", &seconds.to_string(), "--seed", &seed.to_string()]))
}

/// `cargo xtask prove`: the same for as long as one likes, from a seed of one's own.
pub(crate) fn prove(args: &[String]) -> Result<()> {
    let usage = "usage: cargo xtask prove render|fuzz [MINUTES] [SEED]";
    let number = |at: usize, default: u64| args.get(at).map_or(Ok(default), |text| text.parse::<u64>());
    // libFuzzer takes no time at all for all time.
    let (Ok(minutes @ 1..), Ok(seed)) = (number(1, 10), number(2, 1)) else { bail!(usage) };
    match args.first().map(String::as_str).filter(|_| args.len() <= 3) {
        Some("fuzz") if prerequisites::find("c++").is_some() => fuzz::guided(minutes * 60, seed),
        Some("fuzz") => {
            println!("no C++ compiler (Debian: g++): fuzzing without coverage");
            run::run(&mut run::cargo(&["build", "--workspace", "--bins"]))?;
            fuzz(minutes * 60 / FUZZ_TARGETS, seed)
        }
        Some("render") => {
            run::run(&mut run::cargo(&["build", "--workspace", "--bins"]))?;
            let mut command = program()?;
            command.arg("differ").arg("--kustomize").arg(tools::kustomize()?.join("kustomize"));
            command.args(["--seeds", "1000000", "--cases", "400", "--seed", &seed.to_string()]);
            run::run(command.args(["--seconds", &(minutes * 60).to_string()]))
        }
        _ => bail!(usage),
    }
}

fn program() -> Result<Command> {
    Ok(run::command(workspace::built("teal-conformance")?))
}
