//! Passing a request on and its answer back, both as streams.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use futures::{StreamExt, TryStreamExt};
use http::header::{AGE, COOKIE, HOST, SET_COOKIE, VIA};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};

use super::decide::{Copied, Plan};
use super::headers::{change, put, size, strip};
use super::recorder::Recorder;
use super::upstream::Upstream;
use crate::metrics::Served;
use crate::shared::Shared;

/// Who asked, and how.
#[derive(Clone, Debug)]
pub(super) struct Client {
    /// Where it came from.
    pub(super) address: SocketAddr,
    /// Over HTTPS.
    pub(super) https: bool,
    /// The host name it asked for.
    pub(super) host: String,
    /// `X-Azure-Ref`.
    pub(super) reference: String,
}

/// Counts a request when its answer has ended, or broken off.
struct Counter {
    shared: Shared,
    served: Served,
    start: Instant,
    /// Bytes of the request's body that have gone on.
    sent: Arc<AtomicU64>,
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.served.total = self.start.elapsed();
        self.served.request_size += self.sent.load(Ordering::Relaxed);
        let served = std::mem::take(&mut self.served);
        self.shared.with(|world| crate::metrics::served(world, served));
    }
}

/// Sends the request to the plan's origin; 503 if that can't be reached, 504 if it takes too long.
pub(super) async fn forward(
    shared: &Shared,
    upstream: &Upstream,
    plan: Plan,
    client: &Client,
    request: Request<Body>,
) -> Response<Body> {
    let start = Instant::now();
    let mut recorder = Recorder::of(shared, &plan, request.headers());
    let mut counter = Counter {
        shared: shared.clone(),
        start,
        sent: Arc::default(),
        served: Served {
            request_size: size(request.headers()),
            profile: plan.profile.id.clone(),
            endpoint: plan.endpoint.clone(),
            origin: Some(plan.origin.host.clone()),
            ..Served::default()
        },
    };
    let outcome = send(shared, upstream, &plan, client, request, counter.sent.clone()).await;
    counter.served.origin_latency = start.elapsed();
    match outcome {
        Ok(answer) => {
            counter.served.origin_status = Some(answer.status().as_u16());
            counter.served.status = answer.status().as_u16();
            recorder.begin(answer.status(), answer.headers());
            give_back(answer, &plan, client, counter, recorder)
        }
        Err((status, why)) => {
            tracing::debug!(origin = plan.origin.host, group = plan.group, why, "no answer from an origin");
            counter.served.status = status.as_u16();
            let text = format!("Our services aren't available right now: {why}.\n");
            own(status, &text, &client.reference)
        }
    }
}

/// A copy's answer, as its origin gave it.
pub(super) fn copied(shared: &Shared, copied: Copied, reference: &str) -> Response<Body> {
    let Copied { copy, answer_headers } = copied;
    let mut headers = copy.headers;
    put(&mut headers, "x-azure-ref", reference);
    put(&mut headers, "x-cache", "TCP_HIT");
    let age = shared.with(|world| world.now().duration_since(copy.since).as_secs().max(0));
    put(&mut headers, AGE.as_str(), &age.to_string());
    change(&mut headers, &answer_headers);
    let (profile, endpoint) = copy.endpoint;
    let served = Served {
        profile,
        endpoint,
        status: copy.status.as_u16(),
        response_size: size(&headers) + copy.body.len() as u64,
        ..Served::default()
    };
    shared.with(|world| crate::metrics::served(world, served));
    let mut answer = Response::new(Body::from(copy.body));
    *answer.status_mut() = copy.status;
    *answer.headers_mut() = headers;
    answer
}

/// An answer of the edge itself.
pub(super) fn own(status: StatusCode, text: &str, reference: &str) -> Response<Body> {
    let mut answer = Response::new(Body::from(text.to_owned()));
    *answer.status_mut() = status;
    put(answer.headers_mut(), "content-type", "text/plain; charset=utf-8");
    put(answer.headers_mut(), "x-azure-ref", reference);
    put(answer.headers_mut(), "x-cache", "CONFIG_NOCACHE");
    answer
}

type Failure = (StatusCode, String);

