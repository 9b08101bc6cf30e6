//! Mistakes get the field they are in: `images[0].newTag` beside line and column. The files are read once more for it, which
//! only a build that failed pays for.

use crate::{BuildError, BuildErrors, Entry, Tree};
use std::collections::{BTreeMap, HashMap};
use teal_yaml::{Data, Node, Place};

/// Tells fields and places that can be found in the files the mistakes are in; what can't is left as it is.
pub(super) fn name(tree: &dyn Tree, errors: &mut BuildErrors) {
    let mut by_file: BTreeMap<String, Vec<&mut BuildError>> = BTreeMap::new();
    for error in &mut errors.0 {
        if let BuildError::Kustomization { file, .. }
        | BuildError::Load { file, .. }
        | BuildError::Transform { file, .. } = &*error
        {
            by_file.entry(file.clone()).or_default().push(error);
        }
    }
    for (file, errors) in by_file {
        let documents = documents(tree, &file);
        let mut paths: HashMap<Place, Option<String>> =
            errors.iter().filter_map(|error| Some((error.at()?, None))).collect();
        for document in &documents {
            // A document as a whole is no field.
            paths.remove(&document.at);
            walk(document, &mut String::new(), &mut paths);
        }
        for error in errors {
            match error {
                BuildError::Kustomization { at, message, .. } | BuildError::Load { at: Some(at), message, .. } => {
                    // Where the message names the field itself, once is enough.
                    if let Some(Some(path)) = paths.get(at)
                        && !message.starts_with(path.as_str())
                        && !message.contains(&format!("`{}`", path.trim_matches('"')))
                    {
                        *message = format!("{path}: {message}");
                    }
                }
                BuildError::Transform { at: at @ None, fields, .. } => {
                    *at = documents.first().and_then(|document| place(document, fields));
                }
                _ => {}
            }
        }
    }
}

fn documents(tree: &dyn Tree, file: &str) -> Vec<Node> {
    let Ok(Some(Entry::File(bytes))) = tree.entry(file) else { return Vec::new() };
    teal_yaml::text_of(&bytes).and_then(teal_yaml::read_last_wins).unwrap_or_default()
}

/// Notes the outermost field that begins at each place that is asked for.
fn walk(node: &Node, path: &mut String, paths: &mut HashMap<Place, Option<String>>) {
    let before = path.len();
    let mut visit = |part: &str, places: [Place; 2], node: &Node| {
        path.push_str(part);
        for place in places {
            if let Some(found @ None) = paths.get_mut(&place) {
                *found = Some(path.clone());
            }
        }
        walk(node, path, paths);
        path.truncate(before);
    };
    match &node.data {
        Data::Mapping(entries) => {
            let dot = if before == 0 { "" } else { "." };
            for entry in entries {
                let places = [entry.key_at, of_value(entry)];
                visit(&format!("{dot}{}", part(&entry.key)), places, &entry.value);
            }
        }
        Data::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                visit(&format!("[{index}]"), [item.at; 2], item);
            }
        }
        _ => {}
    }
}

/// Where a field's value begins; a list without brackets begins where its first item does, and that is another place.
fn of_value(entry: &teal_yaml::Entry) -> Place {
    match &entry.value.data {
        Data::Sequence(items) if items.first().is_some_and(|item| item.at == entry.value.at) => entry.key_at,
        _ => entry.value.at,
    }
}

/// A key as a part of a path; in quotes where it would look like several.
fn part(key: &str) -> String {
    let shown: String = key.chars().filter(|c| !c.is_control()).take(64).collect();
    if shown.contains(['.', '[', ' ']) { format!("\"{shown}\"") } else { shown }
}

/// Where the first of these fields stands that is there.
fn place(document: &Node, fields: &[&str]) -> Option<Place> {
    let Data::Mapping(entries) = &document.data else { return None };
    let named = |field: &&str| entries.iter().find(|entry| entry.key.eq_ignore_ascii_case(field));
    fields.iter().find_map(named).map(|entry| entry.key_at)
}
