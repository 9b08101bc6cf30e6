//! Everything that can happen next.

use std::sync::Arc;

use teal_switcher_core::{Digest, Order, Proof, Verb};

use crate::check::{self, Broken};
use crate::world::{At, Commit, NOW_MS, Pending, Rules, Switcher, World, pending};

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Look(u8),
    LookAtOldCell(u8),
    Act(u8),
    ActAndLoseTheAnswer(u8),
    ProviderError(u8),
    Crash(u8),
    CrashWithWriteInFlight(u8),
    LateWriteLands,
    Fetch(u8),
    Wait,
    WaitForLong,
    Spread,
    Health(u8, Proof),
    Outage(u8),
    ForeignWrite(At),
    CommitSwitch,
    CommitRetry,
    CommitElsewhere,
    ForcePush,
    OperatorUndo,
}

impl World {
    /// All that can happen now. Events that change nothing are left out by the explorer.
    pub(crate) fn events(&self) -> Vec<Event> {
        let mut events = vec![Event::Wait, Event::WaitForLong, Event::Spread];
        for who in 0..2 {
            self.events_of(who, &mut events);
        }
        let left = &self.left;
        if self.late.is_some() {
            events.push(Event::LateWriteLands);
        }
        for at in 0..2 {
            let proofs = if left.flips > 0 { &Proof::ALL[..] } else { &[] };
            events.extend(proofs.iter().map(|proof| Event::Health(at, *proof)));
            if left.outages > 0 || !self.sides[usize::from(at)].reachable {
                events.push(Event::Outage(at));
            }
        }
        if left.foreign > 0 {
            events.extend([Event::ForeignWrite(At::Foreign), Event::ForeignWrite(At::Color(1))]);
        }
        for (budget, event) in [
            (left.switches, Event::CommitSwitch),
            (left.retries, Event::CommitRetry),
            (left.unrelated, Event::CommitElsewhere),
            (left.force_pushes, Event::ForcePush),
            (left.undos, Event::OperatorUndo),
        ] {
            if budget > 0 {
                events.push(event);
            }
        }
        events
    }

    fn events_of(&self, who: u8, events: &mut Vec<Event>) {
        let switcher = &self.switchers[usize::from(who)];
        let left = &self.left;
        let write = matches!(switcher.pending, Some(Pending::Write(_)));
        match &switcher.pending {
            None => {
                events.push(Event::Look(who));
                if left.stale_reads > 0 && self.before.is_some() {
                    events.push(Event::LookAtOldCell(who));
                }
            }
            Some(_) => events.push(Event::Act(who)),
        }
        if switcher.fetched != self.head {
            events.push(Event::Fetch(who));
        }
        if left.crashes > 0 {
            events.push(Event::Crash(who));
        }
        for (allowed, event) in [
            (left.lost_answers, Event::ActAndLoseTheAnswer(who)),
            (left.errors, Event::ProviderError(who)),
            (left.late_writes, Event::CrashWithWriteInFlight(who)),
        ] {
            if write && allowed > 0 {
                events.push(event);
            }
        }
    }

    /// The world after the event.
    pub(crate) fn after(&self, event: Event, rules: &Rules) -> Result<World, Broken> {
        let mut next = self.clone();
        match event {
            Event::Look(who) => next.look_and_decide(who, false, rules)?,
            Event::LookAtOldCell(who) => {
                next.left.stale_reads -= 1;
                next.look_and_decide(who, true, rules)?;
            }
            Event::Act(who) => next.act(who, rules, false)?,
            Event::ActAndLoseTheAnswer(who) => {
                next.left.lost_answers -= 1;
                next.act(who, rules, true)?;
            }
            Event::ProviderError(who) => {
                next.left.errors -= 1;
                next.switchers[usize::from(who)].pending = None;
            }
            Event::Crash(who) => {
                next.left.crashes -= 1;
                next.restart(who);
            }
            Event::CrashWithWriteInFlight(who) => {
                next.left.late_writes -= 1;
                if let Some(Pending::Write(flight)) = next.switchers[usize::from(who)].pending.take() {
                    next.late = Some(flight);
                }
                next.restart(who);
            }
            Event::LateWriteLands => {
                if let Some(flight) = next.late.take() {
                    check::landing(&next, &flight, rules.cas)?;
                    check::land(&mut next, &flight, rules.cas);
                }
            }
            _ => next.outside(event),
        }
        next.tidy(rules.cas);
        Ok(next)
    }

