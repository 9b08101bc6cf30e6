//! Where the programs of a control plane are.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// A directory with the programs, and perhaps another one for the API server and etcd.
#[derive(Clone, Debug)]
pub struct Assets {
    bin: PathBuf,
    server: Option<PathBuf>,
}

impl Assets {
    /// Looks in `TEAL_ASSETS`, then where `cargo xtask tools` puts them. `KUBEBUILDER_ASSETS`, where set, comes first for
    /// kube-apiserver and etcd, so that a test runs against another Kubernetes version.
    ///
    /// # Errors
    /// When the programs were never built, and then says how to build them.
    pub fn find() -> Result<Self> {
        let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hack/control-plane/bin");
        let bin = set("TEAL_ASSETS").unwrap_or(built);
        let assets = Self { bin, server: set("KUBEBUILDER_ASSETS") };
        for name in ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"] {
            let program = assets.program(name);
            if !program.is_file() {
                bail!("there is no {}: build the control plane's programs with `cargo xtask tools`", program.display());
            }
        }
        Ok(assets)
    }

    /// The path of one program, `kubectl` for example.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        match &self.server {
            Some(server) if matches!(name, "kube-apiserver" | "etcd") => server.join(name),
            _ => self.bin.join(name),
        }
    }
}

fn set(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}
