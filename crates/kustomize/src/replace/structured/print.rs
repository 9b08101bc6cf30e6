//! A changed document printed as kustomize prints it: in its own order and with its own quotes, indented by two, items
//! of lists not indented below their key. Comments stay with what they stand above or behind.

use super::in_place::{printed, rest_at, token};
use std::cell::Cell;
use std::collections::HashMap;
use teal_yaml::{Data, Dialect, Map, Node, Place, Value};

/// Prints `value`, which was made from `node`, the document that `text` holds. `None` for texts with something that
/// neither has: anchors, tags, several documents, scalars of several lines other than `|` blocks, comments that stand
/// alone. `is_scalar` says that what was written is a scalar.
pub(super) fn document(text: &str, node: &Node, value: &Value, is_scalar: bool) -> Option<String> {
    let is_beyond = [" &", " *", "<<", " !", "\n---", "\n...", "? ", "\t"].iter().any(|part| text.contains(part));
    if is_beyond {
        return None;
    }
    let comments = if text.contains('#') { comments(text)? } else { Comments::default() };
    let count = comments.above.values().map(Vec::len).sum::<usize>() + comments.behind.len();
    let printer = Printer { text, comments, is_scalar, told: Cell::new(0) };
    let mut out = String::new();
    printer.block(&mut out, Some(node), value, 0)?;
    // A comment that went nowhere would be lost.
    (printer.told.get() == count).then_some(out)
}

struct Printer<'t> {
    text: &'t str,
    comments: Comments<'t>,
    is_scalar: bool,
    told: Cell<usize>,
}

/// Comments by the line of what they belong to.
#[derive(Default)]
struct Comments<'t> {
    above: HashMap<u32, Vec<&'t str>>,
    behind: HashMap<u32, &'t str>,
}

/// The comments of a text; `None` when one stands alone, or might be none.
fn comments(text: &str) -> Option<Comments<'_>> {
    let (mut comments, mut above) = (Comments::default(), Vec::new());
    // The column of what holds the block of text that goes on.
    let mut block = None;
    for (number, line) in (1..).zip(text.lines()) {
        let trimmed = line.trim();
        if block.is_some_and(|holder| trimmed.is_empty() || indent_of(line) > holder) {
            continue;
        }
        block = holder_of_block(line);
        if trimmed.starts_with('#') {
            above.push(trimmed);
            continue;
        }
        if trimmed.is_empty() {
            if above.is_empty() {
                continue;
            }
            return None;
        }
        if !above.is_empty() {
            comments.above.insert(number, std::mem::take(&mut above));
        }
        if let Some((_, behind)) = trimmed.split_once(" #") {
            // Inside of quotes it is none.
            if trimmed.contains(['"', '\'']) {
                return None;
            }
            comments.behind.insert(number, behind);
        }
    }
    above.is_empty().then_some(comments)
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The column of the key, or the dash of an item, whose block of text begins behind this line; `None` when none does.
fn holder_of_block(line: &str) -> Option<usize> {
    let header = line.split_whitespace().next_back()?.strip_prefix(['|', '>'])?;
    if !header.chars().all(|c| matches!(c, '+' | '-') || c.is_ascii_digit()) {
        return None;
    }
    let (mut column, mut dash) = (indent_of(line), None);
    while let Some(rest) = line[column..].strip_prefix("- ") {
        dash = Some(column);
        column += 2 + indent_of(rest);
    }
    if line[column..].starts_with(['|', '>']) { dash } else { Some(column) }
}

