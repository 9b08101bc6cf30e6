//! Sends one request: reads are repeated within their bounds, writes are sent once a call, nothing is ever left to the
//! libraries to repeat.

mod holds;
mod settings;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use azure_core::credentials::TokenCredential;
use azure_core::http::{Pipeline, Url};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::cloud::Cloud;
use crate::credential::{Hidden, failed};
use crate::error::AzureError;
use crate::request::{Answer, Effect, Needs, Place, Plane, Request};
use crate::retry::RetryPolicy;
use crate::watch::Watch;

pub use settings::{Settings, SettingsError, environment};
pub(crate) use wire::LONGEST_POLL;

/// No answer has told the clock yet.
const NO_SKEW: i64 = i64::MIN;
/// Most pages of one list; Azure DNS allows 60 lists a minute.
const MOST_PAGES: usize = 100;

/// One identity in one cloud. Cheap to clone; connections and tokens are shared. Dropping a call's future cancels it.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    cancel: CancellationToken,
}

struct Inner {
    cloud: Cloud,
    arm: Url,
    management: Pipeline,
    vault: Pipeline,
    credential: Arc<dyn TokenCredential>,
    who: &'static str,
    /// Whose budgets Azure counts.
    identity: String,
    retry: RetryPolicy,
    watch: Arc<dyn Watch>,
    skew: AtomicI64,
    holds: holds::Holds,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({} by {})", self.inner.cloud.arm, self.inner.who)
    }
}

/// A bearer token. Never shown.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token itself.
    pub secret: Hidden,
    /// When it ends; Unix seconds.
    pub expires: i64,
}

impl Token {
    /// The text to send.
    #[must_use]
    pub fn expose(&self) -> &str {
        std::str::from_utf8(self.secret.expose()).unwrap_or_default()
    }
}

impl Client {
    /// The same client, whose calls end with [`AzureError::Cancelled`] when `cancel` is cancelled.
    #[must_use]
    pub fn cancelled_by(&self, cancel: CancellationToken) -> Self {
        Self { inner: self.inner.clone(), cancel }
    }

    /// Where it speaks to.
    #[must_use]
    pub fn cloud(&self) -> &Cloud {
        &self.inner.cloud
    }

    /// How patient it is.
    #[must_use]
    pub fn retry(&self) -> RetryPolicy {
        self.inner.retry
    }

    /// The server's clock minus ours in whole seconds, as the last quick answer's `Date` told: the least that explains it,
    /// 0 where it was ours at some time between question and answer. A slow answer counts only where it tells more.
    #[must_use]
    pub fn clock_skew(&self) -> Option<i64> {
        Some(self.inner.skew.load(Ordering::Relaxed)).filter(|skew| *skew != NO_SKEW)
    }

    /// A token for another audience, such as an AKS API server's.
    ///
    /// # Errors
    /// [`AzureError::Credential`].
    pub async fn token(&self, scope: &str) -> Result<Token, AzureError> {
        let scopes = [scope];
        let asked = self.inner.credential.get_token(&scopes, None);
        let token = match timeout(self.inner.retry.attempt, asked).await {
            Ok(token) => token.map_err(|error| failed(self.inner.who, &error))?,
            Err(_) => return Err(self.no_token_in_time()),
        };
        let secret = Hidden::new(token.token.secret().as_bytes());
        Ok(Token { secret, expires: token.expires_on.unix_timestamp() })
    }

