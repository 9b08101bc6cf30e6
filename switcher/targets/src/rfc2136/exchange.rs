//! Signed exchanges with the primary, and what its refusals mean.

use std::sync::atomic::Ordering;

use hickory_proto::op::{Message, ResponseCode};

use super::Rfc2136Target;
use super::signed::{Reply, Request};
use crate::error::{Doubt, TargetError};
use crate::wire::{Link, WireError};

/// How the server took an UPDATE.
pub(super) enum Sent {
    /// Signed: done.
    Applied,
    /// Signed: a prerequisite does not hold.
    Refused,
    /// No answer that counts.
    Doubtful(Doubt),
}

impl Rfc2136Target {
    /// Sends one UPDATE. An error means that nothing was changed.
    pub(super) async fn send(&self, update: Message) -> Result<Sent, TargetError> {
        let deadline = self.deadline();
        let request = self.sign(update)?;
        let mut link = Link::connect(&self.0.server, deadline).await.map_err(|error| self.unread(error))?;
        let bytes = match link.exchange(&request.bytes, deadline).await {
            Ok(bytes) => bytes,
            Err(WireError::Silence) => return Ok(Sent::Doubtful(Doubt::Silence)),
            Err(WireError::Closed(_)) => return Ok(Sent::Doubtful(Doubt::Closed)),
            Err(error) => return Err(self.unread(error)),
        };
        let answer = match self.open(&request, &bytes) {
            Ok(answer) => answer,
            Err(TargetError::Untrusted { why, .. }) => return Ok(Sent::Doubtful(Doubt::Untrusted(why))),
            Err(error) => return Err(error),
        };
        match answer.metadata.response_code {
            ResponseCode::NoError => Ok(Sent::Applied),
            ResponseCode::NXRRSet | ResponseCode::YXRRSet | ResponseCode::NXDomain | ResponseCode::YXDomain => {
                Ok(Sent::Refused)
            }
            ResponseCode::ServFail => Ok(Sent::Doubtful(Doubt::ServFail)),
            code => Err(self.refusal(code, format!("change A and TXT at {}", self.0.shown))),
        }
    }

    pub(super) fn sign(&self, message: Message) -> Result<Request, TargetError> {
        let encoding = |why| TargetError::Encoding { record: self.0.shown.clone(), why };
        self.0.key.sign(message, (self.0.options.clock)()).map_err(encoding)
    }

    /// Checks the answer's signature and notes the server's clock.
    pub(super) fn open(&self, request: &Request, bytes: &[u8]) -> Result<Message, TargetError> {
        let server = || self.0.server.clone();
        let Reply { message, skew } = self.0.key.open(request, bytes, (self.0.options.clock)(), &self.0.server)?;
        self.0.skew.store(skew, Ordering::Relaxed);
        if message.metadata.truncation {
            return Err(TargetError::Truncated { server: server(), record: self.0.shown.clone() });
        }
        Ok(message)
    }

    /// A failed exchange that can't have changed anything.
    pub(super) fn unread(&self, error: WireError) -> TargetError {
        let server = self.0.server.clone();
        match error {
            WireError::Unreachable(why) => TargetError::Unreachable { server, why },
            WireError::ConnectTimeout => TargetError::Unreachable { server, why: "no connection in time".into() },
            WireError::Silence => TargetError::Timeout { server, why: "the answer to a question".into() },
            WireError::Closed(why) => TargetError::Timeout { server, why: format!("the connection ended: {why}") },
        }
    }

    /// A signed refusal.
    pub(super) fn refusal(&self, code: ResponseCode, action: String) -> TargetError {
        let (server, record, zone) = (self.0.server.clone(), self.0.shown.clone(), self.0.zone.clone());
        match code {
            ResponseCode::Refused => TargetError::Refused { server, key: self.0.key.name().to_owned(), action, record },
            ResponseCode::NotAuth => TargetError::NotAuth { server, zone },
            ResponseCode::NotZone => TargetError::NotZone { server, record, zone },
            ResponseCode::ServFail => TargetError::ServFail { server, record },
            other => TargetError::Rejected { server, record, code: other.to_string() },
        }
    }
}
