//! `helmCharts`, `helmGlobals`, and the older form of both.

use crate::HelmChart;
use crate::kustomization::Chart;
use crate::kustomization::form::Form;
use serde_json::Map;
use teal_yaml::{Data, Node};

/// `helmCharts`.
pub(crate) fn charts(form: &mut Form<'_>, node: &Node) -> Vec<Chart> {
    form.items(node).iter().map(|item| Chart { at: item.at, chart: chart(form, item) }).collect()
}

/// One chart; as a generator document it may also say `chartHome` and `configHome`.
pub(crate) fn chart(form: &mut Form<'_>, node: &Node) -> HelmChart {
    const KNOWN: [&str; 20] = [
        "name",
        "version",
        "repo",
        "releaseName",
        "namespace",
        "additionalValuesFiles",
        "valuesFile",
        "valuesInline",
        "valuesMerge",
        "includeCRDs",
        "skipHooks",
        "apiVersions",
        "kubeVersion",
        "nameTemplate",
        "skipTests",
        "debug",
        "devel",
        "chartHome",
        "configHome",
        "metadata",
    ];
    let known = if form.is_lenient { &KNOWN[..] } else { &KNOWN[..17] };
    let mut chart = HelmChart::default();
    for (name, value) in form.fields(node, known) {
        match name {
            "name" => chart.name = form.text(value),
            "version" => chart.version = form.text(value),
            "repo" => chart.repo = form.text(value),
            "releaseName" => chart.release_name = form.text(value),
            "namespace" => chart.namespace = form.text(value),
            "additionalValuesFiles" => chart.additional_values_files = form.texts(value),
            "valuesFile" => chart.values_file = form.text(value),
            "valuesInline" => chart.values_inline = values(form, value),
            "valuesMerge" => {
                chart.values_merge = form.text(value);
                check_merge(form, value, &chart.values_merge);
            }
            "includeCRDs" => chart.include_crds = form.flag(value),
            "skipHooks" => chart.skip_hooks = form.flag(value),
            "apiVersions" => chart.api_versions = form.texts(value),
            "kubeVersion" => chart.kube_version = form.text(value),
            "nameTemplate" => chart.name_template = form.text(value),
            "skipTests" => chart.skip_tests = form.flag(value),
            "debug" => drop(form.flag(value)),
            "devel" => chart.devel = form.flag(value),
            "chartHome" => chart.chart_home = form.text(value),
            "configHome" => chart.config_home = form.text(value),
            _ => {}
        }
    }
    if chart.name.is_empty() {
        form.mistake(node.at, "a chart needs a `name`");
    }
    chart
}

/// `helmGlobals`: chart home and configuration home.
pub(crate) fn globals(form: &mut Form<'_>, node: &Node) -> (String, String) {
    let mut globals = (String::new(), String::new());
    for (name, value) in form.fields(node, &["chartHome", "configHome"]) {
        match name {
            "chartHome" => globals.0 = form.text(value),
            _ => globals.1 = form.text(value),
        }
    }
    globals
}

/// `helmChartInflationGenerator`, which mixes charts and globals.
pub(crate) fn old_charts(form: &mut Form<'_>, node: &Node) -> (Vec<Chart>, (String, String)) {
    const KNOWN: [&str; 13] = [
        "chartName",
        "chartVersion",
        "chartRepoUrl",
        "chartHome",
        "chartRepoName",
        "helmBin",
        "helmHome",
        "values",
        "valuesLocal",
        "valuesMerge",
        "releaseName",
        "releaseNamespace",
        "extraArgs",
    ];
    let (mut charts, mut globals) = (Vec::new(), (String::new(), String::new()));
    for item in form.items(node) {
        let mut chart = HelmChart::default();
        for (name, value) in form.fields(item, &KNOWN) {
            match name {
                "chartName" => chart.name = form.text(value),
                "chartVersion" => chart.version = form.text(value),
                "chartRepoUrl" => chart.repo = form.text(value),
                "chartHome" => globals.0 = form.text(value),
                "helmHome" => globals.1 = form.text(value),
                "values" => chart.values_file = form.text(value),
                "valuesLocal" => chart.values_inline = values(form, value),
                "valuesMerge" => {
                    chart.values_merge = form.text(value);
                    check_merge(form, value, &chart.values_merge);
                }
                "releaseName" => chart.release_name = form.text(value),
                // kustomize reads the others and does nothing with them.
                _ => {}
            }
        }
        if chart.name.is_empty() {
            form.mistake(item.at, "a chart needs a `chartName`");
        }
        charts.push(Chart { at: item.at, chart });
    }
    (charts, globals)
}

fn check_merge(form: &mut Form<'_>, node: &Node, text: &str) {
    if !matches!(text, "" | "merge" | "override" | "replace") {
        form.mistake(node.at, "valuesMerge must be merge, override or replace");
    }
}

fn values(form: &mut Form<'_>, node: &Node) -> Map<String, serde_json::Value> {
    match (&node.data, node.clone().into_value()) {
        (Data::Mapping(_), serde_json::Value::Object(map)) => map,
        _ => {
            form.mistake(node.at, "expected a mapping of values here");
            Map::new()
        }
    }
}
