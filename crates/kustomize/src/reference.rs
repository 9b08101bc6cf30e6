//! Names that changed are followed by the fields that refer to them.
//!
//! Candidates come from an index by former name, so the work grows with the number of references, not with its product
//! with the number of objects.

mod rules;

use crate::BuildError;
use crate::field::{self, Leaf};
use crate::id::Gvk;
use crate::resmap::ResMap;
use crate::resource::{Resource, text};
use rules::{RULES, Rule};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// What is needed of an object that may be referred to, copied so that referrers can be changed meanwhile.
struct Target {
    api_version: String,
    kind: String,
    name: String,
    namespace: String,
    effective_namespace: String,
    original_namespace: String,
    is_cluster_scoped: bool,
    former_kinds: Vec<String>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
}

/// Updates every reference of the finished list.
///
/// # Errors
/// When a reference could mean several objects.
pub(crate) fn fix(map: &mut ResMap) -> Result<(), BuildError> {
    check_subjects(map)?;
    let (mut targets, mut by_former_name): (Vec<Target>, HashMap<String, Vec<usize>>) = Default::default();
    let mut kinds = HashSet::new();
    for resource in map.iter().filter(|resource| !resource.previous.is_empty()) {
        let at = targets.len();
        for previous in &resource.previous {
            let places = by_former_name.entry(previous.name.clone()).or_default();
            if places.last() != Some(&at) {
                places.push(at);
            }
            kinds.insert(previous.kind.clone());
        }
        targets.push(target_of(resource));
    }
    if targets.is_empty() {
        return Ok(());
    }
    // Only rules whose target kind is there at all, grouped by the kind that refers.
    let mut by_referrer: HashMap<&str, Vec<&Rule>> = HashMap::new();
    for rule in RULES.iter().filter(|rule| kinds.contains(rule.target.kind)) {
        by_referrer.entry(rule.referrer.kind).or_default().push(rule);
    }
    let original_namespaces: HashSet<String> = map.iter().map(original_namespace).collect();
    let known = Known { targets, by_former_name, original_namespaces };
    for resource in map.contents_mut() {
        let Some(rules) = by_referrer.get(resource.original_kind()) else { continue };
        let referrer = Referrer::of(resource, &known);
        for rule in rules {
            if rule.referrer.selects(resource.api_version(), resource.original_kind()) {
                let role = (rule.is_role_ref).then(|| role_ref(&resource.value));
                let mut update = |value: &mut Value| referrer.update(rule, role.as_ref(), value);
                field::visit(&mut resource.value, &rule.path, Leaf::None, &mut update)
                    .map_err(|message| BuildError::Transform { file: referrer.file.clone(), message })?;
            }
        }
    }
    Ok(())
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
            return Err(BuildError::Transform { file: resource.origin.to_string(), message });
        }
    }
    Ok(())
}

/// Everything references are resolved against.
struct Known {
    targets: Vec<Target>,
    by_former_name: HashMap<String, Vec<usize>>,
    /// The namespaces objects had at first.
    original_namespaces: HashSet<String>,
}

fn original_namespace(resource: &Resource) -> String {
    resource.previous.first().map_or_else(|| resource.effective_namespace(), |first| &first.namespace).to_owned()
}

fn target_of(resource: &Resource) -> Target {
    Target {
        api_version: resource.api_version().to_owned(),
        kind: resource.kind().to_owned(),
        name: resource.name().to_owned(),
        namespace: resource.namespace().to_owned(),
        effective_namespace: resource.effective_namespace().to_owned(),
        original_namespace: original_namespace(resource),
        is_cluster_scoped: resource.is_cluster_scoped(),
        former_kinds: resource.previous.iter().map(|previous| previous.kind.clone()).collect(),
        prefixes: resource.prefixes.clone(),
        suffixes: resource.suffixes.clone(),
    }
}

/// Group and kind that a `roleRef` names.
fn role_ref(object: &Value) -> (String, String) {
    let role = object.get("roleRef").unwrap_or(&Value::Null);
    (text(role, "apiGroup").to_owned(), text(role, "kind").to_owned())
}

/// An object that may refer to others.
struct Referrer<'a> {
    known: &'a Known,
    file: String,
    described: String,
    effective_namespace: String,
    is_cluster_scoped: bool,
    /// Namespaces of the service accounts a RoleBinding binds; they may be elsewhere.
    bound_namespaces: HashSet<String>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
}

