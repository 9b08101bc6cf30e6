//! What follows from an observation, with its reasons.

use std::fmt;

use std::collections::BTreeMap;

use crate::color::{Color, Role};
use crate::ledger::Ledger;

/// One decision: what to do now, what is awaited after it, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What to do now.
    pub action: Action,
    /// What is awaited; `None` only at rest, where nothing is.
    pub wait: Option<Wait>,
    /// What a person should be told at once.
    pub alert: Option<Alert>,
    /// One sentence without a full stop.
    pub why: String,
    /// Facts it rests on, one a line.
    pub evidence: Vec<String>,
}

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Nothing; look again later.
    Hold,
    /// One compare-and-swap of ledger and record, against exactly what was observed.
    Write(Box<Write>),
    /// Do all of these. Each is idempotent, each fails alone, none is remembered: what is still missing at the next
    /// observation is asked for again.
    Effects(Vec<Effect>),
}

/// The one compare-and-swap. It must be refused when record or ledger are no longer as observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The whole next ledger.
    pub next: Ledger,
    /// What changes in the record; `None` leaves it exactly as observed.
    pub change: Option<Change>,
}

/// What changes in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The color it routes to.
    pub color: Color,
    /// Its TTL in seconds.
    pub ttl: u32,
}

/// Something done to a cluster. Idempotent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask the color's agent to let no ordinary change pass.
    Freeze {
        /// Where.
        color: Color,
        /// Names the freeze: the move's opId.
        op: String,
        /// When that cluster's agent lifts it by itself; Unix milliseconds.
        until_ms: u64,
    },
    /// Lift exactly this freeze: one that another move has put there since is another.
    Unfreeze {
        /// Where.
        color: Color,
        /// The opId it was made with.
        op: String,
    },
    /// Make the color's Sync follow one commit.
    Pin {
        /// Where.
        color: Color,
        /// F, full id.
        commit: String,
    },
    /// Make the color's Sync follow its branch again, if it is still pinned to this commit.
    Unpin {
        /// Where.
        color: Color,
        /// The pin as observed.
        commit: String,
    },
    /// Give the color its role.
    SetRole {
        /// Where.
        color: Color,
        /// Which.
        role: Role,
    },
    /// Make a target route so. It looks first and writes only what differs; traffic of no color is left as it is.
    Route {
        /// Its place among the followers.
        target: usize,
        /// Percent by color; sums to 100.
        split: BTreeMap<Color, u8>,
        /// Seconds; `None` leaves the TTL as it is.
        ttl: Option<u32>,
        /// Names the write: the move's opId.
        op: String,
        /// Traffic goes back: nothing is waited for that only makes it smoother.
        back: bool,
    },
    /// Throw away the copies of answers that a target keeps, now that a change has spread: while it spread, the old color
    /// still filled them.
    Clear {
        /// Its place among the followers.
        target: usize,
        /// Names the change: the move's opId, or that of its way back.
        change: String,
    },
    /// Measure the gates and report them in the next observation.
    RunGates {
        /// Which list.
        when: When,
        /// The new color, which they look at.
        color: Color,
    },
}

/// Which list of gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    /// Before the shift.
    Before,
    /// From the shift to the end of the soak.
    During,
}

/// What is awaited, until when, and what one can type (SWITCH §11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// Closed set.
    pub reason: Reason,
    /// What exactly, one sentence without a full stop.
    pub message: String,
    /// Until when at the latest or at the earliest, whichever is known; Unix milliseconds.
    pub until_ms: Option<u64>,
    /// Commands that make sense now, without the Switch's name.
    pub commands: Vec<&'static str>,
}

/// Every command that is ever offered. The command line is tested to take each, with the Switch's name behind it.
pub const TYPED: [&str; 11] = [
    "teal abort",
    "teal adopt",
    "teal explain",
    "teal history",
    "teal hold",
    "teal hold --end",
    "teal ledger show",
    "teal promote",
    "teal reassert",
    "teal retry",
    "teal undo",
];

