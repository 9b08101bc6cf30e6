//! HTTPS in front of the core: bytes to calls, replies to bytes.

pub(crate) mod connection;
mod http;
pub(crate) mod tls;

use std::net::SocketAddr;

use anyhow::{Context, Result};
use tokio::net::TcpListener;

use crate::provider::Background;

/// Serves everything by HTTPS. Returns where.
pub(crate) async fn arm(background: &Background, address: SocketAddr) -> Result<SocketAddr> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("listen on {address} (HTTPS)"))?;
    let bound = listener.local_addr().context("read the listener's address")?;
    let tls = background.authority.acceptor_for_any()?;
    let edge = Some(crate::edge::Edge::new(&background.shared, true));
    let state = http::State { shared: background.shared.clone(), scheme: "https", only_identity: false, edge };
    connection::serve::<connection::Caller>(background, listener, Some(tls), http::router(state));
    Ok(bound)
}

/// Serves managed identity alone, by plain HTTP. Returns where.
pub(crate) async fn managed_identity(background: &Background, address: SocketAddr) -> Result<SocketAddr> {
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("listen on {address} (managed identity)"))?;
    let bound = listener.local_addr().context("read the listener's address")?;
    let state = http::State { shared: background.shared.clone(), scheme: "http", only_identity: true, edge: None };
    connection::serve::<connection::Caller>(background, listener, None, http::router(state));
    Ok(bound)
}
