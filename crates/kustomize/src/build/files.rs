//! The files that one kustomization may read.

use super::LoadRestrictor;
use crate::kustomization::Located;
use crate::path::{is_within, join};
use crate::{BuildError, BuildErrors, Entry, Tree};
use std::sync::Arc;

/// Reads for one kustomization: paths are relative to its folder.
#[derive(Clone, Copy)]
pub(crate) struct Files<'a> {
    pub(crate) tree: &'a dyn Tree,
    /// The kustomization's folder.
    pub(crate) dir: &'a str,
    /// The file mistakes are told of: the kustomization, or a generator or transformer document it names.
    pub(crate) file: &'a str,
    pub(crate) restrictor: LoadRestrictor,
}

impl<'a> Files<'a> {
    /// The same files, asked for by another file.
    pub(crate) fn told_of(&self, file: &'a str) -> Self {
        Self { file, ..*self }
    }

    /// What stands at a path that the kustomization names, and where that is in the tree.
    pub(crate) fn entry(&self, what: &Located) -> Result<(String, Entry), BuildErrors> {
        self.find(&what.text)?.map_err(|message| self.wrong(what, message).into())
    }

    fn find(&self, text: &str) -> Result<Result<(String, Entry), String>, BuildErrors> {
        if text.is_empty() {
            return Ok(Err("the path is empty; name a file or a folder, or leave the item out".to_owned()));
        }
        if is_remote(text) {
            return Ok(Err(format!("`{text}` is remote; only files of this repository are read")));
        }
        let Some(path) = join(self.dir, text) else {
            return Ok(Err(format!("`{text}` lies outside of the tree")));
        };
        let path = self.tree.real_path(&path)?;
        Ok(match self.tree.entry(&path)? {
            Some(Entry::Link) => Err(format!("`{text}` is a symbolic link, and links are not followed")),
            Some(entry) => Ok((path, entry)),
            None => Err(format!("`{text}` does not exist")),
        })
    }

    /// Says no to files that the load restriction forbids.
    pub(crate) fn check_allowed(&self, what: &Located, path: &str) -> Result<(), BuildErrors> {
        if self.restrictor == LoadRestrictor::None || is_within(self.dir, path) {
            return Ok(());
        }
        Err(self.wrong(what, forbidden(&what.text)).into())
    }

    /// Reads a file that the kustomization names; also returns its path in the tree.
    pub(crate) fn read(&self, what: &Located) -> Result<(String, Arc<[u8]>), BuildErrors> {
        match self.entry(what)? {
            (path, Entry::File(bytes)) => {
                self.check_allowed(what, &path)?;
                Ok((path, bytes))
            }
            _ => Err(self.wrong(what, format!("`{}` is no file", what.text)).into()),
        }
    }

    /// [`Self::read`], with a mistake as a plain text.
    pub(crate) fn read_plain(&self, text: &str) -> Result<(String, Arc<[u8]>), String> {
        match self.find(text).map_err(|errors| errors.to_string())?? {
            (path, Entry::File(_)) if self.restrictor != LoadRestrictor::None && !is_within(self.dir, &path) => {
                Err(forbidden(text))
            }
            (path, Entry::File(bytes)) => Ok((path, bytes)),
            _ => Err(format!("`{text}` is no file")),
        }
    }

    /// A mistake at a place of the file.
    pub(crate) fn wrong(&self, what: &Located, message: String) -> BuildError {
        BuildError::Kustomization { file: self.file.to_owned(), at: what.at, message }
    }
}

fn forbidden(text: &str) -> String {
    format!("the file `{text}` is not in this folder or below, as files must be")
}

fn is_remote(text: &str) -> bool {
    text.contains("://") || text.starts_with("git@") || text.starts_with("git::") || text.starts_with("github.com/")
}
