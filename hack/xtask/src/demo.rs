//! `cargo xtask demo`: builds what the demo needs and becomes it.

use anyhow::Result;

use crate::{run, tools, workspace};

/// Ensures control planes and binaries, then becomes `teal-demo` with the arguments as given.
pub(crate) fn main(args: &[String]) -> Result<()> {
    let assets = tools::control_plane()?;
    eprintln!("building the demo");
    // The whole workspace's binaries: the selection decides how features are unified, and another one would
    // compile every dependency again.
    run::run(&mut run::cargo(&["build", "--workspace", "--bins"]))?;
    run::become_program(run::command(workspace::built("teal-demo")?).args(args).env("TEAL_ASSETS", assets))
}
