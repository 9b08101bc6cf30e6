//! When a target that failed is written again: bells and other news wake the loop often, and must not hammer it.

use std::time::Duration;

use teal_daemon::Backoff;
use tokio::time::Instant;

/// First and longest pause; with jitter up to twice that.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));
/// Longest pause before traffic goes back.
const BACK: Duration = Duration::from_secs(1);

/// Growing pauses after failures, for whatever a Switch tries again.
pub(super) fn pauses() -> Backoff {
    Backoff::new(PAUSES.0, PAUSES.1)
}

/// Growing pauses after failed writes.
#[derive(Debug)]
pub(crate) struct Pace {
    backoff: Backoff,
    failed: Option<(Instant, Duration)>,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self { backoff: pauses(), failed: None }
    }

    /// Once more in vain; returns the pause.
    pub(crate) fn failed(&mut self) -> Duration {
        let pause = self.backoff.failed();
        self.failed = Some((Instant::now(), pause));
        pause
    }

    pub(crate) fn succeeded(&mut self) {
        self.backoff.succeeded();
        self.failed = None;
    }

    /// How long to wait before the next attempt; going back waits a second at most. `None`: now.
    pub(crate) fn left(&self, back: bool) -> Option<Duration> {
        self.left_at(Instant::now(), back)
    }

    fn left_at(&self, now: Instant, back: bool) -> Option<Duration> {
        let (since, pause) = self.failed?;
        let pause = if back { pause.min(BACK) } else { pause };
        Some(pause.saturating_sub(now.duration_since(since))).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_short_on_the_way_back() {
        let mut pace = Pace::new();
        assert_eq!(pace.left(false), None, "nothing has failed");
        let pauses: Vec<Duration> = (0..8).map(|_| pace.failed()).collect();
        assert!(pauses[0] >= PAUSES.0 && pauses[7] >= PAUSES.1, "{pauses:?}");
        let now = Instant::now();
        assert!(pace.left_at(now, false) > Some(BACK) && pace.left_at(now, true) <= Some(BACK));
        assert_eq!(pace.left_at(now + BACK, true), None);
        assert!(pace.left_at(now + BACK, false).is_some());
        pace.succeeded();
        assert_eq!(pace.left(false), None);
        assert!(pace.failed() <= 2 * PAUSES.0, "it starts again");
    }
}
