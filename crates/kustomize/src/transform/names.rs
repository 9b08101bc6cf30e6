//! `namePrefix` and `nameSuffix`.

use crate::BuildError;
use crate::id::split_api_version;
use crate::kustomization::Kustomization;
use crate::resmap::ResMap;
use crate::resource::Resource;

/// Puts the prefix before every name.
///
/// # Errors
/// When two objects become one.
pub(crate) fn prefix(kustomization: &Kustomization, map: &mut ResMap) -> Result<(), BuildError> {
    let prefix = &kustomization.name_prefix;
    rename(prefix, map, |resource, name| {
        resource.prefixes.push(prefix.clone());
        format!("{prefix}{name}")
    })
}

/// Puts the suffix behind every name.
///
/// # Errors
/// When two objects become one.
pub(crate) fn suffix(kustomization: &Kustomization, map: &mut ResMap) -> Result<(), BuildError> {
    let suffix = &kustomization.name_suffix;
    rename(suffix, map, |resource, name| {
        resource.suffixes.push(suffix.clone());
        format!("{name}{suffix}")
    })
}

fn rename(affix: &str, map: &mut ResMap, name_of: impl Fn(&mut Resource, &str) -> String) -> Result<(), BuildError> {
    if affix.is_empty() {
        return Ok(());
    }
    for resource in map.identities_mut().iter_mut().filter(|resource| !keeps_name(resource)) {
        let old = resource.name().to_owned();
        resource.remember_id();
        let name = name_of(resource, &old);
        resource.set_name(&name);
    }
    map.reindex()
}

/// Names that other systems give their meaning to.
fn keeps_name(resource: &Resource) -> bool {
    match resource.original_kind() {
        "CustomResourceDefinition" | "Namespace" => true,
        "APIService" => split_api_version(resource.api_version()).0 == "apiregistration.k8s.io",
        _ => false,
    }
}
