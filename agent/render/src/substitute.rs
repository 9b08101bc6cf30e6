//! `${NAME}` and `${NAME:=default}` in string values; only declared names are replaced.
//!
//! What is replaced stays text: `replicas: ${N}` becomes a string, which the API server refuses with a clear message;
//! numbers that differ by color belong into a color's patch.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use teal_api::names::SUBSTITUTE_ANNOTATION;

use crate::ClusterValues;

/// What to replace; a color's variables win over the fleet's, and those over the cluster's.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables<'a> {
    pub(crate) fleet: Option<&'a BTreeMap<String, String>>,
    pub(crate) color: Option<&'a BTreeMap<String, String>>,
    pub(crate) cluster: Option<&'a ClusterValues>,
    /// Names that some color declares, or that may differ by cluster: they stay as they are in neutral objects.
    pub(crate) colored: BTreeSet<&'a str>,
}

/// How an object is to be substituted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For this cluster.
    Here,
    /// Without what differs by color.
    Neutral,
}

/// What a pass over an object met.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Met {
    /// Every name that stood there, replaced or not: a change of any of them changes the object.
    pub(crate) names: BTreeSet<String>,
    /// Names that are declared, without a value or a default here.
    pub(crate) unset: BTreeSet<String>,
    /// Names that are not declared and were left.
    pub(crate) unknown: BTreeSet<String>,
    /// Whether a value from a Secret was put in.
    pub(crate) secret: bool,
}

impl<'a> Variables<'a> {
    fn value(&self, name: &str, form: Form) -> Lookup<'a> {
        let colored = self.colored.contains(name);
        if colored && form == Form::Neutral {
            return Lookup::Kept;
        }
        let own = self.color.and_then(|variables| variables.get(name)).filter(|_| form == Form::Here);
        if let Some(value) = own.or_else(|| self.fleet.and_then(|variables| variables.get(name))) {
            return Lookup::Value(value, false);
        }
        if let Some(value) = self.cluster.and_then(|cluster| cluster.get(name)) {
            return Lookup::Value(value.text(), value.is_secret());
        }
        let declared = colored || self.cluster.is_some_and(|cluster| cluster.declares(name));
        if declared { Lookup::Unset } else { Lookup::Unknown }
    }

    /// Replaces in every string value of `object`; keys are left alone. An object may opt out by annotation.
    pub(crate) fn apply(&self, object: &mut Value, form: Form) -> Met {
        let mut met = Met::default();
        if !opted_out(object) {
            self.walk(object, form, &mut met);
        }
        met
    }

    /// The part of an object's identity that would be a value from a Secret: it would be told in every status and log.
    pub(crate) fn secret_identity(&self, object: &Value) -> Option<&'static str> {
        let parts = [
            ("/apiVersion", "apiVersion"),
            ("/kind", "kind"),
            ("/metadata/namespace", "metadata.namespace"),
            ("/metadata/name", "metadata.name"),
        ];
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str).filter(|text| text.contains("${"));
        parts.into_iter().find_map(|(pointer, field)| {
            let mut met = Met::default();
            self.replace(text(pointer)?, Form::Here, &mut met);
            met.secret.then_some(field)
        })
    }

    fn walk(&self, value: &mut Value, form: Form, met: &mut Met) {
        match value {
            Value::String(text) if text.contains("${") => {
                if let Some(replaced) = self.replace(text, form, met) {
                    *text = replaced;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item, form, met)),
            Value::Object(map) => map.values_mut().for_each(|item| self.walk(item, form, met)),
            _ => {}
        }
    }

    /// Returns the text with variables replaced; `None` when nothing changes.
    fn replace(&self, text: &str, form: Form, met: &mut Met) -> Option<String> {
        let mut out = String::with_capacity(text.len());
        // Behind the last brace nothing can end, so that a text full of beginnings is not searched for each of them.
        let (mut rest, behind) = text.split_at(text.rfind('}').map_or(0, |last| last + 1));
        let mut changed = false;
        while let Some(start) = rest.find("${") {
            let (before, after) = rest.split_at(start);
            out.push_str(before);
            let Some((name, default, length)) = variable(&after[2..]) else {
                out.push_str("${");
                rest = &after[2..];
                continue;
            };
            let whole = &after[..2 + length];
            met.names.insert(name.to_owned());
            match (self.value(name, form), default) {
                (Lookup::Value(value, secret), _) => {
                    out.push_str(value);
                    met.secret |= secret;
                    changed = true;
                }
                (Lookup::Unset, Some(default)) => {
                    out.push_str(default);
                    changed = true;
                }
                (Lookup::Unset, None) => {
                    met.unset.insert(name.to_owned());
                    out.push_str(whole);
                }
                // The neutral form keeps the text, defaults included.
                (Lookup::Kept, _) => out.push_str(whole),
                (Lookup::Unknown, _) => {
                    met.unknown.insert(name.to_owned());
                    out.push_str(whole);
                }
            }
            rest = &after[2 + length..];
        }
        out.push_str(rest);
        out.push_str(behind);
        changed.then_some(out)
    }
}

