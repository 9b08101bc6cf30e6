//! What a ledger means, and how the next one is made.

use super::{Course, Ledger, Parked, ParkedWhy, Phase, Routing, Task, Times, TtlHistory};
use crate::color::{Color, Role};
use crate::declaration::Declaration;
use crate::step::Reason;

/// Characters of a note that are kept, so that the ledger stays small.
const NOTE: usize = 64;

impl Ledger {
    /// The first ledger of a record that already routes to `active`: Steady, epoch 1.
    pub fn first(lineage: impl Into<String>, active: Color, declared: &Declaration, ttl: u32, now_ms: u64) -> Self {
        Self {
            lineage: lineage.into(),
            epoch: 1,
            phase: Phase::Steady,
            task: Task::Rest,
            active,
            course: None,
            digest: declared.digest.clone(),
            revision: declared.revision.clone(),
            attempt: declared.attempt,
            wait: None,
            holder: None,
            op: String::new(),
            times: Times { entered_ms: now_ms, entered: 1, written_ms: now_ms, ..Times::default() },
            fleet: None,
            // Nothing is known of the time before: caches may hold the policy's maximum until that has passed.
            ttl: TtlHistory { largest: ttl.max(seconds(declared.policy.ttl_max)), lowered_ms: now_ms, lowered: 1 },
            routing: Routing::default(),
            freeze_until_ms: None,
            order: None,
            parked: None,
            owner: super::owner(&declared.name),
        }
    }

    /// The same with the next epoch, written at `now_ms`.
    #[must_use]
    pub fn next(&self, now_ms: u64) -> Self {
        let mut next = self.clone();
        next.epoch = self.epoch.saturating_add(1);
        next.times.written_ms = now_ms;
        next
    }

    /// Enters a phase: measured from this epoch on.
    #[must_use]
    pub fn enter(mut self, phase: Phase, task: Task, wait: Option<Reason>) -> Self {
        self.phase = phase;
        self.task = task;
        self.wait = wait;
        self.times.entered = self.epoch;
        self.times.entered_ms = self.times.written_ms;
        self.times.deadline_ms = 0;
        self
    }

    /// Goes on to a task of the same phase.
    #[must_use]
    pub fn task(mut self, task: Task, wait: Option<Reason>) -> Self {
        self.task = task;
        self.wait = wait;
        self
    }

    /// Takes the declaration as the one acted on.
    #[must_use]
    pub fn acting_on(mut self, declared: &Declaration) -> Self {
        self.digest = declared.digest.clone();
        self.revision = declared.revision.clone();
        self.attempt = declared.attempt;
        self.owner = super::owner(&declared.name);
        self
    }

    /// Remembers why this declaration is refused.
    #[must_use]
    pub fn refusing(mut self, why: ParkedWhy, note: &str) -> Self {
        let note = note.chars().take(NOTE).collect();
        self.parked = Some(Parked { why, note, digest: self.digest.clone(), attempt: self.attempt });
        self
    }

    /// Comes to rest: no holder, no opId, no F, no freeze. The course stays, for `undo`.
    #[must_use]
    pub fn rest(mut self, phase: Phase) -> Self {
        self.holder = None;
        self.op = String::new();
        self.fleet = None;
        self.freeze_until_ms = None;
        self.routing = Routing::default();
        if phase == Phase::Steady {
            self.parked = None;
            self.order = None;
        }
        let wait = (phase == Phase::Parked).then_some(Reason::Parked);
        self.enter(phase, Task::Rest, wait)
    }

    /// Is this declaration the one that was refused (G5)?
    #[must_use]
    pub fn refuses(&self, declared: &Declaration) -> bool {
        self.parked
            .as_ref()
            .is_some_and(|parked| parked.digest == declared.digest && parked.attempt == declared.attempt)
    }

    /// The role each color should have now: the color that is live is active, but while the old one stands down, when
    /// none is. The role goes with the write that moves all traffic, whatever the targets after it still need; while
    /// traffic is shared the old color keeps it.
    #[must_use]
    pub fn role_of(&self, color: &Color) -> Role {
        let handing_over = matches!((self.phase, self.task), (Phase::Preparing | Phase::Shifting, Task::StandingDown));
        if color == self.lead() && !handing_over { Role::Active } else { Role::Standby }
    }

    /// The color that has the active role, and that whatever can't weigh routes to: the live one, and while traffic is
    /// shared the old one.
    #[must_use]
    pub fn lead(&self) -> &Color {
        match self.other() {
            Some(other) if self.routing.share < 100 => other,
            _ => &self.active,
        }
    }

    /// The color whose switcher drives what comes next: where traffic is going, or is.
    #[must_use]
    pub fn driver(&self) -> &Color {
        match (&self.course, self.phase) {
            (Some(course), Phase::Preparing) => &course.to,
            _ => &self.active,
        }
    }

    /// The color that traffic would go back to.
    #[must_use]
    pub fn other(&self) -> Option<&Color> {
        let Course { from, to } = self.course.as_ref()?;
        if *from == self.active { Some(to) } else { Some(from) }
    }
}

/// Whole seconds, rounded up: a wait is late, never early.
pub(crate) fn seconds(duration: std::time::Duration) -> u32 {
    let whole = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    u32::try_from(whole).unwrap_or(u32::MAX)
}
