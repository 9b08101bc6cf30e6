//! `namespace`: every namespaced object moves, Namespace objects are renamed, services of API servers and webhooks and
//! the subjects named `default` follow.

use crate::BuildError;
use crate::config::Specs;
use crate::field::{self, Leaf};
use crate::resmap::{ResMap, transform};
use crate::resource::{Resource, text};
use teal_yaml::Value;

/// Which subjects of role bindings move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Subjects {
    /// Those named `default`.
    #[default]
    DefaultOnly,
    AllServiceAccounts,
    None,
}

/// Where to, and what goes along.
pub(crate) struct Namespace {
    pub(crate) namespace: String,
    pub(crate) specs: Specs,
    /// Fields that say a namespace already keep it.
    pub(crate) unset_only: bool,
    pub(crate) subjects: Subjects,
}

impl Namespace {
    pub(crate) fn new(namespace: String, specs: Specs) -> Self {
        Self { namespace, specs, unset_only: false, subjects: Subjects::default() }
    }
}

/// Moves every object of the layer into the namespace.
///
/// # Errors
/// When two objects become one, or a field is of another shape than its kind has.
pub(super) fn run(to: &Namespace, file: &str, map: &mut ResMap) -> Result<(), BuildError> {
    if to.namespace.is_empty() {
        return Ok(());
    }
    // Helm was told the namespace.
    for resource in map.identities_mut().iter_mut().filter(|resource| !resource.is_of_helm) {
        resource.remember_id();
        if let Err(wrong) = move_one(resource, to) {
            return Err(transform(file, format!("namespace of {}: {wrong}", resource.describe())));
        }
    }
    map.check_unique()
        .map_err(|twice| transform(file, format!("the namespace `{}` makes an ID conflict: {twice}", to.namespace)))
}

/// Moves one object.
pub(super) fn move_one(resource: &mut Resource, to: &Namespace) -> Result<(), String> {
    let set = |value: &mut Value| match value {
        Value::Object(_) | Value::Array(_) => Err("namespace field specs must target scalar nodes".to_owned()),
        Value::String(text) if to.unset_only && !text.is_empty() => Ok(()),
        _ => {
            *value = Value::String(to.namespace.clone());
            Ok(())
        }
    };
    if !resource.is_cluster_scoped() && (!to.unset_only || resource.namespace().is_empty()) {
        resource.set_namespace(&to.namespace);
    }
    let is_binding = matches!(resource.kind(), "RoleBinding" | "ClusterRoleBinding");
    if is_binding {
        move_subjects(resource, to)?;
    }
    let api_version = resource.api_version().to_owned();
    let kind = resource.kind().to_owned();
    for spec in to.specs.iter().filter(|spec| spec.selects(&api_version, &kind)) {
        // `metadata.namespace` is done above, subjects as well, and names are those of core kinds only.
        let is_done = spec.path == "metadata/namespace"
            || (api_version != "v1" && spec.path == "metadata/name")
            || (is_binding && is_binding_kind(&spec.kind) && spec.path == "subjects/namespace");
        if !is_done {
            let leaf = if spec.create { Leaf::Text } else { Leaf::None };
            let path = field::split(&spec.path);
            field::visit(&mut resource.value, &path, leaf, &mut { set })
                .map_err(|wrong| format!("at {}: {wrong}", spec.path))?;
        }
    }
    Ok(())
}

fn is_binding_kind(kind: &str) -> bool {
    matches!(kind, "RoleBinding" | "ClusterRoleBinding")
}

fn move_subjects(resource: &mut Resource, to: &Namespace) -> Result<(), String> {
    if to.subjects == Subjects::None {
        return Ok(());
    }
    let moves = |subject: &Value| match to.subjects {
        Subjects::None => false,
        Subjects::DefaultOnly => text(subject, "name") == "default",
        Subjects::AllServiceAccounts => text(subject, "kind") == "ServiceAccount",
    };
    let subjects = match resource.value.get_mut("subjects") {
        None | Some(Value::Null) => return Ok(()),
        Some(subjects) => subjects.as_array_mut().ok_or("`subjects` must be a list")?,
    };
    for subject in subjects {
        let keeps = to.unset_only && !text(subject, "namespace").is_empty();
        let is_moved = moves(subject) && !keeps;
        let subject = subject.as_object_mut().ok_or("each of `subjects` must be a mapping")?;
        if is_moved {
            subject.insert("namespace".to_owned(), Value::String(to.namespace.clone()));
        }
    }
    Ok(())
}
