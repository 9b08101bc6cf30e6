//! The fields of `kustomization.yaml`, one arm each.

use super::form::Form;
use super::parts::{charts, data, fields, patches, replacements, vars};
use super::{GeneratorOptions, Kustomization, Located, header};
use crate::{BuildError, BuildErrors, HelmChart};
use teal_yaml::{Node, Place};

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

/// Reads a kustomization file.
///
/// # Errors
/// Every mistake in it, each with its place.
pub(crate) fn parse(file: &str, bytes: &[u8]) -> Result<Kustomization, BuildErrors> {
    let documents = teal_yaml::text_of(bytes)
        .and_then(teal_yaml::read_last_wins)
        .map_err(|source| BuildError::Yaml { file: file.to_owned(), source })?;
    let mut form = Form::strict(file);
    let start = Place { line: 1, column: 1 };
    let mut kustomization = Kustomization { file: file.to_owned(), ..Kustomization::default() };
    match documents.as_slice() {
        [] => form.mistake(start, "the kustomization is empty; name at least one resource"),
        // kustomize reads the first document only.
        [document, ..] => read_fields(&mut form, document, &mut kustomization),
    }
    form.finish(kustomization)
}

/// What has to be put together once all fields are read.
#[derive(Default)]
struct Rest {
    options: GeneratorOptions,
    bases: Vec<Located>,
    image_tags: Vec<super::Image>,
    old_charts: Vec<super::Chart>,
    globals: Option<(String, String)>,
    old_globals: (String, String),
    api_version: Option<(String, Place)>,
}

fn read_fields(form: &mut Form<'_>, document: &Node, into: &mut Kustomization) {
    let mut rest = Rest::default();
    let known = form.fields(document, &KNOWN);
    for &(name, node) in &known {
        read_field(form, name, node, into, &mut rest);
    }
    into.resources.append(&mut rest.bases);
    into.images.append(&mut rest.image_tags);
    for generator in into.config_maps.iter_mut().chain(&mut into.secrets) {
        generator.options.inherit(&rest.options);
    }
    into.charts.append(&mut rest.old_charts);
    let (chart_home, config_home) = rest.globals.unwrap_or(rest.old_globals);
    for chart in &mut into.charts {
        let HelmChart { chart_home: home, config_home: config, .. } = &mut chart.chart;
        chart_home.clone_into(home);
        config_home.clone_into(config);
    }
    header::check(form, document, rest.api_version, into.is_component, &known);
}

fn read_field(form: &mut Form<'_>, name: &str, node: &Node, into: &mut Kustomization, rest: &mut Rest) {
    match name {
        "apiVersion" => rest.api_version = Some((form.text(node), node.at)),
        "kind" => match form.text(node).as_str() {
            "Kustomization" => {}
            "Component" => into.is_component = true,
            _ => form.mistake(node.at, "kind must be Kustomization or Component"),
        },
        "metadata" => drop(form.fields(node, &["name", "namespace", "labels", "annotations"])),
        "resources" => into.resources = located(form, node),
        "bases" => rest.bases = located(form, node),
        "components" => into.components = located(form, node),
        "configurations" => into.configurations = located(form, node),
        "crds" => into.crds = located(form, node),
        "openapi" => into.openapi = fields::located_map(form, node),
        "buildMetadata" => into.build_metadata = form.texts(node),
        "generators" => into.generators = located(form, node),
        "transformers" => into.transformers = located(form, node),
        "validators" => into.validators = located(form, node),
        "configMapGenerator" => into.config_maps = data::generators(form, node, false),
        "secretGenerator" => into.secrets = data::generators(form, node, true),
        "generatorOptions" => rest.options = data::options(form, node),
        "helmCharts" => into.charts = charts::charts(form, node),
        "helmGlobals" => rest.globals = Some(charts::globals(form, node)),
        "helmChartInflationGenerator" => (rest.old_charts, rest.old_globals) = charts::old_charts(form, node),
        "patchesStrategicMerge" => into.patches_strategic_merge = located(form, node),
        "patches" => into.patches = patches::patches(form, node),
        "patchesJson6902" => into.patches_json_6902 = patches::patches(form, node),
        "namespace" => into.namespace = form.text(node),
        "namePrefix" => into.name_prefix = form.text(node),
        "nameSuffix" => into.name_suffix = form.text(node),
        "labels" => into.labels = form.items(node).iter().map(|item| fields::labels(form, item)).collect(),
        "commonLabels" => into.common_labels = form.text_map(node),
        "commonAnnotations" => into.common_annotations = form.text_map(node),
        "replicas" => into.replicas = form.items(node).iter().map(|item| fields::replicas(form, item)).collect(),
        "images" => into.images = form.items(node).iter().map(|item| fields::image(form, item)).collect(),
        "imageTags" => rest.image_tags = form.items(node).iter().map(|item| fields::image(form, item)).collect(),
        "replacements" => into.replacements = replacements::entries(form, node),
        "vars" => into.vars = vars::vars(form, node),
        _ => into.sort = fields::sort_options(form, node),
    }
}

pub(super) fn located(form: &mut Form<'_>, node: &Node) -> Vec<Located> {
    form.items(node).iter().map(|item| Located { text: form.text(item), at: item.at }).collect()
}
