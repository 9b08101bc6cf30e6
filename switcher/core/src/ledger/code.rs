//! The ledger as text: JSON with short keys and a version, small enough for a record's metadata.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::{Course, Digest, Fleet, Ledger, Parked, ParkedWhy, Phase, Routing, Task, Times, TtlHistory};
use crate::color::Color;
use crate::declaration::Declaration;
use crate::order::{Order, Verb};
use crate::step::Reason;

/// The newest version this build writes and reads. Ids and digests are packed since 2.
pub const VERSION: u32 = 2;

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
    /// It has no room where it is kept.
    #[error(
        "the ledger needs {size} bytes where {limit} fit; shorten the colors' names and the switcher's identity, or give it a record of its own"
    )]
    TooLarge {
        /// Bytes needed.
        size: usize,
        /// Bytes that fit.
        limit: usize,
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
            Self::TooLarge { .. } => "LedgerTooLarge",
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
    /// share, routed, stage; left out where all traffic and every target are as the rest says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    q: Option<(u8, u8, u8)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    z: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r: Option<(String, String, String, u64, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    k: Option<(String, String, Option<Refused>)>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    s: String,
}

impl Ledger {
    /// The text form.
    ///
    /// # Errors
    /// Never in practice; serialising is fallible by its signature.
    pub fn encode(&self) -> Result<String, LedgerError> {
        serde_json::to_string(&Wire::of(self)).map_err(|error| LedgerError::Malformed { why: error.to_string() })
    }

    /// The text form in at most `limit` bytes: words for people are cut short until it fits, facts never.
    ///
    /// # Errors
    /// When the facts alone are longer.
    pub fn encode_within(&self, limit: usize) -> Result<String, LedgerError> {
        let mut size = 0;
        for kept in [usize::MAX, 64, 32, 16, 8, 0] {
            let text = self.with_words_of(kept).encode()?;
            if text.len() <= limit {
                return Ok(text);
            }
            size = text.len();
        }
        Err(LedgerError::TooLarge { size, limit })
    }

    /// The same with every word for people cut to so many characters.
    fn with_words_of(&self, kept: usize) -> Self {
        let cut = |text: &mut String| *text = text.chars().take(kept).collect();
        let mut ledger = self.clone();
        if let Some(parked) = &mut ledger.parked {
            cut(&mut parked.note);
        }
        if let Some(order) = &mut ledger.order {
            cut(&mut order.reason);
            cut(&mut order.actor);
        }
        ledger
    }

