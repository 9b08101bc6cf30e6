//! `teal-bench switch`: the whole switcher on Azure's emulator, two real API servers, stand-ins for the agents.

mod clients;
mod ground;
mod page;
mod rest;
mod write;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;

use clients::{Crowd, Keeps};
use ground::{Ground, Running};

pub(crate) use page::HEADING;

/// How much is done.
pub(crate) struct Plan {
    /// Requests of each kind of client, at least.
    pub requests: u64,
    /// Clients of each kind.
    pub clients: usize,
    /// How long those that ignore the TTL keep an answer.
    pub keep: Duration,
    /// Ways back whose writing is measured.
    pub writes: usize,
}

/// One move: when the record was written, and to which color.
pub(crate) struct Moved {
    pub(crate) at: Timestamp,
    pub(crate) to: String,
}

/// Measures everything and returns the section for the page.
pub(crate) async fn run(plan: &Plan) -> Result<String> {
    let ground = Ground::start(plan.keep).await?;
    let mut switcher = ground.switcher().await?;
    eprintln!("at rest for {} s", rest::REST.as_secs());
    let rest = rest::measure(&ground).await?;
    eprintln!("{} ways back are written", plan.writes);
    let writes = write::measure(&ground, plan.writes).await?;
    eprintln!("{} requests of each kind of client, while traffic moves", plan.requests);
    let load = |keeps| Crowd::start(&ground, plan.clients, keeps);
    let crowds = [load(Keeps::TheTtl)?, load(Keeps::For(plan.keep))?];
    let moves = moves(plan, &ground, &mut switcher, &crowds).await?;
    let mut seen = Vec::new();
    for crowd in crowds {
        seen.push(Arc::clone(&crowd).end(&moves).await);
    }
    Ok(page::section(&rest, &writes, &moves, &seen))
}

/// Moves traffic to and fro until every crowd has sent enough.
async fn moves(plan: &Plan, ground: &Ground, switcher: &mut Running, crowds: &[Arc<Crowd>]) -> Result<Vec<Moved>> {
    let mut moves = Vec::new();
    while moves.is_empty() || crowds.iter().any(|crowd| crowd.sent() < plan.requests) {
        let to = if moves.len() % 2 == 0 { ground::GREEN } else { ground::BLUE };
        ground.commit(to)?;
        let shifted = switcher.until(|one| one.phase == "Shifting" && one.live.as_deref() == Some(to)).await?;
        let written = shifted.history.iter().find(|entry| entry.to.starts_with("Shifting"));
        moves.push(Moved { at: written.context("the shift's own entry")?.at, to: to.to_owned() });
        switcher.until(|one| one.phase == "Steady" && one.live.as_deref() == Some(to)).await?;
        eprintln!(
            "move {} to {to}: {} requests so far",
            moves.len(),
            crowds.iter().map(|crowd| crowd.sent()).sum::<u64>()
        );
    }
    Ok(moves)
}

/// A share of sorted values, such as 50, 99 or 100.
fn percentile<T: Copy + Default>(sorted: &[T], share: usize) -> T {
    let last = sorted.len().saturating_sub(1);
    sorted.get((sorted.len() * share / 100).min(last)).copied().unwrap_or_default()
}
