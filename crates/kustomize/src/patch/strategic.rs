//! Strategic merge as kustomize does it, its habits included: the whole object is walked, not only what the patch
//! speaks of, so lists that merge lose repeated items even where no patch touches them.

mod list;
mod simulated;

use super::Scalars;
use crate::load::{Quotes, Spot};
use crate::schema::{Schema, Shape, TypeRef};
use std::collections::HashMap;
use teal_yaml::{Map, Value};

const DIRECTIVE: &str = "$patch";

/// Merges `patch` into `object`, which becomes `Null` when the patch deletes it.
///
/// # Errors
/// A text that says where the two do not fit.
pub(super) fn merge(object: &mut Value, patch: &Value, scalars: Scalars<'_>, schema: &Schema) -> Result<(), String> {
    if is_lost(patch) {
        return Ok(());
    }
    let find = |one: &'_ crate::load::Spelled| Some((std::ptr::from_ref(one.find(patch)?), one.text.clone()));
    let spelled = scalars.spelled.iter().filter_map(find).collect();
    let merge = Merge { schema, quotes: scalars.quotes, spelled: &spelled, at: Spot::ROOT };
    if !merge.value(object, patch, Shape::default()).map_err(|wrong| wrong.to_string())? {
        *object = Value::Null;
    }
    Ok(())
}

/// A patch that replaces at its root: kustomize makes a new object of it and loses that, so the old one stays as it is.
pub(super) fn is_lost(patch: &Value) -> bool {
    patch.get(DIRECTIVE).and_then(Value::as_str) == Some("replace")
}

/// Says whether a patch takes all annotations away, whatever it puts in their place.
pub(super) fn takes_annotations(patch: &Value) -> bool {
    let goes = |value: &Value| {
        value.is_null() || matches!(value.get(DIRECTIVE).and_then(Value::as_str), Some("replace" | "delete"))
    };
    let metadata = patch.get("metadata");
    metadata.is_some_and(|metadata| goes(metadata) || metadata.get("annotations").is_some_and(goes))
}

/// Says whether a path of field names and item numbers leads through lists that merge only: then the walk of a merge
/// gets there.
pub(super) fn reaches(object: &Value, path: &[String], schema: &Schema) -> bool {
    let (mut value, mut shape) = (object, Shape::default());
    for part in path {
        match value {
            Value::Object(map) => {
                let of = shape.of.or_else(|| schema.of(value));
                shape = of.map_or_else(Shape::default, |of| of.field(part));
                match map.get(part) {
                    Some(next) => value = next,
                    None => return false,
                }
            }
            Value::Array(items) if shape.keys.is_some() => {
                match part.parse::<usize>().ok().and_then(|at| items.get(at)) {
                    Some(next) => value = next,
                    None => return false,
                }
                shape = Shape { of: shape.of, keys: None };
            }
            _ => return false,
        }
    }
    // A blank annotation is an empty text by now.
    value.is_null() || value == ""
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Directive {
    Merge,
    Replace,
    Delete,
}

fn directive_of(value: &Value) -> Result<Directive, Misfit> {
    match value.as_str() {
        Some("merge") => Ok(Directive::Merge),
        Some("replace") => Ok(Directive::Replace),
        Some("delete") => Ok(Directive::Delete),
        _ => Err(Misfit::new("`$patch` must be delete, replace or merge")),
    }
}

/// The directive of a mapping.
fn directive(patch: &Map) -> Result<Directive, Misfit> {
    patch.get(DIRECTIVE).map_or(Ok(Directive::Merge), directive_of)
}

/// A merge at one spot of the object.
#[derive(Clone, Copy)]
struct Merge<'s> {
    schema: &'s Schema,
    quotes: &'s Quotes,
    /// How scalars of the patch are written, where that is not as JSON prints them.
    spelled: &'s HashMap<*const Value, String>,
    at: Spot,
}

