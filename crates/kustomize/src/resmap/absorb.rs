//! What happens when a generated object meets one of its identity.

use super::{ResMap, transform};
use crate::BuildError;
use crate::load::Quotes;
use crate::resource::{Behavior, Resource};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use teal_yaml::{Map, Value};

impl ResMap {
    /// Takes generated objects in, each by its behaviour.
    ///
    /// # Errors
    /// When one is there and must not be, or is not and must be.
    pub(crate) fn absorb(&mut self, generated: Vec<Resource>, file: &str) -> Result<(), BuildError> {
        for resource in generated {
            let places = if self.list.is_empty() { Vec::new() } else { self.with_id(&resource.key()) };
            match (places.as_slice(), resource.behavior) {
                ([], Behavior::Create) => self.append(resource)?,
                ([], Behavior::Merge | Behavior::Replace) => {
                    let message = format!(
                        "the generator of {} says behavior merge or replace, and there is nothing of that identity below it",
                        resource.describe()
                    );
                    return Err(transform(file, message));
                }
                (&[at], Behavior::Create) => {
                    let message = format!(
                        "the generator of {} meets one that exists already ({}); its behavior must be merge or replace, or its name another",
                        resource.describe(),
                        self.list[at].origin
                    );
                    return Err(transform(file, message));
                }
                (&[at], behavior) => {
                    // Name, namespace and kind stay the old one's.
                    self.change(at, |old| merge(old, resource, behavior))
                        .map_err(|message| transform(file, message))?;
                }
                (_, _) => {
                    let message = format!("several objects could take the generated {}", resource.describe());
                    return Err(transform(file, message));
                }
            }
        }
        Ok(())
    }
}

/// Puts a generated object over the one it merges with or replaces; name, namespace and history stay the old one's.
fn merge(old: &mut Resource, mut new: Resource, behavior: Behavior) -> Result<(), String> {
    for field in ["labels", "annotations"] {
        let mut merged = texts(old.metadata_map(field));
        merged.extend(texts(new.metadata_map(field)));
        let Some(metadata) = new.metadata_mut() else { continue };
        put(metadata, field, merged);
    }
    if behavior == Behavior::Merge {
        let old_data = old.value.get("data").and_then(Value::as_object);
        let mut data = texts(old_data);
        for (key, value) in old_data.into_iter().flatten() {
            if let Some(text) = old.written(value) {
                data.insert(key.clone(), Value::String(text.to_owned()));
            }
        }
        if old.kind() == "Secret" && old.api_version() == "v1" {
            data.extend(encoded(old)?);
        }
        data.extend(texts(new.value.get("data").and_then(Value::as_object)));
        let mut binary = texts(old.value.get("binaryData").and_then(Value::as_object));
        binary.extend(texts(new.value.get("binaryData").and_then(Value::as_object)));
        if let Some(object) = new.value.as_object_mut() {
            put(object, "data", data);
            put(object, "binaryData", binary);
        }
    } else {
        old.provenance = new.provenance.take();
    }
    new.set_name(old.name());
    new.set_namespace(old.namespace());
    old.needs_hash &= new.needs_hash;
    old.value = new.value;
    (old.blanks, old.links) = (Vec::new(), Vec::new());
    (old.odd, old.spelled, old.quotes) = (Vec::new(), Vec::new(), Quotes::default());
    Ok(())
}

fn put(map: &mut Map, field: &str, texts: Map) {
    if texts.is_empty() {
        map.remove(field);
    } else {
        map.insert(field.to_owned(), Value::Object(texts));
    }
}

/// The texts of a mapping; other scalars count as what they are written as.
fn texts(map: Option<&Map>) -> Map {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    map.into_iter().flatten().map(|(key, value)| (key.clone(), Value::String(text(value)))).collect()
}

/// `stringData` of a Secret as the API server takes it in: it wins over `data`.
fn encoded(secret: &Resource) -> Result<Map, String> {
    let Some(map) = secret.value.get("stringData").and_then(Value::as_object) else { return Ok(Map::new()) };
    if let Some((key, _)) = map.iter().find(|(_, value)| value.is_array() || value.is_object()) {
        return Err(format!("`stringData.{key}` of {} must be a text", secret.describe()));
    }
    let mut encoded = texts(Some(map));
    for value in encoded.values_mut() {
        if let Value::String(text) = value {
            *text = crate::generate::in_lines(STANDARD.encode(text.as_bytes()));
        }
    }
    Ok(encoded)
}
