//! How scalars are written in a file, where their values do not tell.

use std::cell::OnceCell;
use teal_yaml::{Data, Dialect, Entry, Node, Place, Value};

/// Values further right than this are not looked up, so that a file of one line costs no square.
const WIDEST_LOOKUP: usize = 10_000;

/// The text of a file, to look up how scalars were written.
pub(crate) struct Written<'t> {
    text: &'t str,
    lines: OnceCell<Vec<&'t str>>,
}

impl<'t> Written<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text: text.trim_start_matches('\u{feff}'), lines: OnceCell::new() }
    }

    fn lines(&self) -> &[&'t str] {
        self.lines.get_or_init(|| self.text.lines().collect())
    }

    /// What stands in a line from a place on.
    fn rest(&self, at: Place) -> Option<&'t str> {
        let line = self.lines().get(at.line.saturating_sub(1) as usize).copied().unwrap_or("");
        let column = at.column.saturating_sub(1) as usize;
        if column > WIDEST_LOOKUP {
            return None;
        }
        Some(line.char_indices().nth(column).map_or("", |(at, _)| &line[at..]))
    }

    /// The characters of a plain scalar at a place, as far as they are of the sort that numbers and words have.
    fn at(&self, at: Place) -> Option<&'t str> {
        let rest = self.rest(at)?;
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_' | '~');
        Some(&rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())])
    }

    /// How a number, boolean or null was written; `None` when it can't be found in the text.
    pub(crate) fn scalar(&self, node: &Node) -> Option<String> {
        let written = self.at(node.at)?;
        if node.data == Data::Null {
            return Some(if is_null(written) { written.to_owned() } else { String::new() });
        }
        let read = teal_yaml::read_as(Dialect::Kustomize, written).ok().and_then(|mut read| read.pop());
        read.is_some_and(|read| read.data == node.data).then(|| written.to_owned())
    }

    /// Says whether a text stands in quotes or in a block.
    fn is_quoted(&self, at: Place) -> bool {
        let Some(rest) = self.rest(at) else { return false };
        if rest.starts_with(['"', '\'']) {
            return true;
        }
        // A block begins where its first line does; what says so is the line above.
        let (before, line) = (at.column.saturating_sub(1) as usize, at.line.saturating_sub(1) as usize);
        let lines = self.lines();
        let is_first = lines.get(line).is_none_or(|line| line.chars().take(before).all(|c| c == ' '));
        let above = lines[..line.min(lines.len())].iter().rev().find(|line| !line.trim().is_empty());
        is_first && above.is_some_and(|line| opens_block(line))
    }

    /// Says whether a null is written as nothing at all.
    fn is_blank(&self, at: Place) -> bool {
        self.at(at).is_some_and(|written| !is_null(written))
    }
}

/// Says whether a line ends in what begins a block of text, such as `|-` or `>2 # why`.
fn opens_block(line: &str) -> bool {
    let line = line.split_once(" #").map_or(line, |(line, _)| line).trim_end();
    let line = line.trim_end_matches(|c: char| matches!(c, '+' | '-') || c.is_ascii_digit());
    line.ends_with(['|', '>'])
}

fn is_null(text: &str) -> bool {
    matches!(text, "~" | "null" | "Null" | "NULL")
}

/// kustomize takes numbers, booleans and nulls among annotations for the text they are written as: `1.10` stays `1.10`,
/// and nothing is an empty text. What can't be found in the text as it was read stays a number, which is then told to be
/// quoted. Returns what was changed, with the values that the texts stand for.
pub(super) fn annotations_as_written(node: &mut Node, written: &Written<'_>) -> Vec<(String, Value)> {
    let mut odd = Vec::new();
    for entry in annotations(node) {
        if let Some(text) = scalar_as_written(&entry.value, written) {
            odd.push((entry.key.clone(), entry.value.clone().into()));
            entry.value.data = Data::String(text);
        }
    }
    odd
}

fn scalar_as_written(node: &Node, written: &Written<'_>) -> Option<String> {
    matches!(node.data, Data::Number(_) | Data::Bool(_) | Data::Null).then(|| written.scalar(node)).flatten()
}

/// Numbers and booleans among the annotations of a patch, as the texts they are written as; a null there takes the
/// annotation away.
pub(crate) fn patch_annotations_as_written(node: &mut Node, written: &Written<'_>) {
    for entry in annotations(node).iter_mut().filter(|entry| entry.value.data != Data::Null) {
        if let Some(text) = scalar_as_written(&entry.value, written) {
            entry.value.data = Data::String(text);
        }
    }
}

fn annotations(node: &mut Node) -> &mut [Entry] {
    match node.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations")).map(|node| &mut node.data) {
        Some(Data::Mapping(entries)) => entries,
        _ => &mut [],
    }
}

