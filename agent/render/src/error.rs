//! Why a unit, or a file of it, could not be rendered.

use teal_api::Mistake;
use teal_kustomize::{BuildError, TreeError};

/// One thing that is wrong. Messages name files, places and kinds, never content of Secrets (G9).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The unit's directory is not there.
    #[error("{}: there is no such directory in the fleet", shown(path))]
    Missing {
        /// Path of the unit.
        path: String,
    },
    /// The directory holds nothing to apply.
    #[error("{}: no manifests in it; put YAML or a kustomization.yaml there, or remove the directory", shown(path))]
    Empty {
        /// Path of the unit.
        path: String,
    },
    /// A chart that could not be rendered.
    #[error("{file}: {message}")]
    Helm {
        /// The file that declares it.
        file: String,
        /// One of [`ChartError`](crate::helm::ChartError)'s reasons, `ChartInvalid` or `ChartValues`.
        reason: &'static str,
        /// What is wrong and what to do.
        message: String,
    },
    /// A kustomization or a chart where none is rendered.
    #[error("{inner}: {what} inside {}, which is a unit {whole}; {}", shown(outer), what.remedy())]
    Nested {
        /// The unit.
        outer: String,
        /// The file.
        inner: String,
        /// What the file is.
        what: Inner,
        /// What the unit is: `of plain manifests` …
        whole: &'static str,
    },
    /// A manifest in a chart's folder that neither the chart nor its values are made of.
    #[error(
        "{place}: {what} lies beside {by}, and nothing but that chart is applied from there; move it into a unit of its own or into the chart's templates, or leave it out by .tealignore"
    )]
    Beside {
        /// File and line.
        place: String,
        /// Kind and name.
        what: String,
        /// The file that makes the folder a chart's.
        by: String,
    },
    /// A file could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A symbolic link.
    #[error("{path}: is a symbolic link; links are never followed, put the file itself there")]
    Link {
        /// Where.
        path: String,
    },
    /// The tree could not be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// Folders within folders without end.
    #[error("{path}: nested deeper than {most} folders; move it further up")]
    TooDeep {
        /// The folder.
        path: String,
        /// How deep may be.
        most: usize,
    },
    /// A line of `.tealignore` that means something else in git.
    #[error("{file}:{line}: {problem}")]
    Ignore {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong and what to do.
        problem: &'static str,
    },
    /// A mistake in `unit.yaml`.
    #[error("{0}")]
    Settings(Mistake),
    /// A variable that is declared, without a value or a default here.
    #[error(
        "{place}: `${{{name}}}` has no value for color `{color}`; set it under `colors.{color}.substitute` or `substitute` in teal.yaml, or write a default: `${{{name}:=…}}`"
    )]
    Unset {
        /// File, line, column and field of the first text that uses it.
        place: String,
        /// The variable.
        name: String,
        /// The color of this cluster.
        color: String,
    },
    /// Strict mode: a variable that nobody declares.
    #[error(
        "{place}: `${{{name}}}` is declared nowhere, and teal.yaml is strict; declare it under `substitute`, or let the object opt out with the annotation teal.dev/substitute: disabled"
    )]
    Undeclared {
        /// File, line, column and field of the first text that uses it.
        place: String,
        /// The variable.
        name: String,
    },
    /// A variable with something behind its name that has no meaning here.
    #[error(
        "{place}: `${{{name}` is followed by something else than `}}`, `:=` or `:-`, which Teal does not do; make a variable of the outcome, or write `$${{{name}` for the text itself"
    )]
    Odd {
        /// Where it stands; the first one.
        place: String,
        /// The variable.
        name: String,
    },
    /// Two keys that variables make one.
    #[error("{place}: with its variables replaced, this key is there twice; write another one")]
    Clash {
        /// Where one of them stands.
        place: String,
    },
    /// A variable that may come from an object that is not there.
    #[error(
        "{place}: `${{{name}}}` may come from {sources}, which substituteFrom in teal.yaml names and which is not there; create it, or mark it optional"
    )]
    SourceMissing {
        /// File, line, column and field of the first text that uses it.
        place: String,
        /// The variable.
        name: String,
        /// The sources, comma-separated.
        sources: String,
    },
    /// An object with something in it that is still encrypted.
    #[error(
        "{place}: {what}: `{field}` is still encrypted with SOPS; encrypt the whole file with `sops` and change it by nothing else, so that it can be decrypted"
    )]
    Sealed {
        /// Where the object was declared.
        place: String,
        /// Kind and name.
        what: String,
        /// The field.
        field: String,
    },
    /// An object whose identity would be secret.
    #[error(
        "{place}: {what}: {field} is made of a value of a Secret or of an encrypted file, and names and keys are shown everywhere; give it by a value in the clear"
    )]
    SecretIdentity {
        /// Where the object was declared.
        place: String,
        /// Kind and name as declared, as far as they may be shown.
        what: String,
        /// The field.
        field: &'static str,
    },
    /// An object that would be another one on the other cluster.
    #[error(
        "{place}: {what}: {field} differs by color or role, so that the two clusters would hold different objects; use no color's variable there, and no patch that changes it"
    )]
    Identity {
        /// Where the object was declared.
        place: String,
        /// Kind and name as declared.
        what: String,
        /// The fields that differ, comma-separated.
        field: String,
    },
    /// A patch in `teal.yaml` that can't be read or does not fit.
    #[error("teal.yaml: {whose}: {message}")]
    Difference {
        /// Such as `colors.green.patches[0]`.
        whose: String,
        /// What is wrong.
        message: String,
    },
}

