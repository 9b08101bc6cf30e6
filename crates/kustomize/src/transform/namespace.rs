//! `namespace`: every namespaced object moves, Namespace objects are renamed, services of API servers and webhooks and
//! the subjects named `default` follow.

use crate::BuildError;
use crate::field::{self, Leaf};
use crate::kustomization::Kustomization;
use crate::resmap::{ResMap, transform};
use crate::resource::{Resource, text};
use serde_json::Value;

/// Moves every object of the layer into the kustomization's namespace.
///
/// # Errors
/// When two objects become one, or a field is of another shape than its kind has.
pub(crate) fn run(kustomization: &Kustomization, map: &mut ResMap) -> Result<(), BuildError> {
    let namespace = kustomization.namespace.as_str();
    if namespace.is_empty() {
        return Ok(());
    }
    for resource in map.identities_mut() {
        resource.remember_id();
        if let Err(wrong) = move_one(resource, namespace) {
            return Err(transform(&kustomization.file, format!("namespace of {}: {wrong}", resource.describe())));
        }
    }
    map.reindex()
}

fn move_one(resource: &mut Resource, namespace: &str) -> Result<(), String> {
    if !resource.is_cluster_scoped() {
        resource.set_namespace(namespace);
    }
    let group = resource.api_version().split_once('/').map_or("", |(group, _)| group);
    let (path, leaf) = match (group, resource.kind()) {
        (_, "Namespace") if resource.api_version() == "v1" => {
            resource.set_name(namespace);
            return Ok(());
        }
        (_, "RoleBinding" | "ClusterRoleBinding") => {
            move_default_subjects(resource, namespace);
            return Ok(());
        }
        ("apiregistration.k8s.io", "APIService") => ("spec/service/namespace", Leaf::Text),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            ("spec/conversion/webhook/clientConfig/service/namespace", Leaf::None)
        }
        _ => return Ok(()),
    };
    field::visit(&mut resource.value, &field::split(path), leaf, &mut |value| {
        *value = Value::String(namespace.to_owned());
        Ok(())
    })
}

fn move_default_subjects(resource: &mut Resource, namespace: &str) {
    let subjects = resource.value.get_mut("subjects").and_then(Value::as_array_mut);
    for subject in subjects.into_iter().flatten().filter(|subject| text(subject, "name") == "default") {
        if let Some(subject) = subject.as_object_mut() {
            subject.insert("namespace".to_owned(), Value::String(namespace.to_owned()));
        }
    }
}
