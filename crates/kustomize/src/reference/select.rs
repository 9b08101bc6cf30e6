//! Which object a name means: candidates are sieved by former name, kind, role, namespace, and then by the prefixes and
//! suffixes both got.

use crate::config::NameReference;
use crate::id::{NO_NAMESPACE, split_api_version};
use crate::resmap::ResMap;
use crate::resource::{Resource, text};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use teal_yaml::Value;

/// What is needed of an object that may be referred to, copied so that referrers can be changed meanwhile.
pub(super) struct Target {
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

/// Everything references are resolved against.
pub(super) struct Known {
    targets: Vec<Target>,
    by_former_name: HashMap<String, Vec<usize>>,
    /// The same, by each namespace a reference may know the object in.
    in_namespace: HashMap<String, HashMap<String, Vec<usize>>>,
    /// By the namespace objects were in at first: those they are in now.
    namespaces: HashMap<String, HashSet<String>>,
}

impl Known {
    pub(super) fn of(map: &ResMap) -> Self {
        let mut known = Self {
            targets: Vec::new(),
            by_former_name: HashMap::new(),
            in_namespace: HashMap::new(),
            namespaces: HashMap::new(),
        };
        for resource in map.iter() {
            if !resource.is_cluster_scoped() {
                let now = known.namespaces.entry(original_namespace(resource).to_owned()).or_default();
                if !now.contains(resource.effective_namespace()) {
                    now.insert(resource.effective_namespace().to_owned());
                }
            }
            if resource.previous.is_empty() {
                continue;
            }
            let at = known.targets.len();
            for previous in &resource.previous {
                let places = known.by_former_name.entry(previous.name.clone()).or_default();
                if places.last() == Some(&at) {
                    continue;
                }
                places.push(at);
                let spaces = known.in_namespace.entry(previous.name.clone()).or_default();
                for space in [resource.namespace(), resource.effective_namespace(), original_namespace(resource)] {
                    let places = spaces.entry(space.to_owned()).or_default();
                    if places.last() != Some(&at) {
                        places.push(at);
                    }
                }
            }
            known.targets.push(Target::of(resource));
        }
        known
    }
}

fn original_namespace(resource: &Resource) -> &str {
    resource.previous.first().map_or_else(|| resource.effective_namespace(), |first| &first.namespace)
}

impl Target {
    fn of(resource: &Resource) -> Self {
        Self {
            api_version: resource.api_version().to_owned(),
            kind: resource.kind().to_owned(),
            name: resource.name().to_owned(),
            namespace: resource.namespace().to_owned(),
            effective_namespace: resource.effective_namespace().to_owned(),
            original_namespace: original_namespace(resource).to_owned(),
            is_cluster_scoped: resource.is_cluster_scoped(),
            former_kinds: resource.previous.iter().map(|previous| previous.kind.clone()).collect(),
            prefixes: resource.prefixes.clone(),
            suffixes: resource.suffixes.clone(),
        }
    }

    fn was(&self, group: &str, kind: &str) -> bool {
        split_api_version(&self.api_version).0 == group && self.former_kinds.iter().any(|former| former == kind)
    }
}

/// An object that may refer to others.
pub(super) struct Referrer<'a> {
    known: &'a Known,
    pub(super) file: String,
    described: String,
    effective_namespace: String,
    is_cluster_scoped: bool,
    /// Namespaces of the service accounts a RoleBinding binds; they may be elsewhere.
    bound_namespaces: HashSet<String>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
}

/// What a reference says of the namespace: nothing, or a text (none, when it is null).
#[derive(Clone, Copy)]
enum Said<'a> {
    /// The place is a text and has no room for a namespace.
    Name,
    Nothing,
    Namespace(&'a str),
}

impl<'a> Referrer<'a> {
    pub(super) fn of(resource: &Resource, known: &'a Known) -> Self {
        let subjects =
            resource.value.get("subjects").and_then(Value::as_array).filter(|_| resource.kind() == "RoleBinding");
        let bound = subjects.into_iter().flatten().filter(|subject| text(subject, "kind") == "ServiceAccount");
        Self {
            known,
            file: resource.origin.to_string(),
            described: resource.describe(),
            effective_namespace: resource.effective_namespace().to_owned(),
            is_cluster_scoped: resource.is_cluster_scoped(),
            bound_namespaces: bound
                .filter(|subject| subject.get("namespace").is_some())
                .map(|subject| text(subject, "namespace").to_owned())
                .collect(),
            prefixes: resource.prefixes.clone(),
            suffixes: resource.suffixes.clone(),
        }
    }

