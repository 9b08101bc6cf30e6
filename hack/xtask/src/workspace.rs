//! Where things are: the workspace, its members, the directory of built programs.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The root of the workspace: two directories above this crate.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// A program that cargo built beside this one. Taken from the running program's own path, so that a
/// target directory configured elsewhere is found as well.
pub(crate) fn built(program: &str) -> Result<PathBuf> {
    let me = env::current_exe().context("find the running xtask")?;
    Ok(me.with_file_name(program))
}

/// A folder of the data that may lie beside a clone, in `../shared`; `None` when it does not.
pub(crate) fn shared(folder: &str) -> Option<PathBuf> {
    let found = root().join("../shared").join(folder);
    found.is_dir().then_some(found)
}

/// The cache that outlives checkouts: `$TEAL_CACHE`, else `$XDG_CACHE_HOME/teal`, else `~/.cache/teal`.
pub(crate) fn cache() -> Result<PathBuf> {
    if let Some(dir) = non_empty("TEAL_CACHE") {
        return Ok(dir);
    }
    if let Some(dir) = non_empty("XDG_CACHE_HOME") {
        return Ok(dir.join("teal"));
    }
    let home = non_empty("HOME").context("no place for the cache: set TEAL_CACHE or HOME")?;
    Ok(home.join(".cache/teal"))
}

/// The member directories, as the root manifest lists them.
pub(crate) fn members() -> Result<Vec<PathBuf>> {
    let root = root();
    let manifest = root.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).with_context(|| format!("read {}", manifest.display()))?;
    let list = text
        .split_once("members = [")
        .and_then(|(_, rest)| rest.split_once(']'))
        .map(|(list, _)| list)
        .with_context(|| format!("{} has no `members = [`", manifest.display()))?;
    Ok(list.split('"').skip(1).step_by(2).map(|member| root.join(member)).collect())
}

fn non_empty(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::{members, root};

    #[test]
    fn the_root_and_its_members_are_found() {
        assert!(root().join("Cargo.toml").is_file());
        let members = members().unwrap();
        assert!(members.contains(&root().join("hack/xtask")), "{members:?}");
    }
}
