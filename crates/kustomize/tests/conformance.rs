//! Black-box cases of kustomize's own suite, read in place beside the workspace; skipped, with a line that says so, where
//! they are not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

use serde_json::Value;
use std::path::{Path, PathBuf};
use teal_kustomize::{BuildErrors, FolderTree, LoadRestrictor, Options, Reorder, build};
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

/// What a text of kustomize's says went wrong → words of ours that name the same cause.
const CAUSES: [(&str, &str); 17] = [
    ("unable to find one of 'kustomization.yaml'", "no kustomization file here"),
    ("MalformedYAMLError", "expected a key of the mapping"),
    ("namespace is blank", "empty `namespace`"),
    ("may not add resource with an already registered id", "is defined twice"),
    ("expected kind != 'Component'", "is a Component"),
    ("expected kind 'Component'", "is no Component"),
    ("file is not directory", "is no folder"),
    ("apiVersion for Component should be", "write kustomize.config.k8s.io/v1alpha1"),
    ("cannot use both", "cannot use both"),
    ("version is not built in", "version is not built in"),
    ("already defined at line", "stands twice in one mapping"),
    ("patch appears to be empty", "patch appears to be empty"),
    ("multiple matches for Id", "several objects match"),
    ("no matches for Id", "no object matches"),
    ("must be one of [fifo, legacy]", "must be fifo or legacy"),
    ("is not in or below", "is not in this folder or below"),
    ("external plugins disabled", "external plugins disabled"),
];
const MORE_CAUSES: [(&str, &str); 2] = [
    ("exists; can not use behavior", "behavior must be merge or replace"),
    ("Found multiple kustomization files", "found multiple"),
];

/// Which words the error of a case must hold.
fn cause(text: &str) -> Vec<&'static str> {
    let all = CAUSES.iter().chain(&MORE_CAUSES);
    let found: Vec<&str> = all.filter(|(theirs, _)| text.contains(theirs)).map(|(_, ours)| *ours).collect();
    assert!(!found.is_empty(), "no cause known for: {text}");
    found
}

struct Case {
    folder: PathBuf,
    about: Value,
}

struct Passed {
    same_bytes: bool,
}

impl Case {
    fn options(&self) -> Options {
        let flags: Vec<&str> = self.about["flags"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let mut options = Options::default();
        for pair in flags.chunks(2) {
            match pair {
                ["--reorder", "none"] => options.reorder = Reorder::None,
                ["--reorder", "legacy"] => options.reorder = Reorder::Legacy,
                ["--load-restrictor", "LoadRestrictionsNone"] => options.restrictor = LoadRestrictor::None,
                _ => panic!("unknown flag {}", pair.join(" ")),
            }
        }
        options
    }

    fn build(&self, options: &Options) -> Result<Vec<Value>, BuildErrors> {
        let tree = FolderTree::open(self.folder.join("input")).unwrap();
        let built = build(&tree, self.about["path"].as_str().unwrap(), options)?;
        Ok(built.objects.into_iter().map(|object| object.value.into()).collect())
    }

    fn run(&self) -> Result<Passed, String> {
        let options = self.options();
        let read = |name: &str| std::fs::read_to_string(self.folder.join(name)).unwrap();
        match (self.about["outcome"].as_str().unwrap(), self.build(&options)) {
            ("error", Err(errors)) => {
                let (want, got) = (cause(&read("error.txt")), errors.to_string());
                match want.iter().any(|want| got.contains(want)) {
                    true => Ok(Passed { same_bytes: true }),
                    false => Err(format!("another error: {got}\nwant one that says: {want:?}")),
                }
            }
            ("error", Ok(_)) => Err(format!("built, and should fail with: {}", read("error.txt").trim())),
            (_, Err(errors)) => Err(errors.to_string()),
            (_, Ok(got)) => {
                let same_bytes = compare(&read("expected.yaml"), &got)?;
                let ours = self.build(&Options { reorder: Reorder::Legacy, ..options });
                let legacy = ours.map_err(|errors| errors.to_string())?;
                let name = match self.folder.join("expected.default-order.yaml").is_file() {
                    true => "expected.default-order.yaml",
                    false => "expected.yaml",
                };
                compare(&read(name), &legacy).map_err(|why| format!("in the default order: {why}"))?;
                Ok(Passed { same_bytes })
            }
        }
    }
}

/// Compares documents in order; also says whether the printed bytes are the same.
fn compare(text: &str, got: &[Value]) -> Result<bool, String> {
    let want = documents(text);
    if want == got {
        let printed: Vec<String> = got.iter().map(teal_yaml::write).collect();
        return Ok(printed.join("---\n") == text);
    }
    let at = (0..).find(|&at| want.get(at) != got.get(at)).unwrap();
    let show = |list: &[Value]| list.get(at).map_or_else(|| "nothing".to_owned(), teal_yaml::write);
    Err(format!("document {at} differs\nwant:\n{}got:\n{}", show(&want), show(got)))
}

#[test]
fn cases_of_kustomizes_suite() {
    let Some(cases) = shared().map(|shared| shared.join("kustomize-cases")).filter(|cases| cases.is_dir()) else {
        println!("skipped: no kustomize cases beside the workspace (set TEAL_SHARED)");
        return;
    };
    let mut folders: Vec<PathBuf> = std::fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.join("case.json").is_file());
    folders.sort();
    let (mut passed, mut bytes, mut failed) = (0, 0, Vec::new());
    for folder in folders {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let about = serde_json::from_slice(&std::fs::read(folder.join("case.json")).unwrap()).unwrap();
        match (Case { folder, about }).run() {
            Ok(Passed { same_bytes }) => {
                passed += 1;
                bytes += usize::from(same_bytes);
                if !same_bytes {
                    println!("{name}: documents equal, bytes differ");
                }
            }
            Err(why) => failed.push(format!("{name}: {why}")),
        }
    }
    println!("kustomize cases: {passed} passed ({bytes} equal as bytes), {} failed", failed.len());
    assert!(failed.is_empty(), "{} failed\n\n{}", failed.len(), failed.join("\n\n"));
    // At least 95 of 100 as bytes.
    assert!(bytes * 100 >= passed * 95, "only {bytes} of {passed} are equal as bytes");
}
