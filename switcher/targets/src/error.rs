//! What can go wrong with a target, and what to do then.

mod meaning;
mod words;

use std::time::Duration;

use teal_api::switch::Destination;
use teal_azure::AzureError;

use crate::routed::{Routed, Tag, shown};
use words::{difference, held, skew};

pub use meaning::Retry;

/// A target could not be read or written. Unless [`TargetError::outcome_unknown`], nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TargetError {
    /// The server does not know the key, or the key's secret or algorithm differs from the server's.
    #[error("{server} refuses the key {key}: {}; compare name, algorithm and secret of the key on both sides", .why)]
    KeyRefused {
        /// `host:port`.
        server: String,
        /// Name of the key.
        key: String,
        /// `BADKEY: …` or `BADSIG: …`.
        why: &'static str,
    },
    /// The clocks are too far apart for a signature to count.
    #[error("{server} refuses our time (BADTIME): its clock is {}; set the clock on the wrong side", skew(*.seconds))]
    ClockSkew {
        /// `host:port`.
        server: String,
        /// The server's clock minus ours, in seconds.
        seconds: i64,
    },
    /// Record or ledger differ from what was expected; nothing was written.
    #[error("{record} changed under us: {}; nothing was written, read it again and decide again", difference(.expected, .found))]
    Raced {
        /// The record's full name.
        record: String,
        /// What was expected.
        expected: Box<Tag>,
        /// What is there.
        found: Box<Routed>,
    },
    /// Our write landed, and then somebody else changed the record, leaving our ledger as it is.
    #[error("{record}: we wrote {}, then someone else changed it to {}; it is not overwritten: adopt or reassert", shown(.wrote.as_ref()), shown(.found.value.as_ref()))]
    Foreign {
        /// The record's full name.
        record: String,
        /// What we wrote.
        wrote: Option<Destination>,
        /// What is there.
        found: Box<Routed>,
    },
    /// Sent, but whether it landed is not known. Repeat it with the *same* expectation and payload: it is recognised.
    #[error(
        "{record}: a write was sent to {server}, then {doubt}; {seen}; repeat it unchanged, or read before anything else"
    )]
    Unknown {
        /// The record's full name.
        record: String,
        /// `host:port`.
        server: String,
        /// Why the answer does not count.
        doubt: Doubt,
        /// What the read-back found.
        seen: Seen,
    },
    /// The server does not let this key do this.
    #[error(
        "{server} refuses to let the key {key} {action}; grant it in the server's policy, such as `grant {key} name {record}`"
    )]
    Refused {
        /// `host:port`.
        server: String,
        /// Name of the key.
        key: String,
        /// `read …` or `change …`.
        action: String,
        /// The record's full name.
        record: String,
    },
    /// The server is not the zone's primary.
    #[error("{server} is not authoritative for the zone {zone} (NOTAUTH): name the zone's primary as `server`")]
    NotAuth {
        /// `host:port`.
        server: String,
        /// The zone.
        zone: String,
    },
    /// The record lies in another zone.
    #[error(
        "{server} says that {record} is not in the zone {zone} (NOTZONE): was the name delegated? Name the zone that holds it"
    )]
    NotZone {
        /// `host:port`.
        server: String,
        /// The record's full name.
        record: String,
        /// The zone.
        zone: String,
    },
    /// Nothing was sent: no connection.
    #[error("{server} can't be reached: {why}")]
    Unreachable {
        /// `host:port`.
        server: String,
        /// The system's words.
        why: String,
    },
    /// A read was not answered in time; nothing was changed.
    #[error("{server} did not answer in time ({why})")]
    Timeout {
        /// `host:port`.
        server: String,
        /// What was awaited.
        why: String,
    },
    /// The server failed to read the zone.
    #[error(
        "{server} answers SERVFAIL for {record}: look into the server's log; an expired or broken zone is the usual cause"
    )]
    ServFail {
        /// `host:port`.
        server: String,
        /// The record's full name.
        record: String,
    },
    /// An answer was cut although it came by TCP.
    #[error("{server} cut its answer for {record} short, even over TCP")]
    Truncated {
        /// `host:port`.
        server: String,
        /// The record's full name.
        record: String,
    },
    /// The ledger payload can't be stored.
    #[error("the ledger of {record} has {size} bytes, more than the {limit} that fit beside the record")]
    TooLarge {
        /// The record's full name.
        record: String,
        /// Bytes asked for.
        size: usize,
        /// Bytes that fit.
        limit: usize,
    },
    /// The name holds something of another kind.
    #[error(
        "{record} holds {}, not {wanted}: a change between the two would be a gap; replace it by hand first", held(.found)
    )]
    WrongType {
        /// The record's full name.
        record: String,
        /// A type, such as `CNAME`; or words with their article.
        found: String,
        /// Such as `an address`.
        wanted: &'static str,
    },
    /// A change without a single address would empty the record.
    #[error("a change of {record} without any address was refused: the record would be empty")]
    NoAddress {
        /// The record's full name.
        record: String,
    },
    /// Any other refusal by the server.
    #[error("{server} rejects the request for {record} with {code}")]
    Rejected {
        /// `host:port`.
        server: String,
        /// The record's full name.
        record: String,
        /// The response code.
        code: String,
    },
    /// The answer is not one that the server signed for this request.
    #[error("the answer of {server} can't be trusted: {why}; is something between us and it?")]
    Untrusted {
        /// `host:port`.
        server: String,
        /// Why not.
        why: String,
    },
    /// Traffic goes to something that no color declares; nothing was written.
    #[error("{target}: traffic goes to {what}, which no color declares; it is not overwritten: adopt or reassert")]
    Strange {
        /// The target's name.
        target: String,
        /// What was found.
        what: String,
    },
    /// The record belongs to someone else; nothing was written.
    #[error("{record} belongs to {owner}; two writers would fight over it: end the other one first")]
    Owned {
        /// The record's full name.
        record: String,
        /// Who.
        owner: String,
    },
    /// The target is made so that a move by it is not safe; nothing was written.
    #[error("{target}: {why}")]
    Unfit {
        /// The target's name.
        target: String,
        /// What, and what to do.
        why: String,
    },
    /// The provider is at work on something else; nothing was written.
    #[error("{target} is busy: {why}")]
    Busy {
        /// The target's name.
        target: String,
        /// With what.
        why: String,
        /// When to come back, as the provider says.
        after: Option<Duration>,
    },
    /// The provider took a change and failed at it.
    #[error("{target}: the provider took the change and failed at it: {why}")]
    Failed {
        /// The target's name.
        target: String,
        /// Its words.
        why: String,
    },
    /// Azure's answer to a request.
    #[error("{target}: {error}")]
    Azure {
        /// The target's name.
        target: String,
        /// What went wrong; its words tell what to do.
        error: Box<AzureError>,
    },
    /// A request could not be encoded; a defect of ours, or a name beyond DNS limits.
    #[error("a request for {record} can't be encoded: {why}")]
    Encoding {
        /// The record's full name.
        record: String,
        /// The encoder's words.
        why: String,
    },
}

/// Why an answer to a write does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// No answer in time.
    Silence,
    /// The connection ended without an answer.
    Closed,
    /// The server failed somewhere in the middle.
    ServFail,
    /// Anything else, in the client's words.
    Other(String),
    /// The answer was not signed for this request; with why.
    Untrusted(String),
}

/// What the read-back after a lost answer found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The record and its ledger are still as before; the write may yet land.
    Unchanged,
    /// The read-back failed; with why.
    Unread(String),
}
