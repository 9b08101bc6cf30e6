//! `${NAME}`, `${NAME:=default}` and `${NAME:-default}` in texts and keys; only declared names are replaced.
//!
//! What is replaced stays text: `replicas: ${N}` becomes a string, and numbers that differ by color belong into a color's
//! patch. Where this is not as Flux does it, and why: docs/decisions/0013-substitution.md.
//!
//! | what | file |
//! |---|---|
//! | a text, taken apart | `text` |
//! | where something stands in an object, and in its file | `spot` |
//! | what all objects of a unit met, and what is told of it | `uses` |

mod spot;
mod text;
mod uses;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use teal_api::names::SUBSTITUTE_ANNOTATION;
use teal_yaml::Data;

use crate::ClusterValues;
use crate::finish::IDENTITY;
use crate::helm::mask_text;
pub(crate) use spot::{At, Sought, Spot, Step};
use text::{Piece, pieces};
pub(crate) use uses::{Told, Uses};

/// Flux's annotation (or label) with the meaning of Teal's own.
const FLUX_ANNOTATION: &str = "kustomize.toolkit.fluxcd.io/substitute";
/// Defaults within defaults; each level reads its text again.
const DEEPEST_DEFAULT: usize = 8;
/// Longest value that is looked at as a number.
const LONGEST_NUMBER: usize = 32;

/// What to replace; a color's variables win over the fleet's, and those over the cluster's.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables<'a> {
    pub(crate) fleet: Option<&'a BTreeMap<String, String>>,
    pub(crate) color: Option<&'a BTreeMap<String, String>>,
    pub(crate) cluster: Option<&'a ClusterValues>,
    /// Names that some color declares, or that may differ by cluster: they stay as they are in neutral objects.
    pub(crate) colored: BTreeSet<&'a str>,
    /// Somebody declares variables, so that `$$` before a brace means `$`, as with Flux.
    pub(crate) declared: bool,
}

/// How an object is to be substituted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For this cluster.
    Here,
    /// Without what differs by color.
    Neutral,
}

/// What a pass over an object met, each with the first place.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Met {
    /// Every name that stood there, replaced or not: a change of any of them changes the object.
    pub(crate) names: BTreeSet<String>,
    /// Names that are declared, without a value or a default here.
    pub(crate) unset: BTreeMap<String, Vec<Step>>,
    /// Names that are not declared and were left.
    pub(crate) unknown: BTreeMap<String, Vec<Step>>,
    /// Names with something behind them that has no meaning here, and whether they are declared.
    pub(crate) odd: BTreeMap<String, (Vec<Step>, bool)>,
    /// Names that are all of a text, where Flux would make a number or a truth value of it.
    pub(crate) texts: BTreeMap<String, Vec<Step>>,
    /// Two keys that would become one.
    pub(crate) clash: Option<Vec<Step>>,
    /// `$$` without a brace, which Flux would make `$` of.
    pub(crate) dollars: Option<Vec<Step>>,
    /// Whether a value from a Secret was put in.
    pub(crate) secret: bool,
    /// Whether it was put into a key.
    pub(crate) secret_key: bool,
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

    /// Replaces in every text and key of `object`. An object may opt out by annotation.
    pub(crate) fn apply(&self, object: &mut Value, form: Form) -> Met {
        if opted_out(object) {
            return Met::default();
        }
        let schemas = object.get("kind").is_some_and(|kind| kind == "CustomResourceDefinition");
        Pass { schemas, ..self.pass(form) }.over(object)
    }

    /// Replaces in values that are no object. With `masked`, other texts take the place of secret ones.
    pub(crate) fn apply_values(&self, values: &mut Value, form: Form, masked: bool) -> Met {
        Pass { masked, ..self.pass(form) }.over(values)
    }

    fn pass(&self, form: Form) -> Pass<'_, 'a> {
        Pass { variables: self, form, masked: false, schemas: false, met: Met::default() }
    }

    /// The part of an object's identity that would be a value from a Secret: it would be told in every status and log.
    pub(crate) fn secret_identity(&self, object: &Value) -> Option<&'static str> {
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str).filter(|text| text.contains("${"));
        IDENTITY.into_iter().find_map(|(pointer, field)| {
            let mut pass = self.pass(Form::Here);
            pass.replaced(text(pointer)?, &At::Top, 0);
            pass.met.secret.then_some(field)
        })
    }
}

/// One walk over one object.
struct Pass<'p, 'a> {
    variables: &'p Variables<'a>,
    form: Form,
    masked: bool,
    /// It is a definition, whose schemas describe fields in words.
    schemas: bool,
    met: Met,
}

impl Pass<'_, '_> {
    fn over(mut self, value: &mut Value) -> Met {
        self.walk(value, &At::Top);
        self.met
    }

