//! Strategic merge as kustomize does it, its habits included: items of a list that merges come in the patch's order,
//! then the rest; an item of which the patch leaves a part of the key out stays as it was.

use super::PatchError;
use super::schema::{Keys, Shape};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use teal_yaml::{Data, Node};

const DIRECTIVE: &str = "$patch";

/// Takes documents for strategic merge patches.
pub(super) fn parse(documents: Vec<Node>) -> Result<Vec<Value>, PatchError> {
    documents
        .into_iter()
        .map(|document| match document.data {
            Data::Mapping(_) => Ok(document.into_value()),
            _ => Err(PatchError::Shape(format!("line {}: expected an object", document.at.line))),
        })
        .collect()
}

/// Merges `patch` into `object`, which becomes `Null` when the patch deletes it.
///
/// # Errors
/// A text that says where the two do not fit.
pub(super) fn merge(object: &mut Value, patch: &Value) -> Result<(), String> {
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or("");
    let shape = Shape::of(text("apiVersion"), text("kind"));
    if !merge_value(object, patch, shape, None).map_err(|wrong| wrong.to_string())? {
        *object = Value::Null;
    }
    Ok(())
}

/// What does not fit, with the path built up on the way out.
struct Misfit {
    path: Vec<String>,
    message: &'static str,
}

impl Misfit {
    fn new(message: &'static str) -> Self {
        Self { path: Vec::new(), message }
    }

    fn within(mut self, part: &str) -> Self {
        self.path.push(part.to_owned());
        self
    }
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path: Vec<&str> = self.path.iter().rev().map(String::as_str).collect();
        write!(f, "at `{}`: {}", path.join("."), self.message)
    }
}

#[derive(PartialEq, Eq)]
enum Directive {
    Merge,
    Replace,
    Delete,
}

/// The directive of a mapping.
fn directive(patch: &Map<String, Value>) -> Result<Directive, Misfit> {
    match patch.get(DIRECTIVE).map(Value::as_str) {
        None | Some(Some("merge")) => Ok(Directive::Merge),
        Some(Some("replace")) => Ok(Directive::Replace),
        Some(Some("delete")) => Ok(Directive::Delete),
        Some(_) => Err(Misfit::new("`$patch` must be delete, replace or merge")),
    }
}

/// Merges in place; `false` when the value goes away.
fn merge_value(dest: &mut Value, patch: &Value, shape: Shape, keys: Option<Keys>) -> Result<bool, Misfit> {
    match (&mut *dest, patch) {
        (_, Value::Null) => Ok(false),
        (Value::Null, _) => Ok(added(patch, shape, keys)?.map(|value| *dest = value).is_some()),
        (Value::Object(map), Value::Object(more)) => match directive(more)? {
            Directive::Delete => Ok(false),
            Directive::Replace => Ok(added_mapping(more, shape)?.map(|map| *dest = Value::Object(map)).is_some()),
            Directive::Merge => merge_mapping(map, more, shape).map(|()| true),
        },
        (Value::Array(items), Value::Array(more)) => match keys {
            None => {
                items.clone_from(more);
                Ok(true)
            }
            Some(keys) => merge_list(items, more, shape, keys),
        },
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => {
            Err(Misfit::new("the patch has another sort of value here (mapping, list or scalar) than the object"))
        }
        _ => {
            *dest = patch.clone();
            Ok(true)
        }
    }
}

fn merge_mapping(dest: &mut Map<String, Value>, patch: &Map<String, Value>, shape: Shape) -> Result<(), Misfit> {
    for (name, value) in patch.iter().filter(|(name, _)| *name != DIRECTIVE) {
        let (shape, keys) = shape.field(name);
        match dest.get_mut(name) {
            Some(old) => {
                if !merge_value(old, value, shape, keys).map_err(|wrong| wrong.within(name))? {
                    dest.remove(name);
                }
            }
            None => {
                if let Some(new) = added(value, shape, keys).map_err(|wrong| wrong.within(name))? {
                    dest.insert(name.clone(), new);
                }
            }
        }
    }
    Ok(())
}

/// What a patch adds where there is nothing: itself without nulls and directives.
fn added(patch: &Value, shape: Shape, keys: Option<Keys>) -> Result<Option<Value>, Misfit> {
    Ok(match (patch, keys) {
        (Value::Null, _) => None,
        (Value::Object(map), _) => added_mapping(map, shape)?.map(Value::Object),
        (Value::Array(items), Some(keys)) => Some(Value::Array(added_list(items, shape, keys)?)),
        _ => Some(patch.clone()),
    })
}

fn added_mapping(patch: &Map<String, Value>, shape: Shape) -> Result<Option<Map<String, Value>>, Misfit> {
    if directive(patch)? == Directive::Delete {
        return Ok(None);
    }
    let mut new = Map::new();
    for (name, value) in patch.iter().filter(|(name, _)| *name != DIRECTIVE) {
        let (shape, keys) = shape.field(name);
        if let Some(value) = added(value, shape, keys).map_err(|wrong| wrong.within(name))? {
            new.insert(name.clone(), value);
        }
    }
    Ok(Some(new))
}

