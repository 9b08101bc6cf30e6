//! The traffic of a Switch, for whoever holds its keys: the daemon, and an operator in the emergency lane.

use std::collections::BTreeMap;

use ring::rand::{SecureRandom, SystemRandom};
use teal_api::switch::{Destination, Provider, Switch};
use teal_switcher_core::ledger::owner;
use teal_switcher_core::seal::room;
use teal_switcher_core::step::Write;
use teal_switcher_core::{Color, Ledger, LedgerKey, LedgerSeen, SealError, Value};
use teal_targets::{Access, Change, Meaning, Options, Routed, Secret, Target, TargetError};

use super::act::WriteError;
use super::kit::KitError;
use crate::azure::Azure;
use crate::secrets::Secrets;

/// Every target of a Switch, and where its ledger is.
#[derive(Debug, Clone)]
pub struct Route {
    /// What keeps the ledger: the first target, or a record of its own.
    pub target: Target,
    /// Whether that routes traffic, too.
    pub leads: bool,
    /// The key that opens the ledger; without one it is plain, and its zone's access rights guard it.
    pub key: Option<LedgerKey>,
    /// What the first target points to for each color.
    pub to: BTreeMap<String, Destination>,
    /// The other targets, in declared order.
    pub followers: Vec<Target>,
    /// Whose ledger it must be.
    owner: String,
}

impl Route {
    /// Makes the route of a declaration; nothing is sent.
    ///
    /// # Errors
    /// See [`KitError`].
    pub fn new(switch: &Switch, secrets: &Secrets, azure: &Azure) -> Result<Self, KitError> {
        let needs_azure = switch.ledger.own.is_some() || switch.targets.iter().any(|one| one.provider.is_azure());
        let azure = if needs_azure { Some(azure.client(&switch.azure)?) } else { None };
        let mut targets = Vec::new();
        for declared in &switch.targets {
            let secret = match &declared.provider {
                Provider::Rfc2136(one) => Some(tsig(secrets, &one.tsig.secret)?),
                _ => None,
            };
            let access = Access { secret, azure: azure.clone() };
            targets.push(Target::new(&declared.provider, &declared.to, &access, Options::default())?);
        }
        let to = switch.targets.first().map(|first| first.to.clone()).unwrap_or_default();
        let (key, owner) = (sealing_key(switch, secrets)?, owner(&switch.name));
        if let Some(own) = &switch.ledger.own {
            let access = Access { secret: None, azure };
            let target = Target::ledger_only(&own.record, own.private, &access, Options::default())?;
            return Ok(Self { target, leads: false, key, to, followers: targets, owner });
        }
        let mut targets = targets.into_iter();
        let Some(target) = targets.next() else { return Err(KitError::NoTarget) };
        Ok(Self { target, leads: true, key, to, followers: targets.collect(), owner })
    }

    /// Reads the record and opens the ledger beside it, in one consistent view. `ever`: one is known to have existed.
    ///
    /// # Errors
    /// When the authority can't be asked; nothing was changed.
    pub async fn read(&self, ever: bool) -> Result<(Routed, LedgerSeen), TargetError> {
        let routed = self.target.read().await?;
        let ledger = owned(open(self.key.as_ref(), &routed, self.target.name(), ever), &self.owner);
        Ok((routed, ledger))
    }

    /// Swaps in the next ledger, and the record with it, if both are still as `routed` was read.
    ///
    /// # Errors
    /// See [`WriteError`]; after any of them the world is to be read again before anything else.
    pub async fn write(&self, routed: &Routed, write: &Write) -> Result<Routed, WriteError> {
        let ledger = self.encoded(&write.next)?;
        let change = match &write.change {
            Some(change) => Some(Change { to: self.destination(change.color.as_str())?, ttl: change.ttl }),
            None => None,
        };
        Ok(self.target.commit(&routed.tag, change.as_ref(), ledger.as_bytes()).await?)
    }

    fn encoded(&self, next: &Ledger) -> Result<String, WriteError> {
        let limit = self.target.truths().ledger_limit;
        let Some(key) = &self.key else { return Ok(next.encode_within(limit).map_err(SealError::from)?) };
        let mut nonce = [0_u8; 12];
        SystemRandom::new().fill(&mut nonce).map_err(|_| WriteError::Entropy)?;
        Ok(key.seal(next, self.target.name(), nonce, limit)?)
    }

