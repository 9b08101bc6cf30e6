//! dotenv: `NAME=value` lines; the metadata is spread over lines of its own, its nesting written into their names.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::json::Output;
use crate::keys::unlock;
use crate::metadata::Metadata;
use crate::tree::Walk;
use crate::value::{Plain, open};
use crate::{SopsError, Unwrap};

/// What names of metadata begin with.
const PREFIX: &str = "sops_";
/// Most entries of one list in the metadata.
const MAX_LIST: usize = 1000;
/// What comments at the top of a file are bound to.
const ROOT: &str = ":";

/// Decrypts the lines; comments and order stay.
pub(crate) fn decrypt(text: &str, sources: &dyn Unwrap) -> Result<Output, SopsError> {
    let metadata = Metadata::read(&Value::Object(stanza(text)?))?;
    let key = unlock(&metadata, sources)?;
    let mut walk = Walk::new(&key, &metadata);
    let mut out = Zeroizing::new(Vec::with_capacity(text.len()));
    let lines = text.split('\n').filter(|line| !line.is_empty() && !line.starts_with(PREFIX));
    for line in lines {
        if let Some(comment) = line.strip_prefix('#') {
            out.push(b'#');
            match open(comment, &key, ROOT) {
                Ok(Plain::Comment(plain)) => out.extend_from_slice(&plain),
                _ => out.extend_from_slice(comment.as_bytes()), // never was encrypted
            }
            out.push(b'\n');
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            return Err(SopsError::Value { path: "a line".to_owned(), problem: "is neither NAME=value nor a comment" });
        };
        let value = value.replace("\\n", "\n");
        let plain = walk.line(name, &value)?;
        out.extend_from_slice(name.as_bytes());
        out.push(b'=');
        match &plain {
            Some(Plain::Bytes(bytes) | Plain::Time(bytes)) => push_escaped(&mut out, bytes),
            Some(Plain::Int(number)) => out.extend_from_slice(number.to_string().as_bytes()),
            Some(Plain::Float(number)) => out.extend_from_slice(number.to_string().as_bytes()),
            Some(Plain::Bool(value)) => out.extend_from_slice(value.to_string().as_bytes()),
            Some(Plain::Comment(_)) | None => push_escaped(&mut out, value.as_bytes()),
        }
        out.push(b'\n');
    }
    let secrets = walk.finish()?;
    Ok((out, secrets))
}

/// Line breaks are written as two characters.
fn push_escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            other => out.push(*other),
        }
    }
}

/// Puts the metadata together again.
fn stanza(text: &str) -> Result<Map<String, Value>, SopsError> {
    let mut root = Value::Object(Map::new());
    for line in text.split('\n') {
        let Some((name, value)) = line.strip_prefix(PREFIX).and_then(|line| line.split_once('=')) else { continue };
        let place = place(&mut root, name).ok_or_else(|| SopsError::metadata(name, "has a name that fits no place"))?;
        *place = Value::String(value.replace("\\n", "\n"));
    }
    match root {
        Value::Object(map) => Ok(map),
        _ => Ok(Map::new()),
    }
}

/// The place that a name such as `age__list_0__map_enc` leads to, made on the way.
fn place<'a>(root: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    let mut at = root;
    for (index, step) in name.split("__").enumerate() {
        if let Some(number) = step.strip_prefix("list_").filter(|_| index > 0) {
            let number: usize = number.parse().ok().filter(|number| *number < MAX_LIST)?;
            if at.is_null() {
                *at = Value::Array(Vec::new());
            }
            let list = at.as_array_mut()?;
            while list.len() <= number {
                list.push(Value::Null);
            }
            at = list.get_mut(number)?;
        } else {
            let key = if index > 0 { step.strip_prefix("map_")? } else { step };
            if at.is_null() {
                *at = Value::Object(Map::new());
            }
            at = at.as_object_mut()?.entry(key).or_insert(Value::Null);
        }
    }
    Some(at)
}
