//! An authoritative server with signed updates, in process: for machines without BIND.
//!
//! It holds to RFC 2136 §3 where the server of the DNS library we use does not (docs/decisions): a value-dependent
//! prerequisite compares whole sets, and checking and applying are one step under one lock.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME, TXT};
use hickory_proto::rr::{Name, RData, RecordType};

use super::port;
use super::serve::{Answers, Reply, Serving};
use super::signing::{Key, Keys, Verdict};
use super::zone::{Store, Zone};
use crate::control_plane::Port;

/// The server. Dropped, it ends.
pub struct Authority {
    port: Port,
    state: Arc<State>,
    serving: Option<Serving>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authority({})", self.address())
    }
}

struct State {
    store: Mutex<Store>,
    keys: Keys,
}

impl Authority {
    /// Starts on 127.0.0.1 with a free port.
    ///
    /// # Errors
    /// When a name is not one, or nothing can be listened on.
    pub async fn start(zone: &Zone, keys: &[Key]) -> Result<Self> {
        let state = Arc::new(State { store: Mutex::new(Store::new(zone)?), keys: Keys::new(keys)? });
        let mut server = Self { port: port::reserve(&[Ipv4Addr::LOCALHOST])?, state, serving: None };
        server.start_again().await?;
        Ok(server)
    }

    /// Where it listens, by UDP and TCP.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port.number()).into()
    }

    /// Changes an address without a word about a ledger.
    ///
    /// # Errors
    /// When the name is not one.
    pub fn change_by_hand(&self, record: &str, ttl: u32, addresses: &[Ipv4Addr]) -> Result<()> {
        let data = addresses.iter().map(|address| RData::A(A(*address))).collect();
        self.replace(record, RecordType::A, ttl, data)
    }

    /// Replaces a text record; `None` deletes it.
    ///
    /// # Errors
    /// When the name is not one.
    pub fn change_text_by_hand(&self, record: &str, text: Option<&str>) -> Result<()> {
        let data = text.map(|text| RData::TXT(TXT::new(vec![text.to_owned()])));
        self.replace(record, RecordType::TXT, 0, data.into_iter().collect())
    }

    /// Adds an alias.
    ///
    /// # Errors
    /// When a name is not one.
    pub fn alias_by_hand(&self, record: &str, ttl: u32, to: &str) -> Result<()> {
        let data = RData::CNAME(CNAME(Name::from_ascii(to)?));
        self.replace(record, RecordType::CNAME, ttl, vec![data])
    }

    fn replace(&self, record: &str, kind: RecordType, ttl: u32, data: Vec<RData>) -> Result<()> {
        self.state.store.lock().unwrap_or_else(PoisonError::into_inner).replace(record, kind, ttl, data)
    }

    /// Stops listening; the zone is kept.
    pub async fn stop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.stop().await;
        }
    }

    /// Listens again, with the zone as it was.
    ///
    /// # Errors
    /// When the port was taken meanwhile.
    pub async fn start_again(&mut self) -> Result<()> {
        if self.serving.is_none() {
            self.serving = Some(Serving::start(self.address(), self.state.clone()).await?);
        }
        Ok(())
    }
}

impl Answers for State {
    async fn answer(&self, bytes: Vec<u8>, _tcp: bool) -> Reply {
        let Ok(request) = Message::from_vec(&bytes) else { return Reply::Silence };
        // Clocks before 1970 have no signatures worth checking.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let mut answer = Message::response(request.metadata.id, request.metadata.op_code);
        answer.add_queries(request.queries.clone());
        let sealed = match self.keys.judge(&request, &bytes, now) {
            Verdict::Refused { answer: signature } => signature.seal(answer),
            Verdict::Unsigned => {
                self.fill(&request, &mut answer, false);
                answer.to_vec().map_err(anyhow::Error::from)
            }
            Verdict::Signed { may_update, answer: signature } => {
                self.fill(&request, &mut answer, may_update);
                signature.seal(answer)
            }
        };
        sealed.map_or(Reply::Silence, Reply::Bytes)
    }
}

impl State {
    fn fill(&self, request: &Message, answer: &mut Message, may_update: bool) {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        match (request.metadata.op_code, request.queries.as_slice()) {
            (OpCode::Query, [question]) => store.answer(question, answer),
            (OpCode::Update, _) if may_update => answer.metadata.response_code = store.update(request),
            (OpCode::Update, _) => answer.metadata.response_code = ResponseCode::Refused,
            (OpCode::Query, _) => answer.metadata.response_code = ResponseCode::FormErr,
            _ => answer.metadata.response_code = ResponseCode::NotImp,
        }
    }
}
