//! Units of every kind, good and bad, from trees in memory and from the example fleet.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

use std::path::Path;

use serde_json::{Value, json};
use teal_api::fleet::Fleet;
use teal_api::sync::Role;
use teal_render::{FolderTree, MemoryTree, Rendered, RenderedObject, UnitInput, render_unit};

const MAP: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {color: '${COLOR}', domain: '${DOMAIN}'}\n";

const HELM: &str = "apiVersion: teal.dev/v1alpha1\nkind: Helm\nmetadata: {name: h}\nspec: {chart: {path: ../c}}\n";

fn fleet() -> Fleet {
    let text = "
apiVersion: teal.dev/v1alpha1
kind: Fleet
metadata: {name: test}
spec:
  layers: [{name: all, paths: [u]}]
  roles: {standby: {suspend: [CronJob, {kind: Deployment, labels: {once: 'true'}}]}}
  substitute: {DOMAIN: contoso.example}
  colors:
    blue: {substitute: {COLOR: blue}}
    green:
      substitute: {COLOR: green}
      patches:
      - target: {kind: ConfigMap, name: one}
        patch: '[{op: add, path: /data/extra, value: x}]'
";
    Fleet::parse("teal.yaml", text).unwrap()
}

fn render(files: &[(&str, &str)], color: &str, role: Option<Role>) -> Rendered {
    let mut tree = MemoryTree::new();
    for (path, text) in files {
        tree.insert(*path, text);
    }
    render_unit(&tree, &UnitInput { path: "u", fleet: &fleet(), color, role })
}

fn errors(files: &[(&str, &str)]) -> Vec<String> {
    render(files, "blue", None).errors.iter().map(ToString::to_string).collect()
}

fn names(rendered: &Rendered) -> Vec<&str> {
    rendered.objects.iter().filter_map(|object| object.value["metadata"]["name"].as_str()).collect()
}

#[test]
fn neutral_forms_are_equal_on_both_colors_and_roles() {
    let files = [
        ("u/map.yaml", MAP),
        ("u/job.yaml", "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: nightly}\nspec: {schedule: '@daily'}\n"),
        ("u/web.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 2}\n"),
        (
            "u/consumer.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: consumer, labels: {once: 'true'}}\nspec: {replicas: 2}\n",
        ),
    ];
    let blue = render(&files, "blue", Some(Role::Active));
    let green = render(&files, "green", Some(Role::Standby));
    assert!(blue.errors.is_empty() && green.errors.is_empty(), "{:?} {:?}", blue.errors, green.errors);
    let neutral = |object: &RenderedObject| object.neutral.clone().unwrap_or_else(|| object.value.clone());
    assert_eq!(
        blue.objects.iter().map(neutral).collect::<Vec<_>>(),
        green.objects.iter().map(neutral).collect::<Vec<_>>()
    );

    let find = |rendered: &Rendered, name: &str| -> Value {
        rendered.objects.iter().find(|object| object.value["metadata"]["name"] == name).unwrap().value.clone()
    };
    assert_eq!(find(&blue, "one")["data"], json!({"color": "blue", "domain": "contoso.example"}));
    assert_eq!(find(&green, "one")["data"], json!({"color": "green", "domain": "contoso.example", "extra": "x"}));
    assert_eq!(find(&blue, "nightly")["spec"].get("suspend"), None);
    assert_eq!(find(&green, "nightly")["spec"]["suspend"], true);
    assert_eq!(find(&green, "consumer")["spec"]["replicas"], 0);
    assert_eq!(find(&green, "web")["spec"]["replicas"], 2);
    assert!(green.objects.iter().any(|object| object.value["metadata"]["name"] == "web" && object.neutral.is_none()));
}

#[test]
fn g8_one_bad_file_does_not_hide_the_good_ones_and_all_are_named() {
    let rendered = render(
        &[
            ("u/a.yaml", MAP),
            ("u/b.yaml", "kind: [\n"),
            ("u/c.yml", "apiVersion: v1\nkind: Secret\nmetadata: {}\n"),
            ("u/d.json", "{"),
        ],
        "blue",
        None,
    );
    assert_eq!(names(&rendered), ["one"]);
    let said: Vec<_> = rendered.errors.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(
        said[0].starts_with("u/b.yaml:") && said[1].starts_with("u/c.yml:1:") && said[2].starts_with("u/d.json:"),
        "{said:?}"
    );
}

