//! Helm itself is the oracle: what Teal makes of a chart is what `helm template` prints for it, but for what Teal adds on
//! purpose: namespaces, an order, fields to keep.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::world::{World, objects, program};

const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: \"4.5\"\ndependencies:\n- {name: redis, version: 0.1.0, condition: redis.enabled}\n- {name: redis, version: 0.1.0, alias: cache}\n- {name: common, version: 1.0.0}\n";
const VALUES: &str = "text: hello\nnumber: 3\nbig: 1234567890123\nfloat: 0.1\nyes: true\nnothing: null\nlist: [a, 2, {b: c}]\nmap: {a: {b: c}}\nredis: {enabled: true, size: 1}\ncache: {size: 2}\nremoved: here\ntemplate: '{{ .Release.Name }}-{{ .Values.text }}'\nmultiline: |\n  a\n   b: {{ not run }}\n";
const TEMPLATE: &str = r#"{{- range $name := list "one" "two" }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ $.Release.Name }}-{{ $name }}
  labels: {{- include "common.labels" $ | nindent 4 }}
data:
  values: {{ $.Values | toJson | quote }}
  template: {{ tpl $.Values.template $ | quote }}
  version: {{ $.Capabilities.KubeVersion.Version | quote }}
  minor: {{ $.Capabilities.KubeVersion.Minor | quote }}
  has: {{ $.Capabilities.APIVersions.Has "example.com/v1/Thing" | quote }}
  hasnot: {{ $.Capabilities.APIVersions.Has "example.com/v2" | quote }}
  file: {{ $.Files.Get "files/a.txt" | quote }}
  lines: {{ $.Files.Lines "files/a.txt" | toJson | quote }}
  all: {{ (($.Files.Glob "files/*").AsConfig) | quote }}
  big: {{ $.Values.big | quote }}
  float: {{ $.Values.float | quote }}
  multiline: {{ $.Values.multiline | quote }}
  namespace: {{ $.Release.Namespace }}
  chart: {{ $.Chart.Name }}-{{ $.Chart.Version }}-{{ $.Chart.AppVersion }}
  install: {{ $.Release.IsInstall | quote }}
{{- end }}
"#;
const CLUSTER_ROLE: &str =
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: '{{ .Release.Name }}'}\nrules: []\n";
const HOOKS: &str = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n  annotations: {helm.sh/hook: 'pre-install,pre-upgrade', helm.sh/hook-weight: '3'}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: m}]}}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: probe, annotations: {helm.sh/hook: test}}\nspec: {containers: [{name: t, image: t}]}\n";
const REDIS: &str = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: '{{ .Release.Name }}-{{ .Chart.Name }}'}\nspec: {replicas: {{ .Values.size }}, serviceName: r, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: r, image: 'redis:{{ .Chart.Version }}'}]}}}\n";
const HELPERS: &str =
    "{{- define \"common.labels\" -}}\napp: {{ .Chart.Name }}\nrelease: {{ .Release.Name | quote }}\n{{- end }}\n";
const CRD: &str = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\nspec: {group: example.com, scope: Cluster, names: {kind: Thing, plural: things}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n";
const THING: &str = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: thing}\n";

/// A chart with subcharts, a library, an alias, hooks, definitions, files, `tpl` and values of every type.
fn chart() -> Vec<(&'static str, &'static str)> {
    vec![
        ("Chart.yaml", CHART),
        ("values.yaml", VALUES),
        (".helmignore", "templates/ignored.yaml\n"),
        ("templates/ignored.yaml", "{{ fail \"not read\" }}"),
        ("templates/all.yaml", TEMPLATE),
        ("templates/role.yaml", CLUSTER_ROLE),
        ("templates/hooks.yaml", HOOKS),
        ("templates/thing.yaml", THING),
        ("templates/empty.yaml", "{{- if false }}\na: b\n{{- end }}\n"),
        ("templates/NOTES.txt", "Thanks for installing {{ .Chart.Name }}"),
        ("files/a.txt", "one\ntwo {{ raw }}\n"),
        ("crds/things.yaml", CRD),
        ("charts/redis/Chart.yaml", "apiVersion: v2\nname: redis\nversion: 0.1.0\n"),
        ("charts/redis/values.yaml", "size: 9\n"),
        ("charts/redis/templates/set.yaml", REDIS),
        ("charts/common/Chart.yaml", "apiVersion: v2\nname: common\nversion: 1.0.0\ntype: library\n"),
        ("charts/common/templates/_labels.tpl", HELPERS),
    ]
}

