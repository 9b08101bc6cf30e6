//! Which paths were asked for.

use super::{Entry, Tree, TreeError};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Wraps a tree and writes down every path that was asked for, missing ones included: what was missing and appears
/// later changes the result as well.
pub struct Recorder<'a> {
    tree: &'a dyn Tree,
    reads: RefCell<BTreeSet<String>>,
}

impl<'a> Recorder<'a> {
    /// Wraps a tree.
    #[must_use]
    pub fn new(tree: &'a dyn Tree) -> Self {
        Self { tree, reads: RefCell::default() }
    }

    /// Ends the recording.
    #[must_use]
    pub fn into_reads(self) -> BTreeSet<String> {
        self.reads.into_inner()
    }
}

impl Tree for Recorder<'_> {
    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        self.reads.borrow_mut().insert(path.to_owned());
        self.tree.entry(path)
    }
}