    /// Updates one place: a name, a list of names, or a mapping with `name` and perhaps `namespace`.
    pub(super) fn update(
        &self,
        target: &NameReference,
        role: Option<&(String, String)>,
        value: &mut Value,
    ) -> Result<(), String> {
        match value {
            Value::String(name) => {
                if let Some(found) = self.select(target, role, name, Said::Name)? {
                    name.clone_from(&found.name);
                }
                Ok(())
            }
            Value::Array(items) => items.iter_mut().try_for_each(|item| match item {
                Value::Array(_) => Err("expected texts or mappings in this list".to_owned()),
                item => self.update(target, role, item),
            }),
            Value::Object(map) => {
                let name = match map.get("name") {
                    Some(Value::String(name)) => name.as_str(),
                    Some(_) => return Ok(()),
                    None => return Err("path config error; no 'name' field in node".to_owned()),
                };
                let said = match map.get("namespace") {
                    None => Said::Nothing,
                    Some(namespace) => Said::Namespace(namespace.as_str().unwrap_or("")),
                };
                let Some(found) = self.select(target, role, name, said)? else { return Ok(()) };
                map.insert("name".to_owned(), Value::String(found.name.clone()));
                if !found.namespace.is_empty() {
                    map.insert("namespace".to_owned(), Value::String(found.namespace.clone()));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn select(
        &self,
        target: &NameReference,
        role: Option<&(String, String)>,
        name: &str,
        said: Said<'_>,
    ) -> Result<Option<&'a Target>, String> {
        let mut candidates: Vec<&Target> = self
            .perhaps(name, said)
            .iter()
            .map(|&at| &self.known.targets[at])
            .filter(|found| found.former_kinds.iter().any(|kind| target.selects(&found.api_version, kind)))
            .filter(|found| role.is_none_or(|(group, kind)| found.was_role(group, kind)))
            .filter(|found| self.may_refer_to(found))
            .collect();
        if let Said::Namespace(namespace) = said {
            // An object that was there at first, or else one that is there now.
            let at_first = self.is_original(namespace);
            candidates.retain(|found| {
                let found = if at_first { &found.original_namespace } else { &found.effective_namespace };
                namespace == found
            });
        }
        if candidates.len() > 1 {
            candidates.retain(|found| self.same_affixes(found, true));
        }
        if candidates.len() > 1 {
            candidates.retain(|found| self.same_affixes(found, false));
        }
        let Some((first, others)) = candidates.split_first() else { return Ok(None) };
        let is_name = matches!(said, Said::Name);
        let same = |other: &&Target| other.name == first.name && (is_name || other.namespace == first.namespace);
        if others.iter().all(same) {
            return Ok(Some(first));
        }
        Err(format!(
            "found multiple possible referrals: {} refers to `{name}`, which could be any of {} objects of that name",
            self.described,
            candidates.len()
        ))
    }

    /// Places of the objects that had this name, without those whose namespace rules them out already.
    fn perhaps(&self, name: &str, said: Said<'_>) -> Cow<'a, [usize]> {
        let known = self.known;
        let all = known.by_former_name.get(name).map_or(&[][..], Vec::as_slice);
        let Some(spaces) = known.in_namespace.get(name) else { return Cow::Borrowed(all) };
        let within = |space: &str| spaces.get(space).map_or(&[][..], Vec::as_slice);
        if let Said::Namespace(namespace) = said {
            return Cow::Borrowed(within(namespace));
        }
        if self.is_cluster_scoped || all.len() <= self.bound_namespaces.len() {
            return Cow::Borrowed(all);
        }
        let here = [self.effective_namespace.as_str(), NO_NAMESPACE];
        let here = here.into_iter().chain(self.bound_namespaces.iter().map(String::as_str));
        let mut places: Vec<usize> = here.flat_map(within).copied().collect();
        places.sort_unstable();
        places.dedup();
        Cow::Owned(places)
    }

    /// Says whether any object that could be meant was in this namespace at first.
    fn is_original(&self, namespace: &str) -> bool {
        let Some(now) = self.known.namespaces.get(namespace) else { return false };
        let bound = &self.bound_namespaces;
        self.is_cluster_scoped
            || now.contains(&self.effective_namespace)
            || if now.len() < bound.len() {
                now.iter().any(|now| bound.contains(now))
            } else {
                bound.iter().any(|bound| now.contains(bound))
            }
    }

    fn may_refer_to(&self, target: &Target) -> bool {
        self.is_cluster_scoped
            || target.is_cluster_scoped
            || self.effective_namespace == target.effective_namespace
            || (target.kind == "ServiceAccount" && self.bound_namespaces.contains(&target.namespace))
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
    /// Empty parts of a `roleRef` select everything.
    fn was_role(&self, group: &str, kind: &str) -> bool {
        match (group.is_empty(), kind.is_empty()) {
            (false, false) => self.was(group, kind),
            (true, false) => self.former_kinds.iter().any(|former| former == kind),
            (false, true) => split_api_version(&self.api_version).0 == group,
            (true, true) => true,
        }
    }
}
