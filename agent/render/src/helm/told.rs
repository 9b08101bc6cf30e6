//! What everybody sees of an object that a chart made: what it is, and its keys. None of it may be made of a value that
//! nobody may see. Each object is held beside the same one of a rendering with other values in the place of secret ones.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::ChartError;
use super::output::{Annotated as _, Id, Made, by_id};
use crate::finish::IDENTITY;

/// Shortest value that counts where a key is another one with other values.
const SHORT: usize = 4;
/// The same where nothing else speaks for it: an object without a counterpart.
const LONG: usize = 8;
/// Shortest word that is looked at as a digest in base64.
const DIGEST: usize = 12;

/// Refuses objects with `secrets` in their identity or in a key; the error shows none of it.
///
/// # Errors
/// `IDENTITY`, with the template.
pub(super) fn check(made: &[Made], masked: &BTreeMap<Id, &Made>, secrets: &[String]) -> Result<(), ChartError> {
    let real = by_id(made);
    let others: Vec<(&Id, &&Made)> = masked.iter().filter(|(id, _)| !real.contains_key(*id)).collect();
    let kinds: BTreeSet<(&str, &str)> = others.iter().map(|(id, _)| (id.0.as_str(), id.1.as_str())).collect();
    let templates: BTreeSet<&str> = others.iter().map(|(_, made)| &*made.template).collect();
    let secrets = Secrets::of(secrets);
    for (id, object) in &real {
        let template = &object.template;
        let refused = match masked.get(id) {
            Some(other) if other.text("/apiVersion") != object.text("/apiVersion") => {
                Some("the apiVersion of an object")
            }
            Some(other) => secrets.make_a_key(&object.value, &other.value).then_some("a key of an object"),
            None if kinds.contains(&(id.0.as_str(), id.1.as_str())) => {
                return Err(error(template, &format!("the name or namespace of a {}", id.1)));
            }
            None if templates.contains(&**template) => Some("the kind or name of an object"),
            None => secrets.are_seen(&object.value).then_some("the identity or a key of an object"),
        };
        if let Some(what) = refused {
            return Err(error(template, what));
        }
    }
    Ok(())
}

fn error(template: &str, what: &str) -> ChartError {
    ChartError::new(
        ChartError::IDENTITY,
        format!(
            "{template}: {what} is made of a value of a Secret or of an encrypted file, and names and keys are shown everywhere; give it by a value in the clear"
        ),
    )
}

/// What everybody sees of `object`: identity and keys.
pub(super) fn seen(object: &Value, found: &mut Vec<String>) {
    found.extend(IDENTITY.iter().filter_map(|(pointer, _)| object.pointer(pointer)?.as_str().map(str::to_owned)));
    keys(object, &mut |key| found.push(key.to_owned()));
}

fn keys(value: &Value, each: &mut dyn FnMut(&str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| keys(item, each)),
        Value::Object(map) => map.iter().for_each(|(key, item)| {
            each(key);
            keys(item, each);
        }),
        _ => {}
    }
}

/// Values that nobody may see, as they are and in base64.
struct Secrets(Vec<String>);

impl Secrets {
    fn of(texts: &[String]) -> Self {
        let long = texts.iter().filter(|text| text.len() >= SHORT);
        Self(long.flat_map(|text| [text.clone(), STANDARD.encode(text)]).collect())
    }

    fn are_in(&self, text: &str, least: usize) -> bool {
        self.0.iter().any(|secret| secret.len() >= least && text.contains(secret.as_str()))
    }

    fn are_seen(&self, object: &Value) -> bool {
        let mut all = Vec::new();
        seen(object, &mut all);
        all.iter().any(|text| self.are_in(text, LONG))
    }

    /// Whether a key of `real` that is not in `masked` is a secret one, or is there as its mask would be.
    fn make_a_key(&self, real: &Value, masked: &Value) -> bool {
        match (real, masked) {
            (Value::Object(real), Value::Object(masked)) => {
                let news: Vec<&String> = masked.keys().filter(|key| !real.contains_key(*key)).collect();
                real.iter().any(|(key, value)| match masked.get(key) {
                    Some(other) => self.make_a_key(value, other),
                    None => {
                        self.are_in(key, SHORT)
                            || news.iter().any(|other| is_mask(key, other) || are_digests(key, other))
                    }
                })
            }
            (Value::Array(real), Value::Array(masked)) => {
                real.iter().zip(masked).any(|(real, masked)| self.make_a_key(real, masked))
            }
            _ => false,
        }
    }
}

