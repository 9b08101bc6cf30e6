//! A folder of files, an engine with the real Helm, and what came of a unit.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use teal_api::fleet::Fleet;
use teal_helm::{Helm, Policy, Settings};
use teal_render::helm::{Capabilities, Charts};
use teal_render::{Given, MemoryTree, Rendered, UnitInput, render_unit_with};

/// The real program, where `cargo xtask tools helm` has put it; without it a test is skipped, or fails where nothing may be.
pub(crate) fn program() -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hack/helm/bin/helm");
    if program.is_file() {
        return Some(program);
    }
    let required = std::env::var("TEAL_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|word| word == "all" || word == "helm"), "no helm; run cargo xtask tools helm");
    eprintln!("skipped: no helm; run cargo xtask tools helm");
    None
}

pub(crate) fn settings() -> Option<Settings> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Some(Settings { program: Some(program()?), ..Settings::default() })
}

/// A program in `folder` that runs a line of bash and then the real Helm, which lies beside it as `real`.
pub(crate) fn script(folder: &Path, line: &str, settings: &Settings) -> PathBuf {
    let (script, real) = (folder.join("helm"), folder.join("real"));
    let helm = settings.program.as_ref().unwrap().canonicalize().unwrap();
    if fs::hard_link(&helm, &real).is_err() {
        fs::copy(&helm, &real).unwrap();
    }
    let text = format!("#!/bin/bash\n{line}\nexec {} \"$@\"\n", real.display());
    teal_testkit::script::write(&script, &text).unwrap();
    script
}

/// Files of a fleet, and what its owner allows.
pub(crate) struct World {
    pub(crate) files: Vec<(String, String)>,
    /// Files that are no text.
    pub(crate) archives: Vec<(String, Vec<u8>)>,
    pub(crate) policy: Policy,
    pub(crate) settings: Settings,
    pub(crate) capabilities: Capabilities,
    pub(crate) color: &'static str,
}

impl World {
    /// A unit `u` with these files; `None` where there is no Helm.
    pub(crate) fn of(files: &[(&str, &str)]) -> Option<Self> {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Some(Self {
            files,
            archives: Vec::new(),
            policy: Policy::default(),
            settings: settings()?,
            capabilities: Capabilities {
                kube_version: Some("v1.33.1".into()),
                api_versions: Arc::new(vec!["example.com/v1".into(), "example.com/v1/Thing".into()]),
            },
            color: "blue",
        })
    }

    /// May ask this host without TLS.
    pub(crate) fn asking(mut self, host: &str) -> Self {
        self.policy.hosts.push(format!("http://{host}"));
        self
    }

    pub(crate) fn render(&self) -> Rendered {
        self.render_by(&Helm::new(self.settings.clone(), || {}))
    }

    pub(crate) fn render_by(&self, helm: &Helm) -> Rendered {
        let mut tree = MemoryTree::new();
        for (path, text) in &self.files {
            tree.insert(path, text);
        }
        for (path, bytes) in &self.archives {
            tree.insert(path, bytes);
        }
        let (engine, fleet) = (helm.patient(self.policy.clone(), None), Fleet::default());
        let charts = Charts { engine: Some(&engine), capabilities: Some(&self.capabilities), values: None };
        let input = UnitInput { path: "u", fleet: &fleet, color: self.color, role: None };
        render_unit_with(&tree, &input, Given { charts, ..Given::default() })
    }

    /// The one error there is.
    pub(crate) fn error(&self) -> (String, String) {
        let rendered = self.render();
        assert_eq!(rendered.errors.len(), 1, "{:?}", rendered.errors);
        (rendered.errors[0].reason().to_owned(), rendered.errors[0].to_string())
    }
}

/// Every object that was rendered, when nothing was wrong.
pub(crate) fn objects(rendered: &Rendered) -> Vec<Value> {
    assert!(rendered.errors.is_empty(), "{:?}", rendered.errors.iter().map(ToString::to_string).collect::<Vec<_>>());
    rendered.objects.iter().map(|object| object.value.clone()).collect()
}

/// A short time, for what must not take its whole one.
pub(crate) fn soon(settings: &mut Settings) {
    settings.fetch_time = Duration::from_secs(3);
}