/// Why a state waits: the closed set of SWITCH §11.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// A person has to say yes.
    Approval,
    /// Caches may still hold the old TTL.
    Ttl,
    /// The world does not see the change everywhere yet.
    Propagation,
    /// Something has to be proved: freeze, equality, roles, health, a declared gate.
    Gate,
    /// The target is too small.
    Capacity,
    /// Nothing can be seen.
    Blind,
    /// Git is not fresh, or was rewritten.
    StaleGit,
    /// Someone else wrote.
    ForeignWrite,
    /// A move was refused or went back.
    Parked,
    /// Another switcher has the move.
    Claim,
    /// Old answers and connections run out.
    Drain,
    /// The new color proves itself.
    Soak,
    /// What a freeze would refuse is not accepted yet.
    FreezeRehearsal,
}

impl Reason {
    /// All of them, for metrics that export one series a value.
    pub const ALL: [Self; 13] = [
        Self::Approval,
        Self::Ttl,
        Self::Propagation,
        Self::Gate,
        Self::Capacity,
        Self::Blind,
        Self::StaleGit,
        Self::ForeignWrite,
        Self::Parked,
        Self::Claim,
        Self::Drain,
        Self::Soak,
        Self::FreezeRehearsal,
    ];

    /// The word in metrics, ledger and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Ttl => "ttl",
            Self::Propagation => "propagation",
            Self::Gate => "gate",
            Self::Capacity => "capacity",
            Self::Blind => "blind",
            Self::StaleGit => "stale-git",
            Self::ForeignWrite => "foreign-write",
            Self::Parked => "parked",
            Self::Claim => "claim",
            Self::Drain => "drain",
            Self::Soak => "soak",
            Self::FreezeRehearsal => "freeze-rehearsal",
        }
    }

    /// Reads [`Reason::as_str`] back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a person should be told at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Closed set of CamelCase words.
    pub reason: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl Alert {
    /// Makes one.
    pub fn new(reason: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { reason, message: message.into(), hint: hint.into() }
    }
}

impl Step {
    /// Nothing to do and nothing awaited.
    pub fn rest(why: impl Into<String>) -> Self {
        Self { action: Action::Hold, wait: None, alert: None, why: why.into(), evidence: Vec::new() }
    }

    /// Nothing to do but wait.
    #[must_use]
    pub fn hold(wait: Wait) -> Self {
        let why = wait.message.clone();
        Self { action: Action::Hold, wait: Some(wait), alert: None, why, evidence: Vec::new() }
    }

    /// The one compare-and-swap.
    pub fn write(next: Ledger, change: Option<Change>, why: impl Into<String>) -> Self {
        let action = Action::Write(Box::new(Write { next, change }));
        Self { action, wait: None, alert: None, why: why.into(), evidence: Vec::new() }
    }

    /// Effects, then wait; only waits when there are none.
    #[must_use]
    pub fn effects(effects: Vec<Effect>, wait: Option<Wait>, why: impl Into<String>) -> Self {
        let action = if effects.is_empty() { Action::Hold } else { Action::Effects(effects) };
        Self { action, wait, alert: None, why: why.into(), evidence: Vec::new() }
    }

    /// Adds one more effect.
    #[must_use]
    pub fn and(mut self, effect: Option<Effect>) -> Self {
        if let Some(effect) = effect {
            match &mut self.action {
                Action::Effects(effects) => effects.push(effect),
                Action::Hold => self.action = Action::Effects(vec![effect]),
                // A write comes before every effect.
                Action::Write(_) => {}
            }
        }
        self
    }

    /// Adds what a person should be told; the first alert stands.
    #[must_use]
    pub fn alert(mut self, alert: Option<Alert>) -> Self {
        self.alert = self.alert.or(alert);
        self
    }

    /// Adds one line of evidence.
    #[must_use]
    pub fn with(mut self, line: impl Into<String>) -> Self {
        self.evidence.push(line.into());
        self
    }

    /// The next ledger, when this is a write.
    #[must_use]
    pub fn next(&self) -> Option<&Ledger> {
        match &self.action {
            Action::Write(write) => Some(&write.next),
            _ => None,
        }
    }
}

impl Wait {
    /// Makes one without a time and without commands.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), until_ms: None, commands: Vec::new() }
    }

    /// Adds when it ends.
    #[must_use]
    pub fn until(mut self, unix_ms: u64) -> Self {
        self.until_ms = Some(unix_ms);
        self
    }

    /// Adds what one can type; each of [`TYPED`].
    #[must_use]
    pub fn or_type(mut self, commands: &[&'static str]) -> Self {
        debug_assert!(commands.iter().all(|command| TYPED.contains(command)), "{commands:?}");
        self.commands.extend_from_slice(commands);
        self
    }
}
