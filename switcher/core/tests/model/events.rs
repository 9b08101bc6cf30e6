//! Everything that can happen next.

use std::sync::Arc;

use teal_switcher_core::{Color, Digest, Ledger, Order, Phase, Proof, Verb};

use crate::check::{self, Broken};
use crate::world::{At, Commit, NOW_MS, Pending, Rules, Second, Switcher, Todo, World, pending};

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
    ForeignAtSecond,
    RouteIsLost(u8),
    RouteFails(u8),
    CrashWithRouteInFlight(u8),
    LateRouteLands,
    SecondIsDone,
    SecondForgets,
    SecondFails,
    CommitSwitch,
    CommitRetry,
    CommitElsewhere,
    ForcePush,
    OperatorUndo,
    OperatorRetires,
    RetirementEnds,
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
            if left.second {
                events.push(Event::ForeignAtSecond);
            }
        }
        if self.late_route.is_some() {
            events.push(Event::LateRouteLands);
        }
        if self.second.working.is_some() {
            events.push(Event::SecondIsDone);
            events.extend((left.lost_routes > 0).then_some(Event::SecondForgets));
            events.extend((left.failures > 0).then_some(Event::SecondFails));
        }
        for (budget, event) in [
            (left.switches, Event::CommitSwitch),
            (left.retries, Event::CommitRetry),
            (left.unrelated, Event::CommitElsewhere),
            (left.force_pushes, Event::ForcePush),
            (left.undos, Event::OperatorUndo),
            (left.retires, Event::OperatorRetires),
            (u8::from(self.cell.ledger.phase == Phase::Retiring), Event::RetirementEnds),
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
        let route =
            matches!(&switcher.pending, Some(Pending::Effects(todo)) if matches!(todo.last(), Some(Todo::Route(_))));
        for (allowed, event) in [
            (left.lost_routes, Event::RouteIsLost(who)),
            (left.failures, Event::RouteFails(who)),
            (left.late_routes, Event::CrashWithRouteInFlight(who)),
        ] {
            if route && allowed > 0 {
                events.push(event);
            }
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
            Event::RouteIsLost(who) => {
                next.left.lost_routes -= 1;
                next.take_route(who);
            }
            Event::RouteFails(who) => {
                next.left.failures -= 1;
                next.second.failed = next.take_route(who);
            }
            Event::CrashWithRouteInFlight(who) => {
                next.left.late_routes -= 1;
                next.late_route = next.take_route(who);
                next.restart(who);
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
                if !self.left.unbounded {
                    self.end_requests();
                }
                self.switchers.iter_mut().for_each(|switcher| switcher.alone = true);
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
            Event::OperatorRetires => {
                self.left.retires -= 1;
                let live = crate::world::index(&self.cell.ledger.active);
                let other: Color = crate::world::color(1 - live);
                // Its guard sees the record in the same read: what is not on the live color is refused.
                if self.cell.at == At::Color(live)
                    && let Ok(next) = self.cell.ledger.retire(&other, "ada", "op-r", NOW_MS)
                {
                    self.by_hand(next);
                }
            }
            Event::RetirementEnds => self.by_hand(self.cell.ledger.retired(NOW_MS)),
            Event::ForeignAtSecond => {
                self.left.foreign -= 1;
                self.second = Second { at: At::Foreign, working: None, failed: None };
            }
            Event::LateRouteLands => {
                if let Some(to) = self.late_route.take() {
                    self.second.at = At::Color(to);
                }
            }
            Event::SecondIsDone => {
                if let Some(to) = self.second.working.take() {
                    self.second.at = At::Color(to);
                }
            }
            Event::SecondForgets => {
                self.left.lost_routes -= 1;
                self.second.working = None;
            }
            Event::SecondFails => {
                self.left.failures -= 1;
                self.second.failed = self.second.working.take();
            }
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

    /// A person's compare-and-swap of the ledger alone.
    fn by_hand(&mut self, next: Ledger) {
        self.before = Some(self.cell.clone());
        self.cell.ledger = Arc::new(next);
    }

    fn restart(&mut self, who: u8) {
        let fetched = self.switchers[usize::from(who)].fetched;
        self.switchers[usize::from(who)] = Switcher { fetched, ..Switcher::default() };
    }

    /// A switcher notes a ledger that it read, or wrote.
    fn note(&mut self, who: u8, ledger: &Ledger) {
        let switcher = &mut self.switchers[usize::from(who)];
        let first = switcher.known.is_empty();
        if switcher.known.last().is_some_and(|(newest, _)| *newest >= ledger.epoch) {
            return;
        }
        switcher.known.push((ledger.epoch, 0));
        let holder = ledger.holder.as_ref().map(|holder| u8::from(holder == "s1"));
        if first || (switcher.holder.is_some() && switcher.holder != holder) {
            switcher.alone = false;
        }
        switcher.holder = holder;
    }

    /// Takes the route that a switcher was about to send.
    fn take_route(&mut self, who: u8) -> Option<u8> {
        let pending = &mut self.switchers[usize::from(who)].pending;
        let Some(Pending::Effects(todo)) = pending else { return None };
        let Some(Todo::Route(to)) = todo.pop() else { return None };
        if todo.is_empty() {
            *pending = None;
        }
        Some(to)
    }

    /// Requests to the second target live less long than the shortest wait.
    fn end_requests(&mut self) {
        self.late_route = None;
        for switcher in &mut self.switchers {
            if let Some(Pending::Effects(todo)) = &mut switcher.pending {
                todo.retain(|one| !matches!(one, Todo::Route(_)));
                if todo.is_empty() {
                    switcher.pending = None;
                }
            }
        }
    }

    fn look_and_decide(&mut self, who: u8, stale: bool, rules: &Rules) -> Result<(), Broken> {
        let cell = match &self.before {
            Some(before) if stale => before.clone(),
            _ => self.cell.clone(),
        };
        self.note(who, &cell.ledger);
        let declared = self.declared(self.switchers[usize::from(who)].fetched);
        let step = (rules.decide)(&declared, &self.look(who, &cell));
        check::routes(self, &step)?;
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
                let landed = check::land(self, &flight, rules.cas);
                if landed && !lose_answer {
                    self.note(who, &flight.next);
                }
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
