//! What the printer sees of a value, whatever holds it.

use crate::Value;
use serde_json::{Number, Value as Json};

/// One level of a value.
pub enum View<'v, V> {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// Any number.
    Number(&'v Number),
    /// A text.
    Text(&'v str),
    /// The items of a list.
    List(&'v [V]),
    /// The entries of a mapping, in any order.
    Mapping(Vec<(&'v str, &'v V)>),
}

/// What can be printed.
pub trait Written: Sized {
    /// Shows the outermost level.
    fn view(&self) -> View<'_, Self>;
}

impl Written for Value {
    fn view(&self) -> View<'_, Self> {
        match self {
            Self::Null => View::Null,
            Self::Bool(value) => View::Bool(*value),
            Self::Number(number) => View::Number(number),
            Self::String(text) => View::Text(text),
            Self::Array(items) => View::List(items),
            Self::Object(map) => View::Mapping(map.iter().map(|(key, value)| (key.as_str(), value)).collect()),
        }
    }
}

impl Written for Json {
    fn view(&self) -> View<'_, Self> {
        match self {
            Self::Null => View::Null,
            Self::Bool(value) => View::Bool(*value),
            Self::Number(number) => View::Number(number),
            Self::String(text) => View::Text(text),
            Self::Array(items) => View::List(items),
            Self::Object(map) => View::Mapping(map.iter().map(|(key, value)| (key.as_str(), value)).collect()),
        }
    }
}
