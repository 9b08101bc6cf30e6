//! The ledger sealed: only holders of the key can read or forge it, and it can't be moved to another record.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::ledger::{Ledger, LedgerError};

/// Bytes of a key.
pub const KEY_LEN: usize = 32;

/// The key that both switchers and the operators hold. Never shown.
#[derive(Clone)]
pub struct LedgerKey([u8; KEY_LEN]);

impl fmt::Debug for LedgerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LedgerKey(redacted)")
    }
}

/// Why a ledger can't be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The key is not one.
    #[error(
        "the ledger key has {found} bytes instead of {KEY_LEN}; make one with `openssl rand -base64 32` and give it to both switchers"
    )]
    Key {
        /// Bytes found.
        found: usize,
    },
    /// The key is not base64.
    #[error("the ledger key is not base64; make one with `openssl rand -base64 32` and give it to both switchers")]
    KeyText,
    /// Too short, or not base64.
    #[error("the sealed ledger of {record} is cut short or is none; someone else may have written it")]
    Truncated {
        /// The record it belongs to.
        record: String,
    },
    /// Opened by no key of ours.
    #[error(
        "the sealed ledger of {record} does not open: it was written with another key, for another record, or was changed; compare the `ledger` key of both switchers' Secrets"
    )]
    Refused {
        /// The record it belongs to.
        record: String,
    },
    /// Opened, but not understood.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl SealError {
    /// Closed CamelCase set.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Key { .. } | Self::KeyText => "LedgerKeyInvalid",
            Self::Truncated { .. } => "LedgerTruncated",
            Self::Refused { .. } => "LedgerRefused",
            Self::Ledger(error) => error.reason(),
        }
    }
}

impl LedgerKey {
    /// Takes 32 bytes.
    ///
    /// # Errors
    /// Any other length.
    pub fn new(bytes: &[u8]) -> Result<Self, SealError> {
        bytes.try_into().map(Self).map_err(|_| SealError::Key { found: bytes.len() })
    }

    /// Takes the base64 text of 32 bytes, surrounding white space allowed.
    ///
    /// # Errors
    /// No base64, or any other length.
    pub fn from_base64(text: &str) -> Result<Self, SealError> {
        let bytes = STANDARD_NO_PAD.decode(text.trim().trim_end_matches('=')).map_err(|_| SealError::KeyText)?;
        Self::new(&bytes)
    }

    /// Seals a ledger for the record named, in at most `limit` bytes; the text is base64 without padding.
    ///
    /// `nonce` must be random and new for every call.
    ///
    /// # Errors
    /// When it does not fit, whatever is left out for people.
    pub fn seal(
        &self,
        ledger: &Ledger,
        record: &str,
        nonce: [u8; NONCE_LEN],
        limit: usize,
    ) -> Result<String, SealError> {
        let mut sealed = ledger.encode_within(room(limit))?.into_bytes();
        let refused = |_| SealError::Refused { record: record.to_owned() };
        let aad = Aad::from(aad(record));
        self.key(record)?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
            .map_err(refused)?;
        let whole = [nonce.as_slice(), &sealed].concat();
        Ok(STANDARD_NO_PAD.encode(whole))
    }

    /// Opens what [`LedgerKey::seal`] made for the same record.
    ///
    /// # Errors
    /// Cut short, wrong key, other record, changed; or a ledger that this build does not understand.
    pub fn open(&self, text: &str, record: &str) -> Result<Ledger, SealError> {
        let truncated = || SealError::Truncated { record: record.to_owned() };
        let whole = STANDARD_NO_PAD.decode(text.trim()).map_err(|_| truncated())?;
        let (nonce, sealed) = whole.split_first_chunk::<NONCE_LEN>().ok_or_else(truncated)?;
        if sealed.len() < CHACHA20_POLY1305.tag_len() {
            return Err(truncated());
        }
        let mut sealed = sealed.to_vec();
        let opened = self
            .key(record)?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(aad(record)), &mut sealed)
            .map_err(|_| SealError::Refused { record: record.to_owned() })?;
        let json = std::str::from_utf8(opened).map_err(|error| LedgerError::Malformed { why: error.to_string() })?;
        Ok(Ledger::decode(json)?)
    }

    fn key(&self, record: &str) -> Result<LessSafeKey, SealError> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &self.0);
        key.map(LessSafeKey::new).map_err(|_| SealError::Refused { record: record.to_owned() })
    }
}

/// Bytes of a ledger that fit when it is sealed in `limit` bytes.
#[must_use]
pub fn room(limit: usize) -> usize {
    (limit / 4 * 3 + limit % 4 * 3 / 4).saturating_sub(NONCE_LEN + CHACHA20_POLY1305.tag_len())
}

/// Names are compared as DNS does: without case and final dot.
fn aad(record: &str) -> Vec<u8> {
    format!("teal-ledger:{}", record.trim_end_matches('.').to_ascii_lowercase()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::Color;
    use crate::decide::samples::declaration;

    const RECORD: &str = "aks.contoso.com";

    fn sealed() -> (LedgerKey, String) {
        let key = LedgerKey::new(&[7; KEY_LEN]).unwrap();
        let ledger = Ledger::first("l", Color::from("blue"), &declaration("blue"), 300, 1);
        let text = key.seal(&ledger, RECORD, [1; NONCE_LEN], 512).unwrap();
        (key, text)
    }

    #[test]
    fn only_the_key_opens_it_and_only_for_its_record() {
        let (key, text) = sealed();
        assert!(key.open(&text, RECORD).is_ok());
        assert!(key.open(&text, "AKS.Contoso.com.").is_ok(), "a name is the same in any case");
        let other = LedgerKey::new(&[8; KEY_LEN]).unwrap();
        assert_eq!(other.open(&text, RECORD).unwrap_err().reason(), "LedgerRefused");
        assert_eq!(key.open(&text, "other.contoso.com").unwrap_err().reason(), "LedgerRefused");
    }

    #[test]
    fn any_changed_byte_is_refused_and_any_cut_is_named() {
        let (key, text) = sealed();
        let bytes = STANDARD_NO_PAD.decode(&text).unwrap();
        for at in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[at] ^= 1;
            assert_eq!(
                key.open(&STANDARD_NO_PAD.encode(forged), RECORD).unwrap_err().reason(),
                "LedgerRefused",
                "byte {at}"
            );
        }
        for length in 0..bytes.len() {
            let error = key.open(&STANDARD_NO_PAD.encode(&bytes[..length]), RECORD).unwrap_err();
            let want = if length < NONCE_LEN + 16 { "LedgerTruncated" } else { "LedgerRefused" };
            assert_eq!(error.reason(), want, "{length} bytes");
        }
        assert_eq!(key.open("v=spf1 -all", RECORD).unwrap_err().reason(), "LedgerTruncated");
    }

    #[test]
    fn g9_a_key_is_never_shown() {
        let key = LedgerKey::new(&[0xAB; KEY_LEN]).unwrap();
        assert_eq!(format!("{key:?}"), "LedgerKey(redacted)");
        let error = LedgerKey::from_base64("c2VjcmV0").unwrap_err();
        assert!(!error.to_string().contains("c2VjcmV0") && !error.to_string().contains("secret"), "{error}");
        assert_eq!(LedgerKey::from_base64("not base64!").unwrap_err(), SealError::KeyText);
    }
}
