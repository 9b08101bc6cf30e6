//! `If-Match` and `If-None-Match`.

use http::StatusCode;

use super::{ArmError, Call};

/// A condition that a write depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// None: the last writer wins.
    None,
    /// `If-None-Match: *`: it must not exist.
    Absent,
    /// `If-Match: *`: it must exist.
    Present,
    /// `If-Match: <etag>`: it must be as it was.
    Exactly(String),
}

impl Condition {
    /// Reads a call's headers. Quotes and the weak mark of an etag don't count.
    pub(crate) fn of(call: &Call) -> Self {
        let plain = |text: &str| text.trim().trim_start_matches("W/").trim_matches('"').to_owned();
        match (call.header("if-match").map(plain), call.header("if-none-match").map(plain)) {
            (Some(any), _) if any == "*" => Self::Present,
            (Some(etag), _) if !etag.is_empty() => Self::Exactly(etag),
            (_, Some(none)) if none == "*" => Self::Absent,
            _ => Self::None,
        }
    }

    /// Does it hold? `etag` is that of what exists.
    pub(crate) fn holds(&self, etag: Option<&str>) -> bool {
        match self {
            Self::None => true,
            Self::Absent => etag.is_none(),
            Self::Present => etag.is_some(),
            Self::Exactly(wanted) => etag.is_some_and(|etag| etag.trim_matches('"') == wanted),
        }
    }

    /// 412 unless it holds, in the words of a service without words of its own.
    ///
    /// # Errors
    /// `PreconditionFailed`.
    pub(crate) fn check(&self, etag: Option<&str>) -> Result<(), ArmError> {
        if self.holds(etag) {
            return Ok(());
        }
        let text = match self {
            Self::Absent => "The resource exists already and hence cannot be created again.",
            Self::Present => "The resource does not exist, and the condition asks that it does.",
            _ => "The condition given in the request header(s) was not met: the resource has another etag.",
        };
        Err(ArmError::new(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", text))
    }
}
