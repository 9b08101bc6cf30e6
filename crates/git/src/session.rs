//! One operation: its deadline, its byte caps, what was answered, and what really went wrong.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use git2::ErrorClass;
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use reqwest::{StatusCode, Url};

use crate::error::tame;
use crate::http::lowest;
use crate::{FetchError, Limits};

/// Most bytes of the list of branches and tags.
const MAX_ADVERTISEMENT: u64 = 32 << 20;

/// What proves who asks.
#[derive(Clone)]
pub(crate) struct Credentials {
    /// The `Authorization` header.
    pub(crate) header: Option<HeaderValue>,
    /// What it is, for messages.
    pub(crate) sent: &'static str,
}

/// One operation.
pub(crate) struct Session {
    client: Client,
    credentials: Credentials,
    origin: Url,
    base: Mutex<Url>,
    started: Instant,
    deadline: Duration,
    limits: Limits,
    received: AtomicU64,
    failure: Mutex<Option<FetchError>>,
}

impl Session {
    /// Begins an operation at `origin`: the deadline runs from here.
    pub(crate) fn begin(
        client: Client,
        credentials: Credentials,
        origin: Url,
        limits: Limits,
        deadline: Duration,
    ) -> Self {
        Self {
            client,
            credentials,
            base: Mutex::new(origin.clone()),
            origin,
            started: Instant::now(),
            deadline,
            limits,
            received: AtomicU64::new(0),
            failure: Mutex::new(None),
        }
    }

    /// Asks which references there are.
    pub(crate) fn advertisement(&self, service: &str) -> Result<Response, FetchError> {
        let mut url = self.origin.clone();
        url.set_path(&format!("{}/info/refs", url.path().trim_end_matches('/')));
        url.set_query(Some(&format!("service={service}")));
        let answer = self.send(self.client.get(url).header(CACHE_CONTROL, "no-cache"), true)?;
        self.judge(&answer, &format!("application/x-{service}-advertisement"))?;
        self.remember_base(answer.url());
        Ok(answer)
    }

