//! How the declaration's commit stands to the ledger's: told from memory, found out beside the loop.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use teal_git::{Ancestry, CommitId, Repository};
use teal_switcher_core::Relation;
use tokio::time::{Duration, Instant};

use crate::wake::Wake;

/// Pairs that are remembered.
const KEPT: usize = 64;
/// Time before a question that could not be answered is asked again.
const AGAIN: Duration = Duration::from_secs(5);

/// Answers by (older, newer).
#[derive(Debug, Clone, Default)]
pub(crate) struct Relations(Arc<Mutex<BTreeMap<(String, CommitId), Asked>>>);

#[derive(Debug, Clone, Copy)]
struct Asked {
    answer: Relation,
    at: Instant,
}

impl Relations {
    /// The relation as far as it is known now; asks when it is not, and rings `wake` when the answer is there.
    pub(crate) fn tell(&self, repository: &Arc<Repository>, old: &str, new: &CommitId, wake: &Wake) -> Relation {
        if old == new.as_str() {
            return Relation::Equal;
        }
        let pair = (old.to_owned(), new.clone());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asked) = known.get(&pair) {
            if asked.answer != Relation::Unknown || asked.at.elapsed() < AGAIN {
                return asked.answer;
            }
        }
        if known.len() > KEPT {
            known.clear();
        }
        known.insert(pair.clone(), Asked { answer: Relation::Unknown, at: Instant::now() });
        let (relations, repository, wake) = (self.clone(), repository.clone(), wake.clone());
        tokio::task::spawn_blocking(move || {
            let answer = find_out(&repository, &pair.0, &pair.1);
            let mut known = relations.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(pair, Asked { answer, at: Instant::now() });
            drop(known);
            wake.ring();
        });
        Relation::Unknown
    }
}

/// An error means that it can't be told now.
fn find_out(repository: &Repository, old: &str, new: &CommitId) -> Relation {
    let Ok(old) = old.parse::<CommitId>() else { return Relation::Unknown };
    let asked = |old: &CommitId, new: &CommitId| repository.is_ancestor(old, new).unwrap_or(Ancestry::Unknown);
    match asked(&old, new) {
        Ancestry::Equal => Relation::Equal,
        Ancestry::Descends => Relation::Descends,
        Ancestry::Unknown => Relation::Unknown,
        // The older one may simply be the newer: this clone is behind.
        Ancestry::Diverged => match asked(new, &old) {
            Ancestry::Descends => Relation::Behind,
            _ => Relation::Diverged,
        },
    }
}
