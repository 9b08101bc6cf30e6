//! A mapping: its entries, sorted by key.

use super::{Key, Value};
use std::slice;

/// Mappings up to this size grow by exactly what is put into them; larger ones double.
const EXACT_UP_TO: usize = 16;

/// Entries in the order of their keys' bytes, each key once.
#[derive(Clone, PartialEq, Default)]
pub struct Map {
    entries: Vec<(Key, Value)>,
}

/// The place of one key in a mapping, taken or free.
pub struct Slot<'a> {
    map: &'a mut Map,
    key: Key,
    at: Result<usize, usize>,
}

type Pair = (Key, Value);
type Pairs<'a> = std::iter::Map<slice::Iter<'a, Pair>, fn(&'a Pair) -> (&'a Key, &'a Value)>;
type PairsMut<'a> = std::iter::Map<slice::IterMut<'a, Pair>, fn(&'a mut Pair) -> (&'a Key, &'a mut Value)>;

/// Shows no content.
impl std::fmt::Debug for Map {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Object({})", self.entries.len())
    }
}

impl Map {
    /// A mapping with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where a key is, or where it would have to be.
    fn find(&self, key: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|(known, _)| known.as_str().cmp(key))
    }

    /// The value under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.find(key).ok().map(|at| &self.entries[at].1)
    }

    /// [`Map::get`], to change it.
    #[must_use]
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.find(key).ok().map(|at| &mut self.entries[at].1)
    }

    /// Whether a key is there.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.find(key).is_ok()
    }

    /// Puts a value under a key; returns the one that was there.
    pub fn insert(&mut self, key: impl Into<Key>, value: Value) -> Option<Value> {
        let key = key.into();
        match self.find(&key) {
            Ok(at) => Some(std::mem::replace(&mut self.entries[at].1, value)),
            Err(at) => {
                self.put(at, key, value);
                None
            }
        }
    }

    fn put(&mut self, at: usize, key: Key, value: Value) {
        if self.entries.len() < EXACT_UP_TO {
            self.entries.reserve_exact(1);
        }
        self.entries.insert(at, (key, value));
    }

    /// Takes an entry away; returns its value.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.find(key).ok().map(|at| self.entries.remove(at).1)
    }

    /// The place of a key.
    pub fn entry(&mut self, key: impl Into<Key>) -> Slot<'_> {
        let key = key.into();
        let at = self.find(&key);
        Slot { map: self, key, at }
    }

    /// Keeps the entries that `keep` says.
    pub fn retain(&mut self, mut keep: impl FnMut(&Key, &mut Value) -> bool) {
        self.entries.retain_mut(|(key, value)| keep(key, value));
    }

    /// The entries, in order.
    pub fn iter(&self) -> Pairs<'_> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// The entries, in order, to change the values.
    pub fn iter_mut(&mut self) -> PairsMut<'_> {
        self.entries.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Key> {
        self.entries.iter().map(|(key, _)| key)
    }

    /// The values, in the order of their keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.entries.iter().map(|(_, value)| value)
    }

    /// [`Map::values`], to change them.
    pub fn values_mut(&mut self) -> impl ExactSizeIterator<Item = &mut Value> {
        self.entries.iter_mut().map(|(_, value)| value)
    }
}

impl<'a> Slot<'a> {
    /// The value there, made by `new` when there is none.
    pub fn or_insert_with(self, new: impl FnOnce() -> Value) -> &'a mut Value {
        let at = match self.at {
            Ok(at) => at,
            Err(at) => {
                self.map.put(at, self.key, new());
                at
            }
        };
        &mut self.map.entries[at].1
    }

    /// The value there, or `new` when there is none.
    pub fn or_insert(self, new: Value) -> &'a mut Value {
        self.or_insert_with(|| new)
    }
}

/// Of several values for one key the last counts.
impl<K: Into<Key>> FromIterator<(K, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter().map(|(key, value)| (key.into(), value));
        let mut entries = Vec::with_capacity(pairs.size_hint().0);
        entries.extend(pairs);
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        if entries.windows(2).any(|two| two[0].0 == two[1].0) {
            entries.reverse();
            entries.dedup_by(|later, first| later.0 == first.0);
            entries.reverse();
        }
        Self { entries }
    }
}

impl<K: Into<Key>, const N: usize> From<[(K, Value); N]> for Map {
    fn from(pairs: [(K, Value); N]) -> Self {
        pairs.into_iter().collect()
    }
}

impl<K: Into<Key>> Extend<(K, Value)> for Map {
    fn extend<I: IntoIterator<Item = (K, Value)>>(&mut self, pairs: I) {
        for (key, value) in pairs {
            self.insert(key, value);
        }
    }
}

impl IntoIterator for Map {
    type Item = Pair;
    type IntoIter = std::vec::IntoIter<Pair>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = (&'a Key, &'a Value);
    type IntoIter = Pairs<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut Map {
    type Item = (&'a Key, &'a mut Value);
    type IntoIter = PairsMut<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}
