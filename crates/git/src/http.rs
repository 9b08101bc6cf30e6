//! A repository's address, credentials and HTTP client: what every operation shares.

use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::blocking::Client;
use reqwest::header::HeaderValue;
use reqwest::{Certificate, Url, redirect};

use crate::error::tame;
use crate::session::{Credentials, Session};
use crate::{Auth, FetchError, Limits, Options};

/// Most redirects from the address in the declaration to the repository.
const MAX_REDIRECTS: usize = 5;
/// Longest time to establish a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What of a repository's address, credentials and client is the same for every operation.
pub(crate) struct Remote {
    pub(crate) url: Url,
    pub(crate) limits: Limits,
    credentials: Credentials,
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
        let header = auth
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
            credentials: Credentials { header, sent },
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
        Ok(Session::begin(self.client()?, self.credentials.clone(), self.url.clone(), self.limits, self.deadline))
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

/// The innermost cause: the outer ones repeat the URL, which may carry a redirect's secrets.
pub(crate) fn lowest(error: &reqwest::Error) -> String {
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
