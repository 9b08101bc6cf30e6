//! Which objects a patch is for: anchored regular expressions over identity, label selectors over labels and annotations.

mod labels;

use crate::id::{effective_namespace, split_api_version};
use crate::resource::Resource;
use labels::Requirement;
use regex::Regex;
use serde_json::Value as Json;
use teal_yaml::{Map, Value};

/// A selector that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// A part is no regular expression.
    #[error("`{field}` of the target is no regular expression: {pattern}")]
    Pattern {
        /// Which part.
        field: &'static str,
        /// What was given.
        pattern: String,
    },
    /// A label or annotation selector does not parse.
    #[error(
        "`{selector}` is no label selector: {message}; write a=b, a!=b, a in (b,c), a notin (b), a or !a, joined by commas"
    )]
    Labels {
        /// What was given.
        selector: String,
        /// What is wrong with it.
        message: &'static str,
    },
    /// A target that is no mapping of texts with known fields.
    #[error("the target is wrong: {0}")]
    Shape(String),
}

/// Selects objects. Every part that is given must match; an empty selector takes everything.
#[derive(Debug, Clone, Default)]
pub struct Selector {
    /// group, version, kind, name, namespace
    patterns: [Pattern; 5],
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
}

/// An anchored regular expression; one without special characters is compared as a text.
#[derive(Debug, Clone, Default)]
enum Pattern {
    #[default]
    Any,
    Plain(String),
    Regex(Regex),
}

impl Pattern {
    fn new(field: &'static str, pattern: &str) -> Result<Self, SelectorError> {
        if pattern.is_empty() {
            return Ok(Self::Any);
        }
        if pattern.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/' | b':')) {
            return Ok(Self::Plain(pattern.to_owned()));
        }
        let error = |_| SelectorError::Pattern { field, pattern: pattern.to_owned() };
        Regex::new(&format!("^(?:{pattern})$")).map(Self::Regex).map_err(error)
    }

    fn plain(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text),
            _ => None,
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Plain(plain) => plain == text,
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

impl Selector {
    /// Makes a selector from the fields of a kustomization's `target`; empty ones match everything.
    ///
    /// # Errors
    /// A part that is no regular expression, or no label selector.
    pub fn new(
        group: &str,
        version: &str,
        kind: &str,
        name: &str,
        namespace: &str,
        labels: &str,
        annotations: &str,
    ) -> Result<Self, SelectorError> {
        Ok(Self {
            patterns: [
                Pattern::new("group", group)?,
                Pattern::new("version", version)?,
                Pattern::new("kind", kind)?,
                Pattern::new("name", name)?,
                Pattern::new("namespace", namespace)?,
            ],
            labels: requirements(labels)?,
            annotations: requirements(annotations)?,
        })
    }

    /// Makes a selector from a `target` as it stands in a file.
    ///
    /// # Errors
    /// As [`Selector::new`], and for unknown fields or values that are no texts.
    pub fn from_value(target: &Json) -> Result<Self, SelectorError> {
        const KNOWN: [&str; 7] =
            ["group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector"];
        let mut parts = [""; 7];
        match target {
            Json::Null => {}
            Json::Object(map) => {
                for (key, value) in map {
                    let at = KNOWN.iter().position(|known| known.eq_ignore_ascii_case(key));
                    let at = at.ok_or_else(|| {
                        SelectorError::Shape(format!("unknown field `{key}`; known: {}", KNOWN.join(", ")))
                    })?;
                    let text = value.as_str();
                    parts[at] = text.ok_or_else(|| SelectorError::Shape(format!("`{key}` must be a text")))?;
                }
            }
            _ => return Err(SelectorError::Shape("expected a mapping".to_owned())),
        }
        let [group, version, kind, name, namespace, labels, annotations] = parts;
        Self::new(group, version, kind, name, namespace, labels, annotations)
    }

