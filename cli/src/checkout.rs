//! Writes the commit for a person, in the person's own checkout, with the person's own git: identity, signing, hooks and
//! credentials are as always.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::edit;
use crate::exit::Refused;

/// A `switch.yaml` in a checkout.
#[derive(Debug)]
pub(crate) struct Checkout {
    file: PathBuf,
    folder: PathBuf,
}

impl Checkout {
    /// Opens `file`, which must be in a git work tree.
    pub(crate) fn open(file: &Path) -> Result<Self> {
        let file = file.canonicalize().with_context(|| format!("{}: no such file", file.display()))?;
        let folder = file.parent().context("a file has a folder")?.to_owned();
        let checkout = Self { file, folder };
        checkout.git(&["rev-parse", "--is-inside-work-tree"])?;
        Ok(checkout)
    }

    /// Sets one field and commits it; nothing else that is changed or staged goes along. Returns the old value.
    pub(crate) fn commit(&self, switch: &str, path: &[&str], value: &str, message: &str) -> Result<Option<String>> {
        let text = std::fs::read_to_string(&self.file)?;
        let (edited, old) = edit::set(&text, switch, path, value).with_context(|| self.file.display().to_string())?;
        if old.as_deref() == Some(value) {
            return Ok(old);
        }
        let file = self.file.to_string_lossy().into_owned();
        if !self.git(&["status", "--porcelain", "--", &file])?.is_empty() {
            bail!("{} has changes that are not committed; commit or undo them first", self.file.display());
        }
        std::fs::write(&self.file, edited)?;
        if let Err(error) = self.git(&["commit", "--quiet", "--only", "-m", message, "--", &file]) {
            std::fs::write(&self.file, text)?;
            return Err(error);
        }
        Ok(old)
    }

    /// Pushes the current branch.
    pub(crate) fn push(&self) -> Result<()> {
        self.git(&["push", "--quiet"])
            .map_err(|error| error.context(Refused("the commit is made, but could not be pushed".to_owned())))?;
        Ok(())
    }

    /// The commit that is checked out.
    pub(crate) fn head(&self) -> Result<String> {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Path of the file inside the repository.
    pub(crate) fn path(&self) -> Result<String> {
        let prefix = self.git(&["rev-parse", "--show-prefix"])?;
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        Ok(format!("{prefix}{name}"))
    }

    fn git(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new("git")
            .arg("-C")
            .arg(&self.folder)
            .args(arguments)
            .output()
            .context("git can't be run; is it installed?")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("git {}: {}", arguments.first().unwrap_or(&""), said.trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}
