//! Two renderings of one chart, with other seeds and another clock, must be one and the same; else no two clusters could ever
//! be equal. What differs is named by template and field, unless its live value is declared to be kept: by `preserve`, or by
//! the annotation on the object itself.

use serde_json::Value;
use teal_agent_core::{PRESERVE_ANNOTATION, pointer_step};
use teal_api::helm::Preserve;

use super::output::{Annotated, Made, by_id};
use super::template::Call;

/// Most differences that are told.
const MOST: usize = 20;

/// Something that is another one in each rendering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Restless {
    /// The template.
    pub(crate) template: String,
    /// What is wrong, and what to do to the chart or its values.
    pub(crate) problem: String,
    /// The fields, where it is always the same object.
    pub(crate) kept: Option<Preserve>,
}

/// Marks what is to be preserved in `first`, and returns what differs in `second` beside that. `second` is `None` where the
/// chart was rendered once.
pub(crate) fn judge(
    first: &mut [Made],
    second: Option<&[Made]>,
    preserve: &[Preserve],
    calls: &[Call],
) -> Vec<Restless> {
    let mut restless = Vec::new();
    if let Some(second) = second {
        compare(first, second, preserve, calls, &mut restless);
    }
    for object in first.iter_mut() {
        let mut fields: Vec<String> = kept(object, preserve).into_iter().map(|field| stored(object, field)).collect();
        fields.sort();
        fields.dedup();
        if !fields.is_empty() {
            object.annotate(PRESERVE_ANNOTATION, &fields.join(","));
        }
    }
    restless
}

/// Entries of `preserve` that no object answers to.
pub(crate) fn idle<'p>(made: &[Made], preserve: &'p [Preserve]) -> Vec<&'p Preserve> {
    preserve.iter().filter(|entry| !made.iter().any(|object| is_for(entry, object))).collect()
}

fn compare(first: &[Made], second: &[Made], preserve: &[Preserve], calls: &[Call], restless: &mut Vec<Restless>) {
    let (ours, theirs) = (by_id(first), by_id(second));
    let alone = ours
        .iter()
        .filter(|(id, _)| !theirs.contains_key(*id))
        .chain(theirs.iter().filter(|(id, _)| !ours.contains_key(*id)));
    for (_, object) in alone.take(MOST) {
        let problem = format!(
            "{} has another name, or is there, only in some renderings{}; give it a fixed name in the values",
            object.described(),
            hint(&object.template, calls)
        );
        restless.push(Restless { template: object.template.to_string(), problem, kept: None });
    }
    for (id, object) in &ours {
        let Some(other) = theirs.get(id) else { continue };
        let kept: Vec<String> = kept(object, preserve).into_iter().map(|field| stored(object, field)).collect();
        let mut fields = Vec::new();
        differences(&object.value, &other.value, &mut String::new(), &mut fields);
        fields.retain(|field| !kept.iter().any(|kept| covers(kept, &stored(object, field))));
        if fields.is_empty() || restless.len() >= MOST {
            continue;
        }
        let fields: Vec<String> = fields.iter().take(MOST).map(|field| stored(object, field)).collect();
        let problem = format!(
            "{} of {} is another one in every rendering{}, so that no two clusters could be equal; set it by a value, or keep the live one",
            fields.join(", "),
            object.described(),
            hint(&object.template, calls),
        );
        let (_, kind, _, name) = object.id();
        let kept = Preserve { group: None, kind, name, namespace: None, fields };
        restless.push(Restless { template: object.template.to_string(), problem, kept: Some(kept) });
    }
}

/// The calls in the object's own template that may be the reason, else any of the chart's.
fn hint(template: &str, calls: &[Call]) -> String {
    let own: Vec<&Call> = calls.iter().filter(|call| call.file == template).collect();
    let all: Vec<&Call> = if own.is_empty() { calls.iter().collect() } else { own };
    let mut told: Vec<String> =
        all.iter().map(|call| format!("`{}` in {}:{}", call.function, call.file, call.line)).collect();
    told.dedup();
    told.truncate(3);
    if told.is_empty() { String::new() } else { format!(" ({})", told.join(", ")) }
}

/// JSON pointers of what differs, deepest first cause only.
fn differences(a: &Value, b: &Value, path: &mut String, found: &mut Vec<String>) {
    let mut step = |step: &str, a: &Value, b: &Value, found: &mut Vec<String>| {
        let length = path.len();
        path.push('/');
        path.push_str(step);
        differences(a, b, path, found);
        path.truncate(length);
    };
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let (a, b) = (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
                step(&pointer_step(key), a, b, found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                step(&index.to_string(), a, b, found);
            }
        }
        (a, b) if a == b => {}
        _ => found.push(path.clone()),
    }
}

/// Fields of the object whose live value is kept: by entries of `preserve`, and by its own annotation.
fn kept<'o>(object: &'o Made, preserve: &'o [Preserve]) -> Vec<&'o str> {
    let declared = preserve.iter().filter(|entry| is_for(entry, object));
    let declared = declared.flat_map(|entry| entry.fields.iter().map(String::as_str));
    let own = object.annotation(PRESERVE_ANNOTATION).unwrap_or_default().split(',').map(str::trim);
    // What is no pointer is told when the object is prepared; here it must not cover everything.
    declared.chain(own.filter(|field| field.starts_with('/'))).collect()
}

fn is_for(entry: &Preserve, object: &Made) -> bool {
    let (group, kind, namespace, name) = object.id();
    entry.kind == kind
        && entry.name == name
        && entry.group.as_ref().is_none_or(|wanted| *wanted == group)
        && entry.namespace.as_ref().is_none_or(|wanted| *wanted == namespace || namespace.is_empty())
}

fn covers(kept: &str, field: &str) -> bool {
    field.strip_prefix(kept).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The field as the API server stores it: `stringData` of a Secret becomes `data`.
fn stored(object: &Made, field: &str) -> String {
    match field.strip_prefix("/stringData") {
        Some(rest) if object.text("/kind") == "Secret" && (rest.is_empty() || rest.starts_with('/')) => {
            format!("/data{rest}")
        }
        _ => field.to_owned(),
    }
}
