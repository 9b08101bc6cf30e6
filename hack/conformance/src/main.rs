//! What `cargo xtask conformance`, `test` and `prove` run: `teal build` beside kustomize.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command")]

mod cases;
mod differ;
mod fuzz;
mod same;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "teal-conformance")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every case of kustomize's own suite through the real `teal build`.
    Cases {
        /// The program.
        #[arg(long)]
        teal: PathBuf,
        /// The folder of the cases.
        #[arg(long)]
        cases: PathBuf,
        /// Write the table into this file.
        #[arg(long, conflicts_with = "check")]
        write: Option<PathBuf>,
        /// Fail where this file, written before, says something else.
        #[arg(long)]
        check: Option<PathBuf>,
        /// Only cases whose names contain this.
        filter: Option<String>,
    },
    /// Generated kustomizations through `teal-kustomize` and the real kustomize.
    Differ {
        /// The program that is the oracle.
        #[arg(long)]
        kustomize: PathBuf,
        /// How many kustomizations for each seed.
        #[arg(long, default_value_t = 60)]
        cases: u32,
        /// The seeds to begin with, one after the other.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many seeds.
        #[arg(long, default_value_t = 1)]
        seeds: u64,
        /// No new seed after this many seconds.
        #[arg(long)]
        seconds: Option<u64>,
        /// Write each difference into a folder below this one.
        #[arg(long)]
        keep: Option<PathBuf>,
    },
    /// Every kustomization of a real repository through both commands.
    Same {
        /// Our program.
        #[arg(long)]
        teal: PathBuf,
        /// The oracle.
        #[arg(long)]
        kustomize: PathBuf,
        /// The repository.
        folder: PathBuf,
    },
    /// Inputs nobody would write, made from a corpus.
    Fuzz {
        /// Folder with a folder a target.
        #[arg(long)]
        corpus: PathBuf,
        /// The same seed makes the same inputs.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// For each target.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// Where an input that did harm is kept.
        #[arg(long)]
        keep: PathBuf,
    },
    /// Runs inputs; the fuzzer starts itself like this.
    #[command(hide = true)]
    FuzzWorker(fuzz::Work),
}

fn main() -> ExitCode {
    match run(Arguments::parse().what) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("teal-conformance: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether everything was as wanted.
fn run(what: What) -> Result<bool> {
    match what {
        What::Cases { teal, cases, write, check, filter } => {
            let page = match (write, check) {
                (Some(file), _) => cases::Page::Write(file),
                (None, Some(file)) => cases::Page::Check(file),
                (None, None) => cases::Page::None,
            };
            cases::run(&teal, &cases, &page, filter.as_deref().unwrap_or_default())
        }
        What::Differ { kustomize, cases, seed, seeds, seconds, keep } => {
            let plan = differ::Plan { cases, first: seed, seeds, at_most: seconds.map(Duration::from_secs), keep };
            differ::run(&kustomize, &plan)
        }
        What::Same { teal, kustomize, folder } => same::run(&teal.canonicalize()?, &kustomize.canonicalize()?, &folder),
        What::Fuzz { corpus, seed, seconds, keep } => {
            fuzz::run(&fuzz::Plan { corpus, seed, time: Duration::from_secs(seconds), keep })
        }
        What::FuzzWorker(work) => fuzz::work(&work).map(|()| true),
    }
}
