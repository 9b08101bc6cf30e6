//! A commit as the tree that rendering reads.

use teal_git::{Snapshot, SnapshotEntry};
use teal_render::{Entry, Tree, TreeError};

/// A snapshot whose paths are those of the repository.
#[derive(Debug, Clone)]
pub(crate) struct CommitTree(pub(crate) Snapshot);

impl Tree for CommitTree {
    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        let entry = self.0.entry(path).map_err(|error| {
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
