//! What can be done to a control plane while something works with it.

use std::sync::{MutexGuard, PoisonError};

use anyhow::{Context, Result};

use super::{ControlPlane, ready};
use crate::processes::Process;

impl ControlPlane {
    /// Fault: kills the API server. Connections break and new ones are refused until [`ControlPlane::start_api_server`].
    ///
    /// # Errors
    /// For a cluster that existed before, or when it cannot be killed.
    pub fn stop_api_server(&self) -> Result<()> {
        match self.api_server()?.take() {
            Some(mut process) => process.kill().map(|_| ()),
            None => Ok(()),
        }
    }

    /// Starts the API server again on the same port and waits until it is ready. Does nothing while it runs.
    ///
    /// # Errors
    /// As [`ControlPlane::start`].
    pub async fn start_api_server(&self) -> Result<()> {
        if self.api_server()?.is_some() {
            return Ok(());
        }
        let mut process = self.own()?.plan.start_api_server()?;
        ready::api_server(&self.client().await?, &mut process).await?;
        *self.api_server()? = Some(process);
        Ok(())
    }

    /// Fault: the API server hangs. Connections stay open and are accepted, and nobody answers.
    ///
    /// # Errors
    /// When it does not run, or the cluster existed before.
    pub fn pause_api_server(&self) -> Result<()> {
        self.api_server()?.as_ref().context("the API server is stopped")?.signal("STOP")
    }

    /// Ends [`ControlPlane::pause_api_server`].
    ///
    /// # Errors
    /// As there.
    pub fn resume_api_server(&self) -> Result<()> {
        self.api_server()?.as_ref().context("the API server is stopped")?.signal("CONT")
    }

    /// How much CPU time the API server has used since it started, for benchmarks.
    ///
    /// # Errors
    /// When it does not run, the cluster existed before, or the system has no `/proc`.
    pub fn api_server_cpu(&self) -> Result<std::time::Duration> {
        self.api_server()?.as_ref().context("the API server is stopped")?.cpu_time()
    }

    fn api_server(&self) -> Result<MutexGuard<'_, Option<Process>>> {
        Ok(self.own()?.api_server.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
