//! Checks of request bodies: every mistake of a body is collected, so that one answer names them all.

use serde_json::Value;

/// One thing that is wrong with a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The code of the ARM error (`BadRequest`, `InvalidParameter`, …).
    pub(crate) code: &'static str,
    /// Where in the body, as a JSON pointer.
    pub(crate) target: String,
    /// What is wrong and what is allowed.
    pub(crate) message: String,
}

/// All that is wrong with a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Problems(pub(crate) Vec<Problem>);

impl Problems {
    /// Adds a `BadRequest`.
    pub(crate) fn bad(&mut self, target: impl Into<String>, message: impl Into<String>) {
        self.add("BadRequest", target, message);
    }

    /// Adds a problem with a code of its own.
    pub(crate) fn add(&mut self, code: &'static str, target: impl Into<String>, message: impl Into<String>) {
        self.0.push(Problem { code, target: target.into(), message: message.into() });
    }

    /// `Err` with what was found, if anything was.
    ///
    /// # Errors
    /// The problems themselves.
    pub(crate) fn done(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }

    /// Whether a message contains `part`: for tables of tests.
    #[cfg(test)]
    pub(crate) fn mention(&self, part: &str) -> bool {
        self.0.iter().any(|problem| problem.message.contains(part))
    }

    /// The value at `pointer` is absent, null, or a whole number within the bounds (inclusive).
    pub(crate) fn int_in(&mut self, body: &Value, pointer: &str, low: i64, high: i64) {
        match body.pointer(pointer) {
            None | Some(Value::Null) => {}
            Some(value) if value.as_i64().is_some_and(|n| (low..=high).contains(&n)) => {}
            Some(value) => self.bad(pointer, format!("{pointer} is {value}; it must be a number from {low} to {high}")),
        }
    }

    /// The value at `pointer` is absent, null, or one of `allowed`, upper and lower case alike.
    pub(crate) fn one_of(&mut self, body: &Value, pointer: &str, allowed: &[&str]) {
        match body.pointer(pointer) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if allowed.iter().any(|a| a.eq_ignore_ascii_case(text)) => {}
            Some(value) => self.bad(pointer, format!("{pointer} is {value}; it must be one of {}", allowed.join(", "))),
        }
    }

    /// There is text at `pointer` that is not empty.
    pub(crate) fn required(&mut self, body: &Value, pointer: &str) {
        if text(body, pointer).is_none_or(str::is_empty) {
            self.bad(pointer, format!("{pointer} is required"));
        }
    }
}

impl From<Problems> for crate::arm::ArmError {
    /// 400 with the first problem's code and target, and the words of all.
    fn from(problems: Problems) -> Self {
        let words: Vec<&str> = problems.0.iter().map(|problem| problem.message.as_str()).collect();
        let first = problems.0.first();
        let error = Self::bad(first.map_or("BadRequest", |problem| problem.code), words.join(" "));
        match first {
            Some(problem) => error.about(problem.target.clone()),
            None => error,
        }
    }
}

/// The text at `pointer`.
#[must_use]
pub(crate) fn text<'a>(body: &'a Value, pointer: &str) -> Option<&'a str> {
    body.pointer(pointer).and_then(Value::as_str)
}

/// The text at `pointer` equals `wanted`, upper and lower case alike.
#[must_use]
pub(crate) fn is(body: &Value, pointer: &str, wanted: &str) -> bool {
    text(body, pointer).is_some_and(|found| found.eq_ignore_ascii_case(wanted))
}

/// The array at `pointer`; an empty slice if there is none.
#[must_use]
pub(crate) fn list<'a>(body: &'a Value, pointer: &str) -> &'a [Value] {
    body.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The unsigned number at `pointer`.
#[must_use]
pub(crate) fn number(body: &Value, pointer: &str) -> Option<u64> {
    body.pointer(pointer).and_then(Value::as_u64)
}

/// Sets `key` of the object `target` unless it has a value that is not null.
pub(crate) fn default(target: &mut Value, key: &str, value: impl Into<Value>) {
    if let Some(map) = target.as_object_mut()
        && map.get(key).is_none_or(Value::is_null)
    {
        map.insert(key.to_owned(), value.into());
    }
}

/// Sets `key` of the object `target`, making an object of it first if it is none.
pub(crate) fn set(target: &mut Value, key: &str, value: impl Into<Value>) {
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    if let Some(map) = target.as_object_mut() {
        map.insert(key.to_owned(), value.into());
    }
}

/// Merges `patch` into `base` as ARM does: objects member by member, everything else replaced, null stays as null.
pub(crate) fn merge(base: &mut Value, patch: &Value) {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (base, patch) => *base = patch.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn merging_keeps_what_is_not_named() {
        let mut base = json!({"a": {"b": 1, "c": [1, 2]}, "d": 4});
        merge(&mut base, &json!({"a": {"c": [3], "e": null}}));
        assert_eq!(base, json!({"a": {"b": 1, "c": [3], "e": null}, "d": 4}));
    }

    #[test]
    fn every_mistake_is_named() {
        let body = json!({"w": 1001, "state": "On"});
        let mut problems = Problems::default();
        problems.int_in(&body, "/w", 1, 1000);
        problems.one_of(&body, "/state", &["Enabled", "Disabled"]);
        problems.required(&body, "/name");
        assert_eq!(problems.0.iter().map(|p| p.target.as_str()).collect::<Vec<_>>(), ["/w", "/state", "/name"]);
        assert!(problems.mention("1 to 1000") && problems.done().is_err());
    }
}
