//! Hand-written cases, one table a feature: what a kustomization makes of a few objects. Where the real kustomize is there,
//! every case also runs through it, and what both make of the files must be the same objects, or an error for both.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod configurations;
mod documents;
mod edges;
mod metadata;
mod mistakes;
mod notes;
mod read;
#[path = "../real/mod.rs"]
mod real;
mod replacements;
mod schemas;
mod vars;

use serde_json::Value;
use teal_kustomize::{Build, LoadRestrictor, MemoryTree, Options, Reorder, build};

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}, annotations: {hostname: www.example.com}}
spec:
  replicas: 1
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: 'nginx:1.2', env: [{name: A, value: '1'}], ports: [{containerPort: 80}]}
      - {name: side, image: 'reg:5000/side@sha256:abc', args: [-jar, x]}
";
const MAP: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: src}
data: {host: h.example, path: a/b/c, num: '5', flag: 'true', json: '{\"a\": {\"b\": \"x\"}, \"l\": [1]}', yaml: \"a:\\n  b: x # c\\n\"}
";
const CUSTOM: &str = "apiVersion: x.io/v1
kind: Foo
metadata: {name: foo}
spec: {ref: cm, refs: [cm, other], obj: {name: cm}, img: 'nginx:1', n: 1, lab: {q: r}, nm: zz, an: {z: y}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cm}
";

/// Builds, and compares with kustomize.
fn run(files: &[(&str, &str)]) -> Result<Build, String> {
    let built = run_alone(files);
    let objects = built.as_ref().map(|built| built.objects.iter().map(|object| object.value.clone().into()).collect());
    real::same(files, objects.map_err(String::clone));
    built
}

/// For what differs on purpose, as the README says.
fn run_alone(files: &[(&str, &str)]) -> Result<Build, String> {
    let mut tree = MemoryTree::new();
    for (path, text) in files {
        tree.insert(*path, text);
    }
    let options = Options { reorder: Reorder::None, restrictor: LoadRestrictor::RootOnly };
    build(&tree, "", &options).map_err(|errors| errors.to_string())
}

/// Builds the kustomization over `WEB` and `MAP`, with `more` files, and compares with kustomize.
fn over(kustomization: &str, more: &[(&str, &str)]) -> Result<Build, String> {
    over_by(run, kustomization, more)
}

fn over_by(
    run: impl Fn(&[(&str, &str)]) -> Result<Build, String>,
    kustomization: &str,
    more: &[(&str, &str)],
) -> Result<Build, String> {
    let text = format!("resources: [web.yaml, map.yaml]\n{kustomization}");
    let mut files = vec![("kustomization.yaml", text.as_str()), ("web.yaml", WEB), ("map.yaml", MAP)];
    files.extend_from_slice(more);
    run(&files)
}

fn at(built: &Build, object: usize, pointer: &str) -> Value {
    Value::from(built.objects[object].value.clone()).pointer_mut(pointer).map(Value::take).unwrap_or_default()
}

/// What is expected of a build: a value at a pointer of an object, or words of the error.
enum Want {
    At(usize, &'static str, Value),
    Error(&'static str),
}

fn check(case: &str, built: Result<Build, String>, want: &Want) {
    match (built, want) {
        (Ok(built), Want::At(object, pointer, value)) => assert_eq!(at(&built, *object, pointer), *value, "{case}"),
        (Err(error), Want::Error(words)) => assert!(error.contains(words), "{case}: {error}"),
        (Err(error), Want::At(..)) => panic!("{case}: {error}"),
        (Ok(_), Want::Error(words)) => panic!("{case}: built, and should say: {words}"),
    }
}
