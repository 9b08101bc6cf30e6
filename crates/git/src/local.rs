//! A repository that is on this machine already: its commits are read, nothing is fetched, locked or written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use git2::{Oid, Repository as Git};

use crate::error::tame;
use crate::store::StoreDir;
use crate::{CommitId, Limits, LocalError, Snapshot, global};

/// A clone, a work tree or a bare repository on disk.
pub struct LocalRepository {
    dir: Arc<StoreDir>,
    git: Git,
    work_tree: Option<PathBuf>,
}

impl std::fmt::Debug for LocalRepository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalRepository").field("path", &self.git.path()).finish_non_exhaustive()
    }
}

impl LocalRepository {
    /// Finds the repository that `folder` is in, as git itself would.
    ///
    /// # Errors
    /// `NoRepository`.
    pub fn discover(folder: &Path) -> Result<Self, LocalError> {
        let none = |cause: &str| LocalError::NoRepository { folder: folder.to_owned(), cause: tame(cause) };
        global::set_up().map_err(|cause| none(&cause))?;
        let git = Git::discover(folder).map_err(|error| none(error.message()))?;
        let work_tree = git.workdir().map(|folder| folder.canonicalize().unwrap_or_else(|_| folder.to_owned()));
        let dir = Arc::new(StoreDir::foreign(git.path().to_owned()));
        Ok(Self { dir, git, work_tree })
    }

    /// Returns the folder of the files that are checked out; `None` for a bare repository.
    #[must_use]
    pub fn work_tree(&self) -> Option<&Path> {
        self.work_tree.as_deref()
    }

    /// Returns the repository's own folder: `.git` of a clone.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.git.path()
    }

    /// Opens the commit that `revision` names, in any way git takes: `main`, `v1.2`, `HEAD~3`, a short id.
    ///
    /// # Errors
    /// `NoRevision`.
    pub fn snapshot(&self, revision: &str) -> Result<Snapshot, LocalError> {
        let none = |cause: &str| LocalError::NoRevision { revision: tame(revision), cause: tame(cause) };
        let object = self.git.revparse_single(revision).map_err(|error| none(error.message()))?;
        let commit = object.peel_to_commit().map_err(|error| none(error.message()))?;
        let (id, root): (Oid, Oid) = (commit.id(), commit.tree_id());
        let git = self.dir.git().map_err(|error| none(&error.to_string()))?;
        Ok(Snapshot::new(CommitId::from_oid(id), root, Arc::clone(&self.dir), git, Limits::default().file_bytes))
    }
}
