//! Every target of the fuzzer in this process: those that libFuzzer has as well, and those of charts.

use super::{charts, targets};

/// One entry point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Shared(targets::Target),
    /// A folder that is a chart's, or declares one.
    Chart,
    /// The index of a repository of charts.
    Index,
}

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = Target> {
    targets::ALL.into_iter().map(Target::Shared).chain([Target::Chart, Target::Index])
}

impl Target {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Shared(target) => target.name(),
            Self::Chart => "chart",
            Self::Index => "index",
        }
    }

    /// Runs one input. Returns a class of behaviour: inputs that behave alike have the same.
    ///
    /// # Panics
    /// When something that must hold does not.
    pub(crate) fn run(self, input: &[u8]) -> u64 {
        match self {
            Self::Shared(target) => target.run(input),
            Self::Chart => charts::chart(input),
            Self::Index => charts::index(input),
        }
    }
}

impl std::str::FromStr for Target {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = || all().map(Self::name).collect::<Vec<_>>().join(", ");
        all().find(|target| target.name() == name).ok_or_else(|| format!("`{name}` is none of {}", known()))
    }
}
