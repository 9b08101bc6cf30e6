//! Walks a located YAML tree and collects *every* mistake with its place, its field and what would be right.
//!
//! A parser asks for what it wants and gets `None` for what is absent or wrong; wrong is noted, so a parser never stops
//! at the first. Whoever began with [`Log::new`] ends with [`Log::finish`].

mod azure;
mod document;
mod nearest;
mod scalar;

use std::cell::{OnceCell, RefCell};

use teal_yaml::{Data, Entry, Node, Place};

use crate::{Mistake, Mistakes};

pub(crate) use document::{Kind, canonical, document};
pub(crate) use nearest::nearest;
pub(crate) use scalar::is_label;

/// Keys further right than this are not looked up, so that a file of one line costs no square.
const WIDEST_LOOKUP: u32 = 10_000;

/// The mistakes of one file.
pub(crate) struct Log<'a> {
    file: &'a str,
    /// The text of it.
    text: &'a str,
    /// Where its lines begin.
    lines: OnceCell<Vec<usize>>,
    found: RefCell<Vec<Mistake>>,
}

impl<'a> Log<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, lines: OnceCell::new(), found: RefCell::default() }
    }

    pub(crate) fn add(&self, at: Place, field: &str, message: impl Into<String>) {
        let mistake = Mistake { file: self.file.to_owned(), at, field: field.to_owned(), message: message.into() };
        self.found.borrow_mut().push(mistake);
    }

    /// The word that a key is written as, where YAML makes another one of it: of a truth value or a number.
    fn reads_otherwise(&self, entry: &Entry) -> Option<&'a str> {
        let no_text =
            |key: &str| matches!(key, "true" | "false") || key.starts_with(|c: char| "+-.0123456789".contains(c));
        let Place { line, column } = entry.key_at;
        if !no_text(&entry.key) || column > WIDEST_LOOKUP {
            return None;
        }
        let starts = self
            .lines
            .get_or_init(|| std::iter::once(0).chain(self.text.match_indices('\n').map(|(at, _)| at + 1)).collect());
        let line = self.text.get(*starts.get((line as usize).checked_sub(1)?)?..)?;
        let (from, _) = line.char_indices().nth((column as usize).checked_sub(1)?)?;
        // What is not written plain, such as in quotes, begins with another sign.
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '+' | '-');
        let end = line[from..].find(|letter| !is_plain(letter))?;
        let word = &line[from..from + end];
        (!word.is_empty() && word != entry.key).then_some(word)
    }

    /// Returns `value` when nothing was wrong; else everything that was, in the order of the file.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Mistakes> {
        let mut found = self.found.into_inner();
        found.sort_by(|a, b| (a.at, &a.field, &a.message).cmp(&(b.at, &b.field, &b.message)));
        found.dedup();
        if value.is_none() && found.is_empty() {
            // Never an error without a word: whoever gave up should have said why.
            let at = Place { line: 1, column: 1 };
            found.push(Mistake {
                file: self.file.to_owned(),
                at,
                field: String::new(),
                message: "can't be read".to_owned(),
            });
        }
        match value {
            Some(value) if found.is_empty() => Ok(value),
            _ => Err(Mistakes(found)),
        }
    }
}

/// One value with its path and where to note what is wrong with it.
#[derive(Clone)]
pub(crate) struct Spot<'a> {
    pub(crate) node: &'a Node,
    path: String,
    log: &'a Log<'a>,
}

/// A mapping whose keys were checked.
pub(crate) struct Fields<'a> {
    entries: &'a [Entry],
    spot: Spot<'a>,
}

impl<'a> Spot<'a> {
    pub(crate) fn new(node: &'a Node, path: impl Into<String>, log: &'a Log<'a>) -> Self {
        Self { node, path: path.into(), log }
    }

    /// Notes a mistake about this value.
    pub(crate) fn wrong(&self, message: impl Into<String>) {
        self.log.add(self.node.at, &self.path, message);
    }

