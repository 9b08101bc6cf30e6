//! Attack cases 11 and 12: whatever a folder holds, `teal build` ends with one clear error, in little memory and little time
//! of a processor. The system itself holds it to both: with more, the program is ended and the test fails.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use common::{Said, folder, put};

/// Most data of the process, KiB. The largest input here is just below what one YAML file may have, 16 MiB.
const DATA: u32 = 256 << 10;
/// Seconds of a processor, for a program without optimization: twenty times what the same one takes with it.
const SECONDS: u32 = 20;

/// `teal build` within the limits.
fn bounded(folder: &Path, arguments: &[&str]) -> Said {
    let limited = format!("ulimit -d {DATA} && ulimit -t {SECONDS} && exec \"$0\" build \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &limited, env!("CARGO_BIN_EXE_teal")]).args(arguments).current_dir(folder);
    command.output().unwrap().into()
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let said = bounded(folder, arguments);
    assert!(said.code == 1 && said.out.is_empty(), "{arguments:?} ends with {}: {} {}", said.code, said.out, said.err);
    said.err
}

/// A folder of a repository, so that it is a fleet as well.
fn repository(files: &[(&str, &str)]) -> TempDir {
    let folder = folder(files);
    put(
        folder.path(),
        "teal.yaml",
        "apiVersion: teal.dev/v1alpha1\nkind: Fleet\nmetadata: {name: test}\nspec: {layers: [{name: all, paths: [u]}]}\n",
    );
    Command::new("git").args(["init", "-q"]).current_dir(folder.path()).output().unwrap();
    folder
}

#[test]
fn the_limits_are_limits() {
    let script = format!("ulimit -d {DATA} && x=$(head -c 400000000 /dev/zero | tr '\\0' x) && echo ${{#x}}");
    let said: Said = Command::new("sh").args(["-c", &script]).output().unwrap().into();
    assert!(said.code != 0 && said.out.is_empty(), "a shell holds 400 MB although it may not: {}", said.out);
    let folder = folder(&[
        ("kustomization.yaml", "resources: [a.yaml]\n"),
        ("a.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n"),
    ]);
    let said = bounded(folder.path(), &["."]);
    assert!(said.code == 0 && said.out.contains("kind: Namespace"), "{} {}", said.code, said.err);
}

#[test]
fn a11_a_file_is_measured_before_it_is_read() {
    let folder = repository(&[("u/kustomization.yaml", "resources: [x.yaml]\n")]);
    let at = folder.path();
    // As long as it says, and nothing on the disk.
    File::create(at.join("u/x.yaml")).unwrap().set_len(3 << 30).unwrap();
    for arguments in [&["u"][..], &["--fleet", "."]] {
        let said = refused(at, arguments);
        assert!(said.contains("u/x.yaml") && said.contains("3221225472 bytes"), "{arguments:?}: {said}");
    }
}

#[test]
fn a11_only_plain_files_are_read() {
    let folder = repository(&[("u/kustomization.yaml", "resources: [x.yaml]\n")]);
    let at = folder.path();
    let pipe = Command::new("mkfifo").arg(at.join("u/x.yaml")).status().unwrap();
    assert!(pipe.success());
    for arguments in [&["u"][..], &["--fleet", "."]] {
        let said = refused(at, arguments);
        assert!(said.contains("u/x.yaml") && said.contains("neither a file nor a folder"), "{arguments:?}: {said}");
    }
    std::fs::remove_file(at.join("u/x.yaml")).unwrap();
    // Follows links on a disk, as kustomize does; not to a device, and in a fleet not at all.
    std::os::unix::fs::symlink("/dev/zero", at.join("u/x.yaml")).unwrap();
    let said = refused(at, &["u", "--load-restrictor", "LoadRestrictionsNone"]);
    assert!(said.contains("neither a file nor a folder"), "{said}");
    let said = refused(at, &["--fleet", "."]);
    assert!(said.contains("symbolic link"), "{said}");
}

/// Texts of which each would be gigabytes, or towers.
fn bombs() -> Vec<(&'static str, String)> {
    let mut aliases = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let names = vec![format!("*a{}", level - 1); 9].join(", ");
        writeln!(aliases, "a{level}: &a{level} [{names}]").unwrap();
    }
    let long = "x".repeat(1 << 20);
    vec![
        ("aliases", aliases),
        ("a long text named often", format!("a: &a {long}\nb: [{}]\n", vec!["*a"; 4_000].join(","))),
        ("a long key named often", format!("a: &a {{? {long} : 1}}\nb: [{}]\n", vec!["*a"; 4_000].join(","))),
        ("flow", format!("a: {}", "[".repeat(1 << 20))),
        ("blocks", (0..2_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect()),
        ("values", "- a\n".repeat(4 << 20)),
    ]
}

#[test]
fn a12_bombs_end_in_little_memory_and_time() {
    for (name, text) in bombs() {
        let folder = repository(&[("u/x.yaml", &text)]);
        for kustomization in [
            "resources: [x.yaml]\n",
            "patches: [{path: x.yaml, target: {kind: X}}]\n",
            "configurations: [x.yaml]\n",
            "replacements: [{path: x.yaml}]\n",
            "transformers: [x.yaml]\n",
            "openapi: {path: x.yaml}\n",
        ] {
            put(folder.path(), "u/kustomization.yaml", kustomization);
            let said = refused(folder.path(), &["u"]);
            assert!(said.contains("x.yaml") && said.len() < 2_000, "{name}: {kustomization}: {said}");
        }
        put(folder.path(), "u/kustomization.yaml", &text);
        let said = refused(folder.path(), &["u"]);
        assert!(said.contains("kustomization.yaml"), "{name}: {said}");
        let said = refused(folder.path(), &["--fleet", "."]);
        assert!(said.contains("kustomization.yaml") && said.len() < 2_000, "{name}: {said}");
    }
}
