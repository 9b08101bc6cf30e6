//! What git declares, as far as deciding needs it.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::color::Color;
use crate::ledger::Digest;

/// The declaration in force: the last valid one of this Switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// `metadata.name`.
    pub name: String,
    /// The color that should be live.
    pub active: Color,
    /// Raised to retry a parked move.
    pub attempt: u32,
    /// Allows a commit that changes `active` and the fleet together; then the live color converges to that commit before
    /// the freeze, so it means something only where Switch and fleet share a repository.
    pub with_fleet: bool,
    /// Of this Switch's own declaration: whether *it* changed is what counts (G5).
    pub digest: Digest,
    /// Commit it was read from, full id.
    pub revision: String,
    /// All colors; `active` is one of them.
    pub colors: BTreeSet<Color>,
    /// Times and choices.
    pub policy: Policy,
    /// The ledger's own record routes traffic; else it is the ledger's alone.
    pub leads: bool,
    /// The targets besides the ledger's own record, in the order in which they are moved.
    pub followers: Vec<Follower>,
    /// Traffic by steps; empty: all at once. The last is all of it.
    pub stages: Vec<Stage>,
    /// Whom propagation is proved by.
    pub asking: Asking,
}

/// A target that does not keep the ledger: written after its intent stands in the ledger, and read back (SWITCH §2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follower {
    /// For people.
    pub name: String,
    /// The provider compares before it sets. Elsewhere one writer is made by the ledger's claim.
    pub cas: bool,
    /// It splits traffic by weight; else it moves with the step that brings all of it.
    pub weighs: bool,
    /// Longest that one change may take until the provider says that it is done, requests included.
    pub settling: Duration,
    /// How long after being sent a write can still land.
    pub late: Duration,
}

/// One step of a gradual move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// This share of the traffic, in percent, for this long once its propagation is proved.
    Share(u8, Duration),
    /// Until a person goes on.
    Pause,
}

/// Whom propagation is proved by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Asking {
    /// At least one of the zone's own servers must have answered.
    #[default]
    Authority,
    /// Whoever is declared: a private zone has no servers that can be asked from everywhere.
    Anyone,
}

/// Times and choices of a Switch, and what is true of its provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// TTL of the record while nothing moves.
    pub ttl_steady: Duration,
    /// TTL of the record from *Preparing* until the move is closed.
    pub ttl_moving: Duration,
    /// Largest TTL that caches may hold when no history is known; at least `ttl_steady`.
    pub ttl_max: Duration,
    /// Largest TTL with which a move begins; not limited when absent.
    pub ttl_limit: Option<Duration>,
    /// How long the provider may take to show a write to the world; zero where every name server can be asked.
    pub bound: Duration,
    /// Waited after the new TTL before old answers count as gone: clients that keep answers too long.
    pub tail: Duration,
    /// How long the new color must prove itself.
    pub soak: Duration,
    /// How long *Preparing* may take before it is parked.
    pub deadline: Duration,
    /// How long any single step may take beyond its declared waits, before another switcher may take over.
    pub step: Duration,
    /// Added to a step's deadline before a takeover, and the head start of the destination's switcher.
    pub grace: Duration,
    /// Oldest gate result that counts at the shift.
    pub gate_age: Duration,
    /// Longest freeze; `None` declares `freeze: off`.
    pub freeze: Option<Duration>,
    /// What happens when the new color fails.
    pub rollback: Rollback,
}

/// What happens when the new color fails (SWITCH §4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollback {
    /// Go back without being asked.
    pub automatic: bool,
    /// What to do when the new color stayed unknown for `unknown_deadline` and the other is proven.
    pub fallback: Fallback,
    /// How long *unknown* is waited for.
    pub unknown_deadline: Duration,
    /// `lastResort: other`: go to the other color although it is unknown, when the active one fails.
    pub last_resort_other: bool,
}

/// What to do at the end of waiting for an unknown color.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// Stay where the traffic is, and alert.
    Hold,
    /// Go back to the color proven healthy.
    Back,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            ttl_steady: Duration::from_secs(300),
            ttl_moving: Duration::from_secs(10),
            ttl_max: Duration::from_secs(300),
            ttl_limit: None,
            bound: Duration::ZERO,
            tail: Duration::from_secs(20),
            soak: Duration::from_secs(30 * 60),
            deadline: Duration::from_secs(60 * 60),
            step: Duration::from_secs(120),
            grace: Duration::from_secs(30),
            gate_age: Duration::from_secs(60),
            freeze: Some(Duration::from_secs(2 * 60 * 60)),
            rollback: Rollback::default(),
        }
    }
}

impl Default for Rollback {
    fn default() -> Self {
        Self {
            automatic: true,
            fallback: Fallback::Hold,
            unknown_deadline: Duration::from_secs(300),
            last_resort_other: false,
        }
    }
}
