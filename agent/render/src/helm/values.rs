//! Values from several places become one: later ones win, maps are merged, everything else is replaced. A `null` stays, for
//! Helm takes it as *remove the chart's default*.

use serde_json::{Map, Value};

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

/// Every text in a value that is long enough to be a secret rather than a word.
pub(crate) fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.len() >= 4 => {
            found.push(text.clone());
            found.extend(text.lines().filter(|line| line.len() >= 4).map(str::to_owned));
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(map) => map.values().for_each(|item| texts(item, found)),
        Value::Number(number) if number.to_string().len() >= 4 => found.push(number.to_string()),
        _ => {}
    }
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
        let mut values = json!({"auth": {"user": "u"}});
        put(&mut values, "auth.password", "p".into());
        assert_eq!(values, json!({"auth": {"user": "u", "password": "p"}}));
    }
}
