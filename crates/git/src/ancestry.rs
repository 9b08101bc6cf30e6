//! Does one commit descend from another? Asked to detect rewritten history; deepens the store only as far as needed.

use std::collections::{HashSet, VecDeque};
use std::sync::PoisonError;

use git2::{Commit, Oid, Repository as Git};

use crate::repository::{ALL_BRANCHES, Connection, UNSHALLOW, has};
use crate::{CommitId, FetchError, Repository};

/// Depths asked for one after the other.
const DEPTHS: [i32; 4] = [16, 256, 4096, UNSHALLOW];
/// Most commits walked.
const MAX_WALK: usize = 200_000;

/// How a newer commit relates to an older one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ancestry {
    /// They are the same.
    Equal,
    /// The newer one descends from the older one.
    Descends,
    /// The newer one's whole history is known and does not contain the older one: history was rewritten, or `new` is older.
    Diverged,
    /// The limits or the server did not let the history be read far enough.
    Unknown,
}

enum Walk {
    Found,
    Complete,
    /// The known history ends before the real one does.
    Cut,
}

impl Repository {
    /// Tells how `new` relates to `old`, fetching more history of `new` when what is stored does not decide it.
    ///
    /// # Errors
    /// See [`FetchError`]; `TooLarge` and `Protocol` while deepening become [`Ancestry::Unknown`].
    pub fn is_ancestor(&self, old: &CommitId, new: &CommitId) -> Result<Ancestry, FetchError> {
        if old == new {
            return Ok(Ancestry::Equal);
        }
        let _one = self.fetching.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = self.store.current();
        let git = dir.git()?;
        let mut depths = DEPTHS.iter();
        loop {
            if has(&git, new.oid()) {
                match walk(&git, old.oid(), new.oid()) {
                    Walk::Found => return Ok(Ancestry::Descends),
                    Walk::Complete => return Ok(Ancestry::Diverged),
                    Walk::Cut => {}
                }
            }
            let Some(depth) = depths.next() else { return Ok(Ancestry::Unknown) };
            match self.deepen(&git, new, *depth) {
                Ok(()) => {}
                Err(FetchError::TooLarge { .. } | FetchError::Protocol { .. }) => return Ok(Ancestry::Unknown),
                Err(error) => return Err(error),
            }
        }
    }

    /// Lists the commits that `new` contains and `old` does not, each with its parents, newest first, at most `most`.
    ///
    /// Reads what is stored and fetches nothing: ask [`Repository::is_ancestor`] first, which brings the history between.
    ///
    /// # Errors
    /// `Store` when the store can't be read.
    pub fn between(
        &self,
        old: &CommitId,
        new: &CommitId,
        most: usize,
    ) -> Result<Vec<(CommitId, Vec<CommitId>)>, FetchError> {
        let dir = self.store.current();
        let git = dir.git()?;
        let mut seen = HashSet::new();
        list(&git, old.oid(), MAX_WALK, &mut seen);
        let found = list(&git, new.oid(), most, &mut seen);
        let ids = |oids: Vec<Oid>| oids.into_iter().map(CommitId::from_oid).collect();
        Ok(found.into_iter().map(|(id, parents)| (CommitId::from_oid(id), ids(parents))).collect())
    }

    fn deepen(&self, git: &Git, commit: &CommitId, depth: i32) -> Result<(), FetchError> {
        let mut connection = Connection::open(self, git)?;
        let named = connection.heads.iter().find(|(_, id)| *id == commit.oid());
        let wanted = named.map_or_else(|| commit.to_string(), |(name, _)| name.trim_end_matches("^{}").to_owned());
        match connection.download(&[wanted], depth) {
            // Commits by id are refused: deepen all branches instead.
            Err(FetchError::Protocol { .. }) => {
                Connection::open(self, git)?.download(&[ALL_BRANCHES.to_owned()], depth)
            }
            done => done,
        }
    }
}

/// Walks by the parents that the commits themselves name: libgit2's own are cut where the store ended when it first looked.
fn walk(git: &Git, old: Oid, new: Oid) -> Walk {
    let mut seen = HashSet::from([new]);
    let mut queue = VecDeque::from([new]);
    let mut cut = false;
    while let Some(id) = queue.pop_front() {
        if id == old {
            return Walk::Found;
        }
        match git.find_commit(id) {
            Ok(commit) if seen.len() <= MAX_WALK => {
                queue.extend(parents(&commit).into_iter().filter(|parent| seen.insert(*parent)));
            }
            _ => cut = true,
        }
    }
    if cut { Walk::Cut } else { Walk::Complete }
}

/// The stored commits reachable from `start` that were not seen before, with their parents.
fn list(git: &Git, start: Oid, most: usize, seen: &mut HashSet<Oid>) -> Vec<(Oid, Vec<Oid>)> {
    let mut found = Vec::new();
    let mut queue = VecDeque::new();
    if seen.insert(start) {
        queue.push_back(start);
    }
    while let Some(id) = queue.pop_front() {
        let Ok(commit) = git.find_commit(id) else { continue };
        if found.len() >= most {
            break;
        }
        let parents = parents(&commit);
        queue.extend(parents.iter().copied().filter(|parent| seen.insert(*parent)));
        found.push((id, parents));
    }
    found
}

fn parents(commit: &Commit<'_>) -> Vec<Oid> {
    let header = String::from_utf8_lossy(commit.raw_header_bytes());
    header.lines().filter_map(|line| line.strip_prefix("parent ")).filter_map(|id| Oid::from_str(id).ok()).collect()
}
