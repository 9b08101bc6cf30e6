//! Black-box cases of kustomize's own suite, read in place beside the workspace; skipped, with a line that says so, where
//! they are not. A case counts as supported when every field it uses is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

use serde_json::Value;
use std::path::{Path, PathBuf};
use teal_kustomize::{BuildError, FolderTree, LoadRestrictor, Options, Reorder, build};
use teal_yaml::Dialect;

fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("TEAL_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    folder.is_dir().then_some(folder)
}

fn documents(text: &str) -> Vec<Value> {
    let nodes = teal_yaml::read_as(Dialect::Kubernetes, text).expect("the expectation parses");
    nodes.into_iter().map(teal_yaml::Node::into_value).collect()
}

enum Outcome {
    Passed { same_bytes: bool },
    Failed(String),
    Unsupported(String),
}

fn run(case: &Path) -> Outcome {
    let about: Value = serde_json::from_slice(&std::fs::read(case.join("case.json")).unwrap()).unwrap();
    let flags: Vec<&str> = about["flags"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let mut options = Options::default();
    for pair in flags.chunks(2) {
        match pair {
            ["--reorder", "none"] => options.reorder = Reorder::None,
            ["--load-restrictor", "LoadRestrictionsNone"] => options.restrictor = LoadRestrictor::None,
            _ => return Outcome::Unsupported(format!("flag {}", pair.join(" "))),
        }
    }
    let tree = FolderTree::open(case.join("input")).unwrap();
    let built = build(&tree, about["path"].as_str().unwrap(), &options);
    if let Err(errors) = &built {
        for error in &errors.0 {
            if let BuildError::Unsupported { field, .. } = error {
                return Outcome::Unsupported(field.clone());
            }
        }
    }
    match (about["outcome"].as_str().unwrap(), built) {
        ("error", Err(_)) => Outcome::Passed { same_bytes: true },
        ("error", Ok(_)) => Outcome::Failed(format!(
            "built, and should fail with: {}",
            std::fs::read_to_string(case.join("error.txt")).unwrap().trim()
        )),
        (_, Err(errors)) => Outcome::Failed(errors.to_string()),
        (_, Ok(built)) => {
            let text = std::fs::read_to_string(case.join("expected.yaml")).unwrap();
            let want = documents(&text);
            let got: Vec<Value> = built.objects.iter().map(|object| object.value.clone()).collect();
            if want == got {
                let printed: Vec<String> = got.iter().map(teal_yaml::write).collect();
                return Outcome::Passed { same_bytes: printed.join("---\n") == text };
            }
            let at = (0..).find(|&at| want.get(at) != got.get(at)).unwrap();
            let show = |list: &[Value]| list.get(at).map_or_else(|| "nothing".to_owned(), teal_yaml::write);
            Outcome::Failed(format!("document {at} differs\nwant:\n{}got:\n{}", show(&want), show(&got)))
        }
    }
}

#[test]
fn cases_of_kustomizes_suite() {
    let Some(cases) = shared().map(|shared| shared.join("kustomize-cases")).filter(|cases| cases.is_dir()) else {
        println!("skipped: no kustomize cases beside the workspace (set TEAL_SHARED)");
        return;
    };
    let mut names: Vec<PathBuf> = std::fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.join("case.json").is_file());
    names.sort();
    let (mut passed, mut bytes, mut failed, mut unsupported) = (0, 0, Vec::new(), Vec::new());
    for case in &names {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        match run(case) {
            Outcome::Passed { same_bytes } => {
                passed += 1;
                bytes += usize::from(same_bytes);
                if !same_bytes {
                    println!("{name}: documents equal, bytes differ");
                }
            }
            Outcome::Failed(why) => failed.push(format!("{name}: {why}")),
            Outcome::Unsupported(field) => unsupported.push(format!("{name} ({field})")),
        }
    }
    println!("unsupported: {}", unsupported.join(", "));
    println!(
        "kustomize cases: {passed} passed ({bytes} equal as bytes), {} failed, {} unsupported",
        failed.len(),
        unsupported.len()
    );
    assert!(failed.is_empty(), "{} failed\n\n{}", failed.len(), failed.join("\n\n"));
}
