//! Time and peak memory of one program that prints.

use std::hash::{DefaultHasher, Hasher as _};
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// One run to its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// From the start of the process to its end.
    pub time: Duration,
    /// CPU it used, user and system; in steps of 10 ms.
    pub cpu: Duration,
    /// Peak of its resident memory in MiB (`VmHWM`).
    pub peak: f64,
    /// Of everything it printed.
    pub digest: u64,
}

/// Runs the command.
///
/// The kernel forgets `VmHWM` and CPU when a process ends, so they are read while the process waits for its output to be taken: a pipe
/// holds 64 KiB, and both programs print more than that, when all their work is done.
pub(super) fn run(program: &Path, arguments: &[&str], folder: &Path) -> Result<Run> {
    let started = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .with_context(|| format!("start {}", program.display()))?;
    let (status_file, stat_file) = (format!("/proc/{}/status", child.id()), format!("/proc/{}/stat", child.id()));
    let mut output = child.stdout.take().context("standard output is piped")?;
    let (mut peak, mut cpu, mut digest, mut chunk) = (0.0_f64, Duration::ZERO, DefaultHasher::new(), vec![0; 1 << 16]);
    loop {
        let count = output.read(&mut chunk).context("read the output")?;
        if count == 0 {
            break;
        }
        digest.write(&chunk[..count]);
        if let Some(seen) = std::fs::read_to_string(&status_file).ok().as_deref().and_then(high_water_mark) {
            peak = peak.max(seen);
        }
        if let Some(used) = std::fs::read_to_string(&stat_file).ok().as_deref().and_then(used) {
            cpu = used;
        }
    }
    let status = child.wait().context("wait for the program")?;
    let time = started.elapsed();
    if !status.success() {
        bail!("{} {arguments:?} ended with {status}", program.display());
    }
    Ok(Run { time, cpu, peak, digest: digest.finish() })
}

fn high_water_mark(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().trim_end_matches(" kB").trim().parse().ok()?;
    Some(kib / 1024.0)
}

/// utime and stime are fields 14 and 15 of proc(5), in ticks of 1/100 s on every Linux we build for.
fn used(stat: &str) -> Option<Duration> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

impl Run {
    /// One after the other: times add up, the peak is the largest.
    pub(super) fn then(self, next: Self) -> Self {
        Self {
            time: self.time + next.time,
            cpu: self.cpu + next.cpu,
            peak: self.peak.max(next.peak),
            digest: self.digest ^ next.digest,
        }
    }
}
