//! Every file of this machine as one tree, links followed: a kustomization on disk may climb as far as it likes, as
//! kustomize lets it. Fleets are never read through this.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use teal_kustomize::{Entry, Tree, TreeError, read_file};
use teal_render::check_no_pointer;

/// The file system; paths are absolute without their first `/`.
#[derive(Debug, Clone, Copy)]
pub(super) struct DiskTree;

impl Tree for DiskTree {
    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        let file: PathBuf = Path::new("/").join(path);
        let error = |wrong: std::io::Error| TreeError::new(path, wrong.to_string());
        let metadata = match fs::metadata(&file) {
            Ok(metadata) => metadata,
            Err(wrong) if matches!(wrong.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(wrong) => return Err(error(wrong)),
        };
        if metadata.is_dir() {
            let names = fs::read_dir(&file).map_err(error)?;
            let mut names: Vec<String> = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
            names.sort();
            return Ok(Some(Entry::Dir(names)));
        }
        let bytes = read_file(path, &file)?;
        check_no_pointer(path, &bytes)?;
        Ok(Some(Entry::File(bytes)))
    }

    /// The load restriction and `..` go by where a file or folder really is, as kustomize has it.
    fn real_path(&self, path: &str) -> Result<String, TreeError> {
        match Path::new("/").join(path).canonicalize() {
            Ok(real) => match real.to_str() {
                Some(text) => Ok(text.trim_start_matches('/').to_owned()),
                None => Err(TreeError::new(path, "leads to a path that is no UTF-8")),
            },
            // What is not there is told by whoever asks for it next.
            Err(_) => Ok(path.to_owned()),
        }
    }
}
