//! What can go wrong in a build. No message holds data of an object: only names, places and kinds.

use crate::TreeError;
use teal_yaml::{Place, ReadError};

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A file is no YAML.
    #[error("{file}:{}: {}", source.at, source.message)]
    Yaml {
        /// The file.
        file: String,
        /// What is wrong and where.
        source: ReadError,
    },
    /// The tree could not be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A kustomization says something it can't.
    #[error("{file}:{at}: {message}")]
    Kustomization {
        /// The kustomization file.
        file: String,
        /// Where in it.
        at: Place,
        /// What is wrong and what would be right.
        message: String,
    },
    /// Charts, where nobody renders any.
    #[error("{file}:{at}: the field `{field}` is not supported here: nothing renders charts")]
    Unsupported {
        /// The kustomization file.
        file: String,
        /// Where in it.
        at: Place,
        /// The field.
        field: String,
    },
    /// Something a kustomization names is not there, or may not be read.
    #[error("{file}{}: {message}", colon(*at))]
    Load {
        /// The file that names it or says it; the folder, where nothing but the caller named that.
        file: String,
        /// Where in it, as far as it is known.
        at: Option<Place>,
        /// What was looked for and why it can't be used.
        message: String,
    },
    /// A document is no object Kubernetes could take.
    #[error("{file}:{at}: {message}")]
    Object {
        /// The file.
        file: String,
        /// Where the document or the wrong part begins.
        at: Place,
        /// What is wrong.
        message: String,
    },
    /// Two objects have one identity.
    #[error("{id} is defined twice: {first} and {second}; remove one or give it another name")]
    Duplicate {
        /// The identity.
        id: String,
        /// Where the first one comes from.
        first: String,
        /// Where the second one comes from.
        second: String,
    },
    /// A patch or a transformer could not be applied.
    #[error("{file}{}: {message}", colon(*at))]
    Transform {
        /// The kustomization file that asked for it.
        file: String,
        /// Where in it, as far as it is known.
        at: Option<Place>,
        /// The fields of a kustomization of which one asked for it.
        fields: &'static [&'static str],
        /// What failed, on which object.
        message: String,
    },
}

impl BuildError {
    /// The sort of mistake as a word of a closed set, for labels and Events.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Yaml { source, .. } => source.reason(),
            Self::Tree(error) => error.reason(),
            Self::Kustomization { .. } => "KustomizationInvalid",
            Self::Unsupported { .. } => "KustomizationUnsupported",
            Self::Load { .. } => "KustomizationLoad",
            Self::Object { .. } => "ObjectInvalid",
            Self::Duplicate { .. } => "ObjectDuplicate",
            Self::Transform { .. } => "KustomizationTransform",
        }
    }

    /// The file the mistake is in, as far as it is known.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Yaml { file, .. }
            | Self::Kustomization { file, .. }
            | Self::Unsupported { file, .. }
            | Self::Load { file, .. }
            | Self::Object { file, .. }
            | Self::Transform { file, .. } => Some(file),
            Self::Tree(error) => Some(&error.path),
            Self::Duplicate { .. } => None,
        }
    }

    /// Where in the file, as far as it is known.
    #[must_use]
    pub fn at(&self) -> Option<Place> {
        match self {
            Self::Yaml { source, .. } => Some(source.at),
            Self::Kustomization { at, .. } | Self::Unsupported { at, .. } | Self::Object { at, .. } => Some(*at),
            Self::Load { at, .. } | Self::Transform { at, .. } => *at,
            _ => None,
        }
    }
}

fn colon(at: Option<Place>) -> String {
    at.map(|at| format!(":{at}")).unwrap_or_default()
}

/// Every mistake that was found; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildErrors(pub Vec<BuildError>);

impl std::fmt::Display for BuildErrors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for BuildErrors {}

impl From<BuildError> for BuildErrors {
    fn from(error: BuildError) -> Self {
        Self(vec![error])
    }
}

impl From<TreeError> for BuildErrors {
    fn from(error: TreeError) -> Self {
        Self(vec![error.into()])
    }
}
