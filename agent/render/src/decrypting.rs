//! A tree whose files are in the clear: what SOPS encrypted is decrypted as it is read, and is never anywhere else.
//!
//! Everything that reads files reads through this: plain manifests, bases, patches, and the inputs of generators. A file
//! is known by its content, so it makes no difference what names it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use teal_kustomize::{Entry, Tree, TreeError};
use teal_sops::{Format, Secret, SopsError, Unwrap, decrypt, format_of};

use crate::masks;
use crate::secrets::{Found, Secrets};

/// What says which object it is, and is in others as well, although a file without rules has it encrypted.
const IDENTITY: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// How a Git LFS pointer begins, and the most bytes one has (git-lfs specification).
const LFS_PREFIX: &[u8] = b"version https://git-lfs.github.com/spec/";
const LFS_MOST_BYTES: usize = 1024;

/// What became of one file: its bytes in the clear, or why there are none.
type Opened = Result<Arc<[u8]>, TreeError>;

/// What was encrypted in a file.
struct Sealed {
    format: Format,
    secrets: Vec<Secret>,
}

/// A file that was encrypted, with other values. No `Debug`: it holds what was decrypted.
pub(crate) struct Masked {
    pub(crate) content: Arc<[u8]>,
    /// The values that it does not have.
    pub(crate) texts: Vec<String>,
}

/// Wraps a tree. What was decrypted lives as long as this.
pub struct Decrypting<'a> {
    tree: &'a dyn Tree,
    keys: Option<&'a dyn Unwrap>,
    opened: RefCell<BTreeMap<String, Opened>>,
    /// What was encrypted in each file that could be read.
    sealed: RefCell<BTreeMap<String, Sealed>>,
    /// The files that were read.
    read: RefCell<BTreeSet<String>>,
}

impl<'a> Decrypting<'a> {
    /// Opens with `keys`; without any, an encrypted file is an error.
    #[must_use]
    pub fn new(tree: &'a dyn Tree, keys: Option<&'a dyn Unwrap>) -> Self {
        Self { tree, keys, opened: RefCell::default(), sealed: RefCell::default(), read: RefCell::default() }
    }

    /// Whether a file was encrypted and could be read.
    #[must_use]
    pub fn has_opened(&self, path: &str) -> bool {
        matches!(self.opened.borrow().get(path), Some(Ok(_)))
    }

    /// What a file that was encrypted would be with other values, and those that it has; `None` for any other file. Of a
    /// manifest the values that say which object it is are left as they are; what looks like one is none unless it stands
    /// where charts have theirs (`holds_objects`).
    pub(crate) fn masked(&self, path: &str, holds_objects: bool) -> Option<Masked> {
        let opened = self.opened.borrow();
        let Some(Ok(content)) = opened.get(path) else { return None };
        let sealed = self.sealed.borrow();
        let Sealed { format, secrets } = sealed.get(path)?;
        let is_manifest = holds_objects && *format != Format::Binary && masks::is_manifest(content);
        let hidden = |secret: &&Secret| !is_manifest || is_own(&secret.path) && !names_an_object(&secret.path);
        let hidden: Vec<&Secret> = secrets.iter().filter(hidden).collect();
        let names = hidden.iter().map(|secret| secret.path.as_str()).collect();
        let texts = hidden.iter().map(|secret| secret.text.to_string()).collect();
        Some(Masked { content: masks::masked(*format, content, &names).into(), texts })
    }

    /// What was decrypted, as far as objects must be told by it.
    #[must_use]
    pub fn secrets(self) -> Secrets<'a> {
        let (mut texts, mut identities) = (Vec::new(), Vec::new());
        for secret in self.sealed.into_inner().into_values().flat_map(|sealed| sealed.secrets) {
            if names_an_object(&secret.path) {
                identities.push(secret.text.to_string());
            }
            if is_own(&secret.path) {
                texts.push(secret.text);
            }
        }
        Secrets::new(Found {
            tree: self.tree,
            files: self.opened.into_inner().into_keys().collect(),
            texts,
            identities,
            read: self.read.into_inner(),
        })
    }

    fn open(&self, path: &str, bytes: &[u8]) -> Result<Option<Arc<[u8]>>, TreeError> {
        if let Some(known) = self.opened.borrow().get(path) {
            return known.clone().map(Some);
        }
        if format_of(path, bytes).is_none() {
            return Ok(None);
        }
        let outcome = match self.keys.map(|keys| decrypt(path, bytes, keys)) {
            Some(Ok(None)) => return Ok(None),
            Some(Ok(Some(decrypted))) => {
                let sealed = Sealed { format: decrypted.format, secrets: decrypted.secrets };
                self.sealed.borrow_mut().insert(path.to_owned(), sealed);
                Ok(Arc::from(decrypted.content.as_slice()))
            }
            Some(Err(error)) => Err(refused(path, &error)),
            None => {
                let message = "is encrypted with SOPS, and there is no key; name one in `spec.decryption` of the Sync";
                Err(TreeError::new(path, message).because("SopsNoKey"))
            }
        };
        self.opened.borrow_mut().insert(path.to_owned(), outcome.clone());
        outcome.map(Some)
    }
}

/// Whether a value belongs to this object alone.
fn is_own(path: &str) -> bool {
    !path.split('.').next().is_some_and(|first| IDENTITY.contains(&first))
}

/// Whether a value says which object it is: of the document, or of an item of a list.
fn names_an_object(path: &str) -> bool {
    let mut parts = path.rsplit('.');
    match (parts.next(), parts.next()) {
        (Some("apiVersion" | "kind"), _) => true,
        (Some("name" | "namespace"), parent) => parent == Some("metadata"),
        _ => false,
    }
}

/// Refuses a file that Git LFS put in the place of another one: what was read of it would be no manifest, and no data.
///
/// # Errors
/// `LfsPointer`.
pub fn check_no_pointer(path: &str, bytes: &[u8]) -> Result<(), TreeError> {
    if bytes.len() > LFS_MOST_BYTES || !bytes.starts_with(LFS_PREFIX) {
        return Ok(());
    }
    let message = "is a Git LFS pointer, which is not supported; commit the file itself";
    Err(TreeError::new(path, message).because("LfsPointer"))
}

fn refused(path: &str, error: &SopsError) -> TreeError {
    TreeError::new(path, format!("is encrypted with SOPS and can't be used: {error}")).because(error.reason())
}

impl Tree for Decrypting<'_> {
    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        let entry = self.tree.entry(path)?;
        if let Some(Entry::File(bytes)) = &entry {
            check_no_pointer(path, bytes)?;
            self.read.borrow_mut().insert(path.to_owned());
            if let Some(plain) = self.open(path, bytes)? {
                return Ok(Some(Entry::File(plain)));
            }
        }
        Ok(entry)
    }

    fn real_path(&self, path: &str) -> Result<String, TreeError> {
        self.tree.real_path(path)
    }
}
