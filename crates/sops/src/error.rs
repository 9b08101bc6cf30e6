//! Why a file could not be decrypted. No message holds plaintext, and none a key.

use teal_yaml::ReadError;

/// One reason. The caller knows which file it speaks of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SopsError {
    /// The stanza that SOPS wrote can't be used.
    #[error("its SOPS metadata can't be used: `{field}` {problem}; encrypt the file anew")]
    Metadata {
        /// Which field.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Something that SOPS can do and this can't.
    #[error("{what} can't be decrypted; encrypt it as YAML, JSON, dotenv or binary for an age or Azure Key Vault key")]
    Unsupported {
        /// What it is.
        what: String,
    },
    /// None of the keys at hand opens it.
    #[error("no key at hand opens it; it is encrypted for {}{}", wanted.join(", "), listed(tried))]
    NoKey {
        /// Whom it is encrypted for: recipients and names of keys, all public.
        wanted: Vec<String>,
        /// What went wrong with keys that should have opened it.
        tried: Vec<String>,
    },
    /// A value that does not decrypt where it stands.
    #[error("the value at `{path}` {problem}")]
    Value {
        /// Where in the file.
        path: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A value that the file's own rules want encrypted.
    #[error(
        "the value at `{path}` stands there in the clear although the file's rules want it encrypted; encrypt the file anew"
    )]
    InTheClear {
        /// Where in the file.
        path: String,
    },
    /// The file was changed after it was encrypted.
    #[error("its MAC does not fit: a value was changed, moved or removed by hand; edit it with `sops` and commit that")]
    Mac,
    /// Nothing proves that the file is whole.
    #[error("it has no MAC, so nothing proves that it is whole; encrypt it anew")]
    NoMac,
    /// The text is no YAML.
    #[error("{0}")]
    Yaml(#[from] ReadError),
}

impl SopsError {
    /// The sort of mistake as a word of a closed set, for labels and Events.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Metadata { .. } => "SopsMetadata",
            Self::Unsupported { .. } => "SopsUnsupported",
            Self::NoKey { .. } => "SopsNoKey",
            Self::Value { .. } => "SopsValue",
            Self::InTheClear { .. } => "SopsInTheClear",
            Self::Mac | Self::NoMac => "SopsMac",
            Self::Yaml(error) => error.reason(),
        }
    }

    pub(crate) fn metadata(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Metadata { field: field.into(), problem: problem.into() }
    }

    pub(crate) fn value(path: &[String], problem: &'static str) -> Self {
        Self::Value { path: shown(path), problem }
    }
}

/// `data.token`; the root is `.`.
pub(crate) fn shown(path: &[String]) -> String {
    if path.is_empty() { ".".to_owned() } else { path.join(".") }
}

fn listed(tried: &[String]) -> String {
    if tried.is_empty() { String::new() } else { format!(" ({})", tried.join("; ")) }
}
