//! Where charts come from: repositories over HTTP and registries. Which of their hosts may be asked is the Sync's to say.

mod address;
mod credentials;
mod http;
pub mod index;
pub(crate) mod range;
mod registry;
mod repository;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ring::digest::{SHA256, digest};
use teal_api::helm::{LockedChart, Repository};
use teal_render::helm::{ChartError, Wanted};

use http::Browser;

/// Reads a Secret of Teal's namespace by name: its data, or why not (without values).
pub type ReadSecret = Arc<dyn Fn(&str) -> Result<BTreeMap<String, Vec<u8>>, String> + Send + Sync>;

/// What the cluster's owner allows; git can't.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// Hosts (`name` or `name:port`) that are asked although their address is private; `http://name` without TLS as well.
    pub hosts: Vec<String>,
    /// Whether `helm` may run where the network can't be denied to it.
    pub unconfined: bool,
}

/// A chart's archive as it came.
pub(crate) struct Fetched {
    pub(crate) locked: LockedChart,
    pub(crate) packed: Arc<[u8]>,
}

/// Fetches a chart and proves its digest where one is known.
///
/// # Errors
/// `FETCH`, `DIGEST`, `LIMIT`.
pub(crate) fn fetch(
    wanted: &Wanted,
    policy: &Policy,
    secrets: Option<&ReadSecret>,
    time: Duration,
) -> Result<Fetched, ChartError> {
    let chart = &wanted.chart;
    let named = |error: ChartError| ChartError::new(error.reason, format!("chart {chart}: {error}"));
    let auth = match &chart.secret {
        Some(name) => Some(credentials::read(name, chart.repository.host(), secrets).map_err(named)?),
        None => None,
    };
    let browser = Browser::new(policy, auth, Instant::now() + time).map_err(named)?;
    let (version, packed) = match &chart.repository {
        Repository::Http(url) => repository::fetch(&browser, url, &chart.name, wanted.version()),
        Repository::Oci(place) => registry::fetch(&browser, place, wanted.version()),
    }
    .map_err(named)?;
    let found = sha256(&packed);
    if let Some(digest) = wanted.digest().filter(|digest| **digest != *found) {
        return Err(named(ChartError::new(
            ChartError::DIGEST,
            format!(
                "version {version} has the digest {found}, and locked is {digest}: it was changed after it was locked; find out by whom, then write the lock anew with `teal helm lock`"
            ),
        )));
    }
    let locked = LockedChart {
        repository: chart.repository.clone(),
        name: chart.name.clone(),
        requested: chart.version.clone(),
        version,
        digest: found,
    };
    Ok(Fetched { locked, packed: packed.into() })
}

/// `sha256:` and hex digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(digest(&SHA256, bytes)))
}

fn failed(message: impl Into<String>) -> ChartError {
    ChartError::new(ChartError::FETCH, message)
}
