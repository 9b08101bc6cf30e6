//! The list of objects of one layer, with indexes by identity and by name so that no lookup walks the list.
//!
//! Indexes are made when they are first needed; where one object changes they learn its new identity, where all may have
//! changed they are forgotten. An index may know more than is true by now, so what it finds is looked at again. A list may
//! hold one identity twice for a while, as in kustomize: what is added is checked ([`ResMap::append`]), and the whole list
//! where kustomize checks it ([`ResMap::check_unique`]).

mod absorb;
mod index;

use crate::BuildError;
use crate::patch::Selector;
use crate::resource::Resource;
use index::Indexes;
use std::collections::HashMap;

#[derive(Default)]
pub(crate) struct ResMap {
    list: Vec<Resource>,
    indexes: Indexes,
    /// Some object may be deleted and still in the list.
    has_deleted: bool,
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
        self.indexes = Indexes::default();
        &mut self.list
    }

    pub(crate) fn into_list(self) -> Vec<Resource> {
        self.list
    }

    /// Changes one object in any way; indexes learn its identity where that is another one now.
    pub(crate) fn change<T>(&mut self, at: usize, change: impl FnOnce(&mut Resource) -> T) -> T {
        let resource = &mut self.list[at];
        let (key, former, was_deleted) = (resource.key(), resource.previous.len(), resource.is_deleted());
        let result = change(resource);
        resource.follow_links();
        self.has_deleted |= resource.is_deleted();
        // What was remembered meanwhile is the identity of before, which the indexes know.
        let is_same =
            resource.is_deleted() == was_deleted && resource.key() == key && resource.previous.len() <= former + 1;
        if !is_same {
            self.indexes.forget(&key, at);
            self.indexes.learn(&self.list[at], at);
        }
        result
    }

    /// Takes deleted objects out of the list.
    pub(crate) fn sweep(&mut self) {
        if std::mem::take(&mut self.has_deleted) {
            self.identities_mut().retain(|resource| !resource.is_deleted());
        }
    }

    /// Checks that identities are unique. Only the first check looks at every object.
    pub(crate) fn check_unique(&mut self) -> Result<(), BuildError> {
        if self.indexes.are_unique(&self.list) {
            return Ok(());
        }
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
        let (at, key) = (self.list.len(), resource.key());
        if let Some(first) = self.indexes.current(&self.list, &key) {
            return Err(duplicate(&self.list[first], &resource));
        }
        self.indexes.learn(&resource, at);
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
        let places = self.indexes.any(&self.list, key);
        let is_it = |resource: &Resource| {
            resource.key() == key || resource.previous.iter().any(|former| resource.previous_key(former) == key)
        };
        let list = &self.list;
        places.iter().copied().filter(|&at| !list[at].is_deleted() && is_it(&list[at])).collect()
    }

    /// Places of the objects a selector takes, in order. A selector with a plain name costs no walk.
    pub(crate) fn selected(&mut self, selector: &Selector) -> Vec<usize> {
        let mut places = self.perhaps(selector.plain_name(), selector.plain_namespace());
        places.retain(|&at| !self.list[at].is_deleted() && selector.matches_resource(&self.list[at]));
        places
    }

    /// Places of the objects that may have, or have had, this name in this namespace, in order: all of those, and perhaps
    /// others. `None` leaves a part open; without a name, every object is one.
    pub(crate) fn perhaps(&mut self, name: Option<&str>, namespace: Option<&str>) -> Vec<usize> {
        match name {
            Some(name) => self.indexes.named(&self.list, name, namespace).to_vec(),
            None => (0..self.list.len()).collect(),
        }
    }
}

fn duplicate(first: &Resource, second: &Resource) -> BuildError {
    BuildError::Duplicate { id: second.describe(), first: first.origin.to_string(), second: second.origin.to_string() }
}

pub(crate) fn transform(file: &str, message: impl Into<String>) -> BuildError {
    BuildError::Transform { file: file.to_owned(), at: None, fields: &[], message: message.into() }
}
