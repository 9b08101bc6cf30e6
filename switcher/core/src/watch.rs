//! Waiting by one's own monotonic clock, from when *this* observer first saw an epoch (SWITCH §3).

use std::time::Duration;

use crate::ledger::Ledger;
use crate::observation::Time;

/// Epochs that are remembered; older ones only make a wait longer.
const KEPT: usize = 64;

/// Skew up to which the wall clock may shorten a wait.
const TRUSTED_SKEW: Duration = Duration::from_secs(2);

/// When this observer first saw which epoch of one lineage. A restart forgets it: waits begin anew, late, never early.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Watch {
    lineage: String,
    /// Ascending epochs and the monotonic time of the first look.
    seen: Vec<(u64, Duration)>,
    /// Who held the move at the last look, and since when nobody else can have.
    holder: Option<String>,
    held: Duration,
}

impl Watch {
    /// Takes note of a ledger just read. Another lineage starts anew; an epoch older than the newest is not noted.
    pub fn note(&mut self, ledger: &Ledger, mono: Duration) {
        if self.lineage != ledger.lineage {
            let lineage = ledger.lineage.clone();
            *self = Self { lineage, seen: Vec::new(), holder: ledger.holder.clone(), held: mono };
        }
        if self.newest().is_none_or(|newest| newest < ledger.epoch) {
            self.seen.push((ledger.epoch, mono));
            // Who takes over from nobody finds no request of another on its way.
            if self.holder.is_some() && self.holder != ledger.holder {
                self.held = mono;
            }
            self.holder.clone_from(&ledger.holder);
        }
        if self.seen.len() > KEPT {
            self.seen.remove(0);
        }
    }

    /// The newest epoch seen.
    #[must_use]
    pub fn newest(&self) -> Option<u64> {
        self.seen.last().map(|(epoch, _)| *epoch)
    }

    /// How long ago an epoch, or a later one, was first seen; zero when none was.
    #[must_use]
    pub fn since(&self, epoch: u64, mono: Duration) -> Duration {
        let first = self.seen.iter().find(|(seen, _)| *seen >= epoch);
        first.map_or(Duration::ZERO, |(_, at)| mono.saturating_sub(*at))
    }

    /// The same, with another moment since which nobody else can have sent a write.
    #[must_use]
    pub fn held_since(self, held: Duration) -> Self {
        Self { held, ..self }
    }

    /// How long the holder of the last look has been the only one that can have sent a write, as far as this observer
    /// knows; a restart forgets it, because what was sent before may still be on its way.
    #[must_use]
    pub fn held(&self, mono: Duration) -> Duration {
        if self.seen.is_empty() { Duration::ZERO } else { mono.saturating_sub(self.held) }
    }

    /// How long ago something happened that was written in `epoch` at `wall_ms`: by the own clock, or by the wall
    /// clock where that is known to be right.
    #[must_use]
    pub fn elapsed(&self, epoch: u64, wall_ms: u64, now: &Time) -> Duration {
        let own = self.since(epoch, now.mono);
        match now.skew {
            // Both clocks may be off, the writer's and ours: twice the trusted skew is taken off.
            Some(skew) if skew <= TRUSTED_SKEW && wall_ms > 0 => {
                own.max(Duration::from_millis(now.wall_ms.saturating_sub(wall_ms)).saturating_sub(TRUSTED_SKEW * 2))
            }
            _ => own,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::Color;
    use crate::decide::samples;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn at(epoch: u64) -> Ledger {
        let mut ledger = Ledger::first("one", Color::from("blue"), &samples::declaration("blue"), 300, 1_000);
        ledger.epoch = epoch;
        ledger
    }

    #[test]
    fn a_wait_begins_when_this_observer_first_sees_the_epoch_or_a_later_one() {
        let mut watch = Watch::default();
        assert_eq!(watch.since(1, S(9)), S(0), "nothing seen, nothing waited");
        watch.note(&at(3), S(10));
        watch.note(&at(3), S(20));
        watch.note(&at(5), S(30));
        watch.note(&at(4), S(40));
        assert_eq!(
            [1, 3, 4, 5, 6].map(|epoch| watch.since(epoch, S(50))),
            [S(40), S(40), S(20), S(20), S(0)],
            "an earlier epoch counts from the first look, a later one not at all"
        );
        let mut other = at(9);
        other.lineage = "two".to_owned();
        watch.note(&other, S(60));
        assert_eq!(watch.since(1, S(61)), S(1), "another lineage begins anew");
    }

    #[test]
    fn the_wall_clock_shortens_a_wait_only_while_it_is_known_to_be_right() {
        let mut watch = Watch::default();
        watch.note(&at(3), S(10));
        for (rule, skew, want) in [
            ("right: wall time less twice the trust", Some(S(1)), S(96)),
            ("off by more: own clock", Some(S(3)), S(5)),
            ("not known: own clock", None, S(5)),
        ] {
            let now = Time { mono: S(15), wall_ms: 101_000, skew };
            assert_eq!(watch.elapsed(3, 1_000, &now), want, "{rule}");
        }
    }
}
