//! The same input through `kubectl kustomize` where there is a kubectl, and through the kustomize that
//! `cargo xtask tools kustomize` builds: documents must be equal, in order. With `TEAL_REQUIRE=all` one of them must be there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use teal_kustomize::{FolderTree, Options, build};
use teal_yaml::Dialect;

/// What a program prints for a folder; `None` where there is no such program.
fn oracle(program: &Path, command: &str, folder: &Path) -> Option<Result<Vec<Value>, String>> {
    let output = Command::new(program).arg(command).arg(folder).output().ok()?;
    if !output.status.success() {
        return Some(Err(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let text = String::from_utf8(output.stdout).unwrap();
    let nodes = teal_yaml::read_as(Dialect::Kubernetes, &text).unwrap();
    Some(Ok(nodes.into_iter().map(teal_yaml::Node::into_value).collect()))
}

/// Compares one folder of a root with every program that is there.
fn compare(root: &Path, dir: &str) {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hack/kustomize/bin/kustomize");
    let folder = root.join(dir);
    let said = [oracle(Path::new("kubectl"), "kustomize", &folder), oracle(&built, "build", &folder)];
    if said.iter().all(Option::is_none) {
        let forbidden = std::env::var("TEAL_REQUIRE").is_ok_and(|value| value == "all");
        assert!(
            !forbidden,
            "needs kubectl or kustomize (cargo xtask tools kustomize), and TEAL_REQUIRE=all forbids to skip"
        );
        println!("skipped: neither kubectl nor kustomize (cargo xtask tools kustomize)");
    }
    said.into_iter().flatten().for_each(|want| same(root, dir, want));
}

fn same(root: &Path, dir: &str, want: Result<Vec<Value>, String>) {
    let tree = FolderTree::open(root).unwrap();
    let got = build(&tree, dir, &Options::default())
        .map(|built| built.objects.into_iter().map(|object| Value::from(object.value)).collect::<Vec<_>>());
    match (want, got) {
        (Ok(want), Ok(got)) => {
            for (want, got) in want.iter().zip(&got) {
                assert_eq!(want, got, "{dir}");
            }
            assert_eq!(want.len(), got.len(), "{dir}");
        }
        (Err(error), Err(errors)) => panic!("{dir}: neither builds it; kustomize: {error}; we: {errors}"),
        (Ok(_), Err(errors)) => panic!("{dir}: kustomize builds it, we say: {errors}"),
        (Err(error), Ok(_)) => panic!("{dir}: we build it, kustomize says: {error}"),
    }
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn the_applications_of_the_real_fleet() {
    let shared = std::env::var_os("TEAL_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let fleet = shared.join("fleets/contoso");
    if !fleet.is_dir() {
        println!("skipped: no fleet of real manifests beside the workspace (set TEAL_SHARED)");
        return;
    }
    for app in ["apps/store", "apps/podinfo"] {
        compare(&fleet, app);
    }
}

#[test]
fn an_overlay_with_everything() {
    let folder = tempfile::tempdir().unwrap();
    let mut base = String::new();
    for at in 0..8 {
        write!(
            base,
            "apiVersion: apps/v1
kind: Deployment
metadata: {{name: d{at}, annotations: {{version: 1.5, on: true}}}}
spec:
  selector: {{matchLabels: {{app: d{at}}}}}
  template:
    metadata: {{labels: {{app: d{at}}}}}
    spec:
      serviceAccountName: sa{at}
      initContainers: [{{name: init, image: 'reg.example:5000/a/init@sha256:0123'}}]
      containers:
      - {{name: web, image: 'nginx:1.2', env: [{{name: A, value: '1'}}, {{name: C, valueFrom: {{configMapKeyRef: {{name: settings, key: a}}}}}}], ports: [{{containerPort: 80}}, {{containerPort: 81, protocol: UDP}}]}}
      - {{name: side, image: reg.example/side}}
      volumes: [{{name: s, secret: {{secretName: keys}}}}, {{name: p, projected: {{sources: [{{configMap: {{name: settings}}}}]}}}}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: sa{at}}}
---
"
        )
        .unwrap();
    }
    base.push_str(
        "apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: rb}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}
subjects: [{kind: ServiceAccount, name: sa1}, {kind: ServiceAccount, name: default, namespace: x}, {kind: User, name: bob}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r}
rules: [{apiGroups: [''], resources: [secrets], resourceNames: [keys, other], verbs: [get]}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: h}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: d2}, maxReplicas: 3}
---
apiVersion: v1
kind: Namespace
metadata: {name: old}
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: svc}, spec: {selector: {app: d1}, ports: [{port: 80, protocol: TCP, targetPort: 1}, {port: 81}]}}
- {apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: pdb}, spec: {minAvailable: 1, selector: {matchLabels: {app: d1}}}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: vwc}
webhooks: [{name: a.example, clientConfig: {service: {name: svc, namespace: default, path: /x}}}]
---
apiVersion: example.com/v1
kind: Custom
metadata: {name: c}
spec: {containers: [{name: x, image: nginx}], date: 2020-01-02, flag: yes, mode: 0644, big: 1e3}
",
    );
    write(folder.path(), "base/all.yaml", &base);
    write(
        folder.path(),
        "base/kustomization.yaml",
        "resources: [all.yaml]
namePrefix: b-
commonLabels: {team: one}
configMapGenerator:
- {name: settings, literals: [a=1, 'b=two words'], files: [some.txt, key=some.txt]}
secretGenerator:
- {name: keys, envs: [keys.env], type: Opaque, options: {labels: {x: z}, immutable: true}}
",
    );
    write(folder.path(), "base/some.txt", "line one\nline two  \n");
    write(
        folder.path(),
        "base/keys.env",
        "# comment\nA=1\n B=some=thing\n\nLONG=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
    );
    write(
        folder.path(),
        "component/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
commonAnnotations: {by: component}
patches:
- patch: '[{\"op\": \"add\", \"path\": \"/spec/minReadySeconds\", \"value\": 5}]'
  target: {kind: Deployment, name: '.*d[34]'}
",
    );
    write(
        folder.path(),
        "overlay/kustomization.yaml",
        "resources: [../base]
components: [../component]
namespace: prod
nameSuffix: -v2
labels:
- {pairs: {env: prod}, includeSelectors: true}
- {pairs: {only: metadata}}
- {pairs: {tpl: yes-please}, includeTemplates: true}
images:
- {name: nginx, newName: reg.example/nginx, newTag: '2'}
- {name: reg.example/side, digest: 'sha256:abc'}
- {name: 'reg.example:5000/a/init', newTag: v3}
replicas: [{name: d0, count: 7}]
configMapGenerator:
- {name: settings, behavior: merge, literals: [a=9, c=3]}
generatorOptions: {annotations: {gen: 'true'}}
patches:
- path: named.yaml
- target: {kind: Deployment, labelSelector: app=d5}
  patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: whatever, annotations: {extra: x}}
    spec:
      template:
        spec:
          containers:
          - {name: side, $patch: delete}
          - name: web
            env: [{name: B, value: '2'}, {name: A, value: '3'}]
            ports: [{containerPort: 82}, {containerPort: 81, protocol: UDP, name: dns}]
          tolerations: [{key: a, operator: Exists}]
",
    );
    write(
        folder.path(),
        "overlay/named.yaml",
        "apiVersion: apps/v1
kind: Deployment
metadata: {name: b-d6}
spec: {replicas: 3, template: {spec: {volumes: [{name: s, $patch: delete}, {name: n, emptyDir: {}}]}}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: sa7}
$patch: delete
",
    );
    for dir in ["base", "overlay"] {
        compare(folder.path(), dir);
    }
}
