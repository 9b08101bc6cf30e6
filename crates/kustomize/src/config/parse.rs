//! A file of `configurations`.

use super::{Config, NameReference};
use crate::kustomization::form::Form;
use crate::kustomization::parts::fields::field_specs;
use crate::{BuildError, BuildErrors};
use std::rc::Rc;
use teal_yaml::Node;

const KNOWN: [&str; 12] = [
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "templateLabels",
    "volumeClaimTemplateLabels",
    "commonAnnotations",
    "nameReference",
    "varReference",
    "images",
    "replicas",
];

/// Reads a file of transformer configurations; an empty one says nothing.
///
/// # Errors
/// Every mistake in it, each with its place.
pub(crate) fn parse(file: &str, bytes: &[u8]) -> Result<Config, BuildErrors> {
    let documents = teal_yaml::text_of(bytes)
        .and_then(teal_yaml::read)
        .map_err(|source| BuildError::Yaml { file: file.to_owned(), source })?;
    let mut form = Form::strict(file);
    let mut config = Config::default();
    if let Some(second) = documents.get(1) {
        form.mistake(second.at, "a file of configurations holds one document; this is a second one");
    }
    let known = documents.first().map(|document| form.fields(document, &KNOWN)).unwrap_or_default();
    for (name, node) in known {
        if name == "nameReference" {
            let references = form.items(node).iter().map(|item| reference(&mut form, item)).collect();
            config.name_reference = Rc::new(references);
            continue;
        }
        let specs = Rc::new(field_specs(&mut form, node));
        if let Some((_, table)) = config.tables().into_iter().find(|(known, _)| *known == name) {
            *table = specs;
        }
    }
    form.finish(config)
}

fn reference(form: &mut Form<'_>, node: &Node) -> NameReference {
    let mut reference = NameReference { group: "".into(), version: "".into(), kind: "".into(), referrers: Vec::new() };
    for (name, value) in form.fields(node, &["group", "version", "kind", "fieldSpecs"]) {
        match name {
            "group" => reference.group = form.text(value).into(),
            "version" => reference.version = form.text(value).into(),
            "kind" => reference.kind = form.text(value).into(),
            _ => reference.referrers = field_specs(form, value),
        }
    }
    reference
}
