//! `crds`: OpenAPI definitions of custom kinds, whose marks say which fields are names, labels, annotations or
//! references.

use super::{Config, NameReference};
use crate::field::FieldSpec;
use crate::{BuildError, BuildErrors};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::rc::Rc;
use teal_yaml::{Data, Entry, Place};

/// Deepest path of a field; definitions that refer to themselves end where they meet themselves.
const DEEPEST: usize = 32;
/// Most fields that are looked at in one file: definitions that name others twice, which name others twice … end here.
const MOST_FIELDS: usize = 50_000;

/// Reads a file of definitions by type name.
///
/// # Errors
/// When it is no mapping of definitions, or says two things of one field.
pub(crate) fn parse(file: &str, bytes: &[u8]) -> Result<Config, BuildErrors> {
    let documents = teal_yaml::text_of(bytes)
        .and_then(teal_yaml::read)
        .map_err(|source| BuildError::Yaml { file: file.to_owned(), source })?;
    let wrong = |at, message: String| BuildError::Load { file: file.to_owned(), at: Some(at), message };
    let Some(document) = documents.into_iter().next() else { return Ok(Config::default()) };
    let Data::Mapping(entries) = &document.data else {
        return Err(wrong(document.at, "expected OpenAPI definitions by the name of their type".to_owned()).into());
    };
    let is_definition = |entry: &&Entry| matches!(entry.value.data, Data::Mapping(_) | Data::Null);
    let others = entries.iter().filter(|entry| !is_definition(entry));
    let errors: Vec<BuildError> = others
        .map(|entry| {
            let message = format!("`{}` is no OpenAPI definition; expected a mapping with a `Schema`", entry.key);
            wrong(entry.key_at, message)
        })
        .collect();
    if !errors.is_empty() {
        return Err(BuildErrors(errors));
    }
    let places: HashMap<String, Place> = entries.iter().map(|entry| (entry.key.clone(), entry.key_at)).collect();
    let Value::Object(definitions) = document.into_value() else { return Ok(Config::default()) };
    let mut reader = Reader { definitions: &definitions, config: Config::default(), fields: 0 };
    for (name, definition) in &definitions {
        let Some(properties) = properties(definition) else { continue };
        if ["kind", "apiVersion", "metadata"].iter().all(|field| properties.contains_key(*field)) {
            let kind = name.rsplit('.').next().unwrap_or(name);
            let mut path = Vec::new();
            let at = places.get(name).copied().unwrap_or_default();
            reader.visit(kind, name, &mut path, &mut Vec::new()).map_err(|message| wrong(at, message))?;
        }
    }
    Ok(reader.config)
}

/// Looks a key up without regard to case, as Go's JSON does.
fn get<'v>(map: &'v Map<String, Value>, key: &str) -> Option<&'v Value> {
    map.get(key).or_else(|| map.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value))
}

fn properties(definition: &Value) -> Option<&Map<String, Value>> {
    get(definition.as_object()?, "Schema")?.get("properties")?.as_object()
}

struct Reader<'a> {
    definitions: &'a Map<String, Value>,
    config: Config,
    fields: usize,
}

impl<'a> Reader<'a> {
    fn visit(
        &mut self,
        kind: &str,
        name: &'a str,
        path: &mut Vec<&'a str>,
        within: &mut Vec<&'a str>,
    ) -> Result<(), String> {
        if within.contains(&name) || path.len() >= DEEPEST {
            return Ok(());
        }
        let Some(properties) = self.definitions.get(name).and_then(properties) else { return Ok(()) };
        within.push(name);
        for (field, property) in properties {
            self.fields += 1;
            if self.fields > MOST_FIELDS {
                return Err(format!("the definitions have more than {MOST_FIELDS} fields"));
            }
            path.push(field);
            self.mark(kind, property, path)?;
            if let Some(reference) = property.get("$ref").and_then(Value::as_str) {
                self.visit(kind, reference, path, within)?;
            }
            path.pop();
        }
        within.pop();
        Ok(())
    }

    /// Takes the marks of one field in.
    fn mark(&mut self, kind: &str, property: &Value, path: &[&str]) -> Result<(), String> {
        let Some(property) = property.as_object() else { return Ok(()) };
        let text = |key: &str| get(property, key).and_then(Value::as_str);
        let spec = |path: String| FieldSpec {
            group: "".into(),
            version: "".into(),
            kind: kind.to_owned().into(),
            path: path.into(),
            create: false,
        };
        let here = path.join("/");
        let mut found = Config::default();
        if text("x-kubernetes-annotation").is_some() {
            found.common_annotations = Rc::new(vec![spec(here.clone())]);
        }
        if text("x-kubernetes-label-selector").is_some() {
            found.common_labels = Rc::new(vec![spec(here.clone())]);
        }
        if text("x-kubernetes-identity").is_some() {
            found.name_prefix = Rc::new(vec![spec(here.clone())]);
        }
        if let (Some(version), Some(target)) =
            (text("x-kubernetes-object-ref-api-version"), text("x-kubernetes-object-ref-kind"))
        {
            let key = text("x-kubernetes-object-ref-name-key").unwrap_or("name");
            found.name_reference = Rc::new(vec![NameReference {
                group: "".into(),
                version: version.to_owned().into(),
                kind: target.to_owned().into(),
                referrers: vec![spec(format!("{here}/{key}"))],
            }]);
        }
        self.config.merge(&found)
    }
}
