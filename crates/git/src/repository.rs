//! A remote repository and the store that holds what was fetched of it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use git2::{AutotagOption, Direction, FetchOptions, Oid, RemoteCallbacks, Repository as Git};

use crate::error::tame;
use crate::http::Remote;
use crate::session::Session;
use crate::store::Store;
use crate::{CommitId, FetchError, Options, Reference, Snapshot, global, transport};

/// Depths tried when a server gives no single commit by its id: from its branches' heads downwards.
const SEARCH_DEPTHS: [i32; 3] = [64, 1024, UNSHALLOW];
/// libgit2's and git's word for the whole history.
pub(crate) const UNSHALLOW: i32 = i32::MAX;

/// A remote repository with its store. All methods block; one fetch runs at a time, snapshots are read meanwhile.
pub struct Repository {
    pub(crate) remote: Remote,
    pub(crate) store: Store,
    pub(crate) fetching: Mutex<()>,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository").field("url", &self.remote.url.as_str()).finish_non_exhaustive()
    }
}

/// A commit that is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: CommitId,
    /// When it was committed, in seconds since 1970-01-01 UTC.
    pub time: i64,
    /// First line of its message, one line without control characters.
    pub message: String,
    /// `Name <mail>` of its author.
    pub author: String,
}

impl Repository {
    /// Opens the store in `dir`, making it when absent; no request is sent. One process at a time has a `dir` open.
    ///
    /// # Errors
    /// `InvalidUrl`, `InvalidSecret`, `Store`, `StoreBusy`.
    pub fn open(dir: &Path, options: &Options) -> Result<Self, FetchError> {
        global::set_up().map_err(|cause| FetchError::store(dir, cause))?;
        let remote = Remote::new(options)?;
        Ok(Self { remote, store: Store::open(dir)?, fetching: Mutex::new(()) })
    }

    /// Asks what `reference` points to: one request, nothing is stored. A commit id is its own answer, without a request.
    ///
    /// # Errors
    /// See [`FetchError`]; `NoSuchRef` names what there is instead.
    pub fn ls_remote(&self, reference: &Reference) -> Result<CommitId, FetchError> {
        if let Reference::Commit(id) = reference {
            return Ok(id.clone());
        }
        let git = self.store.current().git()?;
        let connection = Connection::open(self, &git)?;
        self.resolve(reference, &connection.heads).map(|id| CommitId::from_oid(id.commit))
    }

    /// Brings the commit that `reference` points to into the store, with its files and without its history.
    ///
    /// Only what the store lacks is transferred. A commit given by id that is in the store needs no request; a server that
    /// gives no commit by id is searched from its branches downwards, within the limits.
    ///
    /// # Errors
    /// See [`FetchError`]; after one the store is as it was.
    pub fn fetch(&self, reference: &Reference) -> Result<Commit, FetchError> {
        let _one = self.fetching.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = self.store.current();
        let git = dir.git()?;
        let id = match reference {
            Reference::Commit(id) if has(&git, id.oid()) => id.oid(),
            Reference::Commit(id) => {
                self.fetch_commit(&git, id)?;
                id.oid()
            }
            _ => {
                let mut connection = Connection::open(self, &git)?;
                let found = self.resolve(reference, &connection.heads)?;
                if !has(&git, found.commit) {
                    connection.download(&[found.name], 1)?;
                }
                found.commit
            }
        };
        let commit = self.describe(&git, id)?;
        dir.keep(&git, &commit.id)?;
        drop(git);
        drop(dir);
        self.store.fit(self.remote.url.as_str(), self.remote.limits.store_bytes)?;
        Ok(commit)
    }

    /// Opens a commit for reading; it stays readable while it is held, whatever is fetched meanwhile.
    ///
    /// # Errors
    /// `NoSuchRef` when the commit is not in the store: fetch it first.
    pub fn snapshot(&self, commit: &CommitId) -> Result<Snapshot, FetchError> {
        let dir = self.store.current();
        let git = dir.git()?;
        let Ok(found) = git.find_commit(commit.oid()) else {
            return Err(FetchError::NoSuchRef {
                url: self.remote.url.to_string(),
                reference: Reference::Commit(commit.clone()).to_string(),
                known: " in its store; fetch it first".to_owned(),
            });
        };
        let root = found.tree_id();
        drop(found);
        Ok(Snapshot::new(commit.clone(), root, dir, git, self.remote.limits.file_bytes))
    }

    /// Brings one commit by id: asked for directly, else searched for below the branches.
    fn fetch_commit(&self, git: &Git, id: &CommitId) -> Result<(), FetchError> {
        let mut connection = Connection::open(self, git)?;
        if connection.heads.is_empty() {
            return Err(FetchError::EmptyRepository { url: self.remote.url.to_string() });
        }
        let wanted = match connection.heads.iter().find(|(_, head)| *head == id.oid()) {
            Some((name, _)) => name.trim_end_matches("^{}").to_owned(),
            None => id.to_string(),
        };
        match connection.download(&[wanted], 1) {
            Ok(()) if has(git, id.oid()) => return Ok(()),
            // The server refuses to give commits by id (`uploadpack.allowReachableSHA1InWant`), or does not have it.
            Ok(()) | Err(FetchError::Protocol { .. }) => {}
            Err(error) => return Err(error),
        }
        for depth in SEARCH_DEPTHS {
            Connection::open(self, git)?.download(&[ALL_BRANCHES.to_owned()], depth)?;
            if has(git, id.oid()) {
                return Ok(());
            }
        }
        Err(FetchError::NoSuchRef {
            url: self.remote.url.to_string(),
            reference: Reference::Commit(id.clone()).to_string(),
            known: "; no branch contains it: was the history rewritten?".to_owned(),
        })
    }

