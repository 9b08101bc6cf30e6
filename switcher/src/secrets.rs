//! Mounted Secrets: `<dir>/<secret>/<key>`. Read when needed, so that a rotated Secret counts at the next use; never shown.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;

/// Why a Secret can't be used. Names the file, never its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// No such file, or no right to read it.
    #[error("Secret {secret}: key {key} can't be read at {}: {cause}; mount the Secret there", path.display())]
    Unreadable {
        /// Name of the Secret.
        secret: String,
        /// The key.
        key: String,
        /// Where it was looked for.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// The name would lead out of the folder.
    #[error("Secret {secret}: key {key}: a name is letters, digits, `-`, `_` and `.` only")]
    BadName {
        /// Name of the Secret.
        secret: String,
        /// The key.
        key: String,
    },
    /// The content has not the form that is needed.
    #[error("Secret {secret}: key {key} {problem}")]
    Malformed {
        /// Name of the Secret.
        secret: String,
        /// The key.
        key: String,
        /// What would be right.
        problem: &'static str,
    },
}

/// The folder of mounted Secrets.
#[derive(Debug, Clone)]
pub struct Secrets(PathBuf);

/// Secret bytes; shown as nothing.
#[derive(Clone)]
pub struct Bytes(Vec<u8>);

impl Bytes {
    /// The bytes themselves.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Secrets {
    /// Reads below `dir`.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self(dir.to_owned())
    }

    /// Reads one key.
    ///
    /// # Errors
    /// See [`SecretError`].
    pub fn read(&self, secret: &str, key: &str) -> Result<Bytes, SecretError> {
        let name = |text: &str| {
            !text.is_empty()
                && !text.starts_with('.')
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        };
        let (secret, key) = (secret.to_owned(), key.to_owned());
        if !name(&secret) || !name(&key) {
            return Err(SecretError::BadName { secret, key });
        }
        let path = self.0.join(&secret).join(&key);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Bytes(bytes)),
            Err(cause) => Err(SecretError::Unreadable { secret, key, path, cause: cause.to_string() }),
        }
    }

    /// Reads one key that holds base64 of exactly `length` bytes.
    ///
    /// # Errors
    /// See [`SecretError`].
    pub fn read_key(&self, secret: &str, key: &str) -> Result<[u8; 32], SecretError> {
        let malformed = || SecretError::Malformed {
            secret: secret.to_owned(),
            key: key.to_owned(),
            problem: "is not base64 of 32 bytes; `openssl rand -base64 32` makes one",
        };
        let bytes = self.read(secret, key)?;
        let text = std::str::from_utf8(bytes.expose()).map_err(|_| malformed())?;
        let decoded = base64::engine::general_purpose::STANDARD.decode(text.trim()).map_err(|_| malformed())?;
        decoded.try_into().map_err(|_| malformed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g9_errors_name_files_and_never_content() {
        let dir = std::env::temp_dir().join(format!("teal-secrets-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("dns")).unwrap();
        std::fs::write(dir.join("dns/ledger"), "hunter2").unwrap();
        std::fs::write(dir.join("dns/good"), base64::engine::general_purpose::STANDARD.encode([7_u8; 32])).unwrap();
        let secrets = Secrets::new(&dir);
        assert_eq!(secrets.read_key("dns", "good").unwrap(), [7; 32]);
        let wrong = secrets.read_key("dns", "ledger").unwrap_err().to_string();
        assert!(wrong.contains("32 bytes") && !wrong.contains("hunter2"), "{wrong}");
        assert!(matches!(secrets.read("..", "passwd").unwrap_err(), SecretError::BadName { .. }));
        assert!(matches!(secrets.read("dns", "a/b").unwrap_err(), SecretError::BadName { .. }));
        let missing = secrets.read("green-access", "kubeconfig").unwrap_err().to_string();
        assert!(missing.contains("green-access") && missing.contains("mount"), "{missing}");
        assert_eq!(format!("{:?}", secrets.read("dns", "ledger").unwrap()), "…");
        std::fs::remove_dir_all(dir).unwrap();
    }
}
