//! A request to one color's own address with the production host name and SNI, so that it is proven
//! exactly as clients will meet it, before any client does.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use reqwest::header::{HOST, HeaderValue};
use reqwest::{Client, Url, redirect};
use teal_api::switch::HttpProbe;

use crate::report::{Outcome, Report, chain};

/// Most bytes of a body that are searched for [`HttpProbe::contains`].
pub const BODY_LIMIT: usize = 256 * 1024;

/// What one request found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The declared status and body.
    Good,
    /// An answer, but not the declared one: the color itself says that it is not well.
    Bad(String),
    /// No answer at all: the color may be down, or we may be blind.
    Silent(String),
}

/// A declaration that no request can be made from.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The URL can't be used.
    #[error("probe url {url}: {why}; write it as http(s)://address[:port]/path")]
    Url {
        /// As declared.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The HTTP client can't be made, usually because no TLS provider is installed.
    #[error("no HTTP client for {url}")]
    Client {
        /// As declared.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
}

/// One declared probe, ready to be sent again and again. Every request uses a new connection: a proof of
/// *now* must not ride on a connection that was accepted an hour ago.
#[derive(Debug, Clone)]
pub struct Prober {
    declared: HttpProbe,
    request: Url,
    host_header: HeaderValue,
    address: Address,
    /// Made once for an IP address; for a name, made anew with what the name stands for now.
    client: Option<Client>,
}

#[derive(Debug, Clone)]
enum Address {
    Ip(SocketAddr),
    Name(String, u16),
}

impl Prober {
    /// Prepares the requests of `probe`.
    ///
    /// # Errors
    /// When the URL has no host, is not HTTP(S), or the host name can't be a header.
    pub fn new(probe: &HttpProbe) -> Result<Self, ProbeError> {
        let wrong = |why: &str| ProbeError::Url { url: probe.url.clone(), why: why.to_owned() };
        let url = Url::parse(&probe.url).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("the scheme is neither http nor https"));
        }
        let port = url.port_or_known_default().ok_or_else(|| wrong("it has no port"))?;
        let address_host = url.host_str().ok_or_else(|| wrong("it has no host"))?.trim_matches(['[', ']']).to_owned();
        let address = match address_host.parse::<IpAddr>() {
            Ok(ip) => Address::Ip(SocketAddr::new(ip, port)),
            Err(_) => Address::Name(address_host.clone(), port),
        };
        let host = probe.host.clone().unwrap_or(address_host);
        let host_header = HeaderValue::from_str(&host).map_err(|_| wrong("the host name can't be a header"))?;
        // The header keeps a declared port; the connection goes to the URL's.
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.parse::<u16>().is_ok() && !name.contains(':') => name,
            _ => host.as_str(),
        };
        let mut request = url;
        request.set_host(Some(name)).map_err(|error| wrong(&format!("host {host}: {error}")))?;
        let mut prober = Self { declared: probe.clone(), request, host_header, address, client: None };
        if let Address::Ip(ip) = prober.address {
            prober.client = Some(prober.client_for(&[ip])?);
        }
        Ok(prober)
    }

    /// Sends one request and judges the answer. Never takes longer than the declared timeout.
    pub async fn ask(&self) -> (Answer, Duration) {
        let began = Instant::now();
        let answer = match tokio::time::timeout(self.declared.timeout, self.answer()).await {
            Ok(answer) => answer,
            Err(_) => Answer::Silent(format!("no answer within {:?}", self.declared.timeout)),
        };
        (answer, began.elapsed())
    }

    async fn answer(&self) -> Answer {
        let client = match self.client().await {
            Ok(client) => client,
            Err(why) => return Answer::Silent(why),
        };
        let request = client.get(self.request.clone()).header(HOST, self.host_header.clone());
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Answer::Silent(chain(&error.without_url())),
        };
        let status = response.status();
        let wanted = &self.declared.status;
        let good = if wanted.is_empty() { status.is_success() } else { wanted.contains(&status.as_u16()) };
        if !good {
            let wanted = if wanted.is_empty() { "2xx".to_owned() } else { format!("{wanted:?}") };
            return Answer::Bad(format!("status {} instead of {wanted}", status.as_u16()));
        }
        let Some(text) = &self.declared.contains else { return Answer::Good };
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => return Answer::Silent(format!("the body broke off: {}", chain(&error.without_url()))),
            }
            if body.len() > BODY_LIMIT {
                break;
            }
        }
        if String::from_utf8_lossy(&body).contains(text.as_str()) {
            Answer::Good
        } else {
            Answer::Bad(format!("status {}, but the body does not contain {text:?}", status.as_u16()))
        }
    }

    async fn client(&self) -> Result<Client, String> {
        match (&self.client, &self.address) {
            (Some(client), _) => Ok(client.clone()),
            (None, Address::Ip(ip)) => self.client_for(&[*ip]).map_err(|error| chain(&error)),
            (None, Address::Name(name, port)) => {
                let found = tokio::net::lookup_host((name.as_str(), *port)).await;
                let addresses: Vec<SocketAddr> = found.map_err(|error| format!("{name}: {error}"))?.collect();
                self.client_for(&addresses).map_err(|error| chain(&error))
            }
        }
    }

    fn client_for(&self, addresses: &[SocketAddr]) -> Result<Client, ProbeError> {
        let host = self.request.host_str().unwrap_or_default();
        Client::builder()
            .no_proxy()
            .http1_only()
            .pool_max_idle_per_host(0)
            .redirect(redirect::Policy::none())
            .connect_timeout(self.declared.timeout)
            .user_agent(concat!("teal-probe/", env!("CARGO_PKG_VERSION")))
            .resolve_to_addrs(host, addresses)
            .build()
            .map_err(|source| ProbeError::Client { url: self.declared.url.clone(), source })
    }
}

/// The gate `http`: one request to the new color.
pub async fn check(probe: &HttpProbe) -> Report {
    let prober = match Prober::new(probe) {
        Ok(prober) => prober,
        Err(error) => return Report::new("http", Outcome::Error, chain(&error)),
    };
    let (answer, took) = prober.ask().await;
    let asked = match &probe.host {
        Some(host) => format!("{} as {host}", probe.url),
        None => probe.url.clone(),
    };
    let report = match answer {
        Answer::Good => Report::new("http", Outcome::Pass, format!("{asked} answered as declared")),
        Answer::Bad(why) => Report::new("http", Outcome::Fail, format!("{asked}: {why}")),
        // Silence may be our own blindness: nothing was measured. Whether the color is down, its own probe tells.
        Answer::Silent(why) => Report::new("http", Outcome::Error, format!("{asked}: {why}")),
    };
    report.with(format!("answered in {} ms", took.as_millis())).took(took)
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
