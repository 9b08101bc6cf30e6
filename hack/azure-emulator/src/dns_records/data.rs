//! From a set's JSON to what goes over the wire.

use std::net::{Ipv4Addr, Ipv6Addr};

use hickory_proto::rr::rdata::{self, MX, NAPTR, NULL, SOA, SRV, TXT};
use hickory_proto::rr::{Name, RData, RecordType};
use serde_json::{Map, Value};

use super::{Flavor, Kind};

/// TTL and data of a set; `None` when its JSON does not hold the type's records or none of them.
pub(crate) fn of(flavor: Flavor, kind: &Kind, properties: &Map<String, Value>) -> Option<(u32, Vec<RData>)> {
    let ttl = properties.get(flavor.ttl()).and_then(Value::as_u64).and_then(|ttl| u32::try_from(ttl).ok())?;
    let records = properties.get(flavor.key(kind))?;
    let data: Vec<RData> = match records {
        Value::Array(all) => all.iter().filter_map(|one| record(flavor, kind, one)).collect(),
        one => record(flavor, kind, one).into_iter().collect(),
    };
    (!data.is_empty()).then_some((ttl, data))
}

/// A name as it stands in a record: absolute whether or not it ends with a dot.
pub(crate) fn name(text: &str) -> Option<Name> {
    let mut name = Name::from_utf8(text).ok()?;
    name.set_fqdn(true);
    Some(name)
}

fn text<'a>(record: &'a Value, field: &str) -> Option<&'a str> {
    record.get(field).and_then(Value::as_str)
}

fn number<T: TryFrom<u64>>(record: &Value, field: &str) -> Option<T> {
    record.get(field).and_then(Value::as_u64).and_then(|number| T::try_from(number).ok())
}

/// One record; `None` when a field is missing or not what it should be.
pub(crate) fn record(flavor: Flavor, kind: &Kind, record: &Value) -> Option<RData> {
    Some(match kind.rr {
        RecordType::A => RData::A(text(record, "ipv4Address")?.parse::<Ipv4Addr>().ok()?.into()),
        RecordType::AAAA => RData::AAAA(text(record, "ipv6Address")?.parse::<Ipv6Addr>().ok()?.into()),
        RecordType::CNAME => RData::CNAME(rdata::CNAME(name(text(record, "cname")?)?)),
        RecordType::NS => RData::NS(rdata::NS(name(text(record, "nsdname")?)?)),
        RecordType::PTR => RData::PTR(rdata::PTR(name(text(record, "ptrdname")?)?)),
        RecordType::MX => RData::MX(MX::new(number(record, "preference")?, name(text(record, "exchange")?)?)),
        RecordType::SRV => RData::SRV(SRV::new(
            number(record, "priority")?,
            number(record, "weight")?,
            number(record, "port")?,
            name(text(record, "target")?)?,
        )),
        RecordType::TXT => {
            let parts = record.get("value")?.as_array()?.iter();
            let parts: Option<Vec<Vec<u8>>> = parts.map(|part| part.as_str().map(unescape)).collect();
            let parts = parts?;
            RData::TXT(TXT::from_bytes(parts.iter().map(Vec::as_slice).collect()))
        }
        RecordType::SOA => {
            let seconds = |field: &str| number::<i32>(record, field);
            RData::SOA(SOA::new(
                name(text(record, "host")?)?,
                name(text(record, "email")?)?,
                number(record, "serialNumber")?,
                seconds("refreshTime")?,
                seconds("retryTime")?,
                seconds("expireTime")?,
                number(record, flavor.minimum())?,
            ))
        }
        RecordType::NAPTR => {
            let bytes = |field: &str| text(record, field).map(|text| text.as_bytes().to_vec().into_boxed_slice());
            let target = text(record, "replacement").filter(|text| !text.is_empty() && *text != ".");
            RData::NAPTR(NAPTR::new(
                number(record, "order")?,
                number(record, "preference")?,
                bytes("flags")?,
                bytes("services")?,
                bytes("regexp")?,
                target.map_or_else(|| Some(Name::root()), name)?,
            ))
        }
        RecordType::CAA => {
            let tag = text(record, "tag")?;
            let mut raw = vec![number(record, "flags")?, u8::try_from(tag.len()).ok()?];
            raw.extend(tag.bytes().chain(text(record, "value")?.bytes()));
            unknown(RecordType::CAA, raw)
        }
        RecordType::DS => {
            let mut raw = number::<u16>(record, "keyTag")?.to_be_bytes().to_vec();
            let digest = record.get("digest")?;
            raw.extend([number::<u8>(record, "algorithm")?, number(digest, "algorithmType")?]);
            raw.extend(bytes_of_hex(text(digest, "value")?)?);
            unknown(RecordType::DS, raw)
        }
        RecordType::TLSA => {
            let mut raw = vec![number(record, "usage")?, number(record, "selector")?, number(record, "matchingType")?];
            raw.extend(bytes_of_hex(text(record, "certAssociationData")?)?);
            unknown(RecordType::TLSA, raw)
        }
        _ => return None,
    })
}