/// A scalar that is not written as JSON prints it, such as `1.50`, `0x1F`, `True` or a date.
#[derive(Clone)]
pub(crate) struct Spelled {
    pub(crate) path: Vec<String>,
    pub(crate) value: Value,
    pub(crate) text: String,
}

impl Spelled {
    /// The scalar within a value; `None` when another one is there by now.
    pub(crate) fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        let found = self.path.iter().try_fold(value, |value, part| match value {
            Value::Array(items) => items.get(part.parse::<usize>().ok()?),
            _ => value.get(part),
        });
        found.filter(|found| **found == self.value)
    }
}

/// A place in an object, as a digest of the names on the way to it. Items of a list count by their `name`, so that they
/// may change their order; those without one count as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot(u32);

impl Spot {
    pub(crate) const ROOT: Self = Self(0x811c_9dc5);

    pub(crate) fn field(self, name: &str) -> Self {
        self.below('.', name)
    }

    pub(crate) fn item(self, name: Option<&str>) -> Self {
        self.below('[', name.unwrap_or(""))
    }

    /// FNV-1a.
    fn below(self, sort: char, name: &str) -> Self {
        let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        Self(name.bytes().fold(mix(self.0, sort as u8), mix))
    }
}

/// Which texts stood in quotes when they were read. Noted is only what the text does not tell: quotes around `abc`, and
/// none around `yes`. The last bit of a spot's digest says which of the two it is.
#[derive(Clone, Default)]
pub(crate) struct Quotes(Vec<u32>);

impl Quotes {
    fn mark(Spot(digest): Spot, is_quoted: bool) -> u32 {
        (digest & !1) | u32::from(is_quoted)
    }

    fn note(&mut self, text: &str, at: Spot, is_quoted: bool) {
        if is_quoted != teal_yaml::needs_quotes(text) {
            self.0.push(Self::mark(at, is_quoted));
        }
    }

    /// Says whether the text at a spot stands in quotes.
    pub(crate) fn stand_around(&self, text: &str, at: Spot) -> bool {
        let has = |is_quoted| self.0.binary_search(&Self::mark(at, is_quoted)).is_ok();
        has(true) || (teal_yaml::needs_quotes(text) && !has(false))
    }
}

/// What a document's values do not tell.
#[derive(Default)]
pub(super) struct Marks {
    /// Places of keys that have nothing behind them.
    pub(super) blanks: Vec<Vec<String>>,
    pub(super) spelled: Vec<Spelled>,
    pub(super) quotes: Quotes,
}

enum Part<'n> {
    Key(&'n str),
    Item(usize),
}

/// The scalars of a document that are spelled in another way than JSON has.
pub(crate) fn spelled(node: &Node, written: &Written<'_>) -> Vec<Spelled> {
    Marks::of(node, written).spelled
}

impl Marks {
    pub(super) fn of(node: &Node, written: &Written<'_>) -> Self {
        let mut marks = Self::default();
        marks.collect(node, written, &mut Vec::new(), Spot::ROOT);
        marks.quotes.0.sort_unstable();
        marks
    }

    fn collect<'n>(&mut self, node: &'n Node, written: &Written<'_>, path: &mut Vec<Part<'n>>, at: Spot) {
        match &node.data {
            Data::Mapping(entries) => {
                for Entry { key, value, .. } in entries {
                    path.push(Part::Key(key));
                    match &value.data {
                        Data::Null if written.is_blank(value.at) => self.blanks.push(texts(path)),
                        Data::String(text) => self.quotes.note(text, at.field(key), written.is_quoted(value.at)),
                        _ => {}
                    }
                    self.collect(value, written, path, at.field(key));
                    path.pop();
                }
            }
            Data::Sequence(items) => {
                for (index, item) in items.iter().enumerate() {
                    path.push(Part::Item(index));
                    self.collect(item, written, path, at.item(item.get("name").and_then(Node::as_str)));
                    path.pop();
                }
            }
            _ => self.spelled.extend(spelling(node, written, path)),
        }
    }
}

fn texts(path: &[Part<'_>]) -> Vec<String> {
    let text = |part: &Part<'_>| match part {
        Part::Key(key) => (*key).to_owned(),
        Part::Item(at) => at.to_string(),
    };
    path.iter().map(text).collect()
}

fn spelling(node: &Node, written: &Written<'_>, path: &[Part<'_>]) -> Option<Spelled> {
    let is_plain = match &node.data {
        Data::Number(number) => written.at(node.at)? == number.to_string(),
        Data::Bool(flag) => written.at(node.at)? == flag.to_string(),
        // A date is made a full time.
        Data::String(text) if text.ends_with('Z') && text.starts_with(|first: char| first.is_ascii_digit()) => {
            written.at(node.at)? == text
        }
        _ => true,
    };
    if is_plain {
        return None;
    }
    let text = written.scalar(node)?;
    Some(Spelled { path: texts(path), value: node.clone().into(), text })
}
