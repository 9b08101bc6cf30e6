//! How soon a drifted object is put right again: at once the first time, later and later while another writer insists.

use std::collections::HashMap;
use std::time::Duration;

use crate::id::ObjectId;

/// Wait before the second repair; each further one waits [`FACTOR`] times longer.
pub const SECOND: Duration = Duration::from_secs(2);
/// Growth of the wait.
pub const FACTOR: u32 = 3;
/// Longest wait.
pub const CAP: Duration = Duration::from_secs(300);
/// After this long without a repair the fight is forgotten.
pub const QUIET: Duration = Duration::from_secs(600);

/// The fights going on, by object. Times are durations since any fixed point of a monotonic clock.
#[derive(Debug, Clone, Default)]
pub struct Fights {
    by_object: HashMap<ObjectId, Fight>,
}

#[derive(Debug, Clone)]
struct Fight {
    rounds: u32,
    not_before: Duration,
}

impl Fights {
    /// Drift was seen: when to repair it. Equal to `now` for the first time; calling it again before that time changes
    /// nothing, so every watch event may ask.
    pub fn due(&mut self, id: &ObjectId, now: Duration) -> Duration {
        match self.by_object.get(id) {
            Some(fight) if now < fight.not_before + QUIET => now.max(fight.not_before),
            Some(_) => {
                self.by_object.remove(id);
                now
            }
            None => now,
        }
    }

    /// A repair was made: the next one waits.
    pub fn repaired(&mut self, id: &ObjectId, now: Duration) {
        let rounds = match self.by_object.get(id) {
            Some(fight) if now < fight.not_before + QUIET => fight.rounds + 1,
            _ => 1,
        };
        let wait = SECOND.saturating_mul(FACTOR.saturating_pow(rounds - 1)).min(CAP);
        self.by_object.insert(id.clone(), Fight { rounds, not_before: now + wait });
    }

    /// Repairs since the fight began; from 2 on another writer insists and should be named.
    #[must_use]
    pub fn rounds(&self, id: &ObjectId) -> u32 {
        self.by_object.get(id).map_or(0, |fight| fight.rounds)
    }

    /// Forgets fights that have been quiet long enough; keeps memory bounded by what really fights.
    pub fn forget_quiet(&mut self, now: Duration) {
        self.by_object.retain(|_, fight| now < fight.not_before + QUIET);
    }
}