    fn key_path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Reads a mapping with these keys; others are mistakes. Keys in `later` are told to be known and not built yet.
    pub(crate) fn fields(&self, known: &[&str], later: &[&str]) -> Option<Fields<'a>> {
        let entries = self.entries()?;
        for entry in entries {
            let key = entry.key.as_str();
            if known.contains(&key) {
                continue;
            }
            let message = if later.contains(&key) {
                "not supported yet by this version; remove it".to_owned()
            } else {
                format!("unknown field; {}", nearest(key, known))
            };
            self.log.add(entry.key_at, &self.key_path(key), message);
        }
        Some(Fields { entries, spot: self.clone() })
    }

    /// Reads a mapping with keys of the author's choice. One that YAML reads as something else than the text it is written
    /// as (`ON`, `y`, `0x1`) would be another name in silence: a mistake.
    pub(crate) fn map(&self) -> Option<Vec<(&'a Entry, Spot<'a>)>> {
        let child = |entry: &'a Entry| {
            let mut child = self.child(entry);
            if let Some(word) = self.log.reads_otherwise(entry) {
                child.path = self.key_path(word);
                let message = format!("YAML reads the key `{word}` as `{}`; put it in quotes: `\"{word}\"`", entry.key);
                self.log.add(entry.key_at, &child.path, message);
            }
            (entry, child)
        };
        Some(self.entries()?.iter().map(child).collect())
    }

    /// Reads a mapping with exactly one of these keys, such as a gate or a provider.
    pub(crate) fn one_of(&self, what: &str, known: &[&str], later: &[&str]) -> Option<(&'a str, Spot<'a>)> {
        if let Data::String(word) = &self.node.data
            && known.contains(&word.as_str())
        {
            self.wrong(format!("a word where a mapping belongs; write `{word}: {{}}`"));
            return None;
        }
        let entries = self.entries()?;
        let [entry] = entries else {
            let found = if entries.is_empty() { "nothing" } else { "several keys" };
            self.wrong(format!("{found} where one {what} belongs; write one of {}", known.join(", ")));
            return None;
        };
        self.fields(known, later)?;
        known.contains(&entry.key.as_str()).then(|| (entry.key.as_str(), self.child(entry)))
    }

    fn entries(&self) -> Option<&'a [Entry]> {
        match &self.node.data {
            Data::Mapping(entries) => Some(entries),
            Data::Null => Some(&[]),
            other => {
                self.wrong(format!("{} where a mapping belongs", named(other)));
                None
            }
        }
    }

    /// Notes a mistake unless this is a mapping, whatever is in it.
    pub(crate) fn any_map(&self) -> Option<()> {
        self.entries().map(drop)
    }

    fn child(&self, entry: &'a Entry) -> Spot<'a> {
        Spot { node: &entry.value, path: self.key_path(&entry.key), log: self.log }
    }

    /// Reads a list.
    pub(crate) fn list(&self) -> Option<Vec<Spot<'a>>> {
        match &self.node.data {
            Data::Sequence(items) => Some(
                items
                    .iter()
                    .enumerate()
                    .map(|(index, node)| Spot { node, path: format!("{}[{index}]", self.path), log: self.log })
                    .collect(),
            ),
            other => {
                self.wrong(format!("{} where a list belongs", named(other)));
                None
            }
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        self.node.data == Data::Null
    }
}

impl<'a> Fields<'a> {
    /// Returns the value under `key`; `None` when it is absent or null.
    pub(crate) fn get(&self, key: &str) -> Option<Spot<'a>> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(self.spot.child(entry)).filter(|spot| !spot.is_null())
    }

    /// Returns the value under `key`; notes that it is missing, with what to write, when it is absent or null.
    pub(crate) fn need(&self, key: &str, example: &str) -> Option<Spot<'a>> {
        let found = self.get(key);
        if found.is_none() {
            self.spot.log.add(self.spot.node.at, &self.spot.key_path(key), format!("missing; write {example}"));
        }
        found
    }

    /// Reads what is under `key` with `read`, or takes `default`.
    pub(crate) fn or<T>(&self, key: &str, read: impl FnOnce(&Spot<'a>) -> Option<T>, default: T) -> T {
        self.get(key).and_then(|spot| read(&spot)).unwrap_or(default)
    }
}

/// What a value is, for messages.
fn named(data: &Data) -> &'static str {
    match data {
        Data::Null => "nothing",
        Data::Bool(_) => "true or false",
        Data::Number(_) => "a number",
        Data::String(_) => "a text",
        Data::Sequence(_) => "a list",
        Data::Mapping(_) => "a mapping",
    }
}

#[cfg(test)]
mod tests;
