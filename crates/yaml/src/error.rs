//! What can be wrong with a YAML text, said with its place.

use crate::Place;
use granit_parser::{ErrorKind, ScanError};

/// A text that is no YAML, or YAML that Kubernetes could not take. Never quotes values, so it is safe for Secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {}, column {}: {message}", at.line, at.column)]
pub struct ReadError {
    /// Where the mistake is.
    pub at: Place,
    /// Which sort of mistake.
    pub reason: Reason,
    /// What is wrong and what to do, without the place.
    pub message: String,
}

/// The closed set of sorts of mistakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The text does not parse.
    Syntax,
    /// The bytes are not UTF-8.
    Encoding,
    /// A key stands twice in one mapping.
    DuplicateKey,
    /// A key is a list, a mapping or nothing.
    BadKey,
    /// A scalar does not fit its tag, or is a number JSON has not.
    BadScalar,
    /// An alias that refers to itself, or a merge of something that is no mapping.
    BadAlias,
    /// Over one of the budgets.
    TooLarge,
}

impl Reason {
    /// The word for labels and Events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "YamlSyntax",
            Self::Encoding => "YamlEncoding",
            Self::DuplicateKey => "YamlDuplicateKey",
            Self::BadKey => "YamlBadKey",
            Self::BadScalar => "YamlBadScalar",
            Self::BadAlias => "YamlBadAlias",
            Self::TooLarge => "YamlTooLarge",
        }
    }
}

impl ReadError {
    /// Makes one.
    pub(crate) fn new(at: Place, reason: Reason, message: impl Into<String>) -> Self {
        Self { at, reason, message: message.into() }
    }

    /// Returns the reason as a word of a closed set.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.reason.as_str()
    }

    /// Puts a parser error into words that say what to do.
    pub(crate) fn from_scan(error: &ScanError) -> Self {
        let at = Place::of(error.marker());
        let message = match error.kind() {
            ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation => {
                "a tab is used to indent; YAML wants spaces".to_owned()
            }
            ErrorKind::UnknownAnchor => "this alias has no anchor before it in the document".to_owned(),
            ErrorKind::UnclosedFlowCollection { open } => format!("this `{open}` is never closed"),
            ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent => {
                "a quote opened before here is not closed (lines of a quoted text must be indented)".to_owned()
            }
            ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
                "something stands behind a closing quote; quote the whole text".to_owned()
            }
            ErrorKind::UnexpectedCharacter { character: '@' | '`' | '%' } => {
                "a text can't begin with this character; quote it".to_owned()
            }
            ErrorKind::ExpectedBlockSequenceEntry => {
                "a list ends here without being closed by its indentation; expected `- `, or another indentation"
                    .to_owned()
            }
            ErrorKind::ExpectedBlockMappingKey => {
                "expected a key of the mapping before; is this line indented as its neighbours are?".to_owned()
            }
            ErrorKind::MisplacedFlowCollectionEnd => "this bracket closes nothing".to_owned(),
            ErrorKind::BomInsideDocument => "a byte-order mark stands inside a document; delete it".to_owned(),
            _ => match error.info().as_str() {
                info if info.starts_with("mapping values are not allowed") => {
                    "a `: ` where no key can be; quote the text, or check the indentation".to_owned()
                }
                info => info.to_owned(),
            },
        };
        let reason = match error.kind() {
            ErrorKind::RecursionLimitExceeded => Reason::TooLarge,
            _ => Reason::Syntax,
        };
        Self::new(at, reason, message)
    }
}
