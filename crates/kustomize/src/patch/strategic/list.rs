//! Lists that merge item by item.
//!
//! With one key, the items that the patch names come first, in its order; with several, what is new comes first and
//! everything else keeps its place. Keys that no item has do not count. Lookups go by an index of the keys.

use super::{DIRECTIVE, Directive, Merge, Misfit, directive, directive_of, simulated};
use crate::schema::{Shape, TypeRef};
use std::collections::{HashMap, HashSet};
use teal_yaml::{Map, Value};

/// Longest lists (both together) of which some items lack a key that are merged in kustomize's own, square way.
const LONGEST_SIMULATED: usize = 500;

impl<'s> Merge<'s> {
    /// Merges two lists; `false` when the list goes away.
    pub(super) fn list(
        &self,
        dest: &mut Vec<Value>,
        patch: &[Value],
        keys: &[String],
        of: Option<TypeRef<'s>>,
    ) -> Result<bool, Misfit> {
        match whole(patch)? {
            Some(Directive::Delete) => Ok(false),
            Some(Directive::Replace) => {
                *dest = self.new_list(patch, keys, of)?;
                Ok(true)
            }
            Some(Directive::Merge) => {
                let rest: Vec<Value> = patch.iter().filter(|item| !is_directive(item)).cloned().collect();
                self.merge_list(dest, &rest, keys, of).map(|()| true)
            }
            None => self.merge_list(dest, patch, keys, of).map(|()| true),
        }
    }

    pub(super) fn merge_list(
        &self,
        dest: &mut Vec<Value>,
        patch: &[Value],
        keys: &[String],
        of: Option<TypeRef<'s>>,
    ) -> Result<(), Misfit> {
        if keys.is_empty() {
            merge_set(dest, patch);
            return Ok(());
        }
        // Keys that some item has.
        let used: Vec<&String> =
            keys.iter().filter(|key| dest.iter().chain(patch).any(|item| !key_text(item, key).is_empty())).collect();
        let is_whole = |item: &Value| used.iter().all(|key| !key_text(item, key).is_empty());
        let is_clean = !used.is_empty() && dest.iter().chain(patch).all(is_whole);
        if !is_clean && dest.len() + patch.len() <= LONGEST_SIMULATED {
            return simulated::merge(self, dest, patch, keys, of);
        }
        let tuple = |item: &Value| used.iter().map(|key| key_text(item, key)).collect::<Vec<_>>();
        if used.len() == 1 { self.by_patch(dest, patch, &tuple, of) } else { self.by_place(dest, patch, &tuple, of) }
            .map_err(|wrong| if used.is_empty() { wrong } else { wrong.within("[]") })
    }

    /// One key: items the patch names come first, in its order. Of several items with one key the last stays.
    fn by_patch(
        &self,
        dest: &mut Vec<Value>,
        patch: &[Value],
        tuple: &dyn Fn(&Value) -> Vec<String>,
        of: Option<TypeRef<'s>>,
    ) -> Result<(), Misfit> {
        let mut old = Items::new(std::mem::take(dest), tuple);
        let mut seen = HashSet::new();
        for item in patch {
            let key = tuple(item);
            if seen.insert(key.clone()) {
                dest.extend(self.known_item(old.take(&key), item, of)?);
            }
        }
        for key in old.keys() {
            if seen.insert(key.clone())
                && let Some((mut item, _)) = old.take(&key)
                && !is_empty(&item)
            {
                self.tidy(&mut item, Shape { of, keys: None })?;
                dest.push(item);
            }
        }
        Ok(())
    }

    /// Several keys: what is new comes first, everything else keeps its place.
    fn by_place(
        &self,
        dest: &mut Vec<Value>,
        patch: &[Value],
        tuple: &dyn Fn(&Value) -> Vec<String>,
        of: Option<TypeRef<'s>>,
    ) -> Result<(), Misfit> {
        let mut changes: HashMap<Vec<String>, &Value> = HashMap::new();
        let mut order = Vec::new();
        for item in patch {
            let key = tuple(item);
            if !changes.contains_key(&key) {
                changes.insert(key.clone(), item);
                order.push(key);
            }
        }
        let mut old = Items::new(std::mem::take(dest), tuple);
        let places = old.last_keys();
        for key in order.iter().filter(|key| !old.has(key)) {
            dest.extend(changes.get(key).map(|item| self.added_item(item, of)).transpose()?.flatten());
        }
        for key in places {
            let Some(known) = old.take(&key) else { continue };
            match changes.get(&key) {
                Some(change) => dest.extend(self.known_item(Some(known), change, of)?),
                None if is_empty(&known.0) => {}
                None => {
                    let (mut known, _) = known;
                    self.tidy(&mut known, Shape { of, keys: None })?;
                    dest.push(known);
                }
            }
        }
        Ok(())
    }

    /// An item and whether its key is another item's as well: then the patch goes into the first of them, and the last
    /// one is what stays.
    fn known_item(
        &self,
        known: Option<(Value, bool)>,
        patch: &Value,
        of: Option<TypeRef<'s>>,
    ) -> Result<Option<Value>, Misfit> {
        match known {
            Some((item, true)) => Ok(self.item(Some(item.clone()), patch, of)?.map(|_| item)),
            known => self.item(known.map(|(item, _)| item), patch, of),
        }
    }

