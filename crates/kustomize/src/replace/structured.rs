//! Fields that hold a document of their own: JSON or YAML inside a ConfigMap's value or an annotation.
//!
//! A scalar in a YAML document is replaced where it stands, so comments, order and quotes stay; only when that can't be
//! done is the document written anew, with sorted keys.

mod in_place;
mod print;

use super::path::{Create, lookup, visit};
use super::set;
use crate::kustomization::FieldOptions;
use teal_yaml::{Dialect, Value};

/// What came of a path that may lead into a document inside a text.
pub(super) enum Outcome {
    /// It leads through no such text.
    Elsewhere,
    Written,
    /// The place is there and can't hold the value; kustomize passes over that in JSON.
    Lost,
    /// There is nothing at this path.
    Missing,
}

/// Writes into a document inside a text.
pub(super) fn write(object: &mut Value, path: &[String], value: &Value, options: &FieldOptions) -> Outcome {
    for length in 1..path.len() {
        let (outer, inner) = path.split_at(length);
        let text = match lookup(object, outer) {
            Ok(Some(Value::String(text))) => text,
            Ok(Some(Value::Object(_) | Value::Array(_))) => continue,
            _ => return Outcome::Elsewhere,
        };
        let new = match rewritten(text, inner, value, options) {
            Ok(new) => new,
            Err(outcome) => return outcome,
        };
        return match at_exactly(object, outer) {
            Some(place) => {
                *place = Value::String(new);
                Outcome::Written
            }
            None => Outcome::Missing,
        };
    }
    Outcome::Elsewhere
}

/// Goes where [`lookup`] went.
fn at_exactly<'v>(object: &'v mut Value, path: &[String]) -> Option<&'v mut Value> {
    path.iter().try_fold(object, |at, part| match at {
        Value::Object(map) => map.get_mut(part.trim()),
        Value::Array(items) => {
            let place = match part.parse::<usize>() {
                Ok(index) => index,
                Err(_) if part == "-" => items.len().checked_sub(1)?,
                Err(_) => items.iter().position(|item| {
                    let alone = Value::Array(vec![item.clone()]);
                    matches!(lookup(&alone, std::slice::from_ref(part)), Ok(Some(_)))
                })?,
            };
            items.get_mut(place)
        }
        _ => None,
    })
}

/// The text with the value written into its document.
fn rewritten(text: &str, path: &[String], value: &Value, options: &FieldOptions) -> Result<String, Outcome> {
    let documents = teal_yaml::read_as(Dialect::Kustomize, text).map_err(|_| Outcome::Missing)?;
    let node = documents.into_iter().next().ok_or(Outcome::Missing)?;
    let is_json = text.trim_start().starts_with(['{', '[']);
    let mut document = Value::from(node.clone());
    let create = options.create.then(|| Create::of(value));
    let (mut found, mut is_lost) = (0, false);
    let misfit = (!is_json && options.delimiter.is_empty()).then(|| super::scalar_text(value)).flatten();
    let misfit = misfit.filter(|text| !text.contains('\n') && !text.contains(MISFIT));
    let put = |place: &mut Value, is_fresh| {
        set(place, value, options, is_fresh).or_else(|wrong| {
            let tag = tag(place).filter(|_| misfit.is_some()).ok_or(wrong)?;
            *place = Value::String(format!("{MISFIT}{tag}"));
            Ok(())
        })
    };
    let walked = visit(&mut document, path, create, &mut |place, is_fresh| {
        found += 1;
        is_lost |= put(place, is_fresh).is_err();
        Ok(())
    });
    match walked {
        Ok(()) if found > 0 && is_lost => return Err(Outcome::Lost),
        Ok(()) if found > 0 => {}
        _ => return Err(Outcome::Missing),
    }
    if is_json {
        let printed = if text.contains('\n') && text.contains("  ") {
            serde_json::to_string_pretty(&document)
        } else {
            serde_json::to_string(&document)
        };
        return printed.map(|json| escaped(&json)).map_err(|_| Outcome::Lost);
    }
    let is_scalar = !(value.is_object() || value.is_array());
    let printed = print::document(text, &node, &document, is_scalar);
    if let Some(new) = printed {
        return Ok(told(new, misfit.as_deref()).trim().to_owned());
    }
    let new = in_place::replaced(text, &node, path, &mut |place| put(place, false));
    Ok(told(new.unwrap_or_else(|| teal_yaml::write(&document)), misfit.as_deref()).trim().to_owned())
}

/// Stands for a text in the place of a scalar that it does not fit.
const MISFIT: &str = "misfit-of-a-replacement-";

/// What a scalar of YAML holds, where that is no text.
fn tag(place: &Value) -> Option<&'static str> {
    match place {
        Value::Null => Some("null"),
        Value::Bool(_) => Some("bool"),
        Value::Number(number) if number.is_f64() => Some("float"),
        Value::Number(_) => Some("int"),
        _ => None,
    }
}

/// Puts the text where it does not fit: kustomize keeps the type of the scalar, and tells it.
fn told(mut document: String, text: Option<&str>) -> String {
    let Some(text) = text.filter(|_| document.contains(MISFIT)) else { return document };
    for tag in ["null", "bool", "float", "int"] {
        let new = format!("!!{tag} {}", print::untagged(text));
        document = document.replace(&format!("{MISFIT}{tag}"), new.trim_end());
    }
    document
}

/// Go's JSON escapes these inside texts.
fn escaped(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}
