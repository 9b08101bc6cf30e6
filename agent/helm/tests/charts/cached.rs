//! Answers are kept by the chart's bytes, the values, and what the chart may know of the cluster: how often Helm really ran.

use std::fs;
use std::os::fd::AsRawFd as _;
use std::sync::Arc;
use std::time::Instant;

use rustix::io::{FdFlags, fcntl_setfd};
use teal_helm::Helm;
use tempfile::TempDir;

use crate::world::{World, objects, script};

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '{{ .Values.x }}', v: '{{ .Capabilities.KubeVersion }}'}\n";

fn unit(value: &str) -> String {
    format!("apiVersion: teal.dev/v1alpha1\nkind: Helm\nspec: {{chart: {{path: ../c}}, values: {{x: {value}}}}}\n")
}

/// Helm behind a script that writes a letter a run into a file. A confined script may open no such file; it is given one that
/// is open.
struct Counted {
    world: World,
    runs: fs::File,
    _folder: TempDir,
}

impl Counted {
    fn new() -> Option<Self> {
        let mut world = World::of(&[
            ("u/helm.yaml", &unit("one")),
            ("c/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
            ("c/templates/a.yaml", MAP),
        ])?;
        let folder = tempfile::tempdir().unwrap();
        let runs = tempfile::tempfile().unwrap();
        fcntl_setfd(&runs, FdFlags::empty()).unwrap();
        let count = format!("printf r >&{}", runs.as_raw_fd());
        world.settings.program = Some(script(folder.path(), &count, &world.settings));
        Some(Self { world, runs, _folder: folder })
    }

    fn runs(&self) -> u64 {
        self.runs.metadata().unwrap().len()
    }

    fn put(&mut self, path: &str, text: &str) {
        self.world.files.retain(|(known, _)| known != path);
        self.world.files.push((path.to_owned(), text.to_owned()));
    }
}

#[test]
fn a_chart_runs_once_for_the_same_question_and_again_for_another() {
    let Some(mut counted) = Counted::new() else { return };
    let helm = Helm::new(counted.world.settings.clone(), || {});
    let begun = Instant::now();
    objects(&counted.world.render_by(&helm));
    let cold = begun.elapsed();
    assert_eq!(counted.runs(), 3, "once to see that it runs confined, twice for the chart");
    let begun = Instant::now();
    objects(&counted.world.render_by(&helm));
    eprintln!("one chart: {cold:?} cold, {:?} cached", begun.elapsed());
    counted.put("u/README.md", "read by nobody");
    counted.world.color = "green";
    objects(&counted.world.render_by(&helm));
    assert_eq!(counted.runs(), 3, "the same question");

    let mut expected = 3;
    let mut again = |counted: &mut Counted, why: &str| {
        expected += 2;
        objects(&counted.world.render_by(&helm));
        assert_eq!(counted.runs(), expected, "{why}");
        objects(&counted.world.render_by(&helm));
        assert_eq!(counted.runs(), expected, "{why}, and once more");
    };
    counted.put("u/helm.yaml", &unit("two"));
    again(&mut counted, "other values");
    counted.put("c/templates/a.yaml", &MAP.replace("name: a", "name: b"));
    again(&mut counted, "another chart");
    counted.world.capabilities.kube_version = Some("v1.34.0".into());
    again(&mut counted, "another version of Kubernetes");
    counted.put("u/helm.yaml", &unit("one"));
    counted.put("c/templates/a.yaml", MAP);
    counted.world.capabilities.kube_version = Some("v1.33.1".into());
    objects(&counted.world.render_by(&helm));
    assert_eq!(counted.runs(), 9, "what was asked before is still known");

    counted.world.capabilities.api_versions = Arc::new(vec!["example.com/v2".into()]);
    objects(&counted.world.render_by(&helm));
    assert_eq!(counted.runs(), 9, "API versions are nothing to a chart that asks for none");
    counted.put("c/templates/b.yaml", "{{ if .Capabilities.APIVersions.Has \"example.com/v2\" }}{apiVersion: v1, kind: ConfigMap, metadata: {name: has}}{{ end }}");
    again(&mut counted, "a chart that asks");
    counted.world.capabilities.api_versions = Arc::new(vec!["example.com/v3".into()]);
    again(&mut counted, "and is told others");
}

#[test]
fn a_chart_that_fails_is_rendered_again_when_other_api_versions_are_there() {
    let needs = "{{ if not (.Capabilities.APIVersions.Has \"new.example.com/v1\") }}{{ fail \"install the operator\" }}{{ end }}";
    let kustomization =
        "helmGlobals: {chartHome: ..}\nhelmCharts: [{name: c, releaseName: r, valuesInline: {x: one}}]\n".to_owned();
    for unit in [("u/helm.yaml", unit("one")), ("u/kustomization.yaml", kustomization)] {
        let Some(mut counted) = Counted::new() else { return };
        counted.world.files.retain(|(path, _)| path != "u/helm.yaml");
        counted.put(unit.0, &unit.1);
        counted.put("c/templates/needs.yaml", needs);
        let helm = Helm::new(counted.world.settings.clone(), || {});
        for _ in 0..2 {
            let rendered = counted.world.render_by(&helm);
            assert!(rendered.errors.len() == 1 && rendered.asks_api_versions, "{}: {rendered:?}", unit.0);
            assert!(rendered.errors[0].to_string().contains("install the operator"), "{}", rendered.errors[0]);
        }
        assert_eq!(counted.runs(), 2, "once to see that it runs confined, once for the chart: the same question");
        counted.world.capabilities.api_versions = Arc::new(vec!["new.example.com/v1".into()]);
        assert_eq!(objects(&counted.world.render_by(&helm)).len(), 1, "{}: the operator is there", unit.0);
    }
}

#[test]
fn without_helm_the_error_names_where_it_was_looked_for() {
    let Some(mut counted) = Counted::new() else { return };
    counted.world.settings.program = Some("/nowhere/helm".into());
    let (reason, message) = counted.world.error();
    assert!(reason == "HelmUnavailable" && message.contains("/nowhere/helm"), "{message}");
}
