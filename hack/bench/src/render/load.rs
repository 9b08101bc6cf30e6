//! What is rendered: one flat overlay, and the synthetic fleet of the sync benchmark in two ways.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

use super::measure::{Run, run};
use crate::fleet;

/// Objects in one file of the flat overlay, and in one unit of the fleet.
const TOGETHER: usize = 50;

/// A way to lay out N objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Load {
    /// One overlay with labels, images and patches of both kinds over all objects.
    Flat,
    /// Units of 50 objects with their own bases and overlays, all named by one kustomization.
    Fleet,
    /// The same units one by one: a run of kustomize for each, one run of `teal build --fleet`.
    Units,
}

pub(super) const ALL: [Load; 3] = [Load::Flat, Load::Fleet, Load::Units];

impl Load {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Flat => "one overlay",
            Self::Fleet => "fleet, one kustomization",
            Self::Units => "fleet, unit by unit",
        }
    }

    /// Growth is shown on the flat overlay; the fleet at two sizes.
    pub(super) fn sizes(self, objects: usize) -> bool {
        self == Self::Flat || [1_000, 5_000].contains(&objects)
    }

    /// `--fleet` writes a comment above each unit and normalises objects as the agent does.
    pub(super) fn is_other_text(self) -> bool {
        self == Self::Units
    }

    pub(super) fn write(self, root: &Path, objects: usize) -> Result<()> {
        if self == Self::Flat {
            return flat(root, objects);
        }
        let units = objects / TOGETHER;
        fleet::write(root, units, TOGETHER, "v2")?;
        let names: String = (0..units).map(|at| format!("- apps/app-{at}\n")).collect();
        put(root, "kustomization.yaml", &format!("resources:\n{names}"))
    }

    pub(super) fn teal(self, program: &Path, root: &Path) -> Result<Run> {
        match self {
            Self::Flat => run(program, &["build", "overlay"], root),
            Self::Fleet => run(program, &["build"], root),
            Self::Units => run(program, &["build", "--fleet"], root),
        }
    }

    pub(super) fn kustomize(self, program: &Path, root: &Path) -> Result<Run> {
        match self {
            Self::Flat => run(program, &["build", "overlay"], root),
            Self::Fleet => run(program, &["build"], root),
            Self::Units => {
                let mut units: Vec<_> = std::fs::read_dir(root.join("apps"))?.collect::<Result<_, _>>()?;
                units.sort_by_key(std::fs::DirEntry::file_name);
                let runs = units.iter().map(|unit| run(program, &["build"], &unit.path()));
                runs.reduce(|all, next| Ok(all?.then(next?))).context("a fleet has units")?
            }
        }
    }
}

/// 40 % Deployments that read a ConfigMap, 30 % Services, 30 % ConfigMaps, 50 a file; over them a label with selectors, two
/// images, a JSON patch on all Deployments, a strategic-merge patch on all Services, and a patch by name for each 50.
fn flat(root: &Path, objects: usize) -> Result<()> {
    let mut files = String::new();
    let mut named = String::new();
    for (file, first) in (0..objects).step_by(TOGETHER).enumerate() {
        let texts: Vec<String> = (first..objects.min(first + TOGETHER)).map(object).collect();
        put(root, &format!("base/objects-{file}.yaml"), &texts.join("---\n"))?;
        writeln!(files, "- objects-{file}.yaml")?;
        let patch = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: deploy-{first}\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        env:\n        - name: EXTRA\n          value: \"{file}\"\n"
        );
        put(root, &format!("overlay/patch-{file}.yaml"), &patch)?;
        writeln!(named, "- path: patch-{file}.yaml")?;
    }
    put(root, "base/kustomization.yaml", &format!("resources:\n{files}"))?;
    put(root, "overlay/kustomization.yaml", &format!("{OVERLAY}{named}"))
}

const OVERLAY: &str = "resources:
- ../base
labels:
- pairs: {team: bench}
  includeSelectors: true
images:
- name: registry.example/web
  newTag: v2
- name: registry.example/side
  newName: registry.example/other
patches:
- target: {kind: Deployment}
  patch: |-
    - op: add
      path: /spec/template/spec/terminationGracePeriodSeconds
      value: 15
- target: {kind: Service}
  patch: |-
    apiVersion: v1
    kind: Service
    metadata: {name: any}
    spec: {sessionAffinity: ClientIP}
";

fn object(number: usize) -> String {
    match number % 10 {
        0..=3 => format!(
            "apiVersion: apps/v1
kind: Deployment
metadata:
  name: deploy-{number}
spec:
  replicas: 2
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
        envFrom:
        - configMapRef: {{name: config-{config}}}
        resources:
          requests: {{cpu: 10m, memory: 32Mi}}
          limits: {{memory: 64Mi}}
      - name: side
        image: registry.example/side:v1
",
            config = number - number % 10 + 7
        ),
        4..=6 => format!(
            "apiVersion: v1
kind: Service
metadata:
  name: svc-{number}
spec:
  selector: {{app: deploy-{}}}
  ports:
  - {{name: http, port: 80, targetPort: http}}
",
            number - number % 10
        ),
        _ => format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config-{number}\ndata:\n  mode: \"{number}\"\n  text: |\n    one line\n    and another\n"
        ),
    }
}

fn put(root: &Path, path: &str, text: &str) -> Result<()> {
    let file = root.join(path);
    let folder = file.parent().context("a file has a folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    std::fs::write(&file, text).with_context(|| format!("write {}", file.display()))
}
