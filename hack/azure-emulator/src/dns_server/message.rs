//! A DNS message in, a DNS message out.

use std::net::IpAddr;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::RecordType;
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};

use super::Asker;
use super::answer::{self, Answer};
use super::zone;
use crate::metrics;
use crate::shared::Shared;
use crate::world::World;
use crate::world::faults::Fault;
use crate::world::log::Entry;

/// Longest answer by UDP when the asker says nothing.
const PLAIN: u16 = 512;
/// Longest answer by UDP that we send at all.
const LARGEST: u16 = 4_096;

/// Answers one message; `None`: silence.
pub(super) fn answer(shared: &Shared, request: &[u8], from: IpAddr, server: usize, tcp: bool) -> Option<Vec<u8>> {
    let request = match Message::from_vec(request) {
        Ok(request) if request.metadata.message_type == MessageType::Query => request,
        Ok(_) => return None,
        // Too broken for a question, but its id can be told.
        Err(_) => {
            let id = u16::from_be_bytes([*request.first()?, *request.get(1)?]);
            return Message::error_msg(id, OpCode::Query, ResponseCode::FormErr).to_vec().ok();
        }
    };
    let mut response = Message::response(request.metadata.id, request.metadata.op_code);
    response.metadata.recursion_desired = request.metadata.recursion_desired;
    response.add_queries(request.queries.iter().cloned());
    let mut limit = PLAIN;
    if let Some(edns) = &request.edns {
        limit = edns.max_payload().clamp(PLAIN, LARGEST);
        let mut own = Edns::new();
        own.set_max_payload(1_232).set_version(0);
        response.set_edns(own);
    }
    match (request.metadata.op_code, request.queries.as_slice()) {
        _ if request.edns.as_ref().is_some_and(|edns| edns.version() > 0) => {
            response.metadata.response_code = ResponseCode::BADVERS;
        }
        (OpCode::Query, [question]) => {
            let name = question.name.to_utf8().trim_end_matches('.').to_ascii_lowercase();
            let kind = question.query_type;
            let asker = client_subnet(&request).unwrap_or(from);
            let decided = shared.with(|world| {
                world.runtime::<Asker>().0 = Some(asker);
                let (fault, answer) = decide(world, shared, &name, kind, server);
                world.runtime::<Asker>().0 = None;
                log(world, &name, &kind.to_string(), &answer, fault.as_ref());
                if let Some(zone) = zone::find(world, &name, server) {
                    let now = world.now();
                    metrics::measure(world, zone.resource(), "QueryVolume", now, Vec::new(), 1.0);
                }
                (fault != Some(Fault::Drop)).then_some(answer)
            });
            fill(&mut response, decided?);
        }
        (OpCode::Query, _) => response.metadata.response_code = ResponseCode::FormErr,
        _ => response.metadata.response_code = ResponseCode::NotImp,
    }
    let bytes = response.to_vec().ok()?;
    if tcp || bytes.len() <= usize::from(limit) {
        return Some(bytes);
    }
    let mut short = Message::response(request.metadata.id, request.metadata.op_code);
    short.metadata = response.metadata;
    short.metadata.truncation = true;
    short.add_queries(request.queries.iter().cloned());
    short.edns = response.edns.clone();
    short.to_vec().ok()
}

/// For whom a resolver asks, if it says so (RFC 7871).
fn client_subnet(request: &Message) -> Option<IpAddr> {
    match request.edns.as_ref()?.option(EdnsCode::Subnet)? {
        EdnsOption::Subnet(subnet) => Some(subnet.addr()),
        _ => None,
    }
}

fn decide(world: &mut World, shared: &Shared, name: &str, kind: RecordType, server: usize) -> (Option<Fault>, Answer) {
    let fault = {
        let World { faults, random, .. } = &mut *world;
        faults.strike(random, &kind.to_string(), "dns", name)
    };
    match fault {
        Some(Fault::Servfail) => (fault, Answer::failed(ResponseCode::ServFail)),
        // Azure hands no zone out.
        _ if matches!(kind, RecordType::AXFR | RecordType::IXFR) => (fault, Answer::failed(ResponseCode::Refused)),
        _ => (fault, answer::answer(world, shared.providers(), name, kind, server)),
    }
}

fn fill(response: &mut Message, answer: Answer) {
    response.metadata.response_code = answer.code;
    response.metadata.authoritative = answer.authoritative;
    response.add_answers(answer.records);
    response.add_authorities(answer.authority);
    response.add_additionals(answer.additional);
}

fn log(world: &mut World, name: &str, kind: &str, answer: &Answer, fault: Option<&Fault>) {
    let dropped = fault == Some(&Fault::Drop);
    let entry = Entry {
        number: 0,
        time: world.now(),
        method: kind.to_owned(),
        kind: "dns".to_owned(),
        path: name.to_owned(),
        api_version: String::new(),
        status: if dropped { 0 } else { u16::from(answer.code) },
        client: String::new(),
        agent: String::new(),
        request_id: String::new(),
        condition: None,
        fault: fault.map(Fault::label),
    };
    world.log.add(entry);
}
