//! Errors, in the three shapes that Azure's services use.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::reply::Reply;

/// How a service wraps its own errors. Errors of the resource manager in front of it are always wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorStyle {
    /// `{"error":{"code","message"}}`: what the documentation promises.
    Wrapped,
    /// `{"code","message"}`: Azure DNS.
    Bare,
    /// A JSON string that holds the bare form, for 429 only, else wrapped: Private DNS.
    ThrottleAsString,
}

/// Why a call is refused.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ArmError {
    /// HTTP status.
    pub(crate) status: StatusCode,
    /// Such as `PreconditionFailed`.
    pub(crate) code: String,
    /// A sentence.
    pub(crate) message: String,
    /// What it is about.
    pub(crate) target: Option<String>,
    /// Seconds in `Retry-After`.
    pub(crate) retry_after: Option<u32>,
    /// It comes from the resource manager, not from the service behind it.
    pub(crate) from_front: bool,
}

impl ArmError {
    /// An error of the service: shaped as its type says.
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
            target: None,
            retry_after: None,
            from_front: false,
        }
    }

    /// An error of the resource manager: always wrapped.
    pub(crate) fn front(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { from_front: true, ..Self::new(status, code, message) }
    }

    /// 400 of the service.
    pub(crate) fn bad(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 409 of the service.
    pub(crate) fn conflict(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// 405: the resource does not know this method.
    pub(crate) fn method(method: &http::Method, kind: &str) -> Self {
        let text = format!("The requested resource of type '{kind}' does not support http method '{method}'.");
        Self::front(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", text)
    }

    /// 404 of the resource manager for a resource that is not there.
    pub(crate) fn not_found(id: &super::ResourceId) -> Self {
        let names = id.names().join("/");
        let text = format!(
            "The Resource '{}/{names}' under resource group '{}' was not found. For more details please go to \
             https://aka.ms/ARMResourceNotFoundFix",
            id.kind(),
            id.group().unwrap_or("<null>"),
        );
        Self::front(StatusCode::NOT_FOUND, "ResourceNotFound", text)
    }

    /// 404 of the resource manager for a group that is not there.
    pub(crate) fn group_not_found(group: &str) -> Self {
        let text = format!("Resource group '{group}' could not be found.");
        Self::front(StatusCode::NOT_FOUND, "ResourceGroupNotFound", text)
    }

    /// 404 of the resource manager for a child of what is not there.
    pub(crate) fn parent_not_found(parent: &super::ResourceId) -> Self {
        let text = format!(
            "Can not perform requested operation on nested resource. Parent resource '{}' not found.",
            parent.name(),
        );
        Self::front(StatusCode::NOT_FOUND, "ParentResourceNotFound", text)
    }

    /// With what it is about.
    #[must_use]
    pub(crate) fn about(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }

    /// With seconds to wait.
    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// `{"code","message",…}`, as it also stands in the status of an operation.
    pub(crate) fn bare(&self) -> Value {
        let mut bare = Map::new();
        bare.insert("code".to_owned(), json!(self.code));
        bare.insert("message".to_owned(), json!(self.message));
        if let Some(target) = &self.target {
            bare.insert("target".to_owned(), json!(target));
        }
        Value::Object(bare)
    }

    /// The answer, in a service's shape.
    pub(crate) fn reply(&self, style: ErrorStyle) -> Reply {
        let bare = self.bare();
        let throttled = self.status == StatusCode::TOO_MANY_REQUESTS;
        let body = match style {
            _ if self.from_front => json!({ "error": bare }),
            ErrorStyle::Bare => bare,
            ErrorStyle::ThrottleAsString if throttled => Value::String(bare.to_string()),
            ErrorStyle::Wrapped | ErrorStyle::ThrottleAsString => json!({ "error": bare }),
        };
        let reply = Reply::json(self.status, body).with("x-ms-error-code", self.code.clone());
        match self.retry_after {
            Some(seconds) => reply.with("retry-after", seconds.to_string()),
            None => reply,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use serde_json::json;

    use super::{ArmError, ErrorStyle};
    use crate::arm::Body;

    #[test]
    fn each_service_has_its_shape() {
        let busy = ArmError::new(StatusCode::TOO_MANY_REQUESTS, "Throttled", "Slow down.").retry_after(10);
        let bare = json!({"code": "Throttled", "message": "Slow down."});
        assert_eq!(busy.reply(ErrorStyle::Bare).body, Body::Json(bare.clone()));
        assert_eq!(busy.reply(ErrorStyle::Wrapped).body, Body::Json(json!({"error": bare})));
        assert_eq!(busy.reply(ErrorStyle::ThrottleAsString).body, Body::Json(json!(bare.to_string())));
        assert!(busy.reply(ErrorStyle::Bare).headers.contains(&("retry-after", "10".to_owned())));
        let front = ArmError::front(StatusCode::NOT_FOUND, "ResourceNotFound", "x");
        assert_eq!(front.reply(ErrorStyle::Bare).body, front.reply(ErrorStyle::Wrapped).body);
    }
}
