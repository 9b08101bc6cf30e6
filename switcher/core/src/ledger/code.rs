//! The ledger as text: JSON with short keys and a version, small enough for a record's metadata.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::{Course, Digest, Fleet, Ledger, Parked, ParkedWhy, Phase, Task, Times, TtlHistory};
use crate::color::Color;
use crate::order::{Order, Verb};
use crate::step::Reason;

/// The newest version this build writes and reads.
pub const VERSION: u32 = 1;

/// Why a ledger can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// A newer switcher wrote it.
    #[error(
        "the ledger has version {found}, this switcher reads up to {VERSION}; update this switcher, it writes nothing until then"
    )]
    Newer {
        /// The version found.
        found: u32,
    },
    /// Not a ledger.
    #[error("the ledger can't be read: {why}; delete it once it is known who wrote it, and restart the switchers")]
    Malformed {
        /// What is wrong.
        why: String,
    },
}

impl LedgerError {
    /// Closed CamelCase set.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Newer { .. } => "LedgerNewer",
            Self::Malformed { .. } => "LedgerMalformed",
        }
    }
}

#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

/// Digest and attempt of the declaration refused; left out when they are the ledger's own.
type Refused = (String, u32);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    v: u32,
    l: String,
    e: u64,
    p: String,
    t: String,
    a: Color,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<(Color, Color)>,
    d: String,
    g: String,
    n: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    w: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    h: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    o: String,
    /// written, then the others as distances: entered, entered epoch, deadline, shifted.
    x: (u64, i64, u64, i64, i64),
    #[serde(default, skip_serializing_if = "Option::is_none")]
    f: Option<(String, String)>,
    m: (u32, i64, u64),
    #[serde(default, skip_serializing_if = "Option::is_none")]
    z: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r: Option<(String, String, String, u64, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    k: Option<(String, String, Option<Refused>)>,
}

impl Ledger {
    /// The text form.
    ///
    /// # Errors
    /// Never in practice; serialising is fallible by its signature.
    pub fn encode(&self) -> Result<String, LedgerError> {
        serde_json::to_string(&Wire::of(self)).map_err(|error| LedgerError::Malformed { why: error.to_string() })
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// A newer version, or anything that is no ledger of this version.
    pub fn decode(text: &str) -> Result<Self, LedgerError> {
        let malformed = |error: serde_json::Error| LedgerError::Malformed { why: error.to_string() };
        let Versioned { v } = serde_json::from_str(text).map_err(malformed)?;
        if v > VERSION {
            return Err(LedgerError::Newer { found: v });
        }
        let wire: Wire = serde_json::from_str(text).map_err(malformed)?;
        wire.read().ok_or_else(|| LedgerError::Malformed { why: "a word or id in it is unknown".to_owned() })
    }
}

impl Wire {
    fn of(ledger: &Ledger) -> Self {
        let times = ledger.times;
        let near = |ms: u64| distance(ms, times.written_ms);
        let parked = |parked: &Parked| {
            let same = parked.digest == ledger.digest && parked.attempt == ledger.attempt;
            let refused = (!same).then(|| (parked.digest.as_str().to_owned(), parked.attempt));
            (parked.why.as_str().to_owned(), parked.note.clone(), refused)
        };
        let order = |order: &Order| {
            let set_aside = order.set_aside.as_str().to_owned();
            (order.verb.as_str().to_owned(), order.actor.clone(), order.reason.clone(), order.expires_ms, set_aside)
        };
        Self {
            v: VERSION,
            l: ledger.lineage.clone(),
            e: ledger.epoch,
            p: ledger.phase.as_str().to_owned(),
            t: ledger.task.as_str().to_owned(),
            a: ledger.active.clone(),
            c: ledger.course.as_ref().map(|course| (course.from.clone(), course.to.clone())),
            d: ledger.digest.as_str().to_owned(),
            g: pack(&ledger.revision),
            n: ledger.attempt,
            w: ledger.wait.map(|reason| reason.as_str().to_owned()),
            h: ledger.holder.clone(),
            o: ledger.op.clone(),
            x: (
                times.written_ms,
                near(times.entered_ms),
                times.entered,
                near(times.deadline_ms),
                near(times.shifted_ms),
            ),
            f: ledger.fleet.as_ref().map(|fleet| (pack(&fleet.commit), fleet.digest.as_str().to_owned())),
            m: (ledger.ttl.largest, near(ledger.ttl.lowered_ms), ledger.ttl.lowered),
            z: ledger.freeze_until_ms.map(near),
            r: ledger.order.as_ref().map(order),
            k: ledger.parked.as_ref().map(parked),
        }
    }

    fn read(self) -> Option<Ledger> {
        let (written_ms, entered_ms, entered, deadline_ms, shifted_ms) = self.x;
        let far = |near: i64| written_ms.checked_add_signed(near);
        let digest = Digest::of(&self.d);
        let parked = match self.k {
            None => None,
            Some((why, note, refused)) => {
                let (refused, attempt) = refused.unwrap_or((self.d.clone(), self.n));
                Some(Parked { why: ParkedWhy::from_word(&why)?, note, digest: Digest::of(&refused), attempt })
            }
        };
        let order = match self.r {
            None => None,
            Some((verb, actor, reason, expires_ms, set_aside)) => {
                let set_aside = Digest::of(&set_aside);
                Some(Order { verb: Verb::from_word(&verb)?, actor, reason, expires_ms, set_aside })
            }
        };
        let fleet = match self.f {
            None => None,
            Some((commit, digest)) => Some(Fleet { commit: unpack(&commit)?, digest: Digest::of(&digest) }),
        };
        let wait = match self.w {
            None => None,
            Some(word) => Some(Reason::from_word(&word)?),
        };
        let freeze_until_ms = match self.z {
            None => None,
            Some(near) => Some(far(near)?),
        };
        Some(Ledger {
            lineage: self.l,
            epoch: self.e,
            phase: Phase::from_word(&self.p)?,
            task: Task::from_word(&self.t)?,
            active: self.a,
            course: self.c.map(|(from, to)| Course { from, to }),
            digest,
            revision: unpack(&self.g)?,
            attempt: self.n,
            wait,
            holder: self.h,
            op: self.o,
            times: Times {
                entered_ms: far(entered_ms)?,
                entered,
                deadline_ms: far(deadline_ms)?,
                shifted_ms: far(shifted_ms)?,
                written_ms,
            },
            fleet,
            ttl: TtlHistory { largest: self.m.0, lowered_ms: far(self.m.1)?, lowered: self.m.2 },
            freeze_until_ms,
            order,
            parked,
        })
    }
}

/// Times are written as distances from the last write: fewer digits.
fn distance(ms: u64, from_ms: u64) -> i64 {
    // Unix milliseconds fit an i64 for the next 292 million years.
    ms.wrapping_sub(from_ms).cast_signed()
}

/// A hex id in fewer characters; anything else as it is, behind a colon.
fn pack(id: &str) -> String {
    let lower = id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    match hex::decode(id) {
        Ok(bytes) if lower => URL_SAFE_NO_PAD.encode(bytes),
        _ => format!(":{id}"),
    }
}

fn unpack(packed: &str) -> Option<String> {
    match packed.strip_prefix(':') {
        Some(plain) => Some(plain.to_owned()),
        None => URL_SAFE_NO_PAD.decode(packed).ok().map(hex::encode),
    }
}
