//! Steady load on a name: each request goes where DNS says *now*, and nothing outlives a TTL.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail, ensure};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::report::{Report, Sent};
use crate::dns::Resolver;

/// How a client treats its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    /// A new one for every request.
    PerRequest,
    /// Kept alive, and used only while DNS still names their address.
    WithinTtl,
}

/// What to send.
#[derive(Debug, Clone)]
pub struct Load {
    /// Full name to resolve and to send as `Host`.
    pub name: String,
    /// Port of the front doors.
    pub port: u16,
    /// Path, such as `/`.
    pub path: String,
    /// Requests a second.
    pub per_second: u32,
    /// How connections are treated.
    pub connections: Connections,
    /// A request that takes longer has failed.
    pub timeout: Duration,
}

impl Load {
    /// 50 requests a second for `/`, connections kept within the TTL, 2 s each at most.
    #[must_use]
    pub fn new(name: &str, port: u16) -> Self {
        Self {
            name: name.trim_end_matches('.').to_owned(),
            port,
            path: "/".to_owned(),
            per_second: 50,
            connections: Connections::WithinTtl,
            timeout: Duration::from_secs(2),
        }
    }
}

/// A client that sends until it is stopped. Dropped, it stops.
#[derive(Debug)]
pub struct LoadClient {
    shared: Arc<Shared>,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    load: Load,
    resolver: Resolver,
    client: reqwest::Client,
    turn: AtomicUsize,
    started: (Instant, SystemTime),
    sent: Mutex<Vec<Sent>>,
}

impl LoadClient {
    /// Starts to send, resolving through this name server.
    ///
    /// # Errors
    /// When there is nothing to send, or no HTTP client can be made.
    pub fn start(dns: SocketAddr, load: Load) -> Result<Self> {
        ensure!(load.per_second > 0, "a load of no requests a second");
        // The HTTP client wants a provider even for plain HTTP; another one may be there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let idle = if load.connections == Connections::PerRequest { 0 } else { usize::MAX };
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .pool_max_idle_per_host(idle)
            .timeout(load.timeout)
            .build()
            .context("an HTTP client")?;
        let shared = Arc::new(Shared {
            resolver: Resolver::new(dns),
            client,
            turn: AtomicUsize::new(0),
            started: (Instant::now(), SystemTime::now()),
            sent: Mutex::default(),
            load,
        });
        let stop = CancellationToken::new();
        let task = tokio::spawn(send(shared.clone(), stop.clone()));
        Ok(Self { shared, stop, task: Some(task) })
    }

    /// What has happened so far.
    #[must_use]
    pub fn report(&self) -> Report {
        let sent = self.shared.sent.lock().unwrap_or_else(PoisonError::into_inner);
        Report::of(self.shared.started.1, &sent)
    }

    /// Every request that has ended, in the order of their ends.
    #[must_use]
    pub fn requests(&self) -> Vec<Sent> {
        self.shared.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends no more, waits for what is under way, and tells all.
    pub async fn stop(mut self) -> Report {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            // Only a panic in a request can end it otherwise; what was sent is told in any case.
            let _ = task.await;
        }
        self.report()
    }
}

impl Drop for LoadClient {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn send(shared: Arc<Shared>, stop: CancellationToken) {
    let mut beat = interval(Duration::from_secs(1) / shared.load.per_second);
    // A pause of this machine is caught up with: the rate holds on average.
    beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let under_way = TaskTracker::new();
    while stop.run_until_cancelled(beat.tick()).await.is_some() {
        let shared = shared.clone();
        under_way.spawn(async move {
            let sent = shared.once().await;
            shared.sent.lock().unwrap_or_else(PoisonError::into_inner).push(sent);
        });
    }
    under_way.close();
    under_way.wait().await;
}

impl Shared {
    async fn once(&self) -> Sent {
        let begun = Instant::now();
        let at = begun.duration_since(self.started.0);
        let mut sent = Sent { at, address: None, color: None, status: None, took: Duration::ZERO, failure: None };
        if let Err(error) = self.request(&mut sent).await {
            sent.failure = Some(format!("{error:#}"));
        }
        sent.took = begun.elapsed();
        sent
    }

    async fn request(&self, sent: &mut Sent) -> Result<()> {
        let address = self.address().await?;
        sent.address = Some(address);
        let url = format!("http://{address}:{}{}", self.load.port, self.load.path);
        let response = self.client.get(url).header("host", &self.load.name).send().await?;
        sent.status = Some(response.status().as_u16());
        let status = response.status();
        let body: serde_json::Value = response.json().await.with_context(|| format!("{status} without JSON"))?;
        let color = body.get("color").and_then(|color| color.as_str()).filter(|color| !color.is_empty());
        sent.color = color.map(str::to_owned);
        if !status.is_success() {
            bail!("{status}");
        }
        ensure!(sent.color.is_some(), "{status}, but the body names no color: {body}");
        Ok(())
    }

    /// One of the name's addresses, in turn.
    async fn address(&self) -> Result<Ipv4Addr> {
        let resolving = tokio::time::timeout(self.load.timeout, self.resolver.resolve(&self.load.name));
        let resolved = resolving.await.context("resolve: no answer in time")?.context("resolve")?;
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let count = resolved.addresses.len().max(1);
        let address = resolved.addresses.get(turn % count).copied();
        address.with_context(|| format!("{} has no address", self.load.name))
    }
}
