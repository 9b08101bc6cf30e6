//! Bringing a declared value to its one form.

use std::io::{self, Write};

use base64::Engine;
use serde_json::{Map, Value};

use super::{ObjectError, Origin};
use crate::id::ObjectId;
use crate::mark::{OWNER_ANNOTATION, SYNC_LABEL};

pub(super) fn identify(map: &Map<String, Value>, origin: &Origin) -> Result<(String, ObjectId), ObjectError> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let metadata = map.get("metadata");
    let (api_version, kind) = (text(map.get("apiVersion")), text(map.get("kind")));
    let name = text(metadata.and_then(|metadata| metadata.get("name")));
    let what = match (&kind, &name) {
        (Some(kind), Some(name)) => format!("{kind} {name}"),
        (Some(kind), None) => kind.clone(),
        (None, Some(name)) => format!("object {name}"),
        (None, None) => "object".to_owned(),
    };
    if name.is_none() && metadata.and_then(|metadata| metadata.get("generateName")).is_some() {
        return Err(ObjectError::GenerateName { origin: origin.clone(), what });
    }
    let (Some(api_version), Some(kind), Some(name)) = (&api_version, &kind, &name) else {
        let fields = [("apiVersion", &api_version), ("kind", &kind), ("metadata.name", &name)];
        let fields: Vec<_> = fields.iter().filter(|(_, value)| value.is_none()).map(|(field, _)| *field).collect();
        return Err(ObjectError::Missing { origin: origin.clone(), what, fields: fields.join(", ") });
    };
    let invalid = |field: &str, problem: &str| ObjectError::Invalid {
        origin: origin.clone(),
        what: what.clone(),
        field: field.to_owned(),
        problem: problem.to_owned(),
    };
    let namespace = match metadata.and_then(|metadata| metadata.get("namespace")) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(namespace)) => namespace.clone(),
        Some(_) => return Err(invalid("metadata.namespace", "must be a string; quote it")),
    };
    for (field, value) in [("kind", kind), ("metadata.name", name), ("metadata.namespace", &namespace)] {
        if value.contains('/') {
            return Err(invalid(field, "must not contain `/`"));
        }
    }
    for field in ["labels", "annotations"] {
        check_strings(metadata.and_then(|metadata| metadata.get(field)))
            .map_err(|problem| invalid(&format!("metadata.{field}"), problem))?;
    }
    let group = match api_version.split_once('/') {
        None => String::new(),
        Some((group, version)) if !group.is_empty() && !version.is_empty() && !version.contains('/') => {
            group.to_owned()
        }
        Some(_) => return Err(invalid("apiVersion", "must be `version` or `group/version`")),
    };
    Ok((api_version.clone(), ObjectId { group, kind: kind.clone(), namespace, name: name.clone() }))
}

fn check_strings(map: Option<&Value>) -> Result<(), &'static str> {
    match map {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Object(map)) if map.values().all(Value::is_string) => Ok(()),
        Some(Value::Object(_)) => Err("must have strings as values; quote numbers and booleans"),
        Some(_) => Err("must be a map of strings"),
    }
}

pub(super) fn clean(map: &mut Map<String, Value>) {
    map.remove("status");
    if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in ["uid", "resourceVersion", "generation", "selfLink", "managedFields", "creationTimestamp"] {
            metadata.remove(field);
        }
        metadata.retain(|_, value| !value.is_null());
        // Exported from a cluster: it is marked anew for whoever declares it now.
        for (map, mark) in [("labels", SYNC_LABEL), ("annotations", OWNER_ANNOTATION)] {
            if let Some(marks) = metadata.get_mut(map).and_then(Value::as_object_mut) {
                marks.remove(mark);
            }
        }
    }
    map.values_mut().for_each(drop_null_timestamps);
}

/// `metadata.creationTimestamp: null` is what Go tools print into every template.
fn drop_null_timestamps(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut)
                && metadata.get("creationTimestamp").is_some_and(Value::is_null)
            {
                metadata.remove("creationTimestamp");
            }
            map.values_mut().for_each(drop_null_timestamps);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_null_timestamps),
        _ => {}
    }
}

/// `stringData` wins over `data`, as in the API server.
pub(super) fn fold_string_data(map: &mut Map<String, Value>) -> Result<(), (String, &'static str)> {
    let plain = match map.remove("stringData") {
        None | Some(Value::Null) => return check_secret_data(map),
        Some(Value::Object(plain)) => plain,
        Some(_) => return Err(("stringData".to_owned(), "must be a map of strings")),
    };
    let data = map.entry("data").or_insert_with(|| Value::Object(Map::new()));
    if data.is_null() {
        *data = Value::Object(Map::new());
    }
    let Value::Object(data) = data else { return Err(("data".to_owned(), "must be a map of base64 strings")) };
    for (key, value) in plain {
        let Value::String(text) = value else {
            return Err((format!("stringData.{key}"), "must be a string; quote it"));
        };
        data.insert(key, base64::engine::general_purpose::STANDARD.encode(text).into());
    }
    check_secret_data(map)
}

fn check_secret_data(map: &Map<String, Value>) -> Result<(), (String, &'static str)> {
    let Some(data) = map.get("data").and_then(Value::as_object) else { return Ok(()) };
    for (key, value) in data {
        let fine = match value {
            Value::Null => true,
            Value::String(text) => {
                let packed: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
                base64::engine::general_purpose::STANDARD.decode(packed).is_ok()
            }
            _ => false,
        };
        if !fine {
            return Err((format!("data.{key}"), "must be base64; put plain text under stringData"));
        }
    }
    Ok(())
}

pub(super) fn shape(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// Size as compact JSON, counted without keeping it.
pub(crate) fn json_size(value: &Value) -> usize {
    struct Count(usize);
    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Neither a Value nor the counter can fail; were it to, the object would simply not be refused here.
    let _infallible = serde_json::to_writer(&mut count, value);
    count.0
}
