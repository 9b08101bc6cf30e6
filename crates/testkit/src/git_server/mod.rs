//! A real git server in this process: smart HTTP by `git http-backend`, with access control, TLS and faults.
//!
//! It runs on a thread of its own, so that blocking and async tests use it alike, and ends when dropped.

mod backend;
mod fault;
mod listen;
mod repo;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub use fault::Fault;
pub use repo::Repo;

/// Who may do anything on the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    #[default]
    Open,
    /// HTTP basic with this name and password.
    Basic(String, String),
    /// This bearer token.
    Bearer(String),
}

/// How often what was asked, refused requests included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Requests {
    /// Lists of references for fetching.
    pub ls: u32,
    /// Negotiations and packs fetched.
    pub upload_pack: u32,
    /// Lists of references for pushing.
    pub receive_ls: u32,
    /// Pushes.
    pub receive_pack: u32,
    /// Anything else.
    pub other: u32,
}

type Hook = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct State {
    access: Access,
    fault: Fault,
    requests: Requests,
    authorizations: Vec<Option<String>>,
    before_push: Option<Hook>,
}

/// What the request handlers and the owner share.
struct Shared {
    root: PathBuf,
    state: Mutex<State>,
}

impl Shared {
    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The server; ends when dropped, its repositories with it.
pub struct GitServer {
    address: SocketAddr,
    ca: Option<String>,
    shared: Arc<Shared>,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
    _root: TempDir,
}

impl std::fmt::Debug for GitServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitServer").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl GitServer {
    /// Starts a server over plain HTTP on a free port of 127.0.0.1, open to everybody.
    ///
    /// # Errors
    /// `git` is missing, or no port is free.
    pub fn start() -> Result<Self> {
        Self::launch(None)
    }

    /// Starts a server over TLS with a certificate for 127.0.0.1 by a CA of its own: [`GitServer::ca`].
    ///
    /// # Errors
    /// As [`GitServer::start`].
    pub fn start_tls() -> Result<Self> {
        Self::launch(Some(listen::Identity::make()?))
    }

    fn launch(identity: Option<listen::Identity>) -> Result<Self> {
        let root = tempfile::Builder::new().prefix("teal-git-server-").tempdir()?;
        let shared = Arc::new(Shared { root: root.path().to_owned(), state: Mutex::default() });
        let socket = std::net::TcpListener::bind("127.0.0.1:0").context("no free port")?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let stop = CancellationToken::new();
        let ca = identity.as_ref().map(|identity| identity.ca.clone());
        let thread = std::thread::Builder::new().name("git-server".to_owned()).spawn({
            let (shared, stop) = (Arc::clone(&shared), stop.clone());
            move || {
                if let Err(error) = listen::run(socket, identity, shared, stop) {
                    tracing::error!("git server ended: {error:#}");
                }
            }
        })?;
        Ok(Self { address, ca, shared, stop, thread: Some(thread), _root: root })
    }

    /// Returns the base address, such as `http://127.0.0.1:4711`.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.ca.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Returns the PEM certificate of the server's CA; `None` over plain HTTP.
    #[must_use]
    pub fn ca(&self) -> Option<&str> {
        self.ca.as_deref()
    }

    /// Makes an empty bare repository `name` with the branch `main`, or opens the one there is.
    ///
    /// # Errors
    /// `git` failed.
    pub fn repository(&self, name: &str) -> Result<Repo> {
        Repo::make(self.shared.root.join(format!("{name}.git")), format!("{}/{name}.git", self.url()))
    }

    /// Lets only these in from now on.
    pub fn require(&self, access: Access) {
        self.shared.with(|state| state.access = access);
    }

    /// Breaks every answer from now on, until [`GitServer::heal`].
    pub fn fail(&self, fault: Fault) {
        self.shared.with(|state| state.fault = fault);
    }

    /// Answers rightly again.
    pub fn heal(&self) {
        self.fail(Fault::None);
    }

    /// Runs `work` when the next push arrives, before it is handled: the way to lose a race.
    pub fn before_next_push(&self, work: impl FnOnce() + Send + 'static) {
        self.shared.with(|state| state.before_push = Some(Box::new(work)));
    }

    /// Returns how often what was asked so far.
    #[must_use]
    pub fn requests(&self) -> Requests {
        self.shared.with(|state| state.requests)
    }

    /// Returns the `Authorization` header of every request so far.
    #[must_use]
    pub fn authorizations(&self) -> Vec<Option<String>> {
        self.shared.with(|state| state.authorizations.clone())
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
