//! Clients for origins: connections are kept by address, so that a name that leads elsewhere is never served over an old
//! connection.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// As many clients for HTTPS origins are kept at most.
const MOST: usize = 256;
/// How long a connection to an origin may take.
const CONNECT: Duration = Duration::from_secs(5);

type Key = (String, SocketAddr, bool);

/// All clients of one listener.
#[derive(Clone, Debug, Default)]
pub(super) struct Upstream(Arc<Mutex<Clients>>);

#[derive(Debug, Default)]
struct Clients {
    http: Option<reqwest::Client>,
    https: BTreeMap<Key, reqwest::Client>,
}

impl Upstream {
    /// The client for plain HTTP to any address.
    pub(super) fn http(&self) -> Result<reqwest::Client, reqwest::Error> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &clients.http {
            return Ok(client.clone());
        }
        let client = builder().build()?;
        clients.http = Some(client.clone());
        Ok(client)
    }

    /// The client for HTTPS to `host` at `address`; certificates are verified only if told so.
    pub(super) fn https(
        &self,
        host: &str,
        address: SocketAddr,
        verify: bool,
    ) -> Result<reqwest::Client, reqwest::Error> {
        let key = (host.to_ascii_lowercase(), address, verify);
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.https.get(&key) {
            return Ok(client.clone());
        }
        let client = builder().resolve(host, address).tls_danger_accept_invalid_certs(!verify).build()?;
        if clients.https.len() >= MOST {
            clients.https.clear();
        }
        clients.https.insert(key, client.clone());
        Ok(client)
    }
}

fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .no_gzip()
        .http1_only()
        .http1_title_case_headers()
        .connect_timeout(CONNECT)
        .pool_max_idle_per_host(64)
}
