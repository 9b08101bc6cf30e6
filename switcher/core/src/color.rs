//! Colors and the roles they have by turns.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The name of one cluster, such as `blue`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Color(Arc<str>);

impl Color {
    /// Takes a name as it is declared.
    pub fn new(name: impl AsRef<str>) -> Self {
        Self(name.as_ref().into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Color {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<&String> for Color {
    fn from(name: &String) -> Self {
        Self::new(name)
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a cluster may do; it moves between colors (SWITCH §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Does what only one cluster may do.
    Active,
    /// Is equal and ready, and does none of that.
    Standby,
}

impl Role {
    /// The word used in YAML, labels and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Standby => "standby",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
