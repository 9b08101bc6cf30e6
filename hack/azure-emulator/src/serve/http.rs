//! One request: read it, let the core decide under the lock, write what it says.

use std::collections::BTreeMap;

use axum::body::{Body as HttpBody, to_bytes};
use axum::extract::{ConnectInfo, Request as HttpRequest, State as AxumState};
use axum::response::Response;
use http::header::{CONTENT_TYPE, DATE, HOST};
use http::{HeaderName, HeaderValue, StatusCode};
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::connection::Caller;
use crate::arm::dispatch::{self, Request};
use crate::arm::{Body, Reply};
use crate::edge::Edge;
use crate::shared::Shared;

/// Longest body that is read: well above ARM's own limit.
const LIMIT: usize = 8 << 20;

/// What a listener serves.
#[derive(Clone)]
pub(super) struct State {
    pub(super) shared: Shared,
    pub(super) scheme: &'static str,
    pub(super) only_identity: bool,
    /// Serves the host names of Front Doors, where they are served beside the rest.
    pub(super) edge: Option<Edge>,
}

/// Everything that a listener of the core serves.
pub(super) fn router(state: State) -> axum::Router {
    axum::Router::new().fallback(handle).with_state(state)
}

/// Serves one request.
pub(super) async fn handle(
    AxumState(state): AxumState<State>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    request: HttpRequest,
) -> Response {
    if let Some(edge) = state.edge.as_ref().filter(|edge| edge.serves(&request)) {
        return edge.answer(caller.peer, request).await;
    }
    let (reply, offset) = match read(request, &state).await {
        Ok(request) => state.shared.with(|world| {
            let reply = dispatch::request(world, state.shared.providers(), &request);
            (reply, world.settings.date_offset)
        }),
        Err(reply) => (reply, 0),
    };
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    if reply.hangup {
        caller.breaker.open();
    }
    dated(write(reply), offset)
}

/// With the `Date` of a clock that is so many seconds off; the server adds the right one by itself.
fn dated(mut response: Response, offset: i32) -> Response {
    let date = Timestamp::now().checked_add(SignedDuration::from_secs(offset.into())).ok();
    let text = date.and_then(|date| DateTimePrinter::new().timestamp_to_rfc9110_string(&date).ok());
    if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()).filter(|_| offset != 0) {
        response.headers_mut().insert(DATE, value);
    }
    response
}

async fn read(request: HttpRequest, state: &State) -> Result<Request, Reply> {
    let (parts, body) = request.into_parts();
    let host = parts
        .uri
        .authority()
        .map(ToString::to_string)
        .or_else(|| parts.headers.get(HOST).and_then(|host| host.to_str().ok()).map(str::to_owned))
        .unwrap_or_else(|| "localhost".to_owned());
    let bad = |status, code: &str, text: String| Reply::json(status, json!({"error": {"code": code, "message": text}}));
    let body = to_bytes(body, LIMIT).await.map_err(|_| {
        let text = format!("The request's body is longer than {LIMIT} bytes or broke off.");
        bad(StatusCode::PAYLOAD_TOO_LARGE, "RequestContentTooLarge", text)
    })?;
    let query = match parts.uri.query() {
        Some(query) => crate::arm::call::parse_query(query)
            .map_err(|text| bad(StatusCode::BAD_REQUEST, "InvalidRequestUri", format!("{text}.")))?,
        None => BTreeMap::new(),
    };
    Ok(Request {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query,
        headers: parts.headers,
        body,
        base: format!("{}://{host}", state.scheme),
        only_identity: state.only_identity,
    })
}

fn write(reply: Reply) -> Response {
    let (content, body) = match reply.body {
        Body::Empty => (None, HttpBody::empty()),
        Body::Json(value) => (Some("application/json; charset=utf-8"), HttpBody::from(value.to_string())),
        Body::Other(kind, bytes) => (Some(kind), HttpBody::from(bytes)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    if let Some(content) = content {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content));
    }
    for (name, value) in reply.headers {
        // Whatever does not fit into a header is left out: the caller would not see it anyway.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}
