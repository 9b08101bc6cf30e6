//! One `named` as a child.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, RecordType};
use tokio::time::{Instant, sleep};

use super::{client, port};
use crate::control_plane::Port;
use crate::processes::Process;

/// Longest wait until a server answers for its zone.
const READY: Duration = Duration::from_secs(120);

/// One `named`, primary or secondary. Dropped, it dies.
#[derive(Debug)]
pub struct Named {
    program: PathBuf,
    folder: PathBuf,
    zone: Name,
    port: Port,
    process: Option<Process>,
}

impl Named {
    /// Prepares a server in a folder; it is started by [`Named::start`].
    pub(super) fn new(program: &Path, folder: PathBuf, zone: &str) -> Result<Self> {
        fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
        let zone = Name::from_ascii(format!("{zone}.")).context("zone name")?;
        let port = port::reserve(&[Ipv4Addr::LOCALHOST])?;
        Ok(Self { program: program.to_path_buf(), folder, zone, port, process: None })
    }

    /// Where it listens, by UDP and TCP.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port.number()).into()
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes the configuration: what every server here has in common, and the rest.
    pub(super) fn configure(&self, rest: &str) -> Result<()> {
        let (folder, port) = (self.folder.display(), self.port.number());
        let text = format!(
            "options {{\n\
             \x20 directory \"{folder}\"; session-keyfile \"{folder}/session.key\"; pid-file none;\n\
             \x20 managed-keys-directory \"{folder}\"; lock-file none;\n\
             \x20 listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};\n\
             \x20 recursion no; dnssec-validation no; empty-zones-enable no; minimal-responses no-auth;\n\
             \x20 allow-transfer {{ 127.0.0.1; }}; notify-delay 0; notify-rate 1000; startup-notify-rate 1000;\n\
             \x20 serial-query-rate 1000; min-refresh-time 1; min-retry-time 1; query-source address 127.0.0.1;\n\
             }};\ncontrols {{ }};\n{rest}"
        );
        fs::write(self.folder.join("named.conf"), text).context("write named.conf")
    }

    /// Starts it and waits until it answers for the zone.
    ///
    /// # Errors
    /// When it ends or does not answer; its log's end is in the error.
    pub async fn start(&mut self) -> Result<()> {
        if self.process.is_some() {
            return Ok(());
        }
        let mut command = Command::new(&self.program);
        command.args(["-g", "-n", "1", "-c"]).arg(self.folder.join("named.conf"));
        let mut process = Process::spawn("named", command, &self.folder.join("log"))?;
        let started = Instant::now();
        loop {
            let answer = client::ask(self.address(), &self.zone, RecordType::SOA).await;
            if answer.is_ok_and(|m| m.metadata.response_code == ResponseCode::NoError && m.metadata.authoritative) {
                break;
            }
            process.still_running()?;
            if started.elapsed() > READY {
                bail!(
                    "named does not serve {} after {READY:?}; its log ends with:\n{}",
                    self.zone,
                    process.log_tail(25)
                );
            }
            sleep(Duration::from_millis(10)).await;
        }
        self.process = Some(process);
        Ok(())
    }

    /// Kills it; zone and journal stay in its folder.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub fn stop(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
        }
        Ok(())
    }

    /// Lets it hang with its sockets open (`STOP`), or go on (`CONT`).
    ///
    /// # Errors
    /// When it does not run.
    pub fn signal(&self, signal: &str) -> Result<()> {
        self.process.as_ref().context("named does not run")?.signal(signal)
    }

    /// The last lines of its log.
    #[must_use]
    pub fn log_tail(&self, lines: usize) -> String {
        self.process.as_ref().map(|process| process.log_tail(lines)).unwrap_or_default()
    }
}
