//! One attempt: to the wire and back, with everything that an answer tells.

use std::sync::atomic::Ordering;
use std::time::Duration;

use azure_core::error::ErrorKind;
use azure_core::http::headers::{HeaderName, Headers};
use azure_core::http::{
    AsyncRawResponse, Context, Method as HttpMethod, PipelineStreamOptions, Request as HttpRequest,
};
use futures::StreamExt;
use serde_json::Value;

use super::{Client, NO_SKEW, unix_now};
use crate::body::complaint;
use crate::credential::{chain, failed};
use crate::error::{AzureError, Facts};
use crate::request::{Answer, Condition, Method, Plane, Request};
use crate::retry::{http_date, retry_after};
use crate::watch::Budget;

/// Largest answer that is read, decompressed.
const LARGEST: usize = 8 * 1024 * 1024;
/// Longest time of an answer, in seconds, that tells whether a clock is right.
const SHARP: i64 = 1;

/// The server's clock minus ours, in whole seconds: the least that explains a `Date` that was written while ours told
/// `began` to `now`. An answer that was long under way is no wrong clock. Where ours was set back meanwhile, `began` says
/// nothing: what it tells now counts.
fn skew(date: i64, began: i64, now: i64) -> i64 {
    date - date.clamp(began.min(now), now)
}

/// What is known of the clock after an answer that tells this skew, [`NO_SKEW`] if nothing was known. Only a quick answer
/// tells a clock to the second: a slow one may make a known error larger, and never smaller.
fn learned(known: i64, skew: i64, began: i64, now: i64) -> i64 {
    let quick = (0..=SHARP).contains(&now.saturating_sub(began));
    let larger = skew.unsigned_abs() > known.unsigned_abs();
    if known == NO_SKEW || quick || larger { skew } else { known }
}

impl Client {
    pub(super) async fn attempt(&self, request: &Request) -> Result<Answer, AzureError> {
        let url = self.url(request)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let mut http = HttpRequest::new(url, method(request.method));
        http.insert_header("accept", "application/json");
        http.insert_header("x-ms-client-request-id", azure_core::Uuid::new_v4().to_string());
        match &request.condition {
            Condition::None => {}
            Condition::IfMatch(etag) => http.insert_header("if-match", etag.clone()),
            Condition::IfAbsent => http.insert_header("if-none-match", "*"),
        }
        match &request.body {
            Some(body) => {
                http.insert_header("content-type", "application/json");
                http.set_body(body.to_string());
            }
            // Azure's front ends want a length for every method that may have a body.
            None if request.method != Method::Get => http.insert_header("content-length", "0"),
            None => {}
        }
        let pipeline = if request.plane == Plane::Vault { &self.inner.vault } else { &self.inner.management };
        let options = PipelineStreamOptions { skip_checks: true, ..Default::default() };
        let began = unix_now();
        let sent = pipeline.stream(&Context::new(), &mut http, Some(options)).await;
        let response = sent.map_err(|error| self.unsent(request, &host, &error))?;
        self.received(request, response, began).await
    }

    /// A failure without an answer.
    fn unsent(&self, request: &Request, host: &str, error: &azure_core::Error) -> AzureError {
        let what = request.what.clone();
        match error.kind() {
            ErrorKind::Credential => failed(self.inner.who, error),
            // The credential's own exchange failed: no request of ours has been sent yet.
            ErrorKind::HttpResponse { .. } => failed(self.inner.who, error),
            ErrorKind::Connection => AzureError::Unreachable { what, host: host.to_owned(), why: cause(error) },
            ErrorKind::Io => AzureError::Lost { what, wrote: request.writes(), why: cause(error) },
            _ => AzureError::Refused { what, why: cause(error) },
        }
    }

    async fn received(&self, request: &Request, response: AsyncRawResponse, began: i64) -> Result<Answer, AzureError> {
        let (status, headers, mut stream) = response.deconstruct();
        let status = u16::from(status);
        let facts = self.facts(request, &headers, began);
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.next().await {
            let lost = |error: azure_core::Error| AzureError::Lost {
                what: request.what.clone(),
                wrote: request.writes(),
                why: format!("the answer ({status}) broke off: {}", cause(&error)),
            };
            bytes.extend_from_slice(&chunk.map_err(lost)?);
            if bytes.len() > LARGEST {
                let why = format!("it is larger than {LARGEST} bytes");
                return Err(AzureError::Odd { what: request.what.clone(), why });
            }
        }
        if !(200..300).contains(&status) {
            return Err(AzureError::of(request, status, complaint(&bytes), facts));
        }
        let body = if bytes.iter().all(u8::is_ascii_whitespace) {
            Value::Null
        } else {
            serde_json::from_slice(&bytes)
                .map_err(|error| AzureError::Odd { what: request.what.clone(), why: format!("no JSON: {error}") })?
        };
        let text = |name: &'static str| headers.get_optional_str(&HeaderName::from_static(name)).map(str::to_owned);
        Ok(Answer {
            status,
            etag: text("etag").map(|etag| etag.trim_start_matches("W/").trim_matches('"').to_owned()),
            asynchronous: text("azure-asyncoperation"),
            location: text("location"),
            retry_after: facts.retry_after,
            request_id: facts.request_id,
            body,
        })
    }

