//! Why something stays, in words and reasons.

use std::fmt;

use crate::id::{GroupKind, ObjectId};

/// Why nothing at all is deleted for now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Hold {
    /// `prune.enabled: false`.
    #[error("prune is off for this Sync: {doomed} objects that git no longer declares stay")]
    Off {
        /// Objects that would go.
        doomed: usize,
    },
    /// Nothing is declared, something is owned.
    #[error(
        "the source declares no objects while {owned} are owned: nothing is deleted; remove the Sync to let go of them"
    )]
    EmptySource {
        /// Owned objects.
        owned: usize,
    },
    /// Some unit's objects are not known.
    #[error("nothing is deleted while units fail: {}", units.join(", "))]
    FailedUnits {
        /// Which, at most three.
        units: Vec<String>,
    },
    /// A declared object's kind can't be asked about.
    #[error("nothing is deleted while the API server can't answer for {kind}")]
    UnknownKind {
        /// The kind.
        kind: GroupKind,
    },
    /// More than the share.
    #[error(
        "{doomed} of {owned} owned objects would be deleted ({percent} %), more than {limit} % allows, such as {}; \
         remove fewer at once or raise spec.prune.maxShare of the Sync", examples.join(", ")
    )]
    Share {
        /// Objects that would go.
        doomed: usize,
        /// Owned objects.
        owned: usize,
        /// The share that is.
        percent: usize,
        /// The share that may be.
        limit: u8,
        /// Three of them.
        examples: Vec<String>,
    },
}

impl Hold {
    /// Closed set: metric label, Event reason and log field alike.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Off { .. } => "PruneOff",
            Self::EmptySource { .. } => "EmptySource",
            Self::FailedUnits { .. } => "UnitsFailed",
            Self::UnknownKind { .. } => "KindUnknown",
            Self::Share { .. } => "PruneShare",
        }
    }
}

/// Why one object stays, and stays in the inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It takes more with it than itself.
    Unconfirmed {
        /// Its living instances.
        instances: u64,
    },
    /// Something that is still declared lives in it or by it.
    StillNeeded {
        /// One of those objects.
        by: ObjectId,
    },
    /// Its kind can't be asked about right now.
    KindUnknown,
}

/// One object that stays although git no longer declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The object.
    pub id: ObjectId,
    /// Why.
    pub why: Refused,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = &self.id;
        match &self.why {
            Refused::Unconfirmed { instances: 0 } => {
                write!(f, "{id} is not deleted: annotate it with teal.dev/prune=confirmed to let it go")
            }
            Refused::Unconfirmed { instances } => write!(
                f,
                "{id} is not deleted: {instances} living objects would go with it; annotate it with teal.dev/prune=confirmed to let them go"
            ),
            Refused::StillNeeded { by } => {
                write!(
                    f,
                    "{id} is not deleted: git still declares {by}, which would go with it; declare both or neither"
                )
            }
            Refused::KindUnknown => {
                write!(f, "{id} is not deleted: the API server can't answer for its kind right now")
            }
        }
    }
}

impl Refusal {
    /// Closed set: metric label, Event reason and log field alike.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self.why {
            Refused::Unconfirmed { .. } => "PruneUnconfirmed",
            Refused::StillNeeded { .. } => "StillNeeded",
            Refused::KindUnknown => "KindUnknown",
        }
    }
}

/// Why an object is let go of without being deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Orphaned {
    /// It existed before Teal.
    Adopted,
    /// It is another object of the same name: its UID is not the one we own.
    OtherUid,
    /// It lost our Apply entry or our annotation: somebody else owns it now.
    NotOurs,
    /// It says `teal.dev/prune: disabled`.
    Disabled,
}
