//! What the suites share: the test-only keys, and where fixtures are.

use std::path::{Path, PathBuf};

use teal_sops::AgeKeys;

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

pub(crate) fn read(path: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The identities of a committed key file. Nothing but tests was ever encrypted for them.
pub(crate) fn keys(file: &str) -> AgeKeys {
    let mut keys = AgeKeys::default();
    keys.add(&String::from_utf8(read(file)).unwrap()).unwrap();
    keys
}
