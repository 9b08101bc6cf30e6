//! What can go wrong, on what, and what to do. No message carries credentials, queries of URLs, or raw control characters.

use std::path::PathBuf;
use std::time::Duration;

/// Why a repository could not be asked or fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Not an address this crate fetches from.
    #[error("{url}: {problem}; write an http:// or https:// address without user name or password")]
    InvalidUrl {
        /// The address without its user name and password.
        url: String,
        /// What is wrong.
        problem: String,
    },
    /// Not a name git allows.
    #[error("{reference}: {problem}")]
    InvalidReference {
        /// Kind and name.
        reference: String,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// The CA bundle or the credentials can't be used.
    #[error("{url}: {problem}")]
    InvalidSecret {
        /// The repository.
        url: String,
        /// What is wrong, without the value.
        problem: String,
    },
    /// No connection.
    #[error("{url}: can't be reached: {cause}; check the address, name resolution and the network between")]
    Unreachable {
        /// The repository.
        url: String,
        /// The lowest cause.
        cause: String,
    },
    /// TLS: the server's certificate is not trusted.
    #[error("{url}: its certificate is not trusted: {cause}; put the CA that signed it into the Secret under `ca.crt`")]
    Untrusted {
        /// The repository.
        url: String,
        /// What the verifier said.
        cause: String,
    },
    /// Credentials missing, wrong, or not allowed to do this.
    #[error(
        "{url}: refused with {status} ({sent}); check the Secret's user name and password or token, and that it may read this repository (write it, to push)"
    )]
    Unauthorized {
        /// The repository.
        url: String,
        /// HTTP status.
        status: u16,
        /// What was sent: `no credentials were sent`, `user name and password were sent` …
        sent: &'static str,
    },
    /// The server has no such repository, or hides it.
    #[error("{url}: no repository there (404); check the path. Many hosts answer so for a private one ({sent})")]
    NotFound {
        /// The repository.
        url: String,
        /// What was sent.
        sent: &'static str,
    },
    /// The server failed or asks to wait.
    #[error("{url}: the server answered {status}; nothing to change here, it is tried again")]
    Unavailable {
        /// The repository.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// The branch, tag or commit does not exist.
    #[error("{url}: has no {reference}{known}")]
    NoSuchRef {
        /// The repository.
        url: String,
        /// Kind and name.
        reference: String,
        /// What there is instead, as `; it has …`, or nothing.
        known: String,
    },
    /// Nothing was ever pushed.
    #[error("{url}: is empty; push a first commit")]
    EmptyRepository {
        /// The repository.
        url: String,
    },
    /// More than the limits allow.
    #[error("{url}: {what} is over the limit of {limit}; make the repository smaller or raise the limit")]
    TooLarge {
        /// The repository.
        url: String,
        /// What is too large.
        what: &'static str,
        /// The limit with its unit.
        limit: String,
    },
    /// Not done by the deadline.
    #[error("{url}: not done within {after:?}; it is tried again")]
    Timeout {
        /// The repository.
        url: String,
        /// The deadline of the operation.
        after: Duration,
    },
    /// What came is not the git protocol, or is damaged.
    #[error("{url}: {cause}")]
    Protocol {
        /// The repository.
        url: String,
        /// What is wrong.
        cause: String,
    },
    /// The local store can't be used.
    #[error("store {}: {cause}; check the volume's space and permissions", dir.display())]
    Store {
        /// The directory.
        dir: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// Another process has the store open.
    #[error("store {}: in use by another process; give each its own directory", dir.display())]
    StoreBusy {
        /// The directory.
        dir: PathBuf,
    },
}

impl FetchError {
    /// Returns the closed CamelCase reason: condition reason, metric label and log field alike.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::InvalidUrl { .. } => "InvalidUrl",
            Self::InvalidReference { .. } => "InvalidReference",
            Self::InvalidSecret { .. } => "InvalidSecret",
            Self::Unreachable { .. } => "Unreachable",
            Self::Untrusted { .. } => "Untrusted",
            Self::Unauthorized { .. } => "Unauthorized",
            Self::NotFound { .. } => "NotFound",
            Self::Unavailable { .. } => "Unavailable",
            Self::NoSuchRef { .. } => "NoSuchRef",
            Self::EmptyRepository { .. } => "EmptyRepository",
            Self::TooLarge { .. } => "TooLarge",
            Self::Timeout { .. } => "Timeout",
            Self::Protocol { .. } => "Protocol",
            Self::Store { .. } => "Store",
            Self::StoreBusy { .. } => "StoreBusy",
        }
    }

    /// Tells whether trying again can help without anybody changing a setting.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Unavailable { .. }
                | Self::Timeout { .. }
                | Self::Store { .. }
                | Self::StoreBusy { .. }
        )
    }

    pub(crate) fn store(dir: &std::path::Path, cause: impl std::fmt::Display) -> Self {
        Self::Store { dir: dir.to_owned(), cause: tame(&cause.to_string()) }
    }
}

