//! `namePrefix` and `nameSuffix`.

use crate::BuildError;
use crate::field::{self, FieldSpec, Leaf};
use crate::id::split_api_version;
use crate::resmap::{ResMap, transform};
use crate::resource::Resource;
use teal_yaml::Value;

/// Puts the prefix before every name.
///
/// # Errors
/// When a field is no text.
pub(super) fn prefix(prefix: &str, specs: &[FieldSpec], file: &str, map: &mut ResMap) -> Result<(), BuildError> {
    let note = |resource: &mut Resource| resource.prefixes.push(prefix.to_owned());
    rename(prefix, specs, file, map, note, &|name| format!("{prefix}{name}"))
}

/// Puts the suffix behind every name.
///
/// # Errors
/// When a field is no text.
pub(super) fn suffix(suffix: &str, specs: &[FieldSpec], file: &str, map: &mut ResMap) -> Result<(), BuildError> {
    let note = |resource: &mut Resource| resource.suffixes.push(suffix.to_owned());
    rename(suffix, specs, file, map, note, &|name| format!("{name}{suffix}"))
}

fn rename(
    affix: &str,
    specs: &[FieldSpec],
    file: &str,
    map: &mut ResMap,
    note: impl Fn(&mut Resource),
    name_of: &dyn Fn(&str) -> String,
) -> Result<(), BuildError> {
    if affix.is_empty() {
        return Ok(());
    }
    let paths: Vec<_> = specs.iter().map(|spec| field::split(&spec.path)).collect();
    for resource in map.identities_mut().iter_mut().filter(|resource| !keeps_name(resource)) {
        let kind = resource.original_kind().to_owned();
        for (spec, path) in specs.iter().zip(&paths) {
            if !spec.selects(resource.api_version(), &kind) || !spec.selects(resource.api_version(), resource.kind()) {
                continue;
            }
            if spec.path == "metadata/name" {
                note(resource);
                resource.remember_id();
            }
            let leaf = if spec.create { Leaf::Text } else { Leaf::None };
            field::visit(&mut resource.value, path, leaf, &mut |value| change(value, name_of)).map_err(|wrong| {
                transform(file, format!("name of {} at {}: {wrong}", resource.describe(), spec.path))
            })?;
        }
    }
    Ok(())
}

fn change(value: &mut Value, name_of: &dyn Fn(&str) -> String) -> Result<(), String> {
    let name = match value {
        Value::String(text) => name_of(text),
        Value::Number(_) | Value::Bool(_) => name_of(&value.to_string()),
        Value::Null => return Ok(()),
        _ => return Err("found a mapping or list where a name should be".to_owned()),
    };
    *value = Value::String(name);
    Ok(())
}

/// Names that other systems give their meaning to.
fn keeps_name(resource: &Resource) -> bool {
    match resource.original_kind() {
        "CustomResourceDefinition" | "Namespace" => true,
        "APIService" => split_api_version(resource.api_version()).0 == "apiregistration.k8s.io",
        _ => false,
    }
}
