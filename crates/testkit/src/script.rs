//! Programs that a test writes itself.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::NamedTempFile;

/// Writes an executable script, over what was there.
///
/// Another process writes the file: a child that a thread beside this one forks just then would hold it open for writing
/// until it becomes its own program, and meanwhile nobody can run the script (`ETXTBSY`).
///
/// # Errors
/// When the folder can't be written.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let draft = NamedTempFile::new().context("a draft")?;
    std::fs::write(draft.path(), text).context("write the draft")?;
    let status =
        Command::new("install").args(["-m", "755"]).arg(draft.path()).arg(path).status().context("run install")?;
    ensure!(status.success(), "install {}: {status}", path.display());
    Ok(())
}
