//! `vars`: `$(NAME)` in fields that may hold it becomes a field's value of an object.
//!
//! A var finds its object while its own layer is built, by any identity the object has or had; its value is read once
//! all names are final.

mod expand;

use crate::config::Config;
use crate::field::{self, FieldSpec, Leaf};
use crate::kustomization::Var;
use crate::replace::path::{lookup, split};
use crate::resmap::ResMap;
use crate::{BuildError, BuildErrors, id};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use teal_yaml::Value;

/// The vars of a layer and of those below it, by name.
#[derive(Default)]
pub(crate) struct Vars(BTreeMap<String, Var>);

impl Vars {
    /// Takes the vars of one kustomization in and notes them at their objects.
    ///
    /// # Errors
    /// A name that is taken, or a var whose object could be several.
    pub(crate) fn add(&mut self, vars: &[Var], map: &mut ResMap) -> Result<(), BuildErrors> {
        if vars.is_empty() {
            return Ok(());
        }
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, resource) in map.iter().enumerate() {
            for (_, name, _) in resource.ids() {
                let places = by_name.entry(name.to_owned()).or_default();
                if places.last() != Some(&at) {
                    places.push(at);
                }
            }
        }
        let mut errors = Vec::new();
        for var in vars {
            let places = by_name.get(&var.object).map_or(&[][..], Vec::as_slice);
            let matched: Vec<usize> = places.iter().copied().filter(|&at| refers(var, &map.as_slice()[at])).collect();
            match matched.as_slice() {
                [] => {}
                &[at] => map.contents_mut()[at].vars.push(var.name.clone()),
                _ => {
                    let message = format!(
                        "found {} objects for var `{}` (unable to disambiguate); say its namespace",
                        matched.len(),
                        var.name
                    );
                    errors.push(wrong(var, message));
                }
            }
            errors.extend(self.insert(var.clone()).err());
        }
        if errors.is_empty() { Ok(()) } else { Err(BuildErrors(errors)) }
    }

    /// Takes the vars of another layer in.
    ///
    /// # Errors
    /// A name that is taken.
    pub(crate) fn merge(&mut self, other: Self) -> Result<(), BuildErrors> {
        let errors: Vec<BuildError> = other.0.into_values().filter_map(|var| self.insert(var).err()).collect();
        if errors.is_empty() { Ok(()) } else { Err(BuildErrors(errors)) }
    }

    fn insert(&mut self, var: Var) -> Result<(), BuildError> {
        if self.0.contains_key(&var.name) {
            return Err(wrong(&var, format!("var '{}' already encountered", var.name)));
        }
        self.0.insert(var.name.clone(), var);
        Ok(())
    }

    /// Replaces every reference in the finished objects.
    ///
    /// # Errors
    /// A var without an object or field, or a place that is of another shape than references may be in.
    pub(crate) fn resolve(&self, map: &mut ResMap, config: &Config) -> Result<(), BuildErrors> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut sources: HashMap<&str, usize> = HashMap::new();
        for (at, resource) in map.iter().enumerate() {
            for name in &resource.vars {
                sources.entry(name).or_insert(at);
            }
        }
        let (mut values, mut errors) = (HashMap::new(), Vec::new());
        for var in self.0.values() {
            let Some(&at) = sources.get(var.name.as_str()) else {
                let message = format!("var '{}' cannot be mapped to a field in the set of known resources", var.name);
                errors.push(wrong(var, message));
                continue;
            };
            let resource = &map.as_slice()[at];
            match lookup(&resource.value, &field_path(&var.field_path)) {
                Ok(Some(value)) => drop(values.insert(var.name.clone(), expand::value_of(value, resource))),
                _ => errors.push(wrong(
                    var,
                    format!(
                        "field `{}` specified in var '{}' not found in corresponding resource",
                        var.field_path, var.name
                    ),
                )),
            }
        }
        if !errors.is_empty() {
            return Err(BuildErrors(errors));
        }
        replace(map, &config.var_reference, &values)
    }
}

fn wrong(var: &Var, message: String) -> BuildError {
    BuildError::Kustomization { file: var.file.clone(), at: var.at, message }
}

/// Says whether a var means an object, by an identity of now or before.
fn refers(var: &Var, resource: &crate::resource::Resource) -> bool {
    if resource.is_deleted() || resource.api_version() != var.api_version {
        return false;
    }
    resource.ids().any(|(namespace, name, kind)| {
        let namespace = match namespace {
            id::NO_NAMESPACE => id::NO_NAMESPACE,
            text => resource.scopes().effective_namespace(&var.api_version, kind, text),
        };
        name == var.object && kind == var.kind && (var.namespace.is_empty() || namespace == var.namespace)
    })
}

/// The parts of a path; `ports[0]` are two.
fn field_path(path: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for part in split(path) {
        let index = part.strip_suffix(']').and_then(|part| part.rsplit_once('['));
        match index.filter(|(_, index)| !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit())) {
            Some((name, index)) => {
                if !name.is_empty() {
                    parts.push(name.to_owned());
                }
                parts.push(index.to_owned());
            }
            None => parts.push(part),
        }
    }
    parts
}

fn replace(map: &mut ResMap, specs: &[FieldSpec], values: &HashMap<String, Value>) -> Result<(), BuildErrors> {
    let paths: Vec<Vec<Cow<'_, str>>> = specs.iter().map(|spec| field::split(&spec.path)).collect();
    for resource in map.contents_mut() {
        for (spec, path) in specs.iter().zip(&paths) {
            if !spec.selects(resource.api_version(), resource.kind()) {
                continue;
            }
            let done =
                field::visit(&mut resource.value, path, Leaf::None, &mut |value| expand::in_place(value, values));
            done.map_err(|message| BuildError::Object {
                file: resource.origin.file.to_string(),
                at: teal_yaml::Place { line: resource.origin.line, column: 1 },
                message: format!("vars in {} at {}: {message}", resource.describe(), spec.path),
            })?;
        }
        resource.follow_links();
    }
    Ok(())
}
