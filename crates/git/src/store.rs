//! The bare store on disk: one directory in use, rebuilt beside it and swapped when it grew too large.
//!
//! ```text
//! root/lock        held while a `Repository` is open
//! root/store-7/    the bare repository in use; the highest number wins after a crash
//! ```

use std::collections::VecDeque;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use git2::{Repository as Git, RepositoryOpenFlags};

use crate::{CommitId, FetchError};

/// Commits kept through a rebuild: the newest ones fetched.
const KEPT: usize = 4;
/// Packs after which a store is rebuilt: every fetch adds one, and every lookup walks them.
const MAX_PACKS: usize = 64;
/// Where the kept commits are referenced; they are what a fetch tells the server it has.
const KEPT_REFS: &str = "refs/teal/kept/";

pub(crate) struct Store {
    root: PathBuf,
    current: Mutex<Arc<StoreDir>>,
    lock: File,
}

impl Drop for Store {
    fn drop(&mut self) {
        // Closing is not enough: a child that is just being started holds the same file for a moment.
        let _ = self.lock.unlock();
    }
}

/// A bare repository on disk, removed when it is outdated and the last snapshot let go of it.
pub(crate) struct StoreDir {
    pub(crate) path: PathBuf,
    number: u64,
    outdated: AtomicBool,
    kept: Mutex<VecDeque<CommitId>>,
}

impl Drop for StoreDir {
    fn drop(&mut self) {
        if self.outdated.load(Ordering::Acquire) {
            remove(&self.path);
        }
    }
}