#[test]
fn directories_recurse_and_what_is_not_for_the_cluster_stays_out() {
    let rendered = render(
        &[
            ("u/.tealignore", "# drafts\ndrafts/\n*.test.yaml\nsub/deep/*.yaml\n"),
            ("u/a.yaml", MAP),
            (
                "u/sub/b.yaml",
                "apiVersion: v1\nkind: ConfigMapList\nitems: [{apiVersion: v1, kind: ConfigMap, metadata: {name: two}}]\n",
            ),
            ("u/sub/deep/c.yaml", "nonsense: ["),
            ("u/sub/deep/er/d.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: three}\n"),
            ("u/drafts/e.yaml", "nonsense: ["),
            ("u/f.test.yaml", "nonsense: ["),
            ("u/.hidden/g.yaml", "nonsense: ["),
            ("u/README.md", "not a manifest"),
            ("u/switch.yaml", "apiVersion: teal.dev/v1alpha1\nkind: Switch\nmetadata: {name: s}\n"),
            ("u/unit.yaml", "apiVersion: teal.dev/v1alpha1\nkind: UnitSettings\nspec: {timeout: 3m}\n"),
        ],
        "blue",
        None,
    );
    assert!(rendered.errors.is_empty(), "{:?}", rendered.errors);
    assert_eq!(names(&rendered), ["one", "two", "three"]);
    assert_eq!(rendered.settings.timeout, Some(std::time::Duration::from_secs(180)));
    assert!(rendered.reads.contains("u/sub/b.yaml") && rendered.reads.contains("u/unit.yaml"), "{:?}", rendered.reads);
}

#[test]
fn what_cannot_be_a_unit_says_so() {
    for (files, said) in [
        (&[("v/a.yaml", MAP)][..], "u: there is no such directory in the fleet"),
        (
            &[("u/README.md", "x")],
            "u: no manifests in it; put YAML or a kustomization.yaml there, or remove the directory",
        ),
        (
            &[("u/Chart.yaml", "name: x")],
            "u/Chart.yaml: charts are not rendered here; allow Helm, or render the chart into git",
        ),
        (
            &[("u/a.yaml", MAP), ("u/in/kustomization.yaml", "resources: []")],
            "u/in/kustomization.yaml: a kustomization inside u, which is a unit of plain manifests; name it in teal.yaml or in a kustomization of its own",
        ),
        (
            &[("u/a.yaml", MAP), ("u/in/helm.yaml", HELM), ("u/in/b.yaml", MAP)],
            "u/in/helm.yaml: a chart inside u, which is a unit of plain manifests; name its folder in teal.yaml, and no folder above it",
        ),
        (
            &[("u/a.yaml", MAP), ("u/in/ch/Chart.yaml", "name: x"), ("u/in/ch/templates/a.yaml", "{{ nothing }}")],
            "u/in/ch/Chart.yaml: a chart inside u, which is a unit of plain manifests; name its folder in teal.yaml, and no folder above it",
        ),
        (
            &[("u/a.yaml", MAP), ("u/app.yaml", HELM)],
            "u/app.yaml:1: the declaration of a chart (kind Helm) inside u, which is a unit of plain manifests; it counts as `helm.yaml` of a folder of its own, which teal.yaml names",
        ),
        (
            &[("u/kustomization.yaml", "resources: [a.yaml, app.yaml]"), ("u/a.yaml", MAP), ("u/app.yaml", HELM)],
            "u/app.yaml:1: the declaration of a chart (kind Helm) inside u, which is a unit of a kustomization; it counts as `helm.yaml` of a folder of its own, which teal.yaml names",
        ),
    ] {
        assert_eq!(errors(files), [said]);
    }
}

#[test]
fn a_file_that_is_called_helm_may_be_a_manifest() {
    let rendered = render(&[("u/a.yaml", MAP), ("u/in/helm.yaml", &MAP.replace("one", "two"))], "blue", None);
    assert_eq!((names(&rendered), rendered.errors.len()), (vec!["one", "two"], 0), "{:?}", rendered.errors);
}

/// What is wrong with a chart's unit beside that charts are not rendered here.
fn beside(files: &[(&str, &str)]) -> Vec<String> {
    let mut said = errors(files);
    let rest = said.split_off(1);
    assert!(said[0].contains("charts are not rendered here"), "{said:?}");
    rest
}

