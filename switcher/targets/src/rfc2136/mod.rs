//! A DNS record and its ledger, changed by one signed UPDATE (RFC 2136, RFC 8945).
//!
//! The ledger is a TXT record at `_teal.<name>`. Record and ledger are named in the prerequisites of the same UPDATE
//! that changes them, so that a server which follows RFC 2136 §3 changes both or neither, and only for the one writer
//! whose expectation still holds (G1, G2). Everything goes to the primary by TCP, signed; a recursor is never asked
//! for the ledger. Nothing is retried: an answer that got lost is decided by reading the ledger back.

mod exchange;
mod read;
mod signed;
mod update;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use hickory_proto::rr::{Name, RecordType};
use teal_api::switch::{Destination, Rfc2136};
use tokio::time::Instant;

use crate::answer::Answer;
use crate::config::{ConfigMistakes, Names, Options, Secret};
use crate::error::{Doubt, Seen, TargetError};
use crate::flow::Finding;
use crate::lookup;
use crate::routed::{Change, Routed, Tag, Truths, empty, joined};

use exchange::Sent;
use read::Sets;
use signed::Key;

/// Largest ledger payload: it travels twice in one message of at most 64 KiB, and servers dislike more.
const LEDGER_LIMIT: usize = 8 * 1024;

/// No answer has told the clock yet.
const NO_SKEW: i64 = i64::MIN;

/// A record on a name server that takes signed updates. Cheap to clone.
#[derive(Clone)]
pub struct Rfc2136Target(Arc<Inner>);

struct Inner {
    server: String,
    secondaries: Vec<String>,
    names: Names,
    /// The record's full name without the last dot, for people.
    shown: String,
    zone: String,
    key: Key,
    options: Options,
    skew: AtomicI64,
}

impl std::fmt::Debug for Rfc2136Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rfc2136Target({} at {})", self.0.shown, self.0.server)
    }
}

impl Rfc2136Target {
    /// Makes the target. Nothing is sent.
    ///
    /// # Errors
    /// All that is wrong with the declaration or the secret, at once.
    pub fn new(declared: &Rfc2136, secret: &Secret, options: Options) -> Result<Self, ConfigMistakes> {
        let names = Names::check(declared, secret)?;
        let text = |name: &Name| name.to_ascii().trim_end_matches('.').to_owned();
        Ok(Self(Arc::new(Inner {
            server: declared.server.clone(),
            secondaries: declared.secondaries.clone(),
            shown: text(&names.record),
            zone: text(&names.zone),
            key: Key::new(&names.key, declared.tsig.algorithm, secret)?,
            names,
            options,
            skew: AtomicI64::new(NO_SKEW),
        })))
    }

    /// The record's full name, without the last dot.
    pub fn name(&self) -> &str {
        &self.0.shown
    }

    /// What is true of this provider.
    pub fn truths(&self) -> Truths {
        Truths {
            kind: "rfc2136",
            cas: true,
            weights: None,
            settling: Duration::ZERO,
            propagation_bound: Duration::ZERO,
            copies: false,
            named: true,
            rollback_lane: true,
            request_life: self.0.options.timeout.saturating_mul(2),
            late_write: Duration::from_secs(u64::from(signed::FUDGE)),
            ledger_limit: LEDGER_LIMIT,
        }
    }

    /// The primary's clock minus ours in seconds, as its last signed answer told; whole seconds only.
    pub fn clock_skew(&self) -> Option<i64> {
        Some(self.0.skew.load(Ordering::Relaxed)).filter(|skew| *skew != NO_SKEW)
    }

    /// Changes record and ledger in one UPDATE, if both are still as `expect` says. With `change: None` the ledger
    /// alone. Repeating a call that landed is recognised by its payload and succeeds again.
    ///
    /// # Errors
    /// See [`TargetError`]; nothing was changed unless [`TargetError::outcome_unknown`].
    pub async fn commit(&self, expect: &Tag, change: Option<&Change>, ledger: &[u8]) -> Result<Routed, TargetError> {
        self.acceptable(change, ledger)?;
        let wanted = wanted(expect, change, ledger);
        let update = update::message(&self.0.names, expect, change, &wanted.tag.ledger);
        match self.send(update).await? {
            Sent::Applied => Ok(wanted),
            Sent::Refused => self.judge(expect, wanted, self.read().await?, None),
            Sent::Doubtful(doubt) => match self.read().await {
                Ok(found) => self.judge(expect, wanted, found, Some(doubt)),
                Err(error) => Err(self.unknown(doubt, Seen::Unread(error.to_string()))),
            },
        }
    }

