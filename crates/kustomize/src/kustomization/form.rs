//! Typed access to a located tree: field names without regard to case, every mistake collected.

use super::TextMap;
use crate::{BuildError, BuildErrors};
use teal_yaml::{Data, Node, Place};

/// Collects mistakes while a file is taken apart.
pub(crate) struct Form<'a> {
    pub(crate) file: &'a str,
    pub(crate) mistakes: Vec<BuildError>,
    /// The documents under `generators` and `transformers` are read so: unknown fields are passed over, and numbers and
    /// booleans count as the texts they are written as.
    pub(crate) is_lenient: bool,
}

impl<'a> Form<'a> {
    pub(crate) fn strict(file: &'a str) -> Self {
        Self { file, mistakes: Vec::new(), is_lenient: false }
    }

    pub(crate) fn lenient(file: &'a str) -> Self {
        Self { file, mistakes: Vec::new(), is_lenient: true }
    }

    /// Ends the reading.
    pub(crate) fn finish<T>(self, value: T) -> Result<T, BuildErrors> {
        if self.mistakes.is_empty() { Ok(value) } else { Err(BuildErrors(self.mistakes)) }
    }

    pub(crate) fn mistake(&mut self, at: Place, message: impl Into<String>) {
        self.mistakes.push(BuildError::Kustomization { file: self.file.to_owned(), at, message: message.into() });
    }

    /// The fields of a mapping under the names in `known`; unknown ones are mistakes with a suggestion, empty ones are
    /// left out.
    pub(crate) fn fields<'n>(&mut self, node: &'n Node, known: &[&'static str]) -> Vec<(&'static str, &'n Node)> {
        let Data::Mapping(entries) = &node.data else {
            if node.data != Data::Null {
                self.mistake(node.at, "expected a mapping here");
            }
            return Vec::new();
        };
        let mut fields = Vec::with_capacity(entries.len());
        for entry in entries {
            let name = known
                .iter()
                .find(|name| **name == entry.key)
                .or_else(|| known.iter().find(|name| name.eq_ignore_ascii_case(&entry.key)));
            match name {
                Some(_) if entry.value.data == Data::Null => {}
                Some(name) => fields.push((*name, &entry.value)),
                None if self.is_lenient => {}
                None => {
                    let hint = suggest(&entry.key, known).map_or_else(
                        || format!("known here: {}", known.join(", ")),
                        |name| format!("did you mean `{name}`?"),
                    );
                    self.mistake(entry.key_at, format!("unknown field `{}`; {hint}", entry.key));
                }
            }
        }
        fields
    }

    pub(crate) fn items<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        match &node.data {
            Data::Sequence(items) => items,
            Data::Null => &[],
            _ => {
                self.mistake(node.at, "expected a list here");
                &[]
            }
        }
    }

    pub(crate) fn text(&mut self, node: &Node) -> String {
        match &node.data {
            Data::String(text) => text.clone(),
            Data::Null => String::new(),
            Data::Bool(value) if self.is_lenient => value.to_string(),
            Data::Number(value) if self.is_lenient => value.to_string(),
            Data::Bool(_) | Data::Number(_) => {
                self.mistake(node.at, "expected a text here; put it in quotes");
                String::new()
            }
            _ => {
                self.mistake(node.at, "expected a text here");
                String::new()
            }
        }
    }

    pub(crate) fn texts(&mut self, node: &Node) -> Vec<String> {
        self.items(node).iter().map(|item| self.text(item)).collect()
    }

    pub(crate) fn text_map(&mut self, node: &Node) -> TextMap {
        let Data::Mapping(entries) = &node.data else {
            if node.data != Data::Null {
                self.mistake(node.at, "expected a mapping of texts here");
            }
            return TextMap::new();
        };
        entries.iter().map(|entry| (entry.key.clone(), self.text(&entry.value))).collect()
    }

    pub(crate) fn flag(&mut self, node: &Node) -> bool {
        match node.data {
            Data::Bool(value) => value,
            _ => {
                self.mistake(node.at, "expected true or false here");
                false
            }
        }
    }

    pub(crate) fn integer(&mut self, node: &Node) -> i64 {
        match &node.data {
            Data::Number(number) if number.as_i64().is_some() => number.as_i64().unwrap_or(0),
            _ => {
                self.mistake(node.at, "expected a whole number here");
                0
            }
        }
    }
}

/// The known name nearest to a misspelt one, if one is near.
fn suggest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    known
        .iter()
        .map(|known| (distance(&name, &known.to_ascii_lowercase()), *known))
        .filter(|(distance, known)| *distance <= 1 + known.len() / 4)
        .min()
        .map(|(_, known)| known)
}

/// Edits from one name to the other.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 64 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let change = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}
