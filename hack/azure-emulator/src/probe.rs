//! One probe of a server: what Traffic Manager, Front Door's edges and gateways ask before they send anybody there.

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue, Method};
use tokio::net::TcpStream;

mod rounds;

pub(crate) use rounds::{Job, Known, Probing, run};

/// What a probe asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// A connection.
    Tcp,
    /// An answer over HTTP or HTTPS.
    Http {
        /// Over HTTPS. The certificate is not verified, as the services don't.
        https: bool,
        /// GET or HEAD.
        method: Method,
        /// Host name sent.
        host: String,
        /// Path and query.
        path: String,
        /// Further headers; `Host` among them wins.
        headers: Vec<(String, String)>,
        /// Statuses that are good, first and last of each range.
        good: Vec<(u16, u16)>,
    },
}

/// A client that never follows redirects, reuses nothing and trusts every certificate: for probes only.
static CLIENT: LazyLock<Result<reqwest::Client, String>> = LazyLock::new(|| {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .no_gzip()
        .http1_only()
        .tls_danger_accept_invalid_certs(true)
        .pool_max_idle_per_host(0)
        .build()
        .map_err(|error| error.to_string())
});

/// Probes: how long a good answer took, or why it is bad.
///
/// # Errors
/// A sentence for people.
pub(crate) async fn ask(address: SocketAddr, ask: &Ask, timeout: Duration) -> Result<Duration, String> {
    let start = Instant::now();
    let outcome = tokio::time::timeout(timeout, async {
        match ask {
            Ask::Tcp => TcpStream::connect(address).await.map(|_| ()).map_err(|error| error.to_string()),
            Ask::Http { https, method, host, path, headers, good } => {
                let scheme = if *https { "https" } else { "http" };
                let client = CLIENT.as_ref().map_err(Clone::clone)?;
                let mut request = client
                    .request(method.clone(), format!("{scheme}://{address}{path}"))
                    .header(http::header::HOST, host.as_str());
                for (name, value) in headers {
                    let parsed = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str()));
                    let (Ok(name), Ok(value)) = parsed else { return Err(format!("'{name}' is no header")) };
                    request = if name == http::header::HOST {
                        let headers = [(name, value)].into_iter().collect();
                        request.headers(headers)
                    } else {
                        request.header(name, value)
                    };
                }
                let answer = request.send().await.map_err(|error| causes(&error))?;
                let status = answer.status().as_u16();
                let fine = good.iter().any(|(first, last)| (*first..=*last).contains(&status));
                if fine { Ok(()) } else { Err(format!("status {status}")) }
            }
        }
    })
    .await;
    match outcome {
        Ok(Ok(())) => Ok(start.elapsed()),
        Ok(Err(why)) => Err(why),
        Err(_) => Err(format!("no answer within {timeout:?}")),
    }
}

/// An error with all its causes.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
