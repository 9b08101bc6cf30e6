//! The real `sops`, which tests encrypt with.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use tokio::process::Command;

use crate::tunnel::Tunnel;

/// Where Azure's public cloud signs people in.
pub const LOGIN: &str = "login.microsoftonline.com";

/// `sops` as `cargo xtask tools sops` built it; `None`, and said so, on a machine without it.
///
/// # Errors
/// Without it where `TEAL_REQUIRE=all` forbids to skip.
pub fn program() -> Result<Option<PathBuf>> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hack/sops/bin/sops");
    if program.is_file() {
        return Ok(Some(program));
    }
    if std::env::var("TEAL_REQUIRE").is_ok_and(|value| value == "all") {
        bail!("needs sops (cargo xtask tools sops), and TEAL_REQUIRE=all forbids to skip");
    }
    eprintln!("skipped: no sops; cargo xtask tools sops builds it");
    Ok(None)
}

/// An Azure that `sops` meets under the names of the public cloud: a tunnel leads to it, and its CA is trusted.
#[derive(Debug)]
pub struct PublicAzure {
    tunnel: Tunnel,
    folder: tempfile::TempDir,
}

impl PublicAzure {
    /// Who serves at `server` with certificates by `ca_pem` is taken for Azure's sign-in and for `vault`, such as
    /// `contoso.vault.azure.net`.
    ///
    /// # Errors
    /// When no port or no folder can be had.
    pub async fn at(server: SocketAddr, ca_pem: &str, vault: &str) -> Result<Self> {
        let tunnel = Tunnel::start(server, &[LOGIN, vault]).await?;
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("ca.pem"), ca_pem)?;
        Ok(Self { tunnel, folder })
    }

    /// The file with the CA.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The way there.
    #[must_use]
    pub fn tunnel(&self) -> &Tunnel {
        &self.tunnel
    }

    /// What a program needs to come here as an application with a secret, and nothing of the outside.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let ca = self.ca().display().to_string();
        vec![
            ("HOME", self.folder.path().display().to_string()),
            ("HTTPS_PROXY", self.tunnel.url()),
            ("SSL_CERT_FILE", ca.clone()),
            ("TEAL_AZURE_CA_FILE", ca),
            ("AZURE_TENANT_ID", "22222222-2222-2222-2222-222222222222".to_owned()),
            ("AZURE_CLIENT_ID", "33333333-3333-3333-3333-333333333333".to_owned()),
            ("AZURE_CLIENT_SECRET", "any secret".to_owned()),
        ]
    }

    /// Runs `sops` on the text, which it takes for a file of this name; gives what it prints.
    ///
    /// # Errors
    /// With what it said, when it failed.
    pub async fn sops(&self, program: &Path, arguments: &[&str], name: &str, text: &str) -> Result<String> {
        std::fs::write(self.folder.path().join(name), text)?;
        let output = Command::new(program)
            .args(arguments)
            .arg(name)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.environment())
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| format!("run {}", program.display()))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "sops {} {name}: {said}", arguments.join(" "));
        Ok(String::from_utf8(output.stdout)?)
    }
}
