//! Which values of a file are encrypted, by the names on the way to them.

use regex::Regex;
use serde_json::{Map, Value};

use crate::SopsError;
use crate::metadata::text;

/// What SOPS leaves in the clear when nobody said otherwise.
const DEFAULT_SUFFIX: &str = "_unencrypted";
/// Fields of the stanza that are a rule; a file has at most one.
const RULES: [&str; 6] = [
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
];

/// The rule of one file.
pub(crate) enum Rule {
    UnencryptedSuffix(String),
    EncryptedSuffix(String),
    UnencryptedRegex(Regex),
    EncryptedRegex(Regex),
    /// A comment before the value decides. What is encrypted shows that by its form, and neither the form nor the place
    /// can be forged without the key; so comments need not be understood.
    ByComment,
}

impl Rule {
    pub(crate) fn read(stanza: &Map<String, Value>) -> Result<Self, SopsError> {
        let given: Vec<(&str, String)> = RULES.iter().map(|name| (*name, text(stanza, name))).collect();
        let mut given = given.into_iter().filter(|(_, value)| !value.is_empty());
        let (first, second) = (given.next(), given.next());
        if let (Some((first, _)), Some((second, _))) = (&first, second) {
            return Err(SopsError::metadata(
                *first,
                format!("and `{second}` stand beside each other; one rule a file"),
            ));
        }
        let regex = |field: &str, text: &str| {
            Regex::new(text).map_err(|_| SopsError::metadata(field, "is no regular expression"))
        };
        Ok(match first {
            None => Self::UnencryptedSuffix(DEFAULT_SUFFIX.to_owned()),
            Some(("unencrypted_suffix", suffix)) => Self::UnencryptedSuffix(suffix),
            Some(("encrypted_suffix", suffix)) => Self::EncryptedSuffix(suffix),
            Some((field @ "unencrypted_regex", text)) => Self::UnencryptedRegex(regex(field, &text)?),
            Some((field @ "encrypted_regex", text)) => Self::EncryptedRegex(regex(field, &text)?),
            Some(_) => Self::ByComment,
        })
    }

    /// Whether the value at `path` is encrypted; `None` when only its form tells.
    pub(crate) fn encrypts(&self, path: &[String]) -> Option<bool> {
        Some(match self {
            Self::UnencryptedSuffix(suffix) => !path.iter().any(|name| name.ends_with(suffix)),
            Self::EncryptedSuffix(suffix) => path.iter().any(|name| name.ends_with(suffix)),
            Self::UnencryptedRegex(regex) => !path.iter().any(|name| regex.is_match(name)),
            Self::EncryptedRegex(regex) => path.iter().any(|name| regex.is_match(name)),
            Self::ByComment => return None,
        })
    }
}
