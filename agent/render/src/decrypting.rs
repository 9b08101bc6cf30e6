//! A tree whose files are in the clear: what SOPS encrypted is decrypted as it is read, and is never anywhere else.
//!
//! Everything that reads files reads through this: plain manifests, bases, patches, and the inputs of generators. A file
//! is known by its content, so it makes no difference what names it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use teal_kustomize::{Entry, Tree, TreeError};
use teal_sops::{SopsError, Unwrap, decrypt, format_of};
use zeroize::Zeroizing;

use crate::secrets::{Found, Secrets};

/// What says which object it is, and is in others as well, although a file without rules has it encrypted.
const IDENTITY: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// How a Git LFS pointer begins, and the most bytes one has (git-lfs specification).
const LFS_PREFIX: &[u8] = b"version https://git-lfs.github.com/spec/";
const LFS_MOST_BYTES: usize = 1024;

/// What became of one file: its bytes in the clear, or why there are none.
type Opened = Result<Arc<[u8]>, TreeError>;

/// Wraps a tree. What was decrypted lives as long as this.
pub struct Decrypting<'a> {
    tree: &'a dyn Tree,
    keys: Option<&'a dyn Unwrap>,
    opened: RefCell<BTreeMap<String, Opened>>,
    secrets: RefCell<Vec<Zeroizing<String>>>,
    /// What a file without rules has encrypted although it says which object it is.
    identities: RefCell<Vec<String>>,
    /// The files that were read.
    read: RefCell<BTreeSet<String>>,
}

impl<'a> Decrypting<'a> {
    /// Opens with `keys`; without any, an encrypted file is an error.
    #[must_use]
    pub fn new(tree: &'a dyn Tree, keys: Option<&'a dyn Unwrap>) -> Self {
        Self {
            tree,
            keys,
            opened: RefCell::default(),
            secrets: RefCell::default(),
            identities: RefCell::default(),
            read: RefCell::default(),
        }
    }

    /// Whether a file was encrypted and could be read.
    #[must_use]
    pub fn has_opened(&self, path: &str) -> bool {
        matches!(self.opened.borrow().get(path), Some(Ok(_)))
    }

    /// What was decrypted, as far as objects must be told by it.
    #[must_use]
    pub fn secrets(self) -> Secrets<'a> {
        Secrets::new(Found {
            tree: self.tree,
            files: self.opened.into_inner().into_keys().collect(),
            texts: self.secrets.into_inner(),
            identities: self.identities.into_inner(),
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
                let own = |path: &str| !path.split('.').next().is_some_and(|first| IDENTITY.contains(&first));
                for secret in decrypted.secrets {
                    if names_an_object(&secret.path) {
                        self.identities.borrow_mut().push(secret.text.to_string());
                    }
                    if own(&secret.path) {
                        self.secrets.borrow_mut().push(secret.text);
                    }
                }
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
