//! The MAC: SHA-512 over every value in the order of the file, encrypted like a value.

use ring::digest;

use crate::metadata::Metadata;
use crate::value::{Plain, open};
use crate::{DataKey, SopsError};

/// Values as they are fed to it.
pub(crate) struct Mac {
    context: digest::Context,
    only_encrypted: bool,
}

impl Mac {
    pub(crate) fn new(only_encrypted: bool) -> Self {
        let mut context = digest::Context::new(&digest::SHA512);
        if only_encrypted {
            // So that a MAC over some values never fits where one over all is asked for.
            context.update(digest::digest(&digest::SHA256, b"sops").as_ref());
        }
        Self { context, only_encrypted }
    }

    /// Adds a value that was encrypted.
    pub(crate) fn add_plain(&mut self, plain: &Plain) {
        match plain {
            Plain::Bytes(bytes) | Plain::Time(bytes) => self.context.update(bytes),
            Plain::Int(number) => self.context.update(number.to_string().as_bytes()),
            Plain::Float(number) => self.context.update(number.to_string().as_bytes()),
            Plain::Bool(value) => self.context.update(bool_text(*value).as_bytes()),
            Plain::Comment(_) => {}
        }
    }

    /// Adds a value that stands in the clear.
    pub(crate) fn add_clear(&mut self, text: &str) {
        if !self.only_encrypted {
            self.context.update(text.as_bytes());
        }
    }

    /// Compares with what the file says.
    pub(crate) fn verify(self, metadata: &Metadata, key: &DataKey) -> Result<(), SopsError> {
        let Ok(Plain::Bytes(stored)) = open(&metadata.mac, key, &metadata.last_modified) else {
            return Err(SopsError::Mac);
        };
        let computed: String = self.context.finish().as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
        if *stored == computed.as_bytes() { Ok(()) } else { Err(SopsError::Mac) }
    }
}

/// Booleans are written as the first SOPS, a Python program, did.
pub(crate) fn bool_text(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}
