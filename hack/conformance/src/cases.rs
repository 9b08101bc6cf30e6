//! Black-box cases made from kustomize's own suite, read in place: what each must print, or why it must fail.

mod cause;
mod table;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// One case of the suite.
#[derive(Debug)]
struct Case {
    name: String,
    input: PathBuf,
    path: String,
    flags: Vec<String>,
    features: Vec<String>,
    want: Want,
    /// What the command prints without `--reorder`, where that is recorded.
    without_reorder: Option<String>,
}

#[derive(Debug)]
enum Want {
    Text(String),
    Failure(String),
}

/// What became of one case.
#[derive(Debug, Default)]
struct Verdict {
    name: String,
    features: Vec<String>,
    /// An error is due.
    must_fail: bool,
    documents: bool,
    bytes: bool,
    failed: bool,
    same_cause: bool,
    /// The same as bytes in the command's own order; `None` where that was not run.
    other_order: Option<bool>,
    /// For people: what differs.
    notes: String,
}

impl Verdict {
    /// Equal documents in order, or, where an error is due, one that names the same cause.
    fn passed(&self) -> bool {
        if self.must_fail { self.same_cause } else { self.documents && self.other_order != Some(false) }
    }
}

/// What to do with the page of results.
pub(crate) enum Page {
    None,
    Write(PathBuf),
    /// It must say what is found.
    Check(PathBuf),
}

/// Runs all cases, prints the table and what differs, and says whether every case passed and the page is as it should be.
pub(crate) fn run(teal: &Path, folder: &Path, page: &Page, filter: &str) -> Result<bool> {
    let teal = teal.canonicalize().with_context(|| format!("{}: build it first", teal.display()))?;
    let mut cases = read_cases(folder)?;
    cases.retain(|case| case.name.contains(filter));
    if cases.is_empty() {
        bail!("{}: holds no case named like `{filter}`", folder.display());
    }
    let verdicts = cases.iter().map(|case| judge(&teal, case)).collect::<Result<Vec<_>>>()?;
    for verdict in verdicts.iter().filter(|verdict| !verdict.notes.is_empty()) {
        println!("{}:\n  {}\n", verdict.name, verdict.notes.trim_end().replace('\n', "\n  "));
    }
    let table = table::markdown(&verdicts);
    println!("{table}");
    let is_current = match page {
        Page::None => true,
        Page::Write(file) => {
            std::fs::write(file, table::page(&table)).with_context(|| format!("write {}", file.display()))?;
            true
        }
        Page::Check(file) => {
            let same = std::fs::read_to_string(file).is_ok_and(|text| text == table::page(&table));
            if !same {
                println!("{} is not what it would be now; write it anew: cargo xtask conformance", file.display());
            }
            same
        }
    };
    Ok(is_current && verdicts.iter().all(Verdict::passed))
}

fn read_cases(folder: &Path) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let path = entry?.path();
        if path.join("case.json").is_file() {
            cases.push(read_case(&path).with_context(|| format!("read the case {}", path.display()))?);
        }
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}

fn read_case(folder: &Path) -> Result<Case> {
    let about: Value = serde_json::from_slice(&std::fs::read(folder.join("case.json"))?)?;
    let texts = |key: &str| -> Vec<String> {
        let list = about.get(key).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let text = |key: &str| about.get(key).and_then(Value::as_str).map(str::to_owned);
    let want = match text("outcome").as_deref() {
        Some("ok") => Want::Text(std::fs::read_to_string(folder.join("expected.yaml"))?),
        Some("error") => Want::Failure(std::fs::read_to_string(folder.join("error.txt"))?),
        other => bail!("the outcome is {other:?}"),
    };
    let without_reorder = match (text("default_order").as_deref(), &want) {
        (Some("same"), Want::Text(text)) => Some(text.clone()),
        (Some("differs"), _) => Some(std::fs::read_to_string(folder.join("expected.default-order.yaml"))?),
        _ => None,
    };
    let mut features = texts("features");
    features.extend(texts("builtins"));
    features.sort();
    features.dedup();
    Ok(Case {
        name: folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        input: folder.join("input"),
        path: text("path").context("no path")?,
        flags: texts("flags"),
        features,
        want,
        without_reorder,
    })
}

/// What the program printed, or why it failed.
fn build(teal: &Path, case: &Case, flags: &[String]) -> Result<std::result::Result<String, String>> {
    let mut command = Command::new(teal);
    command.arg("build").arg(&case.path).args(flags).current_dir(&case.input);
    let output = command.output().with_context(|| format!("run {}", teal.display()))?;
    Ok(match output.status.code() {
        Some(0) => Ok(String::from_utf8(output.stdout).context("what it prints is no UTF-8")?),
        Some(1) if output.stdout.is_empty() => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        _ => bail!("{}: ended with {}: {}", case.name, output.status, String::from_utf8_lossy(&output.stderr)),
    })
}

fn judge(teal: &Path, case: &Case) -> Result<Verdict> {
    let got = build(teal, case, &case.flags)?;
    let mut verdict = Verdict { name: case.name.clone(), features: case.features.clone(), ..Verdict::default() };
    match (&case.want, got) {
        (Want::Failure(want), Err(said)) => {
            (verdict.must_fail, verdict.failed) = (true, true);
            verdict.same_cause = cause::is_same(want, &said);
            if !verdict.same_cause {
                verdict.notes = format!("the message names another cause\nkustomize: {want}\nteal: {said}");
            }
        }
        (Want::Failure(want), Ok(_)) => {
            verdict.must_fail = true;
            verdict.notes = format!("built, and should fail: {want}");
        }
        (Want::Text(_), Err(said)) => verdict.notes = said,
        (Want::Text(want), Ok(got)) => {
            verdict.bytes = *want == got;
            let (want, got) = (documents(want)?, documents(&got)?);
            verdict.documents = want == got;
            if !verdict.bytes {
                verdict.notes = difference(&want, &got);
            }
        }
    }
    if let (Some(want), true) = (&case.without_reorder, verdict.documents) {
        let flags: Vec<String> = without_reorder(&case.flags);
        let got = build(teal, case, &flags)?.unwrap_or_default();
        let same = got == *want || !verdict.bytes && documents(want)? == documents(&got)?;
        verdict.other_order = Some(same);
        if !same {
            verdict.notes.push_str("\ndiffers without --reorder");
        }
    }
    Ok(verdict)
}

fn without_reorder(flags: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut flags = flags.iter();
    while let Some(flag) = flags.next() {
        if flag == "--reorder" {
            flags.next();
        } else if !flag.starts_with("--reorder=") {
            kept.push(flag.clone());
        }
    }
    kept
}

/// The documents of a text as values.
pub(crate) fn documents(text: &str) -> Result<Vec<Value>> {
    let nodes = teal_yaml::read(text).context("what is printed is no YAML")?;
    Ok(nodes.into_iter().map(teal_yaml::Node::into_value).collect())
}

/// The first document that differs, both ways.
pub(crate) fn difference(want: &[Value], got: &[Value]) -> String {
    let Some(at) = (0..want.len().max(got.len())).find(|&at| want.get(at) != got.get(at)) else {
        return "documents are equal, bytes are not".to_owned();
    };
    let show = |list: &[Value]| list.get(at).map_or_else(|| "nothing\n".to_owned(), teal_yaml::write);
    format!("document {at} differs (- kustomize, + teal)\n{}", changes(&show(want), &show(got)))
}

/// Lines that differ, with what stands around them.
pub(crate) fn changes(want: &str, got: &str) -> String {
    let diff = similar::TextDiff::from_lines(want, got);
    diff.unified_diff().context_radius(4).to_string()
}
