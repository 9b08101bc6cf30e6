//! The process that runs inputs.

use std::collections::HashSet;
use std::io::{Write as _, stdout};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::mutate::{Random, make};
use super::{Target, corpus};

/// Most inputs that are kept beside the corpus because they behaved in a way of their own.
const MOST_KEPT: usize = 4_000;
/// Larger ones are not kept: they would only make everything slow.
const LARGEST_KEPT: usize = 4_096;

/// What a worker is told.
#[derive(Debug, clap::Args)]
pub(crate) struct Work {
    #[arg(long)]
    target: Target,
    #[arg(long)]
    corpus: PathBuf,
    #[arg(long)]
    seed: u64,
    #[arg(long)]
    seconds: Option<u64>,
    /// The input with this number is the last one.
    #[arg(long)]
    until: Option<u64>,
    /// The last one is written here and not run.
    #[arg(long)]
    write: Option<PathBuf>,
}

/// Runs the corpus and then inputs made from it, each told by its number before it runs.
pub(crate) fn work(work: &Work) -> Result<()> {
    let end = work.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut pool = corpus(&work.corpus, work.target)?;
    let first = pool.clone();
    let mut random = Random::new(work.seed);
    let mut seen: HashSet<u64> = HashSet::new();
    let mut told = stdout().lock();
    let mut slowest = (Duration::ZERO, 0);
    for number in 0_u64.. {
        let input = match usize::try_from(number).ok().and_then(|at| first.get(at)) {
            Some(input) => input.clone(),
            None => make(&mut random, &pool),
        };
        if work.until == Some(number) {
            if let Some(file) = &work.write {
                write(file, &input)?;
            }
            return Ok(());
        }
        if end.is_some_and(|end| Instant::now() >= end) {
            eprintln!(
                "{}: {number} inputs, {} ways to behave, the slowest input took {} ms (number {})",
                work.target.name(),
                seen.len(),
                slowest.0.as_millis(),
                slowest.1
            );
            return Ok(());
        }
        told.write_all(&number.to_le_bytes()).and_then(|()| told.flush()).context("tell the number of an input")?;
        let started = Instant::now();
        let class = work.target.run(&input);
        slowest = slowest.max((started.elapsed(), number));
        if seen.insert(class) && input.len() <= LARGEST_KEPT && pool.len() < MOST_KEPT {
            pool.push(input);
        }
    }
    Ok(())
}

fn write(file: &Path, input: &[u8]) -> Result<()> {
    std::fs::write(file, input).with_context(|| format!("write {}", file.display()))
}
