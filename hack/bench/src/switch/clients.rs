//! Clients of the name: each has a cache of its own, and asks again and again without a pause.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use teal_testkit::dns::Resolver;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Moved;
use super::ground::Ground;

/// A request that takes longer has failed.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The record's TTL while it moves.
const TTL: Duration = Duration::from_secs(1);
/// Failures that are kept in words.
const EXAMPLES: usize = 5;

/// How long a client believes an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Keeps {
    /// As long as its TTL says.
    TheTtl,
    /// This long, whatever the TTL says.
    For(Duration),
}

/// Clients of one kind.
pub(crate) struct Crowd {
    keeps: Keeps,
    host: String,
    port: u16,
    dns: SocketAddr,
    http: reqwest::Client,
    sent: AtomicU64,
    logs: Mutex<Vec<Log>>,
    stop: CancellationToken,
    clients: TaskTracker,
}

/// What one client noticed.
#[derive(Default)]
struct Log {
    /// Microseconds of each request.
    took: Vec<u32>,
    failed: u64,
    failures: Vec<String>,
    /// Each time another color answered than before.
    turns: Vec<(Timestamp, String)>,
}

/// What a crowd noticed.
pub(crate) struct Seen {
    pub(crate) who: String,
    pub(crate) clients: usize,
    pub(crate) requests: u64,
    pub(crate) failed: u64,
    pub(crate) failures: Vec<String>,
    /// Sorted.
    pub(crate) took: Vec<Duration>,
    /// From the record written to a client's first answer of the new color; of every client and move; sorted.
    pub(crate) shifts: Vec<Duration>,
    /// Clients that did not follow a move before the next one.
    pub(crate) stayed: usize,
}

/// One client's answers of the name server, as it keeps them.
struct Cache {
    keeps: Keeps,
    resolver: Resolver,
    kept: Option<(Instant, Ipv4Addr)>,
}

impl Crowd {
    pub(crate) fn start(ground: &Ground, clients: usize, keeps: Keeps) -> Result<Arc<Self>> {
        ensure!(clients > 0, "a crowd of no clients");
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .pool_max_idle_per_host(usize::MAX)
            .timeout(TIMEOUT)
            .build()
            .context("an HTTP client")?;
        let crowd = Arc::new(Self {
            keeps,
            host: ground.host(),
            port: ground.doors[0].address().port(),
            dns: ground.emulator.dns,
            http,
            sent: AtomicU64::new(0),
            logs: Mutex::default(),
            stop: CancellationToken::new(),
            clients: TaskTracker::new(),
        });
        let spread = match keeps {
            Keeps::TheTtl => TTL,
            Keeps::For(time) => time,
        };
        let (share, mut late) = (spread / u32::try_from(clients)?, Duration::ZERO);
        for _ in 0..clients {
            let own = crowd.clone();
            // Their caches expire one after another, not all at once.
            crowd.clients.spawn(async move {
                tokio::time::sleep(late).await;
                own.client().await;
            });
            late += share;
        }
        Ok(crowd)
    }

    /// Requests that have ended so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Sends no more, and tells all.
    pub(crate) async fn end(self: Arc<Self>, moves: &[Moved]) -> Seen {
        self.stop.cancel();
        self.clients.close();
        self.clients.wait().await;
        let logs = std::mem::take(&mut *self.logs.lock().unwrap_or_else(PoisonError::into_inner));
        let mut seen = Seen {
            who: match self.keeps {
                Keeps::TheTtl => "obey the TTL".to_owned(),
                Keeps::For(time) => format!("keep an answer for {} s", time.as_secs()),
            },
            clients: logs.len(),
            requests: self.sent(),
            failed: logs.iter().map(|log| log.failed).sum(),
            failures: logs.iter().flat_map(|log| log.failures.clone()).take(EXAMPLES).collect(),
            took: logs.iter().flat_map(|log| &log.took).map(|micros| Duration::from_micros((*micros).into())).collect(),
            shifts: Vec::new(),
            stayed: 0,
        };
        for (number, moved) in moves.iter().enumerate() {
            let next = moves.get(number + 1).map_or(Timestamp::MAX, |next| next.at);
            for log in &logs {
                match log.followed(moved, next) {
                    Some(after) => seen.shifts.push(after),
                    None => seen.stayed += 1,
                }
            }
        }
        seen.took.sort_unstable();
        seen.shifts.sort_unstable();
        seen
    }

    async fn client(&self) {
        let mut cache = Cache { keeps: self.keeps, resolver: Resolver::new(self.dns), kept: None };
        let mut log = Log::default();
        while !self.stop.is_cancelled() {
            let began = Instant::now();
            match self.once(&mut cache).await {
                Ok(color) => log.answered(color),
                Err(error) => {
                    log.failed += 1;
                    if log.failures.len() < EXAMPLES {
                        log.failures.push(format!("{}: {error:#}", Timestamp::now()));
                    }
                }
            }
            log.took.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
            self.sent.fetch_add(1, Ordering::Relaxed);
        }
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).push(log);
    }

    async fn once(&self, cache: &mut Cache) -> Result<String> {
        let address = cache.address(&self.host).await?;
        let url = format!("http://{address}:{}/", self.port);
        let answer = self.http.get(url).header("host", &self.host).send().await?;
        let status = answer.status();
        let body: serde_json::Value = answer.json().await.with_context(|| format!("{status} without JSON"))?;
        ensure!(status.is_success(), "{status}");
        Ok(body["color"].as_str().context("an answer of no color")?.to_owned())
    }
}

impl Cache {
    async fn address(&mut self, host: &str) -> Result<Ipv4Addr> {
        if let (Keeps::For(time), Some((at, address))) = (self.keeps, self.kept)
            && at.elapsed() < time
        {
            return Ok(address);
        }
        // The resolver keeps its own answers as long as their TTL says.
        let found = self.resolver.resolve(host).await.context("resolve")?;
        let address = *found.addresses.first().with_context(|| format!("{host} has no address"))?;
        self.kept = Some((Instant::now(), address));
        Ok(address)
    }
}

impl Log {
    fn answered(&mut self, color: String) {
        if self.turns.last().is_none_or(|(_, last)| *last != color) {
            self.turns.push((Timestamp::now(), color));
        }
    }

    /// How long after a move this client was answered by the new color.
    fn followed(&self, moved: &Moved, next: Timestamp) -> Option<Duration> {
        let turn = self.turns.iter().find(|(at, color)| *at >= moved.at && *at < next && *color == moved.to)?;
        Duration::try_from(turn.0.duration_since(moved.at)).ok()
    }
}
