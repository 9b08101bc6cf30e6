//! Digests: SHA-256 over canonical JSON. Secrets are digested under a key, so that a digest can't be guessed back (G9).
//!
//! Canonical JSON: keys sorted by their bytes, no blanks, integral floats as integers. It is Teal's own form, only ever
//! hashed; [`DIGEST_VERSION`] changes whenever it does.
//!
//! A Secret is digested as a whole by HMAC-SHA-256, key id first. Without a parity key the caller hands in an *ephemeral*
//! one (random, per process): digests of Secrets then mean something only inside that process. They are not written to
//! the inventory, and parity of Secrets is unknown.

use std::fmt;
use std::io::{self, Write};

use ring::{digest, hmac};
use serde_json::{Number, Value};

use crate::id::ObjectId;

/// Version of everything in this module. Digests of different versions are never compared.
pub const DIGEST_VERSION: u32 = 1;

/// A SHA-256 or HMAC-SHA-256, shown and stored as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Digest of an arbitrary list of parts. Lengths are part of it, so `["ab", "c"]` differs from `["a", "bc"]`.
    #[must_use]
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        Self::finish(context)
    }

    /// Digest of a JSON value; independent of the order of its keys.
    #[must_use]
    pub fn of_value(value: &Value) -> Self {
        let mut sink = Sha(digest::Context::new(&digest::SHA256));
        write_canonical(value, &mut sink);
        Self::finish(sink.0)
    }

    /// Digest of a JSON value under a key; what Secrets get.
    #[must_use]
    pub fn of_secret(value: &Value, key: &ParityKey) -> Self {
        let mut sink = Mac(hmac::Context::with_key(&key.key));
        sink.0.update(key.id.as_bytes());
        sink.0.update(b"\0");
        write_canonical(value, &mut sink);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(sink.0.sign().as_ref());
        Self(bytes)
    }

    /// One digest over many objects: sorted by id here, so the order of `objects` does not matter.
    #[must_use]
    pub fn rolled_up<'a>(objects: impl IntoIterator<Item = (&'a ObjectId, &'a Digest)>) -> Self {
        let mut sorted: Vec<_> = objects.into_iter().collect();
        sorted.sort();
        let mut context = digest::Context::new(&digest::SHA256);
        for (id, digest) in sorted {
            for part in [&id.group, &id.kind, &id.namespace, &id.name] {
                context.update(part.as_bytes());
                context.update(b"\0");
            }
            context.update(&digest.0);
        }
        Self::finish(context)
    }

    /// Reads 64 hex digits; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// The first `digits` hex digits, for names.
    #[must_use]
    pub fn short(&self, digits: usize) -> String {
        let mut text = self.to_string();
        text.truncate(digits);
        text
    }

    pub(crate) fn bit(&self, index: usize) -> bool {
        self.0.get(index / 8).is_some_and(|byte| byte & (0x80 >> (index % 8)) != 0)
    }

    fn finish(context: digest::Context) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", self.short(8))
    }
}

/// The key that digests Secrets: one a pair of clusters, or an ephemeral one that only this process knows.
#[derive(Clone)]
pub struct ParityKey {
    id: String,
    key: hmac::Key,
    shared: bool,
}

impl ParityKey {
    /// The key both clusters of a pair hold (`Sync.spec.parityKeyRef`). Its [`id`](Self::id) tells nothing about it.
    #[must_use]
    pub fn shared(secret: &[u8]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let tag = hmac::sign(&key, b"teal parity key id");
        let id = hex::encode(tag.as_ref().get(..4).unwrap_or_default());
        Self { id, key, shared: true }
    }

    /// A key for a process that was given none; `random` should be 32 fresh random bytes.
    #[must_use]
    pub fn ephemeral(random: &[u8]) -> Self {
        Self { id: String::new(), key: hmac::Key::new(hmac::HMAC_SHA256, random), shared: false }
    }

    /// First 8 hex digits of an HMAC of a constant; empty for an ephemeral key.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether digests under this key mean anything outside this process.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.shared
    }
}

impl fmt::Debug for ParityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParityKey").field("id", &self.id).finish_non_exhaustive()
    }
}

struct Sha(digest::Context);
struct Mac(hmac::Context);

impl Write for Sha {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for Mac {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes `value` in canonical form. The sinks above never fail.
fn write_canonical(value: &Value, sink: &mut impl Write) {
    match value {
        Value::Null => put(sink, b"null"),
        Value::Bool(true) => put(sink, b"true"),
        Value::Bool(false) => put(sink, b"false"),
        Value::Number(number) => put(sink, canonical_number(number).as_bytes()),
        Value::String(text) => write_string(text, sink),
        Value::Array(items) => {
            put(sink, b"[");
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    put(sink, b",");
                }
                write_canonical(item, sink);
            }
            put(sink, b"]");
        }
        Value::Object(map) => {
            // Sorted here whatever serde_json's features make of its map.
            let mut entries: Vec<_> = map.iter().collect();
            if !entries.is_sorted_by(|a, b| a.0 <= b.0) {
                entries.sort_by(|a, b| a.0.cmp(b.0));
            }
            put(sink, b"{");
            for (index, (key, item)) in entries.into_iter().enumerate() {
                if index > 0 {
                    put(sink, b",");
                }
                write_string(key, sink);
                put(sink, b":");
                write_canonical(item, sink);
            }
            put(sink, b"}");
        }
    }
}

fn put(sink: &mut impl Write, bytes: &[u8]) {
    let _infallible = sink.write_all(bytes);
}

/// Length first instead of escapes: unambiguous and fast.
fn write_string(text: &str, sink: &mut impl Write) {
    put(sink, b"\"");
    put(sink, &(text.len() as u64).to_be_bytes());
    put(sink, text.as_bytes());
}

fn canonical_number(number: &Number) -> String {
    match number.as_f64() {
        // 2^53: up to here every integral float is exactly one integer.
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0 => {
            format!("{float:.0}")
        }
        _ => number.to_string(),
    }
}
