//! The cache as a server: what a company's resolver looks like to those who ask it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Result;
use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};

use super::port;
use super::resolver::Resolver;
use super::serve::{Answers, Reply, Serving};
use crate::control_plane::Port;

/// A caching resolver for addresses. Dropped, it ends.
#[derive(Debug)]
pub struct Recursor {
    port: Port,
    _serving: Serving,
}

struct Cache(Resolver);

impl Recursor {
    /// Starts in front of one authoritative server.
    ///
    /// # Errors
    /// When nothing can be listened on.
    pub async fn start(upstream: SocketAddr) -> Result<Self> {
        let port = port::reserve(&[Ipv4Addr::LOCALHOST])?;
        let address = (Ipv4Addr::LOCALHOST, port.number()).into();
        let serving = Serving::start(address, Arc::new(Cache(Resolver::new(upstream)))).await?;
        Ok(Self { port, _serving: serving })
    }

    /// Where it listens, by UDP and TCP.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port.number()).into()
    }
}

impl Answers for Cache {
    async fn answer(&self, bytes: Vec<u8>, _tcp: bool) -> Reply {
        let Ok(request) = Message::from_vec(&bytes) else { return Reply::Silence };
        let mut answer = Message::response(request.metadata.id, request.metadata.op_code);
        answer.metadata.recursion_desired = request.metadata.recursion_desired;
        answer.metadata.recursion_available = true;
        answer.add_queries(request.queries.clone());
        match (request.metadata.op_code, request.queries.as_slice()) {
            (OpCode::Query, [question]) if question.query_type == RecordType::A => {
                match self.0.resolve(&question.name.to_ascii()).await {
                    Ok(resolved) => {
                        let ttl = resolved.ttl();
                        let record =
                            |address: &Ipv4Addr| Record::from_rdata(question.name.clone(), ttl, RData::A(A(*address)));
                        answer.add_answers(resolved.addresses.iter().map(record).collect::<Vec<_>>());
                        if !resolved.exists {
                            answer.metadata.response_code = ResponseCode::NXDomain;
                        }
                    }
                    Err(_) => answer.metadata.response_code = ResponseCode::ServFail,
                }
            }
            _ => answer.metadata.response_code = ResponseCode::NotImp,
        }
        answer.to_vec().map_or(Reply::Silence, Reply::Bytes)
    }
}