async fn send(
    shared: &Shared,
    upstream: &Upstream,
    plan: &Plan,
    client: &Client,
    request: Request<Body>,
    sent: Arc<AtomicU64>,
) -> Result<reqwest::Response, Failure> {
    let failed = |why: String| (StatusCode::SERVICE_UNAVAILABLE, why);
    let port = if plan.https { plan.origin.https_port } else { plan.origin.http_port };
    let address = crate::hosts::reach(shared, &plan.origin.host, port).await.map_err(|e| failed(e.to_string()))?;
    let verify = shared.with(|world| world.settings.verify_origins) && plan.origin.check_name;
    let http = if plan.https { upstream.https(&plan.origin.host, address, verify) } else { upstream.http() };
    let http = http.map_err(|e| failed(crate::probe::causes(&e)))?;
    let url = if plan.https {
        format!("https://{}:{}{}", plan.origin.host, address.port(), plan.path)
    } else {
        format!("http://{address}{}", plan.path)
    };
    let (parts, body) = request.into_parts();
    let mut headers = parts.headers;
    go_on(&mut headers, plan, client);
    let mut onward = http.request(parts.method, url).headers(headers);
    if !axum::body::HttpBody::is_end_stream(&body) {
        let counted = body.into_data_stream().inspect_ok(move |chunk| {
            sent.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        });
        onward = onward.body(reqwest::Body::wrap_stream(counted));
    }
    match tokio::time::timeout(plan.timeout, onward.send()).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(failed(crate::probe::causes(&error.without_url()))),
        Err(_) => Err((StatusCode::GATEWAY_TIMEOUT, format!("no answer within {:?}", plan.timeout))),
    }
}

/// Makes the client's headers those that the origin sees.
fn go_on(headers: &mut HeaderMap, plan: &Plan, client: &Client) {
    strip(headers);
    let host = plan.origin.header.clone().unwrap_or_else(|| client.host.clone());
    let ip = client.address.ip().to_string();
    let before = headers.get("x-forwarded-for").and_then(|v| v.to_str().ok()).map(str::to_owned);
    let chain = before.as_ref().map_or_else(|| ip.clone(), |before| format!("{before}, {ip}"));
    let first = before.as_deref().and_then(|before| before.split(',').next()).map_or(ip.as_str(), str::trim);
    put(headers, "x-azure-clientip", first);
    put(headers, "x-azure-socketip", &ip);
    put(headers, "x-azure-ref", &client.reference);
    put(headers, "x-azure-requestchain", "hops=1");
    put(headers, "x-azure-fdid", &plan.profile.front_door_id);
    put(headers, "x-forwarded-for", &chain);
    put(headers, "x-forwarded-host", &client.host);
    put(headers, "x-forwarded-proto", if client.https { "https" } else { "http" });
    put(headers, VIA.as_str(), "1.1 Azure");
    change(headers, &plan.request_headers);
    put(headers, HOST.as_str(), &host);
    // Several cookie headers, as HTTP/2 sends them, are one for an origin that speaks HTTP/1.
    let cookies: Vec<String> =
        headers.get_all(COOKIE).iter().filter_map(|v| v.to_str().ok()).map(str::to_owned).collect();
    if cookies.len() > 1 {
        put(headers, COOKIE.as_str(), &cookies.join("; "));
    }
}

fn give_back(
    answer: reqwest::Response,
    plan: &Plan,
    client: &Client,
    mut counter: Counter,
    recorder: Recorder,
) -> Response<Body> {
    let status = answer.status();
    let mut headers = answer.headers().clone();
    strip(&mut headers);
    put(&mut headers, "x-azure-ref", &client.reference);
    put(&mut headers, "x-cache", recorder.word());
    change(&mut headers, &plan.answer_headers);
    for cookie in &plan.cookies {
        if let Ok(value) = HeaderValue::from_str(cookie) {
            headers.append(SET_COOKIE, value);
        }
    }
    counter.served.response_size = size(&headers);
    let timeout = plan.timeout.max(Duration::from_secs(1));
    let stream = futures::stream::unfold(
        (answer.bytes_stream().boxed(), counter, recorder, false),
        move |(mut bytes, mut counter, mut recorder, over)| async move {
            if over {
                return None;
            }
            match tokio::time::timeout(timeout, bytes.next()).await {
                Ok(Some(Ok(chunk))) => {
                    counter.served.response_size += chunk.len() as u64;
                    recorder.take(&chunk);
                    Some((Ok(chunk), (bytes, counter, recorder, false)))
                }
                Ok(Some(Err(error))) => Some((Err(std::io::Error::other(error)), (bytes, counter, recorder, true))),
                Ok(None) => {
                    recorder.end();
                    None
                }
                Err(_) => {
                    Some((Err(std::io::Error::from(std::io::ErrorKind::TimedOut)), (bytes, counter, recorder, true)))
                }
            }
        },
    );
    let mut response = Response::new(Body::from_stream(stream));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
