//! The directory a control plane lives in: in memory where there is enough of it, and gone afterwards.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

const PREFIX: &str = "teal-testkit-";
/// etcd alone preallocates its log; a container's default of 64 MB shared memory is not enough.
const NEEDED_KIB: u64 = 1 << 20;

/// A directory that is deleted when dropped, unless `TEAL_KEEP` is set, which prints where it stays.
#[derive(Debug)]
pub(super) struct Home {
    path: PathBuf,
}

impl Home {
    pub(super) fn new(name: &str) -> Result<Self> {
        let base = base();
        sweep(&base);
        let prefix = format!("{PREFIX}{}-{name}-", std::process::id());
        let dir = tempfile::Builder::new().prefix(&prefix).tempdir_in(&base);
        Ok(Self { path: dir.with_context(|| format!("create a directory in {}", base.display()))?.keep() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file into it and returns its path.
    pub(super) fn file(&self, name: &str, content: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        fs::write(&path, content).with_context(|| format!("write {}", path.display()))?;
        Ok(path)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if std::env::var_os("TEAL_KEEP").is_some() {
            eprintln!("kept: {}", self.path.display());
            return;
        }
        // What is left behind is swept by the next start.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// `/dev/shm` where it has room, else the system's temporary directory.
fn base() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if free_kib(memory).is_some_and(|free| free > NEEDED_KIB) { memory.to_path_buf() } else { std::env::temp_dir() }
}

fn free_kib(dir: &Path) -> Option<u64> {
    let output = Command::new("df").arg("-Pk").arg(dir).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

/// Removes what processes left that were killed before they could: memory-backed files would never go by themselves.
fn sweep(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else { return };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next()).and_then(|pid| pid.parse().ok());
        let gone = |pid: u32| Path::new("/proc/self").exists() && !Path::new(&format!("/proc/{pid}")).exists();
        if owner.is_some_and(gone) {
            // Another start may sweep the same directory at this moment.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
