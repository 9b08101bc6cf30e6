//! One color's front door: answers who it is, counts, and can go bad in several ways.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::future::{IntoFuture, pending};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::control_plane::{Port, listening};
use crate::dns::reserve_port;

/// How a front door behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// 200 with its color.
    Good,
    /// Every path answers 500, `/healthz` too.
    Errors,
    /// Every path answers 500, but `/healthz` says that all is well.
    ErrorsBehindHealth,
    /// Connections are accepted and nothing is ever answered.
    Hang,
    /// Nothing listens.
    Refuse,
    /// 200 with a body that names no color.
    WrongBody,
}

/// A web server on an address of its own. Dropped, it ends.
#[derive(Debug)]
pub struct FrontDoor {
    color: String,
    address: SocketAddr,
    shared: Arc<Shared>,
    running: Option<Running>,
    _port: Arc<Port>,
}

#[derive(Debug)]
struct Running {
    stop: CancellationToken,
    task: JoinHandle<std::io::Result<()>>,
}

#[derive(Debug)]
struct Shared {
    color: String,
    state: Mutex<(Mode, Counts)>,
    /// Ends requests that hang, so that a server can stop.
    release: Mutex<CancellationToken>,
}

/// Requests by probe or not, and by status.
type Counts = BTreeMap<(bool, u16), u64>;

impl FrontDoor {
    /// Starts one front door on 127.0.1.1.
    ///
    /// # Errors
    /// When nothing can be listened on.
    pub async fn start(color: &str) -> Result<Self> {
        let mut doors = Self::start_all(&[color]).await?;
        doors.pop().context("one front door")
    }

    /// Starts one front door for each color, on 127.0.1.1, 127.0.2.1 and so on, all with the *same* port: an address
    /// record alone decides who is reached.
    ///
    /// # Errors
    /// When nothing can be listened on.
    pub async fn start_all(colors: &[&str]) -> Result<Vec<Self>> {
        let addresses: Vec<Ipv4Addr> = (1..=colors.len()).map(|n| Ipv4Addr::new(127, 0, n as u8, 1)).collect();
        let port = Arc::new(reserve_port(&addresses)?);
        let mut doors = Vec::new();
        for (color, address) in colors.iter().zip(addresses) {
            let shared = Arc::new(Shared {
                color: (*color).to_owned(),
                state: Mutex::new((Mode::Good, Counts::new())),
                release: Mutex::new(CancellationToken::new()),
            });
            let address = (address, port.number()).into();
            let color = (*color).to_owned();
            let mut door = Self { color, address, shared, running: None, _port: port.clone() };
            door.listen().await?;
            doors.push(door);
        }
        Ok(doors)
    }

    /// Whose it is.
    #[must_use]
    pub fn color(&self) -> &str {
        &self.color
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What its address record holds.
    #[must_use]
    pub fn ip(&self) -> Ipv4Addr {
        match self.address {
            SocketAddr::V4(address) => *address.ip(),
            SocketAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
        }
    }

    /// `http://address:port` with this path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Makes it good or bad from the next request on; requests that hang are let go.
    ///
    /// # Errors
    /// When it shall listen again and the port was taken meanwhile.
    pub async fn set(&mut self, mode: Mode) -> Result<()> {
        self.shared.state().0 = mode;
        self.shared.release();
        if mode == Mode::Refuse { self.drain().await } else { self.listen().await }
    }

    /// Takes no new connection, answers what has come, and closes idle connections.
    ///
    /// # Errors
    /// When the server had failed before.
    pub async fn drain(&mut self) -> Result<()> {
        let Some(running) = self.running.take() else { return Ok(()) };
        running.stop.cancel();
        self.shared.release();
        running.task.await.context("the front door's task")?.context("the front door")
    }

    /// Requests of users so far, by status.
    #[must_use]
    pub fn requests(&self) -> BTreeMap<u16, u64> {
        let state = self.shared.state();
        state.1.iter().filter(|((probe, _), _)| !probe).map(|((_, status), count)| (*status, *count)).collect()
    }

    async fn listen(&mut self) -> Result<()> {
        if self.running.is_some() {
            return Ok(());
        }
        let listener = listening(|| TcpListener::bind(self.address)).await;
        let listener = listener.with_context(|| format!("listen on {}", self.address))?;
        let router = Router::new().fallback(answer).with_state(self.shared.clone());
        let stop = CancellationToken::new();
        let serve = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
        self.running = Some(Running { stop, task: tokio::spawn(serve.into_future()) });
        Ok(())
    }
}

impl Drop for FrontDoor {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.stop.cancel();
            self.shared.release();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, (Mode, Counts)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn release(&self) {
        let mut held = self.release.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *held).cancel();
    }

    fn held(&self) -> CancellationToken {
        self.release.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Prometheus text (0.0.4).
    fn metrics(&self) -> String {
        let mut text =
            "# HELP front_door_requests_total Requests answered.\n# TYPE front_door_requests_total counter\n"
                .to_owned();
        for ((probe, status), count) in &self.state().1 {
            let _ = writeln!(
                text,
                "front_door_requests_total{{color=\"{}\",code=\"{status}\",probe=\"{probe}\"}} {count}",
                self.color
            );
        }
        text
    }
}

async fn answer(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    if uri.path() == "/metrics" {
        return ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], shared.metrics()).into_response();
    }
    let probe = uri.path() == "/healthz";
    let mode = shared.state().0;
    if mode == Mode::Hang {
        shared.held().run_until_cancelled_owned(pending::<()>()).await;
    }
    let status = match mode {
        Mode::Good | Mode::WrongBody => StatusCode::OK,
        Mode::ErrorsBehindHealth if probe => StatusCode::OK,
        Mode::Errors | Mode::ErrorsBehindHealth => StatusCode::INTERNAL_SERVER_ERROR,
        Mode::Hang | Mode::Refuse => StatusCode::SERVICE_UNAVAILABLE,
    };
    *shared.state().1.entry((probe, status.as_u16())).or_default() += 1;
    let color = if mode == Mode::WrongBody { "" } else { shared.color.as_str() };
    (status, axum::Json(serde_json::json!({ "color": color }))).into_response()
}