    fn walk(&mut self, value: &mut Value, at: &At<'_>) {
        match value {
            Value::String(text) => {
                if text.contains("${") {
                    let replaced = self.replaced(text, at, 0);
                    self.look_for_a_number(text, &replaced, at);
                    *text = replaced;
                }
                if self.variables.declared
                    && self.met.dollars.is_none()
                    && text.contains("$$")
                    && has_lone_dollars(text)
                    && !(self.schemas && at.is_description())
                {
                    self.met.dollars = Some(at.steps());
                }
            }
            Value::Array(items) => {
                items.iter_mut().enumerate().for_each(|(index, item)| self.walk(item, &At::Item(at, index)));
            }
            Value::Object(map) => {
                if map.keys().any(|key| key.contains("${")) {
                    self.rename(map, at);
                }
                map.iter_mut().for_each(|(key, item)| self.walk(item, &At::Key(at, key)));
            }
            _ => {}
        }
    }

    /// Replaces in the keys of `map`.
    fn rename(&mut self, map: &mut Map<String, Value>, at: &At<'_>) {
        let secret = std::mem::take(&mut self.met.secret);
        let (mut keys, mut twice) = (BTreeSet::new(), None);
        let mut renamed = Vec::with_capacity(map.len());
        for (key, value) in std::mem::take(map) {
            let new = if key.contains("${") { self.replaced(&key, &At::Key(at, &key), 0) } else { key.clone() };
            if !keys.insert(new.clone()) {
                twice = Some(new.clone());
            }
            renamed.push((key, new, value));
        }
        if let Some(twice) = twice
            && self.met.clash.is_none()
        {
            let one = renamed.iter().find(|(key, new, _)| *new == twice && key.contains("${"));
            self.met.clash = one.map(|(key, ..)| At::Key(at, key).steps());
        }
        map.extend(renamed.into_iter().map(|(_, new, value)| (new, value)));
        self.met.secret_key |= self.met.secret;
        self.met.secret |= secret;
    }

    /// The text with variables replaced.
    fn replaced(&mut self, text: &str, at: &At<'_>, depth: usize) -> String {
        let mut out = String::with_capacity(text.len());
        pieces(text, &mut |piece| match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Dollars(count) => {
                let kept = if self.variables.declared { count / 2 } else { count };
                out.extend(std::iter::repeat_n('$', kept));
            }
            Piece::Variable { name, default, whole } => self.put(&mut out, (name, default, whole), at, depth),
            Piece::Odd(name) => {
                self.met.names.insert(name.to_owned());
                let declared = !matches!(self.variables.value(name, Form::Here), Lookup::Unknown);
                self.met.odd.entry(name.to_owned()).or_insert_with(|| (at.steps(), declared));
            }
        });
        out
    }

    fn put(&mut self, out: &mut String, (name, default, whole): (&str, Option<&str>, &str), at: &At<'_>, depth: usize) {
        self.met.names.insert(name.to_owned());
        let found = self.variables.value(name, self.form);
        match (found, default) {
            // As in a shell: what is empty has the default, too.
            (Lookup::Value("", _) | Lookup::Unset, Some(default)) if depth < DEEPEST_DEFAULT => {
                let inner = if default.contains("${") { self.replaced(default, at, depth + 1) } else { default.into() };
                out.push_str(&inner);
            }
            (Lookup::Value(value, true), _) if self.masked => out.push_str(&mask_text(value)),
            (Lookup::Value(value, secret), _) => {
                out.push_str(value);
                self.met.secret |= secret;
            }
            (Lookup::Unset, _) => {
                self.met.unset.entry(name.to_owned()).or_insert_with(|| at.steps());
                out.push_str(whole);
            }
            // The neutral form keeps the text, defaults included.
            (Lookup::Kept, _) => out.push_str(whole),
            (Lookup::Unknown, _) => {
                self.met.unknown.entry(name.to_owned()).or_insert_with(|| at.steps());
                out.push_str(whole);
            }
        }
    }

    /// Notes a text that was one variable and reads like a number, unless it stands where only texts do.
    fn look_for_a_number(&mut self, text: &str, replaced: &str, at: &At<'_>) {
        let whole = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).filter(|it| !it.contains("${"));
        let Some(name) = whole.and_then(|whole| whole.split(':').next()) else { return };
        if text != replaced && replaced.len() <= LONGEST_NUMBER && reads_as_no_text(replaced) && !at.takes_texts_only()
        {
            self.met.texts.entry(name.to_owned()).or_insert_with(|| at.steps());
        }
    }
}

#[derive(Clone, Copy)]
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

fn reads_as_no_text(text: &str) -> bool {
    let first = teal_yaml::read(text).ok().and_then(|documents| documents.into_iter().next());
    first.is_some_and(|node| matches!(node.data, Data::Number(_) | Data::Bool(_)))
}

/// Whether two dollars stand together without a brace behind them.
fn has_lone_dollars(text: &str) -> bool {
    let mut run = 0;
    for byte in text.bytes() {
        match byte {
            b'$' => run += 1,
            b'{' => run = 0,
            _ if run > 1 => return true,
            _ => run = 0,
        }
    }
    run > 1
}

fn opted_out(object: &Value) -> bool {
    let is_disabled = |pointer: &str, name: &str| {
        object.pointer(pointer).and_then(|all| all.get(name)).and_then(Value::as_str) == Some("disabled")
    };
    is_disabled("/metadata/annotations", SUBSTITUTE_ANNOTATION)
        || ["/metadata/annotations", "/metadata/labels"].iter().any(|of| is_disabled(of, FLUX_ANNOTATION))
}

#[cfg(test)]
mod tests;
