//! One walk over a fleet's folders: which directories hold manifests, and the digest of what the fleet declares.

use teal_agent_core::Digest;
use teal_agent_core::layers::Directory;
use teal_git::{ReadError, Snapshot, SnapshotEntry};
use teal_render::{TreeError, is_file_name, is_manifest_name};

/// Deeper folders than this are nobody's units.
const MAX_DEPTH: usize = 32;

/// What the walk found.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Every folder, relative to the fleet.
    pub directories: Vec<Directory>,
    /// Digest over every file but the `Switch` documents: equal means equal intent, whatever the commit (SYNC §9).
    pub digest: Option<Digest>,
}

/// Walks the folders below `root`.
///
/// # Errors
/// What git says of a path it refuses.
pub(crate) fn scan(snapshot: &Snapshot, root: &str) -> Result<Scan, TreeError> {
    let mut walk = Walk { snapshot, root, scan: Scan::default(), files: Vec::new() };
    walk.folder("", 0).map_err(|error| TreeError::new(root, error.to_string()))?;
    walk.files.sort();
    let parts = walk.files.iter().flat_map(|(path, id)| [path.as_bytes(), id.as_bytes()]);
    walk.scan.digest = Some(Digest::of_parts(parts));
    Ok(walk.scan)
}

/// `a/b` below `root`; either may be empty.
#[must_use]
pub(crate) fn below(root: &str, path: &str) -> String {
    match (root.is_empty(), path.is_empty()) {
        (true, _) => path.to_owned(),
        (_, true) => root.to_owned(),
        _ => format!("{root}/{path}"),
    }
}

struct Walk<'a> {
    snapshot: &'a Snapshot,
    root: &'a str,
    scan: Scan,
    files: Vec<(String, String)>,
}

impl Walk<'_> {
    fn folder(&mut self, path: &str, depth: usize) -> Result<(), ReadError> {
        let Some(SnapshotEntry::Dir(names)) = self.snapshot.entry(&below(self.root, path))? else { return Ok(()) };
        let has_manifests = names.iter().any(|name| is_manifest_name(name));
        self.scan.directories.push(Directory { path: path.to_owned(), has_manifests });
        for name in &names {
            let inner = below(path, name);
            if is_file_name(name) || !self.is_folder(&inner)? {
                self.file(inner, name)?;
            } else if depth < MAX_DEPTH {
                self.folder(&inner, depth + 1)?;
            }
        }
        Ok(())
    }

    /// A link, a submodule or an LFS pointer is no folder; whoever reads it says what is wrong with it.
    fn is_folder(&self, path: &str) -> Result<bool, ReadError> {
        match self.snapshot.entry(&below(self.root, path)) {
            Ok(Some(SnapshotEntry::Dir(_))) => Ok(true),
            Ok(_) | Err(ReadError::Submodule { .. } | ReadError::LfsPointer { .. } | ReadError::TooLarge { .. }) => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn file(&mut self, path: String, name: &str) -> Result<(), ReadError> {
        if self.is_switch(&path, name)? {
            return Ok(());
        }
        if let Some(id) = self.snapshot.tree_id(&below(self.root, &path))? {
            self.files.push((path, id));
        }
        Ok(())
    }

    /// A `Switch` says where traffic goes, not what the clusters are.
    fn is_switch(&self, path: &str, name: &str) -> Result<bool, ReadError> {
        if !name.ends_with(".yaml") && !name.ends_with(".yml") {
            return Ok(false);
        }
        let Ok(Some(SnapshotEntry::File(bytes))) = self.snapshot.entry(&below(self.root, path)) else {
            return Ok(false);
        };
        let text = String::from_utf8_lossy(&bytes);
        let lines = || text.lines().map(|line| line.trim_end().replace(['"', '\''], ""));
        Ok(text.len() < 65_536
            && lines().any(|line| line == "kind: Switch")
            && lines().any(|line| line.starts_with("apiVersion: teal.dev/")))
    }
}
