//! A commit as the tree that rendering reads.

use teal_kustomize::{Entry, Tree, TreeError};

use crate::snapshot::{Snapshot, SnapshotEntry};

/// Paths are those of the repository. Links are reported, not followed: what they point to may be in no commit.
impl Tree for Snapshot {
    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        let entry = Snapshot::entry(self, path).map_err(|error| {
            // Both errors name the path; once is enough.
            let text = error.to_string();
            TreeError::new(path, text.strip_prefix(&format!("{path}: ")).unwrap_or(&text))
        })?;
        Ok(entry.map(|entry| match entry {
            SnapshotEntry::File(bytes) => Entry::File(bytes),
            SnapshotEntry::Dir(names) => Entry::Dir(names),
            SnapshotEntry::Link(_) => Entry::Link,
        }))
    }
}
