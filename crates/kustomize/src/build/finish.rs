//! What happens once, at the top, when all layers are accumulated: hashes, references, vars, order, metadata.

use super::accumulate::Root;
use super::{Built, Options, Reorder};
use crate::config::Config;
use crate::kustomization::SortOrder;
use crate::provenance::{ORIGIN, TRANSFORMATIONS, transformations};
use crate::resource::Resource;
use crate::{BuildError, BuildErrors, reference, sort, transform};
use std::rc::Rc;
use teal_yaml::{Map, Value};

/// The label that `buildMetadata: [managedByLabel]` sets.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// What [`MANAGED_BY`] says: the version of kustomize whose results are followed.
pub const MANAGED_BY_VALUE: &str = "kustomize-v5.8.2";

/// Finishes a build.
pub(super) fn finish(root: Root, options: &Options) -> Result<Vec<Built>, BuildErrors> {
    let Root { mut layer, order, metadata, .. } = root;
    let config = layer.config.unwrap_or_else(|| Rc::new(Config::built_in()));
    transform::hash_names(&mut layer.map);
    reference::fix(&mut layer.map, &config.name_reference)?;
    layer.vars.resolve(&mut layer.map, &config)?;
    let mut left = layer.map.iter().filter(|resource| !resource.is_deleted());
    if let Some((nameless, what)) = left.find_map(|resource| Some((resource, lacks(resource)?))) {
        return Err(BuildError::Object {
            file: nameless.origin.file.to_string(),
            at: teal_yaml::Place { line: nameless.origin.line, column: 1 },
            message: format!("missing {what} in object {}: a patch took it away", nameless.describe()),
        }
        .into());
    }
    layer.map.identities_mut().retain(|resource| !resource.is_deleted() && !is_local_config(resource));
    layer.map.check_unique()?;
    let mut resources = layer.map.into_list();
    let default = match options.reorder {
        Reorder::Legacy => SortOrder::Legacy(None),
        Reorder::None => SortOrder::Fifo,
    };
    sort::sort(&mut resources, &order.unwrap_or(default));
    let asks = |what: &str| metadata.iter().any(|asked| asked == what);
    let (origins, steps, managed) = (asks("originAnnotations"), asks("transformerAnnotations"), asks("managedByLabel"));
    Ok(resources
        .into_iter()
        .map(|mut resource| {
            if managed {
                set(&mut resource, "labels", MANAGED_BY, Some(MANAGED_BY_VALUE.to_owned()));
            }
            annotations_as_texts(&mut resource);
            resource.remove_notes();
            let origin = resource.provenance.as_ref().filter(|_| origins).map(|origin| origin.annotation());
            set(&mut resource, "annotations", ORIGIN, origin);
            let done = steps && !resource.transformations.is_empty();
            let done = done.then(|| transformations(&resource.transformations));
            set(&mut resource, "annotations", TRANSFORMATIONS, done);
            Built { value: resource.value, origin: resource.origin }
        })
        .collect())
}

/// Sets or takes away an entry of a text map of `metadata`; an empty map goes.
fn set(resource: &mut Resource, field: &str, key: &str, text: Option<String>) {
    let Some(metadata) = resource.metadata_mut() else { return };
    if text.is_none() && !metadata.contains_key(field) {
        return;
    }
    let entries = metadata.entry(field).or_insert_with(|| Value::Object(Map::new()));
    if entries.is_null() {
        *entries = Value::Object(Map::new());
    }
    let Some(entries) = entries.as_object_mut() else { return };
    match text {
        Some(text) => drop(entries.insert(key.to_owned(), Value::String(text))),
        None => drop(entries.remove(key)),
    }
    if entries.is_empty() {
        metadata.remove(field);
    }
}

/// Which part of its identity an object has no more. A number is a kind or a name as well, to kustomize.
fn lacks(resource: &Resource) -> Option<&'static str> {
    let is_missing = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Number(_) | Value::Bool(_)) => false,
        _ => true,
    };
    let name = resource.value.get("metadata").and_then(|metadata| metadata.get("name"));
    if is_missing(resource.value.get("kind")) {
        return Some("kind");
    }
    (is_missing(name) && !resource.kind().ends_with("List")).then_some("metadata.name")
}

/// Whatever wrote them, annotations are texts in the end; what holds others has none of its own.
fn annotations_as_texts(resource: &mut Resource) {
    let annotations = resource.value.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations"));
    for value in annotations.and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        match value {
            Value::Number(_) | Value::Bool(_) | Value::Null => *value = Value::String(value.to_string()),
            Value::Object(_) | Value::Array(_) => *value = Value::String(String::new()),
            Value::String(_) => {}
        }
    }
}

/// Objects marked as configuration of kustomize itself are no part of the result.
fn is_local_config(resource: &Resource) -> bool {
    resource
        .metadata_map("annotations")
        .and_then(|annotations| annotations.get("config.kubernetes.io/local-config"))
        .is_some_and(|value| value.as_str() != Some("false"))
}
