//! Objects that hold what was encrypted, or a value of a Secret, before they are shown.

use std::cell::Cell;

use serde_json::{Map, Value};

/// Stands in the place of every value. No base64, so that no API server takes a masked Secret for a real one.
const MASK: &str = "**SECRET**";

/// Masks what is secret, unless asked not to, and counts.
pub(super) struct Masking {
    show: bool,
    masked: Cell<usize>,
}

impl Masking {
    pub(super) fn new(show: bool) -> Self {
        Self { show, masked: Cell::new(0) }
    }

    /// Whether an object is to be printed masked, and counts it then.
    pub(super) fn hides(&self, secret: bool) -> bool {
        let hides = secret && !self.show;
        self.masked.set(self.masked.get() + usize::from(hides));
        hides
    }

    /// Says on standard error that something was masked, and what shows it.
    pub(super) fn tell(&self) {
        if self.masked.get() > 0 {
            let count = self.masked.get();
            eprintln!(
                "Warning: {count} objects hold decrypted values or values of a Secret, which are masked, so they are not what would be applied: apply none of them. --show-secrets prints the values"
            );
        }
    }
}

/// The object with every value masked that is not part of what it is. A Secret keeps the names of its keys, all under
/// `data`; of anything else nothing but its identity stays. Labels are values too: a chart may make them of a secret one.
pub(super) fn masked(object: &Value) -> Value {
    let Value::Object(map) = object else { return MASK.into() };
    let is_secret =
        map.get("apiVersion").is_some_and(|it| it == "v1") && map.get("kind").is_some_and(|it| it == "Secret");
    let mut out = Map::new();
    let mut data = Map::new();
    for (key, value) in map {
        match (key.as_str(), value) {
            ("apiVersion" | "kind", _) => drop(out.insert(key.clone(), value.clone())),
            ("metadata", Value::Object(metadata)) => {
                drop(out.insert(key.clone(), masked_metadata(metadata).into()));
            }
            ("data" | "stringData", Value::Object(values)) if is_secret => {
                data.extend(values.keys().map(|key| (key.clone(), MASK.into())));
            }
            ("type" | "immutable", _) if is_secret => drop(out.insert(key.clone(), value.clone())),
            _ => drop(out.insert(key.clone(), without_values(value))),
        }
    }
    if !data.is_empty() {
        out.insert("data".to_owned(), data.into());
    }
    out.into()
}

fn masked_metadata(metadata: &Map<String, Value>) -> Map<String, Value> {
    let kept = |key: &str| matches!(key, "name" | "namespace");
    let each =
        |(key, value): (&String, &Value)| (key.clone(), if kept(key) { value.clone() } else { without_values(value) });
    metadata.iter().map(each).collect()
}

fn without_values(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Array(items) => items.iter().map(without_values).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), without_values(value))).collect(),
        _ => MASK.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_masked_object_tells_what_it_is_and_nothing_else() {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": "s", "labels": {"app": "a"}, "annotations": {"note": "hunter2"}},
            "stringData": {"a": "hunter2"}, "data": {"b": "aHVudGVyMg=="}});
        let expected = json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": "s", "labels": {"app": MASK}, "annotations": {"note": MASK}},
            "data": {"a": MASK, "b": MASK}});
        assert_eq!(masked(&secret), expected);
        let other = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "labels": {"l": "hunter2"}},
            "data": {"port": 8080, "none": null, "list": ["hunter2"]}});
        let expected = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "labels": {"l": MASK}},
            "data": {"port": MASK, "none": null, "list": [MASK]}});
        assert_eq!(masked(&other), expected);
        let masking = Masking::new(true);
        assert!(!masking.hides(true));
        assert_eq!(masking.masked.get(), 0);
        let masking = Masking::new(false);
        assert_eq!((masking.hides(false), masking.hides(true), masking.masked.get()), (false, true, 1));
    }
}