#[test]
fn g6_no_manifest_beside_a_chart_is_dropped() {
    let chart = [("u/helm.yaml", HELM), ("c/Chart.yaml", "name: c")];
    let own = [("u/Chart.yaml", "apiVersion: v2\nname: u\nversion: 1.0.0\n"), ("u/values.yaml", "a: 1")];
    let with = |files: &[(&'static str, &'static str)], more: &[(&'static str, &'static str)]| [files, more].concat();
    let told = |file: &str, what: &str, by: &str| {
        format!(
            "{file}: {what} lies beside {by}, and nothing but that chart is applied from there; move it into a unit of its own or into the chart's templates, or leave it out by .tealignore"
        )
    };
    for (files, said) in [
        (with(&chart, &[("u/x.yaml", MAP)]), told("u/x.yaml:1", "ConfigMap one", "u/helm.yaml")),
        (with(&chart, &[("u/in/x.json", r#"{"apiVersion": "v1", "kind": "List", "items": []}"#)]), told("u/in/x.json:1", "List", "u/helm.yaml")),
        (with(&chart, &[("u/kustomization.yaml", "resources: [x.yaml]"), ("u/x.yaml", MAP)]), told("u/kustomization.yaml", "a kustomization", "u/helm.yaml")),
        (with(&own, &[("u/kustomization.yaml", "resources: [x.yaml]")]), told("u/kustomization.yaml", "a kustomization", "u/Chart.yaml")),
        (with(&own, &[("u/x.yaml", MAP)]), told("u/x.yaml:1", "ConfigMap one", "u/Chart.yaml")),
        // A chart that another one hides.
        (with(&chart, &[("u/Chart.yaml", "name: other")]), told("u/Chart.yaml", "a chart", "u/helm.yaml")),
        (with(&chart, &[("u/more.yaml", HELM)]), told("u/more.yaml:1", "Helm h", "u/helm.yaml")),
        (with(&chart, &[("u/x.yaml", "a: [")]), told("u/x.yaml:1:4", "a file that can't be read (this `[` is never closed)", "u/helm.yaml")),
        (
            with(&chart, &[("u/in/kustomization.yaml", "resources: []")]),
            "u/in/kustomization.yaml: a kustomization inside u, which is a unit that is a chart; name it in teal.yaml or in a kustomization of its own".to_owned(),
        ),
    ] {
        assert_eq!(beside(&files), [said]);
    }
    let template = ("u/templates/a.yaml", MAP);
    for files in [
        with(&chart, &[("u/README.md", "x"), ("u/values-other.yaml", "kind: DaemonSet\napiVersion: apps/v1\n")]),
        with(&chart, &[("u/unit.yaml", "apiVersion: teal.dev/v1alpha1\nkind: UnitSettings\nspec: {}\n")]),
        with(&chart, &[("u/.tealignore", "x.yaml\nold/\n"), ("u/x.yaml", MAP), ("u/old/x.yaml", MAP)]),
        with(
            &own,
            &[template, ("u/crds/x.yaml", MAP), ("u/charts/sub/Chart.yaml", "name: sub"), ("u/charts/sub/x.yaml", MAP)],
        ),
    ] {
        assert_eq!(beside(&files), [""; 0], "{:?}", files.last());
    }
    // A chart below its declaration, with what it depends on, and values beside it.
    let declared = HELM.replace("../c", "chart, note: x").replace(", note: x", "");
    let declared = declared.replace("chart: {path", "valuesFiles: [env/blue.yaml], chart: {path");
    let files = [
        ("u/helm.yaml", declared.as_str()),
        ("u/env/blue.yaml", "a: 1"),
        (
            "u/chart/Chart.yaml",
            "apiVersion: v2\nname: u\nversion: 1.0.0\ndependencies: [{name: lib, version: 1.0.0, repository: 'file://../lib'}]\n",
        ),
        ("u/chart/templates/x.yaml", MAP),
        ("u/lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 1.0.0\n"),
        ("u/lib/templates/x.yaml", MAP),
    ];
    assert_eq!(beside(&files), [""; 0]);
}

#[test]
fn variables_that_nobody_declares_are_a_notice() {
    let rendered = render(
        &[(
            "u/a.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: g}\ndata: {q: 'rate($x[5m]) ${DS_PROMETHEUS}'}\n",
        )],
        "blue",
        None,
    );
    assert_eq!(rendered.objects[0].value["data"]["q"], "rate($x[5m]) ${DS_PROMETHEUS}");
    assert_eq!(rendered.notices.len(), 1);
    assert!(
        rendered.notices[0].starts_with("${DS_PROMETHEUS} is declared nowhere and left as it is, first in u/a.yaml"),
        "{:?}",
        rendered.notices
    );
}

#[test]
fn notices_are_few_however_many_names_there_are() {
    let names: String = (0..300).map(|at| format!("${{X{at}}}")).collect();
    let text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: g}}\ndata: {{q: '{names}'}}\n");
    let rendered = render(&[("u/a.yaml", &text)], "blue", None);
    assert_eq!(rendered.notices.len(), 51);
    assert_eq!(rendered.notices[50], "250 more names in `${…}` are declared nowhere and left as they are");
}

#[test]
fn the_example_fleet_renders_whole() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests/examples/contoso");
    let tree = FolderTree::open(&root).unwrap();
    let fleet = Fleet::parse("teal.yaml", &std::fs::read_to_string(root.join("teal.yaml")).unwrap()).unwrap();
    let mut objects = 0;
    for path in [
        "platform/tenancy",
        "platform/crds",
        "operators/messaging",
        "operators/alerting",
        "apps/storefront",
        "apps/orders",
        "apps/catalog",
        "apps/edge",
    ] {
        let rendered =
            render_unit(&tree, &UnitInput { path, fleet: &fleet, color: "green", role: Some(Role::Standby) });
        assert!(rendered.errors.is_empty(), "{path}: {:?}", rendered.errors);
        assert!(rendered.notices.is_empty(), "{path}: {:?}", rendered.notices);
        objects += rendered.objects.len();
    }
    assert_eq!(objects, 59);
}

#[test]
fn a_bad_document_does_not_take_its_file_with_it() {
    let text = format!("{MAP}---\nkind: ConfigMap\nmetadata: {{name: no-version}}\n---\n{}", MAP.replace("one", "two"));
    let rendered = render(&[("u/a.yaml", &text)], "blue", None);
    assert_eq!(names(&rendered), ["one", "two"]);
    let said: Vec<_> = rendered.errors.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["u/a.yaml:6:1: `apiVersion` is missing"]);
}

