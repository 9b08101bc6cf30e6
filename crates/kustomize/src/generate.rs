//! What generators make: ConfigMaps, Secrets, and the service account of an IAM policy.

pub(crate) mod iam;
mod pairs;

use crate::BuildErrors;
use crate::build::files::Files;
use crate::id::Scopes;
use crate::kustomization::{Generator, TextMap};
use crate::resource::{Behavior, Origin, Resource};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::rc::Rc;
use teal_yaml::{Map, Place, Value};

/// Base64 longer than this is broken into lines; the breaks are part of the hashed text.
const BASE64_LINE: usize = 70;

/// Runs one ConfigMap or Secret generator.
///
/// # Errors
/// What keeps it from running.
pub(crate) fn run(
    files: &Files<'_>,
    generator: &Generator,
    secret: bool,
    scopes: &Rc<Scopes>,
) -> Result<Resource, BuildErrors> {
    let pairs = pairs::load(files, generator)?;
    let mut resource = Resource::new(object(generator, pairs, secret), origin(files, generator.at), scopes);
    resource.is_generated = true;
    resource.needs_hash = !generator.options.disable_name_suffix_hash;
    resource.behavior = match generator.behavior.as_str() {
        "merge" => Behavior::Merge,
        "replace" => Behavior::Replace,
        _ => Behavior::Create,
    };
    Ok(resource)
}

/// A generated object's place is that of its generator.
pub(crate) fn origin(files: &Files<'_>, at: Place) -> Origin {
    Origin { file: files.file.into(), line: at.line, document: 0 }
}

fn object(generator: &Generator, pairs: BTreeMap<String, Vec<u8>>, secret: bool) -> Value {
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), generator.name.as_str().into());
    if !generator.namespace.is_empty() {
        metadata.insert("namespace".to_owned(), generator.namespace.as_str().into());
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
    object.insert("apiVersion".to_owned(), "v1".into());
    object.insert("kind".to_owned(), if secret { "Secret" } else { "ConfigMap" }.into());
    object.insert("metadata".to_owned(), Value::Object(metadata));
    if secret {
        let kind = if generator.secret_type.is_empty() { "Opaque" } else { &generator.secret_type };
        object.insert("type".to_owned(), kind.into());
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
    Value::Object(object)
}

fn put_texts(metadata: &mut Map, field: &str, texts: &TextMap) {
    if !texts.is_empty() {
        let texts: Map = texts.iter().map(|(key, text)| (key, Value::from(text.as_str()))).collect();
        metadata.insert(field, texts.into());
    }
}

fn encode(bytes: &[u8]) -> String {
    in_lines(STANDARD.encode(bytes))
}

/// Breaks base64 into lines of 70 characters, each ended, when there is more than one.
pub(crate) fn in_lines(text: String) -> String {
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
