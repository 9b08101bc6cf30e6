//! One zone in memory: what is in it, how it answers, and how it is updated (RFC 2136 §3).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use hickory_proto::op::{Message, Query, ResponseCode, UpdateMessage};
use hickory_proto::rr::rdata::{A, NS, SOA};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

/// What a zone holds when its server starts.
#[derive(Debug, Clone)]
pub struct Zone {
    /// Name, without a last dot.
    pub origin: String,
    /// How long the absence of a name may be remembered, in seconds.
    pub minimum: u32,
    addresses: Vec<(String, u32, Vec<Ipv4Addr>)>,
}

impl Zone {
    /// An empty zone.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        Self { origin: origin.trim_end_matches('.').to_owned(), minimum: 5, addresses: Vec::new() }
    }

    /// With an address record, its name relative to the zone.
    #[must_use]
    pub fn address(mut self, record: &str, ttl: u32, addresses: &[Ipv4Addr]) -> Self {
        self.addresses.push((record.to_owned(), ttl, addresses.to_vec()));
        self
    }

    /// The zone as a master file.
    pub(super) fn file(&self) -> String {
        let mut text = format!("$ORIGIN {}.\n$TTL 300\n", self.origin);
        let _ = writeln!(text, "@ 300 IN SOA ns hostmaster 1 2 1 86400 {}", self.minimum);
        text.push_str("@ 300 IN NS ns\nns 300 IN A 127.0.0.1\n");
        for (record, ttl, addresses) in &self.addresses {
            for address in addresses {
                let _ = writeln!(text, "{record} {ttl} IN A {address}");
            }
        }
        text
    }
}

/// A record set.
#[derive(Debug, Clone)]
struct Set {
    ttl: u32,
    data: Vec<RData>,
}

/// A zone being served.
#[derive(Debug)]
pub(super) struct Store {
    origin: Name,
    soa: SOA,
    sets: BTreeMap<(Name, RecordType), Set>,
}

impl Store {
    pub(super) fn new(zone: &Zone) -> Result<Self> {
        let origin = Name::from_ascii(format!("{}.", zone.origin)).context("zone name")?;
        let inside = |label: &str| Name::from_ascii(format!("{label}.{}.", zone.origin));
        let soa = SOA::new(inside("ns")?, inside("hostmaster")?, 1, 2, 1, 86_400, zone.minimum);
        let mut sets = BTreeMap::new();
        sets.insert((origin.clone(), RecordType::NS), Set { ttl: 300, data: vec![RData::NS(NS(inside("ns")?))] });
        sets.insert((inside("ns")?, RecordType::A), addresses(300, &[Ipv4Addr::LOCALHOST]));
        for (record, ttl, list) in &zone.addresses {
            sets.insert((inside(record)?, RecordType::A), addresses(*ttl, list));
        }
        Ok(Self { origin, soa, sets })
    }

    /// Replaces a set without a word about anything else; an empty one deletes it.
    pub(super) fn replace(&mut self, record: &str, kind: RecordType, ttl: u32, data: Vec<RData>) -> Result<()> {
        let key = (Name::from_ascii(record)?.append_domain(&self.origin)?, kind);
        if data.is_empty() {
            self.sets.remove(&key);
        } else {
            self.sets.insert(key, Set { ttl, data });
        }
        self.soa.increment_serial();
        Ok(())
    }

    /// Answers one question into `answer`.
    pub(super) fn answer(&self, question: &Query, answer: &mut Message) {
        let (name, kind) = (&question.name, question.query_type);
        if !self.origin.zone_of(name) {
            answer.metadata.response_code = ResponseCode::Refused;
            return;
        }
        answer.metadata.authoritative = true;
        let found = self.records(name, kind);
        let found = if found.is_empty() { self.records(name, RecordType::CNAME) } else { found };
        if found.is_empty() {
            if !self.exists(name) {
                answer.metadata.response_code = ResponseCode::NXDomain;
            }
            let ttl = self.soa.minimum.min(300);
            answer.add_authority(Record::from_rdata(self.origin.clone(), ttl, RData::SOA(self.soa.clone())));
        }
        answer.add_answers(found);
    }

    /// Checks and applies an UPDATE, wholly or not at all.
    pub(super) fn update(&mut self, update: &Message) -> ResponseCode {
        let zone = match update.zones() {
            [zone] if zone.query_type == RecordType::SOA => zone,
            _ => return ResponseCode::FormErr,
        };
        if zone.name != self.origin {
            return ResponseCode::NotAuth;
        }
        match self.prerequisites(update.prerequisites()).and_then(|()| self.scan(update.updates())) {
            Err(code) => code,
            Ok(()) => {
                update.updates().iter().for_each(|record| self.apply(record));
                self.soa.increment_serial();
                ResponseCode::NoError
            }
        }
    }

