//! Git as the switcher sees it: one branch, the `Switch` files on it, the last valid declaration of each.
//!
//! Git is polled in its own task and never waited for by a move that is under way (G4).

mod files;
mod mixed;
mod relation;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use teal_api::switch::Switch;
use teal_git::{Commit, CommitId, FetchError, Reference, Repository};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::GitConfig;
use crate::status::{GitStatus, InvalidFile};
use crate::wake::{Bell, Wake};

pub use files::SourceError;
pub use relation::{Answer, Mixing, Question};

/// Least time between two looks that a ring asked for, however often the bell rings.
const FLOOR: Duration = Duration::from_secs(1);

/// How long one look may take before what is known counts as old.
const SLOW_LOOK: Duration = Duration::from_secs(30);

/// What git declares now.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// How the repository stands.
    pub git: GitStatus,
    /// The last valid declaration of every Switch, by name.
    pub switches: BTreeMap<String, DeclaredSwitch>,
    /// Files that are not valid now.
    pub invalid: Vec<InvalidFile>,
    /// The commit these were read from; absent before the first.
    pub head: Option<Head>,
    /// Whether the last look at git succeeded.
    pub fresh: bool,
    /// When the last look that succeeded began; monotonic.
    pub looked: Option<Instant>,
}

impl Declared {
    /// Whether the last look at git succeeded and is recent: needed to *start* a move, never to go back. A look that
    /// hangs has not failed yet, so its age counts too.
    #[must_use]
    pub fn is_fresh(&self, now: Instant, interval: Duration) -> bool {
        let limit = interval.saturating_mul(3) + SLOW_LOOK;
        self.fresh && self.looked.is_some_and(|looked| now.saturating_duration_since(looked) <= limit)
    }
}

/// A commit that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its id.
    pub id: CommitId,
    /// First line of its message.
    pub subject: String,
    /// `Name <mail>`.
    pub author: String,
}

/// A valid declaration and where it came from.
#[derive(Debug, Clone)]
pub struct DeclaredSwitch {
    /// The declaration.
    pub switch: Arc<Switch>,
    /// Path in the repository.
    pub file: String,
    /// The commit at which this content was first seen.
    pub commit: Head,
    /// The newest commit that holds this content, valid.
    pub revision: CommitId,
    /// Mistakes of the same file in a newer commit; empty when the newest is valid.
    pub mistakes: Vec<String>,
}

/// The repository and what is known of it.
pub struct Source {
    repository: Arc<Repository>,
    config: GitConfig,
    declared: watch::Sender<Declared>,
    relations: relation::Relations,
}

impl Source {
    /// Opens the store and reads what it knows from the last run; sends no request.
    ///
    /// # Errors
    /// When the store can't be used, or the URL or the glob are wrong.
    pub fn open(config: GitConfig) -> Result<Self, SourceError> {
        files::glob(&config.files)?;
        let repository = Repository::open(&config.store, &config.options)?;
        let git = GitStatus { url: config.options.url.clone(), branch: config.branch.clone(), ..GitStatus::default() };
        let declared = watch::channel(Declared { git, ..Declared::default() }).0;
        let source =
            Self { repository: Arc::new(repository), config, declared, relations: relation::Relations::default() };
        source.remembered();
        Ok(source)
    }