#[test]
fn links_and_taken_back_ignores_are_told() {
    let mut tree = MemoryTree::new();
    tree.insert("u/a.yaml", MAP);
    tree.insert_link("u/more");
    tree.insert_link("u/README.md");
    tree.insert("u/.tealignore", "# a comment\n*.txt\n!a.txt\n");
    let rendered = render_unit(&tree, &UnitInput { path: "u", fleet: &fleet(), color: "blue", role: None });
    let said: Vec<_> = rendered.errors.iter().map(|error| (error.reason(), error.to_string())).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(said[0].0, "IgnoreFile");
    assert!(said[1].1.starts_with("u/more: is a symbolic link"), "{said:?}");
}

#[test]
fn a_patch_that_does_not_fit_stops_only_its_object() {
    let mut fleet = fleet();
    if let Some(green) = fleet.colors.get_mut("green") {
        green.patches[0].patch = "[{op: remove, path: /data/none}]".to_owned();
    }
    let mut tree = MemoryTree::new();
    tree.insert("u/a.yaml", MAP);
    tree.insert("u/b.yaml", MAP.replace("one", "two"));
    let rendered = render_unit(&tree, &UnitInput { path: "u", fleet: &fleet, color: "green", role: None });
    assert_eq!(names(&rendered), ["two"]);
    assert!(
        rendered.errors[0].to_string().starts_with("teal.yaml: colors.green.patches[0]: "),
        "{:?}",
        rendered.errors
    );
}

/// Every unit of the fleet of real manifests beside the workspace, on both colors.
#[test]
fn the_real_fleet_renders_whole_and_equal() {
    let shared = std::env::var_os("TEAL_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), std::path::PathBuf::from);
    let root = shared.join("fleets/contoso");
    if !root.is_dir() {
        println!("skipped: no fleet of real manifests beside the workspace (set TEAL_SHARED)");
        return;
    }
    let tree = FolderTree::open(&root).unwrap();
    let fleet = Fleet::parse("teal.yaml", &std::fs::read_to_string(root.join("teal.yaml")).unwrap()).unwrap();
    let (mut objects, mut notices) = (0, Vec::new());
    for path in [
        "platform/gateway-api",
        "platform/monitoring-crds",
        "platform/tenancy",
        "operators/kube-prometheus",
        "apps/podinfo",
        "apps/store",
    ] {
        let of = |color, role| render_unit(&tree, &UnitInput { path, fleet: &fleet, color, role: Some(role) });
        let (blue, green) = (of("blue", Role::Active), of("green", Role::Standby));
        assert!(blue.errors.is_empty() && green.errors.is_empty(), "{path}: {:?} {:?}", blue.errors, green.errors);
        let neutral = |object: &RenderedObject| object.neutral.clone().unwrap_or_else(|| object.value.clone());
        assert!(blue.objects.iter().map(neutral).eq(green.objects.iter().map(neutral)), "{path}");
        objects += blue.objects.len();
        notices.extend(blue.notices);
    }
    println!("{objects} objects; {} notices: {notices:?}", notices.len());
    assert!(objects > 150, "{objects}");
    // Names of Prometheus' own in dashboards and rules.
    assert!(notices.iter().all(|notice| notice.contains("operators/kube-prometheus/")), "{notices:?}");
}
