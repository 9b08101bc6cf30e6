//! A tree whose files are in the clear: what SOPS encrypted is decrypted as it is read, and is never anywhere else.
//!
//! Everything that reads files reads through this: plain manifests, bases, patches, and the inputs of generators. A file
//! is known by its content, so it makes no difference what names it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use regex::Regex;
use serde_json::Value;
use teal_kustomize::{Entry, Tree, TreeError};
use teal_sops::{SopsError, Unwrap, decrypt, format_of};
use zeroize::Zeroizing;

/// Texts shorter than this are in every object, and no secret.
const SHORTEST: usize = 4;
/// Texts shorter than this are looked for as whole values: inside others they are everywhere.
const WHOLE_BELOW: usize = 6;
/// What says which object it is, and is in others as well, although a file without rules has it encrypted.
const IDENTITY: [&str; 3] = ["apiVersion", "kind", "metadata"];
/// How much of a long text is looked for.
const MOST_LETTERS: usize = 200;

/// What became of one file: its bytes in the clear, or why there are none.
type Opened = Result<Arc<[u8]>, TreeError>;

/// Wraps a tree. What was decrypted lives as long as this.
pub struct Decrypting<'a> {
    tree: &'a dyn Tree,
    keys: Option<&'a dyn Unwrap>,
    opened: RefCell<BTreeMap<String, Opened>>,
    secrets: RefCell<Vec<Zeroizing<String>>>,
}

impl<'a> Decrypting<'a> {
    /// Opens with `keys`; without any, an encrypted file is an error.
    #[must_use]
    pub fn new(tree: &'a dyn Tree, keys: Option<&'a dyn Unwrap>) -> Self {
        Self { tree, keys, opened: RefCell::default(), secrets: RefCell::default() }
    }

    /// Whether a file was encrypted and could be read.
    #[must_use]
    pub fn has_opened(&self, path: &str) -> bool {
        matches!(self.opened.borrow().get(path), Some(Ok(_)))
    }

    /// What was decrypted, as far as objects must be told by it.
    #[must_use]
    pub fn secrets(self) -> Secrets {
        let texts = self.secrets.into_inner();
        let texts = texts.into_iter().filter(|text| text.trim().len() >= SHORTEST);
        let (short, long): (Vec<_>, Vec<_>) = texts.partition(|text| text.len() < WHOLE_BELOW);
        let parts: Vec<String> = long
            .iter()
            .map(|text| regex::escape(&text.trim().chars().take(MOST_LETTERS).collect::<String>()))
            .collect();
        Secrets {
            files: self.opened.into_inner().into_keys().collect(),
            short,
            long: if parts.is_empty() {
                Long::None
            } else {
                Regex::new(&parts.join("|")).map_or(Long::All, Long::Some)
            },
        }
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
                let secrets = decrypted.secrets.into_iter().filter(|secret| own(&secret.path));
                self.secrets.borrow_mut().extend(secrets.map(|secret| secret.text));
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

fn refused(path: &str, error: &SopsError) -> TreeError {
    TreeError::new(path, format!("is encrypted with SOPS and can't be used: {error}")).because(error.reason())
}

impl Tree for Decrypting<'_> {
    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        let entry = self.tree.entry(path)?;
        if let Some(Entry::File(bytes)) = &entry
            && let Some(plain) = self.open(path, bytes)?
        {
            return Ok(Some(Entry::File(plain)));
        }
        Ok(entry)
    }

    fn real_path(&self, path: &str) -> Result<String, TreeError> {
        self.tree.real_path(path)
    }
}

/// What was decrypted for one unit. No `Debug`: it holds plaintext.
pub struct Secrets {
    files: HashSet<String>,
    short: Vec<Zeroizing<String>>,
    long: Long,
}

enum Long {
    None,
    Some(Regex),
    /// Too much to look for: everything counts.
    All,
}

impl Secrets {
    /// Whether anything was decrypted.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.files.is_empty()
    }

    /// Whether an object holds decrypted text: it comes from such a file, or a patch, a generator or a replacement put
    /// some into it. Any Secret counts where anything was decrypted.
    #[must_use]
    pub fn are_in(&self, object: &Value, file: &str) -> bool {
        // What a generator put into a Secret is base64, and may be bytes or too short to be looked for.
        let is_secret = object.get("kind").is_some_and(|kind| kind == "Secret");
        self.any() && (is_secret || self.files.contains(file) || matches!(self.long, Long::All) || self.found(object))
    }

    fn found(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => {
                let long = match &self.long {
                    Long::Some(regex) => regex.is_match(text),
                    Long::None | Long::All => false,
                };
                long || text.len() < WHOLE_BELOW && self.short.iter().any(|short| **short == *text)
            }
            Value::Number(number) => {
                let text = number.to_string();
                self.short.iter().any(|short| **short == text)
                    || matches!(&self.long, Long::Some(regex) if regex.is_match(&text))
            }
            Value::Array(items) => items.iter().any(|item| self.found(item)),
            Value::Object(map) => map.values().any(|item| self.found(item)),
            _ => false,
        }
    }
}
