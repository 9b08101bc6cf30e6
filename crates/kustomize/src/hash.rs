//! The suffix that generated names end in: a digest of what the object holds.

use teal_yaml::{Map, Value};

/// Returns kustomize's suffix for a ConfigMap or Secret, ten characters.
///
/// The digest is over compact JSON with sorted keys. Its `name` is always empty, so the name has no effect, and an
/// absent `data` counts as an empty text.
pub(crate) fn suffix(object: &Value) -> String {
    let mut hashed = Map::new();
    let mut put = |key: &str, value: Value| {
        hashed.insert(key.to_owned(), value);
    };
    let field = |key: &str| object.get(key).filter(|value| !value.is_null()).cloned();
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or("");
    put("kind", Value::String(kind.to_owned()));
    put("name", Value::String(String::new()));
    put("data", field("data").unwrap_or_else(|| Value::String(String::new())));
    let optional = if kind == "Secret" {
        put("type", field("type").unwrap_or_else(|| Value::String(String::new())));
        "stringData"
    } else {
        "binaryData"
    };
    if let Some(value) = field(optional).filter(Value::is_object) {
        put(optional, value);
    }
    let digest = ring::digest::digest(&ring::digest::SHA256, go_json(&Value::Object(hashed)).as_bytes());
    hex::encode(&digest.as_ref()[..5]).chars().map(readable).collect()
}

/// Takes the characters out that could spell words.
fn readable(c: char) -> char {
    match c {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        _ => c,
    }
}

/// Compact JSON as Go prints it: `<`, `>`, `&` and the two line separators are escaped inside texts.
fn go_json(value: &Value) -> String {
    let plain = value.to_string();
    if !plain.contains(['<', '>', '&', '\u{2028}', '\u{2029}', '\u{8}', '\u{c}', '\u{7f}'])
        && !plain.contains("\\b")
        && !plain.contains("\\f")
    {
        return plain;
    }
    let mut escaped = String::with_capacity(plain.len() + 16);
    let mut characters = plain.chars();
    while let Some(c) = characters.next() {
        match c {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            '\\' => {
                escaped.push('\\');
                escaped.extend(characters.next());
            }
            _ => escaped.push(c),
        }
    }
    escaped
}
