//! Running other programs: in the workspace's root, with errors that name the whole command.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// A command whose working directory is the workspace's root.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace::root());
    command
}

/// The cargo that runs this xtask, so that a pinned toolchain stays the same one.
///
/// What cargo told this xtask of its own package stays out of it: build scripts that ask for such variables (ring's does) would
/// be out of date each time, and all that is built on them, when somebody runs cargo without xtask in between.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = command(program);
    command.args(args);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_of_one_package)) {
        command.env_remove(name);
    }
    command
}

/// Whether cargo sets this variable for the program of one package.
fn is_of_one_package(variable: &str) -> bool {
    let prefixes = ["CARGO_BIN_", "CARGO_CFG_", "CARGO_FEATURE_", "CARGO_MANIFEST_", "CARGO_PKG_"];
    prefixes.iter().any(|prefix| variable.starts_with(prefix))
        || ["CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"].contains(&variable)
}

/// Runs to the end with the terminal's own output.
///
/// # Errors
/// When the program cannot be started or exits with anything but 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("start {}", shown(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs to the end and returns standard output; standard error goes to the terminal.
///
/// # Errors
/// As [`run`].
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("start {}", shown(command)))?;
    if !output.status.success() {
        bail!("{} ended with {}", shown(command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Becomes the program, so that signals and the exit code are its own.
///
/// # Errors
/// Only returns when the program could not be started.
pub(crate) fn become_program(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(error).with_context(|| format!("start {}", shown(command)))
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_cargo_hears_nothing_of_xtasks_own_package() {
        let theirs =
            ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_PKG_VERSION_PRE", "OUT_DIR", "CARGO_MANIFEST_LINKS"];
        assert!(theirs.into_iter().all(is_of_one_package));
        let everybodys =
            ["CARGO", "CARGO_HOME", "CARGO_BUILD_JOBS", "CARGO_BUILD_BUILD_DIR", "CARGO_INCREMENTAL", "PATH"];
        assert!(!everybodys.into_iter().any(is_of_one_package));
    }
}
