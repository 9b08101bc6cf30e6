//! One run of `helm`: values on stdin, manifests on stdout; time, bytes and memory watched.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use teal_render::helm::ChartError;

use crate::Settings;
use crate::confine::{Bounds, Built, Walls, confine};

/// How often a run is looked at.
const WATCH: Duration = Duration::from_millis(10);
/// Most bytes of errors that are kept.
const MAX_COMPLAINT: usize = 64 << 10;

/// What one run is asked for.
pub(crate) struct Task<'a> {
    /// Arguments.
    pub(crate) arguments: Vec<String>,
    /// The folder that is its home, its temporary folder and where it starts.
    pub(crate) home: &'a Path,
    /// What it reads.
    pub(crate) stdin: Vec<u8>,
}

/// How a run ended.
pub(crate) enum Ended {
    /// Well, with what it printed.
    Well(Vec<u8>),
    /// With an error of its own; this is what it complained about.
    Badly(String),
}

/// Runs `program` within `walls`.
///
/// # Errors
/// `ENGINE` when it can't be started or confined, `LIMIT` when it was killed for what it took.
pub(crate) fn run(program: &Path, walls: Walls, settings: &Settings, task: Task<'_>) -> Result<Ended, ChartError> {
    // The child starts in another folder.
    let program = &std::path::absolute(program).map_err(|error| not_started(program, &error))?;
    let mut command = Command::new(program);
    command.args(&task.arguments).env_clear().current_dir(task.home);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, folder) in [
        ("HOME", "."),
        ("TMPDIR", "."),
        ("HELM_CACHE_HOME", "cache"),
        ("HELM_CONFIG_HOME", "config"),
        ("HELM_DATA_HOME", "data"),
        ("HELM_PLUGINS", "plugins"),
        ("KUBECONFIG", "no-cluster"),
    ] {
        command.env(name, task.home.join(folder));
    }
    // Templates that print a time of day print the same one everywhere.
    command.env("TZ", "UTC");
    // The garbage collector works harder before the watcher has to act.
    command.env("GOMEMLIMIT", (settings.memory / 4 * 3).to_string());
    let bounds =
        Bounds { cpu_seconds: settings.run_time.as_secs().max(1) * 4, data: settings.memory.saturating_mul(4) };
    let built = Built::around(program, task.home, walls).map_err(|error| not_started(program, &error))?;
    confine(&mut command, built, bounds);
    let child = command.spawn().map_err(|error| not_started(program, &error))?;
    watch(child, settings, task.stdin)
}

fn not_started(program: &Path, error: &io::Error) -> ChartError {
    let shown = program.display();
    let unconfined = |from: &str, where_: &str| {
        format!(
            "{shown} can't be kept from {from} here ({error}); run Teal where {where_}, or allow it unconfined in the Sync: `spec.helm.unconfined: true`"
        )
    };
    let message = match (error.kind(), error.raw_os_error()) {
        (io::ErrorKind::NotFound, _) => format!("there is no {shown}; give the path of a `helm` binary"),
        (io::ErrorKind::PermissionDenied, _) => format!("{shown} can't be run: {error}"),
        (_, Some(libc::EOPNOTSUPP)) | (io::ErrorKind::Unsupported, None) => {
            unconfined("files", "the kernel has Landlock")
        }
        (_, Some(libc::ENOSYS)) => unconfined("the network", "seccomp is available"),
        _ => format!("{shown} can't be started: {error}"),
    };
    ChartError::new(ChartError::ENGINE, message)
}

/// Feeds and reads the child on threads of their own, so that neither side waits for the other, and kills it when it takes
/// too much.
fn watch(mut child: Child, settings: &Settings, stdin: Vec<u8>) -> Result<Ended, ChartError> {
    let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        scope.spawn(move || {
            if let Some(mut input) = input {
                // A child that does not read to the end says why by itself.
                let _ = input.write_all(&stdin);
            }
        });
        let printed = scope.spawn(|| read_capped(output, settings.output));
        let complained = scope.spawn(|| read_capped(errors, MAX_COMPLAINT));
        let (status, mut broken) = until_end(&mut child, settings, || printed.is_finished());
        let printed = printed.join().unwrap_or_default();
        let complaint = complained.join().unwrap_or_default();
        if printed.len() > settings.output {
            broken = Some(format!("it printed more than {} bytes", settings.output));
        }
        if let Some(broken) = broken {
            return Err(ChartError::new(ChartError::LIMIT, format!("helm was stopped: {broken}")));
        }
        if status.is_some_and(|status| status.success()) {
            return Ok(Ended::Well(printed));
        }
        let complaint = String::from_utf8_lossy(&complaint).into_owned();
        match ran_out(&complaint) {
            true => {
                let most = settings.memory >> 20;
                Err(ChartError::new(ChartError::LIMIT, format!("helm wanted far more than {most} MiB of memory")))
            }
            false => Ok(Ended::Badly(complaint)),
        }
    })
}

/// Whether Go gave up for want of memory: one request so large that the kernel's bound ended it before the watcher could.
fn ran_out(complaint: &str) -> bool {
    let for_want = |line: &str| line.contains("out of memory") || line.contains("cannot allocate memory");
    complaint.lines().any(|line| line.starts_with("fatal error: ") && for_want(line))
}

/// Waits; returns how it ended and which bound it broke.
fn until_end(
    child: &mut Child,
    settings: &Settings,
    output_ended: impl Fn() -> bool,
) -> (Option<ExitStatus>, Option<String>) {
    let begun = Instant::now();
    let mut broken = None;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return (Some(status), broken),
            Ok(None) => {}
            Err(_) => return (None, broken),
        }
        if broken.is_none() {
            if begun.elapsed() > settings.run_time {
                broken = Some(format!("it took longer than {} s", settings.run_time.as_secs()));
            } else if resident(child.id()).is_some_and(|bytes| bytes > settings.memory) {
                broken = Some(format!("it took more than {} MiB of memory", settings.memory >> 20));
            } else if output_ended() && begun.elapsed() > settings.run_time / 2 {
                broken = Some("it closed its output and did not end".to_owned());
            }
            if broken.is_some() {
                // Its group too, should it have started others.
                end_group(child);
            }
        }
        thread::sleep(WATCH);
    }
}

/// The child leads a group of its own and is not reaped yet, so the number is still its own.
fn end_group(child: &mut Child) {
    if let Some(group) = child.id().try_into().ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    // Gone already is as good.
    let _ = child.kill();
}

/// Bytes the process holds in memory; `None` once it is gone.
fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}

/// Reads to the end, or one byte more than `most`; the pipe closes then, and the writer ends by it.
fn read_capped(from: Option<impl Read>, most: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        // What was read before an error counts.
        let _ = from.take(most as u64 + 1).read_to_end(&mut bytes);
    }
    bytes
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
