//! What Helm printed, taken apart: every object with the template it comes from.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use teal_kustomize::{BuildError, load_each};
use teal_yaml::Dialect;

/// Marks the template before each document.
const SOURCE: &str = "# Source: ";

/// Group, kind, namespace and name.
pub(crate) type Id = (String, String, String, String);

/// One object as a chart makes it. Its `Debug` shows no content.
#[derive(Clone, PartialEq)]
pub(crate) struct Made {
    pub(crate) value: Value,
    /// Such as `web/charts/redis/templates/secret.yaml`.
    pub(crate) template: Arc<str>,
    /// Made of values that nobody may see.
    pub(crate) secret: bool,
    /// What may be seen of it (identity, keys) is known to be made of nothing secret.
    pub(crate) cleared: bool,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Made").field("template", &self.template).finish_non_exhaustive()
    }
}

impl Made {
    /// What the object is known by.
    pub(crate) fn id(&self) -> Id {
        let version = self.text("/apiVersion");
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let text = |pointer: &str| self.text(pointer).to_owned();
        (group.to_owned(), text("/kind"), text("/metadata/namespace"), text("/metadata/name"))
    }
}

/// An object whose annotations are read and written.
pub(crate) trait Annotated {
    fn value(&self) -> &Value;
    fn value_mut(&mut self) -> &mut Value;

    fn text(&self, pointer: &str) -> &str {
        self.value().pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// Kind and name, for messages.
    fn described(&self) -> String {
        format!("{} {}", self.text("/kind"), self.text("/metadata/name"))
    }

    fn annotation(&self, name: &str) -> Option<&str> {
        self.value().get("metadata")?.get("annotations")?.get(name)?.as_str()
    }

    fn annotate(&mut self, name: &str, value: &str) {
        let Some(metadata) = self.value_mut().get_mut("metadata").and_then(Value::as_object_mut) else { return };
        let annotations = metadata.entry("annotations").or_insert_with(|| Value::Object(Default::default()));
        if annotations.is_null() {
            *annotations = Value::Object(Default::default());
        }
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.insert(name.to_owned(), value.into());
        }
    }
}

impl Annotated for Made {
    fn value(&self) -> &Value {
        &self.value
    }

    fn value_mut(&mut self) -> &mut Value {
        &mut self.value
    }
}

impl Annotated for crate::unit::Found {
    fn value(&self) -> &Value {
        &self.value
    }

    fn value_mut(&mut self) -> &mut Value {
        &mut self.value
    }
}

/// Reads all objects; a bad document does not take the good ones with it. Lines in errors count in the *rendered* text of
/// the template they name.
pub(crate) fn objects(printed: &str) -> (Vec<Made>, Vec<BuildError>) {
    let (mut made, mut errors) = (Vec::new(), Vec::new());
    for (template, text) in documents(printed) {
        let shown = format!("{template} (rendered)");
        let loaded = load_each(&shown, text.as_bytes(), Dialect::Kubernetes);
        let template: Arc<str> = template.into();
        made.extend(loaded.objects.into_iter().map(|object| Made {
            value: object.value,
            template: Arc::clone(&template),
            secret: false,
            cleared: false,
        }));
        errors.extend(loaded.errors);
    }
    (made, errors)
}

/// Splits at each `---` that a `# Source:` follows; the text begins behind that.
pub(crate) fn documents(printed: &str) -> Vec<(&str, &str)> {
    let mut found: Vec<(&str, usize, usize)> = Vec::new();
    let (mut at, mut separator) = (0, None);
    for line in printed.split_inclusive('\n') {
        let begins = at;
        at += line.len();
        let line = line.trim_end();
        if let (Some(from), Some(template)) = (separator, line.strip_prefix(SOURCE)) {
            if let Some(last) = found.last_mut() {
                last.2 = from;
            }
            found.push((template, at, printed.len()));
        }
        separator = (line == "---").then_some(begins);
    }
    found.into_iter().map(|(template, from, to)| (template, &printed[from..to])).collect()
}

/// Objects by what they are known by; of two with one identity the first.
pub(crate) fn by_id(made: &[Made]) -> BTreeMap<Id, &Made> {
    let mut map = BTreeMap::new();
    for object in made {
        map.entry(object.id()).or_insert(object);
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_carry_their_template_and_a_file_of_definitions_may_hold_several() {
        let printed = "---\n# Source: web/crds/a.yaml\nkind: A\napiVersion: v1\nmetadata: {name: a}\n---\nkind: B\napiVersion: v1\n\
                       metadata: {name: b}\n---\n# Source: web/templates/c.yaml\napiVersion: v1\nkind: C\nmetadata: {name: c}\n---\n\
                       # Source: web/templates/bad.yaml\nkind: D\n";
        let (made, errors) = objects(printed);
        let found: Vec<_> = made.iter().map(|made| (&*made.template, made.text("/kind"))).collect();
        assert_eq!(found, [("web/crds/a.yaml", "A"), ("web/crds/a.yaml", "B"), ("web/templates/c.yaml", "C")]);
        assert_eq!(errors.len(), 1);
        assert!(errors[0].to_string().starts_with("web/templates/bad.yaml (rendered):"), "{}", errors[0]);
    }
}
