//! A directory of plain manifests: every YAML and JSON file in it and below it, minus what `.tealignore` excludes.

use regex::RegexSet;
use teal_kustomize::{Entry, LoadedObject, Tree, load_each};
use teal_yaml::{Dialect, Node};

use crate::{RenderError, beside};

/// Files that speak of the fleet rather than of the cluster, where everything in them does.
const OWN_FILES: [&str; 4] = ["teal.yaml", "unit.yaml", "colors.yaml", "switch.yaml"];
/// Deepest folder below a unit: every level takes a piece of the stack.
const MAX_DEPTH: usize = 64;
/// What such a unit is, for errors.
const PLAIN: &str = "of plain manifests";
const IGNORE_FILE: &str = ".tealignore";
/// Longest `.tealignore` that is read.
const MAX_IGNORE_BYTES: usize = 64 << 10;

/// Reads all manifests of the unit at `path`. A bad file does not hide the good ones.
pub(crate) fn load(tree: &dyn Tree, path: &str) -> (Vec<LoadedObject>, Vec<RenderError>) {
    let ignore = Ignore::read(tree, path);
    let (ignore, errors) = ignore.map_or_else(|error| (Ignore::default(), vec![error]), |ignore| (ignore, Vec::new()));
    let mut walk = Walk { tree, unit: path, ignore, objects: Vec::new(), errors };
    walk.directory(path);
    (walk.objects, walk.errors)
}

/// What `.tealignore` of a unit leaves out.
#[derive(Default)]
pub(crate) struct Ignore {
    patterns: RegexSet,
}

struct Walk<'a> {
    tree: &'a dyn Tree,
    unit: &'a str,
    ignore: Ignore,
    objects: Vec<LoadedObject>,
    errors: Vec<RenderError>,
}

impl Ignore {
    /// Reads it; nothing is left out where there is none.
    pub(crate) fn read(tree: &dyn Tree, unit: &str) -> Result<Self, RenderError> {
        let file = under(unit, IGNORE_FILE);
        let bytes = match tree.entry(&file) {
            Ok(Some(Entry::File(bytes))) => bytes,
            Ok(Some(Entry::Link)) => return Err(RenderError::Link { path: file }),
            Ok(_) => return Ok(Self::default()),
            Err(error) => return Err(error.into()),
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let lines =
            || text.lines().map(str::trim).zip(1..).filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
        for (text, line) in lines() {
            if let Some(problem) = unlike_git(text) {
                return Err(RenderError::Ignore { file, line, problem });
            }
        }
        // Made from escaped text, so only its size can be wrong. To ignore nothing would apply what was left out.
        let compiled = (text.len() <= MAX_IGNORE_BYTES)
            .then(|| RegexSet::new(lines().map(|(line, _)| pattern(line))).ok())
            .flatten();
        let problem = "too many or too long patterns; name folders instead of files";
        compiled.map(|patterns| Self { patterns }).ok_or(RenderError::Ignore { file, line: 1, problem })
    }

    /// Whether `path` below `unit` is left out.
    pub(crate) fn holds(&self, unit: &str, path: &str) -> bool {
        let inside = path.strip_prefix(unit).unwrap_or(path).trim_start_matches('/');
        self.patterns.is_match(inside)
    }
}

impl Walk<'_> {
    fn directory(&mut self, path: &str) {
        if path.len() > self.unit.len() && path[self.unit.len()..].matches('/').count() > MAX_DEPTH {
            return self.errors.push(RenderError::TooDeep { path: path.to_owned(), most: MAX_DEPTH });
        }
        let names = match self.tree.entry(path) {
            Ok(Some(Entry::Dir(names))) => names,
            Ok(_) => return,
            Err(error) => return self.errors.push(error.into()),
        };
        if path != self.unit
            && let Some((inner, what)) = beside::whole(self.tree, path, &names)
        {
            let (outer, whole) = (self.unit.to_owned(), PLAIN);
            return self.errors.push(RenderError::Nested { outer, inner, what, whole });
        }
        for name in names.iter().filter(|name| !name.starts_with('.')) {
            let child = under(path, name);
            if !self.ignore.holds(self.unit, &child) {
                self.entry(&child, name);
            }
        }
    }

