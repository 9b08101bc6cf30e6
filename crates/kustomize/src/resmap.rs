//! The list of objects of one layer, with an index by identity so that no lookup walks the list.

use crate::BuildError;
use crate::resource::{Behavior, Resource};
use serde_json::{Map, Value};
use std::collections::HashMap;

#[derive(Default)]
pub(crate) struct ResMap {
    list: Vec<Resource>,
    /// Current identity → place in the list; `None` while identities may have changed.
    index: Option<HashMap<String, usize>>,
}

/// Current and former identities → places in the list.
pub(crate) type AnyIdIndex = HashMap<String, Vec<usize>>;

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

    /// The objects, to be changed in any way; call [`Self::reindex`] afterwards.
    pub(crate) fn identities_mut(&mut self) -> &mut Vec<Resource> {
        self.index = None;
        &mut self.list
    }

    pub(crate) fn into_list(self) -> Vec<Resource> {
        self.list
    }

    /// Drops deleted objects and checks that identities are unique.
    pub(crate) fn reindex(&mut self) -> Result<(), BuildError> {
        self.list.retain(|resource| !resource.is_deleted());
        let mut index = HashMap::with_capacity(self.list.len());
        for (at, resource) in self.list.iter().enumerate() {
            if let Some(first) = index.insert(resource.key(), at) {
                return Err(duplicate(&self.list[first], resource));
            }
        }
        self.index = Some(index);
        Ok(())
    }

    fn indexed(&mut self) -> Result<&mut HashMap<String, usize>, BuildError> {
        if self.index.is_none() {
            self.reindex()?;
        }
        Ok(self.index.get_or_insert_with(HashMap::new))
    }

    pub(crate) fn append(&mut self, resource: Resource) -> Result<(), BuildError> {
        let at = self.list.len();
        let key = resource.key();
        let index = self.indexed()?;
        if let Some(&first) = index.get(&key) {
            return Err(duplicate(&self.list[first], &resource));
        }
        index.insert(key, at);
        self.list.push(resource);
        Ok(())
    }

    /// Appends all of another layer.
    pub(crate) fn append_all(&mut self, other: Self) -> Result<(), BuildError> {
        if self.list.is_empty() {
            *self = other;
            return Ok(());
        }
        other.list.into_iter().try_for_each(|resource| self.append(resource))
    }

    /// The index by every identity an object has or had.
    pub(crate) fn any_id_index(&self) -> AnyIdIndex {
        let mut index: AnyIdIndex = HashMap::with_capacity(self.list.len() * 2);
        let mut add = |key: String, at: usize| {
            let places = index.entry(key).or_default();
            if places.last() != Some(&at) {
                places.push(at);
            }
        };
        for (at, resource) in self.list.iter().enumerate().filter(|(_, resource)| !resource.is_deleted()) {
            for previous in &resource.previous {
                add(resource.previous_key(previous), at);
            }
            add(resource.key(), at);
        }
        index
    }

    /// Takes generated objects in, each by its behaviour.
    pub(crate) fn absorb(&mut self, generated: Vec<Resource>, file: &str) -> Result<(), BuildError> {
        if generated.is_empty() {
            return Ok(());
        }
        let mut index = self.any_id_index();
        for resource in generated {
            let key = resource.key();
            match (index.get(&key).map_or(&[][..], Vec::as_slice), resource.behavior) {
                ([], Behavior::Create) => {
                    index.entry(key).or_default().push(self.list.len());
                    self.append(resource)?;
                }
                ([], Behavior::Merge | Behavior::Replace) => {
                    return Err(transform(
                        file,
                        format!(
                            "the generator of {} says behavior merge or replace, and there is nothing of that identity below it",
                            resource.describe()
                        ),
                    ));
                }
                (&[at], Behavior::Create) => return Err(duplicate(&self.list[at], &resource)),
                (&[at], behavior) => merge_generated(&mut self.list[at], resource, behavior),
                (_, _) => {
                    return Err(transform(
                        file,
                        format!("several objects could take the generated {}", resource.describe()),
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Puts a generated object over the one it merges with or replaces; name, namespace and history stay the old one's.
fn merge_generated(old: &mut Resource, mut new: Resource, behavior: Behavior) {
    for field in ["labels", "annotations"] {
        let mut merged = old.metadata_map(field).cloned().unwrap_or_default();
        merged.extend(new.metadata_map(field).cloned().unwrap_or_default());
        let Some(metadata) = new.metadata_mut() else { continue };
        if merged.is_empty() {
            metadata.remove(field);
        } else {
            metadata.insert(field.to_owned(), Value::Object(merged));
        }
    }
    if behavior == Behavior::Merge {
        for field in ["data", "binaryData"] {
            let mut merged: Map<String, Value> =
                old.value.get(field).and_then(Value::as_object).cloned().unwrap_or_default();
            merged.extend(new.value.get(field).and_then(Value::as_object).cloned().unwrap_or_default());
            let Some(object) = new.value.as_object_mut() else { continue };
            if merged.is_empty() {
                object.remove(field);
            } else {
                object.insert(field.to_owned(), Value::Object(merged));
            }
        }
    }
    new.set_name(old.name());
    new.set_namespace(old.namespace());
    old.needs_hash &= new.needs_hash;
    old.value = new.value;
}

fn duplicate(first: &Resource, second: &Resource) -> BuildError {
    BuildError::Duplicate { id: second.describe(), first: first.origin.to_string(), second: second.origin.to_string() }
}

pub(crate) fn transform(file: &str, message: impl Into<String>) -> BuildError {
    BuildError::Transform { file: file.to_owned(), message: message.into() }
}
