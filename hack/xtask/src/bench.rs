//! `cargo xtask bench`: builds the optimised binaries and becomes the benchmark.

use anyhow::Result;

use crate::{run, tools, workspace};

/// The page that `bench render` and `bench switch` write their tables into.
const PAGE: &str = "docs/benchmarks.md";

/// Ensures what the benchmark runs against and the optimised binaries, then becomes `teal-bench` with the arguments as given.
pub(crate) fn main(args: &[String]) -> Result<()> {
    let renders = args.first().is_some_and(|what| what == "render");
    // Rendering is measured beside kustomize alone and needs no control plane.
    let assets = if renders { tools::kustomize()? } else { tools::control_plane()? };
    eprintln!("building optimised binaries");
    // Linking optimised binaries takes minutes each, so only those that are measured; features as for the whole workspace.
    let mut build = run::cargo(&["build", "--release", "--workspace", "--bin", "teal-bench"]);
    if renders {
        build.args(["--bin", "teal"]);
    }
    run::run(&mut build)?;
    let debug = workspace::built("teal-bench")?;
    let release = debug.parent().and_then(|dir| dir.parent()).map(|target| target.join("release/teal-bench"));
    let mut command = run::command(release.unwrap_or(debug));
    command.args(args);
    if renders {
        command.arg("--kustomize").arg(assets.join("kustomize")).args(["--write", PAGE]);
    } else {
        command.env("TEAL_ASSETS", assets);
    }
    if args.first().is_some_and(|what| what == "switch") {
        command.args(["--write", PAGE]);
    }
    run::become_program(&mut command)
}
