//! What somebody who installs and watches Teal from outside meets: the chart by real Helm on real control planes, and the
//! dashboards, alerts and metrics on a real Prometheus that scraped a real move.

mod chart;
mod colors;
mod flags;
mod helm;
mod prometheus;
mod queries;
mod reference;
mod replicas;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(300);

/// A path below the workspace's root.
fn workspace(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Whether `program` may be missing here; a failure where nothing may be skipped.
fn skip(test: &str, program: &str, how: &str) -> Result<()> {
    if std::env::var("TEAL_REQUIRE").is_ok_and(|value| value == "all") {
        bail!("{test} needs {program} ({how}), and TEAL_REQUIRE=all forbids to skip");
    }
    println!("skipped: {test} needs {program} ({how})");
    Ok(())
}

/// Asks until there is an answer; the error says what was in its way last.
async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let begun = Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) if begun.elapsed() > PATIENCE => bail!("not within {PATIENCE:?}: {what}: {error:#}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}