impl<'s> Merge<'s> {
    /// The type of a mapping: that of its place, or else that of its own `apiVersion` and `kind`.
    fn type_of(&self, shape: Shape<'s>, candidates: [Option<&Value>; 2]) -> Option<TypeRef<'s>> {
        shape.of.or_else(|| candidates.into_iter().flatten().find_map(|value| self.schema.of(value)))
    }

    /// Merges in place; `false` when the value goes away.
    fn value(&self, dest: &mut Value, patch: &Value, shape: Shape<'s>) -> Result<bool, Misfit> {
        if patch.is_null() {
            return Ok(false);
        }
        if dest.is_null() {
            return match self.added(patch, shape)? {
                Some(new) => {
                    *dest = new;
                    Ok(true)
                }
                None => Ok(false),
            };
        }
        match (&mut *dest, patch) {
            (Value::Object(_), Value::Object(changes)) => self.mapping(dest, changes, shape),
            (Value::Array(items), Value::Array(changes)) => match shape.keys {
                Some(keys) => self.list(items, changes, keys, shape.of),
                None => {
                    dest.clone_from(patch);
                    Ok(true)
                }
            },
            (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => {
                Err(Misfit::new("the patch has another sort of value here (mapping, list or scalar) than the object"))
            }
            _ => {
                match dest.as_str().and_then(|old| self.in_quotes(old, patch)) {
                    Some(text) => *dest = Value::String(text),
                    None => dest.clone_from(patch),
                }
                Ok(true)
            }
        }
    }

    /// What stood in quotes stays in quotes: a number, boolean or date becomes the text that it is written as.
    fn in_quotes(&self, old: &str, new: &Value) -> Option<String> {
        let spelled = self.spelled.get(&std::ptr::from_ref(new)).cloned();
        let text = match new {
            Value::Number(_) | Value::Bool(_) => spelled.unwrap_or_else(|| new.to_string()),
            _ => spelled?,
        };
        self.quotes.stand_around(old, self.at).then_some(text)
    }

    fn mapping(&self, dest: &mut Value, patch: &Map, shape: Shape<'s>) -> Result<bool, Misfit> {
        match directive(patch)? {
            Directive::Delete => return Ok(false),
            Directive::Replace => {
                *dest = Value::Object(self.added_mapping(patch, shape)?.unwrap_or_default());
                return Ok(true);
            }
            Directive::Merge => {}
        }
        let of = self.type_of(shape, [Some(dest), None]).or_else(|| self.type_of_patch(patch, shape));
        let Value::Object(map) = dest else { return Ok(true) };
        for (name, value) in patch.iter().filter(|(name, _)| *name != DIRECTIVE) {
            let shape = of.map_or_else(Shape::default, |of| of.field(name));
            match map.get_mut(name) {
                Some(old) => {
                    let there = Self { at: self.at.field(name), ..*self };
                    if !there.value(old, value, shape).map_err(|wrong| wrong.within(name))? {
                        map.remove(name);
                    }
                }
                None => {
                    if let Some(new) = self.added(value, shape).map_err(|wrong| wrong.within(name))? {
                        map.insert(name.clone(), new);
                    }
                }
            }
        }
        if let Some(of) = of {
            for (name, value) in map.iter_mut().filter(|(name, _)| !patch.contains_key(name)) {
                self.tidy(value, of.field(name)).map_err(|wrong| wrong.within(name))?;
            }
        }
        Ok(true)
    }

    fn type_of_patch(&self, patch: &Map, shape: Shape<'s>) -> Option<TypeRef<'s>> {
        shape.of.or_else(|| self.schema.of_mapping(patch))
    }

    /// What a merge does where the patch says nothing: lists that merge lose what repeats a key.
    fn tidy(&self, dest: &mut Value, shape: Shape<'s>) -> Result<(), Misfit> {
        match dest {
            Value::Object(map) => {
                let Some(of) = shape.of else { return Ok(()) };
                for (name, value) in map {
                    self.tidy(value, of.field(name)).map_err(|wrong| wrong.within(name))?;
                }
                Ok(())
            }
            Value::Array(items) => match shape.keys {
                Some(keys) => self.merge_list(items, &[], keys, shape.of),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// What a patch adds where there is nothing: itself without nulls and directives.
    fn added(&self, patch: &Value, shape: Shape<'s>) -> Result<Option<Value>, Misfit> {
        Ok(match (patch, shape.keys) {
            (Value::Null, _) => None,
            (Value::Object(map), _) => self.added_mapping(map, shape)?.map(Value::Object),
            (Value::Array(items), Some(_)) if list::whole(items)? == Some(Directive::Delete) => None,
            (Value::Array(items), Some(keys)) => Some(Value::Array(self.new_list(items, keys, shape.of)?)),
            _ => Some(patch.clone()),
        })
    }

    fn added_mapping(&self, patch: &Map, shape: Shape<'s>) -> Result<Option<Map>, Misfit> {
        if directive(patch)? == Directive::Delete {
            return Ok(None);
        }
        let of = shape.of.or_else(|| self.type_of_patch(patch, shape));
        let mut new = Map::new();
        for (name, value) in patch.iter().filter(|(name, _)| *name != DIRECTIVE) {
            let shape = of.map_or_else(Shape::default, |of| of.field(name));
            if let Some(value) = self.added(value, shape).map_err(|wrong| wrong.within(name))? {
                new.insert(name.clone(), value);
            }
        }
        Ok(Some(new))
    }
}