    fn resolve(&self, reference: &Reference, heads: &[(String, Oid)]) -> Result<Found, FetchError> {
        let url = self.remote.url.to_string();
        let Some(name) = reference.full_name()? else { return Err(FetchError::EmptyRepository { url }) };
        if heads.is_empty() {
            return Err(FetchError::EmptyRepository { url });
        }
        let peeled = format!("{name}^{{}}");
        let find = |wanted: &str| heads.iter().find(|(name, _)| name == wanted).map(|(_, id)| *id);
        match find(&peeled).or_else(|| find(&name)) {
            Some(commit) => Ok(Found { name, commit }),
            None => {
                Err(FetchError::NoSuchRef { url, reference: reference.to_string(), known: known(reference, heads) })
            }
        }
    }

    fn describe(&self, git: &Git, id: Oid) -> Result<Commit, FetchError> {
        let wrong = |cause: String| FetchError::Protocol { url: self.remote.url.to_string(), cause };
        let commit =
            git.find_commit(id).map_err(|error| wrong(format!("{id} is no commit: {}", tame(error.message()))))?;
        let author = commit.author();
        let text = |bytes: &[u8]| tame(&String::from_utf8_lossy(bytes));
        let message = commit.message_bytes();
        Ok(Commit {
            id: CommitId::from_oid(id),
            time: commit.time().seconds(),
            message: text(message.split(|byte| *byte == b'\n').next().unwrap_or_default()),
            author: format!("{} <{}>", text(author.name_bytes()), text(author.email_bytes())),
        })
    }
}

/// Everything that is a branch; the right side is never written, since nothing but `download` is called.
pub(crate) const ALL_BRANCHES: &str = "+refs/heads/*:refs/teal/unused/*";

struct Found {
    name: String,
    commit: Oid,
}

/// A connection that has read the server's references.
pub(crate) struct Connection<'git> {
    session: Arc<Session>,
    store: PathBuf,
    remote: git2::Remote<'git>,
    pub(crate) heads: Vec<(String, Oid)>,
}

impl<'git> Connection<'git> {
    pub(crate) fn open(repository: &Repository, git: &'git Git) -> Result<Self, FetchError> {
        let session = Arc::new(repository.remote.session()?);
        let mut remote = git
            .remote_anonymous(repository.remote.url.as_str())
            .map_err(|error| FetchError::store(git.path(), error.message()))?;
        let heads = transport::within(&session, || {
            remote.connect(Direction::Fetch)?;
            Ok::<_, git2::Error>(remote.list()?.iter().map(|head| (head.name().to_owned(), head.oid())).collect())
        });
        let heads = heads.map_err(|error| session.explain(&error, git.path()))?;
        Ok(Self { session, store: git.path().to_owned(), remote, heads })
    }

    /// Downloads what the store lacks of `wants` down to `depth` commits; no reference is changed.
    pub(crate) fn download(&mut self, wants: &[String], depth: i32) -> Result<(), FetchError> {
        let session = &self.session;
        let mut callbacks = RemoteCallbacks::new();
        callbacks.transfer_progress(|progress| {
            let checked = session.count_objects(progress.total_objects()).and_then(|()| session.check_time());
            checked.map_err(|error| session.fail(error)).is_ok()
        });
        let mut options = FetchOptions::new();
        options.remote_callbacks(callbacks).depth(depth).download_tags(AutotagOption::None);
        let remote = &mut self.remote;
        let done = transport::within(session, || remote.download(wants, Some(&mut options)));
        done.map_err(|error| session.explain(&error, &self.store))
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        let remote = &mut self.remote;
        // Nothing is sent: the protocol is stateless over HTTP.
        let _ = transport::within(&self.session, || remote.disconnect());
    }
}

/// Tells whether the store has a commit with its files. Packs are stored whole or not at all, so its tree tells.
pub(crate) fn has(git: &Git, id: Oid) -> bool {
    git.find_commit(id).is_ok_and(|commit| commit.tree().is_ok())
}

fn known(reference: &Reference, heads: &[(String, Oid)]) -> String {
    let prefix = if matches!(reference, Reference::Tag(_)) { "refs/tags/" } else { "refs/heads/" };
    let names: Vec<String> = heads
        .iter()
        .filter_map(|(name, _)| name.strip_prefix(prefix))
        .filter(|name| !name.ends_with("^{}"))
        .map(tame)
        .collect();
    if names.is_empty() {
        return String::new();
    }
    let more = if names.len() > 5 { format!(" and {} more", names.len() - 5) } else { String::new() };
    format!("; it has {}{more}", names.iter().take(5).cloned().collect::<Vec<_>>().join(", "))
}