    /// Says whether an object is selected. An object without a namespace counts as in `default`.
    #[must_use]
    pub fn matches(&self, object: &Json) -> bool {
        let text = |value: Option<&'_ Json>| value.and_then(Json::as_str).unwrap_or_default().to_owned();
        let metadata = object.get("metadata");
        let field = |name: &str| text(metadata.and_then(|metadata| metadata.get(name)));
        let (api_version, kind) = (text(object.get("apiVersion")), text(object.get("kind")));
        let (name, namespace) = (field("name"), field("namespace"));
        let namespace = effective_namespace(&api_version, &kind, &namespace);
        // Nothing but labels and annotations is asked of it.
        let part = metadata.filter(|_| self.has_labels()).cloned().unwrap_or_default();
        let part = Map::from([("metadata", Value::from(part))]).into();
        self.matches_parts(&part, &api_version, &kind, &[&name], &[namespace])
    }

    /// The name to select, when it is given and no pattern.
    pub(crate) fn plain_name(&self) -> Option<&str> {
        self.patterns[3].plain()
    }

    /// The namespace to select, when it is given and no pattern.
    pub(crate) fn plain_namespace(&self) -> Option<&str> {
        self.patterns[4].plain()
    }

    /// Says whether a name, or a pattern of names, is given.
    pub(crate) fn has_name(&self) -> bool {
        !matches!(self.patterns[3], Pattern::Any)
    }

    /// Says whether labels and annotations are as the selector wants them.
    pub(crate) fn meets_labels(&self, object: &Value) -> bool {
        meets(&self.labels, object, "labels") && meets(&self.annotations, object, "annotations")
    }

    /// Says whether labels or annotations are part of the selector.
    pub(crate) fn has_labels(&self) -> bool {
        !(self.labels.is_empty() && self.annotations.is_empty())
    }

    /// Says whether any of group, version, kind, name and namespace is given.
    pub(crate) fn has_identity(&self) -> bool {
        self.patterns.iter().any(|pattern| !matches!(pattern, Pattern::Any))
    }

    /// Says whether one identity, of now or of before, is selected; labels are not asked.
    pub(crate) fn matches_id(&self, api_version: &str, (namespace, name, kind): (&str, &str, &str)) -> bool {
        let (group, version) = split_api_version(api_version);
        let parts = [group, version, kind, name, namespace];
        self.patterns.iter().zip(parts).all(|(pattern, part)| pattern.matches(part))
    }

    /// Says whether an object in a build is selected, by the identity it has or the one it had at first.
    pub(crate) fn matches_resource(&self, resource: &Resource) -> bool {
        let first = resource.previous.first();
        let namespace = first.map_or_else(|| resource.effective_namespace(), |previous| &previous.namespace);
        self.matches_parts(
            &resource.value,
            resource.api_version(),
            resource.kind(),
            &[resource.original_name(), resource.name()],
            &[namespace, resource.effective_namespace()],
        )
    }

    fn matches_parts(
        &self,
        object: &Value,
        api_version: &str,
        kind: &str,
        names: &[&str],
        namespaces: &[&str],
    ) -> bool {
        let (group, version) = split_api_version(api_version);
        let any = |pattern: &Pattern, texts: &[&str]| texts.iter().any(|text| pattern.matches(text));
        let [group_pattern, version_pattern, kind_pattern, name_pattern, namespace_pattern] = &self.patterns;
        any(kind_pattern, &[kind])
            && any(name_pattern, names)
            && any(group_pattern, &[group])
            && any(version_pattern, &[version])
            && any(namespace_pattern, namespaces)
            && meets(&self.labels, object, "labels")
            && meets(&self.annotations, object, "annotations")
    }
}

fn meets(requirements: &[Requirement], object: &Value, field: &str) -> bool {
    if requirements.is_empty() {
        return true;
    }
    let map = object.get("metadata").and_then(|metadata| metadata.get(field)).and_then(Value::as_object);
    requirements.iter().all(|requirement| requirement.is_met(map))
}

/// Reads a label selector.
fn requirements(text: &str) -> Result<Vec<Requirement>, SelectorError> {
    labels::parse(text).map_err(|message| SelectorError::Labels { selector: text.to_owned(), message })
}