    fn entry(&mut self, path: &str, name: &str) {
        match self.tree.entry(path) {
            Ok(Some(Entry::Dir(_))) => self.directory(path),
            // A link may stand for a folder of manifests: passing over it would drop objects silently.
            Ok(Some(Entry::Link)) if path == under(self.unit, "unit.yaml") => {} // told where settings are read
            Ok(Some(Entry::Link)) if is_manifest(name) || !name.contains('.') => {
                self.errors.push(RenderError::Link { path: path.to_owned() });
            }
            Ok(Some(Entry::File(bytes))) if is_manifest(name) && !is_own(name, &bytes) => {
                let loaded = load_each(path, &bytes, Dialect::Kubernetes);
                for object in loaded.objects.into_iter().filter(is_for_the_cluster) {
                    match beside::is_declaration(&object.value) {
                        true => self.errors.push(beside::declared(self.unit, &object.origin, PLAIN)),
                        false => self.objects.push(object),
                    }
                }
                self.errors.extend(loaded.errors.into_iter().map(RenderError::Build));
            }
            Ok(_) => {}
            Err(error) => self.errors.push(error.into()),
        }
    }
}

/// Whether a file is Teal's own by its name *and* all that is in it: a ConfigMap in a `colors.yaml` is a manifest.
pub(crate) fn is_own(name: &str, bytes: &[u8]) -> bool {
    let own = |node: &Node| node.get("apiVersion").and_then(Node::as_str).is_some_and(|it| it.starts_with("teal.dev/"));
    let read = || teal_yaml::text_of(bytes).and_then(teal_yaml::read).ok();
    OWN_FILES.contains(&name) && read().is_some_and(|documents| documents.iter().all(own))
}

/// What git would make of a line of `.tealignore` that this does not.
fn unlike_git(line: &str) -> Option<&'static str> {
    if line.starts_with('!') {
        return Some("`!` takes nothing back here; write the patterns so that they leave the file alone");
    }
    line.contains(['[', '\\']).then_some("`[` and `\\` mean nothing special here; write the pattern with `*` and `?`")
}

/// `Switch` and `Fleet` documents are for Teal's own eyes.
fn is_for_the_cluster(object: &LoadedObject) -> bool {
    let text = |field: &str| object.value.get(field).and_then(serde_json::Value::as_str).unwrap_or_default();
    !(text("apiVersion").starts_with("teal.dev/")
        && matches!(text("kind"), "Switch" | "Fleet" | "UnitSettings" | "Colors"))
}

pub(crate) fn is_manifest(name: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|ending| name.ends_with(ending))
}

pub(crate) fn under(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

/// A line of `.tealignore` as an anchored expression, in gitignore's sense without negation: `*` stays within a part, `**`
/// crosses parts, a line without an inner slash matches at any depth, and a directory takes all below it.
fn pattern(line: &str) -> String {
    let anchored = line.trim_end_matches('/').contains('/');
    let line = line.trim_matches('/');
    let mut out = String::from(if anchored { "^" } else { "(?:^|/)" });
    let mut rest = line;
    while !rest.is_empty() {
        let (piece, length) = if rest.starts_with("**/") {
            ("(?:.*/)?".to_owned(), 3)
        } else if rest.starts_with("**") {
            (".*".to_owned(), 2)
        } else {
            let letter = rest.chars().next().unwrap_or_default();
            let piece = match letter {
                '*' => "[^/]*".to_owned(),
                '?' => "[^/]".to_owned(),
                other => regex::escape(other.encode_utf8(&mut [0; 4])),
            };
            (piece, letter.len_utf8())
        };
        out.push_str(&piece);
        rest = &rest[length..];
    }
    out.push_str("(?:/|$)");
    out
}
