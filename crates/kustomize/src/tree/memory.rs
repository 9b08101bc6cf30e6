//! A tree in memory, for tests and for texts that were never files.

use super::{Entry, Tree, TreeError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Files by path. Folders are what the paths imply.
#[derive(Debug, Clone, Default)]
pub struct MemoryTree {
    files: BTreeMap<String, Arc<[u8]>>,
    links: BTreeSet<String>,
}

impl MemoryTree {
    /// Makes an empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a file; replaces one that is there.
    pub fn insert(&mut self, path: impl Into<String>, content: impl AsRef<[u8]>) {
        self.files.insert(path.into(), Arc::from(content.as_ref()));
    }

    /// Puts a symbolic link.
    pub fn insert_link(&mut self, path: impl Into<String>) {
        self.links.insert(path.into());
    }

    /// Takes a file away.
    pub fn remove(&mut self, path: &str) {
        self.files.remove(path);
    }
}

impl<P: Into<String>, C: AsRef<[u8]>, const N: usize> From<[(P, C); N]> for MemoryTree {
    fn from(files: [(P, C); N]) -> Self {
        let mut tree = Self::new();
        for (path, content) in files {
            tree.insert(path, content);
        }
        tree
    }
}

impl Tree for MemoryTree {
    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        if let Some(content) = self.files.get(path) {
            return Ok(Some(Entry::File(Arc::clone(content))));
        }
        if self.links.contains(path) {
            return Ok(Some(Entry::Link));
        }
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let below = |name: &String| name.strip_prefix(&prefix)?.split('/').next().map(str::to_owned);
        let files = self.files.range(prefix.clone()..).map(|(name, _)| name).map_while(below);
        let links = self.links.range(prefix.clone()..).map_while(below);
        let names: BTreeSet<String> = files.chain(links).collect();
        Ok((path.is_empty() || !names.is_empty()).then(|| Entry::Dir(names.into_iter().collect())))
    }
}
