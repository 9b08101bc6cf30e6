//! The list of objects of one layer, with indexes by identity and by name so that no lookup walks the list.
//!
//! Indexes are made when they are first needed and forgotten when identities change. A list may hold one identity twice
//! for a while, as in kustomize: what is added is checked ([`ResMap::append`]), and the whole list where kustomize
//! checks it ([`ResMap::check_unique`]).

mod absorb;

use crate::BuildError;
use crate::patch::Selector;
use crate::resource::Resource;
use std::collections::HashMap;

/// Keys → places in the list.
type Index = HashMap<String, Vec<usize>>;

#[derive(Default)]
pub(crate) struct ResMap {
    list: Vec<Resource>,
    /// Current identity → first place.
    current: Option<HashMap<String, usize>>,
    /// Current and former identities → places.
    any: Option<Index>,
    /// Current and first names → places.
    names: Option<Index>,
}

impl ResMap {
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Resource> {
        self.list.iter()
    }

    pub(crate) fn as_slice(&self) -> &[Resource] {
        &self.list
    }

    /// The objects, to be changed in ways that leave their identities alone.
    pub(crate) fn contents_mut(&mut self) -> &mut [Resource] {
        &mut self.list
    }

    /// The objects, to be changed in any way.
    pub(crate) fn identities_mut(&mut self) -> &mut Vec<Resource> {
        (self.current, self.any, self.names) = (None, None, None);
        &mut self.list
    }

    pub(crate) fn into_list(self) -> Vec<Resource> {
        self.list
    }

    /// Changes one object in any way; indexes are kept when its identity stays what it was.
    pub(crate) fn change<T>(&mut self, at: usize, change: impl FnOnce(&mut Resource) -> T) -> T {
        let resource = &mut self.list[at];
        let (key, former) = (resource.key(), resource.previous.len());
        let result = change(resource);
        resource.follow_links();
        // What was remembered meanwhile is the identity of before, which the indexes know.
        let is_same = resource.is_deleted()
            || (resource.key() == key && (former..=former + 1).contains(&resource.previous.len()));
        if !is_same {
            (self.current, self.any, self.names) = (None, None, None);
        }
        result
    }

    /// Takes deleted objects out of the list.
    pub(crate) fn sweep(&mut self) {
        if self.list.iter().any(Resource::is_deleted) {
            self.identities_mut().retain(|resource| !resource.is_deleted());
        }
    }

    /// Checks that identities are unique.
    pub(crate) fn check_unique(&self) -> Result<(), BuildError> {
        let mut seen = HashMap::with_capacity(self.list.len());
        for (at, resource) in self.list.iter().enumerate().filter(|(_, resource)| !resource.is_deleted()) {
            if let Some(first) = seen.insert(resource.key(), at) {
                return Err(duplicate(&self.list[first], resource));
            }
        }
        Ok(())
    }

    /// Adds an object.
    ///
    /// # Errors
    /// When one of its identity is there.
    pub(crate) fn append(&mut self, resource: Resource) -> Result<(), BuildError> {
        let at = self.list.len();
        let key = resource.key();
        let current = self.current.get_or_insert_with(|| {
            let mut index = HashMap::with_capacity(self.list.len() + 1);
            for (at, resource) in self.list.iter().enumerate() {
                index.entry(resource.key()).or_insert(at);
            }
            index
        });
        if let Some(&first) = current.get(&key) {
            return Err(duplicate(&self.list[first], &resource));
        }
        current.insert(key, at);
        (self.any, self.names) = (None, None);
        self.list.push(resource);
        Ok(())
    }

    /// Appends all of another layer.
    ///
    /// # Errors
    /// When one identity is in both, or twice in the other.
    pub(crate) fn append_all(&mut self, other: Self) -> Result<(), BuildError> {
        other.list.into_iter().try_for_each(|resource| self.append(resource))
    }

    /// Places of the objects that have, or had, an identity.
    pub(crate) fn with_id(&mut self, key: &str) -> Vec<usize> {
        let list = &self.list;
        let index = self.any.get_or_insert_with(|| {
            let mut index = Index::with_capacity(list.len() * 2);
            for (at, resource) in list.iter().enumerate() {
                for previous in &resource.previous {
                    add(&mut index, resource.previous_key(previous), at);
                }
                add(&mut index, resource.key(), at);
            }
            index
        });
        let places = index.get(key).map_or(&[][..], Vec::as_slice);
        places.iter().copied().filter(|&at| !list[at].is_deleted()).collect()
    }

    /// Places of the objects a selector takes, in order. A selector with a plain name costs no walk.
    pub(crate) fn selected(&mut self, selector: &Selector) -> Vec<usize> {
        let list = &self.list;
        let takes = |at: &usize| !list[*at].is_deleted() && selector.matches_resource(&list[*at]);
        let Some(name) = selector.plain_name() else { return (0..list.len()).filter(takes).collect() };
        let index = self.names.get_or_insert_with(|| {
            let mut index = Index::with_capacity(list.len() * 2);
            for (at, resource) in list.iter().enumerate() {
                add(&mut index, resource.original_name().to_owned(), at);
                add(&mut index, resource.name().to_owned(), at);
            }
            index
        });
        index.get(name).map_or(&[][..], Vec::as_slice).iter().copied().filter(takes).collect()
    }
}

fn add(index: &mut Index, key: String, at: usize) {
    let places = index.entry(key).or_default();
    if places.last() != Some(&at) {
        places.push(at);
    }
}

fn duplicate(first: &Resource, second: &Resource) -> BuildError {
    BuildError::Duplicate { id: second.describe(), first: first.origin.to_string(), second: second.origin.to_string() }
}

pub(crate) fn transform(file: &str, message: impl Into<String>) -> BuildError {
    BuildError::Transform { file: file.to_owned(), message: message.into() }
}
