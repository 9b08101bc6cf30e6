//! Indexes of a list of objects: by identity, by name, and by name and namespace.
//!
//! Each is made when it is first asked and learns from then on. But for that of identities of now, none forgets: a place
//! that is found may be of an object that has another identity by now; no place is missing. Places come in order.

use crate::resource::Resource;
use std::collections::HashMap;

/// Keys → places in the list.
type Index = HashMap<String, Vec<usize>>;

#[derive(Default)]
pub(super) struct Indexes {
    /// By identity of now, without deleted objects.
    current: Option<Current>,
    /// By identities of now and of before.
    any: Option<Index>,
    /// By names of now and of before.
    names: Option<Index>,
    /// By each of those names and each namespace of now and of before.
    places: Option<Index>,
}

#[derive(Default)]
struct Current {
    index: Index,
    /// How many objects have an identity that an earlier one has.
    surplus: usize,
}

impl Current {
    fn of(list: &[Resource]) -> Self {
        let mut current = Self { index: Index::with_capacity(list.len()), surplus: 0 };
        list.iter().enumerate().for_each(|(at, resource)| current.learn(resource, at));
        current
    }

    fn learn(&mut self, resource: &Resource, at: usize) {
        if !resource.is_deleted() && add(&mut self.index, resource.key(), at) {
            self.surplus += 1;
        }
    }

    fn forget(&mut self, key: &str, at: usize) {
        let Some(places) = self.index.get_mut(key) else { return };
        if let Ok(found) = places.binary_search(&at) {
            places.remove(found);
            self.surplus -= usize::from(!places.is_empty());
        }
    }
}

impl Indexes {
    /// The first object of this identity.
    pub(super) fn current(&mut self, list: &[Resource], key: &str) -> Option<usize> {
        let current = self.current.get_or_insert_with(|| Current::of(list));
        found(&current.index, key).first().copied()
    }

    /// Says whether no two objects have one identity.
    pub(super) fn are_unique(&mut self, list: &[Resource]) -> bool {
        self.current.get_or_insert_with(|| Current::of(list)).surplus == 0
    }

    /// Objects that have, or had, this identity.
    pub(super) fn any(&mut self, list: &[Resource], key: &str) -> &[usize] {
        found(self.any.get_or_insert_with(|| made(list, identities)), key)
    }

    /// Objects that have, or had, this name (and namespace).
    pub(super) fn named(&mut self, list: &[Resource], name: &str, namespace: Option<&str>) -> &[usize] {
        match namespace {
            None => found(self.names.get_or_insert_with(|| made(list, names)), name),
            Some(namespace) => {
                let index = self.places.get_or_insert_with(|| made(list, names_in_namespaces));
                found(index, &in_namespace(name, namespace))
            }
        }
    }

    /// Takes in what the object at a place is by now.
    pub(super) fn learn(&mut self, resource: &Resource, at: usize) {
        if let Some(current) = &mut self.current {
            current.learn(resource, at);
        }
        let more = [
            (&mut self.any, identities as Keys),
            (&mut self.names, names as Keys),
            (&mut self.places, names_in_namespaces as Keys),
        ];
        for (index, keys) in more {
            if let Some(index) = index {
                keys(resource, &mut |key| {
                    add(index, key, at);
                });
            }
        }
    }

    /// The object at a place has another identity now, or none.
    pub(super) fn forget(&mut self, key: &str, at: usize) {
        if let Some(current) = &mut self.current {
            current.forget(key, at);
        }
    }
}

/// What an object is found by.
type Keys = fn(&Resource, &mut dyn FnMut(String));

fn identities(resource: &Resource, add: &mut dyn FnMut(String)) {
    for previous in &resource.previous {
        add(resource.previous_key(previous));
    }
    add(resource.key());
}

fn names(resource: &Resource, add: &mut dyn FnMut(String)) {
    resource.ids().for_each(|(_, name, _)| add(name.to_owned()));
}

/// Selectors differ in what they take for the namespace of an object that says none, so each of them counts.
fn names_in_namespaces(resource: &Resource, add: &mut dyn FnMut(String)) {
    let written = resource.namespace();
    let more = ["default", resource.effective_namespace()];
    let more = more.into_iter().filter(|namespace| written.is_empty() || *namespace != "default");
    let mut namespaces: Vec<&str> = resource.ids().map(|(namespace, _, _)| namespace).chain(more).collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    for (_, name, _) in resource.ids() {
        namespaces.iter().for_each(|namespace| add(in_namespace(name, namespace)));
    }
}

fn in_namespace(name: &str, namespace: &str) -> String {
    format!("{namespace}\0{name}")
}

fn made(list: &[Resource], keys: Keys) -> Index {
    let mut index = Index::with_capacity(list.len());
    for (at, resource) in list.iter().enumerate() {
        keys(resource, &mut |key| {
            add(&mut index, key, at);
        });
    }
    index
}

fn found<'i>(index: &'i Index, key: &str) -> &'i [usize] {
    index.get(key).map_or(&[], Vec::as_slice)
}

/// Says whether another place is new under this key.
fn add(index: &mut Index, key: String, at: usize) -> bool {
    let places = index.entry(key).or_default();
    match places.binary_search(&at) {
        Ok(_) => false,
        Err(before) => {
            places.insert(before, at);
            places.len() > 1
        }
    }
}
