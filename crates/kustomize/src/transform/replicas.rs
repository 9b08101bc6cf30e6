//! `replicas`: the count of a workload, found by any name it has or had.

use crate::BuildError;
use crate::kustomization::Kustomization;
use crate::resmap::{ResMap, transform};
use crate::resource::Resource;
use serde_json::{Map, Value};
use std::collections::HashMap;

const KINDS: [&str; 4] = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"];

/// Sets the replicas of a layer.
///
/// # Errors
/// When a name is no workload's.
pub(crate) fn run(kustomization: &Kustomization, map: &mut ResMap) -> Result<(), BuildError> {
    if kustomization.replicas.is_empty() {
        return Ok(());
    }
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, resource) in map.iter().enumerate() {
        for name in names(resource) {
            let places = by_name.entry(name.to_owned()).or_default();
            if places.last() != Some(&at) {
                places.push(at);
            }
        }
    }
    for replicas in &kustomization.replicas {
        let Some(places) = by_name.get(&replicas.name) else {
            let message = format!("replicas: there is no {} named `{}`", KINDS.join(", "), replicas.name);
            return Err(transform(&kustomization.file, message));
        };
        for &at in places {
            let Some(object) = map.contents_mut()[at].value.as_object_mut() else { continue };
            let spec = object.entry("spec").or_insert(Value::Null);
            if spec.is_null() {
                *spec = Value::Object(Map::new());
            }
            if let Some(spec) = spec.as_object_mut() {
                spec.insert("replicas".to_owned(), Value::from(replicas.count));
            }
        }
    }
    Ok(())
}

/// Every name a workload has or had while it was one.
fn names(resource: &Resource) -> impl Iterator<Item = &str> {
    let former = resource
        .previous
        .iter()
        .filter(|previous| KINDS.contains(&previous.kind.as_str()))
        .map(|previous| previous.name.as_str());
    former.chain(KINDS.contains(&resource.kind()).then(|| resource.name()))
}
