//! A synthetic fleet: `apps` units, each a kustomize overlay over a base of `per` objects.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

/// Writes the fleet below `root`, `teal.yaml` included: one layer, `apps/*`.
///
/// Per unit: one Namespace, then ConfigMap, Deployment (without replicas, so that nodes stay out of the measurement),
/// Service, ServiceAccount in turn; an overlay sets namespace, labels, an annotation, an image tag and a JSON patch.
/// `tag` changes every Deployment: two fleets that differ in it differ in a quarter of their objects.
pub(crate) fn write(root: &Path, apps: usize, per: usize, tag: &str) -> Result<()> {
    put(root, "teal.yaml", FLEET)?;
    for app in 0..apps {
        let base = format!("base/app-{app}");
        let mut resources = String::new();
        for number in 0..per - 1 {
            let (kind, text) = object(number);
            let file = format!("{kind}-{number}.yaml");
            put(root, &format!("{base}/{file}"), &text)?;
            writeln!(resources, "- {file}")?;
        }
        put(root, &format!("{base}/kustomization.yaml"), &format!("{KUSTOMIZATION}resources:\n{resources}"))?;
        let unit = format!("apps/app-{app}");
        put(
            root,
            &format!("{unit}/namespace.yaml"),
            &format!("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: app-{app}\n"),
        )?;
        put(root, &format!("{unit}/kustomization.yaml"), &overlay(app, tag, "1"))?;
    }
    Ok(())
}

const FLEET: &str = "apiVersion: teal.dev/v1alpha1\nkind: Fleet\nmetadata: {name: bench}\nspec:\n  layers:\n  - name: apps\n    paths: [apps/*]\n";
const KUSTOMIZATION: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";

/// The kustomization of one unit; `wave` is an annotation on every object of it.
pub(crate) fn overlay(app: usize, tag: &str, wave: &str) -> String {
    format!(
        "{KUSTOMIZATION}namespace: app-{app}
resources:
- namespace.yaml
- ../../base/app-{app}
labels:
- pairs: {{bench: fleet, app.kubernetes.io/part-of: app-{app}}}
commonAnnotations:
  example.com/wave: \"{wave}\"
images:
- name: registry.example/web
  newTag: {tag}
patches:
- target: {{kind: Deployment}}
  patch: |-
    - op: add
      path: /spec/template/spec/terminationGracePeriodSeconds
      value: 15
"
    )
}

fn object(number: usize) -> (&'static str, String) {
    match number % 4 {
        0 => {
            let data: String = (0..8).map(|key| format!("  key-{key}: value-{number}-{key}\n")).collect();
            (
                "config-map",
                format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config-{number}\ndata:\n{data}"),
            )
        }
        1 => (
            "deployment",
            format!(
                "apiVersion: apps/v1
kind: Deployment
metadata:
  name: deploy-{number}
spec:
  replicas: 0
  selector:
    matchLabels: {{app: deploy-{number}}}
  template:
    metadata:
      labels: {{app: deploy-{number}}}
    spec:
      containers:
      - name: web
        image: registry.example/web:v1
        ports:
        - {{containerPort: 8080, name: http}}
        env:
        - {{name: SHARD, value: \"{number}\"}}
        resources:
          requests: {{cpu: 10m, memory: 32Mi}}
          limits: {{memory: 64Mi}}
"
            ),
        ),
        2 => (
            "service",
            format!(
                "apiVersion: v1\nkind: Service\nmetadata:\n  name: svc-{number}\nspec:\n  selector: {{app: deploy-{number}}}\n  ports:\n  - {{name: http, port: 80, targetPort: http}}\n"
            ),
        ),
        _ => ("service-account", format!("apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: sa-{number}\n")),
    }
}

fn put(root: &Path, path: &str, text: &str) -> Result<()> {
    let file = root.join(path);
    let folder = file.parent().context("a file has a folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    std::fs::write(&file, text).with_context(|| format!("write {}", file.display()))
}
