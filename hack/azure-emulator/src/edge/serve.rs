//! The listeners of the edge.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use http::header::{HOST, LOCATION};
use http::{HeaderValue, Request, Response};
use tokio::net::TcpListener;

use super::decide::{Decision, decide};
use super::forward::{Client, copied, forward, own};
use super::upstream::Upstream;
use super::{LISTENER, TLS_LISTENER};
use crate::front_door::rollout;
use crate::front_door::rules::Seen;
use crate::metrics::Served;
use crate::provider::Background;
use crate::serve::connection::{self, Peer};
use crate::shared::Shared;

/// What serves the host names of Front Doors.
#[derive(Clone)]
pub(crate) struct Edge {
    shared: Shared,
    upstream: Upstream,
    https: bool,
}

/// Listens on `address`.
pub(super) async fn listen(background: &Background, address: SocketAddr, https: bool) -> Result<()> {
    let name = if https { TLS_LISTENER } else { LISTENER };
    let listener = TcpListener::bind(address).await.with_context(|| format!("listen on {address} ({name})"))?;
    let bound = listener.local_addr().context("read the listener's address")?;
    let tls = if https { Some(background.authority.acceptor_for_any()?) } else { None };
    let edge = Edge::new(&background.shared, https);
    connection::serve::<Peer>(background, listener, tls, Router::new().fallback(handle).with_state(edge));
    background.announce(name, bound);
    Ok(())
}

async fn handle(
    State(edge): State<Edge>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request<Body>,
) -> Response<Body> {
    edge.answer(peer, request).await
}

impl Edge {
    /// An edge without open connections; `https` is what its clients speak.
    pub(crate) fn new(shared: &Shared, https: bool) -> Self {
        Self { shared: shared.clone(), upstream: Upstream::default(), https }
    }

    /// Is a request for a host name of a Front Door?
    pub(crate) fn serves(&self, request: &Request<Body>) -> bool {
        let host = host_of(request).to_ascii_lowercase();
        // The emulator's own names are no Front Door's; nearly all requests are for them.
        let own = host == "localhost" || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
        !own && self.shared.with(|world| rollout::hosts(world).contains_key(&host))
    }

    /// Answers a request, or lets an origin answer it.
    pub(crate) async fn answer(&self, peer: Peer, request: Request<Body>) -> Response<Body> {
        let host = host_of(&request);
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        let address = peer.0.ip().to_string();
        let seen = Seen {
            method: request.method().as_str(),
            https: self.https,
            host: &host,
            path: request.uri().path(),
            query: request.uri().query().unwrap_or_default(),
            client: &address,
            client_port: peer.0.port(),
            version: version(request.version()),
            headers,
        };
        let (decision, reference) = self.shared.with(|world| (decide(world, &seen), world.random.uuid()));
        match decision {
            Decision::Own(answer, counted) => {
                if let Some((profile, endpoint)) = counted {
                    let served = Served {
                        profile: profile.id.clone(),
                        endpoint,
                        status: answer.status.as_u16(),
                        response_size: answer.text.len() as u64 + 1,
                        ..Served::default()
                    };
                    self.shared.with(|world| crate::metrics::served(world, served));
                }
                let mut response = own(answer.status, &format!("{}\n", answer.text), &reference);
                if let Some(location) = answer.location.and_then(|l| HeaderValue::from_str(&l).ok()) {
                    response.headers_mut().insert(LOCATION, location);
                }
                response
            }
            Decision::Copied(found) => copied(&self.shared, *found, &reference),
            Decision::Forward(plan) => {
                let client = Client { address: peer.0, https: self.https, host, reference };
                forward(&self.shared, &self.upstream, *plan, &client, request).await
            }
        }
    }
}

/// As the rules engine calls it.
fn version(version: http::Version) -> &'static str {
    match version {
        http::Version::HTTP_09 => "0.9",
        http::Version::HTTP_10 => "1.0",
        http::Version::HTTP_2 => "2.0",
        http::Version::HTTP_3 => "3.0",
        _ => "1.1",
    }
}

fn host_of(request: &Request<Body>) -> String {
    request
        .uri()
        .authority()
        .map(|authority| authority.host().to_owned())
        .or_else(|| request.headers().get(HOST).and_then(|h| h.to_str().ok()).map(without_port))
        .unwrap_or_default()
}

/// The host of a `Host` header.
fn without_port(host: &str) -> String {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => name.to_owned(),
        _ => host.to_owned(),
    }
}
