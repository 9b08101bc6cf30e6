//! Helm as a person runs it, against one control plane.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use teal_api::names::TEAL_NAMESPACE;
use teal_testkit::control_plane::ControlPlane;
use tempfile::TempDir;
use tokio::process::Command;

use super::{skip, workspace};

/// The real program, with settings and caches of its own.
pub(super) struct Helm {
    program: PathBuf,
    home: TempDir,
}

impl Helm {
    /// Where `cargo xtask tools helm` has put it; without it the test is skipped, or fails where nothing may be.
    pub(super) fn or_skip(test: &str) -> Result<Option<Self>> {
        let program = workspace("hack/helm/bin/helm");
        if !program.is_file() {
            skip(test, "helm", "cargo xtask tools helm")?;
            return Ok(None);
        }
        Ok(Some(Self { program, home: TempDir::new()? }))
    }

    /// Runs one verb on the release `teal` of our chart; what it printed.
    pub(super) async fn run(&self, cluster: &ControlPlane, verb: &[&str], values: &[&str]) -> Result<String> {
        let mut command = self.command(verb, values);
        command.env("KUBECONFIG", cluster.kubeconfig());
        output(command).await
    }

    /// The chart's objects as they would be sent.
    pub(super) async fn template(&self, values: &[&str]) -> Result<String> {
        let chart = workspace("charts/teal").to_string_lossy().into_owned();
        output(self.command(&["template", "teal", &chart], values)).await
    }

    fn command(&self, verb: &[&str], values: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(verb).args(["--namespace", TEAL_NAMESPACE]);
        for value in values {
            command.args(["--set", value]);
        }
        for (name, folder) in [("HELM_CONFIG_HOME", "config"), ("HELM_DATA_HOME", "data"), ("HELM_CACHE_HOME", "cache")]
        {
            command.env(name, self.home.path().join(folder));
        }
        command.kill_on_drop(true);
        command
    }
}

/// Runs `kubectl` as the administrator of a cluster; what it printed.
pub(super) async fn kubectl(cluster: &ControlPlane, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(cluster.assets()?.program("kubectl"));
    command.arg("--kubeconfig").arg(cluster.kubeconfig()).args(arguments).kill_on_drop(true);
    output(command).await
}

async fn output(mut command: Command) -> Result<String> {
    let shown = format!("{:?}", command.as_std());
    let output = command.output().await.with_context(|| format!("start {shown}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    ensure!(output.status.success(), "{shown}: {}{}", text(&output.stdout), text(&output.stderr));
    Ok(text(&output.stdout))
}

/// The chart's folder as an argument.
pub(super) fn chart() -> String {
    workspace("charts/teal").canonicalize().unwrap_or_default().to_string_lossy().into_owned()
}

/// A file of the workspace as an argument.
pub(super) fn file(path: &str) -> String {
    Path::new(&workspace(path)).to_string_lossy().into_owned()
}
