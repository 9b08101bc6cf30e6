//! Names that changed are followed by the fields that refer to them.
//!
//! Candidates come from an index by former name, and rules are grouped by the kind that refers, so the work grows with
//! the number of references, not with its product with the number of objects.

pub(crate) mod rules;
mod select;

use crate::BuildError;
use crate::config::NameReference;
use crate::field::{self, FieldSpec, Leaf};
use crate::resmap::ResMap;
use crate::resource::text;
use select::{Known, Referrer};
use std::borrow::Cow;
use std::collections::HashMap;
use teal_yaml::Value;

/// One field of one kind that names objects of another.
struct Rule<'c> {
    target: &'c NameReference,
    spec: &'c FieldSpec,
    path: Vec<Cow<'c, str>>,
    /// The field is `roleRef/name`, whose neighbours say which kind is meant.
    is_role_ref: bool,
}

/// Updates every reference of the finished list.
///
/// # Errors
/// When a reference could mean several objects, or its field is of another shape than a reference has.
pub(crate) fn fix(map: &mut ResMap, references: &[NameReference]) -> Result<(), BuildError> {
    check_subjects(map)?;
    let known = Known::of(map);
    let rules: Vec<Rule<'_>> =
        references.iter().flat_map(|target| target.referrers.iter().map(move |spec| rule(target, spec))).collect();
    // Each kind gets its own rules once it is met. Rules run even where nothing changed: they also say what is malformed.
    let mut by_kind: HashMap<String, Vec<usize>> = HashMap::new();
    for resource in map.contents_mut() {
        let kind = resource.original_kind();
        if !by_kind.contains_key(kind) {
            let fits = |rule: &Rule<'_>| rule.spec.kind.is_empty() || rule.spec.kind == kind;
            let places = (0..rules.len()).filter(|&at| fits(&rules[at])).collect();
            by_kind.insert(kind.to_owned(), places);
        }
        let Some(places) = by_kind.get(kind).filter(|places| !places.is_empty()) else { continue };
        let kind = kind.to_owned();
        let api_version = resource.api_version().to_owned();
        let referrer = Referrer::of(resource, &known);
        for rule in places.iter().map(|&at| &rules[at]) {
            if !rule.spec.selects(&api_version, &kind) {
                continue;
            }
            let role = rule.is_role_ref.then(|| role_ref(&resource.value)).flatten();
            let mut update = |value: &mut Value| referrer.update(rule.target, role.as_ref(), value);
            field::visit(&mut resource.value, &rule.path, Leaf::None, &mut update).map_err(|message| {
                let message = format!("updating name reference in '{}': {message}", rule.spec.path);
                BuildError::Transform { file: referrer.file.clone(), at: None, fields: &[], message }
            })?;
        }
    }
    Ok(())
}

fn rule<'c>(target: &'c NameReference, spec: &'c FieldSpec) -> Rule<'c> {
    Rule { target, spec, path: field::split(&spec.path), is_role_ref: spec.path.ends_with("roleRef/name") }
}

/// A bound service account whose `namespace` is there and empty is refused, as kustomize refuses it.
fn check_subjects(map: &ResMap) -> Result<(), BuildError> {
    for resource in map.iter().filter(|resource| resource.kind() == "RoleBinding") {
        let subjects = resource.value.get("subjects").and_then(Value::as_array);
        let blank = |subject: &&Value| {
            text(subject, "kind") == "ServiceAccount"
                && subject.get("namespace").is_some_and(|value| !value.is_string())
        };
        if subjects.into_iter().flatten().any(|subject| blank(&subject)) {
            let message =
                format!("a subject of {} has an empty `namespace`; give it one or leave it out", resource.describe());
            return Err(BuildError::Transform { file: resource.origin.to_string(), at: None, fields: &[], message });
        }
    }
    Ok(())
}

/// Group and kind that a `roleRef` names, when it says both.
fn role_ref(object: &Value) -> Option<(String, String)> {
    let role = object.get("roleRef")?;
    let part = |name: &str| role.get(name).and_then(Value::as_str).map(str::to_owned);
    Some((part("apiGroup")?, part("kind")?))
}
