//! Field paths of `replacements` and `vars`: names joined by dots, `[name=value]` and numbers for items of a list, `*`
//! for all of them.

use regex::Regex;
use teal_yaml::{Data, Dialect, Map, Value};

/// Splits a path at its dots. `\.` is a dot inside a name; what stands in brackets is one part: `[a.b=c]` for an item,
/// `[a.b]` for a name with dots.
pub(crate) fn split(path: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut rest = path.split('.').peekable();
    if path.starts_with('.') && path.len() > 1 {
        rest.next();
    }
    for piece in rest {
        match pieces.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('.');
                last.push_str(piece);
            }
            _ => pieces.push(piece.to_owned()),
        }
    }
    let mut parts = Vec::with_capacity(pieces.len());
    let mut pieces = pieces.into_iter();
    while let Some(piece) = pieces.next() {
        if !piece.starts_with('[') || piece.ends_with(']') {
            parts.push(piece);
            continue;
        }
        let mut bracketed = piece;
        for piece in pieces.by_ref() {
            bracketed.push('.');
            bracketed.push_str(&piece);
            if piece.ends_with(']') {
                break;
            }
        }
        let is_item = bracketed.contains('=');
        parts.push(if is_item { bracketed } else { bracketed.trim_matches(['[', ']']).to_owned() });
    }
    parts
}

/// `[field=value]`, or `[=value]` for a scalar.
pub(super) fn item_of(part: &str) -> Option<Result<(&str, &str), String>> {
    let inner = part.strip_prefix('[')?.strip_suffix(']')?;
    let wrong = || format!("`{part}` must be [field=value], to find an item of a list");
    Some(inner.split_once('=').ok_or_else(wrong))
}

pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Finds the value at the end of a path; items are matched exactly, and `-` is the last one.
///
/// # Errors
/// A wildcard, or a part that does not fit what it meets.
pub(crate) fn lookup<'v>(value: &'v Value, path: &[String]) -> Result<Option<&'v Value>, String> {
    let mut at = value;
    for part in path.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
        let next = if let Ok(index) = part.parse::<i64>() {
            let index = usize::try_from(index).map_err(|_| format!("array index {index} cannot be negative"))?;
            at.as_array().ok_or_else(|| format!("`{part}` is for a list"))?.get(index)
        } else if part == "-" {
            at.as_array().ok_or_else(|| format!("`{part}` is for a list"))?.last()
        } else if part == "*" {
            return Err("wildcard is not supported in the path of a source".to_owned());
        } else if let Some(item) = item_of(part) {
            let (field, want) = item?;
            let items = at.as_array().ok_or_else(|| format!("`{part}` is for a list"))?;
            items.iter().find(|item| {
                let place = if field.is_empty() { Some(*item) } else { item.get(field) };
                place.is_some_and(|place| !place.is_object() && !place.is_array() && text_of(place) == want)
            })
        } else {
            match at {
                Value::Object(map) => map.get(part),
                Value::Null => None,
                _ => return Err(format!("`{part}` is for a mapping")),
            }
        };
        match next {
            Some(next) => at = next,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

/// What is made at the end of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Create {
    Scalar,
    Mapping,
    List,
}

impl Create {
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Object(_) => Self::Mapping,
            Value::Array(_) => Self::List,
            _ => Self::Scalar,
        }
    }

    /// What stands before `next`.
    fn before(self, next: Option<&String>) -> (Value, bool) {
        match next.map(String::as_str) {
            None => match self {
                Self::Scalar => (Value::Null, true),
                Self::Mapping => (Value::Object(Map::new()), false),
                Self::List => (Value::Array(Vec::new()), false),
            },
            Some(part) if is_index(part) || (part.starts_with('[') && part.ends_with(']')) => {
                (Value::Array(Vec::new()), false)
            }
            Some(_) => (Value::Object(Map::new()), false),
        }
    }
}

pub(super) fn is_index(part: &str) -> bool {
    part.parse::<i64>().is_ok_and(|index| index >= 0)
}

type Visitor<'f> = &'f mut dyn FnMut(&mut Value, bool) -> Result<(), String>;

/// Calls `visitor` at every place the path leads to; it is told whether the place is a scalar that was just made. Items
/// are matched by regular expressions.
///
/// # Errors
/// A part that does not fit what it meets, or what `visitor` returned.
pub(crate) fn visit(
    value: &mut Value,
    path: &[String],
    create: Option<Create>,
    visitor: Visitor<'_>,
) -> Result<(), String> {
    visit_made(value, path, create, false, visitor)
}

