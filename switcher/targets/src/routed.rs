//! What a target that can compare and set says, what a write changes, and what a write expects.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use teal_api::switch::Destination;

/// A target as it was read, in one consistent view: value and ledger are of the same moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routed {
    /// What it points to, canonical; `None` when the record does not exist.
    pub value: Option<Destination>,
    /// TTL of the record in seconds; `0` when it does not exist.
    pub ttl: u32,
    /// How long resolvers may remember that the record is absent, in seconds (RFC 2308 §5); `None` when it exists.
    pub negative_ttl: Option<u32>,
    /// The ledger as it was written; `None` when there is none.
    pub ledger: Option<Vec<u8>>,
    /// What a write that follows this read expects.
    pub tag: Tag,
}

/// What a write puts into the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// At least one address; order and duplicates do not matter.
    pub to: Destination,
    /// Seconds.
    pub ttl: u32,
}

/// The exact state that a write expects to find; any difference refuses the write.
///
/// RFC 2136 compares values (§2.4.2), not the TTL, which is carried along; Azure compares an ETag.
#[derive(Clone)]
pub struct Tag {
    pub(crate) value: Option<Destination>,
    /// Records of character strings, sorted; empty when there is no ledger.
    pub(crate) ledger: Vec<Vec<Vec<u8>>>,
    pub(crate) ttl: u32,
    /// Azure's own expectation; `None` elsewhere, and where the record does not exist.
    pub(crate) etag: Option<Box<EtagTag>>,
}

/// What Azure compares, and what a whole PUT must bring along.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct EtagTag {
    pub(crate) etag: String,
    /// Everything but the ledger.
    pub(crate) metadata: BTreeMap<String, String>,
}

impl Tag {
    /// Expects that neither record nor ledger exist: what *create* expects.
    pub fn absent() -> Self {
        Self { value: None, ledger: Vec::new(), ttl: 0, etag: None }
    }

    /// The value expected.
    pub fn value(&self) -> Option<&Destination> {
        self.value.as_ref()
    }

    /// The ledger payload expected; `None` when none is.
    pub fn ledger(&self) -> Option<Vec<u8>> {
        joined(&self.ledger)
    }
}

impl PartialEq for Tag {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value && self.ledger == other.ledger && self.etag == other.etag
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

/// A value for a person.
pub(crate) fn shown(value: Option<&Destination>) -> String {
    match value {
        None => "no record".to_owned(),
        Some(Destination::ResourceId(id)) => format!("an alias of {id}"),
        Some(value) => value.to_string(),
    }
}

/// Does a destination name nothing at all?
pub(crate) fn empty(to: &Destination) -> bool {
    match to {
        Destination::Ip(list) => list.is_empty(),
        Destination::Ipv6(list) => list.is_empty(),
        Destination::Cname(name) | Destination::ResourceId(name) | Destination::Named(name) => name.is_empty(),
    }
}

/// What is true of a provider, as data (DESIGN §7, SWITCH §3 and §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truths {
    /// The word of `switch.yaml`.
    pub kind: &'static str,
    /// The provider compares and sets; without it a writer is made single by a ledger claim.
    pub cas: bool,
    /// Largest ledger payload in bytes; 0 where no ledger can be kept.
    pub ledger_limit: usize,
    /// How traffic can be split; `None`: all or nothing.
    pub weights: Option<Weights>,
    /// Longest that the provider itself works on one change before it says that it is done; zero when it answers at once.
    pub settling: Duration,
    /// After that, added to what is observed before a change counts as propagated; zero where every server can be asked.
    pub propagation_bound: Duration,
    /// It keeps copies of answers that are to be thrown away once a change has spread.
    pub copies: bool,
    /// Clients keep its answer for a TTL: it is a name. What they reach by another name, which stays, has none.
    pub named: bool,
    /// Fast enough to go back by it without a declared objective.
    pub rollback_lane: bool,
    /// Longest life of one write with its read-back; after it no answer is awaited any more.
    pub request_life: Duration,
    /// How long after being sent a write can still land; a new writer waits for it where nothing is compared.
    pub late_write: Duration,
}

/// The weights that a provider takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weights {
    /// Smallest that is not off.
    pub least: u32,
    /// Largest.
    pub most: u32,
}

impl Truths {
    /// The longest way back: from the decision until the last client that obeys the TTL has returned.
    ///
    /// Where the provider works on after it was asked, its time counts from the request, and holds it.
    #[must_use]
    pub fn way_back(&self, ttl: Duration) -> Duration {
        let parts = [self.request_life.max(self.settling), self.propagation_bound, self.ttl(ttl)];
        parts.into_iter().fold(Duration::ZERO, Duration::saturating_add)
    }

    /// How long clients may keep an answer.
    fn ttl(&self, ttl: Duration) -> Duration {
        if self.named { ttl } else { Duration::ZERO }
    }

    /// Why going back by this target takes longer than the declared objective; `None` when it does not.
    #[must_use]
    pub fn too_slow(&self, ttl: Duration, objective: Duration) -> Option<String> {
        let back = self.way_back(ttl);
        (back > objective).then(|| {
            format!(
                "going back by {} takes up to {} s (one write {} s, or the provider's work {} s with it; its propagation {} s, TTL {} s), longer than the declared rollback objective of {} s",
                self.kind,
                back.as_secs(),
                self.request_life.as_secs(),
                self.settling.as_secs(),
                self.propagation_bound.as_secs(),
                self.ttl(ttl).as_secs(),
                objective.as_secs(),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_back_that_is_too_slow_is_told_with_its_parts() {
        let seconds = Duration::from_secs;
        let truths = Truths {
            kind: "frontDoor",
            cas: false,
            ledger_limit: 0,
            weights: None,
            settling: seconds(2700),
            propagation_bound: seconds(2700),
            copies: false,
            named: false,
            rollback_lane: false,
            request_life: seconds(80),
            late_write: seconds(120),
        };
        assert_eq!(truths.too_slow(seconds(10), seconds(5400)), None, "90 minutes are what SWITCH §8 asks for");
        let why = truths.too_slow(seconds(10), seconds(300)).unwrap();
        assert!(why.contains("frontDoor takes up to 5400 s") && why.contains("objective of 300 s"), "{why}");
        let record = Truths { settling: seconds(0), propagation_bound: seconds(60), named: true, ..truths };
        assert_eq!(record.way_back(seconds(10)), seconds(80 + 60 + 10), "a name: one write, the bound, the TTL");
    }
}
