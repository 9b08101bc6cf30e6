//! What to fetch, how to prove who asks, and how much is too much.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::FetchError;

/// Where the repository is and how it may be reached. Its `Debug` shows no address that may hold a password.
#[derive(Clone)]
pub struct Options {
    /// `http://` or `https://` address without user name or password.
    pub url: String,
    /// Credentials; sent to this address's own origin only, never after a redirect to another.
    pub auth: Auth,
    /// PEM bundle that alone is trusted for TLS; the machine's own roots when absent.
    pub ca: Option<Vec<u8>>,
    /// Bounds on what a server may send and a store may hold.
    pub limits: Limits,
    /// Longest time for one operation (`ls_remote`, `fetch` …) with all its requests; default 60 s.
    pub deadline: Duration,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = if self.url.contains(['@', '?']) { "…" } else { &self.url };
        f.debug_struct("Options")
            .field("url", &url)
            .field("auth", &self.auth)
            .field("limits", &self.limits)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// Returns options for `url` without credentials and with the default bounds.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            auth: Auth::None,
            ca: None,
            limits: Limits::default(),
            deadline: Duration::from_secs(60),
        }
    }

    /// Returns the options with these credentials.
    #[must_use]
    pub fn with_auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }
}

/// Credentials; `Debug` shows only their kind (G9).
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Auth {
    /// None.
    #[default]
    None,
    /// HTTP basic.
    Basic {
        /// User name; many hosts take any word beside a token.
        username: String,
        /// Password or token.
        password: String,
    },
    /// `Authorization: Bearer …`.
    Bearer(String),
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Basic { .. } => "Basic(…)",
            Self::Bearer(_) => "Bearer(…)",
        })
    }
}

/// Bounds of one repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of packs in one operation; default 128 MiB.
    pub pack_bytes: u64,
    /// Most objects in one pack; default 200,000.
    pub objects: usize,
    /// Largest store on disk; rebuilt and swapped when over; default 512 MiB.
    pub store_bytes: u64,
    /// Largest file that is read; default 16 MiB.
    pub file_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { pack_bytes: 128 << 20, objects: 200_000, store_bytes: 512 << 20, file_bytes: 16 << 20 }
    }
}

/// A full commit id: 40 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(String);

impl CommitId {
    /// Returns the 40 hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the first 12 digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }

    pub(crate) fn from_oid(id: git2::Oid) -> Self {
        Self(id.to_string())
    }

    pub(crate) fn oid(&self) -> git2::Oid {
        // Can't fail: the type holds 40 hex digits. Zero is an id that no object has.
        git2::Oid::from_str(&self.0).unwrap_or(git2::Oid::ZERO_SHA1)
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for CommitId {
    type Err = FetchError;

    /// # Errors
    /// `InvalidReference` unless it is 40 hex digits: a short id could name another commit tomorrow.
    fn from_str(text: &str) -> Result<Self, FetchError> {
        if text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        Err(FetchError::InvalidReference {
            reference: format!("commit `{}`", crate::error::tame(text)),
            problem: "write all 40 hex digits of the commit id".to_owned(),
        })
    }
}

/// One way to name a commit of the remote repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// Head of a branch, such as `main`.
    Branch(String),
    /// A tag, light or annotated.
    Tag(String),
    /// Exactly this commit.
    Commit(CommitId),
}

impl Reference {
    /// Returns the full name on the server, checked; `None` for a commit.
    ///
    /// # Errors
    /// `InvalidReference` for names that git itself would refuse (`..`, control characters, a leading dash …): they must
    /// become neither a path nor an option.
    pub(crate) fn full_name(&self) -> Result<Option<String>, FetchError> {
        let (kind, name) = match self {
            Self::Branch(name) => ("heads", name),
            Self::Tag(name) => ("tags", name),
            Self::Commit(_) => return Ok(None),
        };
        let full = format!("refs/{kind}/{name}");
        if name.is_empty() || name.starts_with('-') || name.contains('*') || !git2::Reference::is_valid_name(&full) {
            return Err(FetchError::InvalidReference {
                reference: self.to_string(),
                problem: "git allows no such name; write it as `git branch` or `git tag` lists it".to_owned(),
            });
        }
        Ok(Some(full))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Branch(name) => write!(f, "branch `{}`", crate::error::tame(name)),
            Self::Tag(name) => write!(f, "tag `{}`", crate::error::tame(name)),
            Self::Commit(id) => write!(f, "commit {id}"),
        }
    }
}
