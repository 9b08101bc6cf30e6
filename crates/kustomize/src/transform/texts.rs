//! Labels and annotations: text pairs for the mappings that field specs lead to.

use crate::BuildError;
use crate::field::{self, FieldSpec, Leaf};
use crate::kustomization::TextMap;
use crate::resmap::{ResMap, transform};
use serde_json::Value;

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
        for (spec, path) in specs.iter().zip(&paths) {
            if !spec.selects(resource.api_version(), resource.kind()) {
                continue;
            }
            let leaf = if spec.create { Leaf::Map } else { Leaf::None };
            let done = field::visit(&mut resource.value, path, leaf, &mut |value| put(value, pairs));
            if let Err(wrong) = done {
                let message = format!("{what} of {} at {}: {wrong}", resource.describe(), spec.path);
                return Err(transform(file, message));
            }
        }
    }
    Ok(())
}

fn put(value: &mut Value, pairs: &TextMap) -> Result<(), String> {
    match value {
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
