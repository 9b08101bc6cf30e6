//! `ValueAddTransformer`: one value for many fields, or for a part of a path in them.

use super::namespace::{self, Namespace};
use crate::BuildError;
use crate::config::Specs;
use crate::field;
use crate::patch::Selector;
use crate::resmap::{ResMap, transform};
use teal_yaml::{Map, Value};

pub(crate) struct ValueAdd {
    pub(crate) value: String,
    pub(crate) targets: Vec<AddTarget>,
}

pub(crate) struct AddTarget {
    /// None selects everything.
    pub(crate) selector: Option<Selector>,
    pub(crate) field_path: String,
    /// Which part of a path the value becomes, from 1; 0 for the whole field.
    pub(crate) position: usize,
}

/// Adds the value to every target's field.
///
/// # Errors
/// When a field is no text.
pub(super) fn run(add: &ValueAdd, file: &str, map: &mut ResMap) -> Result<(), BuildError> {
    for target in &add.targets {
        let places = match &target.selector {
            Some(selector) => map.selected(selector),
            None => (0..map.len()).collect(),
        };
        for at in places {
            map.change(at, |resource| {
                let done = if target.field_path == "metadata/namespace" {
                    namespace::move_one(resource, &Namespace::new(add.value.clone(), Specs::default()))
                } else {
                    set(&mut resource.value, &field::split(&target.field_path), target.position, &add.value)
                };
                done.map_err(|wrong| {
                    let message = format!("value for {} at {}: {wrong}", resource.describe(), target.field_path);
                    transform(file, message)
                })
            })?;
        }
    }
    Ok(())
}

fn set<S: AsRef<str>>(value: &mut Value, path: &[S], position: usize, new: &str) -> Result<(), String> {
    let Some((name, rest)) = path.split_first() else {
        let old = match &mut *value {
            Value::Object(map) if map.is_empty() => String::new(),
            Value::Object(_) | Value::Array(_) => {
                return Err("found a mapping or list where a text should be".to_owned());
            }
            Value::String(text) => std::mem::take(text),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        *value = Value::String(if position > 0 { insert(&old, position - 1, new) } else { new.to_owned() });
        return Ok(());
    };
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    let Value::Object(map) = value else {
        return Err(format!("found something else where `{}` should be a field of a mapping", name.as_ref()));
    };
    let inner = map.entry(name.as_ref()).or_insert(Value::Null);
    set(inner, rest, position, new)
}

/// Puts a part into a path; a leading slash stays in front.
fn insert(path: &str, position: usize, part: &str) -> String {
    if part.is_empty() {
        return path.to_owned();
    }
    let (root, relative) = path.strip_prefix('/').map_or(("", path), |relative| ("/", relative));
    let mut parts: Vec<&str> = relative.split('/').filter(|part| !part.is_empty()).collect();
    parts.insert(position.min(parts.len()), part);
    format!("{root}{}", parts.join("/"))
}