/// Why a file or folder of a commit could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The path asked for is not one.
    #[error("{path}: not a path inside the repository: {problem}")]
    InvalidPath {
        /// As asked for.
        path: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// The commit has an entry that no honest git makes.
    #[error("{folder}: has an entry {name}, which is refused; remove it from the repository")]
    ForbiddenName {
        /// The folder; `.` is the root.
        folder: String,
        /// The entry, escaped.
        name: String,
    },
    /// A submodule.
    #[error("{path}: is a git submodule, which is not supported; commit the files themselves")]
    Submodule {
        /// Where.
        path: String,
    },
    /// A Git LFS pointer.
    #[error("{path}: is a Git LFS pointer, which is not supported; commit the file itself")]
    LfsPointer {
        /// Where.
        path: String,
    },
    /// The path leads through a symbolic link.
    #[error("{link}: is a symbolic link, which is never followed; name the file it points to")]
    ThroughLink {
        /// The link.
        link: String,
    },
    /// Larger than the limit for one file.
    #[error("{path}: has {bytes} bytes, over the limit of {limit}")]
    TooLarge {
        /// Where.
        path: String,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The store lost or damaged an object.
    #[error("{path}: can't be read from the store: {cause}")]
    Store {
        /// Where.
        path: String,
        /// What the store said.
        cause: String,
    },
}

impl ReadError {
    /// Returns the closed CamelCase reason.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::InvalidPath { .. } => "InvalidPath",
            Self::ForbiddenName { .. } => "ForbiddenName",
            Self::Submodule { .. } => "Submodule",
            Self::LfsPointer { .. } => "LfsPointer",
            Self::ThroughLink { .. } => "ThroughLink",
            Self::TooLarge { .. } => "TooLarge",
            Self::Store { .. } => "Store",
        }
    }
}

/// Why a commit of a repository on this machine can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocalError {
    /// The folder is in no repository.
    #[error("{}: is in no git repository that can be read: {cause}", folder.display())]
    NoRepository {
        /// The folder.
        folder: PathBuf,
        /// What libgit2 said.
        cause: String,
    },
    /// The name means no commit here.
    #[error("revision `{revision}`: {cause}; name a branch, a tag or a commit of this repository")]
    NoRevision {
        /// As written.
        revision: String,
        /// What libgit2 said.
        cause: String,
    },
}

/// Why a commit could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// The repository could not be reached or read.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Somebody else pushed first.
    #[error("{url}: branch `{branch}` moved while the commit was made; read it again and repeat")]
    Raced {
        /// The repository.
        url: String,
        /// The branch.
        branch: String,
    },
    /// The server refused the commit (a protected branch, a hook).
    #[error(
        "{url}: the server refused the commit to `{branch}`: {cause}; push it by another branch or allow this account"
    )]
    Rejected {
        /// The repository.
        url: String,
        /// The branch.
        branch: String,
        /// What the server said.
        cause: String,
    },
    /// A path to write is not one.
    #[error(transparent)]
    Path(#[from] ReadError),
}

impl PushError {
    /// Returns the closed CamelCase reason.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Fetch(error) => error.reason(),
            Self::Raced { .. } => "Raced",
            Self::Rejected { .. } => "Rejected",
            Self::Path(error) => error.reason(),
        }
    }
}

/// Makes text from outside fit for a message: one line, no control characters, at most 200 characters.
pub(crate) fn tame(text: &str) -> String {
    let mut tamed: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    if text.trim().chars().count() > 200 {
        tamed.push('…');
    }
    tamed
}
