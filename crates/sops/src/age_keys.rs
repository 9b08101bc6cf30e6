//! age identities, given as the text of a key file.

use std::io::Read;

use age::armor::ArmoredReader;
use age::x25519;
use zeroize::Zeroizing;

use crate::{DataKey, Unwrap, UnwrapError, WrappedKey};

/// Longest key that is unwrapped: a data key or a part of one is far shorter.
const MAX_KEY_BYTES: u64 = 1024;
/// What an identity begins with.
const IDENTITY: &str = "AGE-SECRET-KEY-1";

/// Identities to unwrap with. `Debug` shows their recipients, which are public.
#[derive(Clone, Default)]
pub struct AgeKeys {
    identities: Vec<x25519::Identity>,
}

/// A line of a key file that can't be used. The line itself is never shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} {problem}")]
pub struct AgeKeyError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong and what would be right.
    pub problem: &'static str,
}

impl AgeKeys {
    /// Adds every identity of a key file as `age-keygen` writes it.
    ///
    /// # Errors
    /// The first line that is no X25519 identity, no comment and not empty; also a file without any identity.
    pub fn add(&mut self, text: &str) -> Result<(), AgeKeyError> {
        let before = self.identities.len();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            self.identities.push(identity(text).map_err(|problem| AgeKeyError { line, problem })?);
        }
        if self.identities.len() == before {
            return Err(AgeKeyError { line: 1, problem: "begins a file without any AGE-SECRET-KEY-1… line" });
        }
        Ok(())
    }

    /// The recipients these identities stand for, sorted: who a file must be encrypted for. Public.
    #[must_use]
    pub fn recipients(&self) -> Vec<String> {
        let mut all: Vec<String> = self.identities.iter().map(|identity| identity.to_public().to_string()).collect();
        all.sort();
        all.dedup();
        all
    }
}

impl std::fmt::Debug for AgeKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgeKeys").field("recipients", &self.recipients()).finish_non_exhaustive()
    }
}

impl Unwrap for AgeKeys {
    fn unwrap_key(&self, key: &WrappedKey) -> Option<Result<DataKey, UnwrapError>> {
        let WrappedKey::Age { recipient, armored } = key else { return None };
        // A file names its recipients; without that name the identities are tried.
        let named = self.identities.iter().filter(|identity| identity.to_public().to_string() == *recipient);
        let mut fitting: Vec<&dyn age::Identity> = named.map(|identity| identity as &dyn age::Identity).collect();
        if fitting.is_empty() && !recipient.is_empty() {
            return None;
        }
        if recipient.is_empty() {
            fitting = self.identities.iter().map(|identity| identity as &dyn age::Identity).collect();
        }
        Some(open(armored, fitting.into_iter()).map_err(|problem| UnwrapError(problem.to_owned())))
    }
}

fn identity(text: &str) -> Result<x25519::Identity, &'static str> {
    if text.starts_with("AGE-PLUGIN-") {
        return Err("is an identity of an age plugin, which is a program to run; only AGE-SECRET-KEY-1… is read");
    }
    if !text.starts_with(IDENTITY) {
        return Err("is no age identity; one begins with AGE-SECRET-KEY-1");
    }
    text.parse().map_err(|_| "is a damaged age identity; check that it was copied whole")
}

fn open<'a>(armored: &str, identities: impl Iterator<Item = &'a dyn age::Identity>) -> Result<DataKey, &'static str> {
    let damaged = "its `enc` is no age file";
    let decryptor = age::Decryptor::new_buffered(ArmoredReader::new(armored.as_bytes())).map_err(|_| damaged)?;
    let reader = decryptor.decrypt(identities).map_err(|_| "its `enc` is not for this identity, or was changed")?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(64));
    reader.take(MAX_KEY_BYTES).read_to_end(&mut bytes).map_err(|_| damaged)?;
    Ok(DataKey::new(std::mem::take(&mut *bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_read_and_a_wrong_line_is_named_but_not_shown() {
        let identity = x25519::Identity::generate();
        let secret = age::secrecy::ExposeSecret::expose_secret(&identity.to_string()).to_owned();
        let mut keys = AgeKeys::default();
        keys.add(&format!("# created: today\n# public key: {}\n{secret}\n", identity.to_public())).unwrap();
        assert_eq!(keys.recipients(), [identity.to_public().to_string()]);
        assert!(!format!("{keys:?}").contains("SECRET"), "{keys:?}");
        for (text, line) in
            [("# nothing\n", 1), ("\nhunter2\n", 2), ("AGE-SECRET-KEY-1HUNTER2", 1), ("AGE-PLUGIN-YUBIKEY-1HUNTER2", 1)]
        {
            let error = AgeKeys::default().add(text).unwrap_err();
            assert_eq!(error.line, line, "{text}");
            assert!(!error.to_string().to_lowercase().contains("hunter2"), "{error}");
        }
    }
}