    fn records(&self, name: &Name, kind: RecordType) -> Vec<Record> {
        if kind == RecordType::SOA && *name == self.origin {
            return vec![Record::from_rdata(self.origin.clone(), 300, RData::SOA(self.soa.clone()))];
        }
        let set = self.sets.get(&(name.clone(), kind));
        set.into_iter()
            .flat_map(|set| set.data.iter().map(|data| (set.ttl, data.clone())))
            .map(|(ttl, data)| Record::from_rdata(name.clone(), ttl, data))
            .collect()
    }

    /// Does the name exist, if only because something lies below it?
    fn exists(&self, name: &Name) -> bool {
        *name == self.origin || self.sets.keys().any(|(held, _)| name.zone_of(held))
    }

    /// RFC 2136 §3.2: every named set exists, does not exist, or is exactly as told.
    fn prerequisites(&self, wanted: &[Record]) -> Result<(), ResponseCode> {
        let mut exact: BTreeMap<(Name, RecordType), Vec<RData>> = BTreeMap::new();
        for record in wanted {
            if record.ttl != 0 {
                return Err(ResponseCode::FormErr);
            }
            if !self.origin.zone_of(&record.name) {
                return Err(ResponseCode::NotZone);
            }
            let kind = record.record_type();
            let name_used = || self.sets.keys().any(|(name, _)| *name == record.name);
            let set_used = || !self.records(&record.name, kind).is_empty();
            match (record.dns_class, kind) {
                (DNSClass::ANY, RecordType::ANY) if !name_used() => return Err(ResponseCode::NXDomain),
                (DNSClass::NONE, RecordType::ANY) if name_used() => return Err(ResponseCode::YXDomain),
                (DNSClass::ANY | DNSClass::NONE, RecordType::ANY) => {}
                (DNSClass::ANY, _) if !set_used() => return Err(ResponseCode::NXRRSet),
                (DNSClass::NONE, _) if set_used() => return Err(ResponseCode::YXRRSet),
                (DNSClass::ANY | DNSClass::NONE, _) => {}
                (DNSClass::IN, _) => {
                    exact.entry((record.name.clone(), kind)).or_default().push(record.data.clone());
                }
                _ => return Err(ResponseCode::FormErr),
            }
        }
        let holds = |(key, data): (&(Name, RecordType), &Vec<RData>)| {
            self.sets.get(key).is_some_and(|set| same(&set.data, data))
        };
        if exact.iter().all(holds) { Ok(()) } else { Err(ResponseCode::NXRRSet) }
    }

    /// RFC 2136 §3.4.1: nothing is applied when anything is malformed.
    fn scan(&self, updates: &[Record]) -> Result<(), ResponseCode> {
        for record in updates {
            if !self.origin.zone_of(&record.name) {
                return Err(ResponseCode::NotZone);
            }
            let meta = matches!(record.record_type(), RecordType::AXFR | RecordType::IXFR);
            match record.dns_class {
                DNSClass::IN if record.record_type() == RecordType::ANY => return Err(ResponseCode::FormErr),
                DNSClass::IN if !meta => {}
                DNSClass::ANY | DNSClass::NONE if record.ttl == 0 && !meta => {}
                _ => return Err(ResponseCode::FormErr),
            }
        }
        Ok(())
    }

    /// RFC 2136 §3.4.2 for one record; the zone's own SOA and NS can't be deleted.
    fn apply(&mut self, record: &Record) {
        let key = (record.name.clone(), record.record_type());
        let guarded = record.name == self.origin && matches!(key.1, RecordType::SOA | RecordType::NS);
        match record.dns_class {
            DNSClass::IN if self.hidden_by_cname(&key) => {}
            DNSClass::IN => {
                let set = self.sets.entry(key).or_insert(Set { ttl: record.ttl, data: Vec::new() });
                set.ttl = record.ttl;
                if !set.data.contains(&record.data) {
                    set.data.push(record.data.clone());
                }
            }
            DNSClass::ANY if key.1 == RecordType::ANY => {
                let origin = self.origin.clone();
                self.sets.retain(|(name, _), _| *name != record.name || *name == origin);
            }
            DNSClass::ANY if !guarded => drop(self.sets.remove(&key)),
            DNSClass::NONE if !guarded => {
                if let Some(set) = self.sets.get_mut(&key) {
                    set.data.retain(|data| *data != record.data);
                    if set.data.is_empty() {
                        self.sets.remove(&key);
                    }
                }
            }
            _ => {}
        }
    }

    /// §3.4.2.2: a CNAME and anything else exclude each other; the later one is silently ignored.
    fn hidden_by_cname(&self, (name, kind): &(Name, RecordType)) -> bool {
        self.sets
            .keys()
            .any(|(held, other)| held == name && (*kind == RecordType::CNAME) != (*other == RecordType::CNAME))
    }
}

fn addresses(ttl: u32, list: &[Ipv4Addr]) -> Set {
    Set { ttl, data: list.iter().map(|address| RData::A(A(*address))).collect() }
}

/// The same members, no more and no fewer.
fn same(one: &[RData], other: &[RData]) -> bool {
    one.iter().all(|data| other.contains(data)) && other.iter().all(|data| one.contains(data))
}
