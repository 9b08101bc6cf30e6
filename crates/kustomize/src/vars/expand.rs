//! `$(NAME)` in texts. `$$` is a dollar sign; what names no var stays as it is.

use crate::resource::Resource;
use std::collections::HashMap;
use teal_yaml::Value;

/// What a field gives to a var: null is a text, and so is a date, as it is written.
pub(super) fn value_of(value: &Value, resource: &Resource) -> Value {
    match value {
        Value::Null => Value::String(value.to_string()),
        Value::String(_) => {
            resource.written(value).map_or_else(|| value.clone(), |text| Value::String(text.to_owned()))
        }
        _ => value.clone(),
    }
}

/// Expands a text, the texts of a mapping, or those of a list.
///
/// # Errors
/// When a list holds something else than texts.
pub(super) fn in_place(value: &mut Value, vars: &HashMap<String, Value>) -> Result<(), String> {
    match value {
        Value::String(text) => {
            let new = expand(text, vars);
            *value = new;
        }
        Value::Object(map) => {
            for value in map.values_mut() {
                if let Value::String(text) = value {
                    let new = expand(text, vars);
                    *value = new;
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                let Value::String(text) = item else { return Err("expected a list of texts".to_owned()) };
                let new = expand(text, vars);
                *item = new;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Expands one text. When it is one reference and nothing else, the value keeps its type.
fn expand(text: &str, vars: &HashMap<String, Value>) -> Value {
    let value = |name: &str| vars.get(name).filter(|value| !(value.is_object() || value.is_array()));
    let (mut expanded, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(dollar) = rest.find('$') {
        expanded.push_str(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        match rest.chars().next() {
            // A dollar at the very end.
            None => expanded.push('$'),
            Some('$') => {
                expanded.push('$');
                rest = &rest[1..];
            }
            Some('(') => match rest.find(')') {
                Some(end) => {
                    let name = &rest[1..end];
                    match value(name) {
                        Some(value) if text.len() == name.len() + 3 => return value.clone(),
                        Some(Value::String(value)) => expanded.push_str(value),
                        Some(value) => expanded.push_str(&value.to_string()),
                        None => {
                            expanded.push_str("$(");
                            expanded.push_str(name);
                            expanded.push(')');
                        }
                    }
                    rest = &rest[end + 1..];
                }
                None => {
                    expanded.push_str("$(");
                    rest = &rest[1..];
                }
            },
            Some(other) => {
                expanded.push('$');
                expanded.push(other);
                rest = &rest[other.len_utf8()..];
            }
        }
    }
    expanded.push_str(rest);
    Value::String(expanded)
}
