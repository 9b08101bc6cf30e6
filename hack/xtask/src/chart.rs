//! The chart, rendered with its default values for those who install without Helm.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::{run, tools, workspace};

/// Where the rendered chart stands, below the workspace's root.
const INSTALL: &str = "manifests/install/teal.yaml";
/// The chart, below the workspace's root.
const CHART: &str = "charts/teal";
/// Where Teal lives unless somebody says otherwise.
const NAMESPACE: &str = "teal-system";

/// Helm makes no Namespace; the label holds Teal's own pods to what the chart promises.
const HEAD: &str = "\
# Generated from charts/teal by `cargo xtask generate`; do not edit.
apiVersion: v1
kind: Namespace
metadata:
  name: teal-system
  labels:
    pod-security.kubernetes.io/enforce: restricted
";

/// Writes the chart as Helm renders it with its default values, below `root`. Builds Helm when it is not there yet.
pub(crate) fn generate_into(root: &Path) -> Result<()> {
    let file = root.join(INSTALL);
    let folder = file.parent().context("an output has a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    let text = format!("{HEAD}{}", helm(&["template", "teal", CHART, "--namespace", NAMESPACE, "--include-crds"])?);
    fs::write(&file, tidy(&text)).with_context(|| format!("write {}", file.display()))
}

/// Runs Helm with nothing of this machine's Helm settings and returns what it prints.
fn helm(args: &[&str]) -> Result<String> {
    let home = workspace::cache()?.join("helm/home");
    run::output(
        run::command(tools::helm()?.join("helm"))
            .args(args)
            .env("HELM_CONFIG_HOME", &home)
            .env("HELM_DATA_HOME", &home),
    )
}

/// Rendering leaves blank lines between documents. Those inside one may belong to a text and stay.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for line in text.lines() {
        if line == "---" {
            tidy.truncate(tidy.trim_end().len());
            tidy.push('\n');
        }
        tidy.push_str(line);
        tidy.push('\n');
    }
    tidy.truncate(tidy.trim_end().len());
    tidy.push('\n');
    tidy
}

#[cfg(test)]
#[path = "chart_tests.rs"]
mod tests;
