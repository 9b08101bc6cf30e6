//! The agent as a process of its own, so that its memory and CPU are its own.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use teal_agent::{Agent, AgentConfig};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

/// A running agent; dropping it ends it.
pub(crate) struct AgentProcess(Child);

impl AgentProcess {
    /// Starts this very program again as an agent.
    pub(crate) fn start(kubeconfig: &Path, sync: &str, store: &Path) -> Result<Self> {
        let child = Command::new(std::env::current_exe()?)
            .arg("agent")
            .args([kubeconfig, Path::new(sync), store])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("start the agent")?;
        Ok(Self(child))
    }

    /// Peak of its resident memory, in MiB.
    pub(crate) fn peak_mib(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()?))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("the kernel tells VmHWM")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").trim().parse()?;
        Ok(kib / 1024.0)
    }

    /// CPU it has used, user and system.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id()?))?;
        let after_name = stat.rsplit_once(')').context("stat has a name")?.1;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        // utime and stime are fields 14 and 15 of proc(5), in ticks of 1/100 s on every Linux we build for.
        let ticks = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
        Ok(Duration::from_millis(ticks * 10))
    }

    fn id(&self) -> Result<u32> {
        self.0.id().context("the agent has ended")
    }
}

/// What the child does: run the agent until killed.
pub(crate) async fn run_agent(kubeconfig: &Path, sync: &str, store: &Path) -> Result<()> {
    teal_daemon::init_log(teal_daemon::LogFormat::Text);
    let config = kube::config::Kubeconfig::read_from(kubeconfig)?;
    let config = kube::Config::from_custom_kubeconfig(config, &Default::default()).await?;
    let client = kube::Client::try_from(config)?;
    Agent::run(AgentConfig::new(store).following(sync), client, CancellationToken::new()).await?;
    Ok(())
}
