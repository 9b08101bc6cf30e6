//! One process at a time: a `Lease` held while work runs.
//!
//! A holder that has not renewed is judged by *our* monotonic clock from when we first saw its last renewal, so that
//! clock skew between nodes can make a take-over late but never early.

use std::future::Future;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Which Lease, and how long it lasts.
#[derive(Debug, Clone)]
pub struct LeaseConfig {
    /// Namespace of the Lease.
    pub namespace: String,
    /// Name of the Lease.
    pub name: String,
    /// Who we are; unique among the candidates.
    pub holder: String,
    /// How long others wait after our last renewal; default 30 s.
    pub duration: Duration,
    /// How often we renew; default 10 s (G10 allows one write per 10 s).
    pub renew_every: Duration,
}

impl LeaseConfig {
    /// Makes one with the default times.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>, holder: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            holder: holder.into(),
            duration: Duration::from_secs(30),
            renew_every: Duration::from_secs(10),
        }
    }
}

/// Why the Lease is not held any more.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Somebody else holds it, or it could not be renewed in time; all work has been told to stop.
    #[error("lease {namespace}/{name} was lost ({why}); this process must end so that two never write at once")]
    Lost {
        /// Namespace of the Lease.
        namespace: String,
        /// Name of the Lease.
        name: String,
        /// What was seen last.
        why: String,
    },
}

/// Waits for the Lease, runs `work` while it is held, and vacates it at the end.
///
/// `work` gets a token that is cancelled on `shutdown` and at once when the Lease is lost. Returns `None` when
/// `shutdown` came before the Lease did.
///
/// # Errors
/// [`LeaseError::Lost`]; the work's own result is dropped then, because it was stopped.
pub async fn hold_lease<F, W, T>(
    client: Client,
    config: LeaseConfig,
    shutdown: CancellationToken,
    work: F,
) -> Result<Option<T>, LeaseError>
where
    F: FnOnce(CancellationToken) -> W,
    W: Future<Output = T>,
{
    let holder = Holder { api: Api::namespaced(client, &config.namespace), config };
    let held = tokio::select! {
        held = holder.acquire() => held,
        () = shutdown.cancelled() => return Ok(None),
    };
    let stop = shutdown.child_token();
    let work = work(stop.clone());
    tokio::pin!(work);
    let done = tokio::select! {
        done = &mut work => Ok(done),
        why = holder.keep(held) => Err(why),
    };
    stop.cancel();
    match done {
        Ok(done) => {
            holder.vacate().await;
            Ok(Some(done))
        }
        Err(why) => Err(LeaseError::Lost { namespace: holder.config.namespace, name: holder.config.name, why }),
    }
}

struct Holder {
    api: Api<Lease>,
    config: LeaseConfig,
}

impl Holder {
    /// Tries until the Lease is ours; returns it as stored.
    async fn acquire(&self) -> Lease {
        let mut seen: Option<(Option<String>, Instant)> = None;
        loop {
            match self.try_acquire(&mut seen).await {
                Ok(Some(lease)) => return lease,
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(lease = %self.config.name, error = &error as &dyn std::error::Error, "Lease not reached");
                }
            }
            sleep(self.config.renew_every / 5).await;
        }
    }

    async fn try_acquire(&self, seen: &mut Option<(Option<String>, Instant)>) -> Result<Option<Lease>, kube::Error> {
        let params = PostParams::default();
        let Some(lease) = self.api.get_opt(&self.config.name).await? else {
            let fresh = Lease {
                metadata: ObjectMeta { name: Some(self.config.name.clone()), ..ObjectMeta::default() },
                spec: Some(self.claim(0)),
            };
            return lost_race_is_none(self.api.create(&params, &fresh).await);
        };
        let spec = lease.spec.clone().unwrap_or_default();
        let holder = spec.holder_identity.clone().unwrap_or_default();
        let version = lease.metadata.resource_version.clone();
        match seen {
            Some((last, _)) if *last == version => {}
            _ => *seen = Some((version, Instant::now())),
        }
        let silent = seen.as_ref().map_or(Duration::ZERO, |(_, since)| since.elapsed());
        let lasts = Duration::from_secs(spec.lease_duration_seconds.unwrap_or(30).unsigned_abs().into());
        if !holder.is_empty() && holder != self.config.holder && silent < lasts {
            return Ok(None);
        }
        let taken = Lease { spec: Some(self.claim(spec.lease_transitions.unwrap_or(0) + 1)), ..lease };
        lost_race_is_none(self.api.replace(&self.config.name, &params, &taken).await)
    }

    /// Renews until it can't; returns why.
    async fn keep(&self, mut lease: Lease) -> String {
        // Stop a third of the duration before others may begin.
        let patience = self.config.duration - self.config.duration / 3;
        let mut renewed = Instant::now();
        loop {
            sleep(self.config.renew_every.min(patience.saturating_sub(renewed.elapsed()))).await;
            let mut next = lease.clone();
            if let Some(spec) = &mut next.spec {
                spec.renew_time = Some(MicroTime(jiff::Timestamp::now()));
            }
            let left = patience.saturating_sub(renewed.elapsed()).max(Duration::from_millis(200));
            let params = PostParams::default();
            match timeout(left, self.api.replace(&self.config.name, &params, &next)).await {
                Ok(Ok(stored)) => {
                    lease = stored;
                    renewed = Instant::now();
                }
                Ok(Err(kube::Error::Api(status))) if status.code == 409 || status.code == 404 => {
                    return "another process took or deleted it".to_owned();
                }
                Ok(Err(error)) if renewed.elapsed() >= patience => return format!("not renewed in time: {error}"),
                Ok(Err(error)) => {
                    tracing::warn!(lease = %self.config.name, error = &error as &dyn std::error::Error, "Lease not renewed yet");
                    sleep(Duration::from_millis(500)).await;
                }
                Err(_) => return "the API server did not answer in time".to_owned(),
            }
        }
    }

    /// Lets the next candidate begin at once; best effort, because it runs out anyway.
    async fn vacate(&self) {
        let Ok(Some(mut lease)) = self.api.get_opt(&self.config.name).await else { return };
        match &mut lease.spec {
            Some(spec) if spec.holder_identity.as_deref() == Some(&self.config.holder) => {
                spec.holder_identity = Some(String::new());
                spec.lease_duration_seconds = Some(1);
            }
            _ => return,
        }
        if let Err(error) = self.api.replace(&self.config.name, &PostParams::default(), &lease).await {
            tracing::debug!(%error, "Lease not vacated");
        }
    }

    fn claim(&self, transitions: i32) -> LeaseSpec {
        let now = MicroTime(jiff::Timestamp::now());
        LeaseSpec {
            holder_identity: Some(self.config.holder.clone()),
            acquire_time: Some(now.clone()),
            renew_time: Some(now),
            lease_duration_seconds: i32::try_from(self.config.duration.as_secs()).ok(),
            lease_transitions: Some(transitions),
            ..LeaseSpec::default()
        }
    }
}

fn lost_race_is_none(stored: Result<Lease, kube::Error>) -> Result<Option<Lease>, kube::Error> {
    match stored {
        Ok(lease) => Ok(Some(lease)),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(None),
        Err(error) => Err(error),
    }
}
