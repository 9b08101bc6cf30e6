//! The admin server: `/livez`, `/readyz`, `/metrics`, and whatever pages a daemon adds.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Why the admin server did not start.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The address is taken or not ours.
    #[error("admin server: can't listen on {address}; choose a free address with --listen")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// A set of things that must have happened once before the process is ready. Starts unready.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Mutex<BTreeSet<&'static str>>>);

impl Readiness {
    /// Makes one that waits for every name in `awaited`.
    #[must_use]
    pub fn new(awaited: &[&'static str]) -> Self {
        Self(Arc::new(Mutex::new(awaited.iter().copied().collect())))
    }

    /// Says that `name` has happened.
    pub fn done(&self, name: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// Returns what is still awaited; empty means ready.
    #[must_use]
    pub fn awaited(&self) -> Vec<&'static str> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}

/// A bound admin server. Binding and serving are two steps, so that a taken port fails at start.
#[derive(Debug)]
pub struct Admin {
    listener: TcpListener,
    address: SocketAddr,
}

impl Admin {
    /// Binds `address`; port 0 takes a free one.
    ///
    /// # Errors
    /// [`AdminError::Listen`].
    pub async fn bind(address: SocketAddr) -> Result<Self, AdminError> {
        let listen = |source| AdminError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves probes, metrics and `pages` until `shutdown`; open requests are finished first.
    pub async fn serve(
        self,
        readiness: Readiness,
        registry: Arc<Registry>,
        pages: Router,
        shutdown: CancellationToken,
    ) {
        let router = Router::new()
            .route("/livez", get(|| async { "ok" }))
            .route("/readyz", get(move || ready(readiness.clone())))
            .route("/metrics", get(move || metrics(Arc::clone(&registry))))
            .merge(pages);
        let served = axum::serve(self.listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await;
        if let Err(error) = served {
            tracing::error!(%error, "Admin server ended");
        }
    }
}

async fn ready(readiness: Readiness) -> impl IntoResponse {
    let awaited = readiness.awaited();
    if awaited.is_empty() {
        (StatusCode::OK, "ok".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, format!("waiting for: {}", awaited.join(", ")))
    }
}

async fn metrics(registry: Arc<Registry>) -> impl IntoResponse {
    match encode_metrics(&registry) {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Writes every metric of `registry` as OpenMetrics text.
///
/// # Errors
/// When a collector fails to encode itself.
pub fn encode_metrics(registry: &Registry) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, registry)?;
    Ok(text)
}
