//! Values from several places become one: later ones win, maps are merged, everything else is replaced. A `null` stays, for
//! Helm takes it as *remove the chart's default*.

use serde_json::{Map, Value};
use teal_yaml::Node;

/// Merges `over` into `base`, as Helm does with several files of values.
pub(crate) fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                match base.get_mut(key) {
                    Some(there @ Value::Object(_)) if value.is_object() => merge(there, value),
                    _ => {
                        base.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (base, over) => *base = over.clone(),
    }
}

/// Puts `value` where `path` (keys with dots between them) says, over whatever stands in its way.
pub(crate) fn put(values: &mut Value, path: &str, value: Value) {
    let mut over = value;
    for key in path.rsplit('.') {
        over = Value::Object(Map::from_iter([(key.to_owned(), over)]));
    }
    merge(values, &over);
}

/// A file of values with values in place, as kustomize merges them: these win over the file, or the file over these.
pub(crate) fn meet(file: Value, inline: Value, file_wins: bool) -> Value {
    if inline.as_object().is_none_or(Map::is_empty) {
        return file;
    }
    let (mut base, over) = if file_wins { (inline, file) } else { (file, inline) };
    merge_and_clear(&mut base, over);
    base
}

/// Merges maps as kustomize merges patches that have no schema: a `null` takes the key away.
fn merge_and_clear(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                match (base.get_mut(&key), &value) {
                    (_, Value::Null) => drop(base.remove(&key)),
                    (Some(there @ Value::Object(_)), Value::Object(_)) => merge_and_clear(there, value),
                    (_, Value::Object(_)) => {
                        let mut new = Value::Object(Map::new());
                        merge_and_clear(&mut new, value);
                        base.insert(key, new);
                    }
                    _ => drop(base.insert(key, value)),
                }
            }
        }
        (base, over) => *base = over,
    }
}

/// Reads one file of values; nothing at all is none. The problem never quotes the file.
pub(crate) fn document(bytes: &[u8]) -> Result<Value, String> {
    let text = teal_yaml::text_of(bytes).map_err(|error| error.to_string())?;
    let mut documents = teal_yaml::read(text).map_err(|error| error.to_string())?.into_iter();
    let value = documents.next().map_or_else(|| Value::Object(Map::new()), Node::into_value);
    if documents.next().is_some() {
        return Err("holds several documents; values are one mapping".to_owned());
    }
    if value.is_object() { Ok(value) } else { Err("is no mapping of values".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn maps_are_merged_and_all_else_is_replaced() {
        for (base, over, want) in [
            (json!({"a": 1}), json!({"b": 2}), json!({"a": 1, "b": 2})),
            (json!({"a": {"x": 1, "y": 2}}), json!({"a": {"y": 3}}), json!({"a": {"x": 1, "y": 3}})),
            (json!({"a": [1, 2]}), json!({"a": [3]}), json!({"a": [3]})),
            (json!({"a": {"x": 1}}), json!({"a": null}), json!({"a": null})),
            (json!({"a": null}), json!({"a": {"x": 1}}), json!({"a": {"x": 1}})),
            (json!({"a": {"x": 1}}), json!({"a": 1}), json!({"a": 1})),
        ] {
            let mut got = base.clone();
            merge(&mut got, &over);
            assert_eq!(got, want, "{base} under {over}");
        }
        for (file, inline, inline_wins, file_wins) in [
            (json!({"a": 1}), json!({"a": 2, "b": 3}), json!({"a": 2, "b": 3}), json!({"a": 1, "b": 3})),
            (
                json!({"a": 1, "m": {"x": 1}}),
                json!({"a": null, "m": {"x": null, "y": 2}}),
                json!({"m": {"y": 2}}),
                json!({"a": 1, "m": {"x": 1, "y": 2}}),
            ),
            (json!({"l": [1], "n": null}), json!({"l": [2], "n": 1}), json!({"l": [2], "n": 1}), json!({"l": [1]})),
            (json!({}), json!({"m": {"x": null, "y": 1}}), json!({"m": {"y": 1}}), json!({"m": {"x": null, "y": 1}})),
            (json!({"n": null}), json!({}), json!({"n": null}), json!({"n": null})),
        ] {
            assert_eq!(meet(file.clone(), inline.clone(), false), inline_wins, "{inline} over {file}");
            assert_eq!(meet(file.clone(), inline.clone(), true), file_wins, "{file} over {inline}");
        }
        let mut values = json!({"auth": {"user": "u"}});
        put(&mut values, "auth.password", "p".into());
        assert_eq!(values, json!({"auth": {"user": "u", "password": "p"}}));
    }
}
