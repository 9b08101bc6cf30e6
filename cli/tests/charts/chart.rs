//! A chart that shows what it is told, and a folder with it.

use std::path::Path;

use tempfile::TempDir;

use crate::put;

const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.0.0\n";
pub(crate) const VALUES: &str = "x: own\nz: own\nnothing: null\nlist: [{name: a, v: 1}, two]\nmap: {a: 1, b: null, c: {d: e}}\nbig: 12345678901\nfloat: 1.50\ntext: \"1\"\nsub: {size: 3}\n";
/// Everything a chart can see of what it is told.
pub(crate) const SEEN: &str = r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-seen
  labels: {chart: "{{ .Chart.Name }}-{{ .Chart.Version }}"}
data:
  values: {{ .Values | toJson | quote }}
  x: {{ .Values.x | quote }}
  big: {{ .Values.big | quote }}
  namespace: {{ .Release.Namespace }}
  version: {{ .Capabilities.KubeVersion.Version }}
  has: {{ .Capabilities.APIVersions.Has "example.com/v1/Thing" | quote }}
  install: {{ .Release.IsInstall | quote }}
"#;
const OBJECTS: &str = r#"{{- if .Values.more | default true }}
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      # A comment that nobody needs.
      containers:
      - name: web
        image: "web:1"
        envFrom: [{configMapRef: {name: {{ .Release.Name }}-seen}}]
{{- end }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: {{ .Release.Name }}}
rules: []
---
apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}}
stringData:
  on: "yes"
  text: |
    two
    lines
"#;
const HOOKS: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: probe, annotations: {helm.sh/hook: test}}\nspec: {containers: [{name: t, image: t}]}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: before, annotations: {helm.sh/hook: 'pre-install,pre-upgrade', helm.sh/hook-weight: '-1'}}\n";
const SUB: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}-sub'}\ndata: {size: '{{ .Values.size }}', all: {{ .Values | toJson | quote }}}\n";
const CRD: &str = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\nspec: {group: example.com, scope: Cluster, names: {kind: Thing, plural: things}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n";

fn chart(folder: &Path, at: &str) {
    for (path, text) in [
        ("Chart.yaml", CHART),
        ("values.yaml", VALUES),
        ("templates/seen.yaml", SEEN),
        ("templates/objects.yaml", OBJECTS),
        ("templates/hooks.yaml", HOOKS),
        ("templates/NOTES.txt", "Thanks"),
        ("crds/things.yaml", CRD),
        ("charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n"),
        ("charts/sub/values.yaml", "size: 9\n"),
        ("charts/sub/templates/s.yaml", SUB),
    ] {
        put(folder, &format!("{at}/{path}"), text);
    }
}

/// A folder with a chart, files of values, and a kustomization for each text.
pub(crate) fn world() -> TempDir {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    chart(at, "u/charts/web");
    chart(at, "u/mine/web");
    chart(at, "u/charts/web-2.0.0/web");
    put(at, "u/charts/web-2.0.0/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 2.0.0\n");
    put(
        at,
        "u/values.yaml",
        "x: file\nmap: {a: null, f: 1}\nlist: [1]\nempty: {}\nonly: {a: 1}\none: {b: 1, c: 2}\nnone: ~\n",
    );
    put(at, "u/more.yaml", "z: more\nmap: {c: null}\n");
    put(at, "u/last.yaml", "z: last\nlist: null\n");
    folder
}