    /// Notes the server's clock and what is left of our budget; `began`: when the attempt did, in Unix seconds.
    fn facts(&self, request: &Request, headers: &Headers, began: i64) -> Facts {
        let text = |name: &'static str| headers.get_optional_str(&HeaderName::from_static(name));
        let now = unix_now();
        let skew = text("date").and_then(http_date).map(|date| skew(date, began, now));
        if let Some(skew) = skew {
            let learn = |known| Some(learned(known, skew, began, now));
            let _ = self.inner.skew.fetch_update(Ordering::Relaxed, Ordering::Relaxed, learn);
        }
        for (name, value) in headers.iter() {
            if let Some(name) = name.as_str().strip_prefix("x-ms-ratelimit-remaining-")
                && let Ok(left) = value.as_str().parse()
            {
                let subscription = request.subscription().filter(|_| !name.starts_with("tenant-"));
                let (subscription, identity) = (subscription.as_deref(), self.inner.identity.as_str());
                self.inner.watch.remaining(&Budget { name, subscription, identity }, left);
            }
        }
        let retry_after = text("retry-after").and_then(|text| retry_after(text, now));
        Facts { retry_after, request_id: text("x-ms-request-id").map(str::to_owned), skew }
    }
}

fn method(method: Method) -> HttpMethod {
    match method {
        Method::Get => HttpMethod::Get,
        Method::Put => HttpMethod::Put,
        Method::Patch => HttpMethod::Patch,
        Method::Post => HttpMethod::Post,
        Method::Delete => HttpMethod::Delete,
    }
}

/// The causes without the library's first words; never a URL, which may be signed.
fn cause(error: &azure_core::Error) -> String {
    let text = match std::error::Error::source(error).and_then(|source| source.downcast_ref::<reqwest::Error>()) {
        Some(inner) => match std::error::Error::source(inner) {
            Some(deeper) => chain(deeper),
            None if inner.is_timeout() => "no connection in time".to_owned(),
            None => "the connection failed".to_owned(),
        },
        None => chain(error),
    };
    crate::body::tame(&text)
}

/// 0 to 1, different for every call.
pub(super) fn jitter() -> f64 {
    use ring::rand::{SecureRandom, SystemRandom};
    let mut byte = [0_u8; 1];
    SystemRandom::new().fill(&mut byte).map_or(0.5, |()| f64::from(byte[0]) / 255.0)
}

/// Longest wait that a server may ask of a poll.
pub(crate) const LONGEST_POLL: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::{NO_SKEW, learned, skew};

    #[test]
    fn a_slow_answer_is_no_wrong_clock() {
        for (rule, date, began, now, want) in [
            ("equal", 100, 100, 100, 0),
            ("a second ends on the way", 100, 100, 101, 0),
            ("an answer that is long under way", 100, 100, 110, 0),
            ("or a request", 110, 100, 110, 0),
            ("theirs is ahead", 190, 100, 100, 90),
            ("by at least so much", 190, 100, 110, 80),
            ("theirs is behind", 10, 100, 110, -90),
            ("ours was set back meanwhile", 100, 100, 40, 60),
        ] {
            assert_eq!(skew(date, began, now), want, "{rule}");
        }
    }

    #[test]
    fn g1_a_slow_answer_makes_no_wrong_clock_right() {
        for (rule, known, skew, took, want) in [
            ("the first answer, quick or not", NO_SKEW, 3, 20, 3),
            ("a slow one hides what is known", 15, 0, 15, 15),
            ("or a part of it", -15, -3, 2, -15),
            ("and may show more", -15, 40, 20, 40),
            ("a quick one tells", 15, 0, 0, 0),
            ("within a second", -15, 1, 1, 1),
            ("a clock that was set back tells how far at least", 15, 60, -60, 60),
            ("and clears nothing", 15, 0, -60, 15),
        ] {
            assert_eq!(learned(known, skew, 100, 100 + took), want, "{rule}");
        }
    }
}
