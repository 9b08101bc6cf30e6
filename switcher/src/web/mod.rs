//! The status page, its data and its wake-up call: everything that the admin server shows besides probes and metrics.
//!
//! Read-only: writes are git commits. The one POST, `/hook/git`, only makes the switcher look at git sooner.

mod page;
mod parts;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::stream::{self, Stream, StreamExt as _};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::status::Status;
use crate::wake::Wake;

/// Nothing from elsewhere is ever loaded, and nothing inline runs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the handlers need.
#[derive(Clone)]
pub struct Web {
    /// The newest status; changes wake `/events`.
    pub status: watch::Receiver<Status>,
    /// Rung by `/hook/git`.
    pub wake: Wake,
    /// Ends open event streams.
    pub shutdown: CancellationToken,
}

/// Event streams at a time; whoever comes later loads the page by hand, and `/api/status` always answers.
pub const STREAMS: usize = 64;

/// What the handlers share.
#[derive(Clone)]
struct Served {
    web: Web,
    streams: Arc<Semaphore>,
}

/// The routes to merge into the admin server.
pub fn routes(web: Web) -> Router {
    Router::new()
        .route("/", get(whole_page))
        .route("/page.css", get(async || asset("text/css; charset=utf-8", include_str!("page.css"))))
        .route("/page.js", get(async || asset("text/javascript; charset=utf-8", include_str!("page.js"))))
        .route("/events", get(events))
        .route("/api/status", get(api_status))
        .route("/hook/git", post(hook))
        .with_state(Served { web, streams: Arc::new(Semaphore::new(STREAMS)) })
}

async fn whole_page(State(Served { web, .. }): State<Served>) -> Response {
    let page = page::render(&web.status.borrow()).into_string();
    secured(Html(page).into_response())
}

async fn api_status(State(Served { web, .. }): State<Served>) -> Response {
    let status = web.status.borrow().clone();
    secured(Json(status).into_response())
}

async fn hook(State(Served { web, .. }): State<Served>) -> StatusCode {
    // The body is never read: whoever calls can only make us look, at most once a second (`Bell`).
    web.wake.ring();
    StatusCode::ACCEPTED
}

async fn events(State(Served { web, streams }): State<Served>) -> Response {
    let Ok(place) = streams.try_acquire_owned() else {
        let told = format!("{STREAMS} browsers listen already; reload the page by hand, or read /api/status\n");
        return secured((StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "10")], told).into_response());
    };
    let stream = changes(web.status, web.shutdown).map(move |event| {
        // Given back when the browser goes.
        let _ = &place;
        event
    });
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15)).text("still here");
    secured(Sse::new(stream).keep_alive(keep_alive).into_response())
}

/// One event a change, at most two a second; ends with the process so that a shutdown never waits for a browser.
fn changes(
    status: watch::Receiver<Status>,
    shutdown: CancellationToken,
) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold((status, shutdown, 0_u64), async |(mut status, shutdown, count)| {
        if count > 0 {
            tokio::select! {
                changed = status.changed() => changed.ok()?,
                () = shutdown.cancelled() => return None,
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let at = status.borrow_and_update().at;
        let event = Event::default().event("changed").id(at.to_string()).retry(Duration::from_secs(2)).data("{}");
        Some((Ok(event), (status, shutdown, count + 1)))
    })
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    secured(([(header::CONTENT_TYPE, kind)], text).into_response())
}

fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    response
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
