//! One commit on top of a branch, for the command line: the emergency lane writes the ledger first and this after.

use std::cell::RefCell;
use std::sync::{Arc, PoisonError};

use git2::build::TreeUpdateBuilder;
use git2::{FileMode, Oid, PushOptions, RemoteCallbacks, Repository as Git, Signature};

use crate::error::tame;
use crate::repository::{Connection, has};
use crate::snapshot::components;
use crate::{CommitId, FetchError, PushError, Reference, Repository, transport};

/// Local name of the commit that is pushed.
const OUTGOING: &str = "refs/teal/outgoing";

/// Who a commit is by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
}

/// A commit to be made. Its `Debug` shows no content of files.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// Branch to write to.
    pub branch: String,
    /// The commit the edits were made on; the push is refused when the branch is elsewhere by now.
    pub onto: CommitId,
    /// Files with their new content; existing ones keep their mode.
    pub edits: Vec<(String, Vec<u8>)>,
    /// The commit's message.
    pub message: String,
    /// Author and committer.
    pub author: Author,
}

impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let files: Vec<&str> = self.edits.iter().map(|(path, _)| path.as_str()).collect();
        f.debug_struct("Change")
            .field("branch", &self.branch)
            .field("onto", &self.onto)
            .field("files", &files)
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}

impl Repository {
    /// Makes a commit with `change` and pushes it; returns its id.
    ///
    /// # Errors
    /// [`PushError::Raced`] when the branch is no longer at `onto`: read again, edit again, repeat. Never forces.
    pub fn commit_and_push(&self, change: &Change) -> Result<CommitId, PushError> {
        let _one = self.fetching.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = self.store.current();
        let git = dir.git()?;
        let branch = Reference::Branch(change.branch.clone());
        let Some(name) = branch.full_name()? else { return Err(self.raced(change)) };
        {
            let mut connection = Connection::open(self, &git)?;
            let head = connection.heads.iter().find(|(other, _)| *other == name).map(|(_, id)| *id);
            if head != Some(change.onto.oid()) {
                return Err(self.raced(change));
            }
            if !has(&git, change.onto.oid()) {
                connection.download(std::slice::from_ref(&name), 1)?;
            }
        }
        let commit = self.make_commit(&git, change)?;
        git.reference(OUTGOING, commit, true, "outgoing").map_err(|error| self.local(&error))?;
        self.push(&git, change, &name)?;
        let id = CommitId::from_oid(commit);
        dir.keep(&git, &id)?;
        Ok(id)
    }

    fn make_commit(&self, git: &Git, change: &Change) -> Result<Oid, PushError> {
        let make = || {
            let parent = git.find_commit(change.onto.oid())?;
            let tree = parent.tree()?;
            let mut update = TreeUpdateBuilder::new();
            for (path, bytes) in &change.edits {
                let mode = tree.get_path(path.as_ref()).map_or(FileMode::Blob, |entry| match entry.filemode() {
                    0o100_755 => FileMode::BlobExecutable,
                    _ => FileMode::Blob,
                });
                update.upsert(path.as_str(), git.blob(bytes)?, mode);
            }
            let tree = git.find_tree(update.create_updated(git, &tree)?)?;
            let author = Signature::now(&change.author.name, &change.author.email)?;
            git.commit(None, &author, &author, &change.message, &tree, &[&parent])
        };
        for (path, _) in &change.edits {
            components(path)?.for_each(drop);
        }
        make().map_err(|error| self.local(&error))
    }

    fn push(&self, git: &Git, change: &Change, name: &str) -> Result<(), PushError> {
        let session = Arc::new(self.remote.session()?);
        let refused: RefCell<Option<String>> = RefCell::new(None);
        let result = {
            let mut callbacks = RemoteCallbacks::new();
            callbacks.push_update_reference(|_, status| {
                *refused.borrow_mut() = status.map(tame);
                Ok(())
            });
            let mut options = PushOptions::new();
            options.remote_callbacks(callbacks).packbuilder_parallelism(1);
            let mut remote = git.remote_anonymous(self.remote.url.as_str()).map_err(|error| self.local(&error))?;
            let spec = format!("{OUTGOING}:{name}");
            transport::within(&session, || {
                let pushed = remote.push(&[spec.as_str()], Some(&mut options));
                let _ = remote.disconnect();
                pushed
            })
        };
        if let Err(error) = result {
            // The branch moved between our look and the push.
            if error.code() == git2::ErrorCode::NotFastForward {
                return Err(self.raced(change));
            }
            return Err(session.explain(&error, git.path()).into());
        }
        match refused.into_inner() {
            None => Ok(()),
            Some(cause) if is_race(&cause) => Err(self.raced(change)),
            Some(cause) => {
                Err(PushError::Rejected { url: self.remote.url.to_string(), branch: change.branch.clone(), cause })
            }
        }
    }

    fn raced(&self, change: &Change) -> PushError {
        PushError::Raced { url: self.remote.url.to_string(), branch: change.branch.clone() }
    }

    fn local(&self, error: &git2::Error) -> PushError {
        FetchError::store(&self.store.current().path, error.message()).into()
    }
}

/// What git servers say when the old value of a branch is not the one the push named.
fn is_race(cause: &str) -> bool {
    ["fetch first", "non-fast-forward", "failed to update ref", "cannot lock ref", "stale", "incorrect old value"]
        .iter()
        .any(|known| cause.contains(known))
}
