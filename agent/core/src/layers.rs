//! Which directory is a unit of which layer (SYNC §1).
//!
//! A glob is matched against directories that hold manifests or a kustomization *themselves*; `*` does not cross `/`.
//! A unit's name depends on the Sync and the path only, so renaming a layer, or moving a unit between layers, keeps it.

use std::collections::BTreeMap;

use globset::{Glob, GlobMatcher};

use crate::digest::Digest;

/// Name of the one layer of a fleet without `teal.yaml`.
pub const DEFAULT_LAYER: &str = "fleet";
/// Longest readable part of a slug; with the hash it stays a valid label value (63).
const READABLE: usize = 50;

/// A layer as declared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LayerSpec {
    /// Its name.
    pub name: String,
    /// Globs over directories, relative to the fleet.
    pub paths: Vec<String>,
    /// Layers that must have been ready first.
    pub after: Vec<String>,
}

/// A directory of the fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// Path relative to the fleet; empty for its root.
    pub path: String,
    /// Whether it holds manifest files or a kustomization itself.
    pub has_manifests: bool,
}

/// One unit: a directory with a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnitRef {
    /// Readable part and 8 hex digits of the hash of (Sync, path); a valid object name and label value.
    pub slug: String,
    /// Path relative to the fleet; empty for its root.
    pub path: String,
}

impl UnitRef {
    /// The unit at `path` of `sync`.
    #[must_use]
    pub fn new(sync: &str, path: &str) -> Self {
        Self { slug: slug(sync, path), path: path.to_owned() }
    }
}

/// A layer with its units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerLayout {
    /// Its name.
    pub name: String,
    /// Layers that must have been ready first.
    pub after: Vec<String>,
    /// Its units, by path.
    pub units: Vec<UnitRef>,
}

/// Every layer in the order of the file, and what is worth knowing though it stops nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// The layers.
    pub layers: Vec<LayerLayout>,
    /// Globs that match nothing, directories that match but hold no manifests.
    pub notices: Vec<String>,
}

impl Layout {
    /// The layout of a fleet without `teal.yaml`: one layer with one unit, its root.
    #[must_use]
    pub fn single(sync: &str) -> Self {
        let units = vec![UnitRef::new(sync, "")];
        Self {
            layers: vec![LayerLayout { name: DEFAULT_LAYER.to_owned(), after: Vec::new(), units }],
            notices: Vec::new(),
        }
    }

    /// Every unit with the name of its layer.
    pub fn units(&self) -> impl Iterator<Item = (&str, &UnitRef)> {
        self.layers.iter().flat_map(|layer| layer.units.iter().map(|unit| (layer.name.as_str(), unit)))
    }
}

/// Why the directories can't be units.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// A glob that is none.
    #[error("layer {layer}: `{glob}` is not a glob: {problem}")]
    BadGlob {
        /// The layer.
        layer: String,
        /// As written.
        glob: String,
        /// What is wrong.
        problem: String,
    },
    /// A directory that two layers would apply.
    #[error(
        "{path} is matched twice, by `{first_glob}` of layer {first} and by `{second_glob}` of layer {second}; a directory is one unit of one layer"
    )]
    MatchedTwice {
        /// The directory.
        path: String,
        /// Layer of the first match.
        first: String,
        /// Its glob.
        first_glob: String,
        /// Layer of the second match.
        second: String,
        /// Its glob.
        second_glob: String,
    },
    /// A unit inside another: its objects would be declared twice.
    #[error(
        "unit {inner} (layer {inner_layer}) lies inside unit {outer} (layer {outer_layer}); narrow a glob so that only one of them matches"
    )]
    Nested {
        /// The inner directory.
        inner: String,
        /// Its layer.
        inner_layer: String,
        /// The outer directory.
        outer: String,
        /// Its layer.
        outer_layer: String,
    },
    /// `after` names no layer.
    #[error("layer {layer} comes after {after}, which is no layer")]
    UnknownLayer {
        /// The layer.
        layer: String,
        /// What it names.
        after: String,
    },
}

impl LayoutError {
    /// Closed set: metric label, Event reason and log field alike.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::BadGlob { .. } => "BadGlob",
            Self::MatchedTwice { .. } => "MatchedTwice",
            Self::Nested { .. } => "NestedUnit",
            Self::UnknownLayer { .. } => "UnknownLayer",
        }
    }
}

