//! A developer of the company, who may do anything in the cluster but pass a freeze.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result};
use k8s_openapi::api::batch::v1::CronJob;
use kube::api::{Api, ListParams};
use tokio::process::Command;

use crate::side::Side;

/// What kubectl said.
pub(crate) struct Said {
    /// Whether it was let through.
    pub(crate) passed: bool,
    /// Its last line.
    pub(crate) line: String,
}

/// Someone with kubectl and a client certificate.
pub(crate) struct Developer {
    kubectl: PathBuf,
    kubeconfig: tempfile::NamedTempFile,
}

impl Developer {
    /// Dana, of the group `developers`, with access to one side.
    pub(crate) fn of(side: &Side) -> Result<Self> {
        let kubeconfig = tempfile::NamedTempFile::new()?;
        std::fs::write(kubeconfig.path(), side.cluster.kubeconfig_for("dana", &["developers"])?)?;
        Ok(Self { kubectl: side.cluster.assets()?.program("kubectl"), kubeconfig })
    }

    /// Runs kubectl with these words.
    pub(crate) async fn kubectl(&self, words: &[&str]) -> Result<Said> {
        let output = Command::new(&self.kubectl)
            .arg("--kubeconfig")
            .arg(self.kubeconfig.path())
            .args(words)
            .stdin(Stdio::null())
            .output()
            .await
            .context("run kubectl")?;
        let text = if output.status.success() { output.stdout } else { output.stderr };
        let line = String::from_utf8_lossy(&text).trim().lines().next_back().unwrap_or_default().to_owned();
        Ok(Said { passed: output.status.success(), line })
    }
}

/// Whether every CronJob of a side is suspended, and how many there are.
pub(crate) async fn cron_jobs(side: &Side) -> Result<(usize, usize)> {
    let jobs: Api<CronJob> = Api::all(side.client.clone());
    let jobs = jobs.list(&ListParams::default()).await?.items;
    let suspended = jobs.iter().filter(|job| job.spec.suspend.unwrap_or(false)).count();
    Ok((jobs.len(), suspended))
}
