//! Growing, jittered delays between tries of the same thing.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// Delays that double from `min` to `max` with jitter, until told of a success.
#[derive(Debug)]
pub struct Backoff {
    builder: ExponentialBuilder,
    delays: ExponentialBackoff,
    max: Duration,
}

impl Backoff {
    /// Makes one; the first delay is at least `min`, none is longer than twice `max`.
    #[must_use]
    pub fn new(min: Duration, max: Duration) -> Self {
        let builder = ExponentialBuilder::new()
            .with_min_delay(min)
            .with_max_delay(max)
            .with_factor(2.0)
            .without_max_times()
            .with_jitter();
        Self { builder, delays: builder.build(), max }
    }

    /// Returns how long to wait after a failure.
    pub fn failed(&mut self) -> Duration {
        self.delays.next().unwrap_or(self.max)
    }

    /// Starts again from the shortest delay.
    pub fn succeeded(&mut self) {
        self.delays = self.builder.build();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_the_cap_and_start_again_after_success() {
        let (min, max) = (Duration::from_millis(100), Duration::from_secs(2));
        let mut backoff = Backoff::new(min, max);
        let delays: Vec<_> = (0..50).map(|_| backoff.failed()).collect();
        assert!(delays[0] >= min && delays[0] <= 2 * min, "{delays:?}");
        assert!(delays[40..].iter().all(|delay| *delay >= max && *delay <= 2 * max), "{delays:?}");
        backoff.succeeded();
        assert!(backoff.failed() <= 2 * min);
    }
}
