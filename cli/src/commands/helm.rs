//! Charts on the command line: the engine that `build` renders them with, and `helm lock`.

use std::fs::Permissions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use teal_api::helm::{HelmLock, LockedChart};
use teal_helm::{Helm, Policy, Settings};
use teal_kustomize::FolderTree;
use teal_render::helm::{ChartError, remote_charts};

use crate::exit::{FINE, Refused, Unreachable};

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
    let file = folder.join("helm.lock");
    let before = locked_before(&file)?;
    let listed = match remote_charts(&tree, &inside) {
        Ok(listed) => listed,
        Err(errors) => bail!(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    };
    let mut lock = HelmLock::default();
    for chart in &listed.charts {
        let locked = teal_helm::lock(chart, &policy(hosts), &Settings::default()).map_err(told)?;
        check_unchanged(&before, &locked)?;
        println!("{} {} {}", locked.name, locked.version, locked.digest);
        lock.charts.push(locked);
    }
    if !listed.whole {
        lock.charts.extend(unlisted(&before, &lock));
    }
    if lock.charts.is_empty() && !file.exists() {
        println!("no chart is fetched here, so there is nothing to lock");
        return Ok(FINE);
    }
    // By rename: what is in its place is replaced, and never written through. As readable as any file of a work tree.
    let mut builder = tempfile::Builder::new();
    let written = builder.permissions(Permissions::from_mode(0o666)).tempfile_in(&folder);
    let mut written = written.context("the folder can't be written")?;
    written.write_all(lock.write().as_bytes())?;
    written.persist(&file).with_context(|| format!("{} can't be written", file.display()))?;
    println!("{} charts locked in {}", lock.charts.len(), file.display());
    Ok(FINE)
}

/// What `file` says now; nothing where there is none. A link is not looked through: what is behind it may be no lock of this
/// repository, and the mistakes in it would be shown.
fn locked_before(file: &Path) -> Result<HelmLock> {
    if file.is_symlink() {
        bail!("{} is a symbolic link, and is neither read nor written through; remove it", file.display());
    }
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(HelmLock::default()),
        Err(error) => return Err(error).with_context(|| format!("{} can't be read", file.display())),
    };
    HelmLock::parse(&file.display().to_string(), &text).map_err(|mistakes| anyhow!("{mistakes}"))
}

/// Entries of `before` for charts that were not met now. Where not all could be met they stay: without its entry a chart
/// would be taken as it comes.
fn unlisted(before: &HelmLock, now: &HelmLock) -> Vec<LockedChart> {
    let of = |one: &LockedChart| (one.repository.clone(), one.name.clone(), one.requested.clone());
    let left = before.charts.iter().filter(|then| !now.charts.iter().any(|locked| of(locked) == of(then)));
    left.inspect(|kept| {
        let LockedChart { name, version, digest, .. } = kept;
        println!("{name} {version} {digest} (kept: the kustomization can't be built to its end without its charts)");
    })
    .cloned()
    .collect()
}

/// A version is one archive for ever: another one under the same version was put there by somebody.
fn check_unchanged(before: &HelmLock, now: &LockedChart) -> Result<()> {
    // Of one range, `1.2.3`, `v1.2.3` and `1.2.3+build` are the same choice, whatever somebody calls his archive.
    let same_version = |then: &LockedChart| {
        then.version == now.version
            || then.requested == now.requested && teal_helm::same_version(&then.version, &now.version)
    };
    let same = |then: &&LockedChart| then.repository == now.repository && then.name == now.name && same_version(then);
    let Some(then) = before.charts.iter().filter(same).find(|then| then.digest != now.digest) else { return Ok(()) };
    bail!(Refused(format!(
        "chart {} {} is another archive than the one in helm.lock: that has {}, and now comes {}; find out who changed it, and take its entry out of helm.lock if the new one is right",
        now.name, now.version, then.digest, now.digest
    )))
}

/// The exit code says whether trying again may help.
fn told(error: ChartError) -> anyhow::Error {
    let hint = if error.message.contains("spec.helm.hosts") { "; here, --helm-host names them" } else { "" };
    let message = format!("{error}{hint}");
    match error.reason {
        ChartError::FETCH => Unreachable(message).into(),
        ChartError::DIGEST => Refused(message).into(),
        _ => anyhow!(message),
    }
}
