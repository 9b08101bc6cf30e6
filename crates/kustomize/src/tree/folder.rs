//! A tree that is a folder on disk. The one place of this crate that touches a file system, and only when a caller
//! makes one.

use super::{Entry, Tree, TreeError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
            return Ok(Some(Entry::File(Arc::from(std::fs::read(at).map_err(error)?))));
        }
        if !metadata.is_dir() {
            return Err(TreeError::new(path, "neither a file nor a folder"));
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
