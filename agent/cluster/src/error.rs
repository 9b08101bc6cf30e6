//! What the API server may answer, as a closed set. Built from the `Status` document, never from text alone where the
//! document says more; nothing of a Secret's content is kept (G9).

use http::Response;
use kube::client::Body;
use serde_json::Value;
use teal_agent_core::conflict::{Conflict, Immutable, causes_without_values, conflicts, immutables};

/// Why a request to the API server did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// Another manager owns fields that git declares.
    #[error("{}; git declares {}, so that writer must let go of it, or git must", joined(.0), plural(.0.len(), "this field", "these fields"))]
    Conflict(Vec<Conflict>),
    /// A field can't be changed once the object exists.
    #[error("{}; delete the object for this change and Teal makes it anew, or take the change back", joined(.0))]
    Immutable(Vec<Immutable>),
    /// The object breaks its schema or its validation.
    #[error("{message}")]
    Invalid {
        /// Field and reason of each complaint, without values.
        message: String,
    },
    /// The server understood and will not.
    #[error("refused: {message}")]
    Forbidden {
        /// The server's words.
        message: String,
    },
    /// Credentials were not accepted.
    #[error("the API server does not accept the agent's credentials: {message}")]
    Unauthorized {
        /// The server's words.
        message: String,
    },
    /// The kind is not served (any more).
    #[error("the kind is not served here")]
    UnknownKind,
    /// The object's namespace does not exist.
    #[error("namespace {namespace} does not exist; declare it in the fleet, in this layer or an earlier one")]
    NoNamespace {
        /// Its name.
        namespace: String,
    },
    /// The object's namespace is being deleted; it is waited for.
    #[error("namespace {namespace} is being deleted; waiting until it is gone")]
    NamespaceTerminating {
        /// Its name.
        namespace: String,
    },
    /// There is no such object.
    #[error("not found")]
    NotFound,
    /// A precondition did not hold: somebody was faster.
    #[error("changed by another writer in between; it is read again")]
    Raced,
    /// An admission webhook could not be asked.
    #[error("{message}")]
    Webhook {
        /// The server's words, which name the webhook.
        message: String,
    },
    /// The server does not know server-side apply for this kind.
    #[error("this kind is served by an API server without server-side apply")]
    NoServerSideApply,
    /// The request is larger than the server accepts.
    #[error("larger than the API server accepts: {message}")]
    TooLarge {
        /// The server's words.
        message: String,
    },
    /// The server asks for patience.
    #[error("the API server asks to wait")]
    TooManyRequests {
        /// Seconds it asked for.
        retry_after: u32,
    },
    /// No answer.
    #[error("the API server does not answer: {message}")]
    Unreachable {
        /// What went wrong on the way.
        message: String,
    },
    /// An answer nobody could read.
    #[error("unreadable answer: {message}")]
    Unreadable {
        /// What could not be read.
        message: String,
    },
    /// The server failed.
    #[error("the API server failed with {code}: {message}")]
    Server {
        /// HTTP status.
        code: u16,
        /// The server's words.
        message: String,
    },
}

impl ApiError {
    /// Closed set: metric label, Event reason and problem reason alike.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Conflict(_) => "Conflict",
            Self::Immutable(_) => "Immutable",
            Self::Invalid { .. } => "Invalid",
            Self::Forbidden { .. } => "Forbidden",
            Self::Unauthorized { .. } => "Unauthorized",
            Self::UnknownKind => "UnknownKind",
            Self::NoNamespace { .. } => "NoNamespace",
            Self::NamespaceTerminating { .. } => "NamespaceTerminating",
            Self::NotFound => "NotFound",
            Self::Raced => "Raced",
            Self::Webhook { .. } => "WebhookFailed",
            Self::NoServerSideApply => "NoServerSideApply",
            Self::TooLarge { .. } => "TooLarge",
            Self::TooManyRequests { .. } => "TooManyRequests",
            Self::Unreachable { .. } => "Unreachable",
            Self::Unreadable { .. } => "Unreadable",
            Self::Server { .. } => "ServerError",
        }
    }

    /// Whether the same request may succeed later without anyone changing git.
    #[must_use]
    pub fn passes_by_itself(&self) -> bool {
        !matches!(self, Self::Immutable(_) | Self::Invalid { .. } | Self::TooLarge { .. } | Self::NoServerSideApply)
    }

    /// From an answer that is no success. `secret` keeps the server's words out: they may quote the object.
    pub(crate) fn from_answer(code: u16, body: &[u8], retry_after: u32, secret: bool) -> Self {
        let status = serde_json::from_slice(body).unwrap_or_else(|_| {
            let text: String = String::from_utf8_lossy(body).chars().take(300).collect();
            serde_json::json!({"message": text})
        });
        Answer(status).classify(code, retry_after, secret)
    }

    /// From a request that got no answer.
    pub(crate) fn from_transport(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::from_status(&status),
            other => Self::Unreachable { message: chain(&other) },
        }
    }

    /// From kube's typed calls.
    pub(crate) fn from_status(status: &kube::core::Status) -> Self {
        let body = serde_json::to_value(status).unwrap_or_default();
        Answer(body).classify(status.code, 1, false)
    }
}

impl From<kube::Error> for ApiError {
    fn from(error: kube::Error) -> Self {
        Self::from_transport(error)
    }
}

