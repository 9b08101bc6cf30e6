//! The fields of `kustomization.yaml`, one arm each.

use super::form::Form;
use super::{Generator, GeneratorOptions, Image, Kustomization, Labels, Located, PatchEntry, Replicas, SortOrder};
use crate::field::FieldSpec;
use crate::patch::Selector;
use crate::{BuildError, BuildErrors};
use teal_yaml::{Data, Node, Place};

const KNOWN: [&str; 34] = [
    "apiVersion",
    "kind",
    "metadata",
    "resources",
    "bases",
    "components",
    "configMapGenerator",
    "secretGenerator",
    "generatorOptions",
    "patchesStrategicMerge",
    "patches",
    "patchesJson6902",
    "namespace",
    "namePrefix",
    "nameSuffix",
    "labels",
    "commonLabels",
    "commonAnnotations",
    "replicas",
    "images",
    "imageTags",
    "sortOptions",
    "openapi",
    "replacements",
    "vars",
    "crds",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "buildMetadata",
    "helmCharts",
    "helmGlobals",
    "helmChartInflationGenerator",
];

/// Most parts of a field's path: each one that is missing is made.
const LONGEST_PATH: usize = 64;

/// Reads a kustomization file.
///
/// # Errors
/// Every mistake in it, each with its place.
pub(crate) fn parse(file: &str, bytes: &[u8]) -> Result<Kustomization, BuildErrors> {
    let documents = teal_yaml::text_of(bytes)
        .and_then(teal_yaml::read_last_wins)
        .map_err(|source| BuildError::Yaml { file: file.to_owned(), source })?;
    let mut form = Form { file, mistakes: Vec::new() };
    let start = Place { line: 1, column: 1 };
    let mut kustomization = Kustomization { file: file.to_owned(), ..Kustomization::default() };
    match documents.as_slice() {
        [] => form.mistake(start, "the kustomization is empty; name at least one resource"),
        [document] => read_fields(&mut form, document, &mut kustomization),
        [_, second, ..] => form.mistake(second.at, "a kustomization file holds one document; this is a second one"),
    }
    if form.mistakes.is_empty() { Ok(kustomization) } else { Err(BuildErrors(form.mistakes)) }
}

fn read_fields(form: &mut Form<'_>, document: &Node, into: &mut Kustomization) {
    let mut options = GeneratorOptions::default();
    let (mut bases, mut image_tags) = (Vec::new(), Vec::new());
    let mut api_version = None;
    let fields = form.fields(document, &KNOWN);
    for &(name, node) in &fields {
        match name {
            "apiVersion" => api_version = Some((form.text(node), node.at)),
            "kind" => match form.text(node).as_str() {
                "Kustomization" => {}
                "Component" => into.is_component = true,
                _ => form.mistake(node.at, "kind must be Kustomization or Component"),
            },
            "metadata" => drop(form.fields(node, &["name", "namespace", "labels", "annotations"])),
            "resources" => into.resources = located(form, node),
            "bases" => bases = located(form, node),
            "components" => into.components = located(form, node),
            "configMapGenerator" => into.config_maps = generators(form, node, false),
            "secretGenerator" => into.secrets = generators(form, node, true),
            "generatorOptions" => options = generator_options(form, node),
            "patchesStrategicMerge" => into.patches_strategic_merge = located(form, node),
            "patches" => into.patches = patches(form, node),
            "patchesJson6902" => into.patches_json_6902 = patches(form, node),
            "namespace" => into.namespace = form.text(node),
            "namePrefix" => into.name_prefix = form.text(node),
            "nameSuffix" => into.name_suffix = form.text(node),
            "labels" => into.labels = form.items(node).iter().map(|item| labels(form, item)).collect(),
            "commonLabels" => into.common_labels = form.text_map(node),
            "commonAnnotations" => into.common_annotations = form.text_map(node),
            "replicas" => into.replicas = form.items(node).iter().map(|item| replicas(form, item)).collect(),
            "images" => into.images = form.items(node).iter().map(|item| image(form, item)).collect(),
            "imageTags" => image_tags = form.items(node).iter().map(|item| image(form, item)).collect(),
            "sortOptions" => into.sort = sort_options(form, node),
            _ => unsupported(form, name, node),
        }
    }
    into.resources.append(&mut bases);
    into.images.append(&mut image_tags);
    for generator in into.config_maps.iter_mut().chain(&mut into.secrets) {
        generator.options.inherit(&options);
    }
    check_header(form, document, api_version, into.is_component, &fields);
}