impl RenderError {
    /// The same without what may be an object's content or name; `hide` takes out what nobody may see.
    pub(crate) fn concealed(mut self, hide: &dyn Fn(&str) -> String) -> Self {
        match &mut self {
            Self::Helm { message, .. } | Self::Difference { message, .. } => *message = hide(message),
            Self::Sealed { what, field, .. } | Self::Identity { what, field, .. } => {
                (*what, *field) = (hide(what), hide(field));
            }
            _ => {}
        }
        self
    }

    /// Closed set of CamelCase words, for labels and Events.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "PathMissing",
            Self::Empty { .. } => "NoManifests",
            Self::Helm { reason, .. } => reason,
            Self::Nested { .. } => "Nested",
            Self::Beside { .. } => "BesideChart",
            Self::Build(error) => error.reason(),
            Self::Link { .. } => "Link",
            Self::Tree(error) => error.reason(),
            Self::TooDeep { .. } => "TooDeep",
            Self::Ignore { .. } => "IgnoreFile",
            Self::Settings(_) => "UnitSettings",
            Self::Unset { .. } => "VariableUnset",
            Self::Undeclared { .. } => "VariableUndeclared",
            Self::Odd { .. } => "VariableUnclear",
            Self::Clash { .. } => "VariableKey",
            Self::SourceMissing { .. } => "SubstituteMissing",
            Self::SecretIdentity { .. } => "SecretIdentity",
            Self::Sealed { .. } => "StillEncrypted",
            Self::Identity { .. } => "IdentityDiffers",
            Self::Difference { .. } => "Difference",
        }
    }
}

/// What may stand inside a unit of another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inner {
    /// A kustomization.
    Kustomization,
    /// `Chart.yaml`, or `helm.yaml` with a declaration in it.
    Chart,
    /// A declaration of a chart in a file of another name.
    Declaration,
}

impl Inner {
    fn remedy(self) -> &'static str {
        match self {
            Self::Kustomization => "name it in teal.yaml or in a kustomization of its own",
            Self::Chart => "name its folder in teal.yaml, and no folder above it",
            Self::Declaration => "it counts as `helm.yaml` of a folder of its own, which teal.yaml names",
        }
    }
}

impl std::fmt::Display for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Kustomization => "a kustomization",
            Self::Chart => "a chart",
            Self::Declaration => "the declaration of a chart (kind Helm)",
        })
    }
}

/// The root of a fleet has an empty path.
fn shown(path: &str) -> &str {
    if path.is_empty() { "the fleet's root" } else { path }
}
