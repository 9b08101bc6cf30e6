use std::fmt;

/// Why no number can be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Inconclusive {
    /// The two sides follow different contents.
    #[error(
        "the clusters are at different fleets: {blue} and {green}; wait until both have converged to the same commit"
    )]
    FleetDiffers {
        /// Blue's digest.
        blue: String,
        /// Green's digest.
        green: String,
    },
    /// A side has not converged to anything yet.
    #[error("{side} has not converged to any commit yet")]
    NoFleet {
        /// `blue` or `green`.
        side: &'static str,
    },
    /// Secrets were digested under different keys.
    #[error("the parity keys differ ({blue:?} and {green:?}): give both Syncs the same parityKeyRef content")]
    KeyDiffers {
        /// Blue's key id.
        blue: String,
        /// Green's key id.
        green: String,
    },
    /// The agents digest differently.
    #[error("the agents use digest versions {blue} and {green}; bring both to the same release")]
    VersionDiffers {
        /// Blue's version.
        blue: u32,
        /// Green's version.
        green: u32,
    },
    /// Some objects can't be compared.
    #[error("{count} objects can't be compared, such as {example}: {hint}")]
    Unknown {
        /// How many.
        count: usize,
        /// One of them.
        example: String,
        /// What to do.
        hint: &'static str,
    },
}

impl Inconclusive {
    /// Closed set: metric label, Event reason and log field alike.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::FleetDiffers { .. } => "FleetDiffers",
            Self::NoFleet { .. } => "NoFleet",
            Self::KeyDiffers { .. } => "KeyDiffers",
            Self::VersionDiffers { .. } => "VersionDiffers",
            Self::Unknown { .. } => "Unknown",
        }
    }
}

/// What parity says of one object. In the order of how bad it is, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Green lacks it.
    Missing,
    /// Declared differently in a way nobody declared.
    Unequal,
    /// Differs from git on a side.
    Drifted,
    /// Not applied or not Current on a side.
    NotReady,
    /// Somebody else's fields on a side.
    Foreign,
    /// Only green has it.
    Extra,
    /// Can't be compared.
    Unknown,
    /// Equal but for what the fleet declares to differ.
    DeclaredDifference,
    /// Equal.
    Equal,
}

impl Class {
    /// Every class, worst first.
    pub const ALL: [Self; 9] = [
        Self::Missing,
        Self::Unequal,
        Self::Drifted,
        Self::NotReady,
        Self::Foreign,
        Self::Extra,
        Self::Unknown,
        Self::DeclaredDifference,
        Self::Equal,
    ];

    /// The word used in metrics and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unequal => "unequal",
            Self::Drifted => "drifted",
            Self::NotReady => "not_ready",
            Self::Foreign => "foreign",
            Self::Extra => "extra",
            Self::Unknown => "unknown",
            Self::DeclaredDifference => "declared_difference",
            Self::Equal => "equal",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
