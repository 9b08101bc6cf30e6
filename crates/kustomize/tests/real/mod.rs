//! The same files through the real kustomize, where `cargo xtask tools kustomize` has put it: expectations written by hand
//! are then those of the program itself.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;
use teal_yaml::Dialect;

static PROGRAM: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hack/kustomize/bin/kustomize");
    if program.is_file() {
        return Some(program);
    }
    let forbidden = std::env::var("TEAL_REQUIRE").is_ok_and(|value| value == "all");
    assert!(!forbidden, "needs kustomize (cargo xtask tools kustomize), and TEAL_REQUIRE=all forbids to skip");
    eprintln!("not compared with kustomize: it is not there (cargo xtask tools kustomize)");
    None
});

/// What kustomize makes of files with a kustomization at their root; `None` without kustomize.
pub(crate) fn build(files: &[(&str, &str)]) -> Option<Result<Vec<Value>, String>> {
    let program = PROGRAM.as_ref()?;
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    // It may go round for ever where we don't.
    let mut command = Command::new("timeout");
    command.arg("60").arg(program).args(["build", "--reorder", "none"]).arg(folder.path());
    let output = command.output().unwrap();
    assert_ne!(output.status.code(), Some(124), "kustomize does not end");
    if !output.status.success() {
        return Some(Err(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let nodes = teal_yaml::read_as(Dialect::Kubernetes, std::str::from_utf8(&output.stdout).unwrap()).unwrap();
    Some(Ok(nodes.into_iter().map(teal_yaml::Node::into_value).collect()))
}

/// Says so when kustomize makes something else of the files, or refuses what was built, or builds what was refused.
pub(crate) fn same(files: &[(&str, &str)], ours: Result<Vec<Value>, String>) {
    let shown = || files.iter().map(|(path, text)| format!("--- {path}\n{text}\n")).collect::<String>();
    match (build(files), ours) {
        (None, _) | (Some(Err(_)), Err(_)) => {}
        (Some(Ok(theirs)), Ok(ours)) => assert_eq!(ours, theirs, "kustomize makes something else of\n{}", shown()),
        (Some(Ok(_)), Err(ours)) => panic!("kustomize builds it, and we say {ours}:\n{}", shown()),
        (Some(Err(theirs)), Ok(_)) => panic!("we build it, and kustomize says {theirs}:\n{}", shown()),
    }
}
