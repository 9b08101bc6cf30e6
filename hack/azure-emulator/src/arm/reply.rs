//! An answer before it becomes bytes.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

/// What an answer carries.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    /// Nothing.
    Empty,
    /// JSON.
    Json(Value),
    /// Something else, with its content type.
    Other(&'static str, Vec<u8>),
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: StatusCode,
    /// Headers beyond those that every answer has.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body.
    pub(crate) body: Body,
    /// How long the server holds it back, in real time.
    pub(crate) delay: Duration,
    /// The connection ends instead of answering.
    pub(crate) hangup: bool,
}

impl Reply {
    /// An answer with a JSON body.
    pub(crate) fn json(status: StatusCode, body: Value) -> Self {
        Self { body: Body::Json(body), ..Self::empty(status) }
    }

    /// 200 with a JSON body.
    pub(crate) fn ok(body: Value) -> Self {
        Self::json(StatusCode::OK, body)
    }

    /// An answer without a body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Body::Empty, delay: Duration::ZERO, hangup: false }
    }

    /// 201 for what is new, 200 for what was there.
    pub(crate) fn put(created: bool, body: Value) -> Self {
        Self::json(if created { StatusCode::CREATED } else { StatusCode::OK }, body)
    }

    /// With one more header.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}
