//! Everything that is seen at one moment, as plain data. The daemon fills it; deciding reads nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::color::{Color, Role};
use crate::gate::GateSeen;
use crate::health::Proof;
use crate::ledger::{Digest, Ledger};
use crate::propagation::Vantage;
use crate::watch::Watch;

/// Everything that is seen now.
#[derive(Debug, Clone)]
pub struct Observation {
    /// Who looks.
    pub me: Me,
    /// When.
    pub time: Time,
    /// Random, new for every observation: becomes the opId of a move, or the lineage of a first ledger.
    pub fresh_id: String,
    /// The ledger, read in the same consistent view as `record`.
    pub ledger: LedgerSeen,
    /// When this observer first saw which epoch; must have noted `ledger` already.
    pub watch: Watch,
    /// The record that keeps the ledger.
    pub record: Record,
    /// The other targets, in the order of [`Declaration::followers`](crate::Declaration::followers).
    pub targets: Vec<TargetSeen>,
    /// How the declaration's commit stands to the ledger's.
    pub git: Git,
    /// Every declared color; one that is missing counts as wholly unknown.
    pub colors: BTreeMap<Color, ColorSeen>,
    /// The gates before the shift, all that are declared.
    pub before: Vec<GateSeen>,
    /// The gates from the shift on, all that are declared.
    pub during: Vec<GateSeen>,
    /// What the name servers answer, all that are declared.
    pub vantages: Vec<Vantage>,
}

/// Who looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Me {
    /// Stable over restarts, unique among switchers, short: it is written into the ledger.
    pub identity: String,
    /// The color this switcher lives in; `None` when it lives in none, or is the only one: then it drives everything.
    pub color: Option<Color>,
}

/// Two clocks: one for waiting, one for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// Monotonic, since any fixed moment of this process.
    pub mono: Duration,
    /// Wall clock, Unix milliseconds.
    pub wall_ms: u64,
    /// How far the wall clock is off the provider's, either way; `None` when not known. Up to 2 s the wall clock may
    /// shorten a wait; above 30 s this switcher only watches (SWITCH §3).
    pub skew: Option<Duration>,
}

/// The ledger as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerSeen {
    /// Read and understood.
    Known(Box<Ledger>),
    /// There is none. `ever`: one is known to have existed, by this process, the other switcher or a color's copy.
    Missing {
        /// Whether one has existed.
        ever: bool,
    },
    /// There is one, and it can't be opened or understood; with why.
    Unreadable(String),
    /// Something that is no ledger of ours is in its place; with what.
    Foreign(String),
}

/// What routes the traffic, by the authority itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it routes to.
    pub value: Value,
    /// Seconds.
    pub ttl: u32,
    /// What a look at it found, beyond where it routes to.
    pub inspected: Inspected,
}

/// What a look at a target found, beyond where it routes to: may a move begin by it? Never asked of a way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inspected {
    /// Nothing speaks against it; or nobody here may look, which is told and holds nothing.
    Clear,
    /// Something does, such as another program that owns it, or a disabled route; with what.
    Objection(String),
    /// Not known yet: nobody has looked, or no look has succeeded; with why.
    Unknown(String),
}

impl Record {
    /// The TTL of answers that route traffic, in seconds; 0 where nothing is routed: nobody asks for such a record.
    #[must_use]
    pub fn routed_ttl(&self) -> u32 {
        if self.value == Value::LedgerOnly { 0 } else { self.ttl }
    }
}

/// A target besides the ledger's record, as it was last read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetSeen {
    /// Where it routes to, as the provider's management plane says.
    pub value: Value,
    /// Seconds, where it has one.
    pub ttl: Option<u32>,
    /// How long ago the reading began.
    pub age: Duration,
    /// What the provider still works on; then `value` may not be in force yet.
    pub working: Option<String>,
    /// Why what was last asked of it can't be had, however often it is asked.
    pub failed: Option<String>,
    /// What a look at it found, beyond where it routes to.
    pub inspected: Inspected,
    /// For a target that keeps copies of answers: the opId whose change had spread when they were last thrown away, empty
    /// when that is not known. `None`: it keeps none.
    pub cleared: Option<String>,
}

/// Where a record routes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// To exactly this color.
    Color(Color),
    /// To several colors by weight, in percent; at least two, none of them zero.
    Split(BTreeMap<Color, u8>),
    /// It keeps the ledger and routes nothing.
    LedgerOnly,
    /// To several colors at once.
    Mixed,
    /// To something that no color declares; with what, for people.
    Foreign(String),
    /// Nowhere: there is no record.
    Gone,
    /// Could not be read; with why. Then the ledger could not be read either.
    Unreadable(String),
}

/// How the declaration's commit stands to the one in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Git {
    /// Where the declaration's revision is, seen from the ledger's.
    pub relation: Relation,
    /// Was the last fetch a success and recent? Needed to start a move, never to go back.
    pub fresh: bool,
    /// Does the commit that changed `active` change the fleet too?
    pub mixed: bool,
    /// How long this observer has known this declaration; monotonic.
    pub known_for: Duration,
}

