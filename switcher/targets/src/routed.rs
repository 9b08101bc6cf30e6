//! What a target says, what a write changes, and what a write expects.

use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

/// A target as it was read, in one consistent view: value and ledger are of the same moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routed {
    /// Addresses, sorted and without duplicates; `None` when the record does not exist.
    pub value: Option<Vec<Ipv4Addr>>,
    /// TTL of the record in seconds; `0` when it does not exist.
    pub ttl: u32,
    /// How long resolvers may remember that the record is absent, in seconds (RFC 2308 §5); `None` when it exists.
    pub negative_ttl: Option<u32>,
    /// The sealed ledger as it was written; `None` when there is none.
    pub ledger: Option<Vec<u8>>,
    /// What a write that follows this read expects.
    pub tag: Tag,
}

/// What a write puts into the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// At least one; order and duplicates do not matter.
    pub addresses: Vec<Ipv4Addr>,
    /// Seconds.
    pub ttl: u32,
}

/// The exact record sets that a write expects to find; any difference refuses the write.
///
/// The TTL is carried along but not compared: RFC 2136 §2.4.2 compares values only.
#[derive(Clone)]
pub struct Tag {
    pub(crate) value: Option<Vec<Ipv4Addr>>,
    /// Records of character strings, sorted; empty when there is no ledger.
    pub(crate) ledger: Vec<Vec<Vec<u8>>>,
    pub(crate) ttl: u32,
}

impl Tag {
    /// Expects that neither record nor ledger exist: what *create* expects.
    pub fn absent() -> Self {
        Self { value: None, ledger: Vec::new(), ttl: 0 }
    }

    /// The addresses expected.
    pub fn value(&self) -> Option<&[Ipv4Addr]> {
        self.value.as_deref()
    }

    /// The ledger payload expected; `None` when none is.
    pub fn ledger(&self) -> Option<Vec<u8>> {
        joined(&self.ledger)
    }
}

impl PartialEq for Tag {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value && self.ledger == other.ledger
    }
}

impl Eq for Tag {}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ledger = self.ledger().map_or(0, |bytes| bytes.len());
        write!(f, "Tag({}, ledger of {ledger} bytes)", shown(self.value()))
    }
}

/// One payload from a record set. Several records are not ours: joined by a line feed, so that no seal opens them.
pub(crate) fn joined(records: &[Vec<Vec<u8>>]) -> Option<Vec<u8>> {
    let payloads: Vec<Vec<u8>> = records.iter().map(|strings| strings.concat()).collect();
    (!payloads.is_empty()).then(|| payloads.join(&b'\n'))
}

/// Addresses for a person.
pub(crate) fn shown(value: Option<&[Ipv4Addr]>) -> String {
    match value {
        None => "no record".to_owned(),
        Some(addresses) => addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// Sorted, without duplicates.
pub(crate) fn canonical(addresses: &[Ipv4Addr]) -> Vec<Ipv4Addr> {
    let mut sorted = addresses.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted
}

/// What is true of a provider, as data (DESIGN §7, SWITCH §3 and §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truths {
    /// The provider compares and sets; without it a writer is made single by a ledger claim.
    pub cas: bool,
    /// Traffic can be split by weight.
    pub weights: bool,
    /// Added to what is observed before a change counts as propagated; zero where every name server can be asked.
    pub propagation_bound: Duration,
    /// Fast enough to go back by it.
    pub rollback_lane: bool,
    /// Longest life of one commit with its read-back; after it no answer is awaited any more.
    pub request_life: Duration,
    /// How long after being sent a write can still land; whatever lands late is checked against its expectation.
    pub late_write: Duration,
    /// Largest ledger payload in bytes.
    pub ledger_limit: usize,
}
