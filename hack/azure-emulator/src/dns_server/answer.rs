//! What a question is answered: zones first, then the names of services, along chains of CNAMEs.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::CNAME;
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::zone::{self, Found};
use crate::dns_records::data;
use crate::provider::{NameAnswer, Provider, address_data};
use crate::world::World;

/// Longest chain that is followed.
const LONGEST_CHAIN: usize = 16;

/// An answer before it becomes a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) code: ResponseCode,
    pub(crate) authoritative: bool,
    pub(crate) records: Vec<Record>,
    pub(crate) authority: Vec<Record>,
    pub(crate) additional: Vec<Record>,
}

impl Answer {
    /// An answer with nothing but a code.
    pub(crate) fn failed(code: ResponseCode) -> Self {
        Self { code, authoritative: false, records: Vec::new(), authority: Vec::new(), additional: Vec::new() }
    }
}

/// Answers for `name` (lower case, no dot at its end) as the name server of a place among four does.
pub(crate) fn answer(
    world: &mut World,
    providers: &[Box<dyn Provider>],
    name: &str,
    kind: RecordType,
    server: usize,
) -> Answer {
    let mut answer = Answer { authoritative: true, ..Answer::failed(ResponseCode::NoError) };
    let mut name = name.to_owned();
    for step in 0..LONGEST_CHAIN {
        let found = match zone::find(world, &name, server) {
            Some(zone) => zone::look(world, providers, &zone, &name, kind, server),
            None => of_services(world, providers, &name, kind),
        };
        let Some(owner) = data::name(&name) else { return Answer::failed(ResponseCode::FormErr) };
        match found {
            None if step == 0 => return Answer::failed(ResponseCode::Refused),
            // The chain leaves what is known here: whoever asked goes on by themselves.
            None => return answer,
            Some(Found::Records(ttl, data)) => {
                answer.records.extend(data.into_iter().map(|one| Record::from_rdata(owner.clone(), ttl, one)));
                return answer;
            }
            Some(Found::Cname(ttl, target)) => {
                let Some(absolute) = data::name(&target) else { return answer };
                answer.records.push(Record::from_rdata(owner, ttl, RData::CNAME(CNAME(absolute))));
                if matches!(kind, RecordType::CNAME | RecordType::ANY) {
                    return answer;
                }
                name = target.trim_end_matches('.').to_ascii_lowercase();
            }
            Some(Found::Referral(ttl, zone, data, glue)) => {
                answer.authoritative = step > 0;
                answer.additional =
                    glue.into_iter().map(|(name, ttl, one)| Record::from_rdata(name, ttl, one)).collect();
                answer.authority.extend(data.into_iter().map(|one| Record::from_rdata(zone.clone(), ttl, one)));
                return answer;
            }
            Some(Found::Nothing { exists, soa }) => {
                answer.code = if exists { ResponseCode::NoError } else { ResponseCode::NXDomain };
                answer.authority.extend(soa.map(|(zone, ttl, soa)| Record::from_rdata(zone, ttl, soa)));
                return answer;
            }
        }
    }
    Answer::failed(ResponseCode::ServFail)
}

fn of_services(world: &mut World, providers: &[Box<dyn Provider>], name: &str, kind: RecordType) -> Option<Found> {
    let names = providers.iter().filter_map(|provider| provider.names());
    let found = names.into_iter().find_map(|names| names.resolve(world, name, kind))?;
    Some(match found {
        NameAnswer::Records { ttl, data } => Found::Records(ttl, data),
        NameAnswer::Cname { ttl, target } => Found::Cname(ttl, target),
        NameAnswer::NoData => Found::Nothing { exists: true, soa: None },
        NameAnswer::NxDomain => Found::Nothing { exists: false, soa: None },
    })
}

/// The data that a name resolves to in the end, for services that resolve names themselves; each with the smallest TTL of
/// the chain that leads to it, in seconds.
pub(crate) fn resolve(
    world: &mut World,
    providers: &[Box<dyn Provider>],
    name: &str,
    kind: RecordType,
) -> Vec<(u32, RData)> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let own = if name == "localhost" { Some(std::net::Ipv4Addr::LOCALHOST.into()) } else { name.parse().ok() };
    if let Some(address) = own {
        let data = address_data(address);
        return if data.record_type() == kind { vec![(u32::MAX, data)] } else { Vec::new() };
    }
    let answer = answer(world, providers, &name, kind, 0);
    let ttl = answer.records.iter().map(|record| record.ttl).min().unwrap_or_default();
    answer.records.into_iter().filter(|record| record.record_type() == kind).map(|record| (ttl, record.data)).collect()
}

/// A name as DNS has it.
pub(super) fn absolute(name: &str) -> Option<Name> {
    data::name(name)
}
