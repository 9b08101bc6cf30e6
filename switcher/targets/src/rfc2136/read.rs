//! Reading record and ledger in one consistent view.

use hickory_proto::op::{Message, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use teal_api::switch::Destination;
use tokio::time::Instant;

use super::{Rfc2136Target, routed};
use crate::error::TargetError;
use crate::routed::Routed;
use crate::wire::Link;

/// Reads of the two sets are repeated until the ledger stands still, at most so often.
const CONSISTENT_READS: usize = 5;

/// What the record looks like.
pub(super) struct Sets {
    pub(super) value: Option<Destination>,
    pub(super) ttl: u32,
    pub(super) negative_ttl: Option<u32>,
}

impl Rfc2136Target {
    /// Reads record and ledger from the primary, by TCP and signed.
    ///
    /// # Errors
    /// See [`TargetError`]; nothing was changed.
    pub async fn read(&self) -> Result<Routed, TargetError> {
        let deadline = self.deadline();
        let mut link = Link::connect(&self.0.server, deadline).await.map_err(|error| self.unread(error))?;
        let mut ledger = self.read_ledger(&mut link, deadline).await?;
        for _ in 0..CONSISTENT_READS {
            let sets = self.read_value(&mut link, deadline).await?;
            let again = self.read_ledger(&mut link, deadline).await?;
            if again == ledger {
                return Ok(routed(sets, ledger));
            }
            ledger = again;
        }
        let why = format!("the ledger changed {CONSISTENT_READS} times while it was read");
        Err(TargetError::Timeout { server: self.0.server.clone(), why })
    }

    async fn query(&self, link: &mut Link, name: &Name, kind: RecordType, by: Instant) -> Result<Message, TargetError> {
        let mut message = Message::query();
        message.metadata.op_code = OpCode::Query;
        message.metadata.recursion_desired = false;
        message.add_query(Query::query(name.clone(), kind));
        let request = self.sign(message)?;
        let bytes = link.exchange(&request.bytes, by).await.map_err(|error| self.unread(error))?;
        let answer = self.open(&request, &bytes)?;
        match answer.metadata.response_code {
            ResponseCode::NoError | ResponseCode::NXDomain if answer.metadata.authoritative => Ok(answer),
            ResponseCode::NoError | ResponseCode::NXDomain => Err(self.refusal(ResponseCode::NotAuth, String::new())),
            code => Err(self.refusal(code, format!("read {}", name.to_ascii().trim_end_matches('.')))),
        }
    }

    async fn read_value(&self, link: &mut Link, by: Instant) -> Result<Sets, TargetError> {
        let name = &self.0.names.record;
        let answer = self.query(link, name, RecordType::A, by).await?;
        let (mut addresses, mut ttl) = (Vec::new(), u32::MAX);
        for record in answer.answers.iter().filter(|record| record.name == *name) {
            match &record.data {
                RData::A(address) => addresses.push(address.0),
                other => {
                    let found = other.record_type().to_string();
                    return Err(TargetError::WrongType { record: self.0.shown.clone(), found, wanted: "an address" });
                }
            }
            ttl = ttl.min(record.ttl);
        }
        if addresses.is_empty() {
            return Ok(Sets { value: None, ttl: 0, negative_ttl: negative_ttl(&answer) });
        }
        Ok(Sets { value: Some(Destination::Ip(addresses).canonical()), ttl, negative_ttl: None })
    }

    async fn read_ledger(&self, link: &mut Link, by: Instant) -> Result<Vec<Vec<Vec<u8>>>, TargetError> {
        let name = &self.0.names.ledger;
        let answer = self.query(link, name, RecordType::TXT, by).await?;
        let texts =
            answer.answers.iter().filter(|record| record.name == *name).filter_map(|record| match &record.data {
                RData::TXT(text) => Some(text.txt_data.iter().map(|string| string.to_vec()).collect()),
                _ => None,
            });
        let mut records: Vec<Vec<Vec<u8>>> = texts.collect();
        records.sort();
        Ok(records)
    }
}

/// RFC 2308 §5: the smaller of the SOA's own TTL and its minimum.
fn negative_ttl(answer: &Message) -> Option<u32> {
    answer.authorities.iter().find_map(|record| match &record.data {
        RData::SOA(soa) => Some(record.ttl.min(soa.minimum)),
        _ => None,
    })
}
