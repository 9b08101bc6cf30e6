//! A client's cache: it asks when it knows nothing, and believes an answer exactly as long as its TTL says.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::client;

/// What a name resolves to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// Empty when the name does not exist or has no address.
    pub addresses: Vec<Ipv4Addr>,
    /// Does the name exist at all?
    pub exists: bool,
    /// Until when this may be believed.
    pub until: Instant,
}

impl Resolved {
    /// How long it may still be believed, rounded down to seconds as DNS has them.
    #[must_use]
    pub fn ttl(&self) -> u32 {
        let left = self.until.saturating_duration_since(Instant::now()).as_secs();
        u32::try_from(left).unwrap_or(u32::MAX)
    }
}

/// A caching stub resolver that asks one server.
#[derive(Debug)]
pub struct Resolver {
    server: SocketAddr,
    // Held while asking: of many who want to know, one asks.
    known: Mutex<BTreeMap<Name, Resolved>>,
}

impl Resolver {
    /// Asks this server. Nothing is sent yet.
    #[must_use]
    pub fn new(server: SocketAddr) -> Self {
        Self { server, known: Mutex::new(BTreeMap::new()) }
    }

    /// Resolves a full name, from what is known while its TTL lasts.
    ///
    /// A TTL of zero is never kept. Failures are never kept, and what has expired is never used again.
    ///
    /// # Errors
    /// When the server does not answer, or answers neither NOERROR nor NXDOMAIN.
    pub async fn resolve(&self, name: &str) -> Result<Resolved> {
        let mut key = Name::from_ascii(name).with_context(|| format!("`{name}` is not a name"))?;
        key.set_fqdn(true);
        let mut known = self.known.lock().await;
        if let Some(held) = known.get(&key).filter(|held| held.until > Instant::now()) {
            return Ok(held.clone());
        }
        known.remove(&key);
        // A TTL begins when it is asked for: however late an answer is taken in, nothing is believed for longer.
        let asked = Instant::now();
        let answer = client::ask(self.server, &key, RecordType::A).await?;
        let resolved = read(&answer, &key, asked).with_context(|| format!("{} about {name}", self.server))?;
        known.insert(key, resolved.clone());
        Ok(resolved)
    }
}

fn read(answer: &Message, name: &Name, asked: Instant) -> Result<Resolved> {
    let code = answer.metadata.response_code;
    anyhow::ensure!(matches!(code, ResponseCode::NoError | ResponseCode::NXDomain), "answered {code}");
    let (mut addresses, mut ttl) = (Vec::new(), u32::MAX);
    // A chain of aliases in the answer is followed, each link once; the shortest life of its links is the life of all.
    let mut owner = name.clone();
    for _ in 0..=answer.answers.len() {
        let mut next = None;
        for record in answer.answers.iter().filter(|record| record.name == owner) {
            match &record.data {
                RData::A(address) => addresses.push(address.0),
                RData::CNAME(target) => next = Some(target.0.clone()),
                _ => continue,
            }
            ttl = ttl.min(record.ttl);
        }
        match next.filter(|_| addresses.is_empty()) {
            Some(target) => owner = target,
            None => break,
        }
    }
    if addresses.is_empty() {
        // RFC 2308 §5; without an SOA nothing may be remembered.
        let soa = answer.authorities.iter().find_map(|record| match &record.data {
            RData::SOA(soa) => Some(record.ttl.min(soa.minimum)),
            _ => None,
        });
        ttl = soa.unwrap_or(0);
    }
    let until = asked + Duration::from_secs(ttl.into());
    Ok(Resolved { addresses, exists: code == ResponseCode::NoError, until })
}
