//! The source loop: asks the repository what is wanted, at its interval and whenever somebody asks; fetches only what is
//! new. Runs beside the main loop and tells it through a channel that keeps the last word only, so bursts coalesce.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use teal_daemon::Backoff;
use teal_git::{Auth, Commit, FetchError, Options, Reference, Repository, Snapshot};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::metrics::{Metrics, Reason};

/// Least time between two looks at the repository: bursts of requests become one.
const COALESCE: Duration = Duration::from_millis(200);

/// What to follow, from the Sync and its Secret.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Follow {
    /// Address.
    pub url: String,
    /// Branch, tag or commit; a pin is a commit.
    pub reference: Reference,
    /// Credentials.
    pub auth: Auth,
    /// CA bundle.
    pub ca: Option<Vec<u8>>,
    /// How often to look.
    pub interval: Duration,
    /// The last `teal.dev/requestedAt`; any new value means now.
    pub requested_at: Option<String>,
}

/// What the repository last said.
#[derive(Debug, Clone)]
pub(crate) struct Sourced {
    /// A commit that can be read; the last good one stays while `error` is set.
    pub fetched: Option<Fetched>,
    /// Why the last look failed.
    pub error: Option<FetchError>,
    /// How often it failed in a row.
    pub failures: u32,
    /// The `teal.dev/requestedAt` that was answered.
    pub handled: Option<String>,
    /// What was asked for when it was answered.
    pub reference: Reference,
}

/// A commit in the store.
#[derive(Debug, Clone)]
pub(crate) struct Fetched {
    /// The commit.
    pub commit: Commit,
    /// Its files.
    pub snapshot: Snapshot,
}

/// Starts the loop.
pub(crate) fn start(
    store: PathBuf,
    mut follow: watch::Receiver<Option<Follow>>,
    metrics: Metrics,
    shutdown: CancellationToken,
) -> watch::Receiver<Option<Sourced>> {
    let (tell, told) = watch::channel(None);
    tokio::spawn(async move {
        let mut source = Source { store, metrics, open: None, last: None, failures: 0 };
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
        loop {
            let Some(now) = follow.borrow_and_update().clone() else {
                tokio::select! {
                    () = shutdown.cancelled() => return,
                    changed = follow.changed() => if changed.is_err() { return } else { continue },
                }
            };
            let begun = tokio::time::Instant::now();
            let sourced = source.look(&now).await;
            let pause = match &sourced.error {
                None => {
                    backoff.succeeded();
                    now.interval
                }
                Some(_) => backoff.failed().min(now.interval),
            };
            tell.send_if_modified(|last: &mut Option<Sourced>| {
                let news = last.as_ref().is_none_or(|last| differs(last, &sourced));
                *last = Some(sourced);
                news
            });
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
                changed = follow.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    tokio::time::sleep_until(begun + COALESCE).await;
                }
            }
        }
    });
    told
}

fn differs(last: &Sourced, now: &Sourced) -> bool {
    let commit = |sourced: &Sourced| sourced.fetched.as_ref().map(|fetched| fetched.commit.id.clone());
    // Credentials that are refused may be put right in the Secret at any time: each refusal is a reason to read it again.
    let refused = now.error.as_ref().is_some_and(wants_credentials);
    refused
        || commit(last) != commit(now)
        || last.error != now.error
        || last.failures.min(2) != now.failures.min(2)
        || last.handled != now.handled
        || last.reference != now.reference
}

/// Whether other credentials or another CA may help.
pub(crate) fn wants_credentials(error: &FetchError) -> bool {
    matches!(error.reason(), "Unauthorized" | "NotFound" | "Untrusted" | "InvalidSecret")
}

struct Source {
    store: PathBuf,
    metrics: Metrics,
    /// The open store and what it was opened for.
    open: Option<Open>,
    last: Option<Fetched>,
    failures: u32,
}

/// An open store.
struct Open {
    url: String,
    auth: Auth,
    ca: Option<Vec<u8>>,
    repository: Arc<Repository>,
}

impl Open {
    fn fits(&self, follow: &Follow) -> bool {
        self.url == follow.url && self.auth == follow.auth && self.ca == follow.ca
    }
}

impl Source {
    async fn look(&mut self, follow: &Follow) -> Sourced {
        let begun = Instant::now();
        let outcome = self.try_look(follow).await;
        self.metrics.fetch_seconds.observe(begun.elapsed().as_secs_f64());
        let error = match outcome {
            Ok(fetched) => {
                self.last = Some(fetched);
                self.failures = 0;
                None
            }
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                self.metrics.fetch_failures.get_or_create(&Reason { reason: error.reason() }).inc();
                tracing::warn!(error = &error as &dyn std::error::Error, reason = error.reason(), "Source not reached");
                Some(error)
            }
        };
        Sourced {
            fetched: self.last.clone(),
            error,
            failures: self.failures,
            handled: follow.requested_at.clone(),
            reference: follow.reference.clone(),
        }
    }

    async fn try_look(&mut self, follow: &Follow) -> Result<Fetched, FetchError> {
        let repository = self.repository(follow).await?;
        let (reference, last) = (follow.reference.clone(), self.last.clone());
        let store = self.store.clone();
        blocking(&store, move || {
            let wanted = repository.ls_remote(&reference)?;
            if let Some(last) = last.filter(|last| last.commit.id == wanted) {
                return Ok(last);
            }
            let commit = repository.fetch(&reference)?;
            let snapshot = repository.snapshot(&commit.id)?;
            Ok(Fetched { commit, snapshot })
        })
        .await
    }

    /// The store, opened anew when address or credentials changed.
    async fn repository(&mut self, follow: &Follow) -> Result<Arc<Repository>, FetchError> {
        if let Some(open) = self.open.as_ref().filter(|open| open.fits(follow)) {
            return Ok(open.repository.clone());
        }
        let changed_place = self.open.take().is_some_and(|open| open.url != follow.url);
        if changed_place {
            // Another repository: its last commit is not this one's last good one.
            self.last = None;
        }
        let mut options = Options::new(&follow.url).with_auth(follow.auth.clone());
        options.ca.clone_from(&follow.ca);
        let dir = self.store.join(short_hash(&follow.url));
        let store = dir.clone();
        let repository = Arc::new(blocking(&store, move || Repository::open(&dir, &options)).await?);
        self.open = Some(Open {
            url: follow.url.clone(),
            auth: follow.auth.clone(),
            ca: follow.ca.clone(),
            repository: repository.clone(),
        });
        Ok(repository)
    }
}

fn short_hash(url: &str) -> String {
    teal_agent_core::Digest::of_parts([url.as_bytes()]).short(16)
}

async fn blocking<T: Send + 'static>(
    store: &Path,
    work: impl FnOnce() -> Result<T, FetchError> + Send + 'static,
) -> Result<T, FetchError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(stopped) => Err(FetchError::Store { dir: store.to_owned(), cause: stopped.to_string() }),
    }
}
