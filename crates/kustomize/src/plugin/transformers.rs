//! The built-in transformers' documents, one arm each.

use crate::BuildErrors;
use crate::build::files::Files;
use crate::config::Specs;
use crate::kustomization::form::Form;
use crate::kustomization::parts::patches::selector;
use crate::kustomization::parts::{fields, patches as patch_parts, replacements};
use crate::kustomization::{Located, PatchEntry, TextMap};
use crate::path::file_name;
use crate::transform::patches::{load_all, load_json, load_merges};
use crate::transform::{AddTarget, Namespace, Subjects, Transform, ValueAdd};
use crate::{BuildError, replace};
use std::rc::Rc;
use teal_yaml::Node;

/// Reads the document of a transformer of this kind.
///
/// # Errors
/// Every mistake in it, and in the files it names.
pub(super) fn read(kind: &str, document: &Node, files: &Files<'_>) -> Result<Vec<Transform>, BuildErrors> {
    let mut form = Form::lenient(files.file);
    let form = &mut form;
    let what = match kind {
        "AnnotationsTransformer" => {
            let (pairs, specs) = texts(form, document, "annotations");
            Ok(vec![Transform::Annotations(pairs, specs)])
        }
        "LabelTransformer" => {
            let (pairs, specs) = texts(form, document, "labels");
            Ok(vec![Transform::Labels(pairs, specs)])
        }
        "HashTransformer" => Ok(vec![Transform::Hash]),
        "ImageTagTransformer" => Ok(vec![images(form, document)]),
        "ReplicaCountTransformer" => Ok(vec![replicas(form, document)]),
        "NamespaceTransformer" => Ok(vec![namespace(form, document)]),
        "PatchJson6902Transformer" => json_6902(form, document, files),
        "PatchStrategicMergeTransformer" => strategic_merge(form, document, files),
        "PatchTransformer" => {
            let entry = patch_parts::patch(form, document);
            if form.mistakes.is_empty() {
                load_all(files, &[entry]).map(|all| vec![Transform::Patches(all)])
            } else {
                Ok(Vec::new())
            }
        }
        "ReplacementTransformer" => {
            let entries = document.get("replacements").map(|node| replacements::entries(form, node));
            if form.mistakes.is_empty() {
                replace::load(files, &entries.unwrap_or_default()).map(|all| vec![Transform::Replacements(all)])
            } else {
                Ok(Vec::new())
            }
        }
        "ValueAddTransformer" => value_add(form, document, files),
        _ => Ok(names(form, kind, document)),
    };
    let mistakes = std::mem::take(&mut form.mistakes);
    if mistakes.is_empty() { what } else { Err(BuildErrors(mistakes)) }
}

fn specs(form: &mut Form<'_>, document: &Node) -> Option<Specs> {
    let known = form.fields(document, &["fieldSpecs"]);
    known.first().map(|(_, node)| Rc::new(fields::field_specs(form, node)))
}

fn texts(form: &mut Form<'_>, document: &Node, name: &'static str) -> (TextMap, Specs) {
    let known = form.fields(document, &[name]);
    let pairs = known.first().map(|(_, node)| form.text_map(node)).unwrap_or_default();
    (pairs, specs(form, document).unwrap_or_default())
}

fn images(form: &mut Form<'_>, document: &Node) -> Transform {
    let known = form.fields(document, &["imageTag"]);
    let image = known.first().map(|(_, node)| fields::image(form, node)).unwrap_or_default();
    Transform::Images(vec![image], specs(form, document).unwrap_or_default())
}

fn replicas(form: &mut Form<'_>, document: &Node) -> Transform {
    let known = form.fields(document, &["replica"]);
    let replicas = known.first().map(|(_, node)| fields::replicas(form, node)).unwrap_or_default();
    Transform::Replicas(vec![replicas], specs(form, document).unwrap_or_default())
}

fn names(form: &mut Form<'_>, kind: &str, document: &Node) -> Vec<Transform> {
    let (mut prefix, mut suffix) = (String::new(), String::new());
    for (name, node) in form.fields(document, &["prefix", "suffix"]) {
        let into = if name == "prefix" { &mut prefix } else { &mut suffix };
        *into = form.text(node);
    }
    let Some(specs) = specs(form, document) else {
        form.mistake(document.at, format!("{kind} needs `fieldSpecs`, such as `- path: metadata/name`"));
        return Vec::new();
    };
    match kind {
        "PrefixTransformer" => vec![Transform::Prefix(prefix, specs)],
        "SuffixTransformer" => vec![Transform::Suffix(suffix, specs)],
        _ => vec![Transform::Prefix(prefix, Rc::clone(&specs)), Transform::Suffix(suffix, specs)],
    }
}

