//! Field specs, labels, replicas, images, sort options.

use crate::field::FieldSpec;
use crate::kustomization::form::Form;
use crate::kustomization::{Image, Labels, Located, Replicas, SortOrder};
use std::collections::BTreeMap;
use teal_yaml::{Data, Node};

/// Most parts of a field's path: each one that is missing is made.
const LONGEST_PATH: usize = 64;

/// A mapping of texts, each with its place.
pub(crate) fn located_map(form: &mut Form<'_>, node: &Node) -> BTreeMap<String, Located> {
    let Data::Mapping(entries) = &node.data else {
        form.mistake(node.at, "expected a mapping of texts here");
        return BTreeMap::new();
    };
    entries
        .iter()
        .map(|entry| (entry.key.clone(), Located { text: form.text(&entry.value), at: entry.value.at }))
        .collect()
}

/// One item of `labels`.
pub(crate) fn labels(form: &mut Form<'_>, node: &Node) -> Labels {
    const KNOWN: [&str; 5] = ["pairs", "includeSelectors", "includeTemplates", "includeVolumeClaimTemplates", "fields"];
    let mut labels = Labels::default();
    for (name, node) in form.fields(node, &KNOWN) {
        match name {
            "pairs" => labels.pairs = form.text_map(node),
            "includeSelectors" => labels.include_selectors = form.flag(node),
            "includeTemplates" => labels.include_templates = form.flag(node),
            "includeVolumeClaimTemplates" => labels.include_volume_claim_templates = form.flag(node),
            _ => labels.fields = field_specs(form, node),
        }
    }
    labels
}

/// A list of field specs.
pub(crate) fn field_specs(form: &mut Form<'_>, node: &Node) -> Vec<FieldSpec> {
    form.items(node).iter().map(|item| field_spec(form, item)).collect()
}

fn field_spec(form: &mut Form<'_>, node: &Node) -> FieldSpec {
    let mut spec = crate::field::spec("", "", "", false);
    for (name, value) in form.fields(node, &["path", "create", "group", "version", "kind"]) {
        match name {
            "path" => spec.path = form.text(value).into(),
            "create" => spec.create = form.flag(value),
            "group" => spec.group = form.text(value).into(),
            "version" => spec.version = form.text(value).into(),
            _ => spec.kind = form.text(value).into(),
        }
    }
    let path = spec.path.strip_prefix('/').unwrap_or(&spec.path);
    if path.split('/').any(str::is_empty) {
        form.mistake(node.at, "a field needs a `path` without empty parts, such as spec/template/metadata/labels");
    } else if path.split('/').count() > LONGEST_PATH {
        form.mistake(node.at, format!("this `path` has more than {LONGEST_PATH} parts"));
    }
    spec
}

/// One item of `replicas`.
pub(crate) fn replicas(form: &mut Form<'_>, node: &Node) -> Replicas {
    let mut replicas = Replicas::default();
    for (name, node) in form.fields(node, &["name", "count"]) {
        match name {
            "name" => replicas.name = form.text(node),
            _ => replicas.count = form.integer(node),
        }
    }
    replicas
}

/// One item of `images`.
pub(crate) fn image(form: &mut Form<'_>, node: &Node) -> Image {
    let mut image = Image::default();
    for (name, node) in form.fields(node, &["name", "newName", "newTag", "tagSuffix", "digest"]) {
        let text = form.text(node);
        match name {
            "name" => image.name = text,
            "newName" => image.new_name = text,
            "newTag" => image.new_tag = text,
            "tagSuffix" => image.tag_suffix = text,
            _ => image.digest = text,
        }
    }
    image
}

/// `sortOptions`.
pub(crate) fn sort_options(form: &mut Form<'_>, node: &Node) -> Option<SortOrder> {
    let (mut order, mut legacy) = (String::new(), None);
    for (name, node) in form.fields(node, &["order", "legacySortOptions"]) {
        if name == "order" {
            order = form.text(node);
            continue;
        }
        let mut lists = (Vec::new(), Vec::new());
        for (name, node) in form.fields(node, &["orderFirst", "orderLast"]) {
            match name {
                "orderFirst" => lists.0 = form.texts(node),
                _ => lists.1 = form.texts(node),
            }
        }
        legacy = Some(lists);
    }
    match (order.as_str(), legacy) {
        ("legacy", legacy) => Some(SortOrder::Legacy(legacy)),
        ("fifo", None) => Some(SortOrder::Fifo),
        ("fifo", Some(_)) => {
            form.mistake(node.at, "`legacySortOptions` belong to order legacy");
            None
        }
        _ => {
            form.mistake(node.at, "`order` must be fifo or legacy");
            None
        }
    }
}
