//! Charts on the command line: the engine that `build` renders them with, and `helm lock`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use teal_api::helm::HelmLock;
use teal_helm::{Helm, Policy, Settings};
use teal_kustomize::FolderTree;
use teal_render::helm::remote_charts;

use crate::exit::FINE;

/// The engine for one command. `program` is a path, or a name that is looked for in `PATH`.
pub(crate) fn engine(program: &str) -> Helm {
    teal_daemon::install_crypto_provider();
    Helm::new(Settings { program: Some(find(program)), ..Settings::default() }, || {})
}

/// Who runs the command decides which hosts it may ask.
pub(crate) fn policy(hosts: &[String]) -> Policy {
    Policy { hosts: hosts.to_vec(), unconfined: false }
}

fn find(program: &str) -> PathBuf {
    if program.contains('/') {
        return program.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file());
    found.unwrap_or_else(|| program.into())
}

/// Writes `helm.lock` of the unit in `dir`: version and digest of every chart that it fetches.
pub(crate) fn lock(dir: &Path, hosts: &[String]) -> Result<u8> {
    teal_daemon::install_crypto_provider();
    let folder = dir.canonicalize().with_context(|| format!("{} can't be read", dir.display()))?;
    let root = folder.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(&folder);
    let inside = folder.strip_prefix(root).unwrap_or(Path::new("")).to_string_lossy().into_owned();
    let tree = FolderTree::open(root)?;
    let charts = match remote_charts(&tree, &inside) {
        Ok(charts) => charts,
        Err(errors) => bail!(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    };
    let mut lock = HelmLock::default();
    for chart in &charts {
        let locked = teal_helm::lock(chart, &policy(hosts), &Settings::default())?;
        println!("{} {} {}", locked.name, locked.version, locked.digest);
        lock.charts.push(locked);
    }
    // By rename: a link in its place is replaced, and never written through.
    let file = folder.join("helm.lock");
    let mut written = tempfile::NamedTempFile::new_in(&folder).context("the folder can't be written")?;
    written.write_all(lock.write().as_bytes())?;
    written.persist(&file).with_context(|| format!("{} can't be written", file.display()))?;
    println!("{} charts locked in {}", charts.len(), file.display());
    Ok(FINE)
}
