//! Fields that hold a document of their own: JSON or YAML inside a ConfigMap's value or an annotation.

use super::path::{Create, lookup, visit};
use super::set;
use crate::kustomization::FieldOptions;
use serde_json::Value;
use teal_yaml::Dialect;

/// Writes into a document inside a text; `false` when the path leads through no such text, or finds nothing in it.
pub(super) fn write(object: &mut Value, path: &[String], value: &Value, options: &FieldOptions) -> bool {
    for length in 1..path.len() {
        let (outer, inner) = path.split_at(length);
        match lookup(object, outer) {
            Ok(Some(Value::String(text))) => {
                let Some(new) = rewritten(text, inner, value, options) else { return false };
                let mut place = |place: &mut Value, _| {
                    *place = Value::String(new.clone());
                    Ok(())
                };
                return visit_exactly(object, outer, &mut place);
            }
            Ok(Some(Value::Object(_) | Value::Array(_))) => {}
            _ => return false,
        }
    }
    false
}

/// Goes where [`lookup`] went.
fn visit_exactly(
    object: &mut Value,
    path: &[String],
    visitor: &mut dyn FnMut(&mut Value, bool) -> Result<(), String>,
) -> bool {
    let mut at = object;
    for part in path {
        let next = match at {
            Value::Object(map) => map.get_mut(part.trim()),
            Value::Array(items) => {
                let place = (0..items.len()).find(|&place| {
                    let single = Value::Array(vec![items[place].clone()]);
                    matches!(lookup(&single, std::slice::from_ref(part)), Ok(Some(_)))
                        && part.parse::<usize>().map_or(true, |index| index == place)
                });
                match part.parse::<usize>() {
                    Ok(index) => items.get_mut(index),
                    Err(_) if part == "-" => items.last_mut(),
                    Err(_) => place.and_then(|place| items.get_mut(place)),
                }
            }
            _ => None,
        };
        match next {
            Some(next) => at = next,
            None => return false,
        }
    }
    visitor(at, false).is_ok()
}

/// The text with the value written into its document.
fn rewritten(text: &str, path: &[String], value: &Value, options: &FieldOptions) -> Option<String> {
    let mut documents = teal_yaml::read_as(Dialect::Kustomize, text).ok()?;
    let mut document = documents.drain(..).next()?.into_value();
    let create = options.create.then(|| Create::of(value));
    let mut found = 0;
    visit(&mut document, path, create, &mut |place, is_fresh| {
        found += 1;
        set(place, value, options, is_fresh)
    })
    .ok()?;
    if found == 0 {
        return None;
    }
    if text.trim_start().starts_with(['{', '[']) {
        return if text.contains('\n') && text.contains("  ") {
            Some(escaped(&serde_json::to_string_pretty(&document).ok()?))
        } else {
            Some(escaped(&document.to_string()))
        };
    }
    Some(teal_yaml::write(&document).trim().to_owned())
}

/// Go's JSON escapes these inside texts.
fn escaped(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}
