//! What declaration, observation and ledger say together.

use std::time::Duration;

use crate::color::Color;
use crate::declaration::{Declaration, Policy, Stage};
use crate::gate::Standing;
use crate::health::{Health, Proof};
use crate::ledger::{Ledger, ParkedWhy, Phase, Routing, Task};
use crate::observation::{Observation, Relation, Value};
use crate::step::{Alert, Change, Reason, Step, Wait};

/// Skew above which a switcher only watches (SWITCH §3).
const USELESS_SKEW: Duration = Duration::from_secs(30);

pub(super) struct View<'a> {
    pub(super) declared: &'a Declaration,
    pub(super) seen: &'a Observation,
    pub(super) ledger: &'a Ledger,
}

impl View<'_> {
    pub(super) fn policy(&self) -> &Policy {
        &self.declared.policy
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.seen.time.wall_ms
    }

    /// How long ago the phase was entered, as this observer knows it.
    pub(super) fn in_phase(&self) -> Duration {
        let times = &self.ledger.times;
        self.seen.watch.elapsed(times.entered, times.entered_ms, &self.seen.time)
    }

    /// How long ago the ledger was last written, by the own clock alone: what a takeover is measured by.
    pub(super) fn untouched(&self) -> Duration {
        self.seen.watch.since(self.ledger.epoch, self.seen.time.mono)
    }

    /// Can this declaration be acted on?
    pub(super) fn git_trusted(&self) -> bool {
        self.seen.git.relation.trusted()
    }

    /// Was history rewritten, by a fetch that can be believed?
    pub(super) fn rewritten(&self) -> bool {
        self.seen.git.relation == Relation::Diverged && self.seen.git.fresh
    }

    /// Does git, as far as it can be trusted, ask for the color that traffic came from?
    pub(super) fn git_asks_back(&self) -> bool {
        self.git_trusted() && self.ledger.other() == Some(&self.declared.active)
    }

    pub(super) fn clock_useless(&self) -> bool {
        self.seen.time.skew.is_some_and(|skew| skew > USELESS_SKEW)
    }

    // ---- the record

    pub(super) fn record_is_foreign(&self) -> bool {
        let value = &self.seen.record.value;
        *value != Value::LedgerOnly && *value != Value::Color(self.ledger.lead().clone())
    }

    /// What someone else changed, at the record or at another target.
    pub(super) fn foreign(&self) -> Option<String> {
        if self.record_is_foreign() {
            let (found, lead) = (self.found(), self.ledger.lead());
            return Some(format!("the record says {found} while the ledger says {lead}: someone else changed it"));
        }
        super::route::foreign(self).map(|what| format!("{what}: someone else changed it"))
    }

    /// What the record routes to, for people.
    pub(super) fn found(&self) -> String {
        self.seen.record.value.to_string()
    }

    /// The change that gives the present color this TTL; `None` when it has it.
    pub(super) fn with_ttl(&self, ttl: Duration) -> Option<Change> {
        let ttl = crate::ledger::seconds(ttl);
        if self.seen.record.ttl == ttl { None } else { self.lead_change(self.ledger.lead(), ttl) }
    }

    /// The change of the ledger's record; `None` when it routes nothing.
    pub(super) fn lead_change(&self, color: &Color, ttl: u32) -> Option<Change> {
        (self.seen.record.value != Value::LedgerOnly).then(|| Change { color: color.clone(), ttl })
    }

    /// The first task after traffic was ordered to move: the followers' turn, where there are any.
    pub(super) fn next_routing(&self) -> (Task, Routing) {
        if self.declared.followers.is_empty() {
            (Task::Propagating, Routing::default())
        } else {
            (Task::Routing, Routing { routed: 0, ..Routing::default() })
        }
    }

    // ---- who drives

    /// Does this switcher drive the move under way? The destination's does, or the holder; another one once the step
    /// is overdue. One that lives in no color drives everything.
    pub(super) fn drives(&self) -> bool {
        let me = &self.seen.me;
        if self.clock_useless() {
            return false;
        }
        if me.color.is_none() {
            return true;
        }
        match &self.ledger.holder {
            Some(holder) if *holder == me.identity => true,
            Some(_) => self.overdue(),
            None => me.color.as_ref() == Some(self.ledger.driver()) || self.untouched() >= self.patience(),
        }
    }

    /// Is this switcher the one that the ledger names?
    pub(super) fn holds(&self) -> bool {
        self.ledger.holder.as_deref() == Some(&self.seen.me.identity)
    }

    /// Must the move be claimed before driving it?
    pub(super) fn must_claim(&self) -> bool {
        self.seen.me.color.is_some() && !self.holds()
    }

    /// May this switcher start a move to `to`? Its own does; another one when that has had its chance.
    pub(super) fn may_start(&self, to: &Color) -> bool {
        match &self.seen.me.color {
            _ if self.clock_useless() => false,
            None => true,
            Some(color) => color == to || self.seen.git.known_for >= self.patience(),
        }
    }

    fn patience(&self) -> Duration {
        self.policy().step + self.policy().grace
    }

    pub(super) fn overdue(&self) -> bool {
        self.untouched() >= self.budget().saturating_add(self.policy().grace)
    }

    /// How long the present step may go without a write: its declared waits and the time for a step.
    pub(super) fn budget(&self) -> Duration {
        let policy = self.policy();
        let spreading = policy.bound + policy.ttl_moving;
        let waits = match (self.ledger.phase, self.ledger.task) {
            (Phase::Preparing, _) => policy.deadline,
            (Phase::Shifting | Phase::RollingBack, Task::Routing) => self.settling(),
            (Phase::Shifting, Task::Propagating) => spreading,
            (Phase::Shifting, Task::Holding) => self.hold_time(),
            (Phase::Draining, _) => policy.ttl_moving + policy.tail,
            (Phase::Soaking, Task::Watching) => policy.soak,
            (Phase::RollingBack, Task::Restoring) if self.ledger.routing != Routing::default() => self.settling(),
            (Phase::RollingBack, Task::Propagating) => spreading + policy.tail + policy.step,
            _ => Duration::ZERO,
        };
        waits.saturating_add(policy.step)
    }

    /// Longest that one follower may take, with the wait for what an earlier holder may have sent.
    fn settling(&self) -> Duration {
        self.declared.followers.iter().map(|one| one.settling + one.late).max().unwrap_or_default()
    }

    /// How long the present step of a gradual move lasts; a pause has no end.
    fn hold_time(&self) -> Duration {
        match self.declared.stages.get(usize::from(self.ledger.routing.stage)) {
            Some(Stage::Share(_, hold)) => *hold,
            Some(Stage::Pause) => Duration::MAX,
            None => Duration::ZERO,
        }
    }

    // ---- health

    /// Health as the law wants it: gates since the shift speak for the active color too.
    pub(super) fn health(&self) -> Health {
        let active = &self.ledger.active;
        let seen = self.seen.colors.get(active);
        let mut health = Health {
            active: self.seen.proof(active),
            other: self.ledger.other().map_or(Proof::Unknown, |other| self.seen.proof(other)),
            unknown_for: seen.map_or(Duration::ZERO, |seen| seen.unknown_for),
        };
        if !self.ledger.phase.shifted() {
            return health;
        }
        for gate in &self.seen.during {
            match gate.standing {
                Standing::Fail => health.active = Proof::Fail,
                Standing::Error | Standing::Inconclusive if health.active != Proof::Fail => {
                    let before = if health.active == Proof::Unknown { health.unknown_for } else { Duration::ZERO };
                    health.active = Proof::Unknown;
                    health.unknown_for = before.max(gate.since);
                }
                _ => {}
            }
        }
        health
    }

    /// Does the declared last resort let traffic go to a color that is unknown?
    pub(super) fn last_resort(&self) -> bool {
        let back = self.ledger.phase == Phase::RollingBack;
        back && self.policy().rollback.last_resort_other && self.seen.proof(&self.ledger.active) == Proof::Unknown
    }

    /// Is this color proven healthy now (G3)?
    pub(super) fn proven(&self, color: &Color) -> bool {
        self.seen.proof(color) == Proof::Ok
    }

    /// One line a color and a gate: what a decision rests on.
    pub(super) fn evidence(&self, mut step: Step) -> Step {
        for (color, seen) in &self.seen.colors {
            step = step.with(format!("{color} is {}: {}", seen.proof, seen.message));
        }
        if self.ledger.phase.shifted() {
            for gate in &self.seen.during {
                step = step.with(format!("gate {} is {}: {}", gate.name, gate.standing, gate.message));
            }
        }
        step
    }

    // ---- writes

    /// The next ledger; the newest trusted declaration is the one acted on, so that it is the one refused.
    pub(super) fn next(&self) -> Ledger {
        let next = self.ledger.next(self.now_ms());
        if self.git_trusted() { next.acting_on(self.declared) } else { next }
    }

    /// The next ledger, parked.
    pub(super) fn parked(&self, why: ParkedWhy, note: &str) -> Ledger {
        self.next().refusing(why, note).rest(Phase::Parked)
    }

    /// Takes the move from a holder that let its step pass.
    pub(super) fn take_over(&self) -> Step {
        let mut next = self.ledger.next(self.now_ms());
        next.holder = Some(self.seen.me.identity.clone());
        let old = self.ledger.holder.as_deref().unwrap_or("nobody");
        let why =
            format!("{old} let the step {} pass by; {} goes on", self.ledger.task.as_str(), self.seen.me.identity);
        Step::write(next, None, why)
    }

    /// Told while the own clock is too far off to drive by (SWITCH §3).
    pub(super) fn clock_alert(&self) -> Option<Alert> {
        let skew = self.seen.time.skew.filter(|_| self.clock_useless())?;
        let message = format!("the clock of {} is {} s off the target's: it only watches", self.me(), skew.as_secs());
        Some(Alert::new("ClockSkew", message, "set the clock on the wrong side; until then it only takes a move back"))
    }

    /// Told when the present step takes longer than declared; measured from the last write of the ledger.
    pub(super) fn late(&self, reason: &'static str, wait: &Wait, hint: &str) -> Option<Alert> {
        (self.untouched() >= self.budget()).then(|| Alert::new(reason, wait.message.clone(), hint))
    }

    fn me(&self) -> &str {
        &self.seen.me.identity
    }

    /// Waits for whoever drives.
    pub(super) fn stand_by(&self) -> Step {
        if let Some(alert) = self.clock_alert() {
            return Step::hold(Wait::new(Reason::Claim, alert.message.clone())).alert(Some(alert));
        }
        let holder = self.ledger.holder.clone().unwrap_or_else(|| format!("the switcher in {}", self.ledger.driver()));
        let left = self.budget().saturating_add(self.policy().grace).saturating_sub(self.untouched());
        let message = format!("{holder} drives; {} watches", self.seen.me.identity);
        Step::hold(Wait::new(Reason::Claim, message).until(self.in_ms(left)))
    }

    /// Unix milliseconds after `left` from now.
    pub(super) fn in_ms(&self, left: Duration) -> u64 {
        self.now_ms().saturating_add(u64::try_from(left.as_millis()).unwrap_or(u64::MAX))
    }
}