    /// Sends one negotiation or push.
    pub(crate) fn call(&self, service: &str, body: Vec<u8>) -> Result<Response, FetchError> {
        let mut url = self.base.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let at_home = url.origin() == self.origin.origin();
        url.set_path(&format!("{}/{service}", url.path().trim_end_matches('/')));
        let result = format!("application/x-{service}-result");
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, format!("application/x-{service}-request"))
            .header(ACCEPT, &result)
            .body(body);
        let answer = self.send(request, at_home)?;
        self.judge(&answer, &result)?;
        Ok(answer)
    }

    fn send(&self, mut request: RequestBuilder, at_home: bool) -> Result<Response, FetchError> {
        if let (Some(auth), true) = (&self.credentials.header, at_home) {
            request = request.header(AUTHORIZATION, auth.clone());
        }
        request.timeout(self.remaining()?).send().map_err(|error| self.send_error(&error))
    }

    /// A redirect of the first request holds for the rest of the operation, as in git itself.
    fn remember_base(&self, answered: &Url) {
        let mut base = answered.clone();
        base.set_query(None);
        let path = base.path().trim_end_matches("/info/refs").to_owned();
        base.set_path(&path);
        if base.origin() != self.origin.origin() {
            tracing::warn!(
                from = self.origin.host_str().unwrap_or_default(),
                to = base.host_str().unwrap_or_default(),
                "Repository redirects to another origin; credentials are not sent there"
            );
        }
        *self.base.lock().unwrap_or_else(PoisonError::into_inner) = base;
    }

    fn judge(&self, answer: &Response, expected: &str) -> Result<(), FetchError> {
        let url = self.shown();
        let status = answer.status();
        let content = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Err(match status {
            StatusCode::OK if content == expected => return Ok(()),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                FetchError::Unauthorized { url, status: status.as_u16(), sent: self.credentials.sent }
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => FetchError::NotFound { url, sent: self.credentials.sent },
            StatusCode::TOO_MANY_REQUESTS => FetchError::Unavailable { url, status: status.as_u16() },
            _ if status.is_server_error() => FetchError::Unavailable { url, status: status.as_u16() },
            _ if status.is_redirection() => FetchError::Protocol {
                url,
                cause: "redirects to something that is no git repository, often a sign-in page; check address and credentials".to_owned(),
            },
            _ => FetchError::Protocol {
                url,
                cause: format!(
                    "answered {} with `{}` and not with git's smart protocol; is this the address that `git clone` takes?",
                    status.as_u16(),
                    tame(content)
                ),
            },
        })
    }

    fn remaining(&self) -> Result<Duration, FetchError> {
        let left = self.deadline.saturating_sub(self.started.elapsed());
        if left.is_zero() { Err(self.timeout()) } else { Ok(left) }
    }

    /// # Errors
    /// `Timeout` after the deadline.
    pub(crate) fn check_time(&self) -> Result<(), FetchError> {
        self.remaining().map(|_| ())
    }

    /// Counts received bytes.
    ///
    /// # Errors
    /// `TooLarge` over the limit.
    pub(crate) fn count(&self, advertisement: bool, bytes: usize) -> Result<(), FetchError> {
        let limit = if advertisement { MAX_ADVERTISEMENT } else { self.limits.pack_bytes };
        let total = self.received.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        if total <= limit {
            return Ok(());
        }
        let what = if advertisement { "its list of branches and tags" } else { "what it sends" };
        Err(FetchError::TooLarge { url: self.shown(), what, limit: format!("{limit} bytes") })
    }

    /// # Errors
    /// `TooLarge` when a pack announces more objects than allowed.
    pub(crate) fn count_objects(&self, objects: usize) -> Result<(), FetchError> {
        if objects <= self.limits.objects {
            return Ok(());
        }
        let limit = format!("{} objects", self.limits.objects);
        Err(FetchError::TooLarge { url: self.shown(), what: "the pack it sends", limit })
    }

    /// Keeps what really went wrong; the first failure counts.
    pub(crate) fn fail(&self, error: FetchError) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    pub(crate) fn failed(&self, error: FetchError) -> io::Error {
        self.fail(error);
        io::Error::other("request failed")
    }

    /// Turns libgit2's answer into ours: the kept failure when there is one, else what libgit2 said. `store` is where it wrote.
    pub(crate) fn explain(&self, error: &git2::Error, store: &Path) -> FetchError {
        if let Some(failure) = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return failure;
        }
        match error.class() {
            ErrorClass::Os | ErrorClass::Filesystem | ErrorClass::NoMemory => FetchError::store(store, error.message()),
            _ => FetchError::Protocol { url: self.shown(), cause: tame(error.message()) },
        }
    }

    pub(crate) fn read_error(&self, error: &io::Error) -> FetchError {
        let timed_out = error.kind() == io::ErrorKind::TimedOut
            || error
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<reqwest::Error>())
                .is_some_and(reqwest::Error::is_timeout);
        if timed_out || self.check_time().is_err() {
            return self.timeout();
        }
        FetchError::Unreachable { url: self.shown(), cause: "the connection broke while it answered".to_owned() }
    }

    fn send_error(&self, error: &reqwest::Error) -> FetchError {
        let url = self.shown();
        let cause = tame(&lowest(error));
        if error.is_timeout() && self.check_time().is_err() {
            self.timeout()
        } else if error.is_redirect() {
            FetchError::Protocol { url, cause }
        } else if cause.contains("certificate") {
            FetchError::Untrusted { url, cause }
        } else {
            FetchError::Unreachable { url, cause }
        }
    }

    fn timeout(&self) -> FetchError {
        FetchError::Timeout { url: self.shown(), after: self.deadline }
    }

    /// The address for messages: as declared, which has no credentials.
    pub(crate) fn shown(&self) -> String {
        self.origin.to_string()
    }
}
