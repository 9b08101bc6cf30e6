//! A commit's files and folders, read from the store. Nothing is ever written out as a file.

use std::sync::{Arc, Mutex, PoisonError};

use git2::{FileMode, ObjectType, Oid, Repository as Git, Tree};

use crate::error::tame;
use crate::store::StoreDir;
use crate::{CommitId, ReadError};

/// How a Git LFS pointer begins, and the most bytes one has (git-lfs specification).
const LFS_PREFIX: &[u8] = b"version https://git-lfs.github.com/spec/";
const LFS_MAX_BYTES: usize = 1024;

/// A commit that can be read, from many threads at once. It stays readable while it is held.
#[derive(Clone)]
pub struct Snapshot {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Snapshot").field(&self.inner.commit).finish()
    }
}

struct Inner {
    commit: CommitId,
    root: Oid,
    file_bytes: u64,
    // libgit2's handles move between threads and are not shared by them. Before `_dir`: closed before it is removed.
    handles: Mutex<Vec<Git>>,
    dir: Arc<StoreDir>,
}

/// What is at a path. Its `Debug` shows no content, which may be a Secret's.
#[derive(Clone, PartialEq, Eq)]
pub enum SnapshotEntry {
    /// A file's bytes.
    File(Arc<[u8]>),
    /// The names in a folder, sorted by bytes.
    Dir(Vec<String>),
    /// A symbolic link and the text it holds; never followed.
    Link(String),
}

impl std::fmt::Debug for SnapshotEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(bytes) => write!(f, "File({} bytes)", bytes.len()),
            Self::Dir(names) => f.debug_tuple("Dir").field(names).finish(),
            Self::Link(target) => f.debug_tuple("Link").field(target).finish(),
        }
    }
}

impl Snapshot {
    pub(crate) fn new(commit: CommitId, root: Oid, dir: Arc<StoreDir>, git: Git, file_bytes: u64) -> Self {
        Self { inner: Arc::new(Inner { commit, root, file_bytes, handles: Mutex::new(vec![git]), dir }) }
    }

    /// Returns the commit.
    #[must_use]
    pub fn commit(&self) -> &CommitId {
        &self.inner.commit
    }

    /// Reads what is at `path`: `/`-joined, relative to the root, `""` for the root; `None` when there is nothing.
    ///
    /// # Errors
    /// See [`ReadError`]: paths and entries with `..` or `.git`, submodules, LFS pointers, files over the limit.
    pub fn entry(&self, path: &str) -> Result<Option<SnapshotEntry>, ReadError> {
        self.with(path, |git| {
            let Some((id, mode)) = self.find(git, path)? else { return Ok(None) };
            match mode {
                FileMode::Tree => list(git, id, path).map(|names| Some(SnapshotEntry::Dir(names))),
                FileMode::Link => {
                    let target = self.read(git, id, path)?;
                    Ok(Some(SnapshotEntry::Link(String::from_utf8_lossy(&target).into_owned())))
                }
                FileMode::Commit => Err(ReadError::Submodule { path: path.to_owned() }),
                _ => {
                    let bytes = self.read(git, id, path)?;
                    if bytes.len() <= LFS_MAX_BYTES && bytes.starts_with(LFS_PREFIX) {
                        return Err(ReadError::LfsPointer { path: path.to_owned() });
                    }
                    Ok(Some(SnapshotEntry::File(bytes)))
                }
            }
        })
    }

