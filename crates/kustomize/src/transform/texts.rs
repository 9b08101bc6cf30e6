//! Labels and annotations: text pairs for the mappings that field specs lead to.

use crate::field::{self, FieldSpec, Leaf};
use crate::kustomization::TextMap;
use crate::resmap::{ResMap, transform};
use crate::resource::Resource;
use crate::{BuildError, links};
use teal_yaml::Value;

/// Writes text pairs into the mappings that `specs` lead to.
///
/// # Errors
/// When a place is no mapping.
pub(super) fn set(
    pairs: &TextMap,
    specs: &[FieldSpec],
    file: &str,
    map: &mut ResMap,
    what: &str,
) -> Result<(), BuildError> {
    if pairs.is_empty() {
        return Ok(());
    }
    let paths: Vec<_> = specs.iter().map(|spec| field::split(&spec.path)).collect();
    for resource in map.contents_mut() {
        let selected: Vec<_> = specs
            .iter()
            .zip(&paths)
            .filter(|(spec, _)| spec.selects(resource.api_version(), resource.kind()))
            .collect();
        let before = links::places(resource, &selected, pairs.keys());
        for (spec, path) in &selected {
            let is_there = spec.path == "metadata/annotations" && has_annotations(resource);
            let leaf = if spec.create || is_there { Leaf::Map } else { Leaf::None };
            let done = field::visit(&mut resource.value, path, leaf, &mut |value| put(value, pairs));
            if let Err(wrong) = done {
                let message = format!("{what} of {} at {}: {wrong}", resource.describe(), spec.path);
                return Err(transform(file, message));
            }
        }
        resource.follow_links();
        if selected.len() > 1 {
            let after = links::places(resource, &selected, pairs.keys());
            resource.link(after.difference(&before).cloned().collect());
        }
    }
    Ok(())
}

/// To kustomize annotations are there once it keeps notes among them, and when they are null as well.
fn has_annotations(resource: &Resource) -> bool {
    let field = resource.value.get("metadata").and_then(|metadata| metadata.get("annotations"));
    resource.has_notes() || field.is_some_and(Value::is_null)
}

fn put(value: &mut Value, pairs: &TextMap) -> Result<(), String> {
    match value {
        Value::Object(_) if pairs.iter().any(|(key, _)| key.is_empty()) => Err("a key of it is empty".to_owned()),
        Value::Object(map) => {
            for (key, text) in pairs {
                map.insert(key.clone(), Value::String(text.clone()));
            }
            Ok(())
        }
        Value::Null => Ok(()),
        _ => Err("found something else where a mapping should be".to_owned()),
    }
}