    /// Bytes of a ledger that fit where it is kept.
    #[must_use]
    pub fn room(&self) -> usize {
        let limit = self.target.truths().ledger_limit;
        if self.key.is_some() { room(limit) } else { limit }
    }

    fn destination(&self, color: &str) -> Result<Destination, WriteError> {
        self.to.get(color).cloned().ok_or_else(|| WriteError::NoDestination { color: color.to_owned() })
    }

    /// Where the record routes to.
    #[must_use]
    pub fn value(&self, routed: &Routed) -> Value {
        if !self.leads {
            return Value::LedgerOnly;
        }
        match self.target.means_value(routed.value.as_ref()) {
            Meaning::Color(color) => Value::Color(Color::new(color)),
            Meaning::Mixed => Value::Mixed,
            Meaning::Foreign(what) => Value::Foreign(what),
            Meaning::Gone => Value::Gone,
        }
    }

    /// What a color's traffic points to, for people; empty for a color that has nothing, which validation excludes.
    #[must_use]
    pub fn addresses(&self, color: &str) -> Vec<String> {
        self.to.get(color).map(|to| to.to_string().split(", ").map(str::to_owned).collect()).unwrap_or_default()
    }

    /// Every target that routes traffic, in the order in which they are moved.
    pub fn routing(&self) -> impl Iterator<Item = &Target> {
        self.leads.then_some(&self.target).into_iter().chain(&self.followers)
    }
}

/// One record is moved by one Switch: the ledger of another one is as strange as anything else in its place.
fn owned(found: LedgerSeen, owner: &str) -> LedgerSeen {
    match found {
        LedgerSeen::Known(ledger) if !ledger.owner.is_empty() && ledger.owner != owner => {
            let theirs = &ledger.owner;
            LedgerSeen::Foreign(format!(
                "the ledger of another Switch, `{theirs}`: one record is moved by one Switch; leave it out of `{owner}`, or of `{theirs}`"
            ))
        }
        found => found,
    }
}

/// Opens what was found beside the record.
pub(crate) fn open(key: Option<&LedgerKey>, routed: &Routed, record: &str, ever: bool) -> LedgerSeen {
    let Some(bytes) = &routed.ledger else { return LedgerSeen::Missing { ever } };
    let Ok(text) = std::str::from_utf8(bytes) else { return LedgerSeen::Foreign("bytes that are no text".to_owned()) };
    let opened = match key {
        Some(key) => key.open(text, record),
        None => Ledger::decode(text).map_err(SealError::from),
    };
    match opened {
        Ok(ledger) => LedgerSeen::Known(Box::new(ledger)),
        Err(error @ SealError::Truncated { .. }) => LedgerSeen::Foreign(error.to_string()),
        Err(error) => LedgerSeen::Unreadable(error.to_string()),
    }
}

/// Where a Secret holds the sealing key: with the TSIG key, or where the declaration says.
fn sealing_key(switch: &Switch, secrets: &Secrets) -> Result<Option<LedgerKey>, KitError> {
    let beside = match switch.targets.first().map(|target| &target.provider) {
        Some(Provider::Rfc2136(first)) if switch.ledger.own.is_none() => Some(&first.tsig.secret),
        _ => None,
    };
    let Some(secret) = switch.ledger.key.as_ref().or(beside) else { return Ok(None) };
    let key = LedgerKey::from_base64(&text(secrets, secret, "ledger")?);
    key.map(Some).map_err(|source| KitError::Key { secret: secret.clone(), source })
}

fn tsig(secrets: &Secrets, secret: &str) -> Result<Secret, KitError> {
    Secret::from_base64(&text(secrets, secret, "secret")?)
        .map_err(|source| KitError::Tsig { secret: secret.to_owned(), source })
}

fn text(secrets: &Secrets, secret: &str, key: &str) -> Result<String, KitError> {
    let bytes = secrets.read(secret, key)?;
    Ok(String::from_utf8_lossy(bytes.expose()).into_owned())
}
