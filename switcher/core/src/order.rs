//! The emergency lane: an operator's word, written straight into the ledger by compare-and-swap (SWITCH §1).

use std::fmt;

use crate::declaration::Declaration;
use crate::ledger::{Digest, Ledger, Phase, Task};

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
    /// The declaration it sets aside; empty until a switcher fills it in.
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
    /// Go on with the next step of a gradual move.
    Promote,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Undo, Self::Abort, Self::Hold, Self::Adopt, Self::Reassert, Self::Promote];

    /// The word on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Undo => "undo",
            Self::Abort => "abort",
            Self::Hold => "hold",
            Self::Adopt => "adopt",
            Self::Reassert => "reassert",
            Self::Promote => "promote",
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
    #[error("there is no move to take back: traffic is on {active}, where it came from")]
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
    /// Only a parked switch has something to adopt or reassert.
    #[error("nothing is parked ({phase}): there is nothing to adopt or reassert")]
    NotParked {
        /// The phase.
        phase: Phase,
    },
    /// No gradual move waits between two steps.
    #[error("no move waits between two steps ({phase}): there is nothing to promote")]
    NothingToPromote {
        /// The phase.
        phase: Phase,
    },
    /// The old color is being taken down.
    #[error(
        "{color} is being retired: there is no way back to it, and no move begins; until its deletion begins `teal retire {color} --revive` starts it again"
    )]
    Retiring {
        /// The color that goes.
        color: String,
    },
}

impl Refusal {
    /// Closed CamelCase set.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NothingToUndo { .. } => "NothingToUndo",
            Self::NothingToAbort { .. } => "NothingToAbort",
            Self::NotParked { .. } => "NotParked",
            Self::NothingToPromote { .. } => "NothingToPromote",
            Self::Retiring { .. } => "Retiring",
        }
    }
}

impl Ledger {
    /// The next ledger with an operator's word in it, to be swapped in without touching the record.
    ///
    /// `declared` is the newest declaration that the operator could fetch: it is the one set aside. Without git it is
    /// `None`, and what the switchers know then is set aside.
    ///
    /// # Errors
    /// When the order makes no sense in this phase.
    pub fn ordered(&self, order: Order, declared: Option<&Declaration>, now_ms: u64) -> Result<Self, Refusal> {
        self.sensible(order.verb)?;
        let mut next = self.next(now_ms);
        let set_aside = declared.map_or_else(Digest::default, |declared| declared.digest.clone());
        if let Some(declared) = declared {
            // A switcher whose git is older must not take its own declaration for a newer one.
            next.revision.clone_from(&declared.revision);
        }
        next.order = Some(Order { set_aside, ..order });
        Ok(next)
    }

    fn sensible(&self, verb: Verb) -> Result<(), Refusal> {
        let active = || self.active.to_string();
        let moved = self.course.as_ref().is_some_and(|course| course.to == self.active);
        match verb {
            _ if self.phase == Phase::Retiring && verb != Verb::Hold => Err(self.no_way_back()),
            Verb::Abort if self.phase.at_rest() => Err(Refusal::NothingToAbort { phase: self.phase }),
            Verb::Undo if self.phase != Phase::Preparing && !moved => Err(Refusal::NothingToUndo { active: active() }),
            Verb::Promote if self.task != Task::Holding => Err(Refusal::NothingToPromote { phase: self.phase }),
            Verb::Adopt | Verb::Reassert if self.phase != Phase::Parked => {
                Err(Refusal::NotParked { phase: self.phase })
            }
            _ => Ok(()),
        }
    }

    fn no_way_back(&self) -> Refusal {
        let color = self.retirement().map_or_else(|| "the old color".to_owned(), |one| one.color.to_string());
        Refusal::Retiring { color }
    }

    /// The next ledger without an operator's word: ends a `hold`.
    #[must_use]
    pub fn released(&self, now_ms: u64) -> Self {
        let mut next = self.next(now_ms);
        next.order = None;
        next
    }
}
