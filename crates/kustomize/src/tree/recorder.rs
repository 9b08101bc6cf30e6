//! Which paths were asked for.

use super::{Entry, Tree, TreeError};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

/// Most bytes read through one recorder; a file that is read again counts again.
const MAX_READ_BYTES: usize = 256 << 20;
/// Most questions asked through one recorder.
const MAX_READS: usize = 200_000;

/// Wraps a tree and writes down every path that was asked for, missing ones included: what was missing and appears
/// later changes the result as well. Bounds the work.
pub struct Recorder<'a> {
    tree: &'a dyn Tree,
    reads: RefCell<BTreeSet<String>>,
    bytes: Cell<usize>,
    asked: Cell<usize>,
}

impl<'a> Recorder<'a> {
    /// Wraps a tree.
    #[must_use]
    pub fn new(tree: &'a dyn Tree) -> Self {
        Self { tree, reads: RefCell::default(), bytes: Cell::new(0), asked: Cell::new(0) }
    }

    /// Ends the recording.
    #[must_use]
    pub fn into_reads(self) -> BTreeSet<String> {
        self.reads.into_inner()
    }
}

impl Tree for Recorder<'_> {
    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        self.asked.set(self.asked.get() + 1);
        if self.asked.get() > MAX_READS {
            return Err(TreeError::new(path, format!("more than {MAX_READS} files and folders in one unit; split it")));
        }
        if !self.reads.borrow().contains(path) {
            self.reads.borrow_mut().insert(path.to_owned());
        }
        let entry = self.tree.entry(path)?;
        if let Some(Entry::File(bytes)) = &entry {
            self.bytes.set(self.bytes.get().saturating_add(bytes.len()));
            if self.bytes.get() > MAX_READ_BYTES {
                let message =
                    format!("more than {MAX_READ_BYTES} bytes in one unit, files read again included; split it");
                return Err(TreeError::new(path, message));
            }
        }
        Ok(entry)
    }

    fn real_path(&self, path: &str) -> Result<String, TreeError> {
        self.tree.real_path(path)
    }
}
