//! A tree that is a folder on disk. The one place of this crate that touches a file system, and only when a caller
//! makes one.

use super::{Entry, Tree, TreeError};
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most bytes of one file that is read from disk: more than any reader of it takes.
pub const MAX_FILE_BYTES: u64 = 32 << 20;

/// Reads a file as trees on disk do; `path` is what the tree calls it.
///
/// # Errors
/// For what is no plain file (a pipe may never end, a device has no end) and for more than [`MAX_FILE_BYTES`], both before
/// anything is read; and when it can't be read.
pub fn read_file(path: &str, file: &Path) -> Result<Arc<[u8]>, TreeError> {
    let error = |wrong: std::io::Error| TreeError::new(path, wrong.to_string());
    let metadata = file.metadata().map_err(error)?;
    if !metadata.is_file() {
        return Err(TreeError::new(path, "is neither a file nor a folder; only those are read"));
    }
    let too_large = |length: u64| {
        TreeError::new(path, format!("is {length} bytes long; at most {MAX_FILE_BYTES} of one file are read"))
    };
    if metadata.len() > MAX_FILE_BYTES {
        return Err(too_large(metadata.len()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
    // It may have grown, and some files don't tell how long they are.
    File::open(file).map_err(error)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(error)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(Arc::from(bytes))
}

/// A folder. Symbolic links inside it are reported as links, never followed, so nothing outside of it is ever read.
#[derive(Debug, Clone)]
pub struct FolderTree {
    root: PathBuf,
}

impl FolderTree {
    /// Opens a folder. The root itself may be reached through a link; it is resolved once, here.
    ///
    /// # Errors
    /// When it is not there or is no folder.
    pub fn open(root: impl AsRef<Path>) -> Result<Self, TreeError> {
        let root = root.as_ref();
        let error = |message: String| TreeError::new(root.display().to_string(), message);
        let real = root.canonicalize().map_err(|wrong| error(wrong.to_string()))?;
        if !real.is_dir() {
            return Err(error("not a folder".to_owned()));
        }
        Ok(Self { root: real })
    }

    /// Walks to `path` without going through any link; `None` when a part is missing.
    fn locate(&self, path: &str) -> Result<Option<(PathBuf, std::fs::Metadata)>, TreeError> {
        let mut at = self.root.clone();
        let mut metadata = at.symlink_metadata().map_err(|wrong| TreeError::new(path, wrong.to_string()))?;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            if part == "." || part == ".." || part.contains(['\\', '\0']) {
                return Err(TreeError::new(path, "not a normal path"));
            }
            if !metadata.is_dir() {
                return Ok(None);
            }
            at.push(part);
            metadata = match at.symlink_metadata() {
                Ok(metadata) => metadata,
                Err(wrong) if matches!(wrong.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                    return Ok(None);
                }
                Err(wrong) => return Err(TreeError::new(path, wrong.to_string())),
            };
            if metadata.is_symlink() {
                break;
            }
        }
        Ok(Some((at, metadata)))
    }
}

impl Tree for FolderTree {
    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        let error = |wrong: std::io::Error| TreeError::new(path, wrong.to_string());
        let Some((at, metadata)) = self.locate(path)? else { return Ok(None) };
        if metadata.is_symlink() {
            return Ok(Some(Entry::Link));
        }
        if metadata.is_file() {
            return Ok(Some(Entry::File(read_file(path, &at)?)));
        }
        if !metadata.is_dir() {
            return Err(TreeError::new(path, "is neither a file nor a folder; only those are read"));
        }
        let mut names = Vec::new();
        for entry in std::fs::read_dir(at).map_err(error)? {
            let name = entry.map_err(error)?.file_name();
            names.push(name.into_string().map_err(|_| TreeError::new(path, "holds a name that is no UTF-8"))?);
        }
        names.sort();
        Ok(Some(Entry::Dir(names)))
    }
}