fn added_list(items: &[Value], shape: Shape, keys: Keys) -> Result<Vec<Value>, Misfit> {
    let mut new = Vec::with_capacity(items.len());
    for item in items.iter().filter(|item| !is_list_directive(item)) {
        match item {
            Value::Object(map) if !keys.is_empty() => new.extend(added_mapping(map, shape)?.map(Value::Object)),
            _ => new.push(item.clone()),
        }
    }
    Ok(new)
}

/// An item `{$patch: …}` alone speaks of the whole list.
fn is_list_directive(item: &Value) -> bool {
    item.as_object().is_some_and(|map| map.len() == 1 && map.contains_key(DIRECTIVE))
}

fn merge_list(dest: &mut Vec<Value>, patch: &[Value], shape: Shape, keys: Keys) -> Result<bool, Misfit> {
    let whole = patch.iter().find_map(|item| item.as_object().filter(|_| is_list_directive(item)));
    match whole.map(directive).transpose()? {
        Some(Directive::Delete) => return Ok(false),
        Some(Directive::Replace) => {
            *dest = added_list(patch, shape, keys)?;
            return Ok(true);
        }
        Some(Directive::Merge) | None => {}
    }
    match keys {
        [] => merge_set(dest, patch),
        [key] => merge_by_key(dest, patch, shape, key)?,
        _ => merge_by_keys(dest, patch, shape, keys)?,
    }
    Ok(true)
}

/// Scalars: the patch's first, then the others.
fn merge_set(dest: &mut Vec<Value>, patch: &[Value]) {
    let mut seen = HashSet::new();
    let old = std::mem::take(dest);
    let new = patch.iter().filter(|item| !is_list_directive(item)).cloned();
    dest.extend(new.chain(old).filter(|item| seen.insert(item.to_string())));
}

/// The key of an item as text; `None` when it has none.
fn key_text(item: &Value, key: &str) -> Option<String> {
    match item.get(key)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
        _ => None,
    }
}

/// One key: items the patch names come first, in its order.
fn merge_by_key(dest: &mut Vec<Value>, patch: &[Value], shape: Shape, key: &str) -> Result<(), Misfit> {
    let mut places: HashMap<String, usize> = HashMap::new();
    for (at, item) in dest.iter().enumerate() {
        if let Some(text) = key_text(item, key) {
            places.entry(text).or_insert(at);
        }
    }
    let mut old: Vec<Option<Value>> = std::mem::take(dest).into_iter().map(Some).collect();
    for item in patch.iter().filter(|item| !is_list_directive(item)) {
        let name = key_text(item, key);
        let known = name.as_ref().and_then(|name| places.get(name)).and_then(|&at| old[at].take());
        dest.extend(merge_item(known, item, shape).map_err(|wrong| match &name {
            Some(name) => wrong.within(&format!("[{key}={name}]")),
            None => wrong,
        })?);
    }
    dest.extend(old.into_iter().flatten());
    Ok(())
}

/// One item of a list that merges; `None` when it goes away.
fn merge_item(known: Option<Value>, patch: &Value, shape: Shape) -> Result<Option<Value>, Misfit> {
    let Some(mut item) = known else { return added(patch, shape, None) };
    // kustomize puts the old item back over one that says `$patch: replace`; so do we.
    if patch.as_object().map(directive).transpose()? == Some(Directive::Replace) {
        return Ok(Some(item));
    }
    Ok(merge_value(&mut item, patch, shape, None)?.then_some(item))
}

/// Two keys, such as port and protocol: what is new comes first, everything else keeps its place. An item whose key is
/// only partly given, and fits one that is there, changes nothing.
fn merge_by_keys(dest: &mut Vec<Value>, patch: &[Value], shape: Shape, keys: Keys) -> Result<(), Misfit> {
    let tuple = |item: &Value| keys.iter().map(|key| key_text(item, key)).collect::<Vec<_>>();
    let mut places: HashMap<Vec<Option<String>>, usize> = HashMap::new();
    // Partial fits are looked up by the first key: whether one that is there lacks another.
    let mut by_first: HashMap<Option<String>, bool> = HashMap::new();
    for (at, item) in dest.iter().enumerate() {
        let tuple = tuple(item);
        *by_first.entry(tuple[0].clone()).or_default() |= tuple.iter().any(Option::is_none);
        places.entry(tuple).or_insert(at);
    }
    let mut old: Vec<Option<Value>> = std::mem::take(dest).into_iter().map(Some).collect();
    for item in patch.iter().filter(|item| !is_list_directive(item)) {
        let tuple = tuple(item);
        if let Some(&at) = places.get(&tuple) {
            old[at] = match old[at].take() {
                Some(known) => merge_item(Some(known), item, shape)?,
                None => None,
            };
            continue;
        }
        // With two keys, of which the first is equal: it fits when either side leaves the second out.
        let fits = by_first.get(&tuple[0]).is_some_and(|lacks| *lacks || tuple.iter().any(Option::is_none));
        if !fits {
            dest.extend(added(item, shape, None)?);
        }
    }
    dest.extend(old.into_iter().flatten());
    Ok(())
}
