//! `configMapGenerator` and `secretGenerator`.

mod pairs;

use crate::BuildErrors;
use crate::build::accumulate::Files;
use crate::kustomization::{Generator, TextMap};
use crate::resource::{Behavior, Origin, Resource};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Base64 longer than this is broken into lines; the breaks are part of the hashed text.
const BASE64_LINE: usize = 70;

/// Runs every generator of a kustomization: ConfigMaps first, then Secrets.
///
/// # Errors
/// Every generator that can't run.
pub(crate) fn generate(files: &Files<'_>) -> Result<Vec<Resource>, BuildErrors> {
    let (mut resources, mut errors) = (Vec::new(), Vec::new());
    let config_maps = files.kustomization.config_maps.iter().map(|generator| (generator, false));
    let secrets = files.kustomization.secrets.iter().map(|generator| (generator, true));
    for (generator, secret) in config_maps.chain(secrets) {
        match pairs::load(files, generator) {
            Ok(pairs) => resources.push(make(files, generator, pairs, secret)),
            Err(wrong) => errors.extend(wrong.0),
        }
    }
    if errors.is_empty() { Ok(resources) } else { Err(BuildErrors(errors)) }
}

fn make(files: &Files<'_>, generator: &Generator, pairs: BTreeMap<String, Vec<u8>>, secret: bool) -> Resource {
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), json!(generator.name));
    if !generator.namespace.is_empty() {
        metadata.insert("namespace".to_owned(), json!(generator.namespace));
    }
    put_texts(&mut metadata, "labels", &generator.options.labels);
    put_texts(&mut metadata, "annotations", &generator.options.annotations);

    let (mut data, mut binary) = (Map::new(), Map::new());
    for (key, bytes) in pairs {
        match String::from_utf8(bytes) {
            Ok(text) if !secret => data.insert(key, Value::String(text)),
            Err(wrong) if !secret => binary.insert(key, Value::String(encode(wrong.as_bytes()))),
            other => {
                let bytes = other.map_or_else(std::string::FromUtf8Error::into_bytes, String::into_bytes);
                data.insert(key, Value::String(encode(&bytes)))
            }
        };
    }
    let mut object = Map::new();
    object.insert("apiVersion".to_owned(), json!("v1"));
    object.insert("kind".to_owned(), json!(if secret { "Secret" } else { "ConfigMap" }));
    object.insert("metadata".to_owned(), Value::Object(metadata));
    if secret {
        let kind = if generator.secret_type.is_empty() { "Opaque" } else { &generator.secret_type };
        object.insert("type".to_owned(), json!(kind));
    }
    if secret || !data.is_empty() {
        object.insert("data".to_owned(), Value::Object(data));
    }
    if !binary.is_empty() {
        object.insert("binaryData".to_owned(), Value::Object(binary));
    }
    if generator.options.immutable {
        object.insert("immutable".to_owned(), Value::Bool(true));
    }
    let origin = Origin { file: files.kustomization.file.as_str().into(), line: generator.at.line, document: 0 };
    let mut resource = Resource::new(Value::Object(object), origin);
    resource.needs_hash = !generator.options.disable_name_suffix_hash;
    resource.behavior = match generator.behavior.as_str() {
        "merge" => Behavior::Merge,
        "replace" => Behavior::Replace,
        _ => Behavior::Create,
    };
    resource
}

fn put_texts(metadata: &mut Map<String, Value>, field: &str, texts: &TextMap) {
    if !texts.is_empty() {
        metadata.insert(field.to_owned(), json!(texts));
    }
}

/// Base64 in lines of 70 characters, each ended, when there is more than one.
fn encode(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    if text.len() < BASE64_LINE {
        return text;
    }
    let mut lines = String::with_capacity(text.len() + text.len() / BASE64_LINE + 1);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(BASE64_LINE));
        lines.push_str(line);
        lines.push('\n');
        rest = more;
    }
    lines
}