/// Data that is kept as the bytes it has on the wire.
fn unknown(code: RecordType, raw: Vec<u8>) -> RData {
    RData::Unknown { code, rdata: NULL::with(raw) }
}

fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits?;
    (digits.len() % 2 == 0).then(|| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// Azure DNS reads a backslash in TXT as master files do: `\ddd` is a byte, `\x` is `x`.
fn unescape(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 4).filter(|three| three.iter().all(u8::is_ascii_digit));
        let code = digits.and_then(|three| std::str::from_utf8(three).ok()).and_then(|three| three.parse::<u8>().ok());
        match (byte, code, bytes.get(at + 1)) {
            (b'\\', Some(code), _) => {
                plain.push(code);
                at += 4;
            }
            (b'\\', None, Some(&next)) => {
                plain.push(next);
                at += 2;
            }
            _ => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Flavor, of, unescape};
    use crate::dns_records::KINDS;

    #[test]
    fn text_escapes_are_those_of_master_files() {
        assert_eq!(unescape(r"a\;b\065\\"), b"a;bA\\");
        assert_eq!(unescape("trailing\\"), b"trailing\\");
    }

    #[test]
    fn every_type_becomes_data() {
        let properties = json!({
            "TTL": 60,
            "ARecords": [{"ipv4Address": "127.0.0.1"}, {"ipv4Address": "127.0.0.2"}],
            "AAAARecords": [{"ipv6Address": "::1"}],
            "caaRecords": [{"flags": 0, "tag": "issue", "value": "ca.x.dev"}],
            "CNAMERecord": {"cname": "x.dev"},
            "DSRecords": [{"keyTag": 1, "algorithm": 13, "digest": {"algorithmType": 2, "value": "00ff"}}],
            "MXRecords": [{"preference": 1, "exchange": "m.x.dev"}],
            "NAPTRRecords": [{"order": 1, "preference": 1, "flags": "U", "services": "s", "regexp": "", "replacement": ""}],
            "NSRecords": [{"nsdname": "ns.x.dev"}],
            "PTRRecords": [{"ptrdname": "p.x.dev"}],
            "SOARecord": {"host": "ns.x.dev", "email": "h.x.dev", "serialNumber": 1, "refreshTime": 1, "retryTime": 1,
                          "expireTime": 1, "minimumTTL": 300},
            "SRVRecords": [{"priority": 1, "weight": 1, "port": 1, "target": "t.x.dev"}],
            "TLSARecords": [{"usage": 3, "selector": 1, "matchingType": 1, "certAssociationData": "00"}],
            "TXTRecords": [{"value": ["a", "b"]}],
        });
        for kind in &KINDS {
            let (ttl, data) = of(Flavor::Public, kind, properties.as_object().unwrap()).unwrap_or_default();
            assert_eq!(ttl, 60, "{}", kind.name);
            assert!(data.iter().all(|one| one.record_type() == kind.rr), "{}: {data:?}", kind.name);
        }
    }
}
