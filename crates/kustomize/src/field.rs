//! Field specs: which field of which kinds a transformer works on, and the walk to it.

use crate::id::Gvk;
use std::borrow::Cow;
use teal_yaml::{Map, Value};

/// A path of field names for the kinds that `group`, `version` and `kind` select (empty: all).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldSpec {
    pub(crate) group: Cow<'static, str>,
    pub(crate) version: Cow<'static, str>,
    pub(crate) kind: Cow<'static, str>,
    pub(crate) path: Cow<'static, str>,
    /// Whether missing parts of the path are made.
    pub(crate) create: bool,
}

impl FieldSpec {
    /// Says whether the spec is for an object of this kind.
    pub(crate) fn selects(&self, api_version: &str, kind: &str) -> bool {
        Gvk { group: &self.group, version: &self.version, kind: &self.kind }.selects(api_version, kind)
    }
}

/// A spec of a built-in table, for the core group's `v1` of a kind.
pub(crate) const fn core_v1(kind: &'static str, path: &'static str) -> FieldSpec {
    FieldSpec {
        group: Cow::Borrowed(""),
        version: Cow::Borrowed("v1"),
        kind: Cow::Borrowed(kind),
        path: Cow::Borrowed(path),
        create: true,
    }
}

/// A spec of a built-in table, for every version of a kind.
pub(crate) const fn spec(kind: &'static str, group: &'static str, path: &'static str, create: bool) -> FieldSpec {
    FieldSpec {
        group: Cow::Borrowed(group),
        version: Cow::Borrowed(""),
        kind: Cow::Borrowed(kind),
        path: Cow::Borrowed(path),
        create,
    }
}

/// Adds specs to a list, leaving out those already there.
///
/// # Errors
/// When one is there with the other `create`; returns its path.
pub(crate) fn merge_specs<'a>(
    into: &mut Vec<FieldSpec>,
    more: impl IntoIterator<Item = &'a FieldSpec>,
) -> Result<(), String> {
    for new in more {
        let known = into.iter().find(|old| {
            old.path == new.path
                && (new.group.is_empty() || old.group == new.group)
                && (new.version.is_empty() || old.version == new.version)
                && (new.kind.is_empty() || old.kind == new.kind)
        });
        match known {
            None => into.push(new.clone()),
            Some(old) if old.create != new.create => return Err(new.path.clone().into_owned()),
            Some(_) => {}
        }
    }
    Ok(())
}

/// What stands at the end of a path when it has to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    Text,
    Map,
    /// Nothing is made.
    None,
}

/// Splits a path at `/`; `\/` is a slash inside a name, and a slash in front says nothing.
pub(crate) fn split(path: &str) -> Vec<Cow<'_, str>> {
    let path = path.strip_prefix('/').unwrap_or(path);
    if !path.contains('\\') {
        return path.split('/').map(Cow::Borrowed).collect();
    }
    let mut parts = vec![String::new()];
    let mut characters = path.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' if characters.peek() == Some(&'/') => {
                characters.next();
                if let Some(last) = parts.last_mut() {
                    last.push('/');
                }
            }
            '/' => parts.push(String::new()),
            _ => {
                if let Some(last) = parts.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    parts.into_iter().map(Cow::Owned).collect()
}

/// Walks to every place `path` leads to and calls `visit` there. Lists on the way are walked through, item by item; a
/// name that ends in `[]` is never made.
///
/// # Errors
/// When the path runs into a scalar; returns the name it stopped at, or what `visit` returned.
pub(crate) fn visit<S: AsRef<str>>(
    value: &mut Value,
    path: &[S],
    leaf: Leaf,
    visitor: &mut dyn FnMut(&mut Value) -> Result<(), String>,
) -> Result<(), String> {
    let Some((name, rest)) = path.split_first() else { return visitor(value) };
    match value {
        Value::Null => Ok(()),
        Value::Array(items) => items.iter_mut().try_for_each(|item| visit(item, path, leaf, visitor)),
        Value::Object(map) => {
            let name = name.as_ref();
            if name.is_empty() {
                return Err("the path has an empty field name".to_owned());
            }
            let (name, is_list) = name.strip_suffix("[]").map_or((name, false), |name| (name, true));
            let fresh = match leaf {
                _ if is_list => Value::Array(Vec::new()),
                Leaf::None => Value::Null,
                Leaf::Text if rest.is_empty() => Value::String(String::new()),
                Leaf::Text | Leaf::Map => Value::Object(Map::new()),
            };
            let may_create = leaf != Leaf::None && !is_list;
            if may_create && !map.contains_key(name) {
                map.insert(name.to_owned(), Value::Null);
            }
            let Some(field) = map.get_mut(name) else { return Ok(()) };
            if field.is_null() {
                *field = fresh;
            }
            visit(field, rest, leaf, visitor)
        }
        _ => Err(format!("found a scalar where `{}` should be a field of a mapping or list", name.as_ref())),
    }
}
