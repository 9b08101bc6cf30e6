//! `replicas`: the count of a workload, found by any name it has or had.

use crate::BuildError;
use crate::field::{self, FieldSpec, Leaf};
use crate::kustomization::Replicas;
use crate::resmap::{ResMap, transform};
use std::collections::HashMap;
use teal_yaml::Value;

/// Sets the replicas of a layer.
///
/// # Errors
/// When a name is no workload's, or its field is of another shape.
pub(super) fn run(replicas: &[Replicas], specs: &[FieldSpec], file: &str, map: &mut ResMap) -> Result<(), BuildError> {
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, resource) in map.iter().enumerate() {
        for (_, name, _) in resource.ids() {
            let places = by_name.entry(name.to_owned()).or_default();
            if places.last() != Some(&at) {
                places.push(at);
            }
        }
    }
    for replicas in replicas {
        let places = by_name.get(&replicas.name).map_or(&[][..], Vec::as_slice);
        let mut found = false;
        for spec in specs {
            let path = field::split(&spec.path);
            for &at in places {
                let resource = &mut map.contents_mut()[at];
                let is_it = |(_, name, kind): (&str, &str, &str)| {
                    name == replicas.name && spec.selects(resource.api_version(), kind)
                };
                if !resource.ids().any(is_it) {
                    continue;
                }
                found = true;
                if !spec.selects(resource.api_version(), resource.kind()) {
                    continue;
                }
                let leaf = if spec.create { Leaf::Text } else { Leaf::None };
                let set = &mut |value: &mut Value| match value {
                    Value::Object(_) | Value::Array(_) => Err("found something else than a number".to_owned()),
                    // A number in quotes stays in quotes.
                    Value::String(text) if !text.is_empty() && teal_yaml::needs_quotes(text) => {
                        *text = replicas.count.to_string();
                        Ok(())
                    }
                    _ => {
                        *value = Value::from(replicas.count);
                        Ok(())
                    }
                };
                field::visit(&mut resource.value, &path, leaf, set).map_err(|wrong| {
                    transform(file, format!("replicas of {} at {}: {wrong}", resource.describe(), spec.path))
                })?;
            }
        }
        if !found {
            let kinds: Vec<&str> = specs.iter().map(|spec| &*spec.kind).filter(|kind| !kind.is_empty()).collect();
            let kinds = if kinds.is_empty() { "object of these field specs".to_owned() } else { kinds.join(", ") };
            let message = format!("replicas: there is no {kinds} named `{}`", replicas.name);
            return Err(transform(file, message));
        }
    }
    Ok(())
}
