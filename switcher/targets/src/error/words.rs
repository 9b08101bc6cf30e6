//! Errors in words for people.

use std::fmt;

use super::{Doubt, Seen};
use crate::routed::{Routed, Tag, shown};

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silence => f.write_str("no answer came in time"),
            Self::Closed => f.write_str("the connection ended without an answer"),
            Self::ServFail => f.write_str("the server answered SERVFAIL"),
            Self::Other(why) => f.write_str(why),
            Self::Untrusted(why) => write!(f, "an answer came that can't be trusted ({why})"),
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unchanged => f.write_str("so far the record is unchanged"),
            Self::Unread(why) => write!(f, "reading it back failed ({why})"),
        }
    }
}

/// The server's clock minus ours, for a person.
pub(super) fn skew(seconds: i64) -> String {
    let side = if seconds >= 0 { "ahead of" } else { "behind" };
    format!("{} s {side} ours", seconds.unsigned_abs())
}

/// What a record holds: a type gets words round it, words stay.
pub(super) fn held(found: &str) -> String {
    let worded = found.starts_with("a ") || found.starts_with("an ");
    if worded { found.to_owned() } else { format!("a record of type {found}") }
}

/// What differs. The ledger is sealed, so only that it differs is told.
pub(super) fn difference(expected: &Tag, found: &Routed) -> String {
    let (was, is) = (expected.value(), found.value.as_ref());
    let value = if was == is {
        format!("it points to {} as expected", shown(is))
    } else {
        format!("expected {}, found {}", shown(was), shown(is))
    };
    let ledger = match (expected.ledger.is_empty(), found.tag.ledger.is_empty()) {
        (true, true) => "no ledger, as expected",
        (true, false) => "a ledger where none was",
        (false, true) => "its ledger is gone",
        (false, false) if expected.ledger == found.tag.ledger && expected.value == found.value => {
            "the same ledger, but something else of the record has changed"
        }
        (false, false) if expected.ledger == found.tag.ledger => "the same ledger",
        (false, false) => "another ledger",
    };
    format!("{value}; {ledger}")
}