    /// What happens around the switchers.
    fn outside(&mut self, event: Event) {
        match event {
            Event::Fetch(who) => self.switchers[usize::from(who)].fetched = self.head,
            Event::Wait | Event::WaitForLong => {
                let least = if event == Event::Wait { 1 } else { 2 };
                let ages = self.switchers.iter_mut().flat_map(|switcher| &mut switcher.known);
                ages.for_each(|(_, age)| *age = (*age).max(least));
            }
            Event::Spread => self.spread = true,
            Event::Health(at, proof) => {
                self.left.flips -= 1;
                self.sides[usize::from(at)].health = proof;
            }
            Event::Outage(at) => {
                let side = &mut self.sides[usize::from(at)];
                self.left.outages -= u8::from(side.reachable);
                side.reachable = !side.reachable;
            }
            Event::ForeignWrite(at) => {
                self.left.foreign -= 1;
                self.before = Some(self.cell.clone());
                self.cell.at = at;
            }
            Event::OperatorUndo => self.operator_undo(),
            _ => self.commit(event),
        }
    }

    fn commit(&mut self, event: Event) {
        let id = u8::try_from(self.commits.len()).unwrap();
        let Commit { active, attempt, change, .. } = self.commits[usize::from(self.head)];
        let parent = Some(self.head);
        let commit = match event {
            Event::CommitSwitch => {
                self.left.switches -= 1;
                Commit { parent, active: 1 - active, attempt, change: id }
            }
            Event::CommitRetry => {
                self.left.retries -= 1;
                Commit { parent, active, attempt: attempt + 1, change: id }
            }
            Event::ForcePush => {
                self.left.force_pushes -= 1;
                // Another root: nothing of the old history is left.
                Commit { parent: None, active: 1 - active, attempt, change: id }
            }
            _ => {
                self.left.unrelated -= 1;
                Commit { parent, active, attempt, change }
            }
        };
        self.commits.push(commit);
        self.head = id;
    }

    fn operator_undo(&mut self) {
        self.left.undos -= 1;
        let order = Order {
            verb: Verb::Undo,
            actor: "ada".to_owned(),
            reason: String::new(),
            expires_ms: NOW_MS,
            set_aside: Digest::default(),
        };
        if let Ok(next) = self.cell.ledger.ordered(order, None, NOW_MS) {
            self.before = Some(self.cell.clone());
            self.cell.ledger = Arc::new(next);
        }
    }

    fn restart(&mut self, who: u8) {
        let fetched = self.switchers[usize::from(who)].fetched;
        self.switchers[usize::from(who)] = Switcher { fetched, ..Switcher::default() };
    }

    fn look_and_decide(&mut self, who: u8, stale: bool, rules: &Rules) -> Result<(), Broken> {
        let cell = match &self.before {
            Some(before) if stale => before.clone(),
            _ => self.cell.clone(),
        };
        let known = &mut self.switchers[usize::from(who)].known;
        if known.last().is_none_or(|(newest, _)| *newest < cell.ledger.epoch) {
            known.push((cell.ledger.epoch, 0));
        }
        let declared = self.declared(self.switchers[usize::from(who)].fetched);
        let step = (rules.decide)(&declared, &self.look(who, &cell));
        let truth = [self.sides[0].health, self.sides[1].health];
        let pending = pending(&step, &cell, truth);
        check::intent(&cell, pending.as_ref())?;
        self.switchers[usize::from(who)].pending = pending;
        Ok(())
    }

    fn act(&mut self, who: u8, rules: &Rules, lose_answer: bool) -> Result<(), Broken> {
        match self.switchers[usize::from(who)].pending.take() {
            None | Some(Pending::Doomed) => {}
            Some(Pending::Write(flight)) => {
                check::landing(self, &flight, rules.cas)?;
                check::land(self, &flight, rules.cas);
                if lose_answer {
                    // It does not know, and sends the same write again.
                    self.switchers[usize::from(who)].pending = Some(Pending::Write(flight));
                }
            }
            Some(Pending::Effects(mut todo)) => {
                if let Some(first) = todo.pop() {
                    self.perform(&first);
                }
                if !todo.is_empty() {
                    self.switchers[usize::from(who)].pending = Some(Pending::Effects(todo));
                }
            }
        }
        Ok(())
    }
}
