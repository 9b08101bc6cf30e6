//! Every kustomization of a real repository through both commands: the bytes must be equal.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use teal_kustomize::KUSTOMIZATION_FILE_NAMES;

use crate::cases::changes;

/// Builds every folder below `root` that holds a kustomization; false when one differs.
pub(crate) fn run(teal: &Path, kustomize: &Path, root: &Path) -> Result<bool> {
    let folders = kustomizations(root)?;
    if folders.is_empty() {
        bail!("{}: holds no kustomization", root.display());
    }
    let mut fine = true;
    for folder in &folders {
        let (want, got) = (build(kustomize, root, folder)?, build(teal, root, folder)?);
        let shown = folder.display();
        match (want, got) {
            (Ok(want), Ok(got)) if want == got => println!("{shown}: equal, {} bytes", got.len()),
            (Err(_), Err(_)) => println!("{shown}: refused by both"),
            (want, got) => {
                fine = false;
                let text = |side: std::result::Result<String, String>| {
                    side.unwrap_or_else(|said| format!("refused: {said}\n"))
                };
                println!("{shown}: differs (- kustomize, + teal)\n{}", changes(&text(want), &text(got)));
            }
        }
    }
    Ok(fine)
}

fn kustomizations(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(folder) = open.pop() {
        let here = root.join(&folder);
        for entry in std::fs::read_dir(&here).with_context(|| format!("list {}", here.display()))? {
            let entry = entry?;
            let name = entry.file_name();
            if entry.file_type()?.is_dir() {
                open.push(folder.join(&name));
            } else if KUSTOMIZATION_FILE_NAMES.iter().any(|file| name == *file) {
                found.push(folder.clone());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn build(program: &Path, root: &Path, folder: &Path) -> Result<std::result::Result<String, String>> {
    let output = Command::new(program).arg("build").arg(folder).current_dir(root).output();
    let output = output.with_context(|| format!("run {}", program.display()))?;
    Ok(if output.status.success() {
        Ok(String::from_utf8(output.stdout).context("what it prints is no UTF-8")?)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    })
}