/// Where the declaration's revision is, seen from the ledger's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// The same commit.
    Equal,
    /// A descendant.
    Descends,
    /// An ancestor: what we have is old.
    Behind,
    /// Neither: history was rewritten.
    Diverged,
    /// Can't be told now, such as when the ledger's commit has not been fetched.
    Unknown,
}

impl Relation {
    /// May one act on such a revision?
    #[must_use]
    pub fn trusted(self) -> bool {
        matches!(self, Self::Equal | Self::Descends)
    }
}

/// One color, as it is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColorSeen {
    /// Whether it is proven healthy now.
    pub proof: Proof,
    /// What the proof rests on, for people.
    pub message: String,
    /// How long the proof has been unknown without a break; monotonic.
    pub unknown_for: Duration,
    /// Its Sync.
    pub sync: SyncSeen,
    /// Our freeze there.
    pub freeze: FreezeSeen,
}

/// A color's Sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncSeen {
    /// Read just now.
    Known(SyncFacts),
    /// Its API server does not answer; with why.
    Unreachable(String),
}

/// What a Sync says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SyncFacts {
    /// `Ready`, for the present generation of its spec.
    pub ready: bool,
    /// What it says of itself, for people.
    pub message: String,
    /// Commit that every unit has converged to; empty before the first.
    pub revision: String,
    /// Digest of what that commit declares.
    pub digest: Digest,
    /// The role asked for.
    pub role: Option<Role>,
    /// The role in force, told by its agent.
    pub role_in_force: Option<Role>,
    /// The commit it is pinned to.
    pub pin: Option<String>,
}

/// Our freeze in one cluster. A freeze that a person made is no concern of a move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FreezeSeen {
    /// There is none.
    Off,
    /// Asked for; ordinary changes may still pass.
    Pending {
        /// The opId it was made with.
        op: String,
    },
    /// No ordinary change passes.
    Active {
        /// The opId it was made with.
        op: String,
    },
    /// Its time is over: its own agent lifted it.
    Lifted {
        /// The opId it was made with.
        op: String,
    },
    /// The API server does not answer; with why.
    Unreachable(String),
}

impl FreezeSeen {
    /// The opId of the freeze there is.
    #[must_use]
    pub fn op(&self) -> Option<&str> {
        match self {
            Self::Pending { op } | Self::Active { op } | Self::Lifted { op } => Some(op),
            Self::Off | Self::Unreachable(_) => None,
        }
    }
}

impl Value {
    /// What a split means: one color when it has all.
    #[must_use]
    pub fn of(mut shares: BTreeMap<Color, u8>) -> Self {
        shares.retain(|_, share| *share > 0);
        match (shares.len(), shares.pop_first()) {
            (1, Some((color, _))) => Self::Color(color),
            (_, Some((color, share))) => {
                shares.insert(color, share);
                Self::Split(shares)
            }
            (_, None) => Self::Gone,
        }
    }

    /// Does any traffic go to another color than these two, or nowhere?
    #[must_use]
    pub fn is_beyond(&self, one: &Color, other: &Color) -> bool {
        match self {
            Self::Color(color) => color != one && color != other,
            Self::Split(shares) => shares.keys().any(|color| color != one && color != other),
            Self::LedgerOnly | Self::Unreadable(_) => false,
            Self::Mixed | Self::Foreign(_) | Self::Gone => true,
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Color(color) => write!(f, "{color}"),
            Self::Split(shares) => {
                let parts: Vec<String> = shares.iter().map(|(color, share)| format!("{share} % {color}")).collect();
                f.write_str(&parts.join(", "))
            }
            Self::LedgerOnly => f.write_str("the ledger alone"),
            Self::Mixed => f.write_str("several colors at once"),
            Self::Foreign(what) | Self::Unreadable(what) => f.write_str(what),
            Self::Gone => f.write_str("nothing, it is gone"),
        }
    }
}

impl Observation {
    /// What is known of a color's health; a color that was not looked at is unknown.
    #[must_use]
    pub fn proof(&self, color: &Color) -> Proof {
        self.colors.get(color).map_or(Proof::Unknown, |seen| seen.proof)
    }

    /// A color's Sync, when it could be read.
    #[must_use]
    pub fn sync(&self, color: &Color) -> Option<&SyncFacts> {
        match self.colors.get(color).map(|seen| &seen.sync) {
            Some(SyncSeen::Known(facts)) => Some(facts),
            _ => None,
        }
    }

    /// Our freeze in a color; `None` when the color was not looked at.
    #[must_use]
    pub fn freeze(&self, color: &Color) -> Option<&FreezeSeen> {
        self.colors.get(color).map(|seen| &seen.freeze)
    }
}