/// `Retry-After` in seconds; 1 when it is missing.
pub(crate) fn retry_after(response: &Response<Body>) -> u32 {
    let header = response.headers().get(http::header::RETRY_AFTER);
    header.and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// A `Status` document.
struct Answer(Value);

impl Answer {
    fn classify(&self, code: u16, retry_after: u32, secret: bool) -> ApiError {
        let words = self.text("/message");
        let message = match causes_without_values(&self.0) {
            // Even a cause may be nothing but the value.
            _ if secret => self.fields_and_reasons(),
            // Causes come without values; the message as a whole may quote the object.
            Some(causes) => causes,
            None => words.to_owned(),
        };
        let conflicts = conflicts(&self.0);
        match code {
            _ if self.is_terminating() => ApiError::NamespaceTerminating { namespace: self.namespace_in_message() },
            409 if !conflicts.is_empty() => ApiError::Conflict(conflicts),
            409 => ApiError::Raced,
            401 => ApiError::Unauthorized { message },
            // What an admission policy says is for the reader; no value of the object is in it.
            403 => ApiError::Forbidden { message: if secret { message } else { words.to_owned() } },
            404 if self.text("/details/kind") == "namespaces" => {
                ApiError::NoNamespace { namespace: self.text("/details/name").to_owned() }
            }
            404 if self.text("/details/name").is_empty() => ApiError::UnknownKind,
            404 => ApiError::NotFound,
            413 => ApiError::TooLarge { message },
            415 => ApiError::NoServerSideApply,
            422 => match immutables(&self.0) {
                fields if !fields.is_empty() => ApiError::Immutable(fields),
                _ => ApiError::Invalid { message },
            },
            400 => ApiError::Invalid { message },
            429 => {
                let asked = self.0.pointer("/details/retryAfterSeconds").and_then(Value::as_u64).unwrap_or(0);
                ApiError::TooManyRequests { retry_after: u32::try_from(asked).unwrap_or(1).max(retry_after) }
            }
            // Built-in kinds answer unknown fields of an apply with 500 and the schema's words.
            500 if words.contains("field not declared in schema") => ApiError::Invalid { message },
            500 if words.contains("failed calling webhook") => ApiError::Webhook { message },
            code => ApiError::Server { code, message },
        }
    }

    /// What may be said about a Secret: which fields, and the server's closed words for what is wrong with them.
    fn fields_and_reasons(&self) -> String {
        let causes = self.0.pointer("/details/causes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let text = |cause: &Value, key: &str| cause[key].as_str().unwrap_or_default().to_owned();
        let lines: Vec<_> =
            causes.iter().map(|cause| format!("{}: {}", text(cause, "field"), text(cause, "reason"))).collect();
        let shown = if lines.is_empty() { self.text("/reason").to_owned() } else { lines.join("; ") };
        format!("{shown} (the server's words are not shown, because they may quote the Secret)")
    }

    fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    fn is_terminating(&self) -> bool {
        let causes = self.0.pointer("/details/causes").and_then(Value::as_array);
        causes.is_some_and(|causes| causes.iter().any(|cause| cause["reason"] == "NamespaceTerminating"))
    }

    /// `unable to create new content in namespace shop because it is being terminated`.
    fn namespace_in_message(&self) -> String {
        let after = self.text("/message").split("namespace ").nth(1).unwrap_or_default();
        after.split_whitespace().next().unwrap_or_default().to_owned()
    }
}

fn plural<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

fn joined(list: &[impl std::fmt::Display]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The whole chain of causes on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(code: u16, body: &serde_json::Value, secret: bool) -> ApiError {
        ApiError::from_answer(code, body.to_string().as_bytes(), 1, secret)
    }

    #[test]
    fn a_conflict_names_field_and_owner() {
        let body = json!({"reason": "Conflict", "message": "Apply failed with 1 conflict", "details": {"causes": [
            {"reason": "FieldManagerConflict", "message": "conflict with \"kubectl-edit\" using apps/v1", "field": ".spec.replicas"}]}});
        let error = answer(409, &body, false);
        assert_eq!(error.reason(), "Conflict");
        assert!(error.to_string().contains(".spec.replicas is owned by kubectl-edit"), "{error}");
    }

    #[test]
    fn each_answer_has_its_reason() {
        let causes = |message: &str| json!({"message": message, "details": {"name": "x", "kind": "y", "causes": [{"field": "spec.f", "message": message}]}});
        for (code, body, want) in [
            (422, causes("field is immutable"), "Immutable"),
            (422, causes("updates to statefulset spec for fields other than x are forbidden"), "Immutable"),
            (422, causes("Required value"), "Invalid"),
            (409, json!({"reason": "Conflict"}), "Raced"),
            (404, json!({"details": {"name": "shop", "kind": "namespaces"}}), "NoNamespace"),
            (404, json!({"details": {"name": "web", "kind": "deployments"}}), "NotFound"),
            (404, json!({"details": {}}), "UnknownKind"),
            (500, json!({"message": ".spec.foo: field not declared in schema"}), "Invalid"),
            (500, json!({"message": "failed calling webhook \"x.example\""}), "WebhookFailed"),
            (
                403,
                json!({"message": "unable to create new content in namespace shop because it is being terminated",
                         "details": {"causes": [{"reason": "NamespaceTerminating"}]}}),
                "NamespaceTerminating",
            ),
            (429, json!({}), "TooManyRequests"),
            (502, json!({}), "ServerError"),
        ] {
            assert_eq!(answer(code, &body, false).reason(), want, "{code} {body}");
        }
    }

    #[test]
    fn g9_a_secret_is_never_quoted() {
        let leak = json!({"message": "cannot unmarshal hunter2", "details": {"name": "x", "causes": [
            {"reason": "FieldValueInvalid", "message": "Invalid value: hunter2", "field": "data.password"}]}});
        for code in [400, 403, 413, 422, 500] {
            let error = answer(code, &leak, true);
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{code}: {error:?}");
        }
    }
}
