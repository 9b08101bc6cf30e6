//! Reading conditions and fields of live objects.

use serde_json::Value;

use super::{Health, Why};

/// One entry of `status.conditions`.
pub(super) struct Condition<'a>(&'a Value);

impl Condition<'_> {
    pub(super) fn is(&self, status: &str) -> bool {
        self.text("status") == status
    }

    pub(super) fn reason(&self) -> &str {
        self.text("reason")
    }

    pub(super) fn in_progress(&self) -> Health {
        Health::InProgress(self.why())
    }

    pub(super) fn failed(&self) -> Health {
        Health::Failed(self.why())
    }

    fn why(&self) -> Why {
        let reason = match self.reason() {
            "" => self.text("type"),
            reason => reason,
        };
        let message = match self.text("message") {
            "" => format!("condition {} is {}", self.text("type"), self.text("status")),
            message => message.to_owned(),
        };
        Why { reason: reason.to_owned().into(), message }
    }

    fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }
}

pub(super) fn condition<'a>(object: &'a Value, name: &str) -> Option<Condition<'a>> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    conditions.iter().find(|found| found.get("type").and_then(Value::as_str) == Some(name)).map(Condition)
}

/// A field that is there and not null.
pub(super) fn field<'a>(object: &'a Value, pointer: &str) -> Option<&'a Value> {
    object.pointer(pointer).filter(|value| !value.is_null())
}

pub(super) fn number(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer)?.as_i64()
}

pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer)?.as_str()
}
