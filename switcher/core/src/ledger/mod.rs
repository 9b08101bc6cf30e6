//! Where a switch's state lives, outside both clusters (SWITCH §1, §2): what *is*, while git says what should be.

mod code;
mod phase;
mod retiring;
mod state;
#[cfg(test)]
mod tests;

pub use code::{LedgerError, VERSION};
pub use phase::{ParkedWhy, Phase, Task};
pub use retiring::{RetireRefusal, Retirement, Stage};
pub(crate) use state::seconds;

use crate::color::Color;
use crate::order::Order;
use crate::step::Reason;

/// The state of one Switch. Every write raises `epoch` by one and replaces the whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ledger {
    /// Random, made when the ledger was created: a re-created record is not an old one.
    pub lineage: String,
    /// Raised by one with every write of anyone, operators included.
    pub epoch: u64,
    /// Where the switch is.
    pub phase: Phase,
    /// What the phase is at.
    pub task: Task,
    /// The color that the record routes to, as this ledger's writer left it in the same write.
    pub active: Color,
    /// The move under way; at rest the last one, which `undo` takes back.
    pub course: Option<Course>,
    /// Of the declaration last acted on.
    pub digest: Digest,
    /// The commit of that declaration, full id.
    pub revision: String,
    /// Its `attempt`.
    pub attempt: u32,
    /// What was awaited when it was written.
    pub wait: Option<Reason>,
    /// Who drives the move; `None` at rest.
    pub holder: Option<String>,
    /// Names the move everywhere: freezes, jobs, notifications; empty at rest.
    pub op: String,
    /// When, by the writers' wall clocks, and in which epochs.
    pub times: Times,
    /// F: what both Syncs are pinned to.
    pub fleet: Option<Fleet>,
    /// What caches may still hold.
    pub ttl: TtlHistory,
    /// How far the targets besides the ledger's record are.
    pub routing: Routing,
    /// When the freeze of this move ends by itself; Unix milliseconds; `None` without one.
    pub freeze_until_ms: Option<u64>,
    /// The operator's word; wins over git.
    pub order: Option<Order>,
    /// Why the move is refused or goes back; set from the moment that is known.
    pub parked: Option<Parked>,
    /// Whose it is: [`owner`] of the Switch's name; empty in one written before that was kept.
    pub owner: String,
}

/// The name of a Switch as its ledger keeps it: whole as long as it is short, else its beginning and a check sum, so
/// that the ledger stays small.
#[must_use]
pub fn owner(name: &str) -> String {
    const WHOLE: usize = 24;
    if name.len() <= WHOLE {
        return name.to_owned();
    }
    let sum = ring::digest::digest(&ring::digest::SHA256, name.as_bytes());
    let start: String = name.chars().take(WHOLE - 9).collect();
    format!("{start}~{}", hex::encode(&sum.as_ref()[..4]))
}

/// From where to where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Course {
    /// The color that was live.
    pub from: Color,
    /// The color that shall be.
    pub to: Color,
}

/// Wall times tell people; epochs are what observers measure from (SWITCH §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Times {
    /// When the phase was entered; Unix milliseconds.
    pub entered_ms: u64,
    /// The epoch in which it was entered.
    pub entered: u64,
    /// When the step should be over, for people; Unix milliseconds; `0` at rest.
    pub deadline_ms: u64,
    /// When the record was shifted; Unix milliseconds; `0` before.
    pub shifted_ms: u64,
    /// When this was written; Unix milliseconds.
    pub written_ms: u64,
}

/// The largest TTL that caches may still hold, and since when no one can fetch it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TtlHistory {
    /// Seconds.
    pub largest: u32,
    /// When the record's TTL was lowered; Unix milliseconds; `0` when it never was.
    pub lowered_ms: u64,
    /// The epoch of that write.
    pub lowered: u64,
}

/// What every target is to route to, and which are known to do so. Followers are not listed one by one: their order is
/// declared, a move's colors and opId are the ledger's own, so that a cursor says where each is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Routing {
    /// Percent of the traffic that goes to `active`; the rest goes to the other color of the course.
    pub share: u8,
    /// How many followers are proven to route so, in the order of this phase; [`Routing::ALL`] when all are.
    pub routed: u8,
    /// Which step of a gradual move.
    pub stage: u8,
}

impl Routing {
    /// Every follower, however many there are.
    pub const ALL: u8 = u8::MAX;
}

impl Default for Routing {
    fn default() -> Self {
        Self { share: 100, routed: Self::ALL, stage: 0 }
    }
}

/// F: a tree of the fleet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fleet {
    /// Full commit id.
    pub commit: String,
    /// Digest of what it declares.
    pub digest: Digest,
}

/// Why nothing moves until the declaration of this Switch changes (G5).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Parked {
    /// Closed set.
    pub why: ParkedWhy,
    /// For people; at most 64 characters are kept.
    pub note: String,
    /// The declaration that is refused.
    pub digest: Digest,
    /// Its `attempt`.
    pub attempt: u32,
}

/// The first 16 hex digits of a longer digest: enough to tell declarations apart, short enough for the ledger.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Digest(String);

impl Digest {
    /// Shortens a digest.
    #[must_use]
    pub fn of(long: &str) -> Self {
        Self(long.chars().take(16).collect())
    }

    /// The kept digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