    /// Sends a request and waits for its answer, within the bounds of its policy. Where Azure asked to be left alone,
    /// nothing is sent until then ([`RetryPolicy::longest_wait`] at most), and what it said is said again.
    ///
    /// # Errors
    /// See [`AzureError`]; a write may have been done only if [`AzureError::outcome_unknown`].
    pub async fn send(&self, request: &Request) -> Result<Answer, AzureError> {
        if let Some(error) = self.inner.holds.standing(request) {
            tracing::debug!(request = request.what, reason = error.reason(), "Azure is left alone");
            return Err(error);
        }
        let retry = self.inner.retry;
        let (began, mut made) = (Instant::now(), 0);
        loop {
            let left = retry.deadline.saturating_sub(began.elapsed());
            let error = match self.bounded(request, retry.attempt.min(left)).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            made += 1;
            let wait = retry.next(made, began.elapsed(), error.retry_after(), wire::jitter());
            let Some(wait) = wait.filter(|_| repeatable(request, &error)) else {
                if let Some(wait) = self.inner.holds.note(request, &error, retry.longest_wait) {
                    self.inner.watch.waits(request.service, error.reason(), wait);
                }
                return Err(error);
            };
            tracing::debug!(request = request.what, reason = error.reason(), ?wait, made, "Azure is asked again");
            self.inner.watch.waits(request.service, error.reason(), wait);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.cancel.cancelled() => {
                    return Err(AzureError::Cancelled { what: request.what.clone(), wrote: error.outcome_unknown() });
                }
            }
        }
    }

    /// Sends a read of a list and follows `nextLink` to the end.
    ///
    /// # Errors
    /// As [`Client::send`]; also for a list that does not end.
    pub async fn list(&self, request: &Request) -> Result<Vec<serde_json::Value>, AzureError> {
        let (found, all) = self.list_within(request, MOST_PAGES).await?;
        let why = format!("the list has more than {MOST_PAGES} pages");
        if all { Ok(found) } else { Err(AzureError::Odd { what: request.what.clone(), why }) }
    }

    /// The same for at most so many pages; with whether these are all.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn list_within(
        &self,
        request: &Request,
        pages: usize,
    ) -> Result<(Vec<serde_json::Value>, bool), AzureError> {
        let mut found = Vec::new();
        let mut next = request.clone();
        for _ in 0..pages {
            let mut page = self.send(&next).await?;
            if let Some(serde_json::Value::Array(items)) = page.body.get_mut("value").map(serde_json::Value::take) {
                found.extend(items);
            }
            match page.body.get("nextLink").and_then(serde_json::Value::as_str).filter(|link| !link.is_empty()) {
                None => return Ok((found, true)),
                Some(link) => {
                    next = Request::verbatim(
                        request.service,
                        link.to_owned(),
                        request.what.clone(),
                        request.needs.clone(),
                    );
                }
            }
        }
        Ok((found, false))
    }

    /// One attempt, which ends in time and when it is cancelled.
    async fn bounded(&self, request: &Request, life: Duration) -> Result<Answer, AzureError> {
        let started = Instant::now();
        let what = || request.what.clone();
        let attempt = timeout(life, self.attempt(request));
        let result = tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(AzureError::Cancelled { what: what(), wrote: request.writes() }),
            done = attempt => done.unwrap_or_else(|_| {
                let why = format!("nothing within {} ms", life.as_millis());
                Err(AzureError::Lost { what: what(), wrote: request.writes(), why })
            }),
        };
        let status = match &result {
            Ok(answer) => Some(answer.status),
            Err(error) => error.said().map(|said| said.status),
        };
        let (service, method) = (request.service, request.method.as_str());
        self.inner.watch.attempted(&crate::watch::Attempt { service, method, status, took: started.elapsed() });
        result
    }

    fn no_token_in_time(&self) -> AzureError {
        AzureError::Credential {
            who: self.inner.who,
            why: "no answer in time".to_owned(),
            hint: "check that the identity service can be reached".to_owned(),
            transient: true,
        }
    }

    /// Where a request goes, when a token may go there.
    fn url(&self, request: &Request) -> Result<Url, AzureError> {
        let refused = |why: String| AzureError::Refused { what: request.what.clone(), why };
        match &request.place {
            Place::Segments(segments) => {
                let mut url = self.inner.arm.clone();
                url.path_segments_mut()
                    .map_err(|()| refused("ARM's address is none".into()))?
                    .pop_if_empty()
                    .extend(segments);
                {
                    let mut query = url.query_pairs_mut();
                    query.append_pair("api-version", request.version);
                    for (name, value) in &request.query {
                        query.append_pair(name, value);
                    }
                }
                Ok(url)
            }
            Place::Verbatim(text) => {
                let url = Url::parse(text)
                    .map_err(|error| refused(format!("Azure gave an address that is none ({error})")))?;
                let (cloud, plane) = (&self.inner.cloud, request.plane);
                let known = match plane {
                    Plane::Management => cloud.is_arm(&url),
                    Plane::Vault => cloud.is_vault(&url),
                };
                if known {
                    return Ok(url);
                }
                let host = url.host_str().unwrap_or_default();
                let whose = if plane == Plane::Vault { &cloud.vault_suffix } else { &cloud.arm };
                Err(refused(format!("a token for {whose} is not sent to {host}")))
            }
        }
    }
}

/// May this request be sent again after this error? Where nothing was sent, or it is a read or declared repeatable.
fn repeatable(request: &Request, error: &AzureError) -> bool {
    match error {
        AzureError::Unreachable { .. } => true,
        AzureError::Credential { transient, .. } => *transient,
        AzureError::Throttled { .. } | AzureError::Server { .. } | AzureError::Lost { .. } => {
            request.effect != Effect::Write
        }
        // Only its caller knows whether waiting for the other operation makes sense.
        _ => false,
    }
}

/// A scope on which a role is granted, for requests to a resource.
pub(crate) fn needs(role: &'static str, scope: impl ToString) -> Needs {
    Needs { role, scope: scope.to_string() }
}

fn unix_now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
