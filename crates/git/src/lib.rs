//! Fetch a git repository over HTTP(S), bounded, and read its trees without a work tree (SYNC §7, DESIGN §6.1).
//!
//! | step | where |
//! |---|---|
//! | what to fetch, with which credentials and limits | [`Options`], [`Reference`] |
//! | ask what a branch points to: one request | [`Repository::ls_remote`] |
//! | bring a commit into the bare store, depth 1, incrementally | [`Repository::fetch`] |
//! | read files and folders of a commit | [`Snapshot`] |
//! | tell whether history was rewritten | [`Repository::is_ancestor`] |
//! | write a commit, for the command line | [`Repository::commit_and_push`] |
//! | read a commit of a clone on this machine | [`LocalRepository`] |
//!
//! Everything here blocks: daemons call it from `spawn_blocking`. Why git2, and what is global: docs/decisions/0003-git.md.

mod ancestry;
mod error;
mod global;
mod http;
mod local;
mod options;
mod push;
mod repository;
mod session;
mod snapshot;
mod store;
mod transport;
mod tree;

pub use ancestry::Ancestry;
pub use error::{FetchError, LocalError, PushError, ReadError};
pub use local::LocalRepository;
pub use options::{Auth, CommitId, Limits, Options, Reference};
pub use push::{Author, Change};
pub use repository::{Commit, Repository};
pub use snapshot::{Snapshot, SnapshotEntry};
