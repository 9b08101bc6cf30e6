//! One record set, in the keys of either service.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Map, Value, json};

use super::ZoneKind;
use crate::error::AzureError;
use crate::id::ResourceId;
use crate::request::Answer;

/// Types of record sets that Teal reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordType {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Another name.
    Cname,
    /// Texts.
    Txt,
}

impl RecordType {
    /// As in paths and in DNS.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Txt => "TXT",
        }
    }

    /// The key of its records, upper-case in the one service and lower-case in the other.
    fn key(self, zone: ZoneKind) -> &'static str {
        match (self, zone) {
            (Self::A, ZoneKind::Public) => "ARecords",
            (Self::Aaaa, ZoneKind::Public) => "AAAARecords",
            (Self::Cname, ZoneKind::Public) => "CNAMERecord",
            (Self::Txt, ZoneKind::Public) => "TXTRecords",
            (Self::A, ZoneKind::Private) => "aRecords",
            (Self::Aaaa, ZoneKind::Private) => "aaaaRecords",
            (Self::Cname, ZoneKind::Private) => "cnameRecord",
            (Self::Txt, ZoneKind::Private) => "txtRecords",
        }
    }
}

/// What a set answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Records {
    /// IPv4 addresses, in Azure's order.
    A(Vec<Ipv4Addr>),
    /// IPv6 addresses, in Azure's order.
    Aaaa(Vec<Ipv6Addr>),
    /// Another name.
    Cname(String),
    /// Texts, each in pieces of at most 255 bytes.
    Txt(Vec<Vec<String>>),
    /// Nothing plain: an alias, or an empty set.
    None,
    /// A type that Teal does not write; with its name.
    Other(String),
}

/// A record set as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSet {
    /// What a write that follows expects.
    pub etag: String,
    /// Relative to the zone.
    pub name: String,
    /// Such as `A`; the last part of its resource type.
    pub kind: String,
    /// Seconds.
    pub ttl: u32,
    /// Names and values that DNS does not answer.
    pub metadata: BTreeMap<String, String>,
    /// What is answered.
    pub records: Records,
    /// Names that MX and SRV records lead to.
    pub hosts: Vec<String>,
    /// What an alias follows.
    pub target: Option<ResourceId>,
    /// Made by the platform for a virtual machine (private zones).
    pub auto_registered: bool,
}

/// What is written: the whole set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetBody {
    /// Seconds.
    pub ttl: u32,
    /// Names and values that DNS does not answer; what is left out is lost.
    pub metadata: BTreeMap<String, String>,
    /// What is answered; [`Records::None`] for an alias.
    pub records: Records,
    /// What an alias follows.
    pub target: Option<ResourceId>,
}

impl SetBody {
    /// The body of a PUT.
    pub(super) fn to_json(&self, zone: ZoneKind, kind: RecordType) -> Value {
        let mut fields = Map::new();
        fields.insert(if zone == ZoneKind::Public { "TTL" } else { "ttl" }.to_owned(), json!(self.ttl));
        fields.insert("metadata".to_owned(), json!(self.metadata));
        let records = match &self.records {
            Records::A(list) => Some(list.iter().map(|ip| json!({"ipv4Address": ip})).collect::<Value>()),
            Records::Aaaa(list) => Some(list.iter().map(|ip| json!({"ipv6Address": ip})).collect()),
            Records::Cname(name) => Some(json!({"cname": name})),
            Records::Txt(list) => Some(list.iter().map(|pieces| json!({"value": pieces})).collect()),
            Records::None | Records::Other(_) => None,
        };
        if let Some(records) = records {
            fields.insert(kind.key(zone).to_owned(), records);
        }
        if let Some(target) = &self.target {
            fields.insert("targetResource".to_owned(), json!({"id": target.as_str()}));
        }
        json!({"properties": fields})
    }
}

impl RecordSet {
    /// Reads the answer to one set's request.
    pub(super) fn read(zone: ZoneKind, answer: &Answer, what: &str) -> Result<Self, AzureError> {
        Self::of(zone, &answer.body, answer.etag.as_deref(), what)
    }

