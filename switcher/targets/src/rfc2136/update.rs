//! The one UPDATE that changes record and ledger together.

use hickory_proto::op::{Message, OpCode, Query, UpdateMessage};
use hickory_proto::rr::rdata::{A, TXT};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

use crate::config::Names;
use crate::routed::{Change, Tag};
use teal_api::switch::Destination;

/// Seconds for which resolvers may keep the ledger. Nobody reads it through one; zero keeps it out of caches.
const LEDGER_TTL: u32 = 0;

/// A character string has one byte of length (RFC 1035 §3.3).
const STRING: usize = 255;

/// Splits a payload into character strings.
pub(super) fn strings(payload: &[u8]) -> Vec<Vec<u8>> {
    payload.chunks(STRING).map(<[u8]>::to_vec).collect()
}

/// Builds the UPDATE: prerequisites on both sets and on the absence of a CNAME (RFC 2136 §3.4.2.2 would silently skip
/// an address beside one), then both sets replaced.
pub(super) fn message(names: &Names, expect: &Tag, change: Option<&Change>, ledger: &[Vec<Vec<u8>>]) -> Message {
    let mut message = Message::query();
    message.metadata.op_code = OpCode::Update;
    message.metadata.recursion_desired = false;
    let mut zone = Query::query(names.zone.clone(), RecordType::SOA);
    zone.set_query_class(DNSClass::IN);
    message.add_zone(zone);

    message.add_pre_requisite(empty(&names.record, RecordType::CNAME, DNSClass::NONE));
    let expected = addresses(expect.value.as_ref()).into_iter().map(|address| RData::A(A(address)));
    message.add_pre_requisites(exactly(&names.record, RecordType::A, expected.collect()));
    let texts = expect.ledger.iter().map(|strings| text(strings));
    message.add_pre_requisites(exactly(&names.ledger, RecordType::TXT, texts.collect()));

    if let Some(change) = change {
        message.add_update(empty(&names.record, RecordType::A, DNSClass::ANY));
        for address in addresses(Some(&change.to)) {
            message.add_update(Record::from_rdata(names.record.clone(), change.ttl, RData::A(A(address))));
        }
    }
    message.add_update(empty(&names.ledger, RecordType::TXT, DNSClass::ANY));
    for strings in ledger {
        message.add_update(Record::from_rdata(names.ledger.clone(), LEDGER_TTL, text(strings)));
    }
    message
}

/// Only addresses get here: the target refuses anything else.
fn addresses(value: Option<&Destination>) -> Vec<std::net::Ipv4Addr> {
    match value.cloned().map(Destination::canonical) {
        Some(Destination::Ip(addresses)) => addresses,
        _ => Vec::new(),
    }
}

/// The set is exactly this (RFC 2136 §2.4.2), or does not exist (§2.4.3).
fn exactly(name: &Name, kind: RecordType, set: Vec<RData>) -> Vec<Record> {
    if set.is_empty() {
        return vec![empty(name, kind, DNSClass::NONE)];
    }
    set.into_iter().map(|data| Record::from_rdata(name.clone(), 0, data)).collect()
}

/// A record without data: in class NONE *does not exist*, in class ANY *delete the set*.
fn empty(name: &Name, kind: RecordType, class: DNSClass) -> Record {
    let mut record = Record::update0(name.clone(), 0, kind).into_record_of_rdata();
    record.dns_class = class;
    record
}

fn text(strings: &[Vec<u8>]) -> RData {
    RData::TXT(TXT::from_bytes(strings.iter().map(Vec::as_slice).collect()))
}

#[cfg(test)]
mod tests {
    use super::strings;

    #[test]
    fn a_payload_is_split_into_strings_of_255_bytes() {
        for (size, want) in [(1, vec![1]), (255, vec![255]), (256, vec![255, 1]), (700, vec![255, 255, 190])] {
            let lengths: Vec<usize> = strings(&vec![b'x'; size]).iter().map(Vec::len).collect();
            assert_eq!(lengths, want, "{size} bytes");
        }
    }
}
