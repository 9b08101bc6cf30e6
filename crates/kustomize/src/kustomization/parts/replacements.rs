//! `replacements`, in place and in files of their own.

use super::patches::selector;
use crate::kustomization::form::Form;
use crate::kustomization::{FieldOptions, Located, Replacement, ReplacementEntry, Source, Target};
use teal_yaml::{Data, Node};

/// `replacements` of a kustomization.
pub(crate) fn entries(form: &mut Form<'_>, node: &Node) -> Vec<ReplacementEntry> {
    form.items(node).iter().map(|item| entry(form, item)).collect()
}

fn entry(form: &mut Form<'_>, node: &Node) -> ReplacementEntry {
    let known = form.fields(node, &["source", "targets", "sourceValue", "path"]);
    let path = known.iter().find(|(name, _)| *name == "path").map(|(_, value)| (value.at, form.text(value)));
    match path.filter(|(_, text)| !text.is_empty()) {
        None => ReplacementEntry::Inline(Box::new(replacement(form, node))),
        Some((at, text)) => {
            if known.iter().any(|(name, _)| matches!(*name, "source" | "targets")) {
                form.mistake(node.at, "a replacement has either `path` or `source` and `targets`, not both");
            }
            ReplacementEntry::File(Located { text, at })
        }
    }
}

/// The content of a file of replacements: one, or a list of them.
pub(crate) fn of_file(form: &mut Form<'_>, node: &Node) -> Vec<Replacement> {
    match &node.data {
        Data::Sequence(items) => items.iter().map(|item| replacement(form, item)).collect(),
        Data::Mapping(_) => vec![replacement(form, node)],
        _ => {
            form.mistake(node.at, "expected a replacement or a list of replacements");
            Vec::new()
        }
    }
}

fn replacement(form: &mut Form<'_>, node: &Node) -> Replacement {
    let mut replacement = Replacement { at: node.at, ..Replacement::default() };
    let mut has_targets = false;
    for (name, value) in form.fields(node, &["source", "targets", "sourceValue", "path"]) {
        match name {
            "source" => replacement.source = Some(source(form, value)),
            "sourceValue" => replacement.source_value = Some(form.text(value)),
            "targets" => {
                replacement.targets = form.items(value).iter().map(|item| target(form, item)).collect();
                // In a file of its own an empty list is one.
                has_targets = form.is_lenient || !replacement.targets.is_empty();
            }
            _ => {}
        }
    }
    match (&replacement.source, &replacement.source_value) {
        (Some(_), Some(_)) => form.mistake(node.at, "a replacement has either `source` or `sourceValue`, not both"),
        (None, None) => form.mistake(node.at, "a replacement needs a `source` (or `sourceValue`) and `targets`"),
        _ if !has_targets => form.mistake(node.at, "a replacement needs at least one of `targets`"),
        _ => {}
    }
    replacement
}

fn source(form: &mut Form<'_>, node: &Node) -> Source {
    let mut source = Source::default();
    for (name, value) in form.fields(node, &["group", "version", "kind", "name", "namespace", "fieldPath", "options"]) {
        match name {
            "group" => source.group = form.text(value),
            "version" => source.version = form.text(value),
            "kind" => source.kind = form.text(value),
            "name" => source.name = form.text(value),
            "namespace" => source.namespace = form.text(value),
            "fieldPath" => source.field_path = form.text(value),
            _ => source.options = options(form, value),
        }
    }
    if source.field_path.is_empty() {
        "metadata.name".clone_into(&mut source.field_path);
    }
    source
}

fn target(form: &mut Form<'_>, node: &Node) -> Target {
    let mut target = Target::default();
    let mut is_aimed = false;
    for (name, value) in form.fields(node, &["select", "reject", "fieldPaths", "options"]) {
        match name {
            "select" => {
                is_aimed = true;
                target.select = selector(form, value);
            }
            "reject" => target.reject = form.items(value).iter().filter_map(|item| selector(form, item)).collect(),
            "fieldPaths" => target.field_paths = form.texts(value),
            _ => target.options = options(form, value),
        }
    }
    if !is_aimed {
        form.mistake(node.at, "a target of a replacement must `select` objects");
    }
    if target.field_paths.is_empty() {
        target.field_paths.push("metadata.name".to_owned());
    }
    target
}

fn options(form: &mut Form<'_>, node: &Node) -> FieldOptions {
    let mut options = FieldOptions::default();
    for (name, value) in form.fields(node, &["delimiter", "index", "encoding", "create"]) {
        match name {
            "delimiter" => options.delimiter = form.text(value),
            "index" => options.index = form.integer(value),
            "create" => options.create = form.flag(value),
            // kustomize reads it and does nothing with it.
            _ => {}
        }
    }
    options
}
