//! A web server that says its color, and is as healthy as it is told to be.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use futures::StreamExt;
use tokio::net::TcpListener;

/// A server; it ends with the test.
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

struct Shared {
    color: &'static str,
    status: AtomicU16,
    probes: AtomicU64,
}

impl Backend {
    pub(crate) async fn start(color: &'static str) -> Self {
        let shared = Arc::new(Shared { color, status: AtomicU16::new(200), probes: AtomicU64::new(0) });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).with_state(shared.clone());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, shared, task }
    }

    /// What `/healthz` answers from now on.
    pub(crate) fn health(&self, status: u16) {
        self.shared.status.store(status, Ordering::SeqCst);
    }

    /// How often `/healthz` was asked.
    pub(crate) fn probes(&self) -> u64 {
        self.shared.probes.load(Ordering::SeqCst)
    }

    /// Entry of the emulator's host map for a name.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// `/healthz`: the status it was told; `/echo`: the body, as it comes; `/kept/N`: may be kept N seconds; anything else: the color, path and headers in the
/// answer's headers.
async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let mut response = Response::builder().header("x-color", shared.color).header("x-path", path.as_str());
    for (name, value) in request.headers() {
        if name.as_str().starts_with("x-") || name == "host" {
            response = response.header(format!("seen-{name}"), value);
        }
    }
    if path.starts_with("/healthz") {
        shared.probes.fetch_add(1, Ordering::SeqCst);
        return response.status(shared.status.load(Ordering::SeqCst)).body(Body::empty()).unwrap();
    }
    if path.starts_with("/status/") {
        let status: u16 = path.trim_start_matches("/status/").parse().unwrap();
        return response.status(status).body(Body::empty()).unwrap();
    }
    if let Some(seconds) = path.strip_prefix("/kept/") {
        response = response.header("cache-control", format!("max-age={seconds}"));
    }
    if path.starts_with("/echo") {
        let stream =
            request.into_body().into_data_stream().map(|chunk| chunk.map(|b| Bytes::from(b.to_ascii_uppercase())));
        return response.body(Body::from_stream(stream)).unwrap();
    }
    response.body(Body::from(shared.color)).unwrap()
}
