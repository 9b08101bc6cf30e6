//! What is still encrypted when everything was read: it must not reach the cluster, where nothing could use it and
//! everybody would take it for done.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use teal_sops::{MARKER, format_of, is_encrypted_value};

/// The field that holds something still encrypted; `None` when nothing does.
pub(crate) fn sealed_field(object: &Value) -> Option<String> {
    let stanza = object.get("sops").and_then(Value::as_object);
    if stanza.is_some_and(|stanza| stanza.contains_key("mac") || stanza.contains_key("lastmodified")) {
        return Some("sops".to_owned());
    }
    let secret = object.get("kind").and_then(Value::as_str) == Some("Secret");
    let data = object.get("data").and_then(Value::as_object).filter(|_| secret);
    let encoded = data.into_iter().flatten().find(|(_, value)| value.as_str().is_some_and(is_sealed_base64));
    encoded.map(|(key, _)| format!("data.{key}")).or_else(|| {
        let mut path = Vec::new();
        find(object, &mut path).then(|| path.join("."))
    })
}

fn find(value: &Value, path: &mut Vec<String>) -> bool {
    let mut inside = |name: String, value: &Value| {
        path.push(name);
        let found = find(value, path);
        if !found {
            path.pop();
        }
        found
    };
    match value {
        Value::String(text) => text.contains(MARKER) && is_sealed(text),
        Value::Array(items) => items.iter().enumerate().any(|(at, item)| inside(at.to_string(), item)),
        Value::Object(map) => map.iter().any(|(key, item)| inside(key.clone(), item)),
        _ => false,
    }
}

/// One encrypted value, or a whole encrypted file; a text that only speaks of such things is neither.
fn is_sealed(text: &str) -> bool {
    is_encrypted_value(text.trim()) || format_of("", text.as_bytes()).is_some()
}

fn is_sealed_base64(text: &str) -> bool {
    let compact: String = text.split_ascii_whitespace().collect();
    let decoded = STANDARD.decode(compact).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.is_some_and(|text| text.contains(MARKER) && is_sealed(&text))
}
