//! `images`: another name, tag or digest for container images, wherever containers are.

use crate::BuildError;
use crate::kustomization::{Image, Kustomization};
use crate::resmap::ResMap;
use regex::Regex;
use serde_json::Value;

/// Paths below which kustomize finds an image a second time, by its field specs. It matters for `tagSuffix` alone,
/// which is not idempotent.
const POD_SPECS: [&[&str]; 2] = [&["spec"], &["spec", "template", "spec"]];

/// Sets the images of a layer.
///
/// # Errors
/// None today; an image name that is no regular expression matches nothing, as in kustomize.
pub(crate) fn run(kustomization: &Kustomization, map: &mut ResMap) -> Result<(), BuildError> {
    let rules: Vec<Rule<'_>> = kustomization.images.iter().filter_map(Rule::new).collect();
    if rules.is_empty() {
        return Ok(());
    }
    for resource in map.contents_mut() {
        if resource.kind() == "CustomResourceDefinition" {
            continue;
        }
        let mut path = Vec::new();
        walk(&mut resource.value, &mut path, &rules);
        for pod_spec in POD_SPECS {
            let volumes = pod_spec
                .iter()
                .try_fold(&mut resource.value, |value, name| value.get_mut(name))
                .and_then(|spec| spec.get_mut("volumes"))
                .and_then(Value::as_array_mut);
            for volume in volumes.into_iter().flatten() {
                if let Some(reference) = volume.get_mut("image").and_then(|image| image.get_mut("reference")) {
                    apply(reference, &rules, 1);
                }
            }
        }
    }
    Ok(())
}

struct Rule<'a> {
    image: &'a Image,
    matches: Regex,
}

impl<'a> Rule<'a> {
    fn new(image: &'a Image) -> Option<Self> {
        // The name is used as it is, so `my.img` also matches `myXimg`: kustomize does so.
        let pattern = format!("^{}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$", image.name);
        Some(Self { image, matches: Regex::new(&pattern).ok()? })
    }
}

/// Visits every item of every `containers` and `initContainers` list, at any depth.
fn walk<'v>(value: &'v mut Value, path: &mut Vec<&'v str>, rules: &[Rule<'_>]) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| {
            // Inside a list no field spec applies.
            let mut inner = vec!["[]"];
            walk(item, &mut inner, rules);
        }),
        Value::Object(map) => {
            for (key, value) in map {
                let containers =
                    if matches!(key.as_str(), "containers" | "initContainers") { value.as_array_mut() } else { None };
                if let Some(containers) = containers {
                    let times = if POD_SPECS.contains(&path.as_slice()) { 2 } else { 1 };
                    for container in containers {
                        if let Some(image) = container.get_mut("image") {
                            apply(image, rules, times);
                        }
                    }
                }
                path.push(key);
                walk(value, path, rules);
                path.pop();
            }
        }
        _ => {}
    }
}

fn apply(value: &mut Value, rules: &[Rule<'_>], times: usize) {
    for rule in rules {
        for _ in 0..times {
            let Some(text) = value.as_str().filter(|text| rule.matches.is_match(text)) else { break };
            *value = Value::String(renamed(text, rule.image));
        }
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
