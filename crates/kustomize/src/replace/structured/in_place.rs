//! Scalars replaced in the text they stand in.

use super::super::path::{is_index, item_of, text_of};
use regex::Regex;
use teal_yaml::{Data, Node, Value};

/// The text with the scalars at a path changed; `None` when one of them is no scalar of one line, or not found.
pub(super) fn replaced(
    text: &str,
    document: &Node,
    path: &[String],
    change: &mut dyn FnMut(&mut Value) -> Result<(), String>,
) -> Option<String> {
    let mut nodes = Vec::new();
    find(document, path, &mut nodes)?;
    if nodes.is_empty() {
        return None;
    }
    nodes.sort_by_key(|node| node.at);
    let mut new = text.to_owned();
    for node in nodes.into_iter().rev() {
        let (start, token) = token(text, node)?;
        let mut value = Value::from(node.clone());
        change(&mut value).ok()?;
        new.replace_range(start..start + token.len(), &printed(&value, token)?);
    }
    Some(new)
}

/// Collects the nodes a path leads to.
fn find<'n>(node: &'n Node, path: &[String], into: &mut Vec<&'n Node>) -> Option<()> {
    let Some((part, rest)) = path.split_first() else {
        into.push(node);
        return Some(());
    };
    match &node.data {
        Data::Sequence(items) if is_index(part) => find(items.get(part.parse::<usize>().ok()?)?, rest, into),
        Data::Sequence(items) if part == "*" => items.iter().try_for_each(|item| find(item, rest, into)),
        Data::Sequence(items) => {
            let (field, pattern) = item_of(part)?.ok()?;
            let matches = Regex::new(pattern).ok()?;
            let is_it = |item: &&Node| {
                let place = if field.is_empty() { Some(*item) } else { item.get(field) };
                place.is_some_and(|place| matches.is_match(&text_of(&place.clone().into())))
            };
            items.iter().filter(is_it).try_for_each(|item| find(item, rest, into))
        }
        Data::Mapping(_) => find(node.get(part)?, rest, into),
        _ => None,
    }
}

/// The rest of the line from where a node stands, and where that is in the text.
pub(super) fn rest_at<'t>(text: &'t str, node: &Node) -> Option<(usize, &'t str)> {
    let line: usize = node.at.line.checked_sub(1)?.try_into().ok()?;
    let column: usize = node.at.column.checked_sub(1)?.try_into().ok()?;
    let line_start = text.split_inclusive('\n').take(line).map(str::len).sum::<usize>();
    let line = text[line_start..].split('\n').next()?;
    let within = line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
    Some((line_start + within, &line[within..]))
}

/// Where a scalar stands in the text, and how it is written there.
pub(super) fn token<'t>(text: &'t str, node: &Node) -> Option<(usize, &'t str)> {
    let (start, rest) = rest_at(text, node)?;
    let length = match (rest.chars().next()?, &node.data) {
        ('"', Data::String(_)) => quoted(rest, '"')?,
        ('\'', Data::String(_)) => quoted(rest, '\'')?,
        (_, Data::String(written)) if rest.starts_with(written.as_str()) => written.len(),
        (_, Data::Number(_) | Data::Bool(_)) => {
            rest.find(|c: char| c.is_whitespace() || matches!(c, ',' | '}' | ']')).unwrap_or(rest.len())
        }
        _ => return None,
    };
    Some((start, &rest[..length]))
}

/// The length of a quoted token; `None` when it does not end on its line.
fn quoted(rest: &str, quote: char) -> Option<usize> {
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' if quote == '"' => _ = characters.next(),
            '\'' if quote == '\'' && characters.peek().is_some_and(|(_, next)| *next == '\'') => {
                characters.next();
            }
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// A scalar in the style of the token it replaces.
pub(super) fn printed(value: &Value, token: &str) -> Option<String> {
    match value {
        Value::String(text) if text.contains('\n') => None,
        Value::String(text) if token.starts_with('"') => serde_json::to_string(text).ok(),
        Value::String(text) if token.starts_with('\'') => Some(format!("'{}'", text.replace('\'', "''"))),
        Value::String(_) => {
            let printed = teal_yaml::write(value);
            let printed = printed.trim_end();
            (!printed.contains('\n')).then(|| printed.to_owned())
        }
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}
