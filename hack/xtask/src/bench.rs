//! `cargo xtask bench`: builds the optimised binaries and becomes the benchmark.

use anyhow::Result;

use crate::{run, tools, workspace};

/// Ensures control planes and release binaries, then becomes `teal-bench` with the arguments as given.
pub(crate) fn main(args: &[String]) -> Result<()> {
    let assets = tools::control_plane()?;
    eprintln!("building optimised binaries");
    run::run(&mut run::cargo(&["build", "--release", "--workspace", "--bins"]))?;
    let debug = workspace::built("teal-bench")?;
    let release = debug.parent().and_then(|dir| dir.parent()).map(|target| target.join("release/teal-bench"));
    run::become_program(run::command(release.unwrap_or(debug)).args(args).env("TEAL_ASSETS", assets))
}
