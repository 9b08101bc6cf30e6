//! The one PUT that changes record and ledger together, and what becomes of it.

use std::collections::BTreeMap;
use std::mem::discriminant;

use teal_api::switch::Destination;
use teal_azure::dns::{Records, SetBody};
use teal_azure::{AzureError, Condition, ResourceId};

use super::{AzureDnsTarget, KEY, LEDGER_LIMIT};
use crate::error::{Doubt, Seen, TargetError};
use crate::routed::{Change, Routed, Tag, empty};

/// The text of a set that only keeps a ledger, for whoever finds it.
pub(super) const NOTE: &str = "Teal keeps the ledger of a Switch in this record set's metadata";
/// TTL of such a set; nobody asks for it.
const LEDGER_TTL: u32 = 3600;

impl AzureDnsTarget {
    pub(super) async fn write_set(
        &self,
        expect: &Tag,
        change: Option<&Change>,
        ledger: &[u8],
    ) -> Result<Routed, TargetError> {
        let inner = &self.0;
        self.acceptable(expect, change, ledger)?;
        let wanted = wanted(expect, change, ledger);
        // From where the same call led to: there is nothing to write.
        if expect.etag.is_some() && wanted == (expect.value.clone(), expect.ttl, expect.ledger()) {
            let found = self.read_set().await?;
            return self.judge(expect, &wanted, found, None);
        }
        let body = self.body(expect, &wanted)?;
        let condition = match &expect.etag {
            Some(tag) => Condition::IfMatch(tag.etag.clone()),
            None => Condition::IfAbsent,
        };
        let put = inner.client.put_record_set(&inner.zone, inner.kind, &inner.record, &body, condition).await;
        match put {
            Ok(set) => {
                let found = self.routed(&set)?;
                self.judge(expect, &wanted, found, None)
            }
            // 412, and 404 under If-Match: the set is another one, or gone.
            Err(AzureError::Changed { .. } | AzureError::NotFound { .. }) => {
                let found = self.read_set().await?;
                self.judge(expect, &wanted, found, None)
            }
            Err(error) if error.outcome_unknown() || matches!(error, AzureError::Odd { .. }) => {
                let doubt = doubt(&error);
                match self.read_set().await {
                    Ok(found) => self.judge(expect, &wanted, found, Some(doubt)),
                    Err(error) => Err(self.unknown(doubt, Seen::Unread(error.to_string()))),
                }
            }
            Err(error) => Err(self.azure(error)),
        }
    }

    /// Refuses what must never be sent.
    fn acceptable(&self, expect: &Tag, change: Option<&Change>, ledger: &[u8]) -> Result<(), TargetError> {
        let record = || self.0.shown.clone();
        let unfit = |why: String| TargetError::Unfit { target: record(), why };
        if ledger.is_empty() || ledger.len() > LEDGER_LIMIT {
            return Err(TargetError::TooLarge { record: record(), size: ledger.len(), limit: LEDGER_LIMIT });
        }
        if std::str::from_utf8(ledger).is_err() {
            return Err(unfit("a ledger in metadata is text".to_owned()));
        }
        let Some(change) = change else {
            return if expect.value.is_some() || self.0.ledger_only {
                Ok(())
            } else {
                Err(unfit("there is no record set to keep a ledger beside".to_owned()))
            };
        };
        if self.0.ledger_only {
            return Err(unfit("it only keeps a ledger and routes nothing".to_owned()));
        }
        if empty(&change.to) {
            return Err(TargetError::NoAddress { record: record() });
        }
        if change.ttl == 0 {
            return Err(unfit("Azure takes no TTL below 1 s".to_owned()));
        }
        if let Some(now) = &expect.value
            && discriminant(now) != discriminant(&change.to)
        {
            let (found, wanted) = (word(now).to_owned(), word(&change.to));
            return Err(TargetError::WrongType { record: record(), found, wanted });
        }
        Ok(())
    }

    fn body(&self, expect: &Tag, wanted: &Wanted) -> Result<SetBody, TargetError> {
        let (value, ttl, ledger) = wanted;
        let mut metadata: BTreeMap<String, String> =
            expect.etag.as_ref().map(|tag| tag.metadata.clone()).unwrap_or_default();
        if let Some(ledger) = ledger {
            metadata.insert(KEY.to_owned(), String::from_utf8_lossy(ledger).into_owned());
        }
        if self.0.ledger_only {
            let ttl = if *ttl == 0 { LEDGER_TTL } else { *ttl };
            return Ok(SetBody { ttl, metadata, records: Records::Txt(vec![vec![NOTE.to_owned()]]), target: None });
        }
        let (records, target) = match value {
            Some(Destination::Ip(list)) => (Records::A(list.clone()), None),
            Some(Destination::Ipv6(list)) => (Records::Aaaa(list.clone()), None),
            Some(Destination::Cname(name)) => (Records::Cname(name.clone()), None),
            Some(Destination::ResourceId(id)) => {
                let why = |error: teal_azure::id::IdError| TargetError::Unfit {
                    target: self.0.shown.clone(),
                    why: error.to_string(),
                };
                (Records::None, Some(id.parse::<ResourceId>().map_err(why)?))
            }
            Some(Destination::Named(_)) | None => (Records::None, None),
        };
        Ok(SetBody { ttl: *ttl, metadata, records, target })
    }

    /// What the state found means. The ledger's payload is new with every write, so that it tells ours.
    fn judge(&self, expect: &Tag, wanted: &Wanted, found: Routed, doubt: Option<Doubt>) -> Result<Routed, TargetError> {
        let (record, found) = (self.0.shown.clone(), Box::new(found));
        let (value, ttl, ledger) = wanted;
        if found.ledger == *ledger {
            let same_ttl = self.0.ledger_only || found.ttl == *ttl;
            return if found.value == *value && same_ttl {
                Ok(*found)
            } else {
                Err(TargetError::Foreign { record, wrote: value.clone(), found })
            };
        }
        match doubt {
            Some(doubt) if found.tag == *expect => Err(self.unknown(doubt, Seen::Unchanged)),
            _ => Err(TargetError::Raced { record, expected: Box::new(expect.clone()), found }),
        }
    }

    fn unknown(&self, doubt: Doubt, seen: Seen) -> TargetError {
        let server = self.0.client.cloud().arm.clone();
        TargetError::Unknown { record: self.0.shown.clone(), server, doubt, seen }
    }
}

/// Value, TTL and ledger after a write that lands.
type Wanted = (Option<Destination>, u32, Option<Vec<u8>>);

fn wanted(expect: &Tag, change: Option<&Change>, ledger: &[u8]) -> Wanted {
    let (value, ttl) = match change {
        Some(change) => (Some(change.to.clone().canonical()), change.ttl),
        None => (expect.value.clone(), expect.ttl),
    };
    (value, ttl, Some(ledger.to_vec()))
}

fn doubt(error: &AzureError) -> Doubt {
    match error {
        AzureError::Lost { why, .. } if why.starts_with("nothing within") => Doubt::Silence,
        AzureError::Lost { .. } => Doubt::Closed,
        error => Doubt::Other(error.to_string()),
    }
}

fn word(value: &Destination) -> &'static str {
    match value {
        Destination::Ip(_) => "an A record",
        Destination::Ipv6(_) => "an AAAA record",
        Destination::Cname(_) => "a CNAME record",
        Destination::ResourceId(_) => "an alias of a resource",
        Destination::Named(_) => "a name",
    }
}
