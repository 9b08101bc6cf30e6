//! What follows from an error: whether anything was sent, and when trying again makes sense.

use std::time::Duration;

use teal_azure::AzureError;

use super::TargetError;

/// When trying again makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Read again and decide again, at once.
    AfterRead,
    /// With back-off.
    Later,
    /// Only a person or a commit can change the outcome.
    WhenConfigChanges,
}

impl TargetError {
    /// Closed set: metric label, Event reason and log field alike.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::KeyRefused { .. } => "KeyRefused",
            Self::ClockSkew { .. } => "ClockSkew",
            Self::Raced { .. } => "Raced",
            Self::Foreign { .. } => "ForeignWrite",
            Self::Unknown { .. } => "OutcomeUnknown",
            Self::Refused { .. } => "Refused",
            Self::NotAuth { .. } => "NotAuthoritative",
            Self::NotZone { .. } => "NotZone",
            Self::Unreachable { .. } => "Unreachable",
            Self::Timeout { .. } => "Timeout",
            Self::ServFail { .. } => "ServFail",
            Self::Truncated { .. } => "Truncated",
            Self::TooLarge { .. } => "TooLarge",
            Self::WrongType { .. } => "WrongType",
            Self::NoAddress { .. } => "NoAddress",
            Self::Rejected { .. } => "Rejected",
            Self::Untrusted { .. } => "Untrusted",
            Self::Encoding { .. } => "Encoding",
            // Traffic that someone else moved, wherever it is seen.
            Self::Strange { .. } => "ForeignWrite",
            Self::Owned { .. } => "Owned",
            Self::Unfit { .. } => "Unfit",
            Self::Busy { .. } => "Busy",
            Self::Failed { .. } => "OperationFailed",
            Self::Azure { error, .. } => error.reason(),
        }
    }

    /// Does whoever asks lack a role, or a key a grant?
    pub fn denied(&self) -> bool {
        match self {
            Self::Refused { .. } => true,
            Self::Azure { error, .. } => matches!(**error, AzureError::Denied { .. }),
            _ => false,
        }
    }

    /// As its text, without what is another in each answer: for places where the same refusal must read the same.
    #[must_use]
    pub fn steady(&self) -> String {
        match self {
            Self::Azure { target, error } => format!("{target}: {}", error.steady()),
            error => error.to_string(),
        }
    }

    /// When trying again makes sense.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Raced { .. } | Self::Unknown { .. } => Retry::AfterRead,
            Self::Unreachable { .. }
            | Self::Timeout { .. }
            | Self::ServFail { .. }
            | Self::Truncated { .. }
            | Self::ClockSkew { .. }
            | Self::Busy { .. }
            | Self::Untrusted { .. } => Retry::Later,
            Self::Azure { error, .. } if error.outcome_unknown() => Retry::AfterRead,
            Self::Azure { error, .. } => match **error {
                AzureError::Changed { .. } => Retry::AfterRead,
                AzureError::Odd { .. } | AzureError::Cancelled { .. } => Retry::Later,
                _ if error.transient() => Retry::Later,
                _ => Retry::WhenConfigChanges,
            },
            _ => Retry::WhenConfigChanges,
        }
    }

    /// Was something sent whose effect is not known?
    pub fn outcome_unknown(&self) -> bool {
        match self {
            Self::Unknown { .. } => true,
            Self::Azure { error, .. } => error.outcome_unknown(),
            _ => false,
        }
    }

    /// When to come back, as the provider says.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { after, .. } => *after,
            Self::Azure { error, .. } => error.retry_after(),
            _ => None,
        }
    }

    pub(crate) fn azure(target: &str, error: AzureError) -> Self {
        match error {
            AzureError::Busy { retry_after, said, .. } => {
                Self::Busy { target: target.to_owned(), why: said.to_string(), after: retry_after }
            }
            error => Self::Azure { target: target.to_owned(), error: Box::new(error) },
        }
    }
}
