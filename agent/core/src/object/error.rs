use super::{MAX_OBJECT_BYTES, Origin};

/// Why an object of the fleet can't be used. Never shows values: it may be a Secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// The document is a list or a scalar.
    #[error(
        "{origin}: expected a Kubernetes object, found {found}; every document needs apiVersion, kind and metadata.name"
    )]
    NotAnObject {
        /// Where.
        origin: Origin,
        /// What stands there instead.
        found: &'static str,
    },
    /// Fields every object needs are absent, empty or no strings.
    #[error("{origin}: {what} has no {fields}; add it (each must be a non-empty string)")]
    Missing {
        /// Where.
        origin: Origin,
        /// As much of the identity as is known.
        what: String,
        /// The missing fields, comma-separated.
        fields: String,
    },
    /// A field has the wrong shape.
    #[error("{origin}: {what}: {field} {problem}")]
    Invalid {
        /// Where.
        origin: Origin,
        /// The object.
        what: String,
        /// Path of the field.
        field: String,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// `metadata.generateName` names a new object at each apply.
    #[error(
        "{origin}: {what} uses metadata.generateName, which would make a new object at each apply; give it a metadata.name"
    )]
    GenerateName {
        /// Where.
        origin: Origin,
        /// The kind.
        what: String,
    },
    /// Two items of a list that the API server merges by key have the same key.
    #[error(
        "{origin}: {what}: {list} holds {key} more than once; the API server merges this list by that key, keep one"
    )]
    DuplicateKey {
        /// Where.
        origin: Origin,
        /// The object.
        what: String,
        /// Path of the list, such as `spec.template.spec.containers[0].env`.
        list: String,
        /// The key, such as `name=PORT`.
        key: String,
    },
    /// More than [`MAX_OBJECT_BYTES`].
    #[error("{origin}: {what} has {bytes} bytes as JSON; the API server stores at most {MAX_OBJECT_BYTES}, split it")]
    TooLarge {
        /// Where.
        origin: Origin,
        /// The object.
        what: String,
        /// Its size.
        bytes: usize,
    },
}

impl ObjectError {
    /// Closed set: metric label, Event reason and log field alike.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotAnObject { .. } => "NotAnObject",
            Self::Missing { .. } => "MissingField",
            Self::Invalid { .. } => "InvalidField",
            Self::GenerateName { .. } => "GenerateName",
            Self::DuplicateKey { .. } => "DuplicateKey",
            Self::TooLarge { .. } => "TooLarge",
        }
    }

    /// Where the object was declared.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        match self {
            Self::NotAnObject { origin, .. }
            | Self::Missing { origin, .. }
            | Self::Invalid { origin, .. }
            | Self::GenerateName { origin, .. }
            | Self::DuplicateKey { origin, .. }
            | Self::TooLarge { origin, .. } => origin,
        }
    }
}
