//! The verdicts as a table by feature, for the terminal and for `docs/conformance.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Verdict;

#[derive(Debug, Default, Clone, Copy)]
struct Row {
    build: usize,
    documents: usize,
    bytes: usize,
    must_fail: usize,
    failed: usize,
    same_cause: usize,
}

impl Row {
    fn add(&mut self, verdict: &Verdict) {
        if verdict.must_fail {
            self.must_fail += 1;
            self.failed += usize::from(verdict.failed);
            self.same_cause += usize::from(verdict.same_cause);
        } else {
            self.build += 1;
            self.documents += usize::from(verdict.documents);
            self.bytes += usize::from(verdict.bytes);
        }
    }

    fn line(self, name: &str) -> String {
        let Self { build, documents, bytes, must_fail, failed, same_cause } = self;
        format!("| {name} | {build} | {documents} | {bytes} | {must_fail} | {failed} | {same_cause} |\n")
    }
}

/// A row a feature, the sum first. A case counts in the row of every feature it uses.
pub(super) fn markdown(verdicts: &[Verdict]) -> String {
    let mut all = Row::default();
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    for verdict in verdicts {
        all.add(verdict);
        for feature in verdict.features.iter().filter(|feature| !feature.is_empty()) {
            rows.entry(feature).or_default().add(verdict);
        }
    }
    let mut text = String::from(
        "| feature | must build | equal documents, in order | equal bytes | must fail | fails | names the same cause |\n|---|---|---|---|---|---|---|\n",
    );
    text.push_str(&all.line("**all cases**"));
    for (name, row) in rows {
        text.push_str(&row.line(&format!("`{name}`")));
    }
    let other: Vec<bool> = verdicts.iter().filter_map(|verdict| verdict.other_order).collect();
    let same = other.iter().filter(|same| **same).count();
    let _ = writeln!(text, "\nWithout `--reorder`, in the command's own order: {same} of {} equal.", other.len());
    let names = |wrong: fn(&Verdict) -> bool| -> String {
        let names: Vec<&str> = verdicts.iter().filter(|v| wrong(v)).map(|verdict| verdict.name.as_str()).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    let _ = writeln!(text, "\n- Not equal, or without the error that is due: {}.", names(|verdict| !verdict.passed()));
    let _ = writeln!(text, "- Equal as documents and not as bytes: {}.", names(|v| v.documents && !v.bytes));
    let _ = writeln!(text, "- Fails and names another cause: {}.", names(|v| v.failed && !v.same_cause));
    text
}

/// The whole page.
pub(super) fn page(table: &str) -> String {
    format!(
        "# Conformance with kustomize

Written by `cargo xtask conformance`. The cases are made from kustomize's own suite (`api/krusty`, commit 12f9e6391464, 2026-08-20, checked
with the released command v5.8.2) and are read in place from `../shared/kustomize-cases`; a clone without them skips this. Each runs
through the real `teal build` in the case's folder, with the case's flags. *Equal documents* compares values in order, *equal bytes* the
whole output. An error *names the same cause* when it is of the same sort and speaks of the same file, object or field; wordings differ.

{table}"
    )
}