    /// One item of a list that merges; `None` when it goes away.
    pub(super) fn item(
        &self,
        known: Option<Value>,
        patch: &Value,
        of: Option<TypeRef<'s>>,
    ) -> Result<Option<Value>, Misfit> {
        let Some(mut item) = known else { return self.added_item(patch, of) };
        // kustomize puts the old item back over one that says `$patch: replace`; so do we.
        if patch.as_object().map(directive).transpose()? == Some(Directive::Replace) {
            return Ok(Some(item));
        }
        let there = Self { at: self.at.item(item.get("name").and_then(Value::as_str)), ..*self };
        let stays = there.value(&mut item, patch, Shape { of, keys: None })?;
        Ok((stays && !is_empty(&item)).then_some(item))
    }

    pub(super) fn added_item(&self, patch: &Value, of: Option<TypeRef<'s>>) -> Result<Option<Value>, Misfit> {
        Ok(self.added(patch, Shape { of, keys: None })?.filter(|item| !is_empty(item)))
    }

    /// A list where there was none: to kustomize it is the patch's own, which it then merges with itself.
    pub(super) fn new_list(
        &self,
        items: &[Value],
        keys: &[String],
        of: Option<TypeRef<'s>>,
    ) -> Result<Vec<Value>, Misfit> {
        let patch: Vec<Value> = items.iter().filter(|item| !is_directive(item)).cloned().collect();
        if keys.is_empty() {
            return Ok(patch);
        }
        let (mut new, mut changes) = (Vec::with_capacity(patch.len()), Vec::with_capacity(patch.len()));
        for item in patch {
            let Value::Object(map) = &item else {
                return Err(Misfit::new("the items of this list must be mappings"));
            };
            // What says `$patch: delete` is there until the merge takes it out.
            let is_deleted = directive(map)? == Directive::Delete;
            let mut map = map.clone();
            map.remove(DIRECTIVE);
            let Some(clean) = self.added_item(&Value::Object(map), of)? else { continue };
            changes.push(if is_deleted { item } else { clean.clone() });
            new.push(clean);
        }
        self.merge_list(&mut new, &changes, keys, of)?;
        Ok(new)
    }
}

/// Items by their key: the first of a key is merged into, the last one is what stays.
struct Items {
    items: Vec<Option<Value>>,
    keys: Vec<Vec<String>>,
    places: HashMap<Vec<String>, (usize, usize)>,
}

impl Items {
    fn new(items: Vec<Value>, tuple: &dyn Fn(&Value) -> Vec<String>) -> Self {
        let keys: Vec<Vec<String>> = items.iter().map(tuple).collect();
        let mut places: HashMap<Vec<String>, (usize, usize)> = HashMap::with_capacity(keys.len());
        for (at, key) in keys.iter().enumerate() {
            places.entry(key.clone()).and_modify(|(_, last)| *last = at).or_insert((at, at));
        }
        Self { items: items.into_iter().map(Some).collect(), keys, places }
    }

    fn has(&self, key: &[String]) -> bool {
        self.places.contains_key(key)
    }

    /// The item that stays for a key, and whether there were others of this key.
    fn take(&mut self, key: &[String]) -> Option<(Value, bool)> {
        let (first, last) = self.places.get(key)?;
        let is_repeated = first != last;
        self.items[*last].take().map(|item| (item, is_repeated))
    }

    /// Keys in the order of their first item.
    fn keys(&self) -> Vec<Vec<String>> {
        self.ordered(|(first, _)| first)
    }

    /// Keys in the order of their last item.
    fn last_keys(&self) -> Vec<Vec<String>> {
        self.ordered(|(_, last)| last)
    }

    fn ordered(&self, which: impl Fn((usize, usize)) -> usize) -> Vec<Vec<String>> {
        let is_it = |at: usize, key: &Vec<String>| self.places.get(key).is_some_and(|places| which(*places) == at);
        self.keys.iter().enumerate().filter(|(at, key)| is_it(*at, key)).map(|(_, key)| key.clone()).collect()
    }
}

/// The first item with a directive speaks of the whole list, if it says nothing else.
pub(super) fn whole(patch: &[Value]) -> Result<Option<Directive>, Misfit> {
    match patch.iter().find_map(|item| item.get(DIRECTIVE).map(|value| (item, value))) {
        Some((item, value)) if item.as_object().is_some_and(|map| map.len() == 1) => directive_of(value).map(Some),
        _ => Ok(None),
    }
}

/// An item `{$patch: …}` alone speaks of the whole list.
fn is_directive(item: &Value) -> bool {
    item.as_object().is_some_and(|map| map.len() == 1 && map.contains_key(DIRECTIVE))
}

pub(super) fn is_empty(item: &Value) -> bool {
    item.is_null() || item.as_object().is_some_and(Map::is_empty)
}

/// Scalars: the patch's first, then the others.
fn merge_set(dest: &mut Vec<Value>, patch: &[Value]) {
    let mut seen = HashSet::new();
    let old = std::mem::take(dest);
    let new = patch.iter().filter(|item| !is_directive(item)).cloned();
    dest.extend(new.chain(old).filter(|item| seen.insert(item.to_string())));
}

/// The key of an item as text; empty when it has none.
pub(super) fn key_text(item: &Value, key: &str) -> String {
    match item.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
        _ => String::new(),
    }
}
