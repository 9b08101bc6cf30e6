//! Schemas of values (`values.schema.json`). Helm follows their references wherever they lead, to files of the machine and
//! to servers, and its complaints tell what it found there (attack cases 4 and 13). So none may lead out of the schema:
//! what a chart's schema needs stands in it, or is a draft of JSON Schema itself, which Helm brings along.
//!
//! Every object of the text counts, whether or not a draft would take it for a schema there: a JSON pointer makes one of any.

use serde_json::Value;

use super::{ChartError, ChartFiles};

const FILE: &str = "values.schema.json";
/// Keywords whose text is followed.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];
/// Keywords that name a schema; others are relative to it.
const NAMES: [&str; 2] = ["$id", "id"];
const DRAFTS: [&str; 5] = ["draft-04", "draft-06", "draft-07", "draft/2019-09", "draft/2020-12"];
/// Parts of the drafts that have parts.
const PARTS: [&str; 9] = [
    "applicator",
    "content",
    "core",
    "format",
    "format-annotation",
    "format-assertion",
    "meta-data",
    "unevaluated",
    "validation",
];
/// Most places that are told.
const MOST: usize = 10;

/// Refuses a chart when a schema in it, or in a chart in it, leads out. Archives must be open already. Says where, and not
/// whereto: the file may have been encrypted.
///
/// # Errors
/// `SCHEMA`, with every place (up to ten).
pub fn refuse_leading_out(files: &ChartFiles) -> Result<(), ChartError> {
    let mut problems = Vec::new();
    for (path, bytes) in files.iter().filter(|(path, _)| path.rsplit('/').next() == Some(FILE)) {
        // As Helm reads it: without the mark at its beginning.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match serde_json::from_slice::<Value>(bytes) {
            Ok(schema) => {
                let own = own_address(&schema);
                walk(&schema, &own, &mut String::new(), &mut |place| problems.push(format!("{path}: {place}")));
            }
            // Its words are not shown: they may be the file's.
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                problems.push(format!("{path}:{line}:{column}: is no JSON, or nested too deep"));
            }
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    let more = problems.len().saturating_sub(MOST);
    problems.truncate(MOST);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let message = format!(
        "{}{more}; a schema may refer to itself (`#…`) and to JSON Schema's own drafts only, so copy what it needs into it",
        problems.join("; ")
    );
    Err(ChartError::new(ChartError::SCHEMA, message))
}

/// The address that the root gives itself, by which it may be referred to as well; none that is a file's.
fn own_address(schema: &Value) -> Option<&str> {
    let old = schema.get("$schema").and_then(Value::as_str).is_some_and(|draft| draft.contains("draft-04"));
    // Beside a `$ref` older drafts overlook it.
    let name = if old { "id" } else { "$id" };
    let address = schema.get(name).and_then(Value::as_str).filter(|_| schema.get("$ref").is_none())?;
    let address = address.split('#').next().unwrap_or_default();
    (address.starts_with("https://") || address.starts_with("http://")).then_some(address)
}

fn walk(value: &Value, own: &Option<&str>, at: &mut String, tell: &mut dyn FnMut(&str)) {
    let length = at.len();
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                at.push('/');
                at.push_str(&key.replace('~', "~0").replace('/', "~1"));
                match value {
                    Value::String(text) if leads_out(key, text, *own) => tell(&format!("{} leads out of it", tame(at))),
                    value => walk(value, own, at, tell),
                }
                at.truncate(length);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                at.push_str(&format!("/{index}"));
                walk(item, own, at, tell);
                at.truncate(length);
            }
        }
        _ => {}
    }
}

fn leads_out(key: &str, text: &str, own: Option<&str>) -> bool {
    let (address, fragment) = text.split_once('#').unwrap_or((text, ""));
    if REFERENCES.contains(&key) {
        // A name of the kind `urn:` leads nowhere: Helm takes anything for it.
        return !(address.is_empty() || address.starts_with("urn:") || Some(address) == own || is_draft(address));
    }
    if key == "$schema" {
        return !(fragment.is_empty() && is_draft(address));
    }
    let file = |text: &str| text.trim_start().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"));
    NAMES.contains(&key) && file(text)
}

/// Whether this is JSON Schema itself, or a part of it.
fn is_draft(address: &str) -> bool {
    let address = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    let Some(path) = address.and_then(|address| address.strip_prefix("json-schema.org/")) else { return false };
    let of = |draft: &&str| {
        let part = path.strip_prefix(*draft).and_then(|rest| rest.strip_prefix('/'));
        part.is_some_and(|part| {
            part == "schema" || part.strip_prefix("meta/").is_some_and(|part| PARTS.contains(&part))
        })
    };
    path == "schema" || DRAFTS.iter().any(of)
}

/// A place that a stranger named, for a message: printable, and not endless.
fn tame(place: &str) -> String {
    place.chars().map(|c| if c.is_control() { '?' } else { c }).take(200).collect()
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
