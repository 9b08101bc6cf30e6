//! How the declaration's commit stands to the ledger's: told from memory, found out beside the loop.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use teal_git::{Ancestry, CommitId, Repository};
use teal_switcher_core::Relation;
use tokio::time::{Duration, Instant};

use super::mixed;
use crate::wake::Wake;

/// Questions that are remembered.
const KEPT: usize = 64;
/// Time before a question that could not be answered is asked again.
const AGAIN: Duration = Duration::from_secs(5);

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// The ledger's commit, as it is written there.
    pub old: String,
    /// The declaration's.
    pub new: CommitId,
    /// Asked when the declaration has changed since the ledger's commit: did that commit change the fleet too?
    pub mixed: Option<Mixing>,
}

/// What makes a commit mixed (SWITCH §5).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mixing {
    /// Name of the Switch.
    pub switch: String,
    /// Folder of the fleet in the same repository; the root when empty.
    pub fleet: String,
}

/// What is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Where the new commit is, seen from the old one; unknown until everything asked is known.
    pub relation: Relation,
    /// Whether a commit between them changes `active` and the fleet.
    pub mixed: bool,
}

impl Answer {
    const UNKNOWN: Self = Self { relation: Relation::Unknown, mixed: false };
}

/// Answers so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Relations(Arc<Mutex<BTreeMap<Question, (Answer, Instant)>>>);

impl Relations {
    /// The answer as far as it is known now; asks when it is not, and rings `wake` when it is there. Never waits.
    pub(super) fn tell(&self, repository: &Arc<Repository>, files: &str, question: Question, wake: &Wake) -> Answer {
        if question.old == question.new.as_str() {
            return Answer { relation: Relation::Equal, mixed: false };
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((answer, at)) = known.get(&question)
            && (answer.relation != Relation::Unknown || at.elapsed() < AGAIN)
        {
            return *answer;
        }
        if known.len() > KEPT {
            known.clear();
        }
        known.insert(question.clone(), (Answer::UNKNOWN, Instant::now()));
        let (relations, repository, files, wake) = (self.clone(), repository.clone(), files.to_owned(), wake.clone());
        tokio::task::spawn_blocking(move || {
            let answer = find_out(&repository, &files, &question);
            let mut known = relations.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(question, (answer, Instant::now()));
            drop(known);
            wake.ring();
        });
        Answer::UNKNOWN
    }
}

/// An error means that it can't be told now.
fn find_out(repository: &Repository, files: &str, question: &Question) -> Answer {
    let Ok(old) = question.old.parse::<CommitId>() else { return Answer::UNKNOWN };
    let new = &question.new;
    let asked = |old: &CommitId, new: &CommitId| repository.is_ancestor(old, new).unwrap_or(Ancestry::Unknown);
    let relation = match asked(&old, new) {
        Ancestry::Equal => Relation::Equal,
        Ancestry::Descends => Relation::Descends,
        Ancestry::Unknown => Relation::Unknown,
        // The older one may simply be the newer: this clone is behind.
        Ancestry::Diverged => match asked(new, &old) {
            Ancestry::Descends => Relation::Behind,
            _ => Relation::Diverged,
        },
    };
    match &question.mixed {
        Some(mixing) if relation == Relation::Descends => match mixed::between(repository, files, mixing, &old, new) {
            Ok(mixed) => Answer { relation, mixed },
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "Commits not compared");
                Answer::UNKNOWN
            }
        },
        _ => Answer { relation, mixed: false },
    }
}
