//! What the name servers say, seen from outside.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use teal_api::switch::Destination;

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

/// Why an answer that points somewhere can't be told by color.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// For people.
    pub why: String,
    /// Time does not cure it: such an answer proves nothing, and nothing is awaited of it. Else it may be told later.
    pub lasting: bool,
}

/// What a server said. Never one for the other: SERVFAIL, NXDOMAIN, the wrong type and silence mean different things
/// (SWITCH §7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Sorted addresses and the TTL in seconds.
    Addresses(Vec<IpAddr>, u32),
    /// Another name, where one was asked for, and the TTL in seconds.
    Cname(String, u32),
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
    /// Another type than the one asked for, such as `CNAME`.
    WrongType(String),
    /// Nothing came back in time.
    Timeout,
    /// Could not be reached; with why.
    Unreachable(String),
    /// Something came back that is no answer to the question.
    Malformed,
}

impl Answer {
    /// What the server points to, in the words of a declaration; `None` when it points to nothing.
    pub fn value(&self) -> Option<Destination> {
        match &self.outcome {
            Outcome::Cname(name, _) => Some(Destination::Cname(name.clone())),
            Outcome::Addresses(addresses, _) => {
                let v4: Vec<_> =
                    addresses.iter().filter_map(|ip| if let IpAddr::V4(ip) = ip { Some(*ip) } else { None }).collect();
                let v6: Vec<_> =
                    addresses.iter().filter_map(|ip| if let IpAddr::V6(ip) = ip { Some(*ip) } else { None }).collect();
                // One question has one type of answer.
                Some(if v6.is_empty() { Destination::Ip(v4) } else { Destination::Ipv6(v6) }.canonical())
            }
            _ => None,
        }
    }

    /// Does this server answer exactly this, in any order?
    pub fn says(&self, wanted: &Destination) -> bool {
        self.value().is_some_and(|value| value == wanted.clone().canonical())
    }
}

impl Outcome {
    /// Closed set: metric label and log field alike.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Addresses(..) => "addresses",
            Self::Cname(..) => "cname",
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
            Self::Addresses(addresses, ttl) => {
                let all: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                write!(f, "{} (TTL {ttl} s)", all.join(", "))
            }
            Self::Cname(name, ttl) => write!(f, "{name} (TTL {ttl} s)"),
            Self::NxDomain => f.write_str("NXDOMAIN: the name does not exist"),
            Self::NoData => f.write_str("nothing of this type at this name"),
            Self::ServFail => f.write_str("SERVFAIL: the server failed"),
            Self::Refused => f.write_str("REFUSED: the server will not answer us"),
            Self::NotAuthoritative => f.write_str("not authoritative for the zone"),
            Self::WrongType(kind) => write!(f, "a {kind} instead of what was asked for"),
            Self::Timeout => f.write_str("no answer in time"),
            Self::Unreachable(why) => write!(f, "unreachable: {why}"),
            Self::Malformed => f.write_str("an answer that can't be read"),
        }
    }
}
