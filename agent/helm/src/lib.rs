//! Fetches Helm charts and runs `helm` on them, confined (SYNC §10). What a chart needs, what came of it and what that means
//! is decided in `teal_render::helm`, which is pure.
//!
//! | step | file |
//! |---|---|
//! | from a question to its answer, in the background | `engine`, `work` |
//! | where charts come from | `fetch`: repositories, registries, ranges, which hosts may be asked |
//! | what was fetched, by digest | `shelf` |
//! | an archive becomes files | `archive` |
//! | files become two folders with other clocks | `scene` |
//! | one run of `helm` | `run`, `confine`, `fence` |

mod archive;
mod confine;
mod engine;
mod fence;
mod fetch;
mod run;
mod scene;
mod shelf;
mod work;

pub use engine::{Helm, Patient};
pub use fetch::{Policy, ReadSecret, index};

use teal_api::helm::{LockedChart, RemoteChart};
use teal_render::helm::{ChartError, Wanted};

use std::path::PathBuf;
use std::time::Duration;

/// How charts are fetched and rendered.
#[derive(Clone)]
pub struct Settings {
    /// The `helm` binary; without one every chart is an error that says so.
    pub program: Option<PathBuf>,
    /// A folder in memory, where each run gets a folder of its own.
    pub scratch: PathBuf,
    /// A folder for archives that were fetched; they are kept in memory when absent.
    pub shelf: Option<PathBuf>,
    /// Longest time of one run of `helm`.
    pub run_time: Duration,
    /// Longest time of one fetch with all its requests.
    pub fetch_time: Duration,
    /// Most memory that one run may hold, in bytes.
    pub memory: u64,
    /// Most bytes that one run may print.
    pub output: usize,
    /// Reads Secrets with credentials.
    pub secrets: Option<ReadSecret>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("program", &self.program).field("shelf", &self.shelf).finish_non_exhaustive()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            program: None,
            scratch: PathBuf::from("/dev/shm"),
            shelf: None,
            run_time: Duration::from_secs(30),
            fetch_time: Duration::from_secs(60),
            memory: 512 << 20,
            output: 64 << 20,
            secrets: None,
        }
    }
}

/// Fetches a chart, proves that it is one, and says which it is: what `helm.lock` holds.
///
/// # Errors
/// Whatever keeps it from being fetched or read.
pub fn lock(chart: &RemoteChart, policy: &Policy, settings: &Settings) -> Result<LockedChart, ChartError> {
    let wanted = Wanted { chart: chart.clone(), locked: None };
    let fetched = fetch::fetch(&wanted, policy, settings.secrets.as_ref(), settings.fetch_time)?;
    archive::unpack(&fetched.packed)
        .map_err(|error| ChartError::new(error.reason, format!("chart {chart}: {error}")))?;
    Ok(fetched.locked)
}

/// Whether two texts name one version as ranges compare them: a `v` before and a `+build` behind count for nothing.
#[must_use]
pub fn same_version(a: &str, b: &str) -> bool {
    let versions = fetch::range::version(a).zip(fetch::range::version(b));
    versions.is_some_and(|(a, b)| a.cmp_precedence(&b).is_eq())
}