fn check_header(
    form: &mut Form<'_>,
    document: &Node,
    api_version: Option<(String, Place)>,
    is_component: bool,
    fields: &[(&'static str, &Node)],
) {
    let (kind, want) = if is_component {
        ("Component", "kustomize.config.k8s.io/v1alpha1")
    } else {
        ("Kustomization", "kustomize.config.k8s.io/v1beta1")
    };
    if let Some((version, at)) = api_version.filter(|(version, _)| !version.is_empty() && version != want) {
        form.mistake(at, format!("apiVersion `{version}` is none of kind {kind}; write {want}"));
    }
    let says_something = fields.iter().any(|(name, node)| {
        !matches!(*name, "apiVersion" | "kind") && !matches!(&node.data, Data::Sequence(items) if items.is_empty())
    });
    if !says_something && form.mistakes.is_empty() {
        form.mistake(document.at, "the kustomization is empty; name at least one resource");
    }
}

/// A field of kustomize we do not have yet. An empty one asks for nothing.
fn unsupported(form: &mut Form<'_>, field: &str, node: &Node) {
    let is_empty = match &node.data {
        Data::Sequence(items) => items.is_empty(),
        Data::Mapping(entries) => entries.is_empty(),
        _ => false,
    };
    if !is_empty {
        form.mistakes.push(BuildError::Unsupported {
            file: form.file.to_owned(),
            at: node.at,
            field: field.to_owned(),
        });
    }
}

fn located(form: &mut Form<'_>, node: &Node) -> Vec<Located> {
    form.items(node).iter().map(|item| Located { text: form.text(item), at: item.at }).collect()
}

fn patches(form: &mut Form<'_>, node: &Node) -> Vec<PatchEntry> {
    form.items(node).iter().map(|item| patch(form, item)).collect()
}

fn patch(form: &mut Form<'_>, node: &Node) -> PatchEntry {
    let mut entry = PatchEntry { at: node.at, ..PatchEntry::default() };
    for (name, node) in form.fields(node, &["path", "patch", "target", "options"]) {
        match name {
            "path" => entry.path = form.text(node),
            "patch" => form.text(node).trim().clone_into(&mut entry.patch),
            "target" => entry.target = selector(form, node),
            _ => {
                for (name, node) in form.fields(node, &["allowNameChange", "allowKindChange"]) {
                    match name {
                        "allowNameChange" => entry.allow_name_change = form.flag(node),
                        _ => entry.allow_kind_change = form.flag(node),
                    }
                }
            }
        }
    }
    match (entry.path.is_empty(), entry.patch.is_empty()) {
        (true, true) => form.mistake(node.at, "a patch needs `path` or `patch`"),
        (false, false) => form.mistake(node.at, "a patch has either `path` or `patch`, not both"),
        _ => {}
    }
    entry
}

fn selector(form: &mut Form<'_>, node: &Node) -> Option<Selector> {
    const KNOWN: [&str; 7] = ["group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector"];
    let mut parts: [String; 7] = Default::default();
    for (name, node) in form.fields(node, &KNOWN) {
        if let Some(at) = KNOWN.iter().position(|known| *known == name) {
            parts[at] = form.text(node);
        }
    }
    let [group, version, kind, name, namespace, labels, annotations] = &parts;
    match Selector::new(group, version, kind, name, namespace, labels, annotations) {
        Ok(selector) => Some(selector),
        Err(wrong) => {
            form.mistake(node.at, wrong.to_string());
            None
        }
    }
}

fn labels(form: &mut Form<'_>, node: &Node) -> Labels {
    const KNOWN: [&str; 5] = ["pairs", "includeSelectors", "includeTemplates", "includeVolumeClaimTemplates", "fields"];
    let mut labels = Labels::default();
    for (name, node) in form.fields(node, &KNOWN) {
        match name {
            "pairs" => labels.pairs = form.text_map(node),
            "includeSelectors" => labels.include_selectors = form.flag(node),
            "includeTemplates" => labels.include_templates = form.flag(node),
            "includeVolumeClaimTemplates" => labels.include_volume_claim_templates = form.flag(node),
            _ => labels.fields = form.items(node).iter().map(|item| field_spec(form, item)).collect(),
        }
    }
    labels
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
    if spec.path.split('/').any(str::is_empty) {
        form.mistake(node.at, "a field needs a `path` without empty parts, such as spec/template/metadata/labels");
    } else if spec.path.split('/').count() > LONGEST_PATH {
        form.mistake(node.at, format!("this `path` has more than {LONGEST_PATH} parts"));
    }
    spec
}

fn replicas(form: &mut Form<'_>, node: &Node) -> Replicas {
    let mut replicas = Replicas::default();
    for (name, node) in form.fields(node, &["name", "count"]) {
        match name {
            "name" => replicas.name = form.text(node),
            _ => replicas.count = form.integer(node),
        }
    }
    replicas
}

fn image(form: &mut Form<'_>, node: &Node) -> Image {
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

fn generators(form: &mut Form<'_>, node: &Node, secret: bool) -> Vec<Generator> {
    form.items(node).iter().map(|item| generator(form, item, secret)).collect()
}

fn generator(form: &mut Form<'_>, node: &Node, secret: bool) -> Generator {
    const KNOWN: [&str; 9] = ["name", "namespace", "behavior", "literals", "files", "envs", "env", "options", "type"];
    let known = if secret { &KNOWN[..] } else { &KNOWN[..8] };
    let mut generator = Generator { at: node.at, ..Generator::default() };
    let mut env = None;
    for (name, node) in form.fields(node, known) {
        match name {
            "name" => generator.name = form.text(node),
            "namespace" => generator.namespace = form.text(node),
            "behavior" => {
                generator.behavior = form.text(node);
                if !matches!(generator.behavior.as_str(), "" | "create" | "merge" | "replace" | "unspecified") {
                    form.mistake(node.at, "behavior must be create, merge or replace");
                }
            }
            "literals" => generator.literals = form.texts(node),
            "files" => generator.files = form.texts(node),
            "envs" => generator.envs = form.texts(node),
            "env" => env = Some(form.text(node)),
            "options" => generator.options = generator_options(form, node),
            _ => generator.secret_type = form.text(node),
        }
    }
    generator.envs.extend(env.filter(|env| !env.is_empty()));
    if generator.name.is_empty() {
        form.mistake(node.at, "a generator needs a `name`");
    }
    generator
}

fn generator_options(form: &mut Form<'_>, node: &Node) -> GeneratorOptions {
    let mut options = GeneratorOptions::default();
    for (name, node) in form.fields(node, &["labels", "annotations", "disableNameSuffixHash", "immutable"]) {
        match name {
            "labels" => options.labels = form.text_map(node),
            "annotations" => options.annotations = form.text_map(node),
            "disableNameSuffixHash" => options.disable_name_suffix_hash = form.flag(node),
            _ => options.immutable = form.flag(node),
        }
    }
    options
}

fn sort_options(form: &mut Form<'_>, node: &Node) -> Option<SortOrder> {
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