impl Printer<'_> {
    /// Puts the comments above a line before it, which is indented already.
    fn above(&self, out: &mut String, line: Option<u32>, indent: usize) {
        for comment in line.and_then(|line| self.comments.above.get(&line)).into_iter().flatten() {
            out.push_str(comment);
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            self.told.set(self.told.get() + usize::from(comment.starts_with('#')));
        }
    }

    /// Ends a line, with the comment behind it.
    fn end(&self, out: &mut String, line: Option<u32>) {
        if let Some(comment) = line.and_then(|line| self.comments.behind.get(&line)) {
            out.push_str(" #");
            out.push_str(comment);
            self.told.set(self.told.get() + 1);
        }
        out.push('\n');
    }

    fn begins_with(&self, node: Option<&Node>, character: char) -> bool {
        node.and_then(|node| rest_at(self.text, node)).is_some_and(|(_, rest)| rest.starts_with(character))
    }

    fn block(&self, out: &mut String, node: Option<&Node>, value: &Value, indent: usize) -> Option<()> {
        self.nested(out, node, value, indent, false)
    }

    /// A value whose first character is already in place; ends its line.
    fn nested(&self, out: &mut String, node: Option<&Node>, value: &Value, indent: usize, is_item: bool) -> Option<()> {
        match value {
            Value::Object(map) if !map.is_empty() && !self.begins_with(node, '{') => {
                for (at, (key, old, value)) in entries(node, map).enumerate() {
                    if at > 0 {
                        out.extend(std::iter::repeat_n(' ', indent));
                    }
                    let line = old.map(|(at, _)| at.line);
                    // The first of an item stands on the line of its `-`, whose comments are there already.
                    if !(at == 0 && is_item) {
                        self.above(out, line, indent);
                    }
                    out.push_str(&self.key(old.map(|(at, _)| at), key)?);
                    out.push(':');
                    self.below(out, old.map(|(_, node)| node), line, value, indent)?;
                }
            }
            Value::Array(items) if !items.is_empty() && !self.begins_with(node, '[') => {
                let old = items_of(node);
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.extend(std::iter::repeat_n(' ', indent));
                    }
                    self.above(out, old.get(at).map(|node| node.at.line), indent);
                    out.push_str("- ");
                    self.nested(out, old.get(at), item, indent + 2, true)?;
                }
            }
            _ => {
                // A block of text in an item is indented from the item's dash.
                self.inline(out, node, value, if is_item { indent - 2 } else { indent })?;
                self.end(out, node.map(|node| node.at.line));
            }
        }
        Some(())
    }

    /// What stands behind a key and its colon.
    fn below(
        &self,
        out: &mut String,
        node: Option<&Node>,
        line: Option<u32>,
        value: &Value,
        indent: usize,
    ) -> Option<()> {
        let deeper = match value {
            Value::Object(map) if !map.is_empty() && !self.begins_with(node, '{') => Some(indent + 2),
            Value::Array(items) if !items.is_empty() && !self.begins_with(node, '[') => Some(indent),
            _ => None,
        };
        if let Some(deeper) = deeper {
            self.end(out, line);
            out.extend(std::iter::repeat_n(' ', deeper));
            return self.block(out, node, value, deeper);
        }
        let mut inline = String::new();
        self.inline(&mut inline, node, value, indent)?;
        if !inline.is_empty() {
            out.push(' ');
        }
        out.push_str(&inline);
        self.end(out, line);
        Some(())
    }

    /// A scalar, or a collection in brackets.
    fn inline(&self, out: &mut String, node: Option<&Node>, value: &Value, indent: usize) -> Option<()> {
        match value {
            Value::Object(map) => {
                out.push('{');
                for (at, (key, old, value)) in entries(node, map).enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    out.push_str(&self.key(old.map(|(at, _)| at), key)?);
                    out.push_str(": ");
                    self.inline(out, old.map(|(_, node)| node), value, indent)?;
                }
                out.push('}');
            }
            Value::Array(items) => {
                let old = items_of(node);
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    self.inline(out, old.get(at), item, indent)?;
                }
                out.push(']');
            }
            _ => out.push_str(&self.scalar(node, value, indent)?),
        }
        Some(())
    }

    /// What begins a block scalar, such as `|-`: the last word of the line before its first one.
    fn header(&self, node: &Node) -> Option<&str> {
        let (start, _) = rest_at(self.text, node)?;
        let line = self.text[..start].rsplit('\n').next()?;
        if !line.trim().is_empty() {
            return None;
        }
        let before = (node.at.line as usize).checked_sub(1)?;
        let line = self.text.lines().take(before).filter(|line| !line.trim().is_empty()).last()?;
        line.split_whitespace().last().filter(|word| word.starts_with(['|', '>']))
    }

    /// A plain text that is read as another one (a date), or goes on in the next line.
    fn plain(&self, node: &Node, text: &str) -> Option<String> {
        let (_, rest) = rest_at(self.text, node)?;
        let written = rest.split([' ', ',', ']', '}']).next()?;
        if is_read_as(written, text) {
            return Some(written.to_owned());
        }
        let is_plain = !teal_yaml::needs_quotes(text) && rest.chars().next() == text.chars().next();
        is_plain.then(|| text.to_owned())
    }

    /// A key as it is written; a new one must be one that can be written plain.
    fn key(&self, at: Option<Place>, key: &str) -> Option<String> {
        let new =
            || (!teal_yaml::needs_quotes(key) && !key.contains([',', '[', ']', '{', '}'])).then(|| key.to_owned());
        let Some(at) = at else { return new() };
        let node = Node { data: Data::String(key.to_owned()), at };
        token(self.text, &node).map(|(_, token)| token.to_owned())
    }

    fn scalar(&self, node: Option<&Node>, value: &Value, indent: usize) -> Option<String> {
        let Some(node) = node.filter(|node| !matches!(node.data, Data::Mapping(_) | Data::Sequence(_))) else {
            return match value {
                // A scalar made for the value has no type but what its text is read as.
                Value::String(text) if node.is_none() && self.is_scalar && !text.contains('\n') => Some(untagged(text)),
                _ => printed(value, ""),
            };
        };
        let is_same = Value::from(node.clone()) == *value;
        let header = self.header(node);
        if let Some((_, token)) = token(self.text, node).filter(|_| header.is_none()) {
            return if is_same { Some(token.to_owned()) } else { printed(value, token) };
        }
        match value {
            Value::Null if is_same => {
                let (_, rest) = rest_at(self.text, node)?;
                Some(["null", "~"].into_iter().find(|word| rest.starts_with(word)).unwrap_or("").to_owned())
            }
            Value::String(text) if is_same => match header {
                Some(header @ ("|-" | ">-")) if !text.contains('\n') && !text.is_empty() && !text.starts_with(' ') => {
                    Some(format!("{header}\n{}{text}", " ".repeat(indent + 2)))
                }
                Some(header) if header.starts_with('|') => Some(teal_yaml::write_text(text, indent + 2, 2)),
                Some(_) => None,
                None => self.plain(node, text),
            },
            Value::String(text) if text.starts_with(super::MISFIT) => Some(text.clone()),
            // A date stays one, or is told to be none.
            Value::String(text) if header.is_none() && !text.contains('\n') => {
                self.plain(node, node.as_str()?)?;
                let is_date = |text: &str| text.starts_with(|c: char| c.is_ascii_digit()) && reads_as_time(text);
                Some(if is_date(text) { text.clone() } else { format!("!!timestamp {}", untagged(text)) })
            }
            _ => None,
        }
    }
}

