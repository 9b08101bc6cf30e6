//! `helmCharts` in kustomizations, with what kustomize lets one say of a chart.

use serde_json::Value;
use teal_testkit::charts::{Repository, pack};

use crate::world::{World, objects};

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}-a', namespace: '{{ .Release.Namespace }}'}\ndata: {x: '{{ .Values.x }}', z: '{{ .Values.z }}', v: '{{ .Capabilities.KubeVersion.Version }}'}\n";
const TEST: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: probe, annotations: {helm.sh/hook: test}}\nspec: {containers: [{name: t, image: t}]}\n";
const BEFORE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: before, annotations: {helm.sh/hook: 'pre-install,pre-upgrade'}}\n";

fn world(chart: &str) -> Option<World> {
    let kustomization = format!("helmCharts:\n- {chart}\nnameSuffix: -k\n");
    World::of(&[
        ("u/kustomization.yaml", &kustomization),
        ("u/values.yaml", "x: file\nz: file\n"),
        ("u/more.yaml", "z: more\n"),
        ("u/charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
        ("u/charts/web/values.yaml", "x: own\nz: own\n"),
        ("u/charts/web/templates/a.yaml", MAP),
        ("u/charts/web/templates/t.yaml", TEST),
        ("u/charts/web/templates/b.yaml", BEFORE),
    ])
}

fn map(found: &[Value]) -> &Value {
    found.iter().find(|value| value["metadata"]["name"] == "rel-a-k").expect("the chart's own object")
}

#[test]
fn values_meet_as_kustomize_says() {
    for (chart, x, z) in [
        ("{name: web, releaseName: rel}", "own", "own"),
        ("{name: web, releaseName: rel, valuesFile: values.yaml}", "file", "file"),
        ("{name: web, releaseName: rel, valuesInline: {x: inline}}", "inline", "own"),
        ("{name: web, releaseName: rel, valuesFile: values.yaml, valuesInline: {x: inline}}", "inline", "file"),
        (
            "{name: web, releaseName: rel, valuesFile: values.yaml, valuesInline: {x: inline}, valuesMerge: merge}",
            "file",
            "file",
        ),
        (
            "{name: web, releaseName: rel, valuesFile: values.yaml, valuesInline: {x: inline}, valuesMerge: replace}",
            "inline",
            "own",
        ),
        ("{name: web, releaseName: rel, valuesFile: values.yaml, additionalValuesFiles: [more.yaml]}", "file", "more"),
    ] {
        let Some(world) = world(chart) else { return };
        let rendered = world.render();
        let found = objects(&rendered);
        assert_eq!((&map(&found)["data"]["x"], &map(&found)["data"]["z"]), (&x.into(), &z.into()), "{chart}");
        assert_eq!(map(&found)["data"]["v"], "v1.33.1", "the target cluster's version");
        assert!(rendered.reads.contains("u/charts/web/templates/a.yaml") && rendered.charts, "{:?}", rendered.reads);
        let before = found.iter().find(|value| value["metadata"]["name"] == "before-k").expect("the hook");
        assert_eq!(before["metadata"]["annotations"]["teal.dev/wave"], "-1");
        assert!(!found.iter().any(|value| value["kind"] == "Pod"), "tests are left out");
    }
}

#[test]
fn a_chart_of_a_kustomization_is_fetched_and_told_when_it_is_not_locked() {
    let repository = Repository::start().unwrap();
    repository.put(
        "far",
        "1.0.0",
        pack("far", "1.0.0", &[("templates/a.yaml", MAP), ("values.yaml", "x: far\nz: far\n")]).unwrap(),
    );
    let chart = format!(
        "{{name: far, releaseName: rel, repo: '{}', version: 1.0.0, namespace: shop, kubeVersion: 1.30.0}}",
        repository.url()
    );
    let Some(world) = world(&chart) else { return };
    let rendered = world.asking(&repository.web().host()).render();
    let found = objects(&rendered);
    assert_eq!((&map(&found)["data"]["x"], &map(&found)["metadata"]["namespace"]), (&"far".into(), &"shop".into()));
    assert_eq!(map(&found)["data"]["v"], "v1.30.0");
    assert!(rendered.notices.iter().any(|notice| notice.contains("not locked")), "{:?}", rendered.notices);
}

#[test]
fn what_is_wrong_or_made_up_each_time_is_an_error_of_the_kustomization() {
    for (chart, says) in [
        ("{name: web, releaseName: rel, nameTemplate: rel}", "leave the other out"),
        ("{name: web, nameTemplate: '{{ uuidv4 | trunc 8 }}-a'}", "another name"),
        ("{name: none, releaseName: rel}", "no chart charts/none"),
        ("{name: web, releaseName: rel, valuesFile: none.yaml}", "none.yaml"),
    ] {
        let Some(world) = world(chart) else { return };
        let (_, message) = world.error();
        assert!(message.contains(says) && message.contains("u/kustomization.yaml"), "{message}");
    }
    let Some(mut world) = world("{name: web, releaseName: rel}") else { return };
    world.files.push((
        "u/charts/web/templates/r.yaml".into(),
        MAP.replace("-a'", "-r'").replace("{{ .Values.x }}", "{{ uuidv4 }}"),
    ));
    let (_, message) = world.error();
    assert!(message.contains("/data/x") && message.contains("uuidv4"), "{message}");
}

#[test]
fn an_object_that_keeps_a_field_hides_no_other_difference() {
    let keeps = |object: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {object}, annotations: {{teal.dev/preserve: '/data/kept, /data/also'}}}}\ndata: {{kept: '{{{{ uuidv4 }}}}', "
        )
    };
    let with = |rest: &str| {
        let mut world = World::of(&[
            ("u/kustomization.yaml", "helmCharts: [{name: web}]\n"),
            ("u/charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
        ])?;
        world.files.push(("u/charts/web/templates/a.yaml".into(), rest.to_owned()));
        Some(world)
    };
    let Some(fine) = with(&format!("{}also: '{{{{ randAlphaNum 9 }}}}', still: same}}\n", keeps("a"))) else { return };
    let found = objects(&fine.render());
    assert_eq!(found[0]["metadata"]["annotations"]["teal.dev/preserve"], "/data/kept, /data/also");

    let own = with(&format!("{}still: '{{{{ uuidv4 }}}}'}}\n", keeps("a"))).unwrap();
    let (_, message) = own.error();
    assert!(message.contains("/data/still of ConfigMap a") && !message.contains("/data/kept"), "{message}");

    let other = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {v: '{{ uuidv4 }}'}\n";
    let (_, message) = with(&format!("{}still: same}}\n{other}", keeps("a"))).unwrap().error();
    assert!(message.contains("web/templates/a.yaml: /data/v of ConfigMap b"), "{message}");
    assert!(message.contains("teal.dev/preserve: /data/v"), "what may be done: {message}");
}
