//! Where files come from. The build reads through this trait alone.

mod folder;
mod memory;
mod recorder;

pub use folder::{FolderTree, MAX_FILE_BYTES, read_file};
pub use memory::MemoryTree;
pub use recorder::Recorder;

use std::sync::Arc;

/// What stands at a path. Its `Debug` shows no content.
#[derive(Clone, PartialEq, Eq)]
pub enum Entry {
    /// A file with its bytes.
    File(Arc<[u8]>),
    /// A folder with the names in it, sorted.
    Dir(Vec<String>),
    /// A symbolic link. Links are never followed.
    Link,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(bytes) => write!(f, "File({} bytes)", bytes.len()),
            Self::Dir(names) => f.debug_tuple("Dir").field(names).finish(),
            Self::Link => f.write_str("Link"),
        }
    }
}

/// A tree of files. Paths are `/`-joined, relative to the root, without `.`, `..` or empty parts; `""` is the root.
pub trait Tree {
    /// Returns what stands at `path`; `None` when nothing does.
    ///
    /// # Errors
    /// When the tree itself can't be read. A missing path is no error.
    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError>;

    /// Where `path` really is, for trees that follow symbolic links; load restrictions and relative paths go by it.
    /// Trees that follow none return it as it is.
    ///
    /// # Errors
    /// When the tree itself can't be read.
    fn real_path(&self, path: &str) -> Result<String, TreeError> {
        Ok(path.to_owned())
    }
}

/// The tree can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct TreeError {
    /// Which path was asked for.
    pub path: String,
    /// What went wrong and what to do.
    pub message: String,
    reason: &'static str,
}

impl TreeError {
    /// Makes one.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), reason: "TreeUnreadable" }
    }

    /// Gives it another reason, a word of a closed set.
    #[must_use]
    pub fn because(mut self, reason: &'static str) -> Self {
        self.reason = reason;
        self
    }

    /// The closed reason of this error: `TreeUnreadable`, unless the tree knows better.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

impl<T: Tree + ?Sized> Tree for &T {
    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        (**self).entry(path)
    }

    fn real_path(&self, path: &str) -> Result<String, TreeError> {
        (**self).real_path(path)
    }
}

impl<T: Tree + ?Sized> Tree for Arc<T> {
    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        (**self).entry(path)
    }

    fn real_path(&self, path: &str) -> Result<String, TreeError> {
        (**self).real_path(path)
    }
}
