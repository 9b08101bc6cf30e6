//! What a Switch at rest asks of Azure, against SWITCH §12: one GET a target and interval, nothing written.

use std::time::Duration;

use anyhow::Result;

use super::ground::Ground;

/// How long it is watched; a multiple of the interval.
pub(crate) const REST: Duration = Duration::from_secs(30);
/// The switcher's own interval at rest.
const INTERVAL: Duration = Duration::from_secs(5);

/// Calls of one method and type while nothing moved.
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) kind: String,
    pub(crate) calls: u64,
    pub(crate) an_interval: f64,
}

/// Counts the calls of [`REST`].
pub(crate) async fn measure(ground: &Ground) -> Result<Vec<Asked>> {
    // What a start asks once is over by then.
    tokio::time::sleep(INTERVAL).await;
    let before = ground.counts().await?;
    tokio::time::sleep(REST).await;
    let after = ground.counts().await?;
    let intervals = REST.as_secs_f64() / INTERVAL.as_secs_f64();
    let sum = |counts: &[(String, String, u64)], method: &str, kind: &str| -> u64 {
        counts.iter().filter(|one| one.0 == method && one.1 == kind).map(|one| one.2).sum()
    };
    let mut pairs: Vec<(String, String)> = after.iter().map(|one| (one.0.clone(), one.1.clone())).collect();
    pairs.sort();
    pairs.dedup();
    let asked = pairs.into_iter().map(|(method, kind)| {
        let calls = sum(&after, &method, &kind) - sum(&before, &method, &kind);
        Asked { an_interval: number(calls) / intervals, method, kind, calls }
    });
    Ok(asked.filter(|one| one.calls > 0).collect())
}

/// Counts of half a minute are far below 2^52.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn number(count: u64) -> f64 {
    count as f64
}
