//! The outside view: what name servers answer to anybody who asks.

use std::collections::BTreeSet;
use std::time::Duration;

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::time::Instant;

use std::net::IpAddr;

use crate::answer::{Answer, Outcome};
use crate::wire::{Link, WireError, datagram};

/// Asks an authoritative server for the record, and for the zone's serial at the same time.
pub(crate) async fn authority(server: &str, record: &Name, kind: RecordType, zone: &Name, wait: Duration) -> Answer {
    let started = Instant::now();
    let by = started + wait;
    let (answer, soa) =
        tokio::join!(ask(server, record, kind, false, by), ask(server, zone, RecordType::SOA, false, by));
    let outcome = match answer {
        Ok(message) if lame(&message) => Outcome::NotAuthoritative,
        Ok(message) => outcome(&message, kind),
        Err(outcome) => outcome,
    };
    let serial = soa.ok().and_then(|message| serial(&message));
    Answer { server: server.to_owned(), outcome, serial, took: started.elapsed() }
}

/// Asks a recursive resolver for the record.
pub(crate) async fn resolver(server: &str, record: &Name, kind: RecordType, wait: Duration) -> Answer {
    let started = Instant::now();
    let answer = ask(server, record, kind, true, started + wait).await;
    let outcome = answer.map_or_else(|outcome| outcome, |message| outcome(&message, kind));
    Answer { server: server.to_owned(), outcome, serial: None, took: started.elapsed() }
}

/// All addresses of a host name by this resolver, aliases followed; none when the name or its addresses do not exist.
///
/// # Errors
/// Why there is no answer, for people.
pub async fn addresses(server: &str, host: &str, wait: Duration) -> Result<BTreeSet<IpAddr>, String> {
    let mut name = Name::from_ascii(host).map_err(|error| format!("{host} is no host name: {error}"))?;
    name.set_fqdn(true);
    let by = Instant::now() + wait;
    let (four, six) =
        tokio::join!(ask(server, &name, RecordType::A, true, by), ask(server, &name, RecordType::AAAA, true, by));
    let mut found = BTreeSet::new();
    for answer in [four, six] {
        let message = answer.map_err(|outcome| format!("{server}: {outcome}"))?;
        match message.metadata.response_code {
            ResponseCode::NoError | ResponseCode::NXDomain => {}
            _ => return Err(format!("{server}: {}", outcome(&message, RecordType::A))),
        }
        found.extend(message.answers.iter().filter_map(|record| match &record.data {
            RData::A(address) => Some(IpAddr::V4(address.0)),
            RData::AAAA(address) => Some(IpAddr::V6(address.0)),
            _ => None,
        }));
    }
    Ok(found)
}

/// One question by UDP; by TCP when the answer was cut.
async fn ask(server: &str, name: &Name, kind: RecordType, recurse: bool, by: Instant) -> Result<Message, Outcome> {
    let mut message = Message::query();
    message.metadata.recursion_desired = recurse;
    message.add_query(Query::query(name.clone(), kind));
    let bytes = message.to_vec().map_err(|_| Outcome::Malformed)?;
    let answer = decoded(&message, datagram(server, &bytes, by).await)?;
    if !answer.metadata.truncation {
        return Ok(answer);
    }
    let mut link = Link::connect(server, by).await.map_err(failed)?;
    decoded(&message, link.exchange(&bytes, by).await)
}

fn decoded(asked: &Message, bytes: Result<Vec<u8>, WireError>) -> Result<Message, Outcome> {
    let message = Message::from_vec(&bytes.map_err(failed)?).map_err(|_| Outcome::Malformed)?;
    let same = message.metadata.id == asked.metadata.id && message.queries == asked.queries;
    // A refusal may come without the question.
    let bare = message.queries.is_empty() && message.metadata.response_code != ResponseCode::NoError;
    if same || bare { Ok(message) } else { Err(Outcome::Malformed) }
}

fn failed(error: WireError) -> Outcome {
    match error {
        WireError::Unreachable(why) | WireError::Closed(why) => Outcome::Unreachable(why),
        WireError::ConnectTimeout | WireError::Silence => Outcome::Timeout,
    }
}

fn lame(message: &Message) -> bool {
    let code = message.metadata.response_code;
    !message.metadata.authoritative && matches!(code, ResponseCode::NoError | ResponseCode::NXDomain)
}

fn outcome(message: &Message, kind: RecordType) -> Outcome {
    match message.metadata.response_code {
        ResponseCode::NoError => found(message, kind),
        ResponseCode::NXDomain => Outcome::NxDomain,
        ResponseCode::ServFail => Outcome::ServFail,
        ResponseCode::Refused => Outcome::Refused,
        ResponseCode::NotAuth => Outcome::NotAuthoritative,
        _ => Outcome::Malformed,
    }
}

/// What the answer says of the type asked for. A resolver may have followed a CNAME to addresses: those of the name
/// asked for count, and for an alias its target's.
fn found(message: &Message, kind: RecordType) -> Outcome {
    let name = message.queries.first().map(|query| query.name.clone());
    let (mut addresses, mut ttl) = (Vec::new(), u32::MAX);
    for record in message.answers.iter().filter(|record| Some(&record.name) == name.as_ref()) {
        match &record.data {
            RData::A(address) if kind == RecordType::A => addresses.push(IpAddr::V4(address.0)),
            RData::AAAA(address) if kind == RecordType::AAAA => addresses.push(IpAddr::V6(address.0)),
            RData::CNAME(to) if kind == RecordType::CNAME => {
                let to = to.0.to_ascii().trim_end_matches('.').to_ascii_lowercase();
                return Outcome::Cname(to, record.ttl);
            }
            other => return Outcome::WrongType(other.record_type().to_string()),
        }
        ttl = ttl.min(record.ttl);
    }
    addresses.sort_unstable();
    addresses.dedup();
    if addresses.is_empty() { Outcome::NoData } else { Outcome::Addresses(addresses, ttl) }
}

fn serial(message: &Message) -> Option<u32> {
    message.answers.iter().find_map(|record| match &record.data {
        RData::SOA(soa) => Some(soa.serial),
        _ => None,
    })
}
