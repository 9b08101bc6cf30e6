//! `images`: another name, tag or digest for container images, wherever containers are.

mod rules;

use crate::BuildError;
use crate::field::{self, FieldSpec, Leaf};
use crate::kustomization::Image;
use crate::resmap::{ResMap, transform};
use rules::Rules;
use std::collections::HashMap;
use teal_yaml::Value;

/// Sets the images of a layer.
///
/// An image counts as often as kustomize comes by it: once in a list named `containers` or `initContainers`, and once
/// for each field spec that leads to it. It matters for `tagSuffix` alone, which is not idempotent.
///
/// # Errors
/// When an image is no text.
pub(super) fn run(images: &[Image], specs: &[FieldSpec], file: &str, map: &mut ResMap) -> Result<(), BuildError> {
    let rules = Rules::of(images);
    let paths: Vec<_> = specs.iter().map(|spec| field::split(&spec.path)).collect();
    for resource in map.contents_mut() {
        if resource.kind() == "CustomResourceDefinition" {
            continue;
        }
        let wrong = |described: String, message: String| transform(file, format!("images of {described}: {message}"));
        // Places are told by their address: nothing moves while they are collected.
        let mut places: HashMap<usize, usize> = HashMap::new();
        find(&mut resource.value, &mut places).map_err(|message| wrong(resource.describe(), message))?;
        for (spec, path) in specs.iter().zip(&paths) {
            if spec.selects(resource.api_version(), resource.kind()) {
                let mut note = |value: &mut Value| note(value, &mut places);
                field::visit(&mut resource.value, path, Leaf::None, &mut note)
                    .map_err(|message| wrong(resource.describe(), format!("at {}: {message}", spec.path)))?;
            }
        }
        if !places.is_empty() {
            change(&mut resource.value, &places, &rules);
        }
    }
    Ok(())
}

fn note(value: &mut Value, places: &mut HashMap<usize, usize>) -> Result<(), String> {
    if value.is_array() || value.is_object() {
        return Err("found a mapping or list where an image should be".to_owned());
    }
    *places.entry(address(value)).or_default() += 1;
    Ok(())
}

fn address(value: &Value) -> usize {
    std::ptr::from_ref(value).addr()
}

/// Notes the image of every item of every `containers` and `initContainers` list, at any depth.
fn find(value: &mut Value, places: &mut HashMap<usize, usize>) -> Result<(), String> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| find(item, places)),
        Value::Object(map) => {
            for (key, value) in map {
                find(value, places)?;
                if !matches!(key.as_str(), "containers" | "initContainers") {
                    continue;
                }
                for container in value.as_array_mut().into_iter().flatten() {
                    match container {
                        Value::Object(map) => {
                            if let Some(image) = map.get_mut("image") {
                                note(image, places)?;
                            }
                        }
                        Value::Null => {}
                        _ => return Err(format!("an item of `{key}` is no mapping")),
                    }
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Applies the rules to every noted place.
fn change(value: &mut Value, places: &HashMap<usize, usize>, rules: &Rules<'_>) {
    if let Some(times) = places.get(&address(value)) {
        apply(value, rules, *times);
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| change(item, places, rules)),
        Value::Object(map) => map.values_mut().for_each(|value| change(value, places, rules)),
        _ => {}
    }
}

fn apply(value: &mut Value, rules: &Rules<'_>, times: usize) {
    let mut text = match &*value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let (mut from, mut changed) = (0, false);
    while let Some((at, rule)) = rules.next(&text, from) {
        for _ in 0..times {
            if !rule.matches(&text) {
                break;
            }
            text = renamed(&text, rule.image);
        }
        (from, changed) = (at + 1, true);
    }
    if changed {
        *value = Value::String(text);
    }
}

fn renamed(text: &str, image: &Image) -> String {
    let (name, tag, digest) = split(text);
    let name = if image.new_name.is_empty() { name } else { &image.new_name };
    let (mut tag, mut digest) = (tag.to_owned(), digest);
    if !image.new_tag.is_empty() || !image.digest.is_empty() {
        tag.clone_from(&image.new_tag);
        digest = &image.digest;
    } else if !image.tag_suffix.is_empty() {
        tag.push_str(&image.tag_suffix);
        digest = "";
    }
    let mut renamed = name.to_owned();
    for (mark, part) in [(':', tag.as_str()), ('@', digest)] {
        if !part.is_empty() {
            renamed.push(mark);
            renamed.push_str(part);
        }
    }
    renamed
}

/// Splits an image into name, tag and digest; a colon before the first slash is a port.
fn split(text: &str) -> (&str, &str, &str) {
    let (text, digest) = text.split_once('@').unwrap_or((text, ""));
    let path = text.find('/').filter(|&at| at > 0).unwrap_or(0);
    match text[path..].find(':') {
        Some(colon) => (&text[..path + colon], &text[path + colon + 1..], digest),
        None => (text, "", digest),
    }
}
