//! What kustomize notes about an object among its annotations while it builds. Who writes such a note into a file is
//! understood, and none of them is in the result.

use crate::load::{Manifest, Quotes};
use crate::resource::{PreviousId, Resource};
use crate::{BuildError, id::Scopes};
use std::rc::Rc;
use teal_yaml::{Map, Value};

/// Notes with a meaning while an object is on its way; each begins with [`DOMAIN`].
const DOMAIN: &str = "internal.config.kubernetes.io/";
const OWN: [&str; 11] = [
    "previousKinds",
    "previousNames",
    "previousNamespaces",
    "prefixes",
    "suffixes",
    "allowNameChange",
    "allowKindChange",
    "refBy",
    "generatorBehavior",
    "needsHashSuffix",
    "helm-generated",
];
/// Notes of the tools that read and write files for kustomize, below [`DOMAIN`] as well.
const OF_FILES: [&str; 5] = ["path", "index", "seqindent", "id", "annotations-migration-resource-id"];
/// Older names of the same.
const OLD: [&str; 3] = ["config.kubernetes.io/path", "config.kubernetes.io/index", "config.k8s.io/id"];

/// Says whether an annotation is a note that no result has.
fn is_note(key: &str) -> bool {
    key.strip_prefix(DOMAIN).is_some_and(|name| OWN.contains(&name) || OF_FILES.contains(&name)) || OLD.contains(&key)
}

impl Resource {
    /// An object as it was read, with what its notes say.
    ///
    /// # Errors
    /// Notes of former identities that do not belong together.
    pub(crate) fn of(manifest: Manifest, scopes: &Rc<Scopes>) -> Result<Self, BuildError> {
        let Manifest { value, origin, blanks, odd, spelled, quotes } = manifest;
        let mut resource = Self::new(value, origin, scopes);
        (resource.blanks, resource.odd) = (blanks, odd);
        (resource.spelled, resource.quotes) = (spelled, quotes);
        let has_notes = |annotations: &Map| annotations.keys().any(|key| is_note(key));
        if resource.metadata_map("annotations").is_some_and(has_notes) {
            resource.read_notes()?;
        }
        Ok(resource)
    }

    fn read_notes(&mut self) -> Result<(), BuildError> {
        let note = |name: &str| {
            let annotations = self.metadata_map("annotations")?;
            Some(annotations.get(&format!("{DOMAIN}{name}"))?.as_str()?.to_owned())
        };
        let list = |name: &str| -> Vec<String> {
            note(name).map(|text| text.split(',').map(str::to_owned).collect()).unwrap_or_default()
        };
        let names = list("previousNames");
        let (namespaces, kinds) = (list("previousNamespaces"), list("previousKinds"));
        let (prefixes, suffixes) = (list("prefixes"), list("suffixes"));
        let (needs_hash, is_of_helm) =
            (note("needsHashSuffix").as_deref() == Some("enabled"), note("helm-generated").is_some());
        if !names.is_empty() && (names.len() != namespaces.len() || names.len() != kinds.len()) {
            return Err(BuildError::Object {
                file: self.origin.file.to_string(),
                at: teal_yaml::Place { line: self.origin.line, column: 1 },
                message: format!("{DOMAIN}previousNames, previousNamespaces and previousKinds must be equally long"),
            });
        }
        let ids = names.into_iter().zip(namespaces).zip(kinds);
        self.previous = ids.map(|((name, namespace), kind)| PreviousId { namespace, name, kind }).collect();
        (self.prefixes, self.suffixes, self.needs_hash, self.is_of_helm) = (prefixes, suffixes, needs_hash, is_of_helm);
        Ok(())
    }

    /// A patch that takes all annotations away takes what kustomize notes there as well: the object has been nothing else
    /// before, wants no hash, and comes from nowhere.
    pub(crate) fn forget_notes(&mut self) {
        (self.previous, self.prefixes, self.suffixes) = (Vec::new(), Vec::new(), Vec::new());
        (self.needs_hash, self.is_generated, self.is_of_helm) = (false, false, false);
        (self.provenance, self.transformations) = (None, Vec::new());
    }

    /// Takes all notes out.
    pub(crate) fn remove_notes(&mut self) {
        let Some(metadata) = self.value.get_mut("metadata").and_then(Value::as_object_mut) else { return };
        match metadata.get_mut("annotations") {
            Some(Value::Object(annotations)) => {
                let before = annotations.len();
                annotations.retain(|key, _| !is_note(key));
                if annotations.is_empty() && before > 0 {
                    metadata.remove("annotations");
                }
            }
            // What stands in the place of all annotations is none.
            Some(Value::String(_) | Value::Number(_) | Value::Bool(_)) => drop(metadata.remove("annotations")),
            _ => {}
        }
    }

    /// Operations of JSON 6902 know only values: annotations that were no texts lose the way they were written.
    pub(crate) fn forget_written(&mut self) {
        (self.spelled, self.quotes) = (Vec::new(), Quotes::default());
        let odd = std::mem::take(&mut self.odd);
        // Who notes where objects come from has made texts of them before.
        if self.provenance.is_some() {
            return;
        }
        let annotations = self.value.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations"));
        let Some(annotations) = annotations.and_then(Value::as_object_mut) else { return };
        for (key, value) in odd {
            if let Some(text @ Value::String(_)) = annotations.get_mut(&key) {
                *text = Value::String(value.to_string());
            }
        }
    }
}
