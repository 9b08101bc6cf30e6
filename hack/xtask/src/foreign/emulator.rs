//! An emulator for one program's life.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Listens on free ports until it is dropped.
pub(super) struct Emulator {
    child: Child,
    /// Base URL, with a name that its certificate has.
    pub(super) url: String,
    /// Where DNS is answered.
    pub(super) dns: String,
    /// The file with its CA.
    pub(super) ca: PathBuf,
    /// What it said beside its one line.
    log: PathBuf,
}

impl Emulator {
    /// Starts it and waits until it says where it listens.
    pub(super) fn start() -> Result<Self> {
        let program = workspace::built("azure-emulator")?;
        let ca = std::env::temp_dir().join(format!("azure-emulator-{}.pem", std::process::id()));
        let log = ca.with_extension("log");
        let said = File::create(&log).with_context(|| format!("create {}", log.display()))?;
        let mut child = Command::new(&program)
            .args(["--listen", "127.0.0.1:0", "--dns", "127.0.0.1:0", "--ca"])
            .arg(&ca)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(said)
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        let said = child.stdout.take().map(|out| {
            let mut line = String::new();
            BufReader::new(out).read_line(&mut line).map(|_| line)
        });
        let line = said.transpose().ok().flatten().unwrap_or_default();
        let word_after = |mark: &str| line.split_whitespace().skip_while(|word| *word != mark).nth(1);
        let port = word_after("on").and_then(|url| url.rsplit_once(':')).map(|(_, port)| port.to_owned());
        let (Some(port), Some(dns)) = (port, word_after("dns").map(str::to_owned)) else {
            let _ = child.kill();
            let _ = child.wait();
            let why = fs::read_to_string(&log).unwrap_or_default();
            bail!("the emulator did not say where it listens: `{}` {}", line.trim(), why.trim());
        };
        Ok(Self { child, url: format!("https://localhost:{port}"), dns, ca, log })
    }

    /// The first line that tells of a panic: a task of the emulator died, whatever its answers were.
    pub(super) fn panicked(&self) -> Option<String> {
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        said.lines().find(|line| line.contains(" panicked at ")).map(str::to_owned)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.ca);
        let _ = fs::remove_file(&self.log);
    }
}