/// What `helm template` prints for a folder, by kind and name.
fn by_helm(folder: &Path, values: &Value, arguments: &[&str]) -> BTreeMap<String, Value> {
    let mut command = Command::new(program().unwrap());
    let home = tempfile::tempdir().unwrap();
    command.env_clear().env("HOME", home.path()).current_dir(home.path());
    command.args(["template", "rel"]).arg(folder).args([
        "--namespace",
        "shop",
        "--values",
        "-",
        "--kube-version",
        "v1.33.1",
    ]);
    command.args(["--api-versions", "example.com/v1,example.com/v1/Thing"]).args(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), values.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let mut found = BTreeMap::new();
    for node in teal_yaml::read(&text).unwrap() {
        let value = node.into_value();
        assert!(found.insert(named(&value), value).is_none(), "the oracle prints an object twice");
    }
    found
}

fn named(value: &Value) -> String {
    format!("{} {}", value["kind"].as_str().unwrap(), value["metadata"]["name"].as_str().unwrap())
}

/// Takes back what Teal adds on purpose.
fn without_teal(mut value: Value) -> Value {
    let metadata = value["metadata"].as_object_mut().unwrap();
    metadata.remove("namespace");
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.retain(|name, _| !name.starts_with("teal.dev/"));
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
    value
}

#[test]
fn what_teal_makes_of_a_chart_is_what_helm_makes_of_it() {
    if program().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in chart() {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let values = [
        json!({}),
        json!({"text": "é \"quoted\"", "number": 1_000_000, "removed": null, "map": {"a": {"d": [1, 2.5]}}, "redis": {"enabled": false}}),
        json!({"list": [], "float": 1e21, "yes": "no", "template": "{{ .Values.number }}", "cache": {"size": 7}}),
    ];
    for values in &values {
        let spec = json!({
            "apiVersion": "teal.dev/v1alpha1", "kind": "Helm", "metadata": {"name": "rel"},
            "spec": {"chart": {"path": "../chart"}, "namespace": "shop", "values": values},
        });
        let spec = spec.to_string();
        let mut files = vec![("u/helm.yaml", spec.as_str())];
        let paths: Vec<_> = chart().into_iter().map(|(path, text)| (format!("chart/{path}"), text)).collect();
        files.extend(paths.iter().map(|(path, text)| (path.as_str(), *text)));
        let rendered = World::of(&files).unwrap().render();
        let ours: BTreeMap<String, Value> =
            objects(&rendered).into_iter().map(|value| (named(&value), without_teal(value))).collect();
        let mut theirs = by_helm(folder.path(), values, &["--include-crds", "--skip-tests"]);
        for value in theirs.values_mut() {
            *value = without_teal(value.clone());
        }
        assert_eq!(ours, theirs, "{values}");
        assert!(ours.len() >= 7, "{:?}", ours.keys());
    }
}

#[test]
fn the_projects_own_chart_renders_as_helm_renders_it() {
    if program().is_none() {
        return;
    }
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/teal").canonicalize().unwrap();
    let mut files = Vec::new();
    collect(&chart, &chart, &mut files);
    let spec = "apiVersion: teal.dev/v1alpha1\nkind: Helm\nmetadata: {name: rel}\nspec: {chart: {path: ../chart}, namespace: shop, values: {}}\n";
    files.push(("u/helm.yaml".to_owned(), spec.to_owned()));
    let world = World::of(&[]).map(|world| World { files, ..world }).unwrap();
    let ours: BTreeMap<String, Value> =
        objects(&world.render()).into_iter().map(|value| (named(&value), without_teal(value))).collect();
    let mut theirs = by_helm(&chart, &json!({}), &["--include-crds", "--skip-tests"]);
    for value in theirs.values_mut() {
        *value = without_teal(value.clone());
    }
    assert_eq!(ours, theirs);
    assert!(ours.len() > 10);
}

fn collect(root: &Path, at: &Path, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if let Ok(text) = fs::read_to_string(&path) {
            files.push((format!("chart/{}", path.strip_prefix(root).unwrap().display()), text));
        }
    }
}

#[test]
fn namespaces_hooks_and_definitions_become_what_an_agent_needs() {
    let mut files: Vec<_> = chart().into_iter().map(|(path, text)| (format!("u/{path}"), text)).collect();
    files.push((
        "u/helm.yaml".to_owned(),
        "apiVersion: teal.dev/v1alpha1\nkind: Helm\nspec: {chart: {path: .}, release: rel, namespace: shop}\n",
    ));
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let Some(world) = World::of(&files) else { return };
    let found = objects(&world.render());
    let get = |name: &str| found.iter().find(|value| named(value) == name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(get("ConfigMap rel-one")["metadata"]["namespace"], "shop");
    assert_eq!(get("ClusterRole rel")["metadata"].get("namespace"), None, "the cluster's kinds live in none");
    assert_eq!(get("Thing thing")["metadata"].get("namespace"), None, "the chart's own definition says so");
    assert_eq!(get("Job migrate")["metadata"]["annotations"]["teal.dev/wave"], "-1");
    assert_eq!(get("Job migrate")["metadata"]["annotations"]["teal.dev/change"], "recreate");
    assert!(!found.iter().any(|value| named(value) == "Pod probe"), "tests are left out");
    assert_eq!(found[0]["kind"], "CustomResourceDefinition", "definitions come first");
}
