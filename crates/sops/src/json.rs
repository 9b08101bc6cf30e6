//! JSON, and binary files in their JSON envelope.

use std::fmt::Write as _;

use serde_json::Number;
use teal_yaml::{Data, Dialect, Entry, Node};
use zeroize::Zeroizing;

use crate::keys::unlock;
use crate::metadata::Metadata;
use crate::tree::{STANZA, Walk};
use crate::value::Plain;
use crate::{Secret, SopsError, Unwrap};

/// Plaintext of a file, and the texts that were encrypted in it.
pub(crate) type Output = (Zeroizing<Vec<u8>>, Vec<Secret>);

/// Decrypts one JSON object; printed with tabs, in the order of the file.
pub(crate) fn decrypt(text: &str, sources: &dyn Unwrap) -> Result<Output, SopsError> {
    let (mut entries, metadata) = read(text)?;
    let key = unlock(&metadata, sources)?;
    let mut walk = Walk::new(&key, &metadata);
    let mut document = Node { data: Data::Mapping(std::mem::take(&mut entries)), at: Default::default() };
    walk.document(&mut document, &mut |node, plain, _| {
        node.data = data_of(plain)?;
        Ok(())
    })?;
    let secrets = walk.finish()?;
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    write(&mut out, &document, 0);
    out.push('\n');
    Ok((Zeroizing::new(out.as_bytes().to_vec()), secrets))
}

/// Decrypts the bytes in a binary envelope.
pub(crate) fn decrypt_binary(text: &str, sources: &dyn Unwrap) -> Result<Output, SopsError> {
    let (entries, metadata) = read(text)?;
    let key = unlock(&metadata, sources)?;
    let mut walk = Walk::new(&key, &metadata);
    let data = entries.iter().find(|entry| entry.key == "data").and_then(|entry| entry.value.as_str());
    let plain = walk.line("data", data.unwrap_or_default())?;
    let secrets = walk.finish()?;
    match plain {
        Some(Plain::Bytes(bytes)) => Ok((bytes, secrets)),
        None => Ok((Zeroizing::new(Vec::new()), secrets)), // an empty file
        Some(_) => Err(SopsError::Value { path: "data".to_owned(), problem: "is no text" }),
    }
}

/// The entries without the stanza, and the stanza.
fn read(text: &str) -> Result<(Vec<Entry>, Metadata), SopsError> {
    let mut documents = teal_yaml::read_as(Dialect::Kustomize, text)?;
    let Some(Node { data: Data::Mapping(mut entries), .. }) = documents.pop() else {
        return Err(SopsError::metadata(STANZA, "is missing"));
    };
    let at = entries.iter().position(|entry| entry.key == STANZA);
    let Some(at) = at else { return Err(SopsError::metadata(STANZA, "is missing")) };
    let stanza = entries.remove(at).value.into_value();
    Ok((entries, Metadata::read(&stanza)?))
}

fn data_of(plain: Plain) -> Result<Data, &'static str> {
    Ok(match plain {
        Plain::Bytes(bytes) | Plain::Time(bytes) => {
            Data::String(std::str::from_utf8(&bytes).map_err(|_| "is no text")?.to_owned())
        }
        Plain::Int(number) => Data::Number(number.into()),
        Plain::Float(number) => Data::Number(Number::from_f64(number).ok_or("is no finite number")?),
        Plain::Bool(value) => Data::Bool(value),
        Plain::Comment(_) => return Err("is the text of a comment"),
    })
}

fn write(out: &mut String, node: &Node, indent: usize) {
    match &node.data {
        Data::Null => out.push_str("null"),
        Data::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Data::Number(number) => out.push_str(&number_text(number)),
        Data::String(text) => write_text(out, text),
        Data::Sequence(items) => list(out, ('[', ']'), items, indent, |out, item| write(out, item, indent + 1)),
        Data::Mapping(entries) => list(out, ('{', '}'), entries, indent, |out, entry| {
            write_text(out, &entry.key);
            out.push_str(": ");
            write(out, &entry.value, indent + 1);
        }),
    }
}

fn list<T>(out: &mut String, around: (char, char), items: &[T], indent: usize, mut each: impl FnMut(&mut String, &T)) {
    let new_line = |out: &mut String, indent: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n('\t', indent));
    };
    out.push(around.0);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        new_line(out, indent + 1);
        each(out, item);
    }
    if !items.is_empty() {
        new_line(out, indent);
    }
    out.push(around.1);
}

/// A number as Go's encoder prints it.
fn number_text(number: &Number) -> String {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else { return number.to_string() };
    let size = float.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return float.to_string();
    }
    let text = format!("{float:e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) if !exponent.starts_with('-') => format!("{mantissa}e+{exponent}"),
        _ => text,
    }
}

/// A text as Go's encoder prints it: also safe inside HTML.
pub(crate) fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\u{0}'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter)); // writing to a String can't fail
            }
            _ => out.push(letter),
        }
    }
    out.push('"');
}