/// A readable name for the unit at `path`: unique for (Sync, path), a valid object name.
#[must_use]
pub fn slug(sync: &str, path: &str) -> String {
    let hash = Digest::of_parts([sync.as_bytes(), path.as_bytes()]).short(8);
    let mut readable = String::with_capacity(path.len());
    for c in path.chars() {
        if c.is_ascii_alphanumeric() {
            readable.push(c.to_ascii_lowercase());
        } else if !readable.ends_with('-') {
            readable.push('-');
        }
    }
    // The end of a path tells more than its beginning. All ASCII, so any cut is a boundary.
    let cut = readable.len().saturating_sub(READABLE);
    let readable = readable.get(cut..).unwrap_or_default().trim_matches('-');
    if readable.is_empty() { format!("root-{hash}") } else { format!("{readable}-{hash}") }
}

/// Lays the fleet's directories out in layers.
///
/// # Errors
/// All mistakes at once: see [`LayoutError`].
pub fn layout(sync: &str, layers: &[LayerSpec], directories: &[Directory]) -> Result<Layout, Vec<LayoutError>> {
    let mut errors = Vec::new();
    let mut notices = Vec::new();
    // path → (layer, glob); the first match wins, a second one is an error.
    let mut matched: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for (at, layer) in layers.iter().enumerate() {
        for unknown in layer.after.iter().filter(|after| !layers.iter().any(|other| other.name == **after)) {
            errors.push(LayoutError::UnknownLayer { layer: layer.name.clone(), after: unknown.clone() });
        }
        for glob in &layer.paths {
            match matcher(glob) {
                Ok(matcher) => match_directories(
                    layers,
                    (at, glob, &matcher),
                    directories,
                    &mut matched,
                    &mut errors,
                    &mut notices,
                ),
                Err(problem) => {
                    errors.push(LayoutError::BadGlob { layer: layer.name.clone(), glob: glob.clone(), problem })
                }
            }
        }
    }
    errors.extend(nested(layers, &matched));
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut laid: Vec<_> = layers
        .iter()
        .map(|layer| LayerLayout { name: layer.name.clone(), after: layer.after.clone(), units: Vec::new() })
        .collect();
    for (path, (layer, _)) in matched {
        if let Some(layer) = laid.get_mut(layer) {
            layer.units.push(UnitRef::new(sync, path));
        }
    }
    Ok(Layout { layers: laid, notices })
}

fn matcher(glob: &str) -> Result<GlobMatcher, String> {
    let glob = tidy(glob);
    let built = globset::GlobBuilder::new(glob).literal_separator(true).build();
    built.as_ref().map(Glob::compile_matcher).map_err(|error| error.kind().to_string())
}

/// `./apps/*/` means `apps/*`; `.` is the root.
fn tidy(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    if path == "." { "" } else { path.strip_prefix("./").unwrap_or(path) }
}

fn match_directories<'a>(
    layers: &'a [LayerSpec],
    (at, glob, matcher): (usize, &'a str, &GlobMatcher),
    directories: &'a [Directory],
    matched: &mut BTreeMap<&'a str, (usize, &'a str)>,
    errors: &mut Vec<LayoutError>,
    notices: &mut Vec<String>,
) {
    let name = |at: usize| layers.get(at).map(|layer| layer.name.clone()).unwrap_or_default();
    let (mut units, mut empty) = (0, Vec::new());
    for directory in directories.iter().filter(|directory| matcher.is_match(&directory.path)) {
        let path = directory.path.as_str();
        if !directory.has_manifests {
            empty.push(path);
            continue;
        }
        units += 1;
        match matched.get(path) {
            Some((first, first_glob)) => errors.push(LayoutError::MatchedTwice {
                path: path.to_owned(),
                first: name(*first),
                first_glob: (*first_glob).to_owned(),
                second: name(at),
                second_glob: glob.to_owned(),
            }),
            None => {
                matched.insert(path, (at, glob));
            }
        }
    }
    if units == 0 && empty.is_empty() {
        notices.push(format!("layer {}: `{glob}` matches no directory", name(at)));
    }
    // With `**` the directories between are no surprise; with anything else somebody meant them.
    if !glob.contains("**") {
        for path in empty {
            notices.push(format!("layer {}: {path} holds no manifests itself, so it is no unit", name(at)));
        }
    }
}

fn nested(layers: &[LayerSpec], matched: &BTreeMap<&str, (usize, &str)>) -> Vec<LayoutError> {
    let name = |at: usize| layers.get(at).map(|layer| layer.name.clone()).unwrap_or_default();
    let mut errors = Vec::new();
    for (inner, (inner_layer, _)) in matched {
        let mut outer = *inner;
        while !outer.is_empty() {
            outer = outer.rsplit_once('/').map_or("", |(parent, _)| parent);
            if let Some((outer_layer, _)) = matched.get(outer) {
                errors.push(LayoutError::Nested {
                    inner: (*inner).to_owned(),
                    inner_layer: name(*inner_layer),
                    outer: if outer.is_empty() { ".".to_owned() } else { outer.to_owned() },
                    outer_layer: name(*outer_layer),
                });
                break;
            }
        }
    }
    errors
}
