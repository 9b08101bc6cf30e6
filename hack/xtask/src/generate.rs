//! `cargo xtask generate`: files that are written from code. One generator, run into the tree or beside it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{chart, run, workspace};

/// Writes the generated files, or with `--check` fails when the tree holds anything else.
pub(crate) fn main(args: &[String]) -> Result<()> {
    match args {
        [] => generate_into(&workspace::root()),
        [flag] if flag == "--check" => check(),
        _ => bail!("usage: cargo xtask generate [--check]"),
    }
}

/// Generates into a scratch directory and compares every file there with the tree's.
///
/// # Errors
/// Names all files that differ, not only the first.
pub(crate) fn check() -> Result<()> {
    let scratch = Scratch::new()?;
    generate_into(&scratch.0)?;
    let mut stale = Vec::new();
    for file in files_under(&scratch.0)? {
        let name = file.strip_prefix(&scratch.0).unwrap_or(&file).to_path_buf();
        if fs::read(workspace::root().join(&name)).ok() != fs::read(&file).ok() {
            stale.push(name.display().to_string());
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    bail!("these generated files are not what the code says; run `cargo xtask generate`:\n  {}", stale.join("\n  "))
}

/// The generator's contract: one argument, the root below which it writes. The chart comes after it, since its CRDs
/// are generated too.
fn generate_into(root: &Path) -> Result<()> {
    run::run(&mut run::cargo(&["build", "--quiet", "--workspace", "--bin", "teal-generate"]))?;
    run::run(run::command(workspace::built("teal-generate")?).arg(root))?;
    chart::generate_into(root)
}

fn files_under(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).with_context(|| format!("list {}", dir.display()))? {
            let path = entry?.path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

/// A directory that goes when the check does, in every path.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let dir = std::env::temp_dir().join(format!("teal-generate-{}", std::process::id()));
        fs::create_dir_all(&dir).with_context(|| format!("create {}", dir.display()))?;
        Ok(Self(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Best effort: a left-over directory in the system's temporary place harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}
