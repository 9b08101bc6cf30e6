//! Everything that this process logs, for tests that look for what must not be there.
//!
//! One subscriber for the whole process: an agent logs from many tasks and threads, and a subscriber of one task hears
//! nothing of the others.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};

use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

/// What goes to standard error, as the daemons have it.
const SHOWN: &str = "info,kube_client=off,kube_runtime=off,tower=off";

static BEGUN: Once = Once::new();
static LISTENERS: AtomicUsize = AtomicUsize::new(0);
static HEARD: Mutex<Vec<Arc<Mutex<Vec<u8>>>>> = Mutex::new(Vec::new());

/// Sets up the log of the process; a second call changes nothing.
pub(crate) fn init() {
    BEGUN.call_once(|| {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(SHOWN));
        let shown = fmt::layer().with_target(false).with_writer(std::io::stderr).with_filter(filter);
        // Nobody listens most of the time, and then nothing is formatted.
        let heard = dynamic_filter_fn(|_, _| LISTENERS.load(Ordering::Relaxed) > 0);
        let heard = fmt::layer().with_ansi(false).with_writer(Ears).with_filter(heard);
        let begun = tracing_subscriber::registry().with(shown).with(heard).try_init();
        assert!(begun.is_ok(), "another subscriber would hide logs from tests that look for secrets");
    });
}

/// Hears every event and span of the process, at every level, until it is dropped.
pub(crate) struct Listening(Arc<Mutex<Vec<u8>>>);

impl Listening {
    pub(crate) fn begin() -> Self {
        init();
        let heard = Arc::<Mutex<Vec<u8>>>::default();
        ears().push(heard.clone());
        LISTENERS.fetch_add(1, Ordering::Relaxed);
        Self(heard)
    }

    /// What was logged since.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        LISTENERS.fetch_sub(1, Ordering::Relaxed);
        ears().retain(|heard| !Arc::ptr_eq(heard, &self.0));
    }
}

fn ears() -> std::sync::MutexGuard<'static, Vec<Arc<Mutex<Vec<u8>>>>> {
    HEARD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes to everybody who listens.
#[derive(Clone, Copy)]
struct Ears;

impl std::io::Write for Ears {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        for heard in ears().iter() {
            heard.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Ears {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        *self
    }
}

/// Those of the texts that stand in what somebody could look at.
pub(crate) fn leaked<'a>(shown: &str, secrets: &[&'a str]) -> Vec<&'a str> {
    secrets.iter().copied().filter(|secret| shown.contains(secret)).collect()
}

/// The search is worth something only if it would find a leak.
#[tokio::test(flavor = "multi_thread")]
async fn g9_the_search_finds_what_any_task_or_thread_logs_at_any_level() {
    let secrets = ["leak-task", "leak-blocking", "leak-thread", "leak-span", "leak-debug", "leak-log"];
    let log = Listening::begin();
    assert!(leaked(&log.text(), &secrets).is_empty());
    let task = tokio::spawn(async {
        tracing::trace!(token = "leak-task-1", "Token received");
        let blocking = tokio::task::spawn_blocking(|| tracing::debug!("connects with leak-blocking-1"));
        assert!(blocking.await.is_ok());
    });
    assert!(task.await.is_ok());
    let thread = std::thread::spawn(|| {
        tracing::info!(password = %"leak-thread-1", "Password read");
        let _span = tracing::info_span!("request", secret = "leak-span-1").entered();
        tracing::warn!(config = ?Some(("key", "leak-debug-1")), "Request failed");
        tracing::error!(error = &std::io::Error::other("refused leak-log-1") as &dyn std::error::Error, "Ended");
    });
    assert!(thread.join().is_ok());
    assert_eq!(leaked(&log.text(), &secrets), secrets);
}
