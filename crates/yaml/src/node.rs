use serde_json::{Map, Number, Value};

/// Where something stands in its file; line and column count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One YAML value and where it begins. Its `Debug` shows no content, which may be a Secret's.
#[derive(Clone, PartialEq)]
pub struct Node {
    /// The value itself.
    pub data: Data,
    /// Where it begins.
    pub at: Place,
}

/// The JSON-shaped content of a [`Node`]. Its `Debug` shows which sort it is, and no content.
#[derive(Clone, PartialEq)]
pub enum Data {
    /// `null`, `~` or nothing.
    Null,
    /// `true`, `yes`, `on` …
    Bool(bool),
    /// Any number; integral floats are integers.
    Number(Number),
    /// Everything else that is a scalar.
    String(String),
    /// A list.
    Sequence(Vec<Node>),
    /// A map, in the order of the file; keys are unique.
    Mapping(Vec<Entry>),
}

/// One key of a mapping with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key; non-string scalars are written as JSON would (`true`, `1`).
    pub key: String,
    /// Where the key begins.
    pub key_at: Place,
    /// The value.
    pub value: Node,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} at {}", self.data, self.at)
    }
}

impl std::fmt::Debug for Data {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Bool(_) => f.write_str("Bool"),
            Self::Number(_) => f.write_str("Number"),
            Self::String(_) => f.write_str("String"),
            Self::Sequence(items) => write!(f, "Sequence({})", items.len()),
            Self::Mapping(entries) => write!(f, "Mapping({})", entries.len()),
        }
    }
}

impl Node {
    /// Returns the value under `key` of a mapping; `None` for anything else.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.data {
            Data::Mapping(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value),
            _ => None,
        }
    }

    /// [`Node::get`], to change the value.
    #[must_use]
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        match &mut self.data {
            Data::Mapping(entries) => entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.value),
            _ => None,
        }
    }

    /// Returns the text of a string node; `None` for anything else.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.data {
            Data::String(text) => Some(text),
            _ => None,
        }
    }

    /// Turns the node into the JSON value it stands for.
    #[must_use]
    pub fn into_value(self) -> Value {
        match self.data {
            Data::Null => Value::Null,
            Data::Bool(value) => Value::Bool(value),
            Data::Number(value) => Value::Number(value),
            Data::String(value) => Value::String(value),
            Data::Sequence(items) => Value::Array(items.into_iter().map(Node::into_value).collect()),
            Data::Mapping(entries) => Value::Object(
                entries.into_iter().map(|entry| (entry.key, entry.value.into_value())).collect::<Map<_, _>>(),
            ),
        }
    }
}