    /// Returns git's hash of the folder or file at `path`: equal ids mean equal content. `None` when there is nothing.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn tree_id(&self, path: &str) -> Result<Option<String>, ReadError> {
        self.with(path, |git| Ok(self.find(git, path)?.map(|(id, _)| id.to_string())))
    }

    /// Returns what reading `path` alone depends on: of a file its content, of a folder the names in it and what each is.
    /// Unlike [`Snapshot::tree_id`] it stays the same when something deeper inside a folder changes. `None` when there is
    /// nothing.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn own_id(&self, path: &str) -> Result<Option<String>, ReadError> {
        self.with(path, |git| {
            let Some((id, mode)) = self.find(git, path)? else { return Ok(None) };
            if mode != FileMode::Tree {
                return Ok(Some(format!("{id} {mode:?}")));
            }
            let mut listing = Vec::new();
            for entry in &tree(git, id, path)? {
                listing.extend_from_slice(format!("{:o} ", entry.filemode()).as_bytes());
                listing.extend_from_slice(entry.name_bytes());
                listing.push(0);
            }
            let id =
                Oid::hash_object(ObjectType::Blob, &listing).map_err(|error| store_error(path, &error.message()))?;
            Ok(Some(format!("{id} names")))
        })
    }

    fn with<T>(&self, path: &str, work: impl FnOnce(&Git) -> Result<T, ReadError>) -> Result<T, ReadError> {
        let handles = || self.inner.handles.lock().unwrap_or_else(PoisonError::into_inner);
        let free = handles().pop();
        let git = match free {
            Some(git) => git,
            None => self.inner.dir.git().map_err(|error| store_error(path, &error))?,
        };
        let result = work(&git);
        handles().push(git);
        result
    }

    fn find(&self, git: &Git, path: &str) -> Result<Option<(Oid, FileMode)>, ReadError> {
        let mut at = (self.inner.root, FileMode::Tree);
        let mut walked = String::new();
        for name in components(path)? {
            match at.1 {
                FileMode::Tree => {}
                FileMode::Link => return Err(ReadError::ThroughLink { link: walked }),
                FileMode::Commit => return Err(ReadError::Submodule { path: walked }),
                _ => return Ok(None),
            }
            let tree = tree(git, at.0, &walked)?;
            let Some(entry) = tree.get_name_bytes(name.as_bytes()) else { return Ok(None) };
            if !walked.is_empty() {
                walked.push('/');
            }
            walked.push_str(name);
            at = (entry.id(), mode(entry.filemode()));
        }
        Ok(Some(at))
    }

    fn read(&self, git: &Git, id: Oid, path: &str) -> Result<Arc<[u8]>, ReadError> {
        let odb = git.odb().map_err(|error| store_error(path, &error.message()))?;
        let (bytes, kind) = odb.read_header(id).map_err(|error| store_error(path, &error.message()))?;
        let limit = self.inner.file_bytes;
        if bytes as u64 > limit {
            return Err(ReadError::TooLarge { path: path.to_owned(), bytes: bytes as u64, limit });
        }
        if kind != ObjectType::Blob {
            return Err(store_error(path, &"the entry names an object that is no file"));
        }
        let object = odb.read(id).map_err(|error| store_error(path, &error.message()))?;
        Ok(Arc::from(object.data()))
    }
}

fn mode(raw: i32) -> FileMode {
    // Old gits wrote group-writable files; everything unknown is read as a plain file.
    match raw & 0o170_000 {
        0o040_000 => FileMode::Tree,
        0o120_000 => FileMode::Link,
        0o160_000 => FileMode::Commit,
        _ => FileMode::Blob,
    }
}

fn tree<'git>(git: &'git Git, id: Oid, path: &str) -> Result<Tree<'git>, ReadError> {
    git.find_tree(id).map_err(|error| store_error(path, &error.message()))
}

fn list(git: &Git, id: Oid, path: &str) -> Result<Vec<String>, ReadError> {
    let folder = if path.is_empty() { "." } else { path };
    let forbidden = |name: &[u8]| ReadError::ForbiddenName {
        folder: folder.to_owned(),
        name: format!("`{}`", String::from_utf8_lossy(name).escape_default()),
    };
    let mut names = Vec::new();
    for entry in &tree(git, id, path)? {
        let bytes = entry.name_bytes();
        match std::str::from_utf8(bytes) {
            Ok(name) if name_problem(name).is_none() => names.push(name.to_owned()),
            _ => return Err(forbidden(bytes)),
        }
    }
    names.sort_unstable();
    let twice = names.iter().zip(names.iter().skip(1)).find(|(one, next)| one == next);
    if let Some((name, _)) = twice {
        return Err(forbidden(name.as_bytes()));
    }
    Ok(names)
}

/// Splits and checks a path.
pub(crate) fn components(path: &str) -> Result<impl Iterator<Item = &str>, ReadError> {
    if !path.is_empty() {
        for name in path.split('/') {
            if let Some(problem) = name_problem(name) {
                return Err(ReadError::InvalidPath { path: tame(path), problem });
            }
        }
    }
    Ok(path.split('/').filter(|name| !name.is_empty()))
}

/// Attack case 14: names that mean something else to a file system or to git.
fn name_problem(name: &str) -> Option<&'static str> {
    match name {
        "" => Some("it has an empty part"),
        "." | ".." => Some("`.` and `..` are refused"),
        _ if name.eq_ignore_ascii_case(".git") => Some("`.git` is refused"),
        _ if name.contains(['\0', '/']) => Some("NUL and `/` are no part of a name"),
        _ => None,
    }
}

fn store_error(path: &str, cause: &dyn std::fmt::Display) -> ReadError {
    ReadError::Store { path: path.to_owned(), cause: tame(&cause.to_string()) }
}