/// Whether `other` is `text` with letters and digits replaced as `mask` replaces them.
fn is_mask(text: &str, other: &str) -> bool {
    let replaced =
        |(a, b): (char, char)| a == b || matches!(b, 'x' | 'y' | 'X' | 'Y' | '1' | '2') && a.is_alphanumeric();
    text.chars().count() == other.chars().count() && text.chars().zip(other.chars()).all(replaced)
}

/// Whether two texts differ by no more than numbers: digests, hexadecimal or in base64.
fn are_digests(text: &str, other: &str) -> bool {
    let (one, other) = without_common(text.as_bytes(), other.as_bytes());
    let is_number = |part: &[u8]| {
        let has = |is: fn(&u8) -> bool| part.iter().any(is);
        let hexadecimal = part.len() >= SHORT && part.iter().all(u8::is_ascii_hexdigit);
        let base64 = part.len() >= DIGEST
            && part.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte))
            && has(u8::is_ascii_uppercase)
            && has(u8::is_ascii_lowercase);
        has(u8::is_ascii_digit) && (hexadecimal || base64)
    };
    one.len() == other.len() && is_number(one) && is_number(other)
}

/// Both without what they begin and end with alike.
fn without_common<'t>(one: &'t [u8], other: &'t [u8]) -> (&'t [u8], &'t [u8]) {
    let start = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[start..], &other[start..]);
    let end = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    (&one[..one.len() - end], &other[..other.len() - end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::helm::output::objects;

    fn outcome(real: &str, masked: &str, secrets: &[&str]) -> Option<String> {
        let made =
            |text: &str| objects(&format!("---\n# Source: web/templates/a.yaml\napiVersion: v1\nkind: {text}\n")).0;
        let (real, masked) = (made(real), made(masked));
        let secrets: Vec<String> = secrets.iter().map(|text| (*text).to_owned()).collect();
        check(&real, &by_id(&masked), &secrets).err().map(|error| error.message)
    }

    #[test]
    fn g9_no_identity_and_no_key_is_made_of_a_secret_value() {
        let map = |rest: &str| format!("ConfigMap\nmetadata: {{name: a}}\n{rest}");
        for (real, masked, refused) in [
            (map("data: {k: hunter2}"), map("data: {k: xxxxxx1}"), None),
            (map("data: {hunter2: k}"), map("data: {xxxxxx1: k}"), Some("a key of an object")),
            (map("data: {a-hunter2-b: k}"), map("data: {}"), Some("a key of an object")),
            (map("data: {aHVudGVyMg==: k}"), map("data: {eHh4eHh4MQ==: k}"), Some("a key of an object")),
            (map("spec: {l: [{m: {hunter2: k}}]}"), map("spec: {l: [{m: {xxxxxx1: k}}]}"), Some("a key of an object")),
            (map("data: {HUNTER2: k}"), map("data: {XXXXXX1: k}"), Some("a key of an object")),
            (map("data: {sumf52fbd32: k}"), map("data: {sum0b7c12e9: k}"), Some("a key of an object")),
            (map("data: {a: {f52fbd32: k}}"), map("data: {a: {0b7c12e9: k}}"), Some("a key of an object")),
            (map("data: {YTQ1OGMxMjNm: k}"), map("data: {MGI3YzEyZTk2: k}"), Some("a key of an object")),
            // A secret value decided what is there, and is not there itself.
            (map("data: {replicas: 3}"), map("data: {}"), None),
            (map("data: {maximum: 3}"), map("data: {least: 3}"), None),
            ("Xhunter2\nmetadata: {name: a}".into(), "Xxxxxxx1\nmetadata: {name: a}".into(), Some("the kind or name")),
            (
                "A\nmetadata: {name: hunter2}".into(),
                "A\nmetadata: {name: xxxxxx1}".into(),
                Some("the name or namespace of a A"),
            ),
            (
                "A\nmetadata: {name: a, namespace: hunter2}".into(),
                "A\nmetadata: {name: a, namespace: xxxxxx1}".into(),
                Some("the name or namespace"),
            ),
            // The other rendering failed: long values alone are told by themselves.
            ("A\nmetadata: {name: correct-horse}".into(), String::new(), Some("the identity or a key")),
            ("A\nmetadata: {name: hunter2}".into(), String::new(), None),
        ] {
            let told = outcome(&real, &masked, &["hunter2", "correct-horse", "web"]);
            match (&told, refused) {
                (Some(told), Some(refused)) => {
                    assert!(told.starts_with("web/templates/a.yaml: ") && told.contains(refused), "{real}: {told}");
                    assert!(["hunter2", "correct", "aHVu"].iter().all(|hidden| !told.contains(hidden)), "{told}");
                }
                (told, refused) => assert_eq!(told.is_some(), refused.is_some(), "{real}: {told:?}"),
            }
        }
    }
}