    /// What git declares; changes are marked.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Declared> {
        self.declared.subscribe()
    }

    /// Looks at git again and again until `shutdown`.
    pub async fn follow(&self, wake: Wake, shutdown: CancellationToken) {
        let mut backoff = teal_daemon::Backoff::new(self.config.interval, self.config.interval.saturating_mul(12));
        let mut bell = Bell::new(wake, FLOOR);
        loop {
            let pause = match self.look().await {
                Ok(()) => {
                    backoff.succeeded();
                    self.config.interval
                }
                Err(_) => backoff.failed(),
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = bell.rung() => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Looks at git once. An error is kept in the status and logged when it changes.
    async fn look(&self) -> Result<(), SourceError> {
        let began = Instant::now();
        let known = self.declared.borrow().head.as_ref().map(|head| head.id.clone());
        let (repository, branch) = (self.repository.clone(), Reference::Branch(self.config.branch.clone()));
        let fetched = blocking(move || {
            let id = repository.ls_remote(&branch)?;
            if Some(&id) == known.as_ref() {
                return Ok(None);
            }
            repository.fetch(&branch).map(Some)
        })
        .await;
        let found = match fetched {
            Ok(Ok(Some(commit))) => self.read(commit).await,
            Ok(Ok(None)) => Ok(()),
            Ok(Err(error)) => Err(SourceError::from(error)),
            Err(error) => Err(error),
        };
        self.declared.send_if_modified(|declared| {
            let error = found.as_ref().err().map(ToString::to_string);
            let changed = declared.git.error != error || declared.fresh != found.is_ok();
            if let (true, Err(error)) = (changed, &found) {
                tracing::error!(error = error as &dyn std::error::Error, reason = error.reason(), "Git not read");
            }
            declared.fresh = found.is_ok();
            declared.git.error = error;
            if found.is_ok() {
                declared.looked = Some(began);
                declared.git.fetched_at = Some(Timestamp::now());
            }
            changed
        });
        found
    }

    /// Reads the `Switch` files of `commit`. A file that is not valid changes nothing but what is told about it.
    async fn read(&self, commit: Commit) -> Result<(), SourceError> {
        let (repository, pattern, id) = (self.repository.clone(), self.config.files.clone(), commit.id.clone());
        let texts = blocking(move || -> Result<_, SourceError> { files::texts(&repository.snapshot(&id)?, &pattern) })
            .await??;
        let head = Head { id: commit.id.clone(), subject: commit.message, author: commit.author };
        self.declared.send_modify(|declared| files::take_in(declared, head, texts));
        self.remember(&commit.id);
        Ok(())
    }

    /// How two commits stand to each other, as far as it is known now; rings `wake` when more is. Never waits.
    #[must_use]
    pub fn relation(&self, question: Question, wake: &Wake) -> Answer {
        self.relations.tell(&self.repository, &self.config.files, question, wake)
    }

    /// Whether `url` is this very repository, as far as addresses tell.
    #[must_use]
    pub fn is_at(&self, url: &str) -> bool {
        let plain = |url: &str| url.trim_end_matches('/').trim_end_matches(".git").to_owned();
        plain(url) == plain(&self.config.options.url)
    }

    fn memory(&self) -> PathBuf {
        self.config.store.with_extension("last")
    }

    /// Best effort: without it, a start while git is away waits for git.
    fn remember(&self, id: &CommitId) {
        if let Err(error) = std::fs::write(self.memory(), id.as_str()) {
            tracing::debug!(%error, "Last commit not remembered");
        }
    }

    /// Takes in what the last run had read, so that a move goes on or back while git is away.
    fn remembered(&self) {
        let Ok(text) = std::fs::read_to_string(self.memory()) else { return };
        let Ok(id) = text.trim().parse::<CommitId>() else { return };
        let Ok(snapshot) = self.repository.snapshot(&id) else { return };
        let Ok(texts) = files::texts(&snapshot, &self.config.files) else { return };
        let head = Head { id, subject: String::new(), author: String::new() };
        self.declared.send_modify(|declared| files::take_in(declared, head, texts));
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, SourceError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| SourceError::Aborted)
}

impl From<FetchError> for SourceError {
    fn from(error: FetchError) -> Self {
        Self::Fetch(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_hangs_makes_what_is_known_old() {
        let (began, interval) = (Instant::now(), Duration::from_secs(5));
        let mut declared = Declared::default();
        assert!(!declared.is_fresh(began, interval), "never looked");
        (declared.fresh, declared.looked) = (true, Some(began));
        assert!(declared.is_fresh(began + Duration::from_secs(45), interval));
        assert!(!declared.is_fresh(began + Duration::from_secs(46), interval), "nothing came since");
        declared.fresh = false;
        assert!(!declared.is_fresh(began, interval), "the last look failed");
    }
}
