//! Requests with bounds: bytes counted as they come, one deadline for all, redirects followed by hand so that credentials
//! stay with the host they are for.

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, Response};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderValue, LOCATION};
use reqwest::{StatusCode, Url, redirect};
use teal_render::helm::ChartError;

use super::address::{PublicOnly, is_named, is_plain, refusal};
use super::credentials::Auth;
use super::{Policy, failed};
use crate::archive::tame;

/// Most redirects behind one request.
const MAX_REDIRECTS: usize = 5;
/// Longest time to establish a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest silence of a server.
const SILENCE: Duration = Duration::from_secs(15);

/// Asks servers within one fetch.
pub(crate) struct Browser {
    policy: Policy,
    auth: Option<Auth>,
    deadline: Instant,
    /// For hosts that the Sync names.
    any: Client,
    /// For all others: resolves to public addresses only.
    public: Client,
}

/// An answer that came in whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Browser {
    /// # Errors
    /// When TLS can't be set up.
    pub(crate) fn new(policy: &Policy, auth: Option<Auth>, deadline: Instant) -> Result<Self, ChartError> {
        let builder = || {
            Client::builder()
                .user_agent(concat!("teal/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECT)
                .timeout(SILENCE)
                .redirect(redirect::Policy::none())
                // A proxy would resolve names by itself, behind what is checked here.
                .no_proxy()
                // The digest is of the bytes as they are sent.
                .no_gzip()
        };
        let wrong = |error: reqwest::Error| failed(format!("TLS can't be set up: {}", lowest(&error)));
        Ok(Self {
            policy: policy.clone(),
            auth,
            deadline,
            any: builder().build().map_err(wrong)?,
            public: builder().dns_resolver(Arc::new(PublicOnly)).build().map_err(wrong)?,
        })
    }

    /// Whether the Sync says that this host is asked without TLS.
    pub(crate) fn speaks_plainly(&self, url: &Url) -> bool {
        is_plain(&self.policy, url)
    }

    /// The credentials of this fetch.
    pub(crate) fn auth(&self) -> Option<&Auth> {
        self.auth.as_ref()
    }

    /// Asks for `url`, with `auth` as long as its origin stays. Reads at most `most` bytes of a good answer.
    ///
    /// # Errors
    /// `FETCH` when it can't be had or may not be asked, `LIMIT` when it is too large or too slow. An answer that says no is
    /// no error here.
    pub(crate) fn get(&self, url: &Url, auth: Option<&Auth>, accept: &str, most: u64) -> Result<Answer, ChartError> {
        let (mut url, mut auth) = (url.clone(), auth);
        for _ in 0..=MAX_REDIRECTS {
            if let Some(refusal) = refusal(&self.policy, &url) {
                return Err(failed(refusal));
            }
            self.in_time(&url)?;
            let client = if is_named(&self.policy, &url) { &self.any } else { &self.public };
            let mut request = client.get(url.clone()).header(ACCEPT, accept);
            if let Some(auth) = auth {
                let mut header = HeaderValue::from_str(&auth.header())
                    .map_err(|_| failed("the credentials have characters that HTTP forbids, such as a line break"))?;
                header.set_sensitive(true);
                request = request.header(AUTHORIZATION, header);
            }
            let response = request.send().map_err(|error| self.broken(&url, &error))?;
            let status = response.status();
            let next = response.headers().get(LOCATION).filter(|_| status.is_redirection());
            let Some(next) = next.and_then(|next| next.to_str().ok()) else {
                let headers = response.headers().clone();
                let most = if status.is_success() { most } else { 64 << 10 };
                let body = self.read(&url, response, most, status.is_success())?;
                return Ok(Answer { status, headers, body });
            };
            let next =
                url.join(next).map_err(|_| failed(format!("{} redirects to what is no address", shown(&url))))?;
            if url.scheme() == "https" && next.scheme() != "https" {
                return Err(failed(format!(
                    "{} redirects from https to {}, which is refused",
                    shown(&url),
                    next.scheme()
                )));
            }
            if next.origin() != url.origin() {
                auth = None;
            }
            url = next;
        }
        Err(failed(format!("more than {MAX_REDIRECTS} redirects, the last one from {}", shown(&url))))
    }

    fn read(&self, url: &Url, mut response: Response, most: u64, good: bool) -> Result<Vec<u8>, ChartError> {
        let too_large = || ChartError::new(ChartError::LIMIT, format!("{} sends more than {most} bytes", shown(url)));
        let told = response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if good && told.is_some_and(|told| told > most) {
            return Err(too_large());
        }
        let (mut body, mut piece) = (Vec::new(), vec![0; 64 << 10]);
        loop {
            self.in_time(url)?;
            let read = match response.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) => {
                    self.in_time(url)?;
                    return Err(failed(format!("{} broke off: {}", shown(url), tame(&error.to_string()))));
                }
            };
            body.extend_from_slice(&piece[..read]);
            if body.len() as u64 > most {
                if good {
                    return Err(too_large());
                }
                break;
            }
        }
        Ok(body)
    }

    fn in_time(&self, url: &Url) -> Result<(), ChartError> {
        if Instant::now() < self.deadline {
            return Ok(());
        }
        Err(ChartError::new(ChartError::LIMIT, format!("{} is too slow: the time for one chart is over", shown(url))))
    }

    fn broken(&self, url: &Url, error: &reqwest::Error) -> ChartError {
        let reason = if error.is_timeout() { "it does not answer".to_owned() } else { lowest(error) };
        failed(format!("{} can't be reached: {}", shown(url), tame(&reason)))
    }
}

/// What an answer that is no success means.
pub(crate) fn no(url: &Url, answer: &Answer, sent: bool) -> ChartError {
    let shown = shown(url);
    failed(match answer.status.as_u16() {
        401 | 403 if sent => format!("{shown} refuses the credentials of the Secret"),
        401 | 403 => format!("{shown} asks for credentials; name a Secret under `secretRef`"),
        404 => format!("{shown} is not there"),
        code => format!("{shown} answers {code}"),
    })
}

/// Without its query, which may be signed.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    let _ = (url.set_username(""), url.set_password(None));
    tame(url.as_str())
}

/// The innermost cause: the outer ones repeat the address, which may carry a redirect's secrets.
fn lowest(error: &reqwest::Error) -> String {
    let mut lowest: &dyn std::error::Error = error;
    while let Some(source) = lowest.source() {
        lowest = source;
    }
    if lowest.is::<reqwest::Error>() { "the request failed".to_owned() } else { lowest.to_string() }
}
