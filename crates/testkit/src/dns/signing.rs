//! TSIG keys, and the server's side of their signatures (RFC 8945).

use std::fmt;

use anyhow::{Context, Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::TSIG;
use hickory_proto::rr::rdata::tsig::{TsigAlgorithm, TsigError, make_tsig_record};
use hickory_proto::rr::{Name, TSigner};
use ring::rand::{SecureRandom, SystemRandom};

/// How far apart clocks may be, in seconds.
const FUDGE: u16 = 300;

/// Digests that a key can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// hmac-sha256.
    HmacSha256,
    /// hmac-sha384.
    HmacSha384,
    /// hmac-sha512.
    HmacSha512,
}

impl Algorithm {
    /// As name servers write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HmacSha256 => "hmac-sha256",
            Self::HmacSha384 => "hmac-sha384",
            Self::HmacSha512 => "hmac-sha512",
        }
    }
}

/// A TSIG key. Its secret is never printed.
#[derive(Clone)]
pub struct Key {
    /// Name, without a last dot.
    pub name: String,
    /// Digest.
    pub algorithm: Algorithm,
    /// May it change the zone? Without, its signatures are known but every update is refused.
    pub may_update: bool,
    secret: Vec<u8>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, {})", self.name, self.algorithm.name())
    }
}

impl Key {
    /// A fresh hmac-sha256 key that may change the zone.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate(name: &str) -> Result<Self> {
        let mut secret = vec![0; 32];
        SystemRandom::new().fill(&mut secret).map_err(|_| anyhow!("no randomness for a key"))?;
        Ok(Self { name: name.to_owned(), algorithm: Algorithm::HmacSha256, may_update: true, secret })
    }

    /// The same key with another digest.
    #[must_use]
    pub fn with(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// The same key without the right to change anything.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.may_update = false;
        self
    }

    /// The secret bytes.
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// The secret as name servers and Secrets have it.
    #[must_use]
    pub fn base64(&self) -> String {
        STANDARD.encode(&self.secret)
    }

    fn signer(&self) -> Result<TSigner> {
        let algorithm = match self.algorithm {
            Algorithm::HmacSha256 => TsigAlgorithm::HmacSha256,
            Algorithm::HmacSha384 => TsigAlgorithm::HmacSha384,
            Algorithm::HmacSha512 => TsigAlgorithm::HmacSha512,
        };
        let name = Name::from_ascii(format!("{}.", self.name)).context("key name")?;
        TSigner::new(self.secret.clone(), algorithm, name, FUDGE).map_err(|error| anyhow!("key {}: {error}", self.name))
    }
}

/// The keys a server knows.
pub(super) struct Keys(Vec<(TSigner, bool)>);

/// What a request's signature says, and how to sign the answer.
pub(super) enum Verdict {
    /// There is none.
    Unsigned,
    /// It holds.
    Signed { may_update: bool, answer: Signature },
    /// It does not: the answer tells why.
    Refused { answer: Signature },
}

/// How an answer is to be signed.
pub(super) struct Signature {
    signer: Option<TSigner>,
    name: Name,
    request_mac: Vec<u8>,
    stub: TSIG,
}

impl Keys {
    pub(super) fn new(keys: &[Key]) -> Result<Self> {
        keys.iter().map(|key| Ok((key.signer()?, key.may_update))).collect::<Result<_>>().map(Self)
    }

    /// Judges a request's signature as of `now`, in the order of RFC 8945 §5.2: key, MAC, time.
    pub(super) fn judge(&self, request: &Message, bytes: &[u8], now: u64) -> Verdict {
        let Some(signature) = request.signature() else { return Verdict::Unsigned };
        let tsig = &signature.data;
        let stub = |time: u64, error: Option<TsigError>, other: Vec<u8>| {
            TSIG::new(tsig.algorithm.clone(), time, FUDGE, Vec::new(), tsig.oid, error, other)
        };
        let unsigned = |error| Signature {
            signer: None,
            name: signature.name.clone(),
            request_mac: Vec::new(),
            stub: stub(now, Some(error), Vec::new()),
        };
        let known = self
            .0
            .iter()
            .find(|(signer, _)| *signer.signer_name() == signature.name && *signer.algorithm() == tsig.algorithm);
        let Some((signer, may_update)) = known else {
            return Verdict::Refused { answer: unsigned(TsigError::BadKey) };
        };
        if signer.verify_message_byte(bytes, None, true).is_err() {
            return Verdict::Refused { answer: unsigned(TsigError::BadSig) };
        }
        let signed = |stub| Signature {
            signer: Some(signer.clone()),
            name: signature.name.clone(),
            request_mac: tsig.mac.clone(),
            stub,
        };
        if now.abs_diff(tsig.time) > u64::from(tsig.fudge) {
            // §5.2.3: signed with the client's own time, so that it can check it; ours goes beside it, in 48 bits.
            let ours = now.to_be_bytes().get(2..).map(<[u8]>::to_vec).unwrap_or_default();
            return Verdict::Refused { answer: signed(stub(tsig.time, Some(TsigError::BadTime), ours)) };
        }
        Verdict::Signed { may_update: *may_update, answer: signed(stub(now, None, Vec::new())) }
    }
}

impl Signature {
    /// Signs the answer and encodes it.
    pub(super) fn seal(self, mut answer: Message) -> Result<Vec<u8>> {
        if self.stub.error.is_some() {
            answer.metadata.response_code = ResponseCode::NotAuth;
        }
        let stub = match &self.signer {
            None => self.stub,
            Some(signer) => {
                let bytes = signer.encode_response_tbs(&self.request_mac, &answer.to_vec()?, &self.stub)?;
                let mac = signer.sign(&bytes).map_err(|error| anyhow!("sign: {error}"))?;
                self.stub.set_mac(mac)
            }
        };
        answer.set_signature(Box::new(make_tsig_record(self.name, stub)));
        Ok(answer.to_vec()?)
    }
}
