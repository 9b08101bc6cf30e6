//! Archives that were fetched, by digest, and which digest each version had when it was first seen. Every archive is checked
//! against its name when it is taken, so whatever happens to the folder, no other chart is rendered for it.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use teal_api::helm::{LockedChart, Repository};
use teal_render::helm::ChartError;

use crate::fetch::sha256;

/// Most bytes of archives on disk; the oldest go first.
const MAX_ON_DISK: u64 = 512 << 20;
/// Most bytes of archives in memory, where there is no folder.
const MAX_IN_MEMORY: usize = 128 << 20;
/// Which version had which digest.
const SEEN: &str = "seen.json";

pub(crate) struct Shelf {
    folder: Option<PathBuf>,
    memory: Mutex<HashMap<String, Arc<[u8]>>>,
    seen: Mutex<BTreeMap<String, String>>,
}

impl Shelf {
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        let seen = folder.as_ref().and_then(|folder| fs::read(folder.join(SEEN)).ok());
        let seen = seen.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        Self { folder, memory: Mutex::default(), seen: Mutex::new(seen) }
    }

    /// The archive with this digest, if it is here and still what it was.
    pub(crate) fn take(&self, digest: &str) -> Option<Arc<[u8]>> {
        if let Some(bytes) = held(&self.memory).get(digest) {
            return Some(Arc::clone(bytes));
        }
        let bytes = fs::read(self.folder.as_ref()?.join(file_name(digest)?)).ok()?;
        (sha256(&bytes) == digest).then(|| bytes.into())
    }

    /// What is known of a version without a lock: its digest when it was first seen.
    pub(crate) fn digest_of(&self, repository: &Repository, name: &str, version: &str) -> Option<String> {
        held(&self.seen).get(&key(repository, name, version)).cloned()
    }

    /// Keeps an archive. `locked` is whether its digest was known before.
    ///
    /// # Errors
    /// `DIGEST` when this version had another digest before and no lock says which is right.
    pub(crate) fn put(&self, chart: &LockedChart, packed: &Arc<[u8]>, locked: bool) -> Result<(), ChartError> {
        let key = key(&chart.repository, &chart.name, &chart.version);
        let mut seen = held(&self.seen);
        match seen.get(&key) {
            Some(before) if *before != chart.digest && !locked => {
                return Err(ChartError::new(
                    ChartError::DIGEST,
                    format!(
                        "chart {} {} has the digest {} and had {before} before: it was changed under the same version; find out by whom, then lock the right one with `teal helm lock`",
                        chart.name, chart.version, chart.digest
                    ),
                ));
            }
            Some(before) if *before == chart.digest => {}
            _ => {
                seen.insert(key, chart.digest.clone());
                self.keep_seen(&seen);
            }
        }
        drop(seen);
        // Without a folder, or with one that takes nothing, memory serves until the next start.
        if self.write(&chart.digest, packed).is_err() {
            let mut memory = held(&self.memory);
            if memory.values().map(|bytes| bytes.len()).sum::<usize>() > MAX_IN_MEMORY {
                memory.clear();
            }
            memory.insert(chart.digest.clone(), Arc::clone(packed));
        }
        Ok(())
    }

    fn write(&self, digest: &str, packed: &[u8]) -> io::Result<()> {
        let (Some(folder), Some(name)) = (&self.folder, file_name(digest)) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        io::Write::write_all(&mut file, packed)?;
        file.persist(folder.join(name)).map_err(|error| error.error)?;
        self.make_room(folder)
    }

    fn make_room(&self, folder: &PathBuf) -> io::Result<()> {
        let mut archives = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_file() && entry.file_name() != SEEN {
                archives.push((metadata.modified()?, metadata.len(), entry.path()));
            }
        }
        archives.sort();
        let mut total: u64 = archives.iter().map(|(_, length, _)| length).sum();
        for (_, length, path) in archives {
            if total <= MAX_ON_DISK {
                break;
            }
            fs::remove_file(path)?;
            total -= length;
        }
        Ok(())
    }

    fn keep_seen(&self, seen: &BTreeMap<String, String>) {
        let Some(folder) = &self.folder else { return };
        let write = || -> io::Result<()> {
            fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer(&mut file, seen)?;
            file.persist(folder.join(SEEN)).map_err(|error| error.error)?;
            Ok(())
        };
        if let Err(error) = write() {
            tracing::warn!(%error, "Digests of charts are not kept; a version that changes is noticed until the next start only");
        }
    }
}

fn key(repository: &Repository, name: &str, version: &str) -> String {
    match repository {
        Repository::Http(url) => format!("{url} {name} {version}"),
        Repository::Oci(place) => format!("oci://{place} {version}"),
    }
}

/// A digest as the name of a file: 64 hex digits and nothing else.
fn file_name(digest: &str) -> Option<String> {
    let hex = digest.strip_prefix("sha256:")?;
    (hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| format!("{hex}.tgz"))
}

/// What a thread that panicked left behind is still whole: every change is one insertion.
pub(crate) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(version: &str, packed: &[u8]) -> LockedChart {
        LockedChart {
            repository: Repository::Http("https://charts.example.com".into()),
            name: "web".into(),
            requested: version.into(),
            version: version.into(),
            digest: sha256(packed),
        }
    }

    #[test]
    fn a_version_that_changes_is_noticed_across_starts_and_a_file_that_changes_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two): (Arc<[u8]>, Arc<[u8]>) = (b"one".as_slice().into(), b"two".as_slice().into());
        let shelf = Shelf::new(Some(folder.path().to_owned()));
        shelf.put(&chart("1.0.0", &one), &one, false).unwrap();
        shelf.put(&chart("1.0.0", &one), &one, false).unwrap();
        let again = Shelf::new(Some(folder.path().to_owned()));
        assert_eq!(again.take(&sha256(&one)).as_deref(), Some(&b"one"[..]));
        let error = again.put(&chart("1.0.0", &two), &two, false).unwrap_err();
        assert_eq!(error.reason, ChartError::DIGEST);
        assert!(again.take(&sha256(&two)).is_none());
        again.put(&chart("1.0.0", &two), &two, true).unwrap();
        assert!(again.take(&sha256(&two)).is_some(), "a lock says which is right");

        let file = folder.path().join(file_name(&sha256(&one)).unwrap());
        fs::write(file, b"evil").unwrap();
        assert!(again.take(&sha256(&one)).is_none());
        assert!(again.take("sha256:../../etc/passwd").is_none());
        let nowhere = Shelf::new(None);
        nowhere.put(&chart("1.0.0", &one), &one, false).unwrap();
        assert!(nowhere.take(&sha256(&one)).is_some());
    }
}
