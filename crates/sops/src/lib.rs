//! Files encrypted with SOPS, read without the `sops` program: YAML, JSON, dotenv and binary.
//!
//! Pure: bytes in, bytes out. Where a file's key comes from is a trait ([`Unwrap`]); [`AgeKeys`] holds age identities
//! given as text, and key services are reached by whoever implements the trait elsewhere. The MAC is always verified: a
//! file whose values were changed, moved or taken away is refused, and so is one with a value that should be encrypted
//! and is not.
//!
//! What comes out is what `sops decrypt` would print, comments and order included, so that a generator makes the same
//! object of it. Plaintext is wiped where that is cheap; no error and no `Debug` shows any of it.
//!
//! ```
//! use teal_sops::{AgeKeys, decrypt};
//!
//! let keys = AgeKeys::default();
//! assert!(decrypt("plain.yaml", b"a: 1\n", &keys).unwrap().is_none(), "not encrypted");
//! let error = decrypt("x.env", b"A=ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]\nsops_mac=\n", &keys).unwrap_err();
//! assert_eq!(error.reason(), "SopsMac", "nothing proves that it is whole");
//! ```

mod age_keys;
mod comments;
mod dotenv;
mod error;
mod format;
mod json;
mod keys;
mod mac;
mod metadata;
mod rules;
mod shamir;
mod tree;
mod value;
mod yaml;

pub use age_keys::{AgeKeyError, AgeKeys};
pub use error::SopsError;
pub use format::{Format, format_of};
pub use keys::{DataKey, Unwrap, UnwrapError, WrappedKey};
pub use value::{MARKER, is_encrypted_value};

use zeroize::Zeroizing;

/// Largest file that is decrypted: 16 MiB, as teal-yaml reads.
pub const MAX_BYTES: usize = 16 << 20;

/// The plaintext of a file. Wiped when dropped; its `Debug` shows nothing.
pub struct Decrypted {
    /// The file as `sops decrypt` would print it.
    pub content: Zeroizing<Vec<u8>>,
    /// Everything that was encrypted, so that a caller can tell where plaintext went.
    pub secrets: Vec<Secret>,
    /// Which sort of file it is.
    pub format: Format,
}

/// One value that was encrypted. No `Debug`.
pub struct Secret {
    /// The names on the way to it, joined by dots.
    pub path: String,
    /// The value as text.
    pub text: Zeroizing<String>,
}

impl std::fmt::Debug for Decrypted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decrypted").field("format", &self.format).finish_non_exhaustive()
    }
}

/// Decrypts a file that carries SOPS metadata; `None` for any other file. `path` decides, with the content, which sort
/// of file it is.
///
/// # Errors
/// See [`SopsError`]. None of them names a value.
pub fn decrypt(path: &str, bytes: &[u8], sources: &dyn Unwrap) -> Result<Option<Decrypted>, SopsError> {
    let Some((format, text)) = format_of(path, bytes) else { return Ok(None) };
    if text.len() > MAX_BYTES {
        return Err(SopsError::Unsupported { what: format!("a file of more than {MAX_BYTES} bytes") });
    }
    let (content, secrets) = match format {
        Format::Yaml => yaml::decrypt(text, sources)?,
        Format::Json => json::decrypt(text, sources)?,
        Format::Binary => json::decrypt_binary(text, sources)?,
        Format::Dotenv => dotenv::decrypt(text, sources)?,
        Format::Ini => return Err(SopsError::Unsupported { what: "an INI file".to_owned() }),
    };
    Ok(Some(Decrypted { content, secrets, format }))
}
