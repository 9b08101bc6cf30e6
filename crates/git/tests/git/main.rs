//! teal-git against a real git server (`git http-backend`), with every fault it names.
#![allow(clippy::unwrap_used, clippy::panic)]

use teal_git::{CommitId, Options, Reference, Repository, Snapshot, SnapshotEntry};
use teal_testkit::git_server::{GitServer, Repo};
use tempfile::TempDir;

mod access;
mod fetch;
mod history;
mod limits;
mod local;
mod push;
mod tree;

/// A server with one repository, and an empty folder for a store.
struct World {
    server: GitServer,
    repo: Repo,
    store: TempDir,
}

impl World {
    fn new() -> Self {
        Self::on(GitServer::start().unwrap())
    }

    fn on(server: GitServer) -> Self {
        let repo = server.repository("fleet").unwrap();
        Self { server, repo, store: TempDir::new().unwrap() }
    }

    fn open(&self) -> Repository {
        self.open_with(&Options::new(&self.repo.url))
    }

    fn open_with(&self, options: &Options) -> Repository {
        Repository::open(self.store.path(), options).unwrap()
    }
}

fn main_branch() -> Reference {
    Reference::Branch("main".to_owned())
}

fn id(text: &str) -> CommitId {
    text.parse().unwrap()
}

fn file(snapshot: &Snapshot, path: &str) -> Option<String> {
    match snapshot.entry(path).unwrap()? {
        SnapshotEntry::File(bytes) => Some(String::from_utf8(bytes.to_vec()).unwrap()),
        other => panic!("{path} is {other:?}"),
    }
}