    /// Bytes that the ledger of this declaration may need at most, without words for people: it must fit where it is
    /// kept before a move begins, not in the middle of one.
    ///
    /// # Errors
    /// As [`Ledger::encode`].
    pub fn most(declared: &Declaration, identity: &str) -> Result<usize, LedgerError> {
        let far = 4_102_444_800_000;
        let longest = declared.colors.iter().max_by_key(|color| color.as_str().len()).unwrap_or(&declared.active);
        let hex = |length: usize| "f".repeat(length);
        let digest = Digest::of(&hex(16));
        let mut ledger = Self::first(hex(16), longest.clone(), declared, 604_800, far);
        ledger.epoch = 9_999_999;
        ledger.course = Some(Course { from: longest.clone(), to: longest.clone() });
        ledger.revision = hex(40);
        (ledger.holder, ledger.op) = (Some(identity.to_owned()), hex(16));
        ledger.fleet = Some(Fleet { commit: hex(40), digest: digest.clone() });
        let days = 30 * 86_400_000;
        (ledger.times.entered_ms, ledger.times.shifted_ms) = (far - days, far - days);
        (ledger.times.entered, ledger.times.deadline_ms) = (ledger.epoch, far + days);
        ledger.ttl.lowered_ms = far - days;
        ledger.ttl.lowered = ledger.epoch;
        if !declared.followers.is_empty() || !declared.stages.is_empty() {
            ledger.routing = Routing { share: 99, routed: 99, stage: 99 };
        }
        ledger.freeze_until_ms = declared.policy.freeze.map(|_| far + days);
        ledger.phase = Phase::RollingBack;
        (ledger.task, ledger.wait) = (Task::Propagating, Some(Reason::Propagation));
        let (actor, reason) = (String::new(), String::new());
        // The emergency lane must find room, too.
        let verb = Verb::Undo;
        ledger.order = Some(Order { verb, actor, reason, expires_ms: far, set_aside: digest.clone() });
        let why = ParkedWhy::TargetFailed;
        ledger.parked = Some(Parked { why, note: String::new(), digest, attempt: ledger.attempt });
        Ok(ledger.encode()?.len())
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
            let refused = (!same).then(|| (pack(parked.digest.as_str()), parked.attempt));
            (parked.why.as_str().to_owned(), parked.note.clone(), refused)
        };
        let order = |order: &Order| {
            let set_aside = pack(order.set_aside.as_str());
            (order.verb.as_str().to_owned(), order.actor.clone(), order.reason.clone(), order.expires_ms, set_aside)
        };
        Self {
            v: VERSION,
            l: pack(&ledger.lineage),
            e: ledger.epoch,
            p: ledger.phase.as_str().to_owned(),
            t: ledger.task.as_str().to_owned(),
            a: ledger.active.clone(),
            c: ledger.course.as_ref().map(|course| (course.from.clone(), course.to.clone())),
            d: pack(ledger.digest.as_str()),
            g: pack(&ledger.revision),
            n: ledger.attempt,
            w: ledger.wait.map(|reason| reason.as_str().to_owned()),
            h: ledger.holder.clone(),
            o: pack(&ledger.op),
            x: (
                times.written_ms,
                near(times.entered_ms),
                times.entered,
                near(times.deadline_ms),
                near(times.shifted_ms),
            ),
            f: ledger.fleet.as_ref().map(|fleet| (pack(&fleet.commit), pack(fleet.digest.as_str()))),
            m: (ledger.ttl.largest, near(ledger.ttl.lowered_ms), ledger.ttl.lowered),
            q: (ledger.routing != Routing::default()).then_some({
                let Routing { share, routed, stage } = ledger.routing;
                (share, routed, stage)
            }),
            z: ledger.freeze_until_ms.map(near),
            r: ledger.order.as_ref().map(order),
            k: ledger.parked.as_ref().map(parked),
            s: ledger.owner.clone(),
        }
    }

    fn read(self) -> Option<Ledger> {
        let (written_ms, entered_ms, entered, deadline_ms, shifted_ms) = self.x;
        let far = |near: i64| written_ms.checked_add_signed(near);
        let id = |text: &str| if self.v < 2 { Some(text.to_owned()) } else { unpack(text) };
        let digest = Digest::of(&id(&self.d)?);
        let parked = match self.k {
            None => None,
            Some((why, note, refused)) => {
                let (refused, attempt) = refused.unwrap_or((self.d.clone(), self.n));
                Some(Parked { why: ParkedWhy::from_word(&why)?, note, digest: Digest::of(&id(&refused)?), attempt })
            }
        };
        let order = match self.r {
            None => None,
            Some((verb, actor, reason, expires_ms, set_aside)) => {
                let set_aside = Digest::of(&id(&set_aside)?);
                Some(Order { verb: Verb::from_word(&verb)?, actor, reason, expires_ms, set_aside })
            }
        };
        let routing = self.q.map_or_else(Routing::default, |(share, routed, stage)| Routing { share, routed, stage });
        if !(1..=100).contains(&routing.share) {
            return None;
        }
        let fleet = match self.f {
            None => None,
            Some((commit, digest)) => Some(Fleet { commit: unpack(&commit)?, digest: Digest::of(&id(&digest)?) }),
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
            lineage: id(&self.l)?,
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
            op: id(&self.o)?,
            times: Times {
                entered_ms: far(entered_ms)?,
                entered,
                deadline_ms: far(deadline_ms)?,
                shifted_ms: far(shifted_ms)?,
                written_ms,
            },
            fleet,
            ttl: TtlHistory { largest: self.m.0, lowered_ms: far(self.m.1)?, lowered: self.m.2 },
            routing,
            freeze_until_ms,
            order,
            parked,
            owner: self.s,
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
