//! Charts on the command line, beside the real `kustomize build --enable-helm` with the real Helm: what both print must be
//! the same bytes. And `teal helm lock`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod build;
mod chart;
#[path = "../common/mod.rs"]
mod common;
mod fleet;
mod lock;

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use common::{Said, put};

/// A program that `cargo xtask tools` has built; without it a test is skipped, or fails where nothing may be.
fn tool(name: &str) -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../hack/{name}/bin/{name}"));
    if program.is_file() {
        return Some(program.canonicalize().unwrap());
    }
    let forbidden = std::env::var("TEAL_REQUIRE").is_ok_and(|value| value == "all");
    assert!(!forbidden, "needs {name} (cargo xtask tools {name}), and TEAL_REQUIRE=all forbids to skip");
    eprintln!("skipped: no {name} (cargo xtask tools {name})");
    None
}

fn run(program: &Path, folder: &Path, arguments: &[&str]) -> Said {
    let home = TempDir::new().unwrap();
    let output = Command::new(program).args(arguments).current_dir(folder).env("HOME", home.path()).output().unwrap();
    output.into()
}

fn teal(folder: &Path, arguments: &[&str]) -> Said {
    run(Path::new(env!("CARGO_BIN_EXE_teal")), folder, arguments)
}
