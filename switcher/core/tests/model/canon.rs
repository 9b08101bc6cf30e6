//! Equal worlds in equal form: without it takeovers would make the world endless, and clocks would multiply it.

use std::sync::Arc;

use teal_switcher_core::{Ledger, Phase};

use crate::world::{Pending, World};

/// The present epoch, in every world.
const PRESENT: u64 = 40;

impl World {
    /// Brings equal worlds to equal form: forgets what can no longer matter and renumbers epochs.
    pub(crate) fn tidy(&mut self, cas: bool) {
        let now = (self.cell.at, self.cell.ledger.epoch);
        if !self.left.slow_git {
            self.switchers.iter_mut().for_each(|switcher| switcher.fetched = self.head);
        }
        if self.left.stale_reads == 0 {
            self.before = None;
        }
        if cas {
            for switcher in &mut self.switchers {
                if matches!(&switcher.pending, Some(Pending::Write(flight)) if flight.expect != now) {
                    switcher.pending = Some(Pending::Doomed);
                }
            }
            if self.late.as_ref().is_some_and(|flight| flight.expect != now) {
                self.late = None;
            }
        }
        if !self.left.second {
            for switcher in &mut self.switchers {
                (switcher.holder, switcher.alone) = (None, false);
            }
        }
        for who in 0..self.switchers.len() {
            self.forget_ages(who);
        }
        self.renumber();
    }

    /// Keeps only the ages that a decision can depend on, and only as exactly as it can.
    fn forget_ages(&mut self, who: usize) {
        let ledger = &self.cell.ledger;
        // A stale read brings an old ledger back, and with it how long it has been untouched.
        let old = self.before.as_ref().filter(|_| self.left.second).map(|cell| cell.ledger.epoch);
        let known = &mut self.switchers[who].known;
        let newest = known.last().map(|(epoch, _)| *epoch);
        let first = |epoch: u64| known.iter().map(|(seen, _)| *seen).find(|seen| *seen >= epoch);
        // The deadline and the wait for the old TTL; waits of which only the end matters; a takeover.
        let deadline = (ledger.phase == Phase::Preparing).then(|| first(ledger.times.entered)).flatten();
        let old_ttl = (ledger.phase == Phase::Preparing).then(|| first(ledger.ttl.lowered)).flatten();
        let waits = matches!(ledger.phase, Phase::Draining | Phase::Soaking | Phase::RollingBack);
        let waited = waits.then(|| first(ledger.times.entered)).flatten();
        let touched = first(ledger.epoch);
        let old = old.and_then(first);
        let mut kept = Vec::new();
        for (epoch, age) in known.iter() {
            let asked = |by: Option<u64>| by == Some(*epoch);
            let long = asked(deadline)
                || asked(touched)
                || asked(old)
                || (asked(waited) && ledger.phase == Phase::RollingBack);
            let short = asked(old_ttl) || asked(waited);
            let age = match (short, long, *age) {
                (true, true, age) => age,
                (true, false, age) => age.min(1),
                (false, true, age) => age / 2 * 2,
                (false, false, _) => 0,
            };
            if short || long || newest == Some(*epoch) {
                kept.push((*epoch, age));
            }
        }
        *known = kept;
    }

    /// Only the order of epochs matters, and that a write raises it by one: the present one is always `PRESENT`.
    fn renumber(&mut self) {
        let now = self.cell.ledger.epoch;
        let mut past = Vec::with_capacity(16);
        self.each_ledger(|ledger| past.extend(epochs(ledger)));
        past.extend(self.late.iter().map(|flight| flight.expect.1));
        for switcher in &self.switchers {
            past.extend(switcher.known.iter().map(|(epoch, _)| *epoch));
            if let Some(Pending::Write(flight)) = &switcher.pending {
                past.push(flight.expect.1);
            }
        }
        past.retain(|epoch| *epoch > 0 && *epoch < now);
        past.sort_unstable_by(|one, other| other.cmp(one));
        past.dedup();
        // The newest of the past comes right before the present only if it was.
        let gap = u64::from(past.first().is_some_and(|newest| newest + 1 < now));
        self.rename(|epoch| match epoch {
            0 => 0,
            later if later >= now => PRESENT + (later - now),
            old => PRESENT - 1 - gap - past.iter().position(|other| *other == old).unwrap_or_default() as u64,
        });
    }

    fn rename(&mut self, name: impl Fn(u64) -> u64) {
        self.each_ledger(|ledger| {
            let (old, new) = (epochs(ledger), epochs(ledger).map(&name));
            if new != old || ledger.times.entered != new[1] || ledger.ttl.lowered != new[2] {
                let ledger = Arc::make_mut(ledger);
                [ledger.epoch, ledger.times.entered, ledger.ttl.lowered] = new;
            }
        });
        self.late.iter_mut().for_each(|flight| flight.expect.1 = name(flight.expect.1));
        for switcher in &mut self.switchers {
            switcher.known.iter_mut().for_each(|(epoch, _)| *epoch = name(*epoch));
            if let Some(Pending::Write(flight)) = &mut switcher.pending {
                flight.expect.1 = name(flight.expect.1);
            }
        }
    }

    fn each_ledger(&mut self, mut each: impl FnMut(&mut Arc<Ledger>)) {
        let writes = self.switchers.iter_mut().filter_map(|switcher| match &mut switcher.pending {
            Some(Pending::Write(flight)) => Some(&mut flight.next),
            _ => None,
        });
        let cells = [Some(&mut self.cell), self.before.as_mut()].into_iter().flatten().map(|cell| &mut cell.ledger);
        let late = self.late.as_mut().map(|flight| &mut flight.next);
        cells.chain(late).chain(writes).for_each(&mut each);
    }
}

/// The epochs in a ledger; zero where no decision in this phase asks for it.
fn epochs(ledger: &Ledger) -> [u64; 3] {
    let preparing = ledger.phase == Phase::Preparing;
    let waits = preparing || matches!(ledger.phase, Phase::Draining | Phase::Soaking | Phase::RollingBack);
    let asked = |epoch: u64, asked: bool| if asked { epoch } else { 0 };
    [ledger.epoch, asked(ledger.times.entered, waits), asked(ledger.ttl.lowered, preparing)]
}
