//! The emergency lane: an operator's word, written straight into the ledger by compare-and-swap (SWITCH §1).

use std::fmt;

use crate::ledger::{Digest, Ledger, Phase};

/// An operator's word in the ledger; it wins over git until a commit changes *this Switch*.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Order {
    /// What shall be done.
    pub verb: Verb,
    /// Who says so.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When it is to be confirmed by a commit; after that it still holds its color, and alerts. Unix milliseconds.
    pub expires_ms: u64,
    /// The declaration it sets aside.
    pub set_aside: Digest,
}

/// What an operator can order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// Take the move back, also after it was finished.
    Undo,
    /// Stop the move: before the shift nothing has happened, after it this is `undo`.
    Abort,
    /// Do nothing at all: the kill switch.
    Hold,
    /// Take record and git as they are now.
    Adopt,
    /// Write the record as the ledger has it.
    Reassert,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Undo, Self::Abort, Self::Hold, Self::Adopt, Self::Reassert];

    /// The word on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Undo => "undo",
            Self::Abort => "abort",
            Self::Hold => "hold",
            Self::Adopt => "adopt",
            Self::Reassert => "reassert",
        }
    }

    /// Reads [`Verb::as_str`] back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == word)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an order makes no sense now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no move to take back.
    #[error("no move is known that could be taken back: the switch has been on {active} since its ledger began")]
    NothingToUndo {
        /// The color that is live.
        active: String,
    },
    /// There is no move to stop.
    #[error("no move is under way ({phase}); `teal undo` takes back a finished one")]
    NothingToAbort {
        /// The phase.
        phase: Phase,
    },
    /// The old color is being taken down.
    #[error("the old color is being retired: there is no way back any more; commit a new move instead")]
    Retiring,
}

impl Refusal {
    /// Closed CamelCase set.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NothingToUndo { .. } => "NothingToUndo",
            Self::NothingToAbort { .. } => "NothingToAbort",
            Self::Retiring => "Retiring",
        }
    }
}

impl Ledger {
    /// The next ledger with an operator's word in it, to be swapped in without touching the record.
    ///
    /// # Errors
    /// When the order makes no sense in this phase.
    pub fn ordered(&self, order: Order, now_ms: u64) -> Result<Self, Refusal> {
        if self.phase == Phase::Retiring && order.verb != Verb::Hold {
            return Err(Refusal::Retiring);
        }
        match order.verb {
            Verb::Abort if self.phase.at_rest() => return Err(Refusal::NothingToAbort { phase: self.phase }),
            Verb::Undo if self.course.is_none() => {
                return Err(Refusal::NothingToUndo { active: self.active.to_string() });
            }
            _ => {}
        }
        let mut next = self.next(now_ms);
        next.order = Some(order);
        Ok(next)
    }

    /// The next ledger without an operator's word: ends a `hold`.
    #[must_use]
    pub fn released(&self, now_ms: u64) -> Self {
        let mut next = self.next(now_ms);
        next.order = None;
        next
    }
}
