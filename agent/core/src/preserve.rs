//! Fields whose live value is kept, because no two renderings agree on them: a generated password, a CA (SYNC §10).
//!
//! - They count for no digest: the object is as declared whatever they hold.
//! - Where the object does not exist yet it is made with the rendered value. Where it does, what is sent carries the live
//!   one, so that our entry keeps the field: leaving it out would delete it.

use serde_json::{Map, Value};

/// One step of a JSON pointer for `key`, without the slash.
#[must_use]
pub fn pointer_step(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// `value` without the fields at `pointers`; those that are not there change nothing.
#[must_use]
pub fn without(value: &Value, pointers: &[String]) -> Value {
    let mut rest = value.clone();
    for pointer in pointers {
        let Some((parent, key)) = split(pointer) else { continue };
        match rest.pointer_mut(parent) {
            Some(Value::Object(map)) => {
                map.remove(&key);
            }
            // Places in a list must not move, or the next pointer means another item.
            Some(Value::Array(items)) => {
                if let Some(item) = key.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                    *item = Value::Null;
                }
            }
            _ => {}
        }
    }
    rest
}

/// Puts the live values at `pointers` into what is to be sent. A field that the live object does not have keeps the
/// rendered value.
pub fn keep_live(body: &mut Value, live: &Value, pointers: &[String]) {
    for pointer in pointers {
        let Some(value) = live.pointer(pointer) else { continue };
        let Some((parent, key)) = split(pointer) else { continue };
        match make_parent(body, parent) {
            Some(Value::Object(map)) => {
                map.insert(key, value.clone());
            }
            Some(Value::Array(items)) => {
                if let Some(item) = key.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                    *item = value.clone();
                }
            }
            _ => {}
        }
    }
}

/// The map or list at `pointer`; maps that are missing on the way are made.
fn make_parent<'v>(value: &'v mut Value, pointer: &str) -> Option<&'v mut Value> {
    let mut at = value;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        let index = step.parse::<usize>().ok();
        at = match (at, index) {
            (Value::Array(items), Some(index)) => items.get_mut(index)?,
            // A list that is not there can't be told from a map with a number for a key: neither is made.
            (Value::Object(map), Some(_)) => map.get_mut(&step)?,
            (Value::Object(map), None) => map.entry(step).or_insert_with(|| Value::Object(Map::new())),
            _ => return None,
        };
    }
    Some(at)
}

fn split(pointer: &str) -> Option<(&str, String)> {
    let (parent, key) = pointer.rsplit_once('/')?;
    Some((parent, key.replace("~1", "/").replace("~0", "~")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_live_value_is_kept_and_nothing_else() {
        let pointers = ["/data/a~1b".to_owned(), "/hooks/0/ca".to_owned(), "/data/new".to_owned()];
        let rendered = json!({"data": {"a/b": 1, "new": 2, "c": 3}, "hooks": [{"ca": "x", "n": 1}]});
        let live = json!({"data": {"a/b": 9, "c": 9}, "hooks": [{"ca": "live", "n": 9}]});
        let mut body = rendered.clone();
        keep_live(&mut body, &live, &pointers);
        assert_eq!(body, json!({"data": {"a/b": 9, "new": 2, "c": 3}, "hooks": [{"ca": "live", "n": 1}]}));
        assert_eq!(without(&rendered, &pointers), json!({"data": {"c": 3}, "hooks": [{"n": 1}]}));
        assert_eq!(without(&rendered, &pointers), without(&body, &pointers), "its digest stays");
        let mut bare = json!({"kind": "Secret", "hooks": []});
        keep_live(&mut bare, &live, &pointers);
        assert_eq!(bare, json!({"kind": "Secret", "data": {"a/b": 9}, "hooks": []}));
    }
}
