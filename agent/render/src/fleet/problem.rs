//! What is wrong with a fleet, or with one unit of it.

use teal_agent_core::ObjectError;
use teal_agent_core::layers::LayoutError;
use teal_agent_core::object::DeclaredTwice;
use teal_api::Mistakes;
use teal_kustomize::TreeError;

use crate::RenderError;

/// Why no unit could be rendered.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FleetError {
    /// The folder is not there, or is a file.
    #[error("{path}: there is no such folder")]
    Missing {
        /// The folder.
        path: String,
    },
    /// `teal.yaml` is a folder or a link.
    #[error("{file}: is a folder or a symbolic link; put the file itself there")]
    NotAFile {
        /// The file.
        file: String,
    },
    /// `teal.yaml` is no text.
    #[error("{file}: is not UTF-8 text")]
    NotText {
        /// The file.
        file: String,
    },
    /// All mistakes of `teal.yaml`.
    #[error("{0}")]
    Declaration(Mistakes),
    /// Folders that can't be units as the layers say; each a line.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Layout(Vec<LayoutError>),
    /// The tree can't be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// One thing that is wrong with a unit.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum UnitProblem {
    /// It could not be rendered.
    #[error(transparent)]
    Render(RenderError),
    /// An object of it can't be used.
    #[error(transparent)]
    Object(ObjectError),
    /// An object of it is declared twice.
    #[error(transparent)]
    Twice(DeclaredTwice),
    /// It depends on a unit that is none.
    #[error("{file}: dependsOn names {missing}, which is no unit of this fleet; it has {known}")]
    UnknownUnit {
        /// Its `unit.yaml`.
        file: String,
        /// What it names.
        missing: String,
        /// The units there are.
        known: String,
    },
}

impl UnitProblem {
    /// The sort of problem as a word of a closed set.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Render(error) => error.reason(),
            Self::Object(error) => error.reason(),
            Self::Twice(_) => "DeclaredTwice",
            Self::UnknownUnit { .. } => "UnknownUnit",
        }
    }
}
