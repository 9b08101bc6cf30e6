//! What lies where it would not be applied: whole units inside of others, and manifests beside a chart. Passing over them
//! would drop objects without a word (G6).

use std::collections::BTreeSet;

use serde_json::Value;
use teal_kustomize::{Entry, KUSTOMIZATION_FILE_NAMES, Origin, Tree};
use teal_yaml::Node;

use crate::RenderError;
use crate::error::Inner;
use crate::helm::HELM_FILES;
use crate::plain::{Ignore, is_manifest, is_own, under};

/// Deepest folder that is looked into.
const MAX_DEPTH: usize = 64;
/// What a unit with a chart is, for errors.
const CHART: &str = "that is a chart";

/// The file that makes `folder`, with these `names` in it, a unit of its own kind; `None` when nothing does. A `helm.yaml`
/// counts by what is in it: it may as well be a manifest of something called Helm.
pub(crate) fn whole(tree: &dyn Tree, folder: &str, names: &[String]) -> Option<(String, Inner)> {
    let there = |name: &str| names.iter().any(|one| one == name);
    if let Some(name) = KUSTOMIZATION_FILE_NAMES.iter().find(|name| there(name)) {
        return Some((under(folder, name), Inner::Kustomization));
    }
    let [declaration, chart] = HELM_FILES;
    let file = under(folder, declaration);
    if there(declaration)
        && let Ok(Some(Entry::File(bytes))) = tree.entry(&file)
        && let Ok(documents) = teal_yaml::text_of(&bytes).and_then(teal_yaml::read)
        && documents.into_iter().any(|document| is_declaration(&document.into_value()))
    {
        return Some((file, Inner::Chart));
    }
    there(chart).then(|| (under(folder, chart), Inner::Chart))
}

/// Whether a document declares a chart and is nothing to apply.
pub(crate) fn is_declaration(value: &Value) -> bool {
    let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default();
    text("apiVersion").starts_with("teal.dev/") && matches!(text("kind"), "Helm" | "HelmLock")
}

/// The error for such a document among the manifests of `unit`.
pub(crate) fn declared(unit: &str, origin: &Origin, whole: &'static str) -> RenderError {
    RenderError::Nested { outer: unit.to_owned(), inner: origin.to_string(), what: Inner::Declaration, whole }
}

/// Everything in the folder `unit` of the chart that `by` declares which would not be applied. `used` is what the chart, its
/// values and its lock were read from, `values` the files among it that are values, whatever they look like.
pub(crate) fn beside_chart(
    tree: &dyn Tree,
    unit: &str,
    by: &str,
    used: &BTreeSet<String>,
    values: &BTreeSet<String>,
) -> Vec<RenderError> {
    let ignore = match Ignore::read(tree, unit) {
        Ok(ignore) => ignore,
        Err(error) => return vec![error],
    };
    let mut search = Search { tree, unit, by, used, values, ignore, errors: Vec::new() };
    search.folder(unit, 0);
    search.errors
}

struct Search<'a> {
    tree: &'a dyn Tree,
    unit: &'a str,
    by: &'a str,
    used: &'a BTreeSet<String>,
    values: &'a BTreeSet<String>,
    ignore: Ignore,
    errors: Vec<RenderError>,
}

impl Search<'_> {
    fn folder(&mut self, path: &str, depth: usize) {
        if depth > MAX_DEPTH {
            return self.errors.push(RenderError::TooDeep { path: path.to_owned(), most: MAX_DEPTH });
        }
        let names = match self.tree.entry(path) {
            Ok(Some(Entry::Dir(names))) => names,
            Ok(_) => return,
            Err(error) => return self.errors.push(error.into()),
        };
        let mut names: Vec<String> =
            names.into_iter().filter(|name| !self.ignore.holds(self.unit, &under(path, name))).collect();
        if path == self.unit {
            // What the chart is made of is no other unit. A kustomization is, whatever else the folder is.
            names.retain(|name| !HELM_FILES.contains(&name.as_str()) || !self.used.contains(&under(path, name)));
        }
        if let Some((inner, what)) = whole(self.tree, path, &names) {
            let (outer, by) = (self.unit.to_owned(), self.by.to_owned());
            return self.errors.push(match path == self.unit {
                true => RenderError::Beside { place: inner, what: what.to_string(), by },
                false => RenderError::Nested { outer, inner, what, whole: CHART },
            });
        }
        for name in names.iter().filter(|name| !name.starts_with('.')) {
            let child = under(path, name);
            match self.tree.entry(&child) {
                Ok(Some(Entry::Dir(_))) if !self.used.contains(&child) => self.folder(&child, depth + 1),
                Ok(Some(Entry::File(bytes))) if child != self.by && is_manifest(name) && !is_own(name, &bytes) => {
                    self.file(&child, &bytes);
                }
                Ok(_) => {}
                Err(error) => self.errors.push(error.into()),
            }
        }
    }

    /// A file of a chart is one of its files, and passed over by Helm as it likes; but in the unit's own folder anybody
    /// would take a manifest for one of the unit.
    fn file(&mut self, path: &str, bytes: &[u8]) {
        let used = self.used.contains(path);
        if used && self.values.contains(path) {
            return;
        }
        match teal_yaml::text_of(bytes).and_then(teal_yaml::read) {
            Ok(documents) => {
                let Some(first) = documents.iter().find(|document| is_object(document)) else { return };
                let text = |node: Option<&Node>| node.and_then(Node::as_str).unwrap_or_default().to_owned();
                let name = first.get("metadata").and_then(|metadata| metadata.get("name"));
                let what = format!("{} {}", text(first.get("kind")), text(name)).trim_end().to_owned();
                let (place, by) = (format!("{path}:{}", first.at.line), self.by.to_owned());
                self.errors.push(RenderError::Beside { place, what, by });
            }
            Err(_) if used => {} // Helm tells
            Err(error) => {
                let (place, by) = (format!("{path}:{}", error.at), self.by.to_owned());
                let what = format!("a file that can't be read ({})", error.message);
                self.errors.push(RenderError::Beside { place, what, by });
            }
        }
    }
}

/// Whether a document is a manifest, and no values that happen to have a `kind`.
fn is_object(document: &Node) -> bool {
    let text = |field: &str| document.get(field).and_then(Node::as_str);
    let Some((version, kind)) = text("apiVersion").zip(text("kind")) else { return false };
    let own = version.starts_with("teal.dev/") && !matches!(kind, "Helm" | "HelmLock");
    !own && (document.get("metadata").is_some() || document.get("items").is_some() || kind == "Helm")
}
