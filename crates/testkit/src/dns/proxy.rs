//! Faults in front of a name server.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use hickory_proto::op::{Message, OpCode, ResponseCode};
use tokio::sync::watch;

use super::serve::{Answers, Reply, Serving};
use super::{client, port};
use crate::control_plane::Port;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Updates reach the server and are done; their answers never come.
    LoseUpdateAnswers,
    /// Updates reach the server and are done; then the connection ends without an answer.
    HangUpAfterUpdate,
    /// Updates vanish on their way; no answer comes.
    LoseUpdates,
    /// Updates are held until [`Proxy::let_go`], when the client may long have given up.
    LateUpdates,
    /// One bit of every answer to an update is changed on its way.
    TamperWithUpdateAnswers,
    /// Every answer comes later.
    Delay(Duration),
    /// Everything is answered with SERVFAIL, unsigned, without asking the server.
    ServFail,
}

/// Stands in front of a name server, on a port of its own. Dropped, it ends.
#[derive(Debug)]
pub struct Proxy {
    port: Port,
    state: Arc<State>,
    serving: Option<Serving>,
}

#[derive(Debug)]
struct State {
    upstream: SocketAddr,
    fault: Mutex<(Fault, u64)>,
    injected: AtomicU64,
    seen: AtomicU64,
    under_way: AtomicU64,
    /// Whether late updates may go on.
    go: watch::Sender<bool>,
}

impl Proxy {
    /// Starts without a fault.
    ///
    /// # Errors
    /// When nothing can be listened on.
    pub async fn start(upstream: SocketAddr) -> Result<Self> {
        let state = State {
            upstream,
            fault: Mutex::new((Fault::None, 0)),
            injected: AtomicU64::new(0),
            seen: AtomicU64::new(0),
            under_way: AtomicU64::new(0),
            go: watch::Sender::new(false),
        };
        let mut proxy = Self { port: port::reserve(&[Ipv4Addr::LOCALHOST])?, state: Arc::new(state), serving: None };
        proxy.up().await?;
        Ok(proxy)
    }

    /// Where it listens, by UDP and TCP.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port.number()).into()
    }

    /// Makes every message go wrong from now on.
    pub fn set(&self, fault: Fault) {
        self.inject(fault, u64::MAX);
    }

    /// Makes the next message that this fault is about go wrong, and no other.
    pub fn once(&self, fault: Fault) {
        self.inject(fault, 1);
    }

    fn inject(&self, fault: Fault, times: u64) {
        self.state.go.send_replace(false);
        *self.state.fault.lock().unwrap_or_else(PoisonError::into_inner) = (fault, times);
    }

    /// How many messages went wrong so far.
    #[must_use]
    pub fn injected(&self) -> u64 {
        self.state.injected.load(Ordering::SeqCst)
    }

    /// How many messages came so far.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.state.seen.load(Ordering::SeqCst)
    }

    /// How many messages came that the server has not answered yet.
    #[must_use]
    pub fn under_way(&self) -> u64 {
        self.state.under_way.load(Ordering::SeqCst)
    }

    /// Lets updates go on that [`Fault::LateUpdates`] holds, and those that still come to it.
    pub fn let_go(&self) {
        self.state.go.send_replace(true);
    }

    /// Nothing listens any more: connections are refused.
    pub async fn down(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.stop().await;
        }
    }

    /// Listens again.
    ///
    /// # Errors
    /// When the port was taken meanwhile.
    pub async fn up(&mut self) -> Result<()> {
        if self.serving.is_none() {
            self.serving = Some(Serving::start(self.address(), self.state.clone()).await?);
        }
        Ok(())
    }
}

impl State {
    /// The fault that befalls this message.
    fn fault(&self, update: bool) -> Fault {
        let mut held = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        let (fault, left) = *held;
        let about = match fault {
            Fault::None => false,
            Fault::Delay(_) | Fault::ServFail => true,
            _ => update,
        };
        if !about || left == 0 {
            return Fault::None;
        }
        held.1 = left.saturating_sub(u64::from(left != u64::MAX));
        self.injected.fetch_add(1, Ordering::SeqCst);
        fault
    }
}

impl Answers for State {
    async fn answer(&self, bytes: Vec<u8>, tcp: bool) -> Reply {
        self.seen.fetch_add(1, Ordering::SeqCst);
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let reply = self.forward(bytes, tcp).await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        reply
    }
}

impl State {
    async fn forward(&self, bytes: Vec<u8>, tcp: bool) -> Reply {
        let Ok(request) = Message::from_vec(&bytes) else { return Reply::Silence };
        let fault = self.fault(request.metadata.op_code == OpCode::Update);
        match fault {
            Fault::LoseUpdates => return Reply::Silence,
            Fault::ServFail => return servfail(&request),
            Fault::Delay(wait) => tokio::time::sleep(wait).await,
            // The sender lives as long as this state.
            Fault::LateUpdates => drop(self.go.subscribe().wait_for(|go| *go).await),
            _ => {}
        }
        let Ok(mut answer) = client::exchange(self.upstream, &bytes, tcp).await else { return Reply::Hangup };
        match fault {
            Fault::LoseUpdateAnswers => Reply::Silence,
            Fault::HangUpAfterUpdate => Reply::Hangup,
            Fault::TamperWithUpdateAnswers => {
                // The last bit of the flags: NOERROR becomes FORMERR.
                if let Some(byte) = answer.get_mut(3) {
                    *byte ^= 1;
                }
                Reply::Bytes(answer)
            }
            _ => Reply::Bytes(answer),
        }
    }
}

fn servfail(request: &Message) -> Reply {
    let mut answer = Message::error_msg(request.metadata.id, request.metadata.op_code, ResponseCode::ServFail);
    answer.add_queries(request.queries.clone());
    answer.to_vec().map_or(Reply::Silence, Reply::Bytes)
}