fn visit_made(
    value: &mut Value,
    path: &[String],
    create: Option<Create>,
    is_fresh: bool,
    visitor: Visitor<'_>,
) -> Result<(), String> {
    let Some((part, rest)) = path.split_first() else { return visitor(value, is_fresh) };
    if is_index(part) {
        return visit_index(value, part, rest, create, visitor);
    }
    if let Some(item) = item_of(part) {
        let (field, pattern) = item?;
        return visit_items(value, part, (field, pattern), rest, create, visitor);
    }
    if part == "*" {
        let items = value.as_array_mut().ok_or("`*` is for the items of a list")?;
        return items.iter_mut().try_for_each(|item| visit_made(item, rest, create, false, visitor));
    }
    if part.is_empty() {
        return Err("the path has an empty part".to_owned());
    }
    if value.is_null() && create.is_none() {
        return Ok(());
    }
    let Value::Object(map) = value else { return Err(format!("`{part}` is for a mapping")) };
    if let Some(field) = map.get_mut(part) {
        if !rest.is_empty() && !field.is_object() && !field.is_array() && !field.is_null() {
            return Err(format!("there is nothing below `{part}`"));
        }
        return visit_made(field, rest, create, false, visitor);
    }
    let Some(kind) = create else { return Ok(()) };
    let (fresh, is_scalar) = kind.before(rest.first());
    let field = map.entry(part.clone()).or_insert(fresh);
    visit_made(field, rest, create, is_scalar, visitor)
}

fn visit_index(
    value: &mut Value,
    part: &str,
    rest: &[String],
    create: Option<Create>,
    visitor: Visitor<'_>,
) -> Result<(), String> {
    let index: usize = part.parse().map_err(|_| format!("`{part}` is no index"))?;
    let items = value.as_array_mut().ok_or_else(|| format!("`{part}` is for the items of a list"))?;
    let mut is_scalar = false;
    if let Some(kind) = create.filter(|_| items.len() == index) {
        let fresh;
        (fresh, is_scalar) = kind.before(rest.first());
        items.push(fresh);
    }
    let count = items.len();
    let item = items.get_mut(index);
    let item = item.ok_or_else(|| format!("index {index} specified but only {count} elements found"))?;
    visit_made(item, rest, create, is_scalar, visitor)
}

fn visit_items(
    value: &mut Value,
    part: &str,
    (field, pattern): (&str, &str),
    rest: &[String],
    create: Option<Create>,
    visitor: Visitor<'_>,
) -> Result<(), String> {
    let matches = Regex::new(pattern).map_err(|_| format!("`{part}` holds no regular expression"))?;
    let items = value.as_array_mut().ok_or_else(|| format!("`{part}` is for the items of a list"))?;
    let is_it = |item: &Value| {
        let place = if field.is_empty() { Some(item) } else { item.get(field) };
        place.is_some_and(|place| matches.is_match(&text_of(place)))
    };
    if create.is_some() && !items.iter().any(is_it) {
        items.push(if field.is_empty() { plain(pattern) } else { Map::from([(field, plain(pattern))]).into() });
    }
    for item in items.iter_mut().filter(|item| is_it(item)) {
        // A scalar item is the place itself.
        let rest = if field.is_empty() { &[][..] } else { rest };
        visit_made(item, rest, create, false, visitor)?;
    }
    Ok(())
}

/// What a text means when it is written plain.
pub(crate) fn plain(text: &str) -> Value {
    let node = teal_yaml::read_as(Dialect::Kustomize, text).ok().and_then(|mut read| read.pop());
    match node.map(|node| node.data) {
        None if matches!(text.trim(), "" | "~" | "null" | "Null" | "NULL") => Value::Null,
        Some(Data::Bool(flag)) => Value::Bool(flag),
        Some(Data::Number(number)) => Value::Number(number),
        _ => Value::String(text.to_owned()),
    }
}

/// Makes a date that was put into a new field the full time it means.
pub(super) fn make_full_time(place: &mut Value) {
    let Value::String(text) = &place else { return };
    if text.starts_with(|first: char| first.is_ascii_digit())
        && let Ok(mut read) = teal_yaml::read_as(Dialect::Kustomize, text)
        && let Some(Data::String(time)) = read.pop().map(|node| node.data)
        && time.ends_with('Z')
    {
        *place = Value::String(time);
    }
}