    /// Reads one set. `etag`: of the header, used when the body has none.
    ///
    /// # Errors
    /// [`AzureError::Odd`] with what is odd.
    pub fn of(zone: ZoneKind, set: &Value, etag: Option<&str>, what: &str) -> Result<Self, AzureError> {
        let odd = |why: String| AzureError::Odd { what: what.to_owned(), why };
        let text = |key: &str| set.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let kind = text("type").rsplit('/').next().unwrap_or_default().to_ascii_uppercase();
        let empty = Map::new();
        let fields = set.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        let etag = match set.get("etag").and_then(Value::as_str).or(etag) {
            Some(etag) => etag.to_owned(),
            None => return Err(odd("it has no etag".into())),
        };
        let ttl = field(fields, "ttl").and_then(Value::as_u64).and_then(|ttl| u32::try_from(ttl).ok());
        let target = field(fields, "targetResource").and_then(|target| target.get("id")).and_then(Value::as_str);
        let target = match target.filter(|id| !id.is_empty()) {
            Some(id) => Some(id.parse().map_err(|error| odd(format!("its target {error}")))?),
            None => None,
        };
        let metadata = field(fields, "metadata").and_then(Value::as_object);
        let metadata = metadata
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| value.as_str().map(|value| (key.clone(), value.to_owned())));
        Ok(Self {
            etag: etag.trim_start_matches("W/").trim_matches('"').to_owned(),
            name: text("name"),
            ttl: ttl.ok_or_else(|| odd("it has no TTL".into()))?,
            metadata: metadata.collect(),
            records: records(&kind, zone, fields).map_err(odd)?,
            hosts: hosts(fields),
            kind,
            target,
            auto_registered: field(fields, "isAutoRegistered").and_then(Value::as_bool).unwrap_or(false),
        })
    }
}

/// A property by name in any case: the two services, and answers of one, differ.
fn field<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Names that mail and services are led to; sets of other types have none.
fn hosts(fields: &Map<String, Value>) -> Vec<String> {
    let lists = [("MXRecords", "exchange"), ("SRVRecords", "target")];
    let of = |(list, key): (&str, &'static str)| {
        let items = field(fields, list).and_then(Value::as_array).cloned().unwrap_or_default();
        items.into_iter().filter_map(move |item| item.get(key)?.as_str().map(str::to_owned))
    };
    lists.into_iter().flat_map(of).collect()
}

fn records(kind: &str, zone: ZoneKind, fields: &Map<String, Value>) -> Result<Records, String> {
    let list =
        |kind: RecordType| field(fields, kind.key(zone)).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let address = |item: &Value, key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    match kind {
        "A" => {
            let found: Result<Vec<Ipv4Addr>, _> =
                list(RecordType::A).iter().map(|item| address(item, "ipv4Address").parse()).collect();
            let found = found.map_err(|_| "one of its addresses is no IPv4 address".to_owned())?;
            Ok(if found.is_empty() { Records::None } else { Records::A(found) })
        }
        "AAAA" => {
            let found: Result<Vec<Ipv6Addr>, _> =
                list(RecordType::Aaaa).iter().map(|item| address(item, "ipv6Address").parse()).collect();
            let found = found.map_err(|_| "one of its addresses is no IPv6 address".to_owned())?;
            Ok(if found.is_empty() { Records::None } else { Records::Aaaa(found) })
        }
        "CNAME" => {
            let name = field(fields, RecordType::Cname.key(zone)).and_then(|record| record.get("cname"));
            let name = name.and_then(Value::as_str).filter(|name| !name.is_empty());
            Ok(name.map_or(Records::None, |name| Records::Cname(name.to_owned())))
        }
        "TXT" => {
            let pieces = |item: &Value| -> Vec<String> {
                let pieces = item.get("value").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                pieces.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            };
            Ok(Records::Txt(list(RecordType::Txt).iter().map(pieces).collect()))
        }
        other => Ok(Records::Other(other.to_owned())),
    }
}
