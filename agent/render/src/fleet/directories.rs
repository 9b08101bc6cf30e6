//! Which folders of a fleet hold manifests themselves: only those can be units.

use teal_agent_core::layers::Directory;
use teal_kustomize::{Entry, KUSTOMIZATION_FILE_NAMES, Tree, TreeError};

use super::below;

/// Files that say something of the fleet and are no manifests.
const OWN_FILES: [&str; 5] = ["teal.yaml", "unit.yaml", "colors.yaml", "switch.yaml", "switch.yml"];
/// Endings that tell a file from a folder without reading it.
const FILE_ENDINGS: [&str; 12] =
    [".yaml", ".yml", ".json", ".md", ".txt", ".sh", ".tpl", ".toml", ".tealignore", ".lock", ".png", ".gitignore"];
/// Deeper folders than this are nobody's units.
const MAX_DEPTH: usize = 32;

/// Lists every folder below `root`, itself included, with paths relative to it. Hidden folders of version control are
/// left out.
///
/// # Errors
/// When the root can't be read.
pub fn directories(tree: &dyn Tree, root: &str) -> Result<Vec<Directory>, TreeError> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), 0)];
    while let Some((path, depth)) = open.pop() {
        let names = match tree.entry(&below(root, &path)) {
            Ok(Some(Entry::Dir(names))) => names,
            Err(error) if path.is_empty() => return Err(error),
            // Whoever reads it says what is wrong with it.
            Ok(_) | Err(_) => continue,
        };
        let has_manifests = names.iter().any(|name| is_manifest_name(name));
        found.push(Directory { path: path.clone(), has_manifests });
        if depth == MAX_DEPTH {
            continue;
        }
        // Pushed in reverse, so that folders come in the order of their names.
        for name in names.iter().rev().filter(|name| !is_file_name(name) && *name != ".git") {
            open.push((below(&path, name), depth + 1));
        }
    }
    Ok(found)
}

/// Whether the ending alone says that this is a file.
#[must_use]
pub fn is_file_name(name: &str) -> bool {
    FILE_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Whether a folder that holds a file of this name can be a unit.
#[must_use]
pub fn is_manifest_name(name: &str) -> bool {
    let yaml = name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
    yaml && !OWN_FILES.contains(&name) || KUSTOMIZATION_FILE_NAMES.contains(&name)
}
