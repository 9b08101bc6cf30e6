//! Which objects a patch is for: anchored regular expressions over identity, label selectors over labels and annotations.

use crate::id::{effective_namespace, split_api_version};
use crate::resource::Resource;
use crate::resource::text;
use regex::Regex;
use serde_json::{Map, Value};

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

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Plain(plain) => plain == text,
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    /// Also matches when the label is absent.
    NotIn(String, Vec<String>),
    More(String, i64),
    Less(String, i64),
    Exists(String),
    Absent(String),
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
    pub fn from_value(target: &Value) -> Result<Self, SelectorError> {
        const KNOWN: [&str; 7] =
            ["group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector"];
        let mut parts = [""; 7];
        match target {
            Value::Null => {}
            Value::Object(map) => {
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
    pub fn matches(&self, object: &Value) -> bool {
        let metadata = object.get("metadata").unwrap_or(&Value::Null);
        let (api_version, kind) = (text(object, "apiVersion"), text(object, "kind"));
        let namespace = effective_namespace(api_version, kind, text(metadata, "namespace"));
        self.matches_parts(object, api_version, kind, &[text(metadata, "name")], &[namespace])
    }

    /// The name to select, when it is given and no pattern.
    pub(crate) fn plain_name(&self) -> Option<&str> {
        match &self.patterns[3] {
            Pattern::Plain(name) => Some(name),
            _ => None,
        }
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

impl Requirement {
    fn is_met(&self, map: Option<&Map<String, Value>>) -> bool {
        let value = |key: &str| map.and_then(|map| map.get(key)).and_then(Value::as_str);
        match self {
            Self::In(key, values) => value(key).is_some_and(|value| values.iter().any(|other| other == value)),
            Self::NotIn(key, values) => value(key).is_none_or(|value| values.iter().all(|other| other != value)),
            Self::More(key, bound) => value(key).and_then(|text| text.parse::<i64>().ok()).is_some_and(|n| n > *bound),
            Self::Less(key, bound) => value(key).and_then(|text| text.parse::<i64>().ok()).is_some_and(|n| n < *bound),
            Self::Exists(key) => value(key).is_some(),
            Self::Absent(key) => value(key).is_none(),
        }
    }
}

/// Reads Kubernetes' label selector syntax.
fn requirements(text: &str) -> Result<Vec<Requirement>, SelectorError> {
    let error = |message| SelectorError::Labels { selector: text.to_owned(), message };
    split_outside_parentheses(text)
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| one(part).map_err(error))
        .collect()
}

/// Splits at commas that are not inside parentheses.
fn split_outside_parentheses(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    text.split(move |c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    })
}

fn one(part: &str) -> Result<Requirement, &'static str> {
    let key_of = |text: &str| {
        let key = text.trim();
        let is_name =
            !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'));
        if is_name { Ok(key.to_owned()) } else { Err("this is no label name") }
    };
    if let Some((key, value)) = part.split_once("!=") {
        return Ok(Requirement::NotIn(key_of(key)?, vec![value.trim().to_owned()]));
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Ok(Requirement::In(key_of(key)?, vec![value.trim().to_owned()]));
    }
    if let Some((head, list)) = part.split_once('(') {
        let list = list.trim_end().strip_suffix(')').ok_or("a `(` is never closed")?;
        let values = list.split(',').map(|value| value.trim().to_owned()).collect();
        let mut words = head.split_whitespace();
        return match (words.next(), words.next(), words.next()) {
            (Some(key), Some("in"), None) => Ok(Requirement::In(key_of(key)?, values)),
            (Some(key), Some("notin"), None) => Ok(Requirement::NotIn(key_of(key)?, values)),
            _ => Err("before a list stands a name and `in` or `notin`"),
        };
    }
    if let Some((key, bound)) = part.split_once('>') {
        return Ok(Requirement::More(key_of(key)?, bound.trim().parse().map_err(|_| "after `>` stands a number")?));
    }
    if let Some((key, bound)) = part.split_once('<') {
        return Ok(Requirement::Less(key_of(key)?, bound.trim().parse().map_err(|_| "after `<` stands a number")?));
    }
    match part.strip_prefix('!') {
        Some(key) => Ok(Requirement::Absent(key_of(key)?)),
        None => Ok(Requirement::Exists(key_of(part)?)),
    }
}
