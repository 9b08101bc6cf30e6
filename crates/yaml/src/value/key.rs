//! The name of a field.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use super::usual::USUAL;

/// A key of a mapping: a text that costs no memory of its own when it is one of those that most objects of Kubernetes have.
#[derive(Clone)]
pub struct Key(Repr);

#[derive(Clone)]
enum Repr {
    /// A place in [`USUAL`].
    Usual(u16),
    Own(Box<str>),
}

impl Key {
    /// The text of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Usual(at) => USUAL[usize::from(*at)],
            Repr::Own(text) => text,
        }
    }

    fn usual(text: &str) -> Option<Self> {
        let at = USUAL.binary_search(&text).ok()?;
        u16::try_from(at).ok().map(|at| Self(Repr::Usual(at)))
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::usual(text).unwrap_or_else(|| Self(Repr::Own(text.into())))
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self::usual(&text).unwrap_or_else(|| Self(Repr::Own(text.into())))
    }
}

impl From<&String> for Key {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        match key.0 {
            Repr::Usual(at) => USUAL[usize::from(at)].to_owned(),
            Repr::Own(text) => text.into(),
        }
    }
}

impl Deref for Key {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By bytes.
impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Usual(a), Repr::Usual(b)) => a.cmp(b),
            _ => self.as_str().cmp(other.as_str()),
        }
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialEq<str> for Key {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Key {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Key {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_names_are_sorted_and_found() {
        assert!(USUAL.is_sorted_by(|a, b| a < b));
        for (at, name) in USUAL.iter().enumerate() {
            let key = Key::from(*name);
            assert!(matches!(key.0, Repr::Usual(found) if usize::from(found) == at), "{name}");
            assert_eq!(key, *name);
            assert_eq!(String::from(key), *name);
        }
    }

    #[test]
    fn usual_and_own_names_are_of_one_order() {
        let mut names = ["zone", "kind", "a", "kinda", "kin", "metadata", "Kind", ""].map(Key::from);
        names.sort();
        assert_eq!(names.each_ref().map(Key::as_str), ["", "Kind", "a", "kin", "kind", "kinda", "metadata", "zone"]);
        assert_eq!(size_of::<Key>(), 16);
    }
}