    /// Asks every authoritative server, by UDP, what it answers now. Each answers, fails or times out alone.
    pub async fn observe(&self) -> Vec<Answer> {
        let (names, wait) = (&self.0.names, self.0.options.timeout);
        let mut servers: Vec<&str> = vec![&self.0.server];
        servers.extend(self.0.secondaries.iter().map(String::as_str).filter(|server| *server != self.0.server));
        let asked = servers
            .into_iter()
            .map(|server| lookup::authority(server, &names.record, RecordType::A, &names.zone, wait));
        futures::future::join_all(asked).await
    }

    /// Asks a recursive resolver, `host[:port]`, for the record.
    pub async fn ask(&self, resolver: &str) -> Answer {
        lookup::resolver(resolver, &self.0.names.record, RecordType::A, self.0.options.timeout).await
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.0.options.timeout
    }

    /// Refuses what must never be sent.
    fn acceptable(&self, change: Option<&Change>, ledger: &[u8]) -> Result<(), TargetError> {
        let record = || self.0.shown.clone();
        if change.is_some_and(|change| empty(&change.to)) {
            return Err(TargetError::NoAddress { record: record() });
        }
        if let Some(Change { to, .. }) = change.filter(|change| !matches!(change.to, Destination::Ip(_))) {
            let why = format!("an A record can't point to {to}");
            return Err(TargetError::Unfit { target: record(), why });
        }
        if ledger.is_empty() || ledger.len() > LEDGER_LIMIT {
            return Err(TargetError::TooLarge { record: record(), size: ledger.len(), limit: LEDGER_LIMIT });
        }
        Ok(())
    }

    /// What the state found after a refusal or a lost answer means.
    fn judge(&self, expect: &Tag, wanted: Routed, found: Routed, doubt: Option<Doubt>) -> Result<Routed, TargetError> {
        let (record, found) = (self.0.shown.clone(), Box::new(found));
        if found.tag.ledger == wanted.tag.ledger {
            return if found.value == wanted.value {
                Ok(*found)
            } else {
                Err(TargetError::Foreign { record, wrote: wanted.value, found })
            };
        }
        match doubt {
            Some(doubt) if found.tag == *expect => Err(self.unknown(doubt, Seen::Unchanged)),
            _ => Err(TargetError::Raced { record, expected: Box::new(expect.clone()), found }),
        }
    }

    fn unknown(&self, doubt: Doubt, seen: Seen) -> TargetError {
        TargetError::Unknown { record: self.0.shown.clone(), server: self.0.server.clone(), doubt, seen }
    }
}

/// The state after a write that lands.
fn wanted(expect: &Tag, change: Option<&Change>, ledger: &[u8]) -> Routed {
    let sets = match change {
        Some(change) => Sets { value: Some(change.to.clone().canonical()), ttl: change.ttl, negative_ttl: None },
        None => Sets { value: expect.value.clone(), ttl: expect.ttl, negative_ttl: None },
    };
    routed(sets, vec![update::strings(ledger)])
}

fn routed(sets: Sets, records: Vec<Vec<Vec<u8>>>) -> Routed {
    let Sets { value, ttl, negative_ttl } = sets;
    let ledger = joined(&records);
    Routed { tag: Tag { value: value.clone(), ledger: records, ttl, etag: None }, value, ttl, negative_ttl, ledger }
}

#[async_trait::async_trait]
impl crate::target::Holder for Rfc2136Target {
    fn name(&self) -> &str {
        Self::name(self)
    }

    fn truths(&self) -> Truths {
        Self::truths(self)
    }

    async fn read(&self) -> Result<Routed, TargetError> {
        Self::read(self).await
    }

    async fn commit(&self, expect: &Tag, change: Option<&Change>, ledger: &[u8]) -> Result<Routed, TargetError> {
        Self::commit(self, expect, change, ledger).await
    }

    async fn observe(&self) -> Vec<Answer> {
        Self::observe(self).await
    }

    async fn ask(&self, resolver: &str) -> Answer {
        Self::ask(self, resolver).await
    }

    fn clock_skew(&self) -> Option<i64> {
        Self::clock_skew(self)
    }

    async fn preflight(&self) -> Result<Vec<Finding>, TargetError> {
        Ok(Vec::new())
    }
}