impl<'a> Referrer<'a> {
    fn of(resource: &Resource, known: &'a Known) -> Self {
        let subjects =
            resource.value.get("subjects").and_then(Value::as_array).filter(|_| resource.kind() == "RoleBinding");
        let bound = subjects.into_iter().flatten().filter(|subject| text(subject, "kind") == "ServiceAccount");
        Self {
            known,
            file: resource.origin.to_string(),
            described: resource.describe(),
            effective_namespace: resource.effective_namespace().to_owned(),
            is_cluster_scoped: resource.is_cluster_scoped(),
            bound_namespaces: bound.map(|subject| text(subject, "namespace").to_owned()).collect(),
            prefixes: resource.prefixes.clone(),
            suffixes: resource.suffixes.clone(),
        }
    }

    /// Updates one place: a name, a list of names, or a mapping with `name` and perhaps `namespace`.
    fn update(&self, rule: &Rule, role: Option<&(String, String)>, value: &mut Value) -> Result<(), String> {
        match value {
            Value::String(name) => {
                if let Some(target) = self.select(rule, role, name, None)? {
                    name.clone_from(&target.name);
                }
                Ok(())
            }
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.update(rule, role, item)),
            Value::Object(map) => {
                let Some(name) = map.get("name").and_then(Value::as_str) else {
                    return Ok(());
                };
                let namespace = map.get("namespace").and_then(Value::as_str);
                let Some(target) = self.select(rule, role, name, Some(namespace))? else { return Ok(()) };
                map.insert("name".to_owned(), Value::String(target.name.clone()));
                if !target.namespace.is_empty() {
                    map.insert("namespace".to_owned(), Value::String(target.namespace.clone()));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Picks the object a name means: candidates are sieved by former name, kind, role, namespace, and then by the
    /// prefixes and suffixes both got. `namespace` is given where the place is a mapping that may have one.
    fn select(
        &self,
        rule: &Rule,
        role: Option<&(String, String)>,
        name: &str,
        namespace: Option<Option<&str>>,
    ) -> Result<Option<&'a Target>, String> {
        let places = self.known.by_former_name.get(name).map_or(&[][..], Vec::as_slice);
        let mut candidates: Vec<&Target> = places
            .iter()
            .map(|&at| &self.known.targets[at])
            .filter(|target| target.was_selected(rule.target))
            .filter(|target| match role {
                Some((group, kind)) if !kind.is_empty() => target.was_selected(Gvk { group, version: "", kind }),
                _ => true,
            })
            .filter(|target| self.may_refer_to(target))
            .collect();
        if let Some(Some(namespace)) = namespace {
            // An object that was there at first, or else one that is there now.
            let at_first = self.known.original_namespaces.contains(namespace);
            candidates.retain(|target| {
                namespace == if at_first { &target.original_namespace } else { &target.effective_namespace }
            });
        }
        if candidates.len() > 1 {
            candidates.retain(|target| self.same_affixes(target, true));
        }
        if candidates.len() > 1 {
            candidates.retain(|target| self.same_affixes(target, false));
        }
        let Some((first, others)) = candidates.split_first() else { return Ok(None) };
        let same =
            |other: &&Target| other.name == first.name && (namespace.is_none() || other.namespace == first.namespace);
        if others.iter().all(same) {
            return Ok(Some(first));
        }
        Err(format!(
            "{} refers to `{name}`, which could be any of {} objects of that name",
            self.described,
            candidates.len()
        ))
    }

    fn may_refer_to(&self, target: &Target) -> bool {
        if self.is_cluster_scoped || target.is_cluster_scoped {
            return true;
        }
        if self.effective_namespace == target.effective_namespace {
            return true;
        }
        target.kind == "ServiceAccount" && self.bound_namespaces.contains(&target.namespace)
    }

    fn same_affixes(&self, target: &Target, empty_fits_all: bool) -> bool {
        let fits = |mine: &[String], theirs: &[String]| {
            if mine.is_empty() || theirs.is_empty() {
                return empty_fits_all || mine.len() == theirs.len();
            }
            mine.iter().rev().zip(theirs.iter().rev()).all(|(a, b)| a == b)
        };
        fits(&self.prefixes, &target.prefixes) && fits(&self.suffixes, &target.suffixes)
    }
}

impl Target {
    fn was_selected(&self, gvk: Gvk<'_>) -> bool {
        self.former_kinds.iter().any(|kind| gvk.selects(&self.api_version, kind))
    }
}