/// A text without a type of its own: in quotes only where it could not stand otherwise.
pub(super) fn untagged(text: &str) -> String {
    let written = teal_yaml::write_text(text, 2, 2);
    // Quotes that only say that it is a text.
    if written == format!("\"{text}\"") { text.to_owned() } else { written }
}

/// Says whether a plain text is read as a time.
fn reads_as_time(text: &str) -> bool {
    let read = teal_yaml::read_as(Dialect::Kustomize, text).ok().and_then(|mut read| read.pop());
    read.is_some_and(|node| {
        node.as_str().is_some_and(|read| read.ends_with('Z') && (read != text || text.contains('T')))
    })
}

/// Entries in the order of the document, with the place of their key, what is new behind them.
fn entries<'v>(
    node: Option<&'v Node>,
    map: &'v Map,
) -> impl Iterator<Item = (&'v str, Option<(Place, &'v Node)>, &'v Value)> {
    let old = match node.map(|node| &node.data) {
        Some(Data::Mapping(entries)) => entries.as_slice(),
        _ => &[],
    };
    let is_new = move |key: &str| !old.iter().any(|entry| entry.key == key);
    let kept = old
        .iter()
        .filter_map(|entry| Some((entry.key.as_str(), Some((entry.key_at, &entry.value)), map.get(&entry.key)?)));
    kept.chain(map.iter().filter(move |(key, _)| is_new(key)).map(|(key, value)| (key.as_str(), None, value)))
}

fn items_of(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.data) {
        Some(Data::Sequence(items)) => items,
        _ => &[],
    }
}

fn is_read_as(written: &str, text: &str) -> bool {
    let read = teal_yaml::read_as(Dialect::Kustomize, written).ok().and_then(|mut read| read.pop());
    read.is_some_and(|node| node.as_str() == Some(text))
}