impl Store {
    /// Opens or makes the store; leftovers of a crash are removed, a damaged store is replaced by an empty one.
    pub(crate) fn open(root: &Path) -> Result<Self, FetchError> {
        let failed = |error: &dyn std::fmt::Display| FetchError::store(root, error);
        fs::create_dir_all(root).map_err(|error| failed(&error))?;
        make_private(root).map_err(|error| failed(&error))?;
        let lock = File::create(root.join("lock")).map_err(|error| failed(&error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(FetchError::StoreBusy { dir: root.to_owned() }),
            Err(fs::TryLockError::Error(error)) => return Err(failed(&error)),
        }
        let mut found = numbered(root).map_err(|error| failed(&error))?;
        found.sort_unstable();
        let mut current = None;
        let mut next = 0;
        while let Some((number, path)) = found.pop() {
            next = next.max(number + 1);
            if current.is_none() && open(&path).is_ok() {
                current = Some(StoreDir::at(path, number));
            } else {
                remove(&path);
            }
        }
        let current = match current {
            Some(dir) => dir,
            None => StoreDir::init(root, next)?,
        };
        Ok(Self { root: root.to_owned(), current: Mutex::new(Arc::new(current)), lock })
    }

    pub(crate) fn current(&self) -> Arc<StoreDir> {
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Rebuilds the store from its newest commits when it is over `budget` bytes or has too many packs.
    ///
    /// # Errors
    /// `TooLarge` when the newest commit alone is over the budget; the store is then as it was.
    pub(crate) fn fit(&self, url: &str, budget: u64) -> Result<(), FetchError> {
        let old = self.current();
        let (bytes, packs) = old.size();
        if bytes <= budget && packs <= MAX_PACKS {
            return Ok(());
        }
        let newest: Vec<CommitId> = old.kept.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
        for commits in [newest.as_slice(), newest.get(..1).unwrap_or_default()] {
            let new = StoreDir::init(&self.root, old.number + 1)?;
            new.outdated.store(true, Ordering::Release);
            new.copy_from(&old, commits)?;
            if new.size().0 <= budget {
                tracing::info!(bytes_before = bytes, bytes_after = new.size().0, "Store rebuilt");
                new.outdated.store(false, Ordering::Release);
                old.outdated.store(true, Ordering::Release);
                *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                return Ok(());
            }
        }
        Err(FetchError::TooLarge {
            url: url.to_owned(),
            what: "one commit in the store",
            limit: format!("{budget} bytes"),
        })
    }
}

impl StoreDir {
    fn at(path: PathBuf, number: u64) -> Self {
        Self { path, number, outdated: AtomicBool::new(false), kept: Mutex::default() }
    }

    /// A repository that is somebody else's: it is read, and never removed.
    pub(crate) fn foreign(path: PathBuf) -> Self {
        Self::at(path, 0)
    }

    fn init(root: &Path, number: u64) -> Result<Self, FetchError> {
        let dir = Self::at(root.join(format!("store-{number}")), number);
        remove(&dir.path);
        Git::init_bare(&dir.path).map_err(|error| FetchError::store(&dir.path, error.message()))?;
        Ok(dir)
    }

    pub(crate) fn git(&self) -> Result<Git, FetchError> {
        open(&self.path).map_err(|error| FetchError::store(&self.path, error.message()))
    }

    /// References a commit so that the next fetch can build on it; only the newest few stay referenced.
    pub(crate) fn keep(&self, git: &Git, commit: &CommitId) -> Result<(), FetchError> {
        let failed = |error: git2::Error| FetchError::store(&self.path, error.message());
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|other| other != commit);
        kept.push_front(commit.clone());
        kept.truncate(KEPT);
        git.reference(&format!("{KEPT_REFS}{commit}"), commit.oid(), true, "fetched").map_err(failed)?;
        for reference in git.references_glob(&format!("{KEPT_REFS}*")).map_err(failed)? {
            let mut reference = reference.map_err(failed)?;
            let outdated = reference.target().is_none_or(|id| !kept.contains(&CommitId::from_oid(id)));
            if outdated {
                reference.delete().map_err(failed)?;
            }
        }
        Ok(())
    }

    fn copy_from(&self, old: &Self, commits: &[CommitId]) -> Result<(), FetchError> {
        let failed = |error: git2::Error| FetchError::store(&self.path, error.message());
        let from = old.git()?;
        let mut pack = from.packbuilder().map_err(failed)?;
        let mut boundary = String::new();
        for commit in commits {
            pack.insert_commit(commit.oid()).map_err(failed)?;
            boundary.push_str(commit.as_str());
            boundary.push('\n');
        }
        pack.write(&self.path.join("objects/pack"), 0).map_err(failed)?;
        fs::write(self.path.join("shallow"), boundary).map_err(|error| FetchError::store(&self.path, error))?;
        let git = self.git()?;
        for commit in commits.iter().rev() {
            self.keep(&git, commit)?;
        }
        Ok(())
    }

    /// Bytes of all objects, and how many packs there are.
    fn size(&self) -> (u64, usize) {
        let mut bytes = 0;
        let mut packs = 0;
        let mut folders = vec![self.path.join("objects")];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(folder) else { continue };
            for entry in entries.flatten() {
                match entry.metadata() {
                    Ok(data) if data.is_dir() => folders.push(entry.path()),
                    Ok(data) => {
                        bytes += data.len();
                        packs += usize::from(entry.path().extension().is_some_and(|ext| ext == "pack"));
                    }
                    Err(_) => {}
                }
            }
        }
        (bytes, packs)
    }
}

/// Opens as bare whatever its configuration says. `open_bare` would not read where the shallow history ends.
fn open(path: &Path) -> Result<Git, git2::Error> {
    Git::open_ext(path, RepositoryOpenFlags::BARE | RepositoryOpenFlags::NO_SEARCH, std::iter::empty::<&Path>())
}

fn numbered(root: &Path) -> std::io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix("store-"));
        if let Some(number) = name.and_then(|number| number.parse().ok()) {
            found.push((number, path));
        }
    }
    Ok(found)
}

fn remove(path: &Path) {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %error, "Outdated store not removed");
        }
        _ => {}
    }
}

/// Nobody else on the machine reads what was fetched with credentials (attack cases 5 and 21).
fn make_private(root: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(root, fs::Permissions::from_mode(0o700))
}
