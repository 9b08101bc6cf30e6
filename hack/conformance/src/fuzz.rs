//! Inputs nobody would write, through the YAML reader, the patches, the whole build, charts and their indexes: nothing may
//! panic, hang or grow without bound, and what was read must be written so that it is read again.
//!
//! A worker process makes inputs by mutating a corpus and whatever behaved in a way not seen before; it tells the number of
//! each input before it runs it, so that this process knows which one killed it. Everything follows from the seed: the same
//! seed makes the same inputs.

mod all;
mod charts;
mod mutate;
mod targets;
mod worker;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

pub(crate) use all::Target;
pub(crate) use worker::{Work, work};

/// Longest time for one input, on a machine with other work to do. What is bounded takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// Most memory of a worker, MiB: inputs are a few KiB, and the budgets of the reader bound what they may become.
const MOST_MIB: u64 = 1_024;

/// What to try.
pub(crate) struct Plan {
    pub corpus: PathBuf,
    pub seed: u64,
    /// For each target.
    pub time: Duration,
    /// Where an input that did harm is kept.
    pub keep: PathBuf,
}

/// Fuzzes every target; false when one of them did harm.
pub(crate) fn run(plan: &Plan) -> Result<bool> {
    let mut fine = true;
    for target in all::all() {
        fine &= one(plan, target)?;
    }
    Ok(fine)
}

fn one(plan: &Plan, target: Target) -> Result<bool> {
    let mut worker = start(plan, target, &["--seconds", &plan.time.as_secs().to_string()])?;
    let harm = watch(&mut worker)?;
    let Some((number, how)) = harm else { return Ok(true) };
    println!("{}: input {number} of seed {}: {how}", target.name(), plan.seed);
    let file = plan.keep.join(format!("{}-{}-{number}", target.name(), plan.seed));
    std::fs::create_dir_all(&plan.keep)?;
    // The same seed makes the same input again; this time it is written down instead of run.
    let shown = file.to_string_lossy().into_owned();
    let mut writer = start(plan, target, &["--until", &number.to_string(), "--write", &shown])?;
    match watch(&mut writer)? {
        None => println!("  kept in {shown}"),
        Some(_) => println!("  an earlier input did the same harm this time; nothing is kept"),
    }
    Ok(false)
}

fn start(plan: &Plan, target: Target, more: &[&str]) -> Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(["fuzz-worker", "--target", target.name(), "--seed", &plan.seed.to_string(), "--corpus"])
        .arg(&plan.corpus)
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("start a worker")
}

/// Follows a worker to its end; returns the input that did harm, and which.
fn watch(worker: &mut Child) -> Result<Option<(u64, String)>> {
    let mut numbers = worker.stdout.take().context("standard output is piped")?;
    let (tell, hear) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut bytes = [0; 8];
        while numbers.read_exact(&mut bytes).is_ok() && tell.send(u64::from_le_bytes(bytes)).is_ok() {}
    });
    let (mut last, mut since) = (0, Instant::now());
    let harm = loop {
        match hear.recv_timeout(Duration::from_millis(100)) {
            Ok(number) => (last, since) = (number, Instant::now()),
            Err(RecvTimeoutError::Disconnected) => {
                let status = worker.wait().context("wait for the worker")?;
                break (!status.success()).then(|| (last, format!("ends the process: {status}")));
            }
            Err(RecvTimeoutError::Timeout) if since.elapsed() > PATIENCE => {
                break Some((last, format!("takes longer than {} s", PATIENCE.as_secs())));
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Some(mib) = resident(worker.id()).filter(|mib| *mib > MOST_MIB) {
                    break Some((last, format!("takes {mib} MiB of memory")));
                }
            }
        }
    };
    // Ended already, or to be ended: either way nothing more is wanted of it.
    let _ = worker.kill();
    let _ = worker.wait();
    if reader.join().is_err() {
        bail!("the reader of a worker's numbers failed");
    }
    Ok(harm)
}

fn resident(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok()? / 1024)
}

/// The corpus of a target: every file of its folder, by name.
fn corpus(folder: &Path, target: Target) -> Result<Vec<Vec<u8>>> {
    let folder = folder.join(target.name());
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .with_context(|| format!("list {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    if files.is_empty() {
        bail!("{}: is empty", folder.display());
    }
    files.iter().map(|file| std::fs::read(file).with_context(|| format!("read {}", file.display()))).collect()
}
