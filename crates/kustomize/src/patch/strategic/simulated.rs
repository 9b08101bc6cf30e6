//! Lists of which some items lack a part of the key, step by step as kustomize merges them: what comes out depends on
//! the steps, and items get lost on the way. Square in the length of the lists, which is bounded.

use super::list::{is_empty, key_text};
use super::{Merge, Misfit};
use crate::schema::TypeRef;
use teal_yaml::Value;

type Tuple = Vec<String>;

pub(super) fn merge<'s>(
    merge: &Merge<'s>,
    dest: &mut Vec<Value>,
    patch: &[Value],
    keys: &[String],
    of: Option<TypeRef<'s>>,
) -> Result<(), Misfit> {
    let tuple = |item: &Value| -> Tuple { keys.iter().map(|key| key_text(item, key)).collect() };
    let mut tuples: Vec<Tuple> = Vec::new();
    for item in patch.iter().chain(dest.iter()) {
        let tuple = tuple(item);
        if !tuples.contains(&tuple) {
            tuples.push(tuple);
        }
    }
    if keys.len() > 1 {
        complete(&mut tuples);
    }
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut used = keys.clone();
    let mut items: Vec<Value> = Vec::new();
    for tuple in &tuples {
        let values;
        (used, values) = valid(&tuples, tuple, &keys);
        let (own_keys, own_values) = valid(std::slice::from_ref(&values), &values, &used);
        let known = dest.iter().position(|item| has(item, &own_keys, &own_values));
        let change = patch.iter().find(|item| has(item, &own_keys, &own_values));
        let merged = match (known, change) {
            (known, Some(change)) => merge.item(known.map(|at| dest[at].clone()), change, of)?,
            (Some(at), None) => Some(dest[at].clone()),
            (None, None) => None,
        };
        let Some(mut merged) = merged.filter(|item| !is_empty(item)) else {
            set(dest, None, &used, &values);
            continue;
        };
        for (key, value) in used.iter().zip(&values) {
            if let Some(map) = merged.as_object_mut().filter(|map| !map.contains_key(key) && !value.is_empty()) {
                let value = value.parse::<i64>().map_or_else(|_| value.as_str().into(), Value::from);
                map.insert((*key).to_owned(), value);
            }
        }
        if let Some(at) = known {
            dest[at].clone_from(&merged);
        }
        set(&mut items, Some(merged), &used, &values);
    }
    append(&mut items, dest, &used);
    *dest = items;
    Ok(())
}

/// Fills parts that one tuple lacks from another that agrees with it in something and contradicts it in nothing.
fn complete(tuples: &mut [Tuple]) {
    for one in 0..tuples.len() {
        for other in 0..tuples.len() {
            let (a, b) = (&tuples[one], &tuples[other]);
            let agree = a.iter().zip(b).any(|(a, b)| a == b);
            let contradict = a.iter().zip(b).any(|(a, b)| a != b && !a.is_empty() && !b.is_empty());
            if agree && !contradict {
                let both: Tuple =
                    a.iter().zip(b).map(|(a, b)| if a.is_empty() { b.clone() } else { a.clone() }).collect();
                tuples[one].clone_from(&both);
                tuples[other] = both;
            }
        }
    }
}

/// The keys that any of the tuples has, and this tuple's values for them.
fn valid<'k>(tuples: &[Tuple], tuple: &Tuple, keys: &[&'k str]) -> (Vec<&'k str>, Tuple) {
    let is_valid = |at: usize| tuples.iter().any(|tuple| tuple.get(at).is_some_and(|part| !part.is_empty()));
    let places: Vec<usize> = (0..keys.len()).filter(|at| is_valid(*at)).collect();
    if places.is_empty() {
        return (keys.to_vec(), tuple.clone());
    }
    let part = |at: &usize| tuple.get(*at).cloned().unwrap_or_default();
    (places.iter().map(|at| keys[*at]).collect(), places.iter().map(part).collect())
}

fn scalar(item: &Value, key: &str) -> Option<String> {
    match item.get(key)? {
        Value::Object(_) | Value::Array(_) | Value::Null => Some(String::new()),
        _ => Some(key_text(item, key)),
    }
}

fn has(item: &Value, keys: &[&str], values: &[String]) -> bool {
    item.is_object() && keys.iter().zip(values).all(|(key, value)| scalar(item, key).as_ref() == Some(value))
}

/// Replaces the items with these keys and values by `new`, or takes them out; a new one that replaced none comes last.
/// An empty value matches any, and a key without a value whatever the key before it matched.
fn set(list: &mut Vec<Value>, new: Option<Value>, keys: &[&str], values: &[String]) {
    let is_for_mappings = values.first().is_some_and(|value| !value.is_empty());
    let mut found_any = false;
    let old = std::mem::take(list);
    for item in old {
        if is_empty(&item) {
            continue;
        }
        if !item.is_object() && is_for_mappings {
            list.push(item);
            continue;
        }
        let mut matched = false;
        let is_it = !keys.is_empty()
            && keys.iter().enumerate().all(|(at, key)| {
                if let Some(value) = values.get(at) {
                    matched = scalar(&item, key).is_some_and(|text| value.is_empty() || text == *value);
                }
                matched
            });
        if !is_it {
            if !values.is_empty() {
                list.push(item);
            }
            continue;
        }
        found_any = true;
        list.extend(new.clone());
    }
    if !found_any {
        list.extend(new);
    }
}

/// Puts the object's own items behind (or over) those of the patch.
fn append(items: &mut Vec<Value>, dest: &[Value], keys: &[&str]) {
    for item in dest {
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            match item.get(key).and(scalar(item, key)) {
                Some(value) if !item.get(key).is_some_and(Value::is_null) => values.push(value),
                _ => items.push(item.clone()),
            }
        }
        if keys.len() > 1 {
            set(items, None, keys, &values);
        }
        set(items, Some(item.clone()), keys, &values);
    }
}
