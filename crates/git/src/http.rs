//! One operation's HTTP: credentials, redirects, deadline, byte caps, and what an answer means.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use reqwest::{Certificate, StatusCode, Url, redirect};

use crate::error::tame;
use crate::{Auth, FetchError, Limits, Options};

/// Most bytes of the list of branches and tags.
const MAX_ADVERTISEMENT: u64 = 32 << 20;
/// Most redirects from the address in the declaration to the repository.
const MAX_REDIRECTS: usize = 5;
/// Longest time to establish a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What of a repository's address, credentials and client is the same for every operation.
pub(crate) struct Remote {
    pub(crate) url: Url,
    pub(crate) limits: Limits,
    auth: Option<HeaderValue>,
    sent: &'static str,
    ca: Option<Vec<u8>>,
    deadline: Duration,
    // Made on first use: making it blocks, and `open` may be called where that is forbidden.
    client: OnceLock<Client>,
}

impl Remote {
    /// # Errors
    /// `InvalidUrl`, `InvalidSecret`.
    pub(crate) fn new(options: &Options) -> Result<Self, FetchError> {
        let url = parse_url(&options.url)?;
        let (auth, sent) = match &options.auth {
            Auth::None => (None, "no credentials were sent"),
            Auth::Basic { username, password } => (
                Some(format!("Basic {}", STANDARD.encode(format!("{username}:{password}")))),
                "user name and password were sent",
            ),
            Auth::Bearer(token) => (Some(format!("Bearer {}", token.trim())), "a bearer token was sent"),
        };
        let auth = auth
            .map(|text| {
                HeaderValue::from_str(&text).map(|mut value| {
                    value.set_sensitive(true);
                    value
                })
            })
            .transpose()
            .map_err(|_| FetchError::InvalidSecret {
                url: url.to_string(),
                problem: "the token has characters that HTTP forbids, such as a line break; store it without"
                    .to_owned(),
            })?;
        Ok(Self {
            url,
            limits: options.limits,
            auth,
            sent,
            ca: options.ca.clone(),
            deadline: options.deadline,
            client: OnceLock::new(),
        })
    }

    fn client(&self) -> Result<Client, FetchError> {
        if let Some(client) = self.client.get() {
            return Ok(client.clone());
        }
        let mut builder = Client::builder()
            // Hosts look for `git/` to answer a program rather than a browser.
            .user_agent(concat!("git/2.0 (teal ", env!("CARGO_PKG_VERSION"), ")"))
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::custom(follow));
        if let Some(pem) = &self.ca {
            let roots = Certificate::from_pem_bundle(pem).ok().filter(|roots| !roots.is_empty());
            let roots = roots.ok_or_else(|| FetchError::InvalidSecret {
                url: self.url.to_string(),
                problem: "`ca.crt` holds no PEM certificate".to_owned(),
            })?;
            builder = builder.tls_certs_only(roots);
        }
        let client = builder.build().map_err(|error| FetchError::InvalidSecret {
            url: self.url.to_string(),
            problem: format!("TLS can't be set up: {}", tame(&lowest(&error))),
        })?;
        Ok(self.client.get_or_init(|| client).clone())
    }

    /// Begins an operation: its deadline runs from here.
    pub(crate) fn session(&self) -> Result<Session, FetchError> {
        Ok(Session {
            client: self.client()?,
            base: Mutex::new(self.url.clone()),
            origin: self.url.clone(),
            auth: self.auth.clone(),
            sent: self.sent,
            started: Instant::now(),
            deadline: self.deadline,
            limits: self.limits,
            received: AtomicU64::new(0),
            failure: Mutex::new(None),
        })
    }
}

/// Follows only to another place of the same request, never from TLS to plain text.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let from_tls = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
    if attempt.previous().len() > MAX_REDIRECTS {
        attempt.error("too many redirects")
    } else if from_tls && attempt.url().scheme() != "https" {
        attempt.error("redirects from https to http, which is refused")
    } else if attempt.url().path().ends_with("/info/refs") {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

/// One operation.
pub(crate) struct Session {
    client: Client,
    base: Mutex<Url>,
    origin: Url,
    auth: Option<HeaderValue>,
    sent: &'static str,
    started: Instant,
    deadline: Duration,
    limits: Limits,
    received: AtomicU64,
    failure: Mutex<Option<FetchError>>,
}

impl Session {
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
        if let (Some(auth), true) = (&self.auth, at_home) {
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
                FetchError::Unauthorized { url, status: status.as_u16(), sent: self.sent }
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => FetchError::NotFound { url, sent: self.sent },
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

    /// Turns libgit2's answer into ours: the kept failure when there is one, else what libgit2 said.
    pub(crate) fn explain(&self, error: &git2::Error) -> FetchError {
        if let Some(failure) = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return failure;
        }
        FetchError::Protocol { url: self.shown(), cause: tame(error.message()) }
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

/// The innermost cause: the outer ones repeat the URL, which may carry a redirect's secrets.
fn lowest(error: &reqwest::Error) -> String {
    let mut lowest: &dyn std::error::Error = error;
    while let Some(source) = lowest.source() {
        lowest = source;
    }
    if std::ptr::eq(lowest as *const _ as *const (), error as *const _ as *const ()) {
        return "the request failed".to_owned();
    }
    lowest.to_string()
}

fn parse_url(text: &str) -> Result<Url, FetchError> {
    let invalid = |url: String, problem: &str| FetchError::InvalidUrl { url, problem: problem.to_owned() };
    // Before it parses, anything could be in it: show only that it is wrong.
    let mut url =
        Url::parse(text.trim()).map_err(|error| invalid("url".to_owned(), &format!("not an address ({error})")))?;
    let secret = !url.username().is_empty() || url.password().is_some();
    if url.cannot_be_a_base() || !matches!(url.scheme(), "http" | "https") {
        return Err(invalid(format!("{}:…", url.scheme()), "only HTTP and HTTPS are supported"));
    }
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    if secret {
        return Err(invalid(url.to_string(), "credentials don't belong into the address; put them into the Secret"));
    }
    Ok(url)
}
