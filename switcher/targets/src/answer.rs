//! What the name servers say, seen from outside.

use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::routed::shown;

/// One server's answer to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The server as declared, `host:port`.
    pub server: String,
    /// What it said.
    pub outcome: Outcome,
    /// Serial of the zone there, when it told one: how far a secondary is behind.
    pub serial: Option<u32>,
    /// From the question to the answer, or to giving up.
    pub took: Duration,
}

/// What a server said. Never one for the other: SERVFAIL, NXDOMAIN, the wrong type and silence mean different things
/// (SWITCH §7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Sorted addresses and the TTL in seconds.
    Addresses(Vec<Ipv4Addr>, u32),
    /// The name does not exist.
    NxDomain,
    /// The name exists without an address.
    NoData,
    /// The server failed.
    ServFail,
    /// The server will not answer us.
    Refused,
    /// The server is not authoritative for the zone: lame, or a resolver.
    NotAuthoritative,
    /// Another type than an address, such as `CNAME`.
    WrongType(String),
    /// Nothing came back in time.
    Timeout,
    /// Could not be reached; with why.
    Unreachable(String),
    /// Something came back that is no answer to the question.
    Malformed,
}

impl Answer {
    /// The addresses, when the server told some.
    pub fn addresses(&self) -> Option<&[Ipv4Addr]> {
        match &self.outcome {
            Outcome::Addresses(addresses, _) => Some(addresses),
            _ => None,
        }
    }

    /// Does this server answer exactly these addresses, in any order?
    pub fn says(&self, addresses: &[Ipv4Addr]) -> bool {
        self.addresses() == Some(crate::routed::canonical(addresses).as_slice())
    }
}

impl Outcome {
    /// Closed set: metric label and log field alike.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Addresses(..) => "addresses",
            Self::NxDomain => "nxdomain",
            Self::NoData => "nodata",
            Self::ServFail => "servfail",
            Self::Refused => "refused",
            Self::NotAuthoritative => "not-authoritative",
            Self::WrongType(_) => "wrong-type",
            Self::Timeout => "timeout",
            Self::Unreachable(_) => "unreachable",
            Self::Malformed => "malformed",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addresses(addresses, ttl) => write!(f, "{} (TTL {ttl} s)", shown(Some(addresses))),
            Self::NxDomain => f.write_str("NXDOMAIN: the name does not exist"),
            Self::NoData => f.write_str("no address at this name"),
            Self::ServFail => f.write_str("SERVFAIL: the server failed"),
            Self::Refused => f.write_str("REFUSED: the server will not answer us"),
            Self::NotAuthoritative => f.write_str("not authoritative for the zone"),
            Self::WrongType(kind) => write!(f, "a {kind} instead of an address"),
            Self::Timeout => f.write_str("no answer in time"),
            Self::Unreachable(why) => write!(f, "unreachable: {why}"),
            Self::Malformed => f.write_str("an answer that can't be read"),
        }
    }
}