enum Lookup<'a> {
    /// The value, and whether it is secret.
    Value(&'a str, bool),
    /// Differs by color, so the neutral form has none.
    Kept,
    /// Declared, without a value here.
    Unset,
    /// Declared nowhere.
    Unknown,
}

/// Reads `NAME}` or `NAME:=default}` behind `${`; returns name, default and length with the brace.
fn variable(text: &str) -> Option<(&str, Option<&str>, usize)> {
    let letters = text.bytes().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == b'_').count();
    let (name, rest) = text.split_at(letters);
    if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    if rest.starts_with('}') {
        return Some((name, None, letters + 1));
    }
    let default = rest.strip_prefix(":=")?;
    let end = default.find('}')?;
    Some((name, Some(&default[..end]), letters + 2 + end + 1))
}

fn opted_out(object: &Value) -> bool {
    let annotation =
        object.pointer("/metadata/annotations").and_then(|annotations| annotations.get(SUBSTITUTE_ANNOTATION));
    annotation.and_then(Value::as_str) == Some("disabled")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_declared_names_are_replaced() {
        let fleet = BTreeMap::from([("DOMAIN".to_owned(), "contoso.example".to_owned())]);
        let color = BTreeMap::from([("POOL".to_owned(), "blue".to_owned())]);
        let colored = BTreeSet::from(["POOL", "ZONE"]);
        let variables = Variables { fleet: Some(&fleet), color: Some(&color), colored, ..Variables::default() };
        for (text, here, neutral, unknown) in [
            ("https://${DOMAIN}/", "https://contoso.example/", "https://contoso.example/", None),
            ("on ${POOL}", "on blue", "on ${POOL}", None),
            ("${ZONE:=1}", "1", "${ZONE:=1}", None),
            ("${ZONE}", "${ZONE}", "${ZONE}", None),
            ("${DOMAIN}${POOL}", "contoso.exampleblue", "contoso.example${POOL}", None),
            ("${DS_PROMETHEUS}", "${DS_PROMETHEUS}", "${DS_PROMETHEUS}", Some("DS_PROMETHEUS")),
            ("${__rate:x} $${} ${", "${__rate:x} $${} ${", "${__rate:x} $${} ${", None),
            ("${ DOMAIN }", "${ DOMAIN }", "${ DOMAIN }", None),
            (
                "${2ND} ${} ${:=a} ${DOMAIN:-a}",
                "${2ND} ${} ${:=a} ${DOMAIN:-a}",
                "${2ND} ${} ${:=a} ${DOMAIN:-a}",
                None,
            ),
            ("${DOMAIN:=a:=b} ${ZONE:=} é", "contoso.example  é", "contoso.example ${ZONE:=} é", None),
            ("${DOMAIN} ${DOMAIN", "contoso.example ${DOMAIN", "contoso.example ${DOMAIN", None),
        ] {
            let (mut one, mut other) = (json!({"a": [text]}), json!({"a": [text]}));
            let met = variables.apply(&mut one, Form::Here);
            variables.apply(&mut other, Form::Neutral);
            assert_eq!(one, json!({"a": [here]}), "{text}");
            assert_eq!(other, json!({"a": [neutral]}), "{text}");
            assert_eq!(met.unknown.first().map(String::as_str), unknown, "{text}");
            assert_eq!(met.unset.contains("ZONE"), text == "${ZONE}", "{text}");
        }
    }

    #[test]
    fn a_text_full_of_beginnings_costs_no_square() {
        let fleet = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
        let variables = Variables { fleet: Some(&fleet), ..Variables::default() };
        for (text, changes) in [
            ("${".repeat(1 << 20), false),
            ("${A:=".repeat(1 << 18), false),
            (format!("{}}}", "${A:=".repeat(1 << 18)), true),
            (format!("}}{}", "${A:=".repeat(1 << 18)), false),
            ("${A}".repeat(1 << 18), true),
        ] {
            let began = std::time::Instant::now();
            let mut object = Value::String(text.clone());
            variables.apply(&mut object, Form::Here);
            assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
            assert_eq!(object != Value::String(text), changes);
        }
    }

    #[test]
    fn an_object_may_opt_out_and_keys_are_left_alone() {
        let fleet = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
        let variables = Variables { fleet: Some(&fleet), ..Variables::default() };
        let mut out = json!({"metadata": {"annotations": {"teal.dev/substitute": "disabled"}}, "data": {"k": "${A}"}});
        let before = out.clone();
        variables.apply(&mut out, Form::Here);
        assert_eq!(out, before);
        let mut keyed = json!({"${A}": "${A}"});
        variables.apply(&mut keyed, Form::Here);
        assert_eq!(keyed, json!({"${A}": "1"}));
    }
}
