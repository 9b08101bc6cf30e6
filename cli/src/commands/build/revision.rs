//! A commit of a repository on this machine as a tree.

use teal_git::{Snapshot, SnapshotEntry};
use teal_kustomize::{Entry, Tree, TreeError};

/// Paths are those of the repository. Links are reported, not followed: what they point to may be in no commit.
#[derive(Debug)]
pub(super) struct RevisionTree(pub(super) Snapshot);

impl Tree for RevisionTree {
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