fn namespace(form: &mut Form<'_>, document: &Node) -> Transform {
    let mut to = Namespace::new(String::new(), specs(form, document).unwrap_or_default());
    for (name, node) in form.fields(document, &["metadata", "unsetOnly", "setRoleBindingSubjects"]) {
        match name {
            "metadata" => {
                for (_, value) in form.fields(node, &["namespace"]) {
                    to.namespace = form.text(value);
                }
            }
            "unsetOnly" => to.unset_only = form.flag(node),
            _ => match form.text(node).as_str() {
                "" | "defaultOnly" => {}
                "allServiceAccounts" => to.subjects = Subjects::AllServiceAccounts,
                "none" => to.subjects = Subjects::None,
                other => form.mistake(
                    node.at,
                    format!(
                        "invalid value \"{other}\" for setRoleBindingSubjects: must be one of defaultOnly, none or allServiceAccounts"
                    ),
                ),
            },
        }
    }
    Transform::Namespace(to)
}

fn json_6902(form: &mut Form<'_>, document: &Node, files: &Files<'_>) -> Result<Vec<Transform>, BuildErrors> {
    let mut entry = PatchEntry { at: document.at, ..PatchEntry::default() };
    for (name, node) in form.fields(document, &["target", "path", "jsonOp"]) {
        match name {
            "target" => entry.target = selector(form, node),
            "path" => entry.path = form.text(node),
            _ => entry.patch = form.text(node),
        }
    }
    match (entry.path.is_empty(), entry.patch.is_empty()) {
        (true, true) => form.mistake(document.at, "empty file path and empty jsonOp: give one of `path` and `jsonOp`"),
        (false, false) => form.mistake(document.at, "must specify a file path or jsonOp, not both"),
        _ => {}
    }
    if !form.mistakes.is_empty() {
        return Ok(Vec::new());
    }
    load_json(files, &[entry]).map(|all| vec![Transform::Json6902(all)])
}

fn strategic_merge(form: &mut Form<'_>, document: &Node, files: &Files<'_>) -> Result<Vec<Transform>, BuildErrors> {
    let mut items = Vec::new();
    let (mut paths, mut patches) = (Vec::new(), String::new());
    for (name, node) in form.fields(document, &["paths", "patches"]) {
        match name {
            "paths" => paths = form.texts(node),
            _ => patches = form.text(node),
        }
    }
    items.extend(paths.into_iter().map(|text| Located { text, at: document.at }));
    if !patches.is_empty() {
        // A line break tells a patch from a path.
        items.push(Located { text: format!("{patches}\n"), at: document.at });
    }
    if items.is_empty() {
        form.mistake(document.at, "empty file path and empty patch content: give one of `paths` and `patches`");
    }
    if !form.mistakes.is_empty() {
        return Ok(Vec::new());
    }
    load_merges(files, &items).map(|all| vec![Transform::StrategicMerge(all)])
}

fn value_add(form: &mut Form<'_>, document: &Node, files: &Files<'_>) -> Result<Vec<Transform>, BuildErrors> {
    let mut add = ValueAdd { value: String::new(), targets: Vec::new() };
    let mut more = None;
    for (name, node) in form.fields(document, &["value", "targets", "targetFilePath"]) {
        match name {
            "value" => form.text(node).trim().clone_into(&mut add.value),
            "targets" => add.targets = add_targets(form, node),
            _ => more = Some(Located { text: form.text(node), at: node.at }).filter(|path| !path.text.is_empty()),
        }
    }
    if add.value.is_empty() {
        file_name(files.dir).clone_into(&mut add.value);
    }
    if add.value.is_empty() {
        form.mistake(document.at, "give a `value`; the folder of this kustomization has no name in the tree");
    }
    if let Some(path) = more {
        let (file, bytes) = files.read(&path)?;
        let documents = teal_yaml::text_of(&bytes)
            .and_then(teal_yaml::read)
            .map_err(|source| BuildError::Yaml { file: file.clone(), source })?;
        let mut inner = Form::lenient(&file);
        let targets = documents.first().and_then(|document| document.get("targets"));
        add.targets.extend(targets.map(|node| add_targets(&mut inner, node)).unwrap_or_default());
        inner.finish(())?;
    }
    if add.targets.is_empty() {
        form.mistake(document.at, "must specify at least one target");
    }
    Ok(vec![Transform::ValueAdd(add)])
}

fn add_targets(form: &mut Form<'_>, node: &Node) -> Vec<AddTarget> {
    let mut targets = Vec::new();
    for item in form.items(node) {
        let mut target = AddTarget { selector: None, field_path: String::new(), position: 0 };
        for (name, value) in form.fields(item, &["selector", "fieldPath", "filePathPosition"]) {
            match name {
                "selector" => target.selector = selector(form, value),
                "fieldPath" => target.field_path = form.text(value),
                _ => match usize::try_from(form.integer(value)) {
                    Ok(position) => target.position = position,
                    Err(_) => form.mistake(value.at, "filePathPosition cannot be negative"),
                },
            }
        }
        if target.field_path.is_empty() {
            form.mistake(item.at, "fieldPath cannot be empty");
        }
        targets.push(target);
    }
    targets
}
