//! One encrypted value: its text form, and AES-256-GCM bound to its place.

use aes_gcm::aead::consts::U32;
use aes_gcm::aead::{AeadInPlace, KeyInit};
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, Nonce, Tag};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::DataKey;

/// What every encrypted value begins with.
pub const MARKER: &str = "ENC[AES256_GCM,";

/// SOPS draws 32 bytes where GCM usually takes 12, so the counter block is a GHASH of them.
type Cipher = AesGcm<Aes256, U32>;

/// Whether a text is a value as SOPS encrypts it.
#[must_use]
pub fn is_encrypted_value(text: &str) -> bool {
    text.starts_with(MARKER) && text.ends_with(']')
}

/// A decrypted value. Never shown.
pub(crate) enum Plain {
    /// Text, or the bytes of a binary file.
    Bytes(Zeroizing<Vec<u8>>),
    Int(i64),
    Float(f64),
    Bool(bool),
    /// A point in time, as RFC 3339 has it.
    Time(Zeroizing<Vec<u8>>),
    Comment(Zeroizing<Vec<u8>>),
}

/// Decrypts `text`, which stands at the place that `bound_to` names.
///
/// The error says what is wrong without showing anything.
pub(crate) fn open(text: &str, key: &DataKey, bound_to: &str) -> Result<Plain, &'static str> {
    let form = "is no value as SOPS writes it";
    let inner = text.strip_prefix(MARKER).and_then(|text| text.strip_suffix(']')).ok_or(form)?;
    let mut parts = inner.split(',');
    let mut part = |name: &str| parts.next().and_then(|part| part.strip_prefix(name)?.strip_prefix(':')).ok_or(form);
    let (data, iv, tag, kind) = (part("data")?, part("iv")?, part("tag")?, part("type")?);
    let decode = |text: &str| STANDARD.decode(text).map_err(|_| form);
    let (data, iv, tag) = (decode(data)?, decode(iv)?, decode(tag)?);
    let (iv, tag): ([u8; 32], [u8; 16]) = (iv.try_into().map_err(|_| form)?, tag.try_into().map_err(|_| form)?);
    let cipher = Cipher::new_from_slice(key.bytes()).map_err(|_| "has a key of another length")?;
    let mut bytes = Zeroizing::new(data);
    cipher
        .decrypt_in_place_detached(
            Nonce::<U32>::from_slice(&iv),
            bound_to.as_bytes(),
            &mut bytes,
            Tag::from_slice(&tag),
        )
        .map_err(|_| "does not decrypt there: it was changed, moved from elsewhere, or belongs to another file")?;
    typed(kind, bytes)
}

fn typed(kind: &str, bytes: Zeroizing<Vec<u8>>) -> Result<Plain, &'static str> {
    let text = || std::str::from_utf8(&bytes).map_err(|_| "is no text");
    Ok(match kind {
        "str" | "bytes" => Plain::Bytes(bytes),
        "comment" => Plain::Comment(bytes),
        "time" => Plain::Time(bytes),
        "int" | "int64" => Plain::Int(text()?.parse().map_err(|_| "is no integer although it says so")?),
        "float" => {
            let number: f64 = text()?.parse().map_err(|_| "is no number although it says so")?;
            if !number.is_finite() {
                return Err("is no finite number, which Kubernetes has no form for");
            }
            Plain::Float(number)
        }
        "bool" => match text()? {
            "True" | "true" | "TRUE" | "t" | "T" | "1" => Plain::Bool(true),
            "False" | "false" | "FALSE" | "f" | "F" | "0" => Plain::Bool(false),
            _ => return Err("is no boolean although it says so"),
        },
        _ => return Err("has a type that this does not know"),
    })
}
