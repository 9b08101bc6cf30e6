//! The daemon as a library: `Switcher::run(config, shutdown)`, in a process of its own or inside a test.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use prometheus_client::registry::Registry;
use teal_daemon::{Admin, AdminError, Readiness};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::board::Board;
use crate::config::SwitcherConfig;
use crate::metrics::Metrics;
use crate::source::{Source, SourceError};
use crate::status::{Status, SwitcherStatus};
use crate::switch::{Shared, follow};
use crate::wake::Wake;
use crate::web::{Web, routes};

/// What is awaited before the process calls itself ready.
const GIT_READ: &str = "git";

/// Why the switcher did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The git store, URL or glob.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The admin server.
    #[error(transparent)]
    Admin(#[from] AdminError),
}

/// A switcher that is bound and not running yet.
pub struct Switcher {
    shared: Shared,
    admin: Admin,
    registry: Registry,
    wake: Wake,
}

impl Switcher {
    /// Opens the store and binds the admin server; sends no request.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(config: SwitcherConfig) -> Result<Self, StartError> {
        teal_daemon::install_crypto_provider();
        let source = Arc::new(Source::open(config.git.clone())?);
        let admin = Admin::bind(config.listen).await?;
        let board = Board::new(SwitcherStatus {
            identity: config.identity.clone(),
            color: config.color.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        });
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry, board.watch());
        config.azure.watched(Arc::new(teal_azure::Metrics::new(&mut registry)));
        let shared = Shared { config: Arc::new(config), source, board, metrics };
        Ok(Self { shared, admin, registry, wake: Wake::default() })
    }

    /// Starts and serves until `shutdown`.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn run(config: SwitcherConfig, shutdown: CancellationToken) -> Result<(), StartError> {
        Self::start(config).await?.serve(shutdown).await;
        Ok(())
    }

    /// Where page, probes and metrics are served.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.admin.address()
    }

    /// What the switcher knows; changes are marked.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.shared.board.watch()
    }

    /// Every change of what it knows from now on, one status after the other, for tests: who is slow misses none, as those
    /// do who only look at [`Switcher::status`] now and then. What nobody takes is kept without a bound.
    #[doc(hidden)]
    #[must_use]
    pub fn statuses(&self) -> mpsc::UnboundedReceiver<Status> {
        self.shared.board.listen()
    }

    /// Makes the switcher look at git at once.
    #[must_use]
    pub fn wake(&self) -> Wake {
        self.wake.clone()
    }

    /// Serves until `shutdown`. A write under way is finished; dropping the future instead is what a kill is.
    pub async fn serve(self, shutdown: CancellationToken) {
        let Self { shared, admin, registry, wake } = self;
        tracing::info!(identity = shared.config.identity, address = %admin.address(), git = shared.config.git.options.url, "Switcher started");
        let readiness = Readiness::new(&[GIT_READ]);
        let pages = routes(Web { status: shared.board.watch(), wake: wake.clone(), shutdown: shutdown.clone() });
        let mut servers = JoinSet::new();
        servers.spawn(admin.serve(readiness.clone(), Arc::new(registry), pages, shutdown.clone()));
        let (source, token) = (shared.source.clone(), shutdown.clone());
        servers.spawn(async move { source.follow(wake, token).await });
        supervise(&shared, &readiness, &shutdown).await;
        while servers.join_next().await.is_some() {}
        tracing::info!(identity = shared.config.identity, "Switcher ended");
    }
}

/// One task a Switch: begun when it is first declared, ended by itself when it is declared no more.
async fn supervise(shared: &Shared, readiness: &Readiness, shutdown: &CancellationToken) {
    let mut declared = shared.source.watch();
    let mut running: BTreeMap<String, AbortHandle> = BTreeMap::new();
    let mut tasks = JoinSet::new();
    loop {
        let names: Vec<String> = {
            let now = declared.borrow_and_update();
            shared.board.git(&now);
            if now.head.is_some() {
                readiness.done(GIT_READ);
            }
            now.switches.keys().cloned().collect()
        };
        for name in names {
            if running.get(&name).is_none_or(AbortHandle::is_finished) {
                let handle = tasks.spawn(follow(shared.clone(), name.clone(), shutdown.clone()));
                running.insert(name, handle);
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => break,
            // A look that found nothing new rings nobody; only its time is to be told.
            () = tokio::time::sleep(shared.config.git.interval) => {}
            changed = declared.changed() => if changed.is_err() { break },
            // A task that ended by a defect of ours is begun again at the next change; the others go on.
            Some(ended) = tasks.join_next() => if let Err(error) = ended { tracing::error!(%error, "A Switch's loop ended"); },
        }
    }
    while tasks.join_next().await.is_some() {}
}
