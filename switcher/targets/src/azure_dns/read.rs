//! Reading a record set with its ledger: one GET, and more only where something is missing.

use teal_api::switch::Destination;
use teal_azure::dns::{RecordSet, RecordType, Records};

use super::{AzureDnsTarget, KEY};
use crate::error::TargetError;
use crate::routed::{EtagTag, Routed, Tag};

impl AzureDnsTarget {
    pub(super) async fn read_set(&self) -> Result<Routed, TargetError> {
        let inner = &self.0;
        let set = inner.client.record_set(&inner.zone, inner.kind, &inner.record).await;
        match set.map_err(|error| self.azure(error))? {
            Some(set) => self.routed(&set),
            None => self.missing().await,
        }
    }

    /// A set as it was answered.
    pub(super) fn routed(&self, set: &RecordSet) -> Result<Routed, TargetError> {
        let record = || self.0.shown.clone();
        if set.auto_registered {
            let owner = "the platform, which registered it for a virtual machine".to_owned();
            return Err(TargetError::Owned { record: record(), owner });
        }
        if self.0.ledger_only && set.records != Records::Txt(vec![vec![super::commit::NOTE.to_owned()]]) {
            let owner = "someone else: it has texts that Teal did not write; choose a name of its own for the ledger"
                .to_owned();
            return Err(TargetError::Owned { record: record(), owner });
        }
        let value = match (&set.target, &set.records) {
            _ if self.0.ledger_only => None,
            (Some(target), _) => Some(Destination::ResourceId(target.lower())),
            (None, Records::A(list)) => Some(Destination::Ip(list.clone()).canonical()),
            (None, Records::Aaaa(list)) => Some(Destination::Ipv6(list.clone()).canonical()),
            (None, Records::Cname(name)) => Some(Destination::Cname(name.clone()).canonical()),
            // An alias whose target is gone comes back empty, and so does a set that someone emptied.
            (None, Records::None) => Some(nothing(self.0.kind)),
            (None, Records::Txt(_) | Records::Other(_)) => {
                return Err(TargetError::WrongType {
                    record: record(),
                    found: set.kind.clone(),
                    wanted: "what is declared",
                });
            }
        };
        let mut metadata = set.metadata.clone();
        let ledger = metadata.remove(KEY).map(String::into_bytes);
        let tag = Tag {
            value: value.clone(),
            ledger: ledger.iter().map(|payload| vec![payload.clone()]).collect(),
            ttl: set.ttl,
            etag: Some(Box::new(EtagTag { etag: set.etag.clone(), metadata })),
        };
        Ok(Routed { value, ttl: set.ttl, negative_ttl: None, ledger, tag })
    }

    /// The name has no such set: is it because it has another one, and how long is its absence remembered?
    async fn missing(&self) -> Result<Routed, TargetError> {
        let inner = &self.0;
        let others: &[RecordType] = match inner.kind {
            RecordType::A | RecordType::Aaaa => &[RecordType::Cname],
            RecordType::Cname => &[RecordType::A, RecordType::Aaaa],
            RecordType::Txt => &[],
        };
        for other in others {
            let found = inner.client.record_set(&inner.zone, *other, &inner.record).await;
            if found.map_err(|error| self.azure(error))?.is_some() {
                let wanted = match inner.kind {
                    RecordType::Cname => "another name",
                    _ => "an address",
                };
                let found = other.as_str().to_owned();
                return Err(TargetError::WrongType { record: inner.shown.clone(), found, wanted });
            }
        }
        let negative = inner.client.negative_ttl(&inner.zone).await.map_err(|error| self.azure(error))?;
        Ok(Routed { value: None, ttl: 0, negative_ttl: negative, ledger: None, tag: Tag::absent() })
    }
}

/// An empty set of a type: it answers nothing, and is no color's.
fn nothing(kind: RecordType) -> Destination {
    match kind {
        RecordType::Aaaa => Destination::Ipv6(Vec::new()),
        RecordType::Cname => Destination::Cname(String::new()),
        RecordType::A | RecordType::Txt => Destination::Ip(Vec::new()),
    }
}
