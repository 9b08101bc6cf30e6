//! Charts are inflated by an object the caller gives; what it makes is taken in like anything generated.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::cell::RefCell;
use teal_kustomize::{BuildError, ChartFiles, ChartInflator, HelmChart, MemoryTree, Options, build, build_with};

/// Makes one ConfigMap of a chart, and remembers what it was asked for.
#[derive(Default)]
struct Inflator {
    asked: RefCell<Vec<HelmChart>>,
}

impl ChartInflator for Inflator {
    fn inflate(&self, chart: &HelmChart, files: &ChartFiles<'_>) -> Result<Vec<u8>, String> {
        self.asked.borrow_mut().push(chart.clone());
        if chart.name == "broken" {
            return Err("the chart does not render".to_owned());
        }
        let values = match chart.values_file.as_str() {
            "" => "none".to_owned(),
            path => String::from_utf8_lossy(&files.read(path)?.1).trim().to_owned(),
        };
        Ok(format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}}}\ndata: {{values: {values}}}\n", chart.name)
            .into_bytes())
    }
}

fn tree(kustomization: &str) -> MemoryTree {
    MemoryTree::from([
        ("top/kustomization.yaml", "resources: [../app]\nnamespace: shop\n"),
        ("app/kustomization.yaml", kustomization),
        ("app/v.yaml", "fromfile\n"),
        (
            "app/g.yaml",
            "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: x}\nname: third\nvaluesInline: {a: 1}\n",
        ),
        ("secret.yaml", "canary"),
    ])
}

#[test]
fn charts_are_asked_for_and_taken_in() {
    let text = "helmGlobals: {chartHome: mine}
helmCharts:
- {name: first, version: 1.2.3, repo: 'https://charts.example', releaseName: r, valuesFile: v.yaml, includeCRDs: true, apiVersions: [a/v1]}
helmChartInflationGenerator:
- {chartName: second, releaseName: s}
generators: [g.yaml]
namePrefix: p-
";
    let inflator = Inflator::default();
    let built = build_with(&tree(text), "top", &Options::default(), Some(&inflator)).unwrap();
    let names: Vec<&str> =
        built.objects.iter().map(|object| object.value["metadata"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["p-first", "p-second", "p-third"]);
    assert_eq!(built.objects[0].value["data"]["values"], "fromfile");
    // Helm was told the namespace; it is not set again.
    assert!(built.objects.iter().all(|object| object.value["metadata"].get("namespace").is_none()));
    let asked = inflator.asked.into_inner();
    let told: Vec<_> = asked.iter().map(|chart| (chart.namespace.as_str(), chart.chart_home.as_str())).collect();
    assert_eq!(told, [("shop", "mine"), ("shop", "mine"), ("", "charts")]);
    assert!(asked[0].include_crds && asked[0].version == "1.2.3" && asked[0].api_versions == ["a/v1"]);
    assert_eq!(asked[2].values_inline["a"], 1);
    assert!(built.reads.contains("app/v.yaml"), "reads of an inflator count: {:?}", built.reads);
}

#[test]
fn charts_that_cannot_be_rendered_are_told_with_their_place() {
    let with = |text: &str| {
        build_with(&tree(text), "app", &Options::default(), Some(&Inflator::default())).unwrap_err().to_string()
    };
    assert_eq!(
        with("helmCharts: [{name: broken}]\n"),
        "app/kustomization.yaml:1:14: helmCharts[0]: the chart does not render"
    );
    let outside = with("helmCharts: [{name: a, valuesFile: ../secret.yaml}]\n");
    assert!(outside.contains("is not in this folder or below") && !outside.contains("canary"), "{outside}");
    assert!(with("helmCharts: [{name: -x}]\n").contains("must not start with `-`"));
    assert!(with("helmCharts: [{name: a, valuesMerge: some}]\n").contains("valuesMerge must be"));
    assert!(with("helmCharts: [{version: '1'}]\n").contains("a chart needs a `name`"));
    let refused = build(&tree("helmCharts: [{name: a}]\n"), "app", &Options::default()).unwrap_err();
    assert!(matches!(refused.0[0], BuildError::Unsupported { .. }), "{refused}");
}
