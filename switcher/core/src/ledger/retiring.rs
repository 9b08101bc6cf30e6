//! The end of a color in the ledger: the point of no return, and how far its retirement is (SWITCH §10). Only `teal retire`
//! writes these; a switcher keeps them.

use super::{Course, Ledger, Phase, Task};
use crate::color::Color;
use crate::order::Verb;
use crate::step::Reason;

/// Hex digits of a retirement's id that are random; what follows them tells which cluster it is about.
const RANDOM: usize = 16;

/// A retirement under way, as a ledger tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retirement {
    /// The color that goes, by this Switch's name for it.
    pub color: Color,
    /// How far it is.
    pub stage: Stage,
    /// When the cluster may be deleted; Unix milliseconds; `0` while it is not known to be stopped.
    pub until_ms: u64,
    /// Who retires it.
    pub by: String,
    /// Names the retirement in every ledger it touches, from one stop to the next.
    pub op: String,
}

impl Retirement {
    /// A retirement's id. `cluster`: fingerprint of the cluster that was judged, in hex, when ARM tells one.
    #[must_use]
    pub fn id(random: u64, cluster: Option<&str>) -> String {
        format!("{random:016x}{}", cluster.unwrap_or_default())
    }

    /// Fingerprint of the cluster that was judged; `None` when none was told.
    #[must_use]
    pub fn cluster(&self) -> Option<&str> {
        self.op.get(RANDOM..).filter(|rest| !rest.is_empty())
    }
}

/// How far a retirement is; later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// No way back any more; the cluster was started again, and what was proved before does not count any more.
    Proving,
    /// No way back any more, and the drain is proved; the cluster is to be stopped.
    Stopping,
    /// It is stopped, and whoever still needs it has time to scream.
    Screaming,
    /// It is to be deleted; not even starting it again is possible.
    Deleting,
}

/// Why a ledger can't begin to retire a color.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RetireRefusal {
    /// A move is under way, or it is parked.
    #[error("it is {phase}: only a Switch at rest lets a color go")]
    NotSteady {
        /// The phase.
        phase: Phase,
    },
    /// The color serves.
    #[error("{color} is live")]
    Live {
        /// The color.
        color: Color,
    },
    /// An operator's word stands in it.
    #[error("`{verb}` of {actor} stands in the ledger: {reason}")]
    Ordered {
        /// The word.
        verb: &'static str,
        /// Whose.
        actor: String,
        /// Why.
        reason: String,
    },
    /// Another color goes first.
    #[error("{color} is being retired already: one after the other")]
    Another {
        /// The other color.
        color: Color,
    },
}

impl Ledger {
    /// The retirement under way; `None` in every other phase.
    #[must_use]
    pub fn retirement(&self) -> Option<Retirement> {
        let course = self.course.as_ref().filter(|_| self.phase == Phase::Retiring)?;
        let stage = match self.task {
            Task::Proving => Stage::Proving,
            Task::Screaming => Stage::Screaming,
            Task::Deleting => Stage::Deleting,
            _ => Stage::Stopping,
        };
        let by = self.holder.clone().unwrap_or_default();
        let (color, op) = (course.from.clone(), self.op.clone());
        Some(Retirement { color, stage, until_ms: self.times.deadline_ms, by, op })
    }

    /// May this ledger let `color` go, or has it already?
    ///
    /// # Errors
    /// See [`RetireRefusal`].
    pub fn lets_go(&self, color: &Color) -> Result<(), RetireRefusal> {
        if let Some(order) = &self.order {
            let (verb, actor, reason) = (order.verb.as_str(), order.actor.clone(), order.reason.clone());
            return Err(RetireRefusal::Ordered { verb, actor, reason });
        }
        if self.active == *color {
            return Err(RetireRefusal::Live { color: color.clone() });
        }
        match self.retirement() {
            Some(under_way) if under_way.color == *color => Ok(()),
            Some(under_way) => Err(RetireRefusal::Another { color: under_way.color }),
            None if self.phase == Phase::Steady => Ok(()),
            None => Err(RetireRefusal::NotSteady { phase: self.phase }),
        }
    }

    /// The next ledger at the point of no return: from here on `undo` refuses and no move begins. `op` names the
    /// retirement in every ledger it touches.
    ///
    /// # Errors
    /// See [`RetireRefusal`]; one that is there already is no error, and stays as it is.
    pub fn retire(&self, color: &Color, by: &str, op: &str, now_ms: u64) -> Result<Self, RetireRefusal> {
        self.lets_go(color)?;
        if self.retirement().is_some() {
            return Ok(self.clone());
        }
        let mut next = self.next(now_ms);
        next.course = Some(Course { from: color.clone(), to: self.active.clone() });
        next.holder = Some(by.to_owned());
        next.op = op.to_owned();
        Ok(next.enter(Phase::Retiring, Task::Stopping, Some(Reason::Drain)))
    }

    /// The cluster is stopped: it may be deleted at `until_ms`.
    #[must_use]
    pub fn stopped(&self, until_ms: u64, now_ms: u64) -> Self {
        let mut next = self.next(now_ms).task(Task::Screaming, Some(Reason::Drain));
        next.times.deadline_ms = until_ms;
        next
    }

    /// The cluster runs again, or is to: the stop that was noted does not count any more, nor does the proof of drain
    /// before it. `op`: a new one, so that no time that another ledger still tells of the old stop is taken for the next
    /// one's.
    #[must_use]
    pub fn reopened(&self, op: &str, now_ms: u64) -> Self {
        let mut next = self.next(now_ms).task(Task::Proving, Some(Reason::Drain));
        next.times.deadline_ms = 0;
        next.op = op.to_owned();
        next
    }

    /// The drain is proved anew: the next stop counts, whoever stops it. `op`: one for all ledgers of that stop.
    #[must_use]
    pub fn proved(&self, op: &str, now_ms: u64) -> Self {
        let mut next = self.next(now_ms).task(Task::Stopping, Some(Reason::Drain));
        next.op = op.to_owned();
        next
    }

    /// The cluster is about to be deleted.
    #[must_use]
    pub fn condemned(&self, now_ms: u64) -> Self {
        self.next(now_ms).task(Task::Deleting, Some(Reason::Drain))
    }

    /// The retirement has ended, by deletion or because the cluster was started again: Steady, with nothing to undo. A
    /// cluster of the old name is a new one: traffic goes there only by a commit, and through every gate. The kill switch
    /// stays as it is.
    #[must_use]
    pub fn retired(&self, now_ms: u64) -> Self {
        let mut next = self.next(now_ms).rest(Phase::Steady);
        next.course = None;
        next.order = self.order.clone().filter(|order| order.verb == Verb::Hold);
        next
    }
}
