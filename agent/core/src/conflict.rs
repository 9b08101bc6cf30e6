//! Reads why the API server refused an apply: conflicts by field and owner, immutable fields (SYNC §4).
//!
//! Messages of the API server quote values. They are cut down to what is said of them, so that no value gets out (G9).

use serde_json::Value;

/// A field we declare and somebody else owns with another value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{field} is owned by {manager}")]
pub struct Conflict {
    /// Path of the field, such as `.spec.replicas`.
    pub field: String,
    /// Who owns it.
    pub manager: String,
}

/// A field that can't be changed on a live object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{field}: {message}")]
pub struct Immutable {
    /// Path of the field, such as `spec.selector`.
    pub field: String,
    /// The API server's reason, without the value.
    pub message: String,
}

/// How the API server says that a field can't be changed. Its kinds do not agree on one sentence.
const IMMUTABLE_PHRASES: &[&str] = &[
    "immutable",
    "are forbidden",
    "may not change once set",
    "cannot change",
    "can not be changed",
    "cannot be changed",
    "may not be changed",
];

/// The conflicts of a 409 answer's `Status` body; empty when it is another kind of conflict (a stale resourceVersion).
#[must_use]
pub fn conflicts(status: &Value) -> Vec<Conflict> {
    let mut all: Vec<_> = causes(status)
        .filter(|cause| text(cause, "reason") == "FieldManagerConflict")
        .map(|cause| Conflict { field: text(cause, "field").to_owned(), manager: quoted(text(cause, "message")) })
        .collect();
    all.sort();
    all.dedup();
    all
}

/// The immutable fields of a 422 answer's `Status` body; empty when the object is invalid for another reason.
#[must_use]
pub fn immutables(status: &Value) -> Vec<Immutable> {
    let mut all: Vec<_> = causes(status)
        .filter(|cause| IMMUTABLE_PHRASES.iter().any(|phrase| text(cause, "message").contains(phrase)))
        .map(|cause| Immutable {
            field: text(cause, "field").to_owned(),
            message: without_value(text(cause, "message")),
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

/// What any refusal's `Status` says, one line, without values: `field: reason; field: reason`.
///
/// `None` when the body has no causes; its `message` then names no value and may be shown, except for Secrets.
#[must_use]
pub fn causes_without_values(status: &Value) -> Option<String> {
    let lines: Vec<_> = causes(status)
        .map(|cause| format!("{}: {}", text(cause, "field"), without_value(text(cause, "message"))))
        .collect();
    (!lines.is_empty()).then(|| lines.join("; "))
}

fn causes(status: &Value) -> impl Iterator<Item = &Value> {
    status.pointer("/details/causes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// `conflict with "kubectl" using apps/v1` → `kubectl`.
fn quoted(message: &str) -> String {
    let mut parts = message.splitn(3, '"');
    parts.next();
    parts.next().unwrap_or(message).to_owned()
}

/// Sorts of mistakes that are followed by the value, as apimachinery's `field.Error` prints them.
const WITH_VALUE: &[&str] =
    &["Invalid value", "Duplicate value", "Unsupported value", "Not found", "Too long", "Too many"];

/// `Invalid value: {…}: field is immutable` → `field is immutable`. Of a value alone, or one whose end can't be told, the
/// sort of mistake is left. Only the first line counts: behind it the API server prints what differs, values included.
fn without_value(message: &str) -> String {
    let clauses = clauses(message);
    let told = match clauses.as_slice() {
        [sort, rest @ ..] if WITH_VALUE.contains(sort) => match rest {
            // `Too long: may not be more than 253 bytes` comes without the value.
            [only] if only.starts_with("may not") || only.starts_with("must") => only,
            [_value, told @ ..] if !told.is_empty() => return first_line(&told.join(": ")),
            _ => sort,
        },
        [.., last] => last,
        [] => "",
    };
    first_line(told)
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// Splits at `: ` outside of quotes and brackets.
fn clauses(message: &str) -> Vec<&str> {
    let (mut found, mut start) = (Vec::new(), 0);
    let (mut depth, mut quote, mut escaped) = (0_usize, false, false);
    for (at, c) in message.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote => escaped = true,
            '"' => quote = !quote,
            _ if quote => {}
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth = depth.saturating_sub(1),
            ':' if depth == 0 && message[at..].starts_with(": ") => {
                found.push(&message[start..at]);
                start = at + 2;
            }
            _ => {}
        }
    }
    found.push(message.get(start..).unwrap_or_default());
    found
}
