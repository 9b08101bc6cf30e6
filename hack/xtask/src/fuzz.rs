//! Coverage-guided fuzzing: libFuzzer over `hack/fuzz`, built with LLVM's counters on the pinned toolchain.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::{run, workspace};

/// The targets, each with its corpus in `hack/conformance/corpus`.
const TARGETS: [&str; 3] = ["yaml", "merge", "build"];
/// What makes LLVM count edges and compare operands; stable, unlike the sanitizers.
const FLAGS: &str = "--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";
/// Longest time for one input, and most memory: far above what the readers' budgets allow.
const LIMITS: [&str; 3] = ["-timeout=20", "-rss_limit_mb=1024", "-max_len=16384"];

/// Says whether the fuzzer's own lock still fits. It is no member of the workspace, so no other phase would tell; its targets
/// are compiled with `teal-conformance`.
pub(crate) fn check() -> Result<()> {
    let manifest = workspace::root().join("hack/fuzz/Cargo.toml");
    let manifest = manifest.to_string_lossy();
    let locked = ["metadata", "--locked", "--format-version", "1", "--manifest-path", &manifest];
    run::output(&mut run::cargo(&locked)).map(drop).with_context(|| {
        format!(
            "hack/fuzz/Cargo.lock is old; once: cargo metadata --offline --format-version 1 --manifest-path {manifest}"
        )
    })
}

/// Fuzzes each target for a third of the time. What is found goes on from one run to the next, in the target directory.
pub(crate) fn guided(seconds: u64, seed: u64) -> Result<()> {
    let manifest = workspace::root().join("hack/fuzz/Cargo.toml");
    let manifest = manifest.to_string_lossy();
    let host = host()?;
    let home = workspace::built("fuzz")?;
    let target_dir = home.join("build");
    // With a target named, the flags are not used for build scripts and macros.
    let mut build = run::cargo(&["build", "--release", "--locked", "--manifest-path", &manifest, "--target", &host]);
    build.arg("--target-dir").arg(&target_dir).env("RUSTFLAGS", FLAGS);
    // Over whatever the environment says of build directories: these artefacts must not meet the others.
    build.arg("--config").arg(format!("build.build-dir={:?}", target_dir.to_string_lossy()));
    run::run(&mut build)?;
    let program = target_dir.join(&host).join("release/teal-fuzz");
    let mut harmed = Vec::new();
    for target in TARGETS {
        let found = home.join("found").join(target);
        std::fs::create_dir_all(&found).with_context(|| format!("create {}", found.display()))?;
        let harm = format!("-artifact_prefix={}/harm-{target}-", home.display());
        let time = format!("-max_total_time={}", seconds / TARGETS.len() as u64);
        let mut command = run::command(&program);
        command.env("TEAL_FUZZ_TARGET", target).args([
            harm,
            time,
            format!("-seed={seed}"),
            "-print_final_stats=1".to_owned(),
        ]);
        command.args(LIMITS).arg(&found).arg(workspace::root().join("hack/conformance/corpus").join(target));
        if let Err(error) = run::run(&mut command) {
            eprintln!("{error:#}");
            harmed.push(target);
        }
    }
    if harmed.is_empty() { Ok(()) } else { bail!("inputs that did harm, in {}: {}", home.display(), harmed.join(", ")) }
}

fn host() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").map_or_else(|| PathBuf::from("rustc"), PathBuf::from);
    let said = run::output(run::command(rustc).arg("-vV"))?;
    said.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned).context("rustc tells no host")
}
