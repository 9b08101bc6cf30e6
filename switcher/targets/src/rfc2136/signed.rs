//! Signatures on requests, and what answers are believed (RFC 8945).

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::TSigner;
use hickory_proto::rr::rdata::tsig::{TsigAlgorithm as Algorithm, TsigError};
use hickory_proto::rr::{Name, rdata::TSIG};
use teal_api::switch::TsigAlgorithm;

use crate::config::{ConfigMistake, ConfigMistakes, Secret};
use crate::error::TargetError;

/// How far apart in seconds two clocks may be; RFC 8945 §10 recommends 300.
pub(super) const FUDGE: u16 = 300;

/// A key, ready to sign.
pub(super) struct Key {
    signer: TSigner,
    name: String,
}

/// A signed request.
pub(super) struct Request {
    pub(super) bytes: Vec<u8>,
    id: u16,
    mac: Vec<u8>,
}

/// An answer whose signature holds.
pub(super) struct Reply {
    pub(super) message: Message,
    /// The server's clock minus ours, in seconds.
    pub(super) skew: i64,
}

impl Key {
    pub(super) fn new(name: &Name, algorithm: TsigAlgorithm, secret: &Secret) -> Result<Self, ConfigMistakes> {
        let algorithm = match algorithm {
            TsigAlgorithm::HmacSha256 => Algorithm::HmacSha256,
            TsigAlgorithm::HmacSha384 => Algorithm::HmacSha384,
            TsigAlgorithm::HmacSha512 => Algorithm::HmacSha512,
        };
        let text = name.to_ascii().trim_end_matches('.').to_owned();
        let mistake = |error: hickory_proto::dnssec::DnsSecError| {
            ConfigMistakes(vec![ConfigMistake::KeyName { name: text.clone(), why: error.to_string() }])
        };
        // Servers compare key names in canonical form (RFC 8945 §4.3.3): lower case.
        let signer = TSigner::new(secret.bytes().to_vec(), algorithm, name.to_lowercase(), FUDGE).map_err(mistake)?;
        Ok(Self { signer, name: text })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Signs a request as of `now`.
    pub(super) fn sign(&self, mut message: Message, now: u64) -> Result<Request, String> {
        message.finalize(&self.signer, now).map_err(|error| error.to_string())?;
        let mac = message.signature().map(|record| record.data.mac.clone()).unwrap_or_default();
        let bytes = message.to_vec().map_err(|error| error.to_string())?;
        Ok(Request { bytes, id: message.metadata.id, mac })
    }

    /// Believes an answer only when it is signed for this very request, within the time window.
    ///
    /// The library checks key and MAC and leaves the window to us. BADKEY and BADSIG can't be signed (§5.3.2): they
    /// are taken as what they say, since a server that can't check our signature has done nothing.
    pub(super) fn open(&self, request: &Request, bytes: &[u8], now: u64, server: &str) -> Result<Reply, TargetError> {
        let untrusted = |why: &str| TargetError::Untrusted { server: server.to_owned(), why: why.to_owned() };
        let message = Message::from_vec(bytes).map_err(|error| untrusted(&error.to_string()))?;
        if message.metadata.id != request.id {
            return Err(untrusted("it answers another request"));
        }
        let Some(signature) = message.signature() else {
            let code = message.metadata.response_code;
            return Err(untrusted(&format!("it is not signed ({code})")));
        };
        let refused = message.metadata.response_code == ResponseCode::NotAuth;
        match signature.data.error {
            Some(TsigError::BadKey) if refused => {
                return Err(self.refused(server, "BADKEY, it knows no key of this name and algorithm"));
            }
            Some(TsigError::BadSig) if refused => {
                return Err(self.refused(server, "BADSIG, its secret for this key is another one"));
            }
            _ => {}
        }
        let checked = self.signer.verify_message_byte(bytes, Some(&request.mac), true);
        let (_, signed_at, _) = checked.map_err(|error| untrusted(&format!("its signature is wrong: {error}")))?;
        if signature.data.error == Some(TsigError::BadTime) {
            let seconds = skew(server_time(&signature.data).unwrap_or(signed_at), now);
            return Err(TargetError::ClockSkew { server: server.to_owned(), seconds });
        }
        let skew = skew(signed_at, now);
        if skew.unsigned_abs() > u64::from(FUDGE) {
            return Err(TargetError::ClockSkew { server: server.to_owned(), seconds: skew });
        }
        Ok(Reply { message, skew })
    }

    fn refused(&self, server: &str, why: &'static str) -> TargetError {
        TargetError::KeyRefused { server: server.to_owned(), key: self.name.clone(), why }
    }
}

/// The server's clock in a BADTIME answer: 48 bits of seconds (RFC 8945 §5.2.3).
fn server_time(signature: &TSIG) -> Option<u64> {
    let six: [u8; 6] = signature.other.as_slice().try_into().ok()?;
    Some(six.iter().fold(0, |time, byte| (time << 8) | u64::from(*byte)))
}

fn skew(theirs: u64, ours: u64) -> i64 {
    i64::try_from(i128::from(theirs) - i128::from(ours)).unwrap_or(i64::MAX)
}
