//! Where a switch is, in words.

use std::fmt;

/// Where a switch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// As declared, nothing moves.
    Steady,
    /// The new color is made equal and proved; traffic has not moved.
    Preparing,
    /// The record routes to the new color; the world is learning it.
    Shifting,
    /// Old answers and connections run out.
    Draining,
    /// The new color proves itself under traffic.
    Soaking,
    /// The record routes to the old color again.
    RollingBack,
    /// Nothing moves until this Switch's declaration changes.
    Parked,
    /// The old color is being taken down: no way back.
    Retiring,
}

impl Phase {
    /// All of them, for metrics that export one series a value.
    pub const ALL: [Self; 8] = [
        Self::Steady,
        Self::Preparing,
        Self::Shifting,
        Self::Draining,
        Self::Soaking,
        Self::RollingBack,
        Self::Parked,
        Self::Retiring,
    ];

    /// The word used everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Steady => "Steady",
            Self::Preparing => "Preparing",
            Self::Shifting => "Shifting",
            Self::Draining => "Draining",
            Self::Soaking => "Soaking",
            Self::RollingBack => "RollingBack",
            Self::Parked => "Parked",
            Self::Retiring => "Retiring",
        }
    }

    /// Stage `T0` to `T4` of DESIGN §1.
    #[must_use]
    pub fn stage(self) -> &'static str {
        match self {
            Self::Steady | Self::Parked => "T0",
            Self::Preparing => "T2",
            Self::Shifting | Self::Draining | Self::Soaking | Self::RollingBack => "T3",
            Self::Retiring => "T4",
        }
    }

    /// Has traffic moved, and may it still go back by itself?
    #[must_use]
    pub fn shifted(self) -> bool {
        matches!(self, Self::Shifting | Self::Draining | Self::Soaking)
    }

    /// Is there no move under way?
    #[must_use]
    pub fn at_rest(self) -> bool {
        matches!(self, Self::Steady | Self::Parked)
    }

    /// Does the switcher move nothing here, so that it looks at the pace of rest? Retiring may last for days.
    #[must_use]
    pub fn idles(self) -> bool {
        self.at_rest() || self == Self::Retiring
    }

    /// Reads [`Phase::as_str`] back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == word)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a phase is at. Every effect is announced by the task it belongs to (G2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Task {
    /// Nothing.
    Rest,
    /// Preparing: the live color is frozen and converges; then F is known.
    Freezing,
    /// Preparing: both are pinned to F, gates run, caches forget the old TTL.
    Converging,
    /// Preparing, and Shifting before its last step: the old color gives up its role.
    StandingDown,
    /// Shifting, RollingBack: the targets besides the ledger's record are written, one after another.
    Routing,
    /// Shifting, RollingBack: all is written, the world learns it.
    Propagating,
    /// Shifting: a step of a gradual move lasts for its time, or until a person goes on.
    Holding,
    /// Shifting: the new color takes its role.
    StandingUp,
    /// Draining and Soaking: time passes and health is watched.
    Watching,
    /// Soaking: freeze and pins are lifted.
    Finishing,
    /// RollingBack: roles, freeze and pins are put back.
    Restoring,
    /// Retiring: the old color's cluster was started again, so that its drain is to be proved anew.
    Proving,
    /// Retiring: the old color's cluster is stopped.
    Stopping,
    /// Retiring: the cluster is stopped, and whoever still needs it screams.
    Screaming,
    /// Retiring: the cluster is deleted.
    Deleting,
}

impl Task {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Rest,
        Self::Freezing,
        Self::Converging,
        Self::StandingDown,
        Self::Routing,
        Self::Propagating,
        Self::Holding,
        Self::StandingUp,
        Self::Watching,
        Self::Finishing,
        Self::Restoring,
        Self::Proving,
        Self::Stopping,
        Self::Screaming,
        Self::Deleting,
    ];

    /// The word used everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Freezing => "freezing",
            Self::Converging => "converging",
            Self::StandingDown => "standing-down",
            Self::Routing => "routing",
            Self::Propagating => "propagating",
            Self::Holding => "holding",
            Self::StandingUp => "standing-up",
            Self::Watching => "watching",
            Self::Finishing => "finishing",
            Self::Restoring => "restoring",
            Self::Proving => "proving",
            Self::Stopping => "stopping",
            Self::Screaming => "screaming",
            Self::Deleting => "deleting",
        }
    }

    /// Reads [`Task::as_str`] back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|task| task.as_str() == word)
    }
}

/// Why a switch is parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ParkedWhy {
    /// The new color failed after the shift.
    RolledBack,
    /// A gate failed before the shift.
    GateFailed,
    /// Preparing took longer than declared.
    Deadline,
    /// An operator, or a commit, stopped the move before the shift.
    Aborted,
    /// An operator, or a commit, took the move back.
    Undone,
    /// Someone else changed record or ledger.
    ForeignWrite,
    /// Git's history no longer holds what was acted on.
    Rewritten,
    /// One commit changes `active` and the fleet, without `withFleet: true`.
    MixedCommit,
    /// The freeze ended before the shift.
    FreezeExpired,
    /// A target could not be moved, so those before it went back.
    TargetFailed,
    /// An operator took over a record that git does not ask for.
    Adopted,
}

impl ParkedWhy {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::RolledBack,
        Self::GateFailed,
        Self::Deadline,
        Self::Aborted,
        Self::Undone,
        Self::ForeignWrite,
        Self::Rewritten,
        Self::MixedCommit,
        Self::FreezeExpired,
        Self::TargetFailed,
        Self::Adopted,
    ];

    /// The word used everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RolledBack => "rolled-back",
            Self::GateFailed => "gate-failed",
            Self::Deadline => "deadline",
            Self::Aborted => "aborted",
            Self::Undone => "undone",
            Self::ForeignWrite => "foreign-write",
            Self::Rewritten => "rewritten",
            Self::MixedCommit => "mixed-commit",
            Self::FreezeExpired => "freeze-expired",
            Self::TargetFailed => "target-failed",
            Self::Adopted => "adopted",
        }
    }

    /// Reads [`ParkedWhy::as_str`] back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.as_str() == word)
    }
}

impl fmt::Display for ParkedWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
