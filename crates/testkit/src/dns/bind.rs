//! BIND: a primary that takes signed updates, and a secondary that hears of them.

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

use super::named::Named;
use super::signing::Key;
use super::zone::Zone;

/// BIND with one zone. Dropped, its servers die and its folder goes.
#[derive(Debug)]
pub struct Bind {
    primary: Named,
    secondary: Option<Named>,
    zone: String,
    /// For changes by hand.
    key: Key,
    // Last: the servers die before their folder goes.
    _folder: TempDir,
}

impl Bind {
    /// The installed `named`, if there is one.
    #[must_use]
    pub fn program() -> Option<PathBuf> {
        program("named")
    }

    /// Starts a primary.
    ///
    /// # Errors
    /// When `named` is not installed or does not come up.
    pub async fn start(zone: &Zone, keys: &[Key]) -> Result<Self> {
        Self::start_servers(zone, keys, false).await
    }

    /// Starts a primary and a secondary that it notifies and that transfers the zone.
    ///
    /// # Errors
    /// When `named` is not installed or one of them does not come up.
    pub async fn start_with_secondary(zone: &Zone, keys: &[Key]) -> Result<Self> {
        Self::start_servers(zone, keys, true).await
    }

    async fn start_servers(zone: &Zone, keys: &[Key], with_secondary: bool) -> Result<Self> {
        let program = Self::program().context("BIND's `named` is not installed (Debian: bind9 and bind9-dnsutils)")?;
        let folder = tempfile::Builder::new().prefix("teal-bind-").tempdir().context("a folder for BIND")?;
        let origin = &zone.origin;
        let mut primary = Named::new(&program, folder.path().join("primary"), origin)?;
        let mut secondary = None;
        if with_secondary {
            secondary = Some(Named::new(&program, folder.path().join("secondary"), origin)?);
        }
        let also = secondary.as_ref().map_or_else(String::new, |server| {
            format!("notify explicit; also-notify {{ 127.0.0.1 port {}; }};", server.address().port())
        });
        let (declared, grants) = key_blocks(keys);
        fs::write(primary.folder().join("zone"), zone.file()).context("write the zone")?;
        primary.configure(&format!(
            "{declared}zone \"{origin}\" {{ type primary; file \"zone\"; {also} update-policy {{ {grants} }}; }};\n"
        ))?;
        primary.start().await?;
        if let Some(server) = &mut secondary {
            let port = primary.address().port();
            server.configure(&format!(
                "zone \"{origin}\" {{ type secondary; file \"zone\"; masterfile-format text; notify no; \
                 primaries {{ 127.0.0.1 port {port}; }}; }};\n"
            ))?;
            server.start().await?;
        }
        let by_hand = Key::generate("by-hand")?;
        let key = keys.iter().find(|key| key.may_update).cloned().unwrap_or(by_hand);
        Ok(Self { primary, secondary, zone: origin.clone(), key, _folder: folder })
    }

    /// Where the primary listens, by UDP and TCP.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.primary.address()
    }

    /// The primary.
    pub fn primary(&mut self) -> &mut Named {
        &mut self.primary
    }

    /// The secondary, if there is one.
    #[must_use]
    pub fn secondary(&self) -> Option<&Named> {
        self.secondary.as_ref()
    }

    /// The secondary, if there is one, to stop and start it.
    pub fn secondary_mut(&mut self) -> Option<&mut Named> {
        self.secondary.as_mut()
    }

    /// Kills the primary; zone and journal stay.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub fn stop(&mut self) -> Result<()> {
        self.primary.stop()
    }

    /// Starts the primary again with what it had.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start_again(&mut self) -> Result<()> {
        self.primary.start().await
    }

    /// Runs lines of `nsupdate` as a person with the first key would; `server` and `zone` are set.
    ///
    /// # Errors
    /// When `nsupdate` is not installed or the server refuses; its words are in the error.
    pub async fn nsupdate(&self, lines: &str) -> Result<()> {
        let program = program("nsupdate").context("`nsupdate` is not installed (Debian: bind9-dnsutils)")?;
        let Key { name, algorithm, .. } = &self.key;
        let script = format!(
            "server 127.0.0.1 {}\nzone {}\nkey {}:{name} {}\n{lines}\nsend\n",
            self.address().port(),
            self.zone,
            algorithm.name(),
            self.key.base64()
        );
        let mut command = tokio::process::Command::new(program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().context("start nsupdate")?;
        let mut input = child.stdin.take().context("nsupdate's input")?;
        input.write_all(script.as_bytes()).await?;
        drop(input);
        let output = child.wait_with_output().await?;
        if !output.status.success() {
            bail!("nsupdate: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// Replaces the addresses of a record by `nsupdate`.
    ///
    /// # Errors
    /// As [`Bind::nsupdate`].
    pub async fn change_by_hand(&self, record: &str, ttl: u32, addresses: &[Ipv4Addr]) -> Result<()> {
        let name = format!("{record}.{}.", self.zone);
        let mut lines = format!("update delete {name} A\n");
        for address in addresses {
            let _ = writeln!(lines, "update add {name} {ttl} A {address}");
        }
        self.nsupdate(&lines).await
    }

    /// Replaces a text record by `nsupdate`; `None` deletes it.
    ///
    /// # Errors
    /// As [`Bind::nsupdate`].
    pub async fn change_text_by_hand(&self, record: &str, text: Option<&str>) -> Result<()> {
        let name = format!("{record}.{}.", self.zone);
        let mut lines = format!("update delete {name} TXT\n");
        if let Some(text) = text {
            let _ = writeln!(lines, "update add {name} 0 TXT \"{text}\"");
        }
        self.nsupdate(&lines).await
    }
}

/// `key` blocks, and what each key may do.
fn key_blocks(keys: &[Key]) -> (String, String) {
    let (mut declared, mut grants) = (String::new(), String::new());
    for key in keys {
        let Key { name, algorithm, .. } = key;
        let (algorithm, secret) = (algorithm.name(), key.base64());
        let _ = writeln!(declared, "key \"{name}\" {{ algorithm {algorithm}; secret \"{secret}\"; }};");
        let verb = if key.may_update { "grant" } else { "deny" };
        let _ = write!(grants, "{verb} {name} zonesub ANY; ");
    }
    (declared, grants)
}

/// Finds a program in PATH, and where Debian keeps servers.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}
